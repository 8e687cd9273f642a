"""On which day which reminder is due, and how urgent a lapse is. Pure; days are local."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

# The step of a thing that has lapsed: whoever was reminded is told that it has happened, once.
LAPSED = -1
RED, AMBER, GREEN = "red", "amber", "green"


@dataclass(frozen=True)
class Steps:
    """How many days before the end people are reminded, most first, and what such things are called."""

    kind: str
    days_before: tuple[int, ...]
    label: Mapping[str, str]

    def words(self, language: str) -> str:
        """The name of the kind in a language, in English where there is none."""
        return self.label.get(language.split("-", maxsplit=1)[0]) or self.label["en"]


def step_on(steps: Steps, until: dt.date, today: dt.date) -> int | None:
    """The tightest reminder that is due by ``today``: its days before the end, or :data:`LAPSED`.

    None while it is early. Who finds a thing late (the runner slept, or it was recorded late) gets the
    tightest step alone, never a heap of those that were missed.
    """
    left = (until - today).days
    if left < 0:
        return LAPSED
    return min((days for days in steps.days_before if left <= days), default=None)


def light(steps: Steps, until: dt.date, today: dt.date, first_hit: dt.date | None) -> str:
    """How urgent it is: red when it has lapsed or its last reminder is due, amber once a reminder is due and
    it will hit something, green otherwise."""
    step = step_on(steps, until, today)
    if step is None:
        return GREEN
    if step == LAPSED or step == min(steps.days_before):
        return RED
    return AMBER if first_hit is not None else GREEN
