"""Proposals for seats: made in the background, decided by a person, and silent about keep-apart orders."""

from __future__ import annotations

import datetime as dt
import json

import pytest

import factories as make
from acting import acting
from plan_world import Place, proposed
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.people.models import KeepApart
from throughgate.programs.actions import plans
from throughgate.programs.models import (
    Enrollment,
    PlanState,
    SeatPlan,
    SeatProposal,
    WaitlistEntry,
    WaitStatus,
)

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def seated() -> set[int]:
    return set(Enrollment.objects.values_list("participant_id", flat=True))


def test_a_plan_goes_to_need_beside_todays_rule_and_enrolls_nobody() -> None:
    here = Place()
    plan = here.plan()
    assert plan.state == PlanState.READY and plan.why_failed == ""
    assert proposed(plan) == {here.people[2].pk, here.people[3].pk}
    by_today = set(
        plan.proposals.filter(by_rules__contains=["first_come"]).values_list("participant_id", flat=True)
    )
    assert by_today == {here.people[0].pk, here.people[1].pk}
    assert plan.figures["plan"]["need_met"] > plan.figures["first_come"]["need_met"]
    assert plan.gap == 0 and len(plan.digest) == 64 and plan.weights_version
    assert plan.gaps == [{"need": "education", "assessed": 3, "waiting": 4, "free": 2, "filled": 2}]
    assert seated() == set()
    assert plan.work is not None and plan.work.state == "done"


def test_accepting_some_gives_exactly_those_seats() -> None:
    here = Place()
    plan = here.plan()
    one = plan.proposals.get(participant=here.people[3])
    with acting(here.staff) as by:
        assert plans.accept(by=by, plan=plan, codes=[one.code]) == (1, 0)
    assert seated() == {here.people[3].pk}
    one.refresh_from_db()
    assert (one.status, one.decided_by) == ("accepted", here.staff.person_name)
    assert SeatPlan.objects.get(pk=plan.pk).state == PlanState.READY


def test_what_no_longer_holds_is_refused_person_by_person() -> None:
    here = Place()
    plan = here.plan()
    WaitlistEntry.objects.filter(participant=here.people[2]).update(status=WaitStatus.WITHDRAWN)
    with acting(here.staff) as by:
        assert plans.accept(by=by, plan=plan) == (1, 1)
    left = plan.proposals.get(participant=here.people[2])
    assert left.status == "proposed" and "no longer stands in line" in left.refusal
    assert seated() == {here.people[3].pk}


def test_declining_and_closing_need_a_reason() -> None:
    here = Place()
    plan = here.plan()
    one = plan.proposals.get(participant=here.people[3])
    with acting(here.staff) as by:
        with pytest.raises(Refused) as no:
            plans.decline(by=by, proposal=one, reason="no")
        assert [each.code for each in no.value.reasons] == ["reason_too_short"]
        plans.decline(by=by, proposal=one, reason="Starts a job that week")
        with pytest.raises(Refused):
            plans.close(by=by, plan=plan, reason="")
        plans.close(by=by, plan=plan, reason="The room is being painted")
        with pytest.raises(Refused):
            plans.accept(by=by, plan=plan)
    assert set(plan.proposals.filter(status="declined").values_list("reason", flat=True)) == {
        "Starts a job that week",
        "The room is being painted",
    }
    assert SeatPlan.objects.get(pk=plan.pk).state == PlanState.CLOSED
    assert seated() == set()


def test_a_seat_may_go_to_someone_else_for_a_reason() -> None:
    here = Place()
    plan = here.plan()
    one = plan.proposals.get(participant=here.people[3])
    with acting(here.staff) as by:
        plans.change(by=by, proposal=one, participant=here.people[0], reason="Promised in writing last month")
    one.refresh_from_db()
    assert (one.status, one.instead_id) == ("changed", here.people[0].pk)
    assert seated() == {here.people[0].pk}


def test_two_who_must_be_kept_apart_never_share_and_nothing_tells() -> None:
    here = Place(seats=2, in_line=2)
    first, second = sorted(here.people, key=lambda each: each.pk)
    KeepApart.objects.create(
        first=first, second=second, reason="threat", note="CANARY", source="test", starts_on=make.TODAY - DAY
    )
    plan = here.plan()
    assert len(proposed(plan)) == 1
    kept = json.dumps([*plan.proposals.values("facts", "reason", "refusal"), plan.figures, plan.gaps])
    for word in ("CANARY", "apart", "threat"):
        assert word not in kept


def test_courses_at_the_same_time_are_not_both_proposed_to_one_person() -> None:
    here = Place(seats=3, in_line=1)
    for weekday, other in ((1, make.program()), (3, make.program(needs=["work"]))):
        here.run(other, 3, weekday=weekday)
        here.line(here.people[0], other, 10)
    plan = here.plan()
    programs = list(plan.proposals.filter(status="proposed").values_list("cohort__slots__weekday", flat=True))
    assert sorted(programs) == [1, 3]


def test_a_plan_for_one_cohort_leaves_the_others_alone() -> None:
    here = Place()
    other = make.program()
    cohort = here.run(other, 5, weekday=4)
    here.line(here.people[0], other, 10)
    plan = here.plan(cohort)
    assert set(plan.proposals.values_list("cohort_id", flat=True)) == {cohort.pk}


def test_who_may_not_give_seats_may_not_ask_or_decide() -> None:
    here = Place()
    plan = here.plan()
    teacher = make.member(RoleName.CONTROL, facility=here.facility)
    with acting(teacher) as by, pytest.raises(Forbidden):
        plans.ask(by=by, facility=here.facility)
    with acting(teacher) as by, pytest.raises(Forbidden):
        plans.accept(by=by, plan=plan)
    stranger = make.member(RoleName.COORDINATOR, facility=make.facility())
    with acting(stranger):
        assert not SeatPlan.objects.exists() and not SeatProposal.objects.exists()


def test_an_empty_line_gives_an_empty_plan() -> None:
    here = Place(in_line=0)
    plan = here.plan()
    assert plan.state == PlanState.READY and not plan.proposals.exists()
