"""What would change: more seats, another time, a closed room, a new partner, other weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .arrays import I4, I8
from .fairness import Change, Report, compare, report
from .instance import Instance
from .model import Cohort, Effort, InstanceError, Plan, Policy, Session
from .plan import make_plan


@dataclass(frozen=True, slots=True)
class Scenario:
    """A change to try. Cohorts are named by id; `policy` replaces the agency's weights when given."""

    name: str
    add: tuple[Cohort, ...] = ()
    close: tuple[str, ...] = ()
    resize: Mapping[str, int] = field(default_factory=dict)
    retime: Mapping[str, tuple[Session, ...]] = field(default_factory=dict)
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A scenario's plan beside the plan as things are."""

    scenario: Scenario
    instance: Instance
    plan: Plan
    value: float
    """Change in the plan's value; comparable only when the policy is the same."""
    people: Change
    before: Report
    after: Report


def add_cohorts(instance: Instance, cohorts: Sequence[Cohort]) -> Instance:
    """The instance with more cohorts at the end. Programs and facilities must be known already."""
    if not cohorts:
        return instance
    programs = {k: i for i, k in enumerate(instance.programs)}
    places = {k: i for i, k in enumerate(instance.facilities)}
    patterns = {k: i for i, k in enumerate(instance.patterns)}
    first = len(instance.cohorts)
    links: list[tuple[int, int]] = []
    for k, c in enumerate(cohorts):
        if c.id in instance.cohort_index or c.program not in programs:
            raise InstanceError(f"Cohort {c.id!r}: the id must be new and the program {c.program!r} known.")
        unknown = set(c.facilities) - places.keys()
        if unknown or not c.facilities or c.end <= c.start or c.seats < 0:
            raise InstanceError(f"Cohort {c.id!r}: check facilities {sorted(unknown)}, dates and seats.")
        patterns.setdefault(tuple(sorted(c.sessions)), len(patterns))
        links += [(first + k, places[f]) for f in sorted(set(c.facilities))]

    def more(old: I4, new: list[int]) -> I4:
        return np.concatenate((old, np.array(new, dtype=np.int32)))

    return instance.with_changes(
        cohorts=(*instance.cohorts, *(c.id for c in cohorts)), patterns=tuple(patterns),
        c_program=more(instance.c_program, [programs[c.program] for c in cohorts]),
        c_start=more(instance.c_start, [c.start for c in cohorts]),
        c_end=more(instance.c_end, [c.end for c in cohorts]),
        c_seats=more(instance.c_seats, [c.seats for c in cohorts]),
        c_min=more(instance.c_min, [c.min_seats for c in cohorts]),
        c_pattern=more(instance.c_pattern, [patterns[tuple(sorted(c.sessions))] for c in cohorts]),
        link_cohort=more(instance.link_cohort, [c for c, _ in links]),
        link_facility=more(instance.link_facility, [f for _, f in links]),
        pair_key=rekey(instance.pair_key, first, first + len(cohorts)),
    )  # fmt: skip


def rekey(key: I8, before: int, after: int) -> I8:
    """Pair keys for another number of cohorts."""
    return (key // before * after + key % before).astype(np.int64)


def apply(instance: Instance, scenario: Scenario) -> Instance:
    """The instance under a scenario. Closing keeps the cohort with no seat to give, so numbers stay the same."""
    out = add_cohorts(instance, scenario.add)
    seats, pattern, patterns = (
        out.c_seats.copy(),
        out.c_pattern.copy(),
        {k: i for i, k in enumerate(out.patterns)},
    )
    for name, size in {**dict.fromkeys(scenario.close, 0), **scenario.resize}.items():
        if name not in out.cohort_index or size < 0:
            raise InstanceError(f"The scenario changes the cohort {name!r}: unknown, or its size is below 0.")
        seats[out.cohort_index[name]] = size
    for name, sessions in scenario.retime.items():
        if name not in out.cohort_index:
            raise InstanceError(f"The scenario moves the cohort {name!r}, which is unknown.")
        pattern[out.cohort_index[name]] = patterns.setdefault(tuple(sorted(sessions)), len(patterns))
    return out.with_changes(c_seats=seats, c_pattern=pattern, patterns=tuple(patterns))


def what_if(
    instance: Instance, plan: Plan, scenario: Scenario, *, effort: Effort | None = None
) -> Difference:
    """Plan the scenario with the same seed and say what it does, to whom."""
    other = apply(instance, scenario)
    policy = scenario.policy or plan.policy
    start = plan.prices if not scenario.add else None
    new = make_plan(other, policy, effort=effort, seed=plan.seed, start=start)
    return Difference(
        scenario, other, new, new.value - plan.value, compare(other, plan.seats, new.seats),
        report(instance, plan.seats), report(other, new.seats),
    )  # fmt: skip
