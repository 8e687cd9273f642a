"""What stands around a proposal: its changes, its weights, the other facilities, questions, and starting again."""

from __future__ import annotations

import pytest
from django.urls import reverse

import factories as make
from acting import acting, signed_in
from plan_world import Place
from throughgate.access.actor import Actor
from throughgate.access.roles import RoleName
from throughgate.programs import planning, trying
from throughgate.programs.actions import plan_clock
from throughgate.programs.models import Enrollment, PlanState, SeatPlan, WhatIf

pytestmark = pytest.mark.django_db


def text(place: Place, name: str, *args: str, query: str = "") -> str:
    answer = signed_in(place.staff).get(reverse(f"staff:{name}", args=args) + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def weekly(place: Place) -> SeatPlan:
    (plan,) = plan_clock.propose_weekly(Actor.system("weekly proposals"))
    planning.run(plan.code)
    plan.refresh_from_db()
    return plan


def test_a_proposal_of_the_week_lists_its_changes_only() -> None:
    here = Place(seats=2, in_line=4)
    weekly(here)
    newcomer = here.waiting(here.program, asked=200, level=3)
    plan = weekly(here)
    changes = text(here, "fill_plan", plan.code)
    boxes = f'aria-label="{newcomer.list_name},', f'aria-label="{here.people[3].list_name},'
    assert boxes[0] in changes and boxes[1] not in changes
    assert "1 seat that is new since the last proposal" in changes
    assert "Proposed last time, and not any more" in changes and here.people[2].list_name in changes
    whole = text(here, "fill_plan", plan.code, query="?show=all")
    assert boxes[0] in whole and boxes[1] in whole


def test_a_proposal_stands_beside_three_of_todays_rules() -> None:
    here = Place(seats=2, in_line=4)
    page = text(here, "fill_plan", here.plan().code)
    for rule in ("First come", "Earliest release", "Need, then release"):
        assert f">{rule}<" in page or f"\n          {rule}" in page, rule
    assert "Who gains and who loses" in page and "The promise is kept" in page and "proven gap" in page
    assert here.people[0].list_name in page


def test_one_proposal_for_each_facility_leads_back_to_all() -> None:
    here, there = Place(), Place()
    member = make.member(RoleName.COORDINATOR, agency_wide=True)
    browser = signed_in(member)
    answer = browser.post(reverse("staff:fill"), {"seats": "agency"})
    made = list(SeatPlan.objects.order_by("id"))
    assert {plan.facility_id for plan in made} == {here.facility.pk, there.facility.pk}
    assert answer["Location"] == reverse("staff:fill_together", args=[made[0].code])
    for plan in made:
        planning.run(plan.code)
    page = browser.get(answer["Location"]).content.decode()
    assert here.facility.name in page and there.facility.name in page
    # Who works at one facility sees that one alone.
    own = text(here, "fill_together", made[0].code)
    assert here.facility.name in own and there.facility.name not in own


def test_what_counts_is_said_in_words_with_its_version() -> None:
    page = text(Place(), "fill_weights")
    assert "seat-weights-default v1" in page and "No risk score" in page and "passed over" in page


def test_a_broken_proposal_offers_to_start_again() -> None:
    here = Place()
    plan = here.plan()
    SeatPlan.objects.filter(pk=plan.pk).update(state=PlanState.FAILED, why_failed="It broke off.")
    page = text(here, "fill_plan", plan.code)
    again = reverse("staff:fill_again", args=[plan.code])
    assert "It broke off." in page and again in page and "Start again" in page
    answer = signed_in(here.staff).post(again)
    new = SeatPlan.objects.latest("id")
    assert new.pk != plan.pk and answer["Location"] == reverse("staff:fill_plan", args=[new.code])


def test_a_question_keeps_what_was_typed_and_is_answered_on_its_page() -> None:
    here = Place(seats=2, in_line=4)
    browser, url = signed_in(here.staff), reverse("staff:what_if_ask", args=["partner"])
    sent = {"name": "Money coaches", "needs": ["education"], "seats": "0", "weekdays": ["4"], "starts": "18:15",
            "minutes": "90", "starts_on": make.TODAY.isoformat(), "weeks": "10"}  # fmt: skip
    refused = browser.post(url, sent)
    assert refused.status_code == 200 and "Money coaches" in refused.content.decode()
    browser.post(url, {**sent, "seats": "3"})
    row = WhatIf.objects.get()
    trying.run(row.code)
    page = text(here, "what_if_one", row.code)
    assert "New partner: Money coaches" in page and "Who would gain" in page
    assert here.people[1].list_name in page and not Enrollment.objects.exists()
    with acting(make.member(RoleName.COORDINATOR, facility=make.facility())):
        assert not WhatIf.objects.exists()
