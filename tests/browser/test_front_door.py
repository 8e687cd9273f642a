"""From the public form to being taken on, each step by whose it is, in a browser; pages behind links pass axe."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, Page, expect
from serving import NEEDS_BROWSER, chromium, served

import factories as make
from acting import signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.outbox.models import Message
from throughgate.partners.models import Enquiry
from throughgate.places.models import Facility

pytestmark = NEEDS_BROWSER
PHONE = {"width": 360, "height": 740}
PICTURES = os.environ.get("THROUGHGATE_PICTURES", "")


@dataclass
class House:
    """A facility and its coordinator."""

    facility: Facility
    coordinator: Membership


def build() -> House:
    with scope.system("a house with a front door"):
        here = make.facility(name="Ridgeway")
        return House(here, make.member(RoleName.COORDINATOR, facility=here))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def house(
    template_database: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[str, House]]:
    with served(template_database, django_db_blocker, build) as (address, made):
        yield address, made


def letter(template: str, to: str) -> str:
    """The path of the link in the newest letter of a kind to somebody."""
    with scope.system("read the mailbox"):
        rows = Message.objects.filter(template=template, address=to).order_by("-pk")
        return str(rows[0].data["link"]).removeprefix(settings.SITE_ADDRESS)


def sound(page: Page) -> None:
    """Nothing that axe complains about, and no wider than a phone."""
    found = Axe().run(page).response["violations"]
    assert not found, [(each["id"], [node["target"] for node in each["nodes"]][:2]) for each in found]
    before = page.viewport_size
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
    if before:
        page.set_viewport_size(before)


def picture(page: Page, name: str) -> None:
    """A picture for the guide, where one is asked for."""
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")


def test_from_the_public_form_to_being_taken_on(house: tuple[str, House], browser: Browser) -> None:
    address, here = house
    wide = {"width": 1280, "height": 800}
    theirs = browser.new_context(base_url=address, viewport=wide)
    them = theirs.new_page()
    client = signed_in(here.coordinator)
    desk = browser.new_context(base_url=address, viewport=wide)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    desk.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])
    us = desk.new_page()

    # Somebody finds the facility's page and begins; nothing needs an account.
    them.goto(f"/facilities/{here.facility.code}/")
    them.get_by_role("link", name="Begin as an organization").click()
    sound(them)
    them.get_by_label("Name of the organization").fill("Rivertown Book Circle")
    them.get_by_label("Town").fill("Rivertown")
    them.get_by_role("button", name="Go on").click()
    them.get_by_label("What would you do with people inside").fill("A reading circle for twelve people.")
    them.get_by_label("Education").check()
    sound(them)
    # They are called away, and go on from the mail, on another machine.
    them.get_by_role("button", name="Save and go on later").click()
    them.get_by_label("E-mail").fill("ada@rivertown.example")
    sound(them)
    them.get_by_role("button", name="Mail me the link").click()
    expect(them.locator(".messages")).to_contain_text("on its way")
    theirs.close()
    other = browser.new_context(base_url=address, locale="es-MX", viewport=wide)
    them = other.new_page()
    them.goto(letter("enquiry_saved", "ada@rivertown.example"))
    expect(them.locator("html")).to_have_attribute("lang", "es")
    expect(them.get_by_role("heading", level=1)).to_have_text("¿Dónde y cuándo?")
    sound(them)
    them.get_by_label("No", exact=True).check()
    them.get_by_role("button", name="Seguir", exact=True).click()
    them.get_by_label("Su nombre").fill("Ada Morrow")
    them.get_by_label("Correo").fill("ada@rivertown.example")
    them.get_by_role("button", name="Seguir", exact=True).click()
    expect(them.locator("main")).to_contain_text("Rivertown Book Circle")
    sound(them)
    them.get_by_role("button", name="Enviar").click()
    expect(them.locator("main")).to_contain_text("Con nosotros")
    sound(them)

    # A coordinator finds it on My day and asks something.
    us.goto("/staff/today/")
    us.get_by_role("link", name="Answer", exact=True).click()
    picture(us, "enquiry")
    us.get_by_role("link", name="Ask them something").click()
    us.get_by_label("What would you like to know?").fill("Which evenings suit you?")
    us.get_by_role("button", name="Ask them something").click()
    expect(us.locator(".messages")).to_contain_text("on its way")

    # They answer by the link of the letter.
    them.goto(letter("enquiry_question", "ada@rivertown.example"))
    expect(them.locator("main")).to_contain_text("Which evenings suit you?")
    them.locator("textarea").fill("Tuesdays.")
    them.locator("button[value=reply]").click()
    expect(them.locator("main")).to_contain_text("Tuesdays.")

    # It is ours again; it is taken on, and they read it on their page.
    us.goto("/staff/enquiries/")
    picture(us, "enquiries")
    us.get_by_role("link", name="Rivertown Book Circle").click()
    us.get_by_role("link", name="Take it on", exact=True).click()
    us.get_by_role("button", name="Take it on").click()
    expect(us.locator(".messages")).to_contain_text("Taken on")
    them.reload()
    expect(them.locator("main")).to_contain_text(re.compile("Aceptada|camino"))
    with scope.system("look"):
        row = Enquiry.objects.select_related("organization").get()
    assert row.status == "taken"
    assert row.organization is not None
    us.goto(f"/staff/partners/{row.organization.code}/")
    expect(us.get_by_role("heading", level=1)).to_have_text("Rivertown Book Circle")
