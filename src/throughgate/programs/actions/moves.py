"""What becomes of seats and places in line when a person moves: nothing that is theirs is lost ([P-3], [P-148]).

A transfer ends the seats at the sending facility, keeps every date of request, and hands the receiving one a
list of what it could go on with. By then the person may be out of the actor's sight, so these verbs check the
right first and then work as the system.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Decision, Reason
from throughgate.base.scope import Audience
from throughgate.people.models import Participant
from throughgate.people.moves import Move, MoveKind
from throughgate.places.models import Facility
from throughgate.policies import library
from throughgate.programs.actions.calls import Uncalled, settle
from throughgate.programs.actions.saving import stop
from throughgate.programs.actions.seats import back_in_line, close, enroll, pause, unpause
from throughgate.programs.models import (
    LIVE_COHORT,
    OPEN_WAIT,
    SEATED,
    Attendance,
    Cohort,
    Continuation,
    Enrollment,
    LedgerKind,
    LedgerLine,
    Suspension,
    WaitlistEntry,
    WaitStatus,
)

KIND, STATUS = Continuation.Kind, Continuation.Status


@transaction.atomic
def after_transfer(
    *, by: Actor, participant: Participant, from_facility: Facility, to_facility: Facility, on: dt.date
) -> list[Continuation]:
    """A person has moved: end their seats at the sending facility, and list what the receiving one could continue.

    Every place in line goes along with its date of request; a seat that had to end becomes a place in line with
    the date on which it was once asked for. Safe to call again. Returns the new continuations.
    """
    by.require(Permission.MOVE_PEOPLE, from_facility.pk)
    return _carry(by, participant, from_facility, to_facility, on)


def _carry(
    by: Actor, participant: Participant, from_facility: Facility, to_facility: Facility, on: dt.date
) -> list[Continuation]:
    with scope.as_role(Audience.JOB, purpose="carry places over on transfer"):
        made: list[Continuation] = []
        for enrollment in _seats(participant, from_facility):
            close(enrollment, on=on, reason="transfer", note="", by=by)
            entry = back_in_line(enrollment, by=by, on=on)
            made += Continuation.objects.bulk_create(_of_seat(enrollment, entry, from_facility, to_facility))
        return made + Continuation.objects.bulk_create(_of_line(participant, from_facility, to_facility))


@transaction.atomic
def after_release(
    *,
    by: Actor,
    participant: Participant,
    from_facility: Facility,
    office: Facility,
    on: dt.date,
    reason: str = "released",
) -> list[Continuation]:
    """A person is released: end their seats inside, and list what the office could go on with.

    Places in line for programs that run at the office stay with their date; the others are removed with a
    reason that the person reads, and put back with the old date should they ever return.
    """
    by.require(Permission.MOVE_PEOPLE, from_facility.pk)
    return _let_go(by, participant, from_facility, office, on, reason=reason)


def _let_go(
    by: Actor,
    participant: Participant,
    from_facility: Facility,
    office: Facility,
    on: dt.date,
    *,
    reason: str,
) -> list[Continuation]:
    with scope.as_role(Audience.JOB, purpose="carry places over on release"):
        made: list[Continuation] = []
        for enrollment in _seats(participant, from_facility):
            close(enrollment, on=on, reason=reason, note="", by=by)
            if office != from_facility:  # without an office nobody goes on with it
                made += Continuation.objects.bulk_create(_of_seat(enrollment, None, from_facility, office))
        outside = Cohort.objects.filter(facility=office, status__in=LIVE_COHORT).values("program")
        WaitlistEntry.objects.filter(participant=participant, status__in=OPEN_WAIT).exclude(
            program__in=outside
        ).update(
            status=WaitStatus.REMOVED,
            reason=_("You were released. If you ever come back, your date in line still counts."),
            decided_by=by.name,
            decided_at=timezone.now(),
        )
        if office != from_facility:
            made += Continuation.objects.bulk_create(_of_line(participant, from_facility, office))
        return made


def _seats(participant: Participant, facility: Facility) -> Iterable[Enrollment]:
    return (
        Enrollment.objects.select_for_update(of=("self",))
        .filter(participant=participant, status__in=SEATED, cohort__facility=facility)
        .select_related("cohort__facility", "cohort__program", "entry")
        .order_by("id")
    )


def hours_so_far(enrollment: Enrollment) -> Decimal:
    """Hours counted in a place, those it began with included, rounded to a hundredth."""
    minutes = Attendance.objects.filter(call__enrollment=enrollment).aggregate(all=Sum("minutes"))["all"] or 0
    return (enrollment.carried_hours + Decimal(minutes) / 60).quantize(Decimal("0.01"))


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _of_seat(
    enrollment: Enrollment, entry: WaitlistEntry | None, sender: Facility, receiver: Facility
) -> list[Continuation]:
    program = enrollment.cohort.program
    words = {"done": _plain(hours_so_far(enrollment)), "all": _plain(program.dose_hours)}
    made = [
        Continuation(
            participant_id=enrollment.participant_id,
            program=program,
            from_facility=sender,
            to_facility=receiver,
            enrollment=enrollment,
            entry=entry,
            kind=KIND.PLACE,
            detail=_("%(done)s of %(all)s hours") % words,
        )
    ]
    days = LedgerLine.objects.filter(enrollment=enrollment, kind=LedgerKind.CREDIT_DAYS).aggregate(
        all=Sum("quantity")
    )["all"]
    if days:
        made.append(
            Continuation(
                participant_id=enrollment.participant_id,
                program=program,
                from_facility=sender,
                to_facility=receiver,
                enrollment=enrollment,
                kind=KIND.CREDIT,
                detail=_("%(days)s credit days") % {"days": _plain(days)},
            )
        )
    return made


def _of_line(participant: Participant, sender: Facility, receiver: Facility) -> list[Continuation]:
    """One for every open place in line that the receiving facility does not have on its list yet."""
    listed = Continuation.objects.filter(
        participant=participant, to_facility=receiver, status=STATUS.OPEN, entry__isnull=False
    ).values("entry")
    return [
        Continuation(
            participant=participant,
            program_id=entry.program_id,
            from_facility=sender,
            to_facility=receiver,
            entry=entry,
            kind=KIND.LINE,
            detail=_("In line since %(day)s") % {"day": entry.requested_on.isoformat()},
        )
        for entry in WaitlistEntry.objects.filter(participant=participant, status__in=OPEN_WAIT)
        .exclude(pk__in=listed)
        .order_by("requested_on", "id")
    ]


@transaction.atomic
def after_absence(
    *, by: Actor, participant: Participant, kind: str, start: dt.date, end: dt.date | None = None
) -> list[Suspension]:
    """A person is temporarily away: pause every seat for those days (None: until they return).

    ``kind`` is the kind of absence, such as "court". Days that are paused already stay as they are.
    """
    by.require(Permission.MOVE_PEOPLE, participant.facility_id)
    return _pause_all(by, participant, kind, start, end)


def _pause_all(
    by: Actor, participant: Participant, kind: str, start: dt.date, end: dt.date | None
) -> list[Suspension]:
    with scope.as_role(Audience.JOB, purpose="pause places on absence"):
        made = []
        for enrollment in _seats(participant, participant.facility):
            first = _first_free_day(enrollment, start)
            if first is not None and (end is None or first <= end):
                made.append(pause(enrollment, first, end, reason=kind, by_name=by.name, automatic=True)[0])
        return made


def _first_free_day(enrollment: Enrollment, start: dt.date) -> dt.date | None:
    """The first day from ``start`` on that is not paused and has no pause after it; None when there is none."""
    overlapping = Suspension.objects.filter(enrollment=enrollment, during__overlap=DateRange(start, None))
    for each in overlapping.order_by("during"):
        if each.during.upper is None:
            return None
        start = max(start, each.during.upper)
    return start


@transaction.atomic
def after_return(*, by: Actor, participant: Participant, on: dt.date) -> list[Uncalled]:
    """A person is back: end the pauses that the absence made, and call them again.

    Returns where they could not be called again and why (such as another call by now); everything else is done.
    """
    by.require(Permission.MOVE_PEOPLE, participant.facility_id)
    return _resume_all(participant, on)


def _resume_all(participant: Participant, on: dt.date) -> list[Uncalled]:
    with scope.as_role(Audience.JOB, purpose="resume places on return"):
        back = [
            each
            for each in _seats(participant, participant.facility)
            if unpause(each, on, automatic_only=True)
        ]
        return settle(back) if back else []


def follow(move: Move) -> None:
    """Do what a move of the people's room asks of seats and lines; that room has checked who may move people."""
    by, person, day = move.by, move.participant, move.on
    match move.kind:
        case MoveKind.TRANSFER | MoveKind.RETURN:
            _carry(by, person, move.from_facility, move.to_facility, day)
        case MoveKind.RELEASE:
            _let_go(by, person, move.from_facility, move.to_facility, day, reason="released")
        case MoveKind.DEATH:
            _end_all(by, person, move.from_facility, day)
        case MoveKind.ABSENCE if move.absence is not None:
            zone, during = move.from_facility.zone, move.absence.during
            start = during.lower.astimezone(zone).date() if during.lower else day
            end = during.upper.astimezone(zone).date() if during.upper else None
            _pause_all(by, person, move.absence.kind, start, end)
        case MoveKind.BACK:
            _resume_all(person, day)


