"""Where a lost session could be made up: free times that suit room, leaders and people. Pure ([P-217])."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class Proposal:
    """A time and room for a make-up, and how many of those who were called could come."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    room: int | None
    people_free: int
    people: int
    leaders_free: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Busy:
    """When rooms, leaders and people are taken, and when nothing runs. Keys are ids."""

    rooms: Mapping[int, Sequence[Span]]
    leaders: Mapping[int, Sequence[Span]]
    people: Mapping[int, Sequence[Span]]
    closed: Sequence[Span] = ()


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """Whether a span shares a moment with any of the others; touching ends do not count."""
    return any(start < span[1] and span[0] < end for start, end in others)


def propose(starts: Iterable[dt.datetime], length: dt.timedelta, busy: Busy, n: int) -> list[Proposal]:
    """The best free times among ``starts``: most people first, then the earliest; one a day at most.

    A time needs a free room where there are rooms to choose from (they come in order of preference), at
    least one free leader where there are leaders, and at least one free person where there are people.
    """
    best: dict[dt.date, Proposal] = {}
    for start in starts:
        span = (start, start + length)
        if overlaps(span, busy.closed):
            continue
        room = next((room for room, taken in busy.rooms.items() if not overlaps(span, taken)), None)
        leaders = tuple(who for who, taken in busy.leaders.items() if not overlaps(span, taken))
        free = sum(1 for taken in busy.people.values() if not overlaps(span, taken))
        if (busy.rooms and room is None) or (busy.leaders and not leaders) or (busy.people and not free):
            continue
        made = Proposal(span[0], span[1], room, free, len(busy.people), leaders)
        before = best.get(start.date())
        if before is None or _order(made) < _order(before):
            best[start.date()] = made
    return sorted(best.values(), key=_order)[:n]


def _order(proposal: Proposal) -> tuple[int, dt.datetime]:
    return (-proposal.people_free, proposal.starts_at)
