"""Verbs of a dated session: schedule, move, cancel, undo, record as held, make up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience
from throughgate.places.models import RegimeKind, RegimePeriod, Room
from throughgate.policies import queries as policies
from throughgate.policies.reasons import may_undo
from throughgate.programs import notices
from throughgate.programs.actions import attendance, calls
from throughgate.programs.actions.cancelling import (
    BroughtBack,
    bring_back,
    lock,
    put_off,
    scheduled_minutes,
    split_leaders,
)
from throughgate.programs.models import (
    Call,
    Cohort,
    CohortStatus,
    Enrollment,
    EnrollmentStatus,
    Facilitator,
    Session,
    SessionKind,
    SessionStatus,
)
from throughgate.programs.queries.whereabouts import not_free

OVER = (CohortStatus.FINISHED, CohortStatus.CANCELLED)


@dataclass
class Scheduled:
    """A new session, and whom or what it still lacks, in words."""

    session: Session
    called: int = 0
    missing: list[str] = field(default_factory=list)


@transaction.atomic
def schedule(
    *,
    by: Actor,
    cohort: Cohort,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    room: Room | None = None,
    title: str = "",
    kind: SessionKind = SessionKind.SCHEDULED,
    officer: str = "",
    makes_up_for: Session | None = None,
) -> Scheduled:
    """Add one dated session to a cohort, with its usual leaders and everybody who has a seat.

    Who cannot come then (elsewhere, away, kept apart, a leader without clearance) is left out and named in
    ``missing``. Refuses, with every reason at once, a finished cohort, another facility's or a taken room,
    and an end before the start.
    """
    by.require(Permission.MANAGE_SESSIONS, cohort.facility)
    reasons = [*_against_time(starts_at, ends_at), *_against_room(cohort, room, starts_at, ends_at)]
    if cohort.status in OVER:
        reasons.append(Reason("cohort_over", _("This cohort is over."), _("Open another cohort.")))
    if reasons:
        raise Refused(reasons)
    session = Session(
        cohort=cohort,
        facility=cohort.facility,
        organization=cohort.organization,
        room=room,
        number=makes_up_for.number if makes_up_for else _next_number(cohort),
        title=title,
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        officer=officer,
        makes_up_for=makes_up_for,
    )
    with refusing():
        session.save()
    made = Scheduled(session)
    with scope.as_role(Audience.JOB, purpose="schedule a session"):
        _staff(made)
        _call(made)
    session.refresh_from_db()
    return made


def _next_number(cohort: Cohort) -> int:
    last = Session.objects.filter(cohort=cohort).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _against_time(starts_at: dt.datetime, ends_at: dt.datetime) -> Iterator[Reason]:
    if ends_at <= starts_at:
        yield Reason("session_ends_after_start", _("The session must end after it starts."))


def _against_room(
    cohort: Cohort, room: Room | None, starts_at: dt.datetime, ends_at: dt.datetime, but: int = 0
) -> Iterator[Reason]:
    if room is None:
        return
    if room.facility_id != cohort.facility_id:
        yield Reason("room_elsewhere", _("%(room)s is in another facility.") % {"room": room.name})
        return
    taken = (
        Session.objects.filter(room=room, starts_at__lt=ends_at, ends_at__gt=starts_at)
        .exclude(Q(status=SessionStatus.CANCELLED) | Q(pk=but))
        .exists()
    )
    if taken:
        text = _("%(room)s is taken at that time.") % {"room": room.name}
        yield Reason("session_room_is_taken", text, _("Choose another room or time."))


def _staff(made: Scheduled) -> None:
    for usual in made.session.cohort.usual_facilitators.filter(cover=False).select_related("visitor"):
        try:
            with refusing():
                Facilitator.objects.create(session=made.session, visitor=usual.visitor)
        except Refused as no:
            made.missing.append(f"{usual.visitor.name}: {no.reasons[0].text}")


def _call(made: Scheduled) -> None:
    session = made.session
    seats = list(
        Enrollment.objects.filter(cohort=session.cohort_id, status=EnrollmentStatus.ACTIVE).order_by("pk")
    )
    busy = not_free([seat.participant_id for seat in seats], session.starts_at, session.ends_at)
    free = [seat for seat in seats if seat.participant_id not in busy]
    left_out = len(busy) + len(calls.settle(free, [session]))
    made.called = session.calls.filter(status=Call.Status.CALLED).count()
    if left_out:
        text = ngettext("%(n)s person cannot come then.", "%(n)s people cannot come then.", left_out)
        made.missing.append(text % {"n": left_out})


@transaction.atomic
def move(
    *,
    by: Actor,
    session: Session,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    room: Room | None,
    override: str = "",
) -> Session:
    """Give a planned session another time or room; everything is asked again.

    Refuses, with every reason at once, a taken room, a leader who is elsewhere or not cleared then, and people
    who are called elsewhere. Someone who may overrule bookings can move it without those people: ``override``
    says why, and they are not called. Those who lead it and their organization are told, once.
    """
    by.require(Permission.MANAGE_SESSIONS, session.facility)
    held = lock(session)
    _planned(held)
    if (held.starts_at, held.ends_at, held.room_id) == (starts_at, ends_at, room.pk if room else None):
        return held
    reasons = [
        *_against_time(starts_at, ends_at),
        *_against_room(held.cohort, room, starts_at, ends_at, but=held.pk),
    ]
    with scope.as_role(Audience.JOB, purpose="move a session"):
        reasons += _against_leaders(held, starts_at, ends_at)
        people = list(held.calls.filter(status=Call.Status.CALLED).values_list("participant_id", flat=True))
        busy = not_free(people, starts_at, ends_at, but=held.pk)
    if busy and override:
        by.require(Permission.OVERRIDE_BOOKING, session.facility)
    elif busy:
        text = ngettext(
            "%(n)s person is called elsewhere then.", "%(n)s people are called elsewhere then.", len(busy)
        )
        remedy = _("Choose another time, or move it without them and say why.")
        reasons.append(Reason("called_elsewhere", text % {"n": len(busy)}, remedy, overridable=True))
    if reasons:
        raise Refused(reasons)
    before = notices.when(held)
    with scope.as_role(Audience.JOB, purpose="move a session"), refusing():
        held.calls.filter(participant__in=busy).update(status=Call.Status.WITHDRAWN, why_not=override[:120])
        held.starts_at, held.ends_at, held.room = starts_at, ends_at, room
        held.save(update_fields=["starts_at", "ends_at", "room"])
        notices.moved(held, before)
    held.refresh_from_db()
    return held


def _planned(session: Session) -> None:
    if session.status != SessionStatus.PLANNED:
        raise Refused(
            Reason(
                "session_not_planned",
                _("This session is %(status)s.") % {"status": str(session.get_status_display()).lower()},
                _("Schedule another session."),
            )
        )


def _against_leaders(session: Session, starts_at: dt.datetime, ends_at: dt.datetime) -> Iterator[Reason]:
    leaders = list(session.facilitators.filter(active=True).select_related("visitor"))
    _able, unable = split_leaders(session, leaders, starts_at, ends_at)
    for leader in unable:
        text = _("%(name)s leads another session then, or is not cleared.") % {"name": leader.visitor.name}
        yield Reason("facilitator_not_free", text, _("Find cover, or choose another time."))


@transaction.atomic
def cancel(*, by: Actor, session: Session, reason: str, words: str = "") -> Session:
    """Cancel a planned session for a reason of the pack.

    Everybody who was called gets the mark "session cancelled", so that credit and pay follow the pack; their
    calls are withdrawn, leaders are free again, and visitors and the partner are told once, in ``words`` or
    the public words of the reason. Pressing again changes nothing. Refuses an unknown reason, and a session
    whose attendance is already recorded.
    """
    by.require(Permission.MANAGE_SESSIONS, session.facility)
    held = lock(session)
    if held.status == SessionStatus.CANCELLED:
        return held
    _planned(held)
    known = policies.cancellations(held.facility.jurisdiction, held.facility.today()).data.reasons
    if reason not in known:
        listed = ", ".join(str(each.label) for each in known.values())
        raise Refused(Reason("unknown_reason", _("Choose one of the reasons: %(list)s.") % {"list": listed}))
    put_off(held, reason=reason, words=words.strip() or str(known[reason].public), by=by.name)
    held.refresh_from_db()
    return held


@transaction.atomic
def undo_cancel(*, by: Actor, session: Session, override: str = "") -> BroughtBack:
    """Take a cancellation back while the pack allows it (as shipped: on the same day) [P-216].

    The room, leaders and people come back where they are still free; ``missing`` says who does not. Refuses
    when it is too late, the session has begun, a lockdown holds, the room is taken, or nobody could lead it or come.
    """
    by.require(Permission.MANAGE_SESSIONS, session.facility)
    held = lock(session)
    if held.status != SessionStatus.CANCELLED or held.settled_at is None:
        raise Refused(Reason("not_cancelled", _("This session is not cancelled.")))
    facility = held.facility
    pack = policies.cancellations(facility.jurisdiction, facility.today())
    decision = may_undo(held.settled_at.astimezone(facility.zone).date(), facility.today(), pack)
    overruled = bool(override) and decision.overridable and by.can(Permission.OVERRIDE_BOOKING, facility)
    reasons = [] if overruled else list(decision.reasons)
    if held.starts_at <= timezone.now():
        reasons.append(Reason("session_begun", _("Its time has come already."), _("Book a make-up session.")))
    if _locked_down(held):
        text = _("A lockdown holds at that time.")
        reasons.append(
            Reason("regime_closed", text, _("Wait until it is lifted, or book a make-up session."))
        )
    if reasons:
        raise Refused(reasons)
    back = bring_back(held)
    held.refresh_from_db()
    return back


def _locked_down(session: Session) -> bool:
    return RegimePeriod.objects.filter(
        facility=session.facility_id,
        kind=RegimeKind.LOCKDOWN,
        lifted_at__isnull=True,
        units__isnull=True,
        during__overlap=(session.starts_at, session.ends_at),
    ).exists()


@transaction.atomic
def hold(*, by: Actor, session: Session, minutes: int | None = None) -> Session:
    """Record that a session took place; with fewer ``minutes`` than planned it was partly held.

    Attendance that counted more minutes is cut to what was held. Refuses a cancelled session, one that has
    not begun, and minutes that are not between 1 and its length.
    """
    if not by.can(Permission.MANAGE_SESSIONS, session.facility):
        by.require(Permission.MARK_ATTENDANCE, session.facility)
    held = lock(session)
    length = scheduled_minutes(held)
    reasons = []
    if held.status == SessionStatus.CANCELLED:
        reasons.append(Reason("session_is_cancelled", _("The session is cancelled.")))
    if held.starts_at > timezone.now():
        reasons.append(Reason("not_yet", _("The session has not begun yet.")))
    if minutes is not None and not 0 < minutes <= length:
        text = _("Give the minutes it lasted, from 1 to %(most)s.") % {"most": length}
        reasons.append(Reason("minutes_out_of_range", text))
    if reasons:
        raise Refused(reasons)
    lasted = length if minutes is None else minutes
    attendance.settle(held, by=by.name, minutes=lasted)
    attendance.cut(held, by=by.name, most=lasted)
    held.refresh_from_db()
    return held


@transaction.atomic
def book_make_up(
    *,
    by: Actor,
    session: Session,
    starts_at: dt.datetime,
    room: Room | None = None,
    ends_at: dt.datetime | None = None,
) -> Scheduled:
    """Book a make-up for a session that was cancelled or partly held, of the same length unless said otherwise.

    Leaders who led it come again where they are free. Refuses when it has a make-up already that still stands.
    """
    by.require(Permission.MANAGE_SESSIONS, session.facility)
    held = lock(session)
    if held.status not in (SessionStatus.CANCELLED, SessionStatus.PARTLY_HELD):
        raise Refused(Reason("nothing_to_make_up", _("Only a session that was lost can be made up.")))
    if held.make_ups.exclude(status=SessionStatus.CANCELLED).exists():
        raise Refused(Reason("made_up_already", _("A make-up for this session is booked already.")))
    made = schedule(
        by=by,
        cohort=held.cohort,
        starts_at=starts_at,
        ends_at=ends_at or starts_at + (held.ends_at - held.starts_at),
        room=room,
        title=held.title,
        kind=SessionKind.MAKE_UP,
        makes_up_for=held,
    )
    with scope.as_role(Audience.JOB, purpose="schedule a session"):
        _same_leaders(held, made)
    return made


def _same_leaders(before: Session, made: Scheduled) -> None:
    there = set(made.session.facilitators.values_list("visitor_id", flat=True))
    for each in before.facilitators.filter(active=True).exclude(visitor__in=there).select_related("visitor"):
        try:
            with refusing():
                Facilitator.objects.create(session=made.session, visitor=each.visitor, cover=each.cover)
        except Refused as no:
            made.missing.append(f"{each.visitor.name}: {no.reasons[0].text}")