def _end_all(by: Actor, participant: Participant, facility: Facility, on: dt.date) -> None:
    with scope.as_role(Audience.JOB, purpose="end places on death"):
        for enrollment in _seats(participant, facility):
            close(enrollment, on=on, reason="died", note="", by=by)
        WaitlistEntry.objects.filter(participant=participant, status__in=OPEN_WAIT).update(
            status=WaitStatus.REMOVED,
            reason=_("The record was closed."),
            decided_by=by.name,
            decided_at=timezone.now(),
        )


@transaction.atomic
def end_long_absences(*, by: Actor, facility: Facility) -> list[Enrollment]:
    """End the seats of people who have been away longer than the waitlist pack holds a place; they keep their date."""
    by.require(Permission.ENROLL, facility.pk)
    today = facility.today()
    held = library.in_force("waitlist", facility.jurisdiction, today).data.place_held_days_away
    with scope.as_role(Audience.JOB, purpose="end places of people long away"):
        long_away = Suspension.objects.filter(
            automatic=True,
            during__contains=today,
            during__startswith__lt=today - dt.timedelta(days=held),
            enrollment__cohort__facility=facility,
            enrollment__status__in=SEATED,
        ).values("enrollment")
        ended = list(
            Enrollment.objects.select_for_update(of=("self",))
            .filter(pk__in=long_away)
            .select_related("cohort__facility", "entry")
            .order_by("id")
        )
        for enrollment in ended:
            close(enrollment, on=today, reason="temporary_release", note="", by=by)
            back_in_line(enrollment, by=by, on=today)
        return ended


