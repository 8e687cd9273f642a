"""What pages and other rooms ask about places."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise

from throughgate.access.actor import Actor
from throughgate.base.scope import Audience
from throughgate.places import rules
from throughgate.places.models import (
    Agency,
    ClosedDay,
    CountTime,
    DayPart,
    Facility,
    MovementWindow,
    RegimePeriod,
    Room,
    Unit,
)
from throughgate.places.rules import Window
from throughgate.places.words import NEUTRAL
from throughgate.policies.words import Label


def facilities_for(by: Actor) -> list[Facility]:
    """The facilities in use where the actor works; for others than staff, all that are in use."""
    rows = Facility.objects.filter(active=True)
    if by.audience == Audience.STAFF:
        rows = rows.filter(pk__in=by.facility_ids)
    return list(rows.order_by("name"))


def agency() -> Agency | None:
    """The agency of this deployment; None before it is set up."""
    return Agency.objects.order_by("pk").first()


def labels(of: Agency | None = None) -> dict[str, str | Promise]:
    """Every neutral term with the word that people read here."""
    own = of or agency()
    return {**NEUTRAL, **(own.labels if own else {})}


@dataclass(frozen=True)
class Settings:
    """Everything on a facility's settings page."""

    facility: Facility
    units: list[Unit]
    rooms: list[Room]
    counts: list[CountTime]
    windows: list[MovementWindow]
    closed: list[ClosedDay]


def settings_page(by: Actor, code: str) -> Settings | None:
    """A facility with its furniture, or None when the actor does not work there."""
    facility = Facility.objects.filter(code=code).first()
    if facility is None or (by.audience == Audience.STAFF and facility.pk not in by.facility_ids):
        return None
    return Settings(
        facility=facility,
        units=list(facility.units.order_by("position", "name")),
        rooms=list(facility.rooms.order_by("-active", "name")),
        counts=list(facility.count_times.order_by("starts", "pk")),
        windows=list(facility.movement_windows.order_by("opens", "pk")),
        closed=list(facility.closed_days.filter(day__gte=facility.today()).order_by("day")),
    )


def day_parts(facility: Facility) -> Callable[[dt.datetime], DayPart]:
    """A function from a moment to the part of the day there; one query, however many moments."""
    windows = [
        Window(row.part, row.opens, row.closes, tuple(row.weekdays))
        for row in MovementWindow.objects.filter(facility=facility).order_by("opens")
    ]

    def part_of(moment: dt.datetime) -> DayPart:
        local = moment.astimezone(facility.zone)
        return DayPart(rules.day_part(windows, local.weekday(), local.time()))

    return part_of


def day_part(facility: Facility, moment: dt.datetime) -> DayPart:
    """The part of the day that a moment belongs to in a facility."""
    return day_parts(facility)(moment)


def regimes_on(facility: Facility, start: dt.datetime, end: dt.datetime) -> list[RegimePeriod]:
    """Lockdowns and modified regimes in force at some moment from ``start`` until ``end``, with their units."""
    return list(
        RegimePeriod.objects.filter(
            Q(lifted_at__isnull=True) | Q(lifted_at__gt=start),
            facility=facility,
            during__overlap=(start, end),
        )
        .prefetch_related("units")
        .order_by("during", "pk")
    )


def counts_on(facility: Facility, day: dt.date) -> list[tuple[dt.datetime, dt.datetime]]:
    """From when until when the standing counts run on a local day, earliest first."""
    rows = CountTime.objects.filter(facility=facility, weekdays__contains=[day.weekday()]).order_by("starts")
    spans = []
    for row in rows:
        begins = facility.at(day, row.starts)
        spans.append((begins, begins + dt.timedelta(minutes=row.minutes)))
    return spans


def closed_days(facility: Facility, start: dt.date, end: dt.date) -> dict[dt.date, Label]:
    """The facility's own closed days from one day to another, both included, as the work calendar takes them."""
    rows = ClosedDay.objects.filter(facility=facility, day__range=(start, end)).order_by("day")
    return {row.day: Label({"en": row.name}) for row in rows}
