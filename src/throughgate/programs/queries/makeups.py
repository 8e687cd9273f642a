"""Proposals for making up a lost session."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from throughgate.people.models import Absence
from throughgate.places.models import CountTime, RegimePeriod, Room
from throughgate.policies import queries as policies
from throughgate.policies.regime import make_up_window
from throughgate.programs.models import Call, Facilitator, Session, SessionStatus, WeeklySlot
from throughgate.programs.queries.week import closed
from throughgate.programs.rules.makeups import Busy, Proposal, Span, propose
from throughgate.visitors.models import CLEARED, Clearance

DAY = dt.timedelta(days=1)


def propose_make_ups(session: Session, n: int = 3) -> list[Proposal]:
    """The ``n`` best free times to make up a session within the pack's window, in ten queries.

    Looks at the times of day at which the cohort meets and those around it (within two hours, by the half
    hour), at its room first and any other that is large enough, at its leaders with their clearance, at
    everybody who was called, at counts, closed days and regimes. Empty when it is too late.
    """
    facility = session.facility
    rules = policies.regime(facility.jurisdiction, facility.today()).data
    lost_on = session.starts_at.astimezone(facility.zone).date()
    first, last = make_up_window(lost_on, facility.today(), rules)
    if last < first:
        return []
    off = closed(facility, first, last)
    days = [first + k * DAY for k in range((last - first).days + 1) if first + k * DAY not in off]
    times = sorted({start for start in _times(session)})
    starts = [facility.at(day, time) for day in days for time in times]
    span = (facility.at(first, dt.time.min), facility.at(last + DAY, dt.time.min))
    people = list(Call.objects.filter(session=session).values_list("participant_id", flat=True))
    busy = Busy(
        rooms=_rooms(session, len(people), span),
        leaders=_leaders(session, span, days),
        people=_people(people, span),
        closed=[*_counts(session, days), *_regimes(session, span)],
    )
    return propose(starts, session.ends_at - session.starts_at, busy, n)


def _times(session: Session) -> Iterable[dt.time]:
    """Local times of start worth trying: the cohort's own, and half hours around this session's."""
    yield from WeeklySlot.objects.filter(cohort=session.cohort_id).values_list("starts", flat=True)
    own = session.starts_at.astimezone(session.facility.zone)
    for step in range(-4, 5):
        near = own + step * dt.timedelta(minutes=30)
        if near.date() == own.date():
            yield near.time()


def _rooms(session: Session, people: int, span: Span) -> dict[int, list[Span]]:
    rooms = Room.objects.filter(
        Q(pk=session.room_id) | Q(capacity__gte=max(people, 1)), facility=session.facility_id, active=True
    )
    step_free = session.room is not None and session.room.step_free
    fitting = [room for room in rooms.order_by("capacity", "pk") if room.step_free or not step_free]
    fitting.sort(key=lambda room: room.pk != session.room_id)
    found: dict[int, list[Span]] = {room.pk: [] for room in fitting}
    taken = Session.objects.filter(room__in=found, starts_at__lt=span[1], ends_at__gt=span[0])
    for room, starts, ends in taken.exclude(status=SessionStatus.CANCELLED).values_list(
        "room_id", "starts_at", "ends_at"
    ):
        if room is not None:
            found[room].append((starts, ends))
    return found


def _leaders(session: Session, span: Span, days: list[dt.date]) -> dict[int, list[Span]]:
    """When those who led it are busy; a day without clearance counts as busy all day."""
    facility = session.facility
    leaders = list(
        Facilitator.objects.filter(session=session, active=True).values_list("visitor_id", flat=True)
    )
    found: dict[int, list[Span]] = {visitor: [] for visitor in leaders}
    for visitor, during in Facilitator.objects.filter(
        visitor__in=leaders, active=True, during__overlap=span
    ).values_list("visitor_id", "during"):
        found[visitor].append((during.lower or span[0], during.upper or span[1]))
    held: dict[int, list[Any]] = defaultdict(list)
    for visitor, valid in Clearance.objects.filter(
        visitor__in=leaders, facility=facility, status__in=CLEARED
    ).values_list("visitor_id", "ready"):
        held[visitor] += list(valid or ())
    for visitor in leaders:
        for day in days:
            if not any(day in span for span in held[visitor]):
                found[visitor].append((facility.at(day, dt.time.min), facility.at(day + DAY, dt.time.min)))
    return found


def _people(people: list[int], span: Span) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {person: [] for person in people}
    called = Call.objects.filter(
        participant__in=people, status=Call.Status.CALLED, starts_at__lt=span[1], ends_at__gt=span[0]
    )
    for person, starts, ends in called.values_list("participant_id", "starts_at", "ends_at"):
        found[person].append((starts, ends))
    for person, during in Absence.objects.filter(participant__in=people, during__overlap=span).values_list(
        "participant_id", "during"
    ):
        found[person].append((during.lower or span[0], during.upper or span[1]))
    return found


def _counts(session: Session, days: list[dt.date]) -> Iterable[Span]:
    facility = session.facility
    for count in CountTime.objects.filter(facility=facility):
        for day in days:
            if day.weekday() in count.weekdays:
                starts = facility.at(day, count.starts)
                yield starts, starts + dt.timedelta(minutes=count.minutes)


def _regimes(session: Session, span: Span) -> Iterable[Span]:
    rows = RegimePeriod.objects.filter(
        facility=session.facility_id, lifted_at__isnull=True, during__overlap=span
    )
    for during in rows.values_list("during", flat=True):
        yield during.lower or span[0], during.upper or span[1]
