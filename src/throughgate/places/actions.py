"""The verbs of places: everything in a facility's settings, without a developer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.access.queries import works_everywhere
from throughgate.base import saving, scope
from throughgate.base.errors import Forbidden, Reason, Refused
from throughgate.base.scope import Audience
from throughgate.places import rules
from throughgate.places.models import Agency, ClosedDay, CountTime, Facility, MovementWindow, Room, Unit
from throughgate.places.rules import Window
from throughgate.places.words import NEUTRAL

FACILITY_FACTS = frozenset(
    {
        *("name", "short_name", "kind", "population", "jurisdiction", "timezone", "address", "city"),
        *("phone", "gate_instructions", "external_code", "active"),
    }
)
T = TypeVar("T", bound=models.Model)

AGENCY_FACTS = frozenset({"name", "jurisdiction", "timezone"})


@transaction.atomic
def save_facility(*, by: Actor, facility: Facility | None = None, **facts: Any) -> Facility:
    """Change a facility, or add one (for who works in every facility). ``facts``: :data:`FACILITY_FACTS`."""
    if facility is None:
        by.require(Permission.MANAGE_FACILITY)
        if not works_everywhere(by):
            raise Forbidden(
                _("Only somebody who works for the whole agency adds a facility."),
                Permission.MANAGE_FACILITY.value,
            )
    else:
        by.require(Permission.MANAGE_FACILITY, facility)
    row = Facility() if facility is None else Facility.objects.get(pk=facility.pk)
    saving.set_facts(row, facts, FACILITY_FACTS)
    row.external_code = row.external_code or None
    unused = {"external_code"} if row.external_code is None else set()
    _check(row, rules.sound_facility(row.timezone, row.jurisdiction), trusted=unused)
    # A facility that is new is in nobody's list yet, so the system writes it.
    with scope.as_role(Audience.JOB, purpose="facility settings"):
        row.save()
    return row


@transaction.atomic
def save_agency(*, by: Actor, labels: Mapping[str, str] | None = None, **facts: Any) -> Agency:
    """Change the agency's name, law, zone, and its own words for neutral terms (an empty word takes one back)."""
    by.require(Permission.MANAGE_ACCESS)
    if not works_everywhere(by):
        raise Forbidden(
            _("Only somebody who works for the whole agency changes its settings."),
            Permission.MANAGE_ACCESS.value,
        )
    row = Agency.objects.select_for_update(of=("self",)).order_by("pk").first() or Agency()
    saving.set_facts(row, facts, AGENCY_FACTS)
    unknown = sorted(set(labels or {}) - set(NEUTRAL))
    reasons = rules.sound_facility(row.timezone, row.jurisdiction)
    if unknown:
        words = _("There is no such term: %(terms)s.") % {"terms": ", ".join(unknown)}
        reasons.append(Reason("labels.unknown", words, field="labels"))
    if labels is not None:
        row.labels = {term: word.strip() for term, word in labels.items() if word.strip()}
    _check(row, reasons)
    with scope.as_role(Audience.JOB, purpose="agency settings"):
        row.save()
    return row


@transaction.atomic
def save_unit(
    *, by: Actor, facility: Facility, unit: Unit | None = None, name: str, position: int = 0, beds: int = 0
) -> Unit:
    """Add or change a housing unit."""
    row = _own(by, facility, Unit, unit)
    row.name, row.position, row.beds = name.strip(), position, beds
    saving.save(row)
    return row


@transaction.atomic
def remove_unit(*, by: Actor, unit: Unit) -> None:
    """Take a unit away; refused while people live in it."""
    by.require(Permission.MANAGE_FACILITY, unit.facility_id)
    with scope.as_role(Audience.JOB):
        people = unit.participants.count()
    if people:
        raise Refused(
            Reason(
                "unit_is_lived_in",
                _("%(people)s people live in this unit.") % {"people": people},
                _("Move them to another unit first."),
            )
        )
    unit.delete()


