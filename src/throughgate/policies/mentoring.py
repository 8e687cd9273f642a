"""Mentoring and tutoring matches: what counts how much, and when somebody is asked. [P-186] to [P-188]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .reading import Table
from .words import Label

WEIGHTS = ("subject", "interest", "time", "in_person", "region", "after_release", "waiting", "free_hands")


@dataclass(frozen=True)
class MentoringRules:
    """The data of a mentoring pack. Spans are calendar days; weights are points."""

    weights: Mapping[str, int]
    counted_at_most: int
    waiting_days_full: int
    least_points: int
    most_matches: int
    answer_days: int
    first_meeting_days: int
    silent_days: int
    coordinator_days: int
    commitment_days: int
    longest_minutes: int
    log_back_days: int
    end_reasons: Mapping[str, Label]
    interests: Mapping[str, Label]
    subjects: Mapping[str, Label]


def read(top: Table) -> MentoringRules:
    """Reads what is particular to a mentoring pack."""
    weights, spans, limits = top.table("weights"), top.table("days"), top.table("limits")
    rules = MentoringRules(
        weights={name: weights.whole(name) for name in WEIGHTS},
        counted_at_most=weights.whole("counted_at_most", at_least=1),
        waiting_days_full=weights.whole("waiting_days_full", at_least=1),
        least_points=weights.whole("least_points"),
        most_matches=limits.whole("matches_of_a_mentor", at_least=1),
        longest_minutes=limits.whole("longest_minutes", at_least=1),
        answer_days=spans.whole("answer", at_least=1),
        first_meeting_days=spans.whole("first_meeting", at_least=1),
        silent_days=spans.whole("silent", at_least=1),
        coordinator_days=spans.whole("silent_coordinator", at_least=1),
        commitment_days=spans.whole("commitment", at_least=1),
        log_back_days=spans.whole("log_back", at_least=1),
        end_reasons=top.coded("end_reasons", _label),
        interests=top.coded("interests", _label),
        subjects=top.coded("subjects", _label),
    )
    if rules.coordinator_days <= rules.silent_days:
        spans.wrong("silent_coordinator", "must be more days than silent: the mentor is asked first")
    for table in (weights, spans, limits):
        table.finish()
    return rules


def _label(table: Table) -> Label:
    table.text("code")
    return table.label("label")
