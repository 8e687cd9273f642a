"""Matching people to scarce seats: for the most good, fairly, with a proof and a reason for every answer.

A pure library: no Django, nothing of the product. Names load on first use, so importing this costs nothing.

    instance = Instance.from_rows(people, programs, cohorts, pairs=..., apart=..., fixed=..., held=...)
    plan = make_plan(instance, Policy(first_seat=1.0), seed=7)
    Explainer(instance, plan).why(person, cohort)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .check import Violation, check
    from .explain import Explainer, Fit, Kind, Line, Obstacle, Why, for_participant
    from .fairness import Change, Report, compare, report
    from .gaps import (
        Cell,
        Recommendation,
        SeatValue,
        Valuer,
        gap_map,
        recruit_next,
        recruit_one_after_another,
    )
    from .instance import Instance
    from .io import decision_record, read_instance, read_policy, write_instance, write_plan
    from .model import (
        AllocationError,
        Cohort,
        Effort,
        Floor,
        FloorUnreachable,
        InstanceError,
        Pair,
        Person,
        Plan,
        PlanRefused,
        Policy,
        Prices,
        Program,
        Session,
        Ticket,
    )
    from .plan import make_plan
    from .whatif import Difference, Scenario, what_if

__all__ = [
    "AllocationError",
    "Cell",
    "Change",
    "Cohort",
    "Difference",
    "Effort",
    "Explainer",
    "Fit",
    "Floor",
    "FloorUnreachable",
    "Instance",
    "InstanceError",
    "Kind",
    "Line",
    "Obstacle",
    "Pair",
    "Person",
    "Plan",
    "PlanRefused",
    "Policy",
    "Prices",
    "Program",
    "Recommendation",
    "Report",
    "Scenario",
    "SeatValue",
    "Session",
    "Ticket",
    "Valuer",
    "Violation",
    "Why",
    "check",
    "compare",
    "decision_record",
    "for_participant",
    "gap_map",
    "make_plan",
    "read_instance",
    "read_policy",
    "recruit_next",
    "recruit_one_after_another",
    "report",
    "what_if",
    "write_instance",
    "write_plan",
]

_HOME_OF = {
    "AllocationError": "model",
    "Cell": "gaps",
    "Change": "fairness",
    "Cohort": "model",
    "Difference": "whatif",
    "Effort": "model",
    "Explainer": "explain",
    "Fit": "explain",
    "Floor": "model",
    "FloorUnreachable": "model",
    "Instance": "instance",
    "InstanceError": "model",
    "Kind": "explain",
    "Line": "explain",
    "Obstacle": "explain",
    "Pair": "model",
    "Person": "model",
    "Plan": "model",
    "PlanRefused": "model",
    "Policy": "model",
    "Prices": "model",
    "Program": "model",
    "Recommendation": "gaps",
    "Report": "fairness",
    "Scenario": "whatif",
    "SeatValue": "gaps",
    "Session": "model",
    "Ticket": "model",
    "Valuer": "gaps",
    "Violation": "check",
    "Why": "explain",
    "check": "check",
    "compare": "fairness",
    "decision_record": "io",
    "for_participant": "explain",
    "gap_map": "gaps",
    "make_plan": "plan",
    "read_instance": "io",
    "read_policy": "io",
    "recruit_next": "gaps",
    "recruit_one_after_another": "gaps",
    "report": "fairness",
    "what_if": "whatif",
    "write_instance": "io",
    "write_plan": "io",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