@transaction.atomic
def save_room(
    *,
    by: Actor,
    facility: Facility,
    room: Room | None = None,
    name: str,
    capacity: int,
    step_free: bool = False,
    has_screen: bool = False,
    active: bool = True,
) -> Room:
    """Add or change a room for sessions."""
    row = _own(by, facility, Room, room)
    row.name, row.capacity = name.strip(), capacity
    row.step_free, row.has_screen, row.active = step_free, has_screen, active
    saving.save(row)
    return row


@transaction.atomic
def remove_room(*, by: Actor, room: Room) -> Room | None:
    """Take a room away. One that sessions or cohorts name is put out of use instead, and returned."""
    by.require(Permission.MANAGE_FACILITY, room.facility_id)
    row = Room.objects.get(pk=room.pk)
    try:
        with transaction.atomic():
            row.delete()
    except ProtectedError:
        row = Room.objects.get(pk=room.pk)
        row.active = False
        row.save(update_fields=["active"])
        return row
    return None


@transaction.atomic
def save_count_time(
    *,
    by: Actor,
    facility: Facility,
    count_time: CountTime | None = None,
    starts: dt.time,
    minutes: int,
    weekdays: list[int],
) -> CountTime:
    """Add or change a standing count: nobody moves while it runs."""
    row = _own(by, facility, CountTime, count_time)
    row.starts, row.minutes, row.weekdays = starts, minutes, sorted(weekdays)
    _check(row, rules.sound_weekdays(weekdays) + rules.sound_count(minutes))
    row.save()
    return row


@transaction.atomic
def remove_count_time(*, by: Actor, count_time: CountTime) -> None:
    """Take a count away."""
    by.require(Permission.MANAGE_FACILITY, count_time.facility_id)
    count_time.delete()


@transaction.atomic
def save_movement_window(
    *,
    by: Actor,
    facility: Facility,
    window: MovementWindow | None = None,
    part: str,
    opens: dt.time,
    closes: dt.time,
    weekdays: list[int],
) -> MovementWindow:
    """Add or change a movement window; windows of different parts of the day may not overlap."""
    row = _own(by, facility, MovementWindow, window)
    row.part, row.opens, row.closes, row.weekdays = part, opens, closes, sorted(weekdays)
    others = MovementWindow.objects.filter(facility=facility).exclude(pk=row.pk).order_by("opens")
    wanted = Window(part, opens, closes, tuple(weekdays))
    against = rules.overlapping(
        wanted, [Window(w.part, w.opens, w.closes, tuple(w.weekdays)) for w in others]
    )
    _check(row, rules.sound_weekdays(weekdays) + against)
    row.save()
    return row


@transaction.atomic
def remove_movement_window(*, by: Actor, window: MovementWindow) -> None:
    """Take a movement window away."""
    by.require(Permission.MANAGE_FACILITY, window.facility_id)
    window.delete()


@transaction.atomic
def save_closed_day(*, by: Actor, facility: Facility, day: dt.date, name: str) -> ClosedDay:
    """Say that no programs run on a day, and why; the same day again changes the reason."""
    existing = ClosedDay.objects.filter(facility=facility, day=day).first()
    row = _own(by, facility, ClosedDay, existing)
    row.day, row.name = day, name.strip()
    saving.save(row)
    return row


@transaction.atomic
def remove_closed_day(*, by: Actor, closed_day: ClosedDay) -> None:
    """Let programs run on that day again."""
    by.require(Permission.MANAGE_FACILITY, closed_day.facility_id)
    closed_day.delete()


def _own(by: Actor, facility: Facility, model: type[T], row: T | None) -> T:
    """The row to write: a new one of this facility, or the given one, which must belong to it."""
    by.require(Permission.MANAGE_FACILITY, facility)
    if row is None:
        return model(facility=facility)
    if getattr(row, "facility_id", None) != facility.pk:
        raise Forbidden(_("This belongs to another facility."), Permission.MANAGE_FACILITY.value)
    return row


def _check(row: models.Model, reasons: list[Reason], *, trusted: Collection[str] = ()) -> None:
    """Raise Refused with what the rules and the model say, together."""
    try:
        saving.check(row, trusted=trusted)
    except Refused as refused:
        said = {reason.field for reason in reasons}
        reasons = reasons + [each for each in refused.reasons if not each.field or each.field not in said]
    if reasons:
        raise Refused(reasons)
