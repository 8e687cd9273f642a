"""Fill seats, as a coordinator's browser sees it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from staff_world import World

from throughgate.access.roles import RoleName
from throughgate.people.models import KeepApart
from throughgate.programs import planning
from throughgate.programs.models import Enrollment, SeatPlan

pytestmark = pytest.mark.django_db


def made(world: World) -> SeatPlan:
    """A proposal that a coordinator asked for and the worker made."""
    response = world.as_role().post(reverse("staff:fill"), {"seats": "here"})
    plan = SeatPlan.objects.get()
    assert response["Location"] == reverse("staff:fill_plan", args=[plan.code])
    planning.run(plan.code)
    return plan


def page(world: World, plan: SeatPlan) -> str:
    return str(world.as_role().get(reverse("staff:fill_plan", args=[plan.code])).content.decode())


def new_seats(world: World) -> set[int]:
    ids = [each.pk for each in world.waiting]
    return set(Enrollment.objects.filter(participant__in=ids).values_list("participant_id", flat=True))


def test_from_asking_to_exactly_the_ticked_seat(world: World) -> None:
    browser = world.as_role()
    browser.post(reverse("staff:fill"), {"seats": "here"})
    plan = SeatPlan.objects.get()
    assert "Waiting to start" in page(world, plan)
    again = browser.post(reverse("staff:fill"), {"seats": "here"})
    assert "is being made" in again.content.decode() and SeatPlan.objects.count() == 1
    planning.run(plan.code)
    shown = page(world, plan)
    assert "2 proposed seats" in shown and "Where seats lack" in shown
    assert new_seats(world) == set()
    accept = reverse("staff:fill_accept", args=[plan.code])
    browser.post(accept, {})
    assert new_seats(world) == set()
    one = plan.proposals.filter(status="proposed").order_by("id")[0]
    browser.post(accept, {"seat": [one.code]})
    assert new_seats(world) == {one.participant_id}


def test_declining_asks_for_a_reason_and_someone_else_may_get_the_seat(world: World) -> None:
    plan, browser = made(world), world.as_role()
    first, second = plan.proposals.filter(status="proposed").order_by("id")
    url = reverse("staff:fill_decline", args=[first.code])
    assert browser.post(url, {"reason": "no"}).status_code == 200
    assert browser.post(url, {"reason": "Starts work on Monday"}).status_code == 302
    taken = {first.participant_id, second.participant_id}
    other = next(each for each in world.waiting if each.pk not in taken)
    url = reverse("staff:fill_change", args=[second.code])
    assert other.list_name in browser.get(url).content.decode()
    browser.post(url, {"participant": other.code, "reason": "Promised in writing"})
    assert new_seats(world) == {other.pk}
    shown = page(world, plan)
    assert "Starts work on Monday" in shown and f"Given to someone else: {other.list_name}" in shown


def test_a_keep_apart_order_is_never_told(world: World) -> None:
    first, second = sorted(world.waiting[:2], key=lambda each: each.pk)
    KeepApart.objects.create(
        first=first,
        second=second,
        reason="threat",
        note="CANARY",
        source="x",
        starts_on=world.facility.today(),
    )
    plan = made(world)
    assert {first.pk, second.pk} - set(
        plan.proposals.filter(status="proposed").values_list("participant_id", flat=True)
    )
    record = world.as_role().get(reverse("staff:fill_record_csv", args=[plan.code])).content.decode()
    for text in (page(world, plan), record):
        assert "apart" not in text.lower() and "CANARY" not in text and "threat" not in text.lower()


def test_the_record_is_safe_in_a_spreadsheet(world: World) -> None:
    for person in world.waiting:
        person.last_name = "=HYPERLINK(1)"
        person.save()
    plan = made(world)
    record = world.as_role().get(reverse("staff:fill_record_csv", args=[plan.code]))
    text = record.content.decode()
    assert record["Content-Type"].startswith("text/csv")
    assert plan.code in text and "\"'=HYPERLINK(1), " in text and ",=HYPERLINK" not in text


def test_only_those_who_give_seats_here_see_a_proposal(world: World) -> None:
    plan = made(world)
    url = reverse("staff:fill_plan", args=[plan.code])
    assert world.as_role(RoleName.GATE).get(url).status_code == 403
    assert world.as_role(RoleName.COORDINATOR, facility=world.elsewhere).get(url).status_code == 404


def test_the_page_stays_cheap(world: World, django_assert_max_num_queries: Any) -> None:
    plan, browser = made(world), world.as_role()
    browser.get(reverse("staff:settings"))
    with django_assert_max_num_queries(30):
        browser.get(reverse("staff:fill_plan", args=[plan.code]))
