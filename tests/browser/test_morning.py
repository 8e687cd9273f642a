"""The morning of the README, in a real browser, as somebody who has only read it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect
from serving import NEEDS_BROWSER, chromium, served

from throughgate.demo.build import build
from throughgate.demo.making import ZONE

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def address(template_database: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with served(template_database, django_db_blocker, lambda: build(size=0.1, back=40)) as (site, _made):
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def page(browser: Browser, settings: Any) -> Iterator[Page]:
    settings.DEMO = True
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def be(page: Page, address: str, name: str) -> None:
    """Become a persona from the first page, as the README says."""
    page.goto(address)
    page.get_by_role("link", name="Who would you like to be?").click()
    page.locator("form", has_text=name).first.get_by_role("button").click()


def printed(page: Page) -> bytes:
    """What the button prints; asked for beside the browser, whose viewer of papers would take the page's place."""
    form = page.locator("form", has=page.get_by_role("button", name="Print the list"))
    fields = {
        field.get_attribute("name") or "": field.input_value()
        for field in form.locator("input[type=hidden]").all()
    }
    answer = page.request.post(urljoin(page.url, form.get_attribute("action") or ""), form=fields)
    return answer.body()


def test_a_coordinator_runs_the_morning(address: str, page: Page) -> None:
    be(page, address, "Dana Whitfield")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^\d+ things? needs? you$"))

    seats = page.get_by_role("link", name="Fill seats")
    give = page.get_by_role("button", name="Give a seat")
    for number in range(seats.count()):
        seats.nth(number).click()
        if give.count() >= 2:
            break
        page.go_back()
    for _seat in range(2):
        give.first.click()
        expect(page.locator(".messages")).to_contain_text("has a seat in")

    for kind in ("Call-out", "Gate list"):
        page.goto(f"{address}/staff/today/")
        page.get_by_role("link", name="Lists of the day").click()
        page.get_by_role("link", name=kind).click()
        assert printed(page).startswith(b"%PDF-")

    page.goto(f"{address}/staff/today/")
    page.get_by_role("link", name="Record attendance").first.click()
    expect(page.get_by_text(re.compile(r"[1-9]\d* without a mark"))).to_be_visible()
    page.get_by_role("button", name="Save, and everybody else attended").click()
    expect(page.get_by_text("without a mark")).to_have_count(0)

    page.get_by_role("link", name="Week", exact=True).first.click()
    page.get_by_role("link", name="Week after").click()
    page.locator("main").get_by_role("link", name="Health appointment").last.click()
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_label("Facilitator absent").check()
    page.get_by_role("button", name="Cancel this session").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible()


def next_weekday() -> dt.date:
    """The first Monday to Friday after today: there are sessions on each."""
    day = dt.datetime.now(ZONE).date() + dt.timedelta(days=1)
    return day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def test_a_captain_declares_a_lockdown_and_lifts_it(address: str, page: Page) -> None:
    be(page, address, "Helen Stroud")
    page.get_by_role("link", name="Regime").first.click()
    page.get_by_label("Lockdown", exact=True).check()
    day = next_weekday()
    page.get_by_label("From", exact=True).fill(f"{day}T08:00")
    page.get_by_label("Until", exact=True).fill(f"{day}T20:00")
    page.get_by_role("button", name="Show what it would touch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile(r"^[1-9]\d* sessions? would be touched$")
    )
    page.get_by_role("button", name=re.compile("^Declare it")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lockdown")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Lift it now").click()
    expect(page.locator(".messages")).to_contain_text("Lifted")
    expect(page.get_by_text("lifted by Helen Stroud")).to_be_visible()
