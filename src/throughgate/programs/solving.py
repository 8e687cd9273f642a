"""The engine at work for a proposal or a what-if, in a worker only: importing this loads the solver's libraries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from throughgate.engines.allocation import Effort, Explainer, Floor, Instance, Plan, Policy, make_plan
from throughgate.engines.allocation.arrays import I4
from throughgate.engines.allocation.baselines import earliest_release, need_then_release, seat_by
from throughgate.engines.allocation.check import check, passed_over
from throughgate.engines.allocation.engine import choose
from throughgate.engines.allocation.fairness import Report, report
from throughgate.engines.allocation.problem import Problem
from throughgate.policies.packs import Pack
from throughgate.policies.weights import SeatWeights
from throughgate.programs.models import TodaysRule
from throughgate.programs.queries.plan_input import PlanInput

OPEN_GROUPS = ("language", "leaving")
AUDIT_GROUPS = ("sex", "race")
# How much more last week's seats weigh when a plan would change too many people: never so much that a seat stays
# with somebody whom it helps far less ([F-5] measured up to ten times).
STEPS = (1.0, 2.5, 5.0)

Seat = tuple[int, int]


@dataclass(frozen=True)
class Solved:
    """A plan with its explanations, the seats that each of today's rules would give, and what changed."""

    explainer: Explainer
    today: dict[str, I4]

    @property
    def plan(self) -> Plan:
        """The engine's plan."""
        return self.explainer.plan

    @property
    def instance(self) -> Instance:
        """What it was made from."""
        return self.explainer.instance

    @cached_property
    def enrolled(self) -> set[Seat]:
        """Seats that people have already."""
        return {(int(p), int(c)) for p, c in self.instance.fixed}

    def new(self, seats: I4) -> set[Seat]:
        """Seats that nobody has yet."""
        return {(int(p), int(c)) for p, c in seats} - self.enrolled

    def plans(self) -> dict[str, I4]:
        """The plan and each of today's rules, by name."""
        return {"plan": self.plan.seats, **self.today}


def instance_of(told: PlanInput) -> Instance:
    """The engine's instance of what was gathered."""
    return Instance.from_rows(
        told.people, told.programs, told.cohorts, pairs=told.pairs, apart=told.apart, fixed=told.fixed,
        held=told.held,
    )  # fmt: skip


def policy_of(pack: Pack[SeatWeights]) -> Policy:
    """The agency's weights as the engine takes them."""
    weights = pack.data
    soon = weights.first_seat_soon if weights.first_seat else 0.0
    return Policy(
        version=pack.cite,
        first_seat=weights.first_seat,
        first_seat_urgent=soon,
        urgency=weights.leaving,
        urgency_weeks=float(weights.leaving_weeks),
        waiting=weights.waiting,
        waiting_weeks=float(weights.waiting_weeks),
        held=weights.held,
        max_seats=weights.seats_per_person,
        promise=weights.promise,
        outside_days=weights.outside_days,
        travel_minutes=weights.minutes_between,
        floors=tuple(Floor(f.group, f.label, f.at_least, f.relative) for f in weights.floors),
    )


def plan_of(instance: Instance, told: PlanInput, seed: int) -> Plan:
    """A plan with these weights; calm: what was proposed before weighs more until few enough people change."""
    weights, policy = told.weights.data, policy_of(told.weights)
    best: Plan | None = None
    for step in STEPS if len(instance.held) and policy.held else STEPS[:1]:
        effort = Effort(seconds=float(weights.seconds))
        plan = make_plan(instance, replace(policy, held=policy.held * step), effort=effort, seed=seed)
        if best is None or changed(instance, plan) < changed(instance, best):
            best = plan
        if changed(instance, best) <= weights.most_changed * instance.n:
            break
    assert best is not None
    return best


