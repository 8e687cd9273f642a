"""Appeals about seats that wait for an answer, the most urgent first. Pages note the read of every person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from throughgate.programs.models import OPEN_APPEAL, SeatAppeal

ANSWERED_SHOWN = 30


@dataclass(frozen=True)
class Clocked:
    """An appeal with its clock."""

    appeal: SeatAppeal
    days_left: int

    @property
    def late(self) -> bool:
        """Whether the day to answer by has passed."""
        return self.days_left < 0


@dataclass(frozen=True)
class Appeals:
    """What waits, by the day to answer, and what was answered lately."""

    waiting: list[Clocked]
    answered: list[SeatAppeal]

    @property
    def people(self) -> list[int]:
        """Everybody on it, for the read log."""
        rows = [*(each.appeal for each in self.waiting), *self.answered]
        return [row.participant_id for row in rows]


def appeals_at(facilities: Iterable[int], today: dt.date) -> Appeals:
    """The appeals of people who are in these facilities now."""
    rows = SeatAppeal.objects.filter(participant__facility__in=list(facilities)).select_related(
        "participant__unit", "participant__facility", "program"
    )
    waiting = rows.filter(outcome=OPEN_APPEAL).order_by("due_on", "id")
    answered = rows.exclude(outcome=OPEN_APPEAL).order_by("-answered_at", "-id")
    return Appeals(
        [Clocked(row, (row.due_on - today).days) for row in waiting], list(answered[:ANSWERED_SHOWN])
    )
