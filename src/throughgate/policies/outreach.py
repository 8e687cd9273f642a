"""What a new weekly course would look like when the gap map asks what it would be worth, and whom to ask.

Proposed values: nobody outside prescribes them. Times are on the facility's clock.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from .reading import Table

LAST_WEEKDAY = 6


@dataclass(frozen=True)
class CourseTime:
    """A weekly time to try for a course: 0 is Monday."""

    weekday: int
    starts: dt.time


@dataclass(frozen=True)
class OutreachRules:
    """The data of an outreach pack: the course that is tried, how far ahead it starts, how many to name.

    `strength` is the share of a need that one completed course covers; `soon_days` and `year_days` part the
    gap map by the time to release.
    """

    weeks: int
    minutes: int
    seats: int
    starts_in_days: int
    strength: Decimal
    times: tuple[CourseTime, ...]
    asked: int
    soon_days: int
    year_days: int


def read(top: Table) -> OutreachRules:
    """Reads what is particular to an outreach pack."""
    course, shown = top.table("course"), top.table("map")
    rules = OutreachRules(
        weeks=course.whole("weeks", at_least=1),
        minutes=course.whole("minutes", at_least=15),
        seats=course.whole("seats", at_least=1),
        starts_in_days=course.whole("starts_in_days", at_least=1),
        strength=course.number("strength", above_zero=True),
        times=tuple(_time(table) for table in top.tables("times")),
        asked=shown.whole("partners_to_ask", at_least=1),
        soon_days=shown.whole("soon_days", at_least=1),
        year_days=shown.whole("later_days", at_least=1),
    )
    if rules.strength > 1:
        course.wrong("strength", "must be at most 1: one course cannot meet more than the whole need")
    if rules.soon_days >= rules.year_days:
        shown.wrong("soon_days", "must be fewer than later_days")
    course.finish()
    shown.finish()
    return rules


def _time(table: Table) -> CourseTime:
    weekday = table.whole("weekday")
    if weekday > LAST_WEEKDAY:
        table.wrong("weekday", "must be 0 (Monday) to 6 (Sunday)")
    time = CourseTime(min(weekday, LAST_WEEKDAY), table.clock("starts"))
    table.finish()
    return time
