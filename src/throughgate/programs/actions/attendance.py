"""Recording who came: one mark a person, all at once, with the history of every change of mind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Reason, Refused
from throughgate.policies import queries as policies
from throughgate.policies.attendance import AttendanceRules, counted_minutes, may_edit, may_record, paid
from throughgate.policies.packs import Pack
from throughgate.programs.actions import credit
from throughgate.programs.actions.cancelling import lock, scheduled_minutes
from throughgate.programs.models import Attendance, AttendanceChange, Call, Session, SessionStatus


@dataclass(frozen=True)
class Mark:
    """What is said about one person: the participant's code, a code of the pack and, where it matters, more.

    ``minutes`` are those the person was there, None when nobody noted times.
    """

    participant: str
    code: str
    detail: str = ""
    note: str = ""
    minutes: int | None = None


@dataclass(frozen=True)
class Marked:
    """What marking did. ``missing`` is how many of those called still have no mark."""

    new: int
    changed: int
    unchanged: int
    missing: int
    status: str


@dataclass(frozen=True)
class _Step:
    """One mark, whom it is about, and what was said before."""

    mark: Mark
    call: Call
    before: Attendance | None


@transaction.atomic
def mark(*, by: Actor, session: Session, marks: Iterable[Mark], why: str = "") -> Marked:
    """Record attendance for any number of the people called to a session, all or nothing.

    Marks with an empty code leave that person as they are, and what is said already stays: pressing again
    changes nothing. Refuses, naming each person: someone who is not called, an unknown mark or one that only
    cancelling sets, a missing note, a mark before its day, and one whose editing window is over. Someone who
    may correct attendance passes that window by saying ``why``. Hours and credit follow in the same moment.
    """
    by.require(Permission.MARK_ATTENDANCE, session.facility)
    held = lock(session)
    if held.status == SessionStatus.CANCELLED:
        raise Refused(
            Reason("session_is_cancelled", _("The session is cancelled."), _("Undo the cancellation first."))
        )
    day = held.starts_at.astimezone(held.facility.zone).date()
    pack = policies.attendance(held.facility.jurisdiction, day)
    steps, reasons = _steps(held, [each for each in marks if each.code], pack)
    today = held.facility.today()
    correcting = bool(why.strip()) and by.can(Permission.CORRECT_ATTENDANCE, held.facility)
    fresh = [step for step in steps if not _same(step, held, pack.data)]
    for step in fresh:
        found = _against(step, held, today, pack)
        reasons += [reason for reason in found if not (reason.overridable and correcting)]
    if reasons:
        raise Refused(reasons)
    _write(held, fresh, by=by.name, why=why.strip(), pack=pack)
    _outcome(held, by.name, pack.data)
    return _said(held, fresh, len(steps))


def correct(*, by: Actor, session: Session, mark: Mark, why: str) -> Marked:
    """Change one mark after its editing window, with a reason; the earlier mark stays in the history."""
    by.require(Permission.CORRECT_ATTENDANCE, session.facility)
    if not why.strip():
        raise Refused(Reason("why_missing", _("Say why the mark is corrected.")))
    return _mark(by=by, session=session, marks=[mark], why=why)


_mark = mark  # the verb above, under a name that the argument of `correct` does not hide


def _steps(
    session: Session, marks: Sequence[Mark], pack: Pack[AttendanceRules]
) -> tuple[list[_Step], list[Reason]]:
    calls = {
        call.participant.code: call
        for call in Call.objects.filter(session=session, status=Call.Status.CALLED)
        .select_related("participant")
        .order_by("pk")
    }
    before = {row.call_id: row for row in Attendance.objects.filter(session=session)}
    steps: list[_Step] = []
    reasons: list[Reason] = []
    for each in marks:
        call = calls.get(each.participant)
        if call is None:
            text = _("%(code)s is not called to this session.") % {"code": each.participant}
            reasons.append(Reason("not_called", text, _("Reload the page: the list has changed.")))
        elif each.code not in pack.data.marks or not pack.data.marks[each.code].by_person:
            text = _("%(name)s: %(code)s is no mark that can be given.")
            known = ", ".join(str(m.label) for m in pack.data.marks.values() if m.by_person)
            remedy = _("Choose one of: %(list)s.") % {"list": known}
            reasons.append(
                Reason("unknown_mark", text % {"name": call.participant.name, "code": each.code}, remedy)
            )
        else:
            steps.append(_Step(each, call, before.get(call.pk)))
    return steps, reasons


def _minutes(step: _Step, session: Session, rules: AttendanceRules) -> int:
    length = scheduled_minutes(session)
    if session.minutes_held is not None:
        length = min(length, session.minutes_held)
    return counted_minutes(rules, step.mark.code, length, step.mark.minutes)


def _same(step: _Step, session: Session, rules: AttendanceRules) -> bool:
    old, new = step.before, step.mark
    if old is None or (old.code, old.detail, old.note) != (new.code, new.detail, new.note):
        return False
    # Nobody noted times this time: what was noted before stays.
    return new.minutes is None or old.minutes == _minutes(step, session, rules)


def _against(step: _Step, session: Session, today: dt.date, pack: Pack[AttendanceRules]) -> Iterator[Reason]:
    """What stands against a mark, each reason once and with the person's name."""
    new, old, zone = step.mark, step.before, session.facility.zone
    day = session.starts_at.astimezone(zone).date()
    complete = may_record(new.code, day, today, pack, note=new.note, sub_reason=new.detail)
    in_time = may_edit(
        old.code if old else None,
        day,
        old.marked_at.astimezone(zone).date() if old else None,
        today,
        pack,
        is_paid=paid(pack.data, old.code, old.detail) if old and old.code in pack.data.marks else None,
    )
    found = {reason.code: reason for reason in (*in_time.reasons, *complete.reasons)}
    for reason in found.values():
        text = f"{step.call.participant.name}: {reason.text}"
        yield Reason(reason.code, text, reason.remedy, reason.overridable)


