"""Putting a session off and bringing it back, with everything that hangs on it. Used by verbs, not by pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience
from throughgate.places.models import RegimePeriod
from throughgate.policies import queries as policies
from throughgate.programs import notices
from throughgate.programs.actions import credit
from throughgate.programs.models import Attendance, Call, Facilitator, Session, SessionStatus
from throughgate.programs.rules.cohorts import NOT_NOW
from throughgate.visitors.models import Clearance

CANCELLED_MARK = "session_cancelled"


@dataclass
class BroughtBack:
    """A session that takes place after all, and what could not come back with it, in words."""

    session: Session
    called: int = 0
    missing: list[str] = field(default_factory=list)


def lock(session: Session) -> Session:
    """The session as it stands now, held until the transaction ends. Raises Refused when it is out of sight."""
    found = (
        Session.objects.select_for_update(of=("self",), no_key=True)
        .select_related("facility", "cohort__program", "room", "organization")
        .filter(pk=session.pk)
        .first()
    )
    if found is None:
        raise Refused(Reason("no_session", _("This session is not among yours.")))
    return found


def scheduled_minutes(session: Session) -> int:
    """Length of a session in minutes."""
    return int((session.ends_at - session.starts_at).total_seconds() // 60)


def put_off(
    session: Session, *, reason: str, words: str, by: str, regime: RegimePeriod | None = None
) -> list[int]:
    """Cancel a locked, planned session: mark and release its people, free its leaders, tell those who come.

    Returns the ids of those who were called. Refuses when somebody's attendance is already recorded.
    """
    with scope.as_role(Audience.JOB, purpose="cancel a session"):
        calls = list(Call.objects.filter(session=session, status=Call.Status.CALLED).order_by("pk"))
        marked = dict(Attendance.objects.filter(session=session).values_list("call_id", "code"))
        local = session.starts_at.astimezone(session.facility.zone).date()
        pack = policies.attendance(session.facility.jurisdiction, local)
        if any(not pack.data.marks[code].in_advance for code in marked.values() if code in pack.data.marks):
            raise Refused(
                Reason(
                    "attendance_recorded",
                    _("Attendance of this session is already recorded."),
                    _("Record it as partly held instead."),
                )
            )
        session.status, session.reason, session.public_words = SessionStatus.CANCELLED, reason, words[:200]
        session.settled_by, session.settled_at, session.minutes_held = by, timezone.now(), 0
        session.regime = regime
        session.save()
        Attendance.objects.bulk_create(
            Attendance(
                call=call,
                participant_id=call.participant_id,
                session=session,
                code=CANCELLED_MARK,
                marked_by=by,
                marked_at=session.settled_at,
                pack=pack.cite,
            )
            for call in calls
            if call.pk not in marked
        )
        Call.objects.filter(pk__in=[call.pk for call in calls]).update(
            status=Call.Status.WITHDRAWN, why_not=words[:120]
        )
        people = [call.participant_id for call in calls]
        credit.follow(people, why=_("session cancelled"))
        notices.cancelled(session)
    return people


def bring_back(session: Session, *, need_leader: bool = True) -> BroughtBack:
    """Undo a cancellation of a locked session: room, leaders and people come back where they are still free.

    Refuses with every reason, and changes nothing, when the room is taken or nobody could lead or come.
    """
    with scope.as_role(Audience.JOB, purpose="bring a session back"):
        stamp = session.settled_at.isoformat() if session.settled_at else ""
        reasons = list(_room_taken(session))
        able, unable = _leaders(session)
        if unable and not able and need_leader:
            reasons.append(
                Reason("no_facilitator", _("Nobody who led it is still free."), _("Find cover first."))
            )
        if reasons:
            raise Refused(reasons)
        back = BroughtBack(session)
        with refusing():
            Facilitator.objects.filter(pk__in=[each.pk for each in unable]).update(active=False)
            back.missing += [_("%(name)s is not free any more.") % {"name": f.visitor.name} for f in unable]
            session.status, session.reason, session.public_words = SessionStatus.PLANNED, "", ""
            session.settled_by, session.settled_at, session.minutes_held = "", None, None
            session.regime = None
            session.save()
            _call_again(session, back)
        notices.restored(session, stamp)
    return back


def _room_taken(session: Session) -> Iterator[Reason]:
    if session.room_id is None:
        return
    other = (
        Session.objects.filter(
            room=session.room_id, starts_at__lt=session.ends_at, ends_at__gt=session.starts_at
        )
        .exclude(Q(status=SessionStatus.CANCELLED) | Q(pk=session.pk))
        .exists()
    )
    if other:
        yield Reason("session_room_is_taken", _("The room is taken at that time."), _("Choose another room."))


def _leaders(session: Session) -> tuple[list[Facilitator], list[Facilitator]]:
    """Those who were to lead it: still able to, and not any more (called elsewhere, not cleared, left)."""
    leaders = list(Facilitator.objects.filter(session=session, active=True).select_related("visitor"))
    return split_leaders(session, leaders, session.starts_at, session.ends_at)


def split_leaders(
    session: Session, leaders: list[Facilitator], starts: dt.datetime, ends: dt.datetime
) -> tuple[list[Facilitator], list[Facilitator]]:
    """Leaders who could lead the session between two moments, and those who could not."""
    visitors = [each.visitor_id for each in leaders]
    busy = set(
        Facilitator.objects.filter(visitor__in=visitors, active=True, during__overlap=(starts, ends))
        .exclude(session=session)
        .values_list("visitor_id", flat=True)
    )
    day = starts.astimezone(session.facility.zone).date()
    cleared = set(
        Clearance.objects.filter(
            visitor__in=visitors, facility=session.facility_id, ready__contains=day
        ).values_list("visitor_id", flat=True)
    )
    able = [each for each in leaders if each.visitor_id in cleared - busy]
    return able, [each for each in leaders if each not in able]


def _call_again(session: Session, back: BroughtBack) -> None:
    """Those whom the cancellation released are called again, each where nothing stands against it now."""
    marks = Attendance.objects.filter(session=session, code=CANCELLED_MARK)
    released = list(marks.select_related("call", "participant").order_by("pk"))
    marks.delete()
    refused = 0
    for mark in released:
        try:
            with refusing():
                Call.objects.filter(pk=mark.call_id).update(status=Call.Status.CALLED, why_not="")
            back.called += 1
        except Refused as no:
            refused += 1
            why = NOT_NOW if no.reasons[0].code == "keep_apart" else str(no.reasons[0].text)
            Call.objects.filter(pk=mark.call_id).update(why_not=why[:120])
    if released and not back.called:
        raise Refused(Reason("nobody_free", _("Nobody who was called is still free.")))
    if refused:
        back.missing.append(_("%(n)s people are called elsewhere by now.") % {"n": refused})
    credit.follow([mark.participant_id for mark in released], why=_("cancellation undone"))
