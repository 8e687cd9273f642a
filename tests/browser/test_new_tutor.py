"""A new tutor, from the application to the first visit on the gate list, each step by whose it is, in a browser."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect
from serving import NEEDS_BROWSER, chromium, served

import factories as make
from acting import signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.outbox.models import Message
from throughgate.places.models import Facility
from throughgate.programs.models import Session
from throughgate.visitors.actions import save_training

pytestmark = NEEDS_BROWSER
PHONE = {"width": 360, "height": 740}


@dataclass
class House:
    """A facility with a session to lead, and those who work there."""

    facility: Facility
    session: Session
    coordinator: Membership
    captain: Membership
    gate: Membership


def build() -> House:
    with scope.system("a house for a new tutor"):
        here = make.facility(name="Ridgeway")
        room = make.room(here)
        group = make.cohort(here, room=room, needs_officer=False)
        session = make.session(group, here.today() + dt.timedelta(days=5))
        for code in ("training", "orientation"):
            starts = here.at(here.today() + dt.timedelta(days=2), dt.time(9))
            save_training(
                by=_system(), facility=here, requirement=code, starts_at=starts,
                ends_at=starts + dt.timedelta(hours=2), place="Training room", seats=8,
            )  # fmt: skip
        return House(
            here, session, *(make.member(role, facility=here) for role in (
                RoleName.COORDINATOR, RoleName.CAPTAIN, RoleName.GATE))
        )  # fmt: skip


def _system() -> Any:
    from throughgate.access.actor import Actor

    return Actor.system("a house for a new tutor")


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


def test_a_new_tutor_comes_from_the_application_to_the_gate_list(
    house: tuple[str, House], browser: Browser
) -> None:
    address, here = house

    def sit(member: Membership, **given: Any) -> Page:
        """A browser of its own for one person."""
        client = signed_in(member)
        context = browser.new_context(base_url=address, **given)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])
        return context.new_page()

    # The coordinator opens the application; the applicant gets an account and a message.
    dana = sit(here.coordinator)
    dana.goto("/staff/visitors/applications/new/")
    dana.get_by_label("First name").fill("Noor")
    dana.get_by_label("Last name").fill("Haddad")
    dana.get_by_label("E-mail").fill("noor@example.org")
    dana.get_by_label("Comes as").select_option("tutor")
    dana.get_by_role("button", name="Open and invite").click()
    expect(dana.get_by_text("0 of 8 done")).to_be_visible()
    page_of_noor = dana.url

    # The applicant, on a phone: what is theirs to do.
    with scope.system("test"):
        account = Membership.objects.get(visitor__email="noor@example.org")
    noor = sit(account, viewport=PHONE)
    noor.goto("/visitor/")
    expect(noor.get_by_text("0 of 8 steps done.")).to_be_visible()
    for _ in range(2):  # the application, and the rules of conduct
        noor.goto("/visitor/requirements/")
        noor.get_by_role("link", name="Read and agree").first.click()
        noor.get_by_role("button", name="I have read it and agree").click()
    for _ in range(2):  # the age, and the TB result: shown at the gate, never sent
        noor.goto("/visitor/requirements/")
        links = noor.get_by_role("link", name="I have it", exact=True)
        (links.first if _ == 0 else links.last).click()
        noor.get_by_role("button", name="I have it").click()
    for n in (1, 2):
        noor.get_by_role("link", name="Name a reference").click()
        noor.get_by_label("Their name").fill(f"Referee {n}")
        noor.get_by_label("Their e-mail").fill(f"referee{n}@example.org")
        noor.get_by_label("How they know you").fill("We worked together")
        noor.get_by_role("button", name="Ask them").click()
    for _ in range(2):
        noor.get_by_role("button", name="Take a seat").first.click()
    expect(noor.get_by_text("You have a seat", exact=True)).to_have_count(2)

    # The references answer without an account.
    with scope.system("test"):
        asked = [row.data["link"] for row in Message.objects.filter(template="reference_request")]
    assert len(asked) == 2
    for link in asked:
        referee = browser.new_context(base_url=address).new_page()
        referee.goto(re.sub(r"^https?://[^/]+", "", link))
        referee.get_by_label("How long and in what way").fill("Three years at the library.")
        referee.get_by_label("Always").check()
        referee.get_by_label("How do they handle rules").fill("Calmly.")
        referee.get_by_label("Yes").check()
        referee.get_by_role("button", name="Send my answer").click()
        expect(referee.get_by_role("heading", name="Thank you")).to_be_visible()

    # The coordinator confirms what was seen, and who made which decision.
    for _ in range(2):
        dana.goto(page_of_noor)
        dana.get_by_role("button", name="Seen").first.click()
    dana.get_by_role("link", name="2 of 2 references answered").click()
    expect(dana.get_by_text("Three years at the library.").first).to_be_visible()
    dana.goto(page_of_noor)
    row = dana.get_by_role("row", name=re.compile("^Two references"))
    row.get_by_role("button", name="Done today").click()
    for name in ("Background decision", "Visitor training", "Orientation"):
        dana.goto(page_of_noor)
        row = dana.get_by_role("row", name=re.compile(f"^{name}"))
        row.get_by_role("link", name="Record").click()
        if name == "Background decision":
            dana.get_by_label("Who made the decision").fill("State screening office")
        dana.get_by_role("button", name=re.compile("^Record:")).click()
    expect(dana.get_by_text("8 of 8 done")).to_be_visible()
    dana.get_by_role("button", name="Approve, provisional for now").click()
    expect(dana.get_by_text("may come in").first).to_be_visible()

    # A first visit, and the list of that day.
    dana.goto(f"/staff/sessions/{here.session.code}/staffing/")
    dana.get_by_label("Who comes").select_option(label="Noor Haddad")
    dana.get_by_role("button", name="They come").click()
    noor.goto("/visitor/")
    expect(noor.get_by_text("It is on.")).to_be_visible()
    expect(noor.get_by_text("You may come in")).to_be_visible()
    day = here.session.starts_at.astimezone(here.facility.zone).date().isoformat()
    raymond = sit(here.gate)
    raymond.goto(f"/staff/lists/gate/?day={day}")
    expect(raymond.get_by_text("Haddad, Noor")).to_be_visible()

    # Security stops her; the list of the next look does not hold her, and her own page says so.
    captain = sit(here.captain)
    captain.goto(page_of_noor)
    captain.get_by_role("link", name="Suspend").click()
    captain.get_by_label("Why").fill("Under review")
    captain.get_by_role("button", name=re.compile("^Suspend")).click()
    raymond.reload()
    expect(raymond.get_by_text("Haddad, Noor")).to_have_count(0)
    noor.reload()
    expect(noor.get_by_text("You are not on the gate list")).to_be_visible()