def _write(
    session: Session, steps: Sequence[_Step], *, by: str, why: str, pack: Pack[AttendanceRules]
) -> None:
    if not steps:
        return
    now = timezone.now()
    AttendanceChange.objects.bulk_create(
        _earlier(step.before, by, why) for step in steps if step.before is not None
    )
    new: list[Attendance] = []
    for step in steps:
        row = step.before or Attendance(
            call=step.call, participant_id=step.call.participant_id, session=session, version=0
        )
        row.code, row.detail, row.note = step.mark.code, step.mark.detail, step.mark.note.strip()
        row.minutes = _minutes(step, session, pack.data)
        row.marked_by, row.marked_at, row.pack = by, now, pack.cite
        row.version += 1
        if step.before is None:
            new.append(row)
        else:
            row.save(force_update=True)
    Attendance.objects.bulk_create(new)
    credit.after_marks(
        session, [step.call.participant_id for step in steps], why=why or _("attendance changed")
    )


def _earlier(old: Attendance, by: str, why: str) -> AttendanceChange:
    return AttendanceChange(
        attendance=old,
        participant_id=old.participant_id,
        session_id=old.session_id,
        version=old.version,
        code=old.code,
        detail=old.detail,
        minutes=old.minutes,
        note=old.note,
        marked_by=old.marked_by,
        marked_at=old.marked_at,
        replaced_by=by,
        why=why,
    )


def _outcome(session: Session, by: str, rules: AttendanceRules) -> None:
    """Somebody was there, so the session was held; when nobody was, a person says what became of it."""
    if session.status != SessionStatus.PLANNED:
        return
    there = [code for code, mark in rules.marks.items() if mark.attended]
    if Attendance.objects.filter(session=session, code__in=there).exists():
        settle(session, by=by, minutes=scheduled_minutes(session))


def settle(session: Session, *, by: str, minutes: int) -> None:
    """Write down that a locked session was held, for so many minutes."""
    full = minutes >= scheduled_minutes(session)
    status = SessionStatus.HELD if full else SessionStatus.PARTLY_HELD
    if (session.status, session.minutes_held) == (status, minutes):
        return
    session.status, session.minutes_held = status, minutes
    session.settled_by, session.settled_at = by, timezone.now()
    session.save(update_fields=["status", "minutes_held", "settled_by", "settled_at"])


def cut(session: Session, *, by: str, most: int) -> None:
    """Cut the minutes of everybody to those that a session really lasted; each cut is a change with history."""
    over = list(Attendance.objects.filter(session=session, minutes__gt=most).order_by("pk"))
    if not over:
        return
    why = _("the session lasted %(n)s minutes") % {"n": most}
    AttendanceChange.objects.bulk_create(_earlier(row, by, why) for row in over)
    for row in over:
        row.minutes, row.version = most, row.version + 1
        row.marked_by, row.marked_at = by, timezone.now()
        row.save(force_update=True)
    credit.after_marks(session, [row.participant_id for row in over], why=why)


def _said(session: Session, fresh: Sequence[_Step], asked: int) -> Marked:
    called = Call.objects.filter(session=session, status=Call.Status.CALLED)
    changed = sum(1 for step in fresh if step.before is not None)
    return Marked(
        new=len(fresh) - changed,
        changed=changed,
        unchanged=asked - len(fresh),
        missing=called.filter(attendance__isnull=True).count(),
        status=session.status,
    )
