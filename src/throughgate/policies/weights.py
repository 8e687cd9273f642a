"""What a free seat is worth, for whom: the agency's own weights for proposals ([F-1], [F-3], [F-5], [F-15]).

The unit is one high need met in full. Nothing here is a score of a person, and no group enters a worth; floors
alone may name one, and the audit reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .reading import Table

FLOOR_GROUPS = ("language", "sex", "race", "leaving")
MOST_SEATS = 3


@dataclass(frozen=True)
class Floor:
    """A group that must get at least a share of its need met, or so much of what others get (`relative`)."""

    code: str
    group: str
    label: str
    at_least: float
    relative: bool


@dataclass(frozen=True)
class SeatWeights:
    """The data of a seat-weights pack. Shares and worths are fractions; `most_changed` is a share of people."""

    levels: Mapping[int, float]
    asked: float
    covered: float
    first_seat: float
    first_seat_soon: float
    leaving: float
    leaving_weeks: int
    waiting: float
    waiting_weeks: int
    held: float
    most_changed: float
    seats_per_person: int
    minutes_between: int
    outside_days: int
    promise: bool
    seconds: int
    silent_minutes: int
    tries: int
    floors: tuple[Floor, ...] = ()


def read(top: Table) -> SeatWeights:
    """Reads what is particular to a seat-weights pack."""
    need, first, leaving = top.table("need"), top.table("first_seat"), top.table("leaving")
    waiting, calm, limits = top.table("waiting"), top.table("calm"), top.table("limits")
    promise, work = top.table("promise"), top.table("work")
    weights = SeatWeights(
        levels={1: _share(need, "low"), 2: _share(need, "moderate"), 3: _share(need, "high")},
        asked=_share(need, "asked"),
        covered=_share(need, "covered"),
        first_seat=_worth(first, "worth"),
        first_seat_soon=_worth(first, "leaving_soon"),
        leaving=_worth(leaving, "worth"),
        leaving_weeks=leaving.whole("fades_over_weeks", at_least=1),
        waiting=_worth(waiting, "worth"),
        waiting_weeks=waiting.whole("full_after_weeks", at_least=1),
        held=_worth(calm, "held"),
        most_changed=calm.whole("most_changed_percent", at_least=1) / 100,
        seats_per_person=limits.whole("seats_per_person", at_least=1),
        minutes_between=limits.whole("minutes_between"),
        outside_days=limits.whole("begin_before_release_days"),
        promise=promise.flag("kept"),
        seconds=work.whole("seconds", at_least=1),
        silent_minutes=work.whole("silent_minutes", at_least=1),
        tries=work.whole("tries", at_least=1),
        floors=tuple(top.coded("floors", _floor, needed=False).values()),
    )
    _sensible(weights, need, limits)
    for each in (need, first, leaving, waiting, calm, limits, promise, work):
        each.finish()
    return weights


def _sensible(weights: SeatWeights, need: Table, limits: Table) -> None:
    low, moderate, high = (weights.levels[level] for level in (1, 2, 3))
    if not low <= moderate <= high:
        need.wrong("low", "must not be above moderate, nor moderate above high")
    if weights.covered <= 0:
        need.wrong("covered", "must be above 0, or no seat would meet a need")
    if weights.seats_per_person > MOST_SEATS:
        limits.wrong("seats_per_person", f"must be at most {MOST_SEATS}")


def _worth(table: Table, key: str) -> float:
    return float(table.number(key))


def _share(table: Table, key: str) -> float:
    value = table.number(key)
    if value > Decimal(1):
        table.wrong(key, f"must be at most 1, not {value}")
        return 1.0
    return float(value)


def _floor(table: Table) -> Floor:
    return Floor(
        code=table.text("code"),
        group=table.choice("group", FLOOR_GROUPS),
        label=table.text("label"),
        at_least=_share(table, "at_least"),
        relative=table.flag("relative", default=False),
    )
