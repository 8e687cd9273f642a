"""What other rooms do when a person moves, in the same transaction.

Programs, plans and referrals stand above this room and may not be imported here. In their
``AppConfig.ready`` they append a callable to :data:`AFTER_MOVE`; it is called once for every move, after the
facts of this room are written, as the system (audience "job") with the acting person still in the audit.
What it raises undoes the whole move.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from throughgate.access.actor import Actor
from throughgate.people.models import Absence, Participant
from throughgate.places.models import Facility


class MoveKind(StrEnum):
    """What happened. ABSENCE and BACK are temporary; everything else changes who holds the person."""

    TRANSFER = "transfer"
    RELEASE = "release"
    RETURN = "return"
    ABSENCE = "absence"
    BACK = "back"
    DEATH = "death"


@dataclass(frozen=True, kw_only=True)
class Move:
    """One move. ``participant`` already has its new facility and whereabouts.

    ``on`` is the local day at the facility that recorded it. ``absence`` is set for ABSENCE and BACK; its
    ``during`` says from when until when (no end: not known yet).
    """

    kind: MoveKind
    by: Actor
    participant: Participant
    from_facility: Facility
    to_facility: Facility
    on: dt.date
    reason: str = ""
    absence: Absence | None = None


@dataclass(frozen=True, kw_only=True)
class Apart:
    """A keep-apart order that began: who follows it up must look at what is already booked. Ids, no names."""

    by: Actor
    participant_ids: tuple[int, ...]
    visitor_ids: tuple[int, ...]
    starts_on: dt.date


AFTER_MOVE: list[Callable[[Move], None]] = []
AFTER_KEEP_APART: list[Callable[[Apart], None]] = []


def announce(move: Move) -> None:
    """Tell every room that asked."""
    for follow in AFTER_MOVE:
        follow(move)


def announce_apart(order: Apart) -> None:
    """Tell every room that asked about a new keep-apart order."""
    for follow in AFTER_KEEP_APART:
        follow(order)
