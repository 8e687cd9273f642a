"""Proposals over time: each week with small changes, and none lost when the worker that made it died."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from django.utils import timezone

import factories as make
from acting import acting
from plan_world import Place, proposed
from throughgate.access.actor import Actor
from throughgate.base.errors import Refused
from throughgate.engines.allocation import Plan
from throughgate.engines.allocation.synthetic import make_instance
from throughgate.policies import library
from throughgate.programs import planning, solving
from throughgate.programs.actions import plan_clock, plans
from throughgate.programs.models import Enrollment, PlanState, SeatPlan
from throughgate.programs.queries.plan_input import PlanInput
from throughgate.programs.queries.plans import shown, silent

pytestmark = pytest.mark.django_db

LONG = dt.timedelta(minutes=11)


class Died(BaseException):
    """The worker is gone in the middle: nothing after this runs."""


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next solver never comes back."""

    def die(told: PlanInput, seed: int) -> solving.Solved:
        monkeypatch.undo()
        raise Died

    monkeypatch.setattr(planning, "solve", die)


def asked(here: Place) -> SeatPlan:
    with acting(here.staff) as by:
        return plans.ask(by=by, facility=here.facility, later=False)


def test_a_plan_whose_worker_died_is_found_and_made(deadly: None) -> None:
    here = Place()
    plan = asked(here)
    with pytest.raises(Died):
        planning.run(plan.code)
    plan.refresh_from_db()
    assert (plan.state, plan.tries) == (PlanState.WAITING, 1) and not plan.proposals.exists()
    now = timezone.now()
    assert plan_clock.mend(now) == (0, 0) and not silent(plan, now)
    assert silent(plan, now + LONG)
    assert plan_clock.mend(now + LONG) == (1, 0)
    assert plan_clock.mend(now + LONG) == (0, 0)
    planning.run(plan.code)
    plan.refresh_from_db()
    assert plan.state == PlanState.READY and len(proposed(plan)) == 2
    planning.run(plan.code)
    assert plan.proposals.count() == plan.proposals.values("participant", "cohort").distinct().count()


def test_a_plan_that_breaks_off_again_says_so_and_can_be_started_again() -> None:
    here = Place()
    plan = asked(here)
    SeatPlan.objects.filter(pk=plan.pk).update(tries=2)
    assert plan_clock.mend(timezone.now() + LONG) == (0, 1)
    plan.refresh_from_db()
    assert plan.state == PlanState.FAILED and "more than once" in plan.why_failed
    assert plan.work is not None and plan.work.state == "failed"
    with acting(here.staff) as by:
        new = plans.again(by=by, plan=plan, later=False)
        with pytest.raises(Refused):
            plans.again(by=by, plan=new, later=False)
    planning.run(new.code)
    new.refresh_from_db()
    assert new.state == PlanState.READY


def test_each_week_a_facility_with_free_seats_and_a_line_gets_a_proposal_and_nobody_a_seat() -> None:
    here, idle = Place(), Place(in_line=0)
    made = plan_clock.propose_weekly(Actor.system("weekly proposals"))
    assert {plan.facility_id for plan in made} == {here.facility.pk}
    assert idle.facility.pk not in {plan.facility_id for plan in made}
    assert made[0].weekly and plan_clock.propose_weekly(Actor.system("weekly proposals")) == []
    planning.run(made[0].code)
    assert not Enrollment.objects.exists()


def test_the_next_week_replaces_the_last_and_tells_what_changed() -> None:
    here = Place(seats=2, in_line=4)
    first = here.plan()
    newcomer = here.waiting(here.program, asked=200, level=3)
    second = here.plan()
    first.refresh_from_db()
    assert first.state == PlanState.REPLACED and second.previous_id == first.pk
    found = shown(second)
    assert [each.row.participant_id for each in found.new] == [newcomer.pk]
    assert len(found.gone) == 1 and len(found.seats) == 2
    assert second.figures["changes"]["people"] == 2 and second.figures["changes"]["of"] == 5


def test_what_was_decided_is_not_held_against_the_next_week() -> None:
    here = Place(seats=2, in_line=4)
    first = here.plan()
    one = first.proposals.get(participant=here.people[3])
    with acting(here.staff) as by:
        plans.accept(by=by, plan=first, codes=[one.code])
    second = here.plan()
    assert here.people[3].pk not in proposed(second)
    assert [row.participant_id for row in shown(second).gone] == []


@pytest.mark.parametrize("seed", [3, 8])
def test_a_week_changes_at_most_one_person_in_twenty(seed: int) -> None:
    """[L-9] at the size of a facility: some needs are assessed anew, and the plan stays calm for little worth."""
    told = PlanInput([], [], [], [], [], [], [], {}, {}, {}, {}, {}, _weights(), make.TODAY)
    before = make_instance(300, seed)
    last = solving.plan_of(before, told, seed)
    random = np.random.default_rng(seed)
    needs = before.p_needs.copy()
    again = random.choice(before.n, size=6, replace=False)
    needs[again] = np.where(needs[again] > 0, random.choice([1 / 3, 2 / 3, 1.0], size=needs[again].shape), 0)
    fresh = before.with_changes(p_needs=needs)
    held = fresh.with_changes(held=last.seats[~last.fixed])
    calm, free = solving.plan_of(held, told, seed), solving.plan_of(fresh, told, seed)
    assert solving.changed(held, calm) <= told.weights.data.most_changed * held.n
    assert _worth(calm, held.held.shape[0]) >= 0.98 * free.value


def _worth(plan: Plan, held: int) -> float:
    """The plan's value without what holding last week's seats added, at most."""
    return plan.value - plan.policy.held * held


def _weights() -> library.Pack[library.Any]:
    return library.in_force("seat-weights", "default", make.TODAY)


def test_the_weights_come_from_the_pack_and_nowhere_else() -> None:
    pack = _weights()
    other = replace(pack, data=replace(pack.data, first_seat=0.25, promise=False, seats_per_person=1))
    policy = solving.policy_of(other)
    assert (policy.first_seat, policy.promise, policy.max_seats) == (0.25, False, 1)
    assert policy.version == pack.cite