def changed(instance: Instance, plan: Plan) -> int:
    """How many people would have other new seats than the proposal before gave them."""
    enrolled = {(int(p), int(c)) for p, c in instance.fixed}
    before = {(int(p), int(c)) for p, c in instance.held} - enrolled
    now = {(int(p), int(c)) for p, c in plan.seats} - enrolled
    return len({p for p, _c in before ^ now})


def solve(told: PlanInput, seed: int) -> Solved:
    """The plan of what was gathered, with explanations and today's rules beside it."""
    instance = instance_of(told)
    explainer = Explainer(instance, plan_of(instance, told, seed))
    return Solved(explainer, _todays(explainer, told))


def _todays(explainer: Explainer, told: PlanInput) -> dict[str, I4]:
    problem, instance = explainer.problem, explainer.instance
    engine, rng = choose("auto", instance.n), np.random.default_rng(0)
    orders = {
        TodaysRule.FIRST_COME: _asked_first(problem, told),
        TodaysRule.EARLIEST_RELEASE: earliest_release(problem, rng),
        TodaysRule.NEED_THEN_RELEASE: need_then_release(problem, rng),
    }
    return {str(rule): seat_by(problem, engine, order) for rule, order in orders.items()}


def _asked_first(problem: Problem, told: PlanInput) -> Any:
    """Cohorts by their start; in each, whoever asked for the program first ([F-2])."""
    instance, people, cohorts = problem.instance, problem.owner, problem.data.cohort
    waited = np.array(
        [
            told.asked.get((instance.people[p], instance.programs[instance.c_program[c]]), 0)
            for p, c in zip(people, cohorts, strict=True)
        ],
        dtype=np.int64,
    )
    return np.lexsort((people, -waited, cohorts, instance.c_start[cohorts]))


def figures(solved: Solved) -> dict[str, Any]:
    """What the plan and each of today's rules reach; numbers only."""
    instance, policy = solved.instance, solved.plan.policy
    known = {name: report(instance, seats) for name, seats in solved.plans().items()}
    return {
        **{
            name: {
                "seats": len(solved.new(seats)),
                "people": len({p for p, _c in solved.new(seats)}),
                "need_met": round(known[name].need_met, 4),
                "any_seat": round(known[name].any_seat, 4),
                "near": round(known[name].near_any_seat, 4),
                "gini": round(known[name].gini, 4),
                "passed_over": len({each.person for each in passed_over(instance, policy, seats)}),
            }
            for name, seats in solved.plans().items()
        },
        "people": instance.n,
        "violations": len(check(instance, policy, solved.plan.seats, solved.plan.closed)),
        "groups": groups(known, OPEN_GROUPS),
        "changes": _changes(solved),
    }


def groups(known: dict[str, Report], names: tuple[str, ...]) -> dict[str, Any]:
    """Group, label -> people and, by plan and rule, the shares of need met and of people with a seat."""
    found: dict[str, Any] = {}
    for name in names:
        labels = known["plan"].groups.get(name, {})
        found[name] = {
            label: {"people": share.people}
            | {
                which: [
                    round(each.groups[name][label].coverage, 4),
                    round(each.groups[name][label].any_seat, 4),
                ]
                for which, each in known.items()
            }
            for label, share in labels.items()
        }
    return found


def audit(solved: Solved) -> dict[str, Any]:
    """The same for groups that no decision may look at."""
    known = {name: report(solved.instance, seats) for name, seats in solved.plans().items()}
    return groups(known, AUDIT_GROUPS)


def _changes(solved: Solved) -> dict[str, Any]:
    """Against the proposal before: people with other seats, and those whose seat, still possible, moved on."""
    instance, plan = solved.instance, solved.plan
    if not len(instance.held):
        return {}
    now, possible = solved.new(plan.seats), solved.explainer.problem
    may = set(zip(possible.owner.tolist(), possible.data.cohort.tolist(), strict=True))
    held = {(int(p), int(c)) for p, c in instance.held} - solved.enrolled
    return {
        "people": changed(instance, plan),
        "lost": len({p for p, c in held - now if (p, c) in may}),
        "of": instance.n,
        "held": plan.policy.held,
    }
