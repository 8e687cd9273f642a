"""Training and orientation: dates, seats, and who came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import saving, scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.outbox.actions import send
from throughgate.base.scope import Audience
from throughgate.base.templatetags.when import clock, day
from throughgate.places.models import Facility
from throughgate.visitors import rules
from throughgate.visitors.actions.common import mine_or_kept
from throughgate.visitors.actions.steps import record_attended, take_back_attended
from throughgate.visitors.models import Step, TrainingDate, TrainingSeat, Visitor
from throughgate.visitors.steps import rules_here

BOOKED, CANCELLED = TrainingSeat.State.BOOKED, TrainingSeat.State.CANCELLED
ATTENDED, MISSED = TrainingSeat.State.ATTENDED, TrainingSeat.State.MISSED
# Which state of a seat may follow which: total, and a mark may be put right.
NEXT: dict[str, frozenset[str]] = {
    BOOKED: frozenset({CANCELLED, ATTENDED, MISSED}),
    CANCELLED: frozenset(),
    ATTENDED: frozenset({MISSED}),
    MISSED: frozenset({ATTENDED}),
}


@transaction.atomic
def save_training(
    *,
    by: Actor,
    facility: Facility,
    requirement: str,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    place: str,
    seats: int,
    training: TrainingDate | None = None,
) -> TrainingDate:
    """Offer a date on which a requirement can be met, or change one that has not begun."""
    by.require(Permission.MANAGE_VISITORS, facility)
    pack = rules_here(facility)
    asked = pack.data.requirements.get(requirement) if pack else None
    against = []
    if asked is None or asked.proof != "training":
        against.append(Reason("no_training", _("Choose a training that the rules ask."), field="requirement"))
    if starts_at <= timezone.now():
        against.append(Reason("in_the_past", _("Choose a time that is still to come."), field="starts_at"))
    if training is not None and training.facility_id != facility.pk:
        against.append(Reason("other_facility", _("A date stays at its facility.")))
    if against:
        raise Refused(against)
    row = TrainingDate(facility=facility) if training is None else _date(training)
    row.requirement, row.starts_at, row.ends_at, row.place, row.seats = (
        requirement,
        starts_at,
        ends_at,
        place,
        seats,
    )
    saving.save(row, trusted={"taken"})
    return row


@transaction.atomic
def cancel_training(*, by: Actor, training: TrainingDate) -> TrainingDate:
    """Call a date off; everybody who booked is told to choose another."""
    by.require(Permission.MANAGE_VISITORS, training.facility_id)
    row = _date(training)
    if row.cancelled_at is not None:
        return row
    booked = list(row.bookings.filter(state=BOOKED).select_related("visitor").order_by("pk"))
    for seat in booked:
        seat.state = CANCELLED
        saving.save(seat)
        _tell(seat, row, "training_cancelled")
    row = _date(training)
    row.cancelled_at = timezone.now()
    saving.save(row, trusted={"taken"})
    return row


@transaction.atomic
def book_training(*, by: Actor, training: TrainingDate, visitor: Visitor) -> TrainingSeat:
    """Take a seat on a date, for oneself or as who keeps visitors there. The last seat goes to one only."""
    mine_or_kept(by, visitor.pk, training.facility_id)
    with scope.as_role(Audience.JOB, purpose="a seat on a training date"):
        row = _date(training)
        against = []
        if row.cancelled_at is not None:
            against.append(Reason("called_off", _("This date is called off."), _("Choose another date.")))
        if row.starts_at <= timezone.now():
            against.append(Reason("begun", _("It has begun already."), _("Choose another date.")))
        if not steps_met_by(row, visitor).exists():
            against.append(Reason("not_asked", _("Nobody asks this training of you.")))
        if row.bookings.filter(visitor=visitor).exclude(state=CANCELLED).exists():
            against.append(Reason("training_seat_once", _("There already is a seat on this date.")))
        elif row.free == 0:
            against.append(
                Reason("training_is_full", _("Every seat on this date is taken."), _("Choose another date."))
            )
        if against:
            raise Refused(against)
        seat = TrainingSeat(training=row, visitor=visitor)
        saving.save(seat)
        _tell(seat, row, "training_booked")
    return seat


@transaction.atomic
def cancel_seat(*, by: Actor, seat: TrainingSeat) -> TrainingSeat:
    """Give a seat back while the date has not begun."""
    mine_or_kept(by, seat.visitor_id, seat.training.facility_id)
    with scope.as_role(Audience.JOB, purpose="a seat on a training date"):
        _date(seat.training)
        row = TrainingSeat.objects.select_for_update(of=("self",)).select_related("training").get(pk=seat.pk)
        if CANCELLED not in NEXT[row.state]:
            raise Refused(Reason("not_booked", _("This seat is not booked any more.")))
        if row.training.starts_at <= timezone.now():
            raise Refused(Reason("begun", _("It has begun already."), _("Write to the coordinator.")))
        row.state = CANCELLED
        saving.save(row)
    return row


@transaction.atomic
def mark_training(*, by: Actor, training: TrainingDate, attended: Collection[str]) -> int:
    """Write down who came, by the codes of their seats; the others have missed it. Each who came has met the
    requirement on that day; a mark that was wrong takes the record back. How many came."""
    by.require(Permission.MANAGE_VISITORS, training.facility_id)
    row = _date(training)
    if row.starts_at > timezone.now():
        raise Refused(Reason("not_begun", _("It has not begun yet."), _("Mark it once people are there.")))
    day_of = row.starts_at.astimezone(row.facility.zone).date()
    came = 0
    for seat in list(row.bookings.exclude(state=CANCELLED).select_related("visitor").order_by("pk")):
        wanted = ATTENDED if seat.code in attended else MISSED
        if seat.state != wanted:
            put_right, seat.state = seat.state == ATTENDED, wanted
            saving.save(seat)
            with scope.as_role(Audience.JOB, purpose="training attended"):
                rows = list(steps_met_by(row, seat.visitor))
                if wanted == ATTENDED:
                    record_attended(by=by, rows=rows, on=day_of)
                elif put_right:
                    take_back_attended(rows=rows, on=day_of)
        came += wanted == ATTENDED
    return came


def steps_met_by(training: TrainingDate, visitor: Visitor) -> QuerySet[Step]:
    """The visitor's open steps that this date can meet: here, or anywhere where it counts everywhere."""
    pack = rules_here(training.facility)
    asked = pack.data.requirements.get(training.requirement) if pack else None
    rows = Step.objects.filter(
        clearance__visitor=visitor,
        clearance__status__in=rules.OPEN,
        requirement=training.requirement,
        asked=True,
    )
    if asked is not None and asked.everywhere:
        return rows.filter(clearance__facility__jurisdiction=training.facility.jurisdiction)
    return rows.filter(clearance__facility=training.facility_id)


def _date(training: TrainingDate) -> TrainingDate:
    return TrainingDate.objects.select_for_update(of=("self",)).select_related("facility").get(pk=training.pk)


def _tell(seat: TrainingSeat, row: TrainingDate, template: str) -> None:
    zone, who = row.facility.zone, seat.visitor
    send(
        key=f"{template} {seat.code}",
        address=who.email,
        template=template,
        data={
            "place": f"{row.place}, {row.facility.name}",
            "when": f"{day(row.starts_at, zone)}, {clock(row.starts_at, zone)}",
        },
        name=who.name,
        language=who.language,
        facility_id=row.facility_id,
    )
