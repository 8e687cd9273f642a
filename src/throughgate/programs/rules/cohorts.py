"""What a sound cohort looks like, which step it may take next, and on which days its weekly times fall."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.base.errors import Decision, Reason
from throughgate.policies.words import Label
from throughgate.policies.workdays import Pattern, WorkCalendar, dates

STATUS_STEPS: Mapping[str, frozenset[str]] = {
    "planned": frozenset({"open", "running", "cancelled"}),
    "open": frozenset({"planned", "running", "finished", "cancelled"}),
    "running": frozenset({"open", "finished", "cancelled"}),
    "finished": frozenset(),
    "cancelled": frozenset({"planned"}),
}


@dataclass(frozen=True)
class CohortDraft:
    """A cohort as somebody wants to save it: ``days`` from its first to its last, both counted.

    ``agreement_covers`` is None without an agreement.
    """

    status_before: str
    status: str
    capacity: int
    minimum: int
    seated: int
    seats_overridden: int
    group_max: int
    days: int = 1
    room_name: str = ""
    room_seats: int | None = None
    room_here: bool = True
    agreement_covers: bool | None = None


def can_save(draft: CohortDraft) -> Decision:
    """Whether a cohort may be saved so, with every reason against it."""
    return Decision(tuple(_against(draft)))


def _against(draft: CohortDraft) -> Iterator[Reason]:
    if draft.status != draft.status_before and draft.status not in STATUS_STEPS[draft.status_before]:
        yield Reason("status_step", _("A cohort cannot go from that status to this one."))
    if draft.days < 1:
        yield Reason("days_reversed", _("The last day cannot be before the first."))
    if draft.capacity < 1:
        yield Reason("no_seats", _("A cohort needs at least one seat."))
    if draft.capacity + draft.seats_overridden < draft.seated:
        text = ngettext("%(count)d person has a seat.", "%(count)d people have a seat.", draft.seated)
        yield Reason(
            "seats_in_use", text % {"count": draft.seated}, _("End places first, or keep more seats.")
        )
    if draft.minimum > draft.capacity:
        yield Reason("minimum_above_seats", _("It cannot need more people to run than it has seats."))
    if draft.capacity > draft.group_max:
        text = _("The program's largest group is %(most)d.") % {"most": draft.group_max}
        yield Reason("group_too_large", text, _("Take fewer seats, or run two cohorts."))
    if not draft.room_here:
        yield Reason("room_elsewhere", _("The room belongs to another facility."))
    elif draft.room_seats is not None and draft.capacity > draft.room_seats:
        text = _("%(room)s has %(seats)d seats.") % {"room": draft.room_name, "seats": draft.room_seats}
        yield Reason("room_too_small", text, _("Choose a larger room, or take fewer seats."))
    if draft.agreement_covers is False:
        yield Reason(
            "agreement_elsewhere", _("The agreement is not this partner's, or not for this facility.")
        )


@dataclass(frozen=True)
class Weekly:
    """A weekly time: weekday (0 is Monday), local start and end; ``key`` is the caller's own."""

    weekday: int
    starts: dt.time
    ends: dt.time
    key: int = 0


def weekly_problems(times: Iterable[Weekly]) -> Decision:
    """Whether weekly times are sound: each ends after it starts and none overlaps another."""
    found: list[Reason] = []
    ordered = sorted(times, key=lambda each: (each.weekday, each.starts))
    for each in ordered:
        if each.ends <= each.starts:
            found.append(Reason("slot_order", _("The time must end after it starts.")))
    for first, second in itertools.pairwise(ordered):
        if first.weekday == second.weekday and second.starts < first.ends:
            found.append(Reason("slots_overlap", _("Two weekly times overlap.")))
    return Decision(tuple(dict.fromkeys(found)))


@dataclass(frozen=True)
class Planned:
    """The days on which one weekly time falls, and those left out with the reason."""

    weekly: Weekly
    days: tuple[dt.date, ...]
    skipped: tuple[tuple[dt.date, Label], ...]


def plan(
    times: Iterable[Weekly], first: dt.date, last: dt.date, calendar: WorkCalendar
) -> tuple[Planned, ...]:
    """Every weekly time's days from the first through the last day, holidays and closed days left out."""
    if last < first:
        return ()
    made = []
    for weekly in times:
        found = dates(Pattern(frozenset({weekly.weekday})), first, calendar, last=last)
        made.append(Planned(weekly, found.days, found.skipped))
    return tuple(made)


@dataclass(frozen=True)
class Seat:
    """What decides whether a person is called to a session: their days, pauses and excluded times.

    Pauses are (first day, first day after or None); excluded times are (weekday, local start).
    """

    starts_on: dt.date
    ends_on: dt.date
    pauses: tuple[tuple[dt.date, dt.date | None], ...] = ()
    excluded: frozenset[tuple[int, dt.time]] = field(default_factory=frozenset)


# Why somebody with a seat is not called; calls withdrawn for other causes are not ours to restore.
PAUSED, EXCLUDED, ENDED, OUTSIDE = (
    "paused",
    "cannot come at this time",
    "place ended",
    "outside the place's days",
)
OURS = frozenset({PAUSED, EXCLUDED, ENDED, OUTSIDE})
# Stands on a call that a keep-apart order forbids. The person and the partner may read it, so it says nothing.
NOT_NOW = "not called this time"


def why_not_called(seat: Seat, starts: dt.datetime) -> str:
    """Why the person is not called to a session at this local moment; empty when they are."""
    day = starts.date()
    if not seat.starts_on <= day <= seat.ends_on:
        return OUTSIDE
    if any(first <= day and (after is None or day < after) for first, after in seat.pauses):
        return PAUSED
    if (day.weekday(), starts.time().replace(tzinfo=None)) in seat.excluded:
        return EXCLUDED
    return ""
