"""A coordinator of three facilities fills Monday's seats in a real browser, from the proposal to the slips.

All of it, page loads and calculations included, has to fit into five minutes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page
from serving import NEEDS_BROWSER, chromium, served

import factories as make
from acting import signed_in
from plan_world import Place
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.programs import planning
from throughgate.programs.models import Enrollment, SeatPlan, SeatProposal

pytestmark = NEEDS_BROWSER

MOST_SECONDS = 300
WHY = "Promised in writing last month"


@dataclass
class Agency:
    """Three facilities with free seats and people in line, and who coordinates them all."""

    places: list[Place]
    coordinator: Membership


def arrange() -> Agency:
    with scope.system("three facilities"):
        return Agency([Place() for _ in range(3)], make.member(RoleName.COORDINATOR, agency_wide=True))


@pytest.fixture
def agency(
    template_database: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[str, Agency]]:
    with served(template_database, django_db_blocker, arrange) as given:
        yield given


def work() -> None:
    """What the worker does: make the proposals that were asked for."""
    with scope.system("look"):
        waiting = list(SeatPlan.objects.filter(state="waiting").order_by("id").values_list("code", flat=True))
    for code in waiting:
        planning.run(code)


def test_seats_at_three_facilities_are_filled_within_five_minutes(
    agency: tuple[str, Agency],
) -> None:
    address, made = agency
    began = time.monotonic()
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        value = signed_in(made.coordinator).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/staff/fill/")
        page.get_by_label("Which seats?").select_option("All free seats at all my facilities")
        page.get_by_role("button", name="Make a proposal").click()
        assert page.get_by_text("Some are still being made").is_visible()
        work()
        page.reload()
        together = page.url
        for number, place in enumerate(made.places):
            page.goto(together)
            page.get_by_role("link", name=place.facility.name, exact=True).click()
            decide(page, place, overrule=number == 0)
            read_why_not(page, place)
            slips = page.get_by_role("link", name="Slips for those with a seat").get_attribute("href")
            assert context.request.get(f"{address}{slips}").body().startswith(b"%PDF")
        page.goto(f"{address}/staff/fill/")
        page.get_by_role("link", name="Whom to ask next").click()
        assert page.locator("main h1").is_visible()
    assert time.monotonic() - began < MOST_SECONDS
    with scope.system("look"):
        seated = set(Enrollment.objects.values_list("participant_id", flat=True))
        assert made.places[0].people[0].pk in seated and len(seated) == 6
        assert SeatProposal.objects.get(status="changed").reason == WHY
        assert not SeatPlan.objects.exclude(state="closed").exists()


def decide(page: Page, place: Place, *, overrule: bool) -> None:
    """Give both seats here; where overruled, one of them to whoever asked first, with a reason."""
    if overrule:
        row = page.get_by_role("row").filter(has_text=place.people[3].list_name)
        row.get_by_role("link", name="Someone else").click()
        page.get_by_label("Who gets the seat?").select_option(place.people[0].list_name)
        page.get_by_label("Reason").fill(WHY)
        page.get_by_role("button", name="Give the seat to someone else").click()
        assert page.get_by_text("the reason is kept").is_visible()
    page.get_by_role("button", name=re.compile(r"^Give (all 2 seats|1 seat)$")).click()
    assert page.get_by_text(re.compile(r"\d seats? given")).first.is_visible()


def read_why_not(page: Page, place: Place) -> None:
    """Open why somebody whom only today's rule would seat has no seat here, and come back."""
    page.get_by_text(re.compile("only today's rules would give")).first.click()
    page.get_by_role("link", name="Why not?").first.click()
    assert page.locator("main h1").is_visible() and place.cohort.name in page.locator("main").inner_text()
    page.go_back()