@transaction.atomic
def continue_place(
    *,
    by: Actor,
    continuation: Continuation,
    decision: Continuation.Status | str,
    cohort: Cohort | None = None,
    override: str = "",
) -> Continuation:
    """Decide what becomes of something carried over: it goes on here, is kept for later, or is not available.

    A place that goes on needs a cohort of its program here; the person gets a seat (by the rules of
    :func:`enroll`) with the hours they bring. A place in line stays as it is in any case.
    """
    by.require(Permission.ENROLL, continuation.to_facility_id)
    fresh = Continuation.objects.select_for_update(of=("self",)).get(pk=continuation.pk)
    stop(_can_decide(fresh, decision, cohort))
    if cohort is not None and fresh.enrollment is not None and decision == STATUS.CONTINUED:
        enroll(
            by=by,
            participant=fresh.participant,
            cohort=cohort,
            override=override,
            carried_hours=hours_so_far(fresh.enrollment),
        )
    fresh.status = decision
    fresh.decided_by, fresh.decided_at = by.name, timezone.now()
    fresh.save(update_fields=["status", "decided_by", "decided_at"])
    return fresh


def _can_decide(continuation: Continuation, decision: str, cohort: Cohort | None) -> Decision:
    found = []
    if continuation.status != STATUS.OPEN:
        found.append(Reason("already_decided", _("This was decided already.")))
    if decision not in set(STATUS) - {STATUS.OPEN}:
        found.append(Reason("decision_unknown", _("Choose what becomes of it.")))
    if continuation.kind == KIND.PLACE and decision == STATUS.CONTINUED:
        if cohort is None:
            found.append(Reason("cohort_missing", _("Choose the cohort in which it goes on.")))
        elif (cohort.program_id, cohort.facility_id) != (
            continuation.program_id,
            continuation.to_facility_id,
        ):
            found.append(Reason("other_program", _("Choose a cohort of the same program in this facility.")))
    return Decision(tuple(found))
