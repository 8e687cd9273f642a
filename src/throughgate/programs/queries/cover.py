"""Who and what is free when a session needs cover, or another time or room."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from throughgate.places.models import Facility, Room
from throughgate.programs.models import Call, Facilitator, Session, SessionStatus
from throughgate.visitors.models import Visitor


def can_lead(session: Session) -> list[Visitor]:
    """Visitors who are cleared for the session's facility and day and lead nothing else then, by name."""
    day = session.starts_at.astimezone(session.facility.zone).date()
    busy = Facilitator.objects.filter(
        active=True, during__overlap=(session.starts_at, session.ends_at)
    ).values("visitor")
    return list(
        Visitor.objects.filter(
            clearances__facility=session.facility_id,
            clearances__ready__contains=day,
        )
        .exclude(pk__in=busy)
        .select_related("organization")
        .order_by("sort_name", "id")
        .distinct()
    )


def free_rooms(session: Session, starts: dt.datetime, ends: dt.datetime) -> list[Room]:
    """Rooms of the facility in which nothing else takes place between two moments."""
    taken = (
        Session.objects.filter(facility=session.facility_id, starts_at__lt=ends, ends_at__gt=starts)
        .exclude(status=SessionStatus.CANCELLED)
        .exclude(pk=session.pk)
        .exclude(room__isnull=True)
        .values("room")
    )
    rooms = Room.objects.filter(facility=session.facility_id, active=True)
    return list(rooms.exclude(pk__in=taken).order_by("name"))


def unmarked(session: Session) -> list[str]:
    """The codes of the people who are called to a session and have no mark yet."""
    calls = Call.objects.filter(session=session, status=Call.Status.CALLED, attendance__isnull=True)
    return list(calls.order_by("pk").values_list("participant__code", flat=True))


def officers_of(facility: Facility, day: dt.date) -> QuerySet[Session]:
    """Planned sessions of a local day at which an officer must be present, by time."""
    return (
        Session.objects.filter(
            facility=facility,
            status=SessionStatus.PLANNED,
            cohort__needs_officer=True,
            starts_at__gte=facility.at(day, dt.time.min),
            starts_at__lt=facility.at(day + dt.timedelta(days=1), dt.time.min),
        )
        .select_related("cohort__program", "facility", "room")
        .order_by("starts_at", "pk")
    )
