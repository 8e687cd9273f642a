"""Attendance: what a mark means, how long it may be changed, and when a missing one is chased.

The eight marks are [P-210]; "not sent" keeps the institution's failure apart from the person's absence
[P-212]. Windows are [P-213]. Days are the facility's local days; today is always an argument.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason

from .packs import Pack
from .reading import Table
from .words import Label

CAUSES = ("person", "institution", "partner", "none")
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class SubReason:
    """Why somebody was excused. Values here go before those of the mark."""

    code: str
    label: Label
    attributable_to: str
    pay: bool
    credit: bool
    restricted: bool  # shown to custody and partner only as "excused"


@dataclass(frozen=True)
class Mark:
    """One attendance code and what follows from it.

    `attributable_to` says whose doing a lost hour is: person, institution, partner or none. A mark with
    `cause_from_session` takes the cause from why the session was canceled.
    """

    code: str
    label: Label
    key: str
    attended: bool
    counts_hours: bool
    credit: bool
    pay: bool
    needs_note: bool
    attributable_to: str
    cause_from_session: bool
    in_advance: bool
    by_person: bool  # someone marks it; False when only canceling the session sets it
    sub_reasons: Mapping[str, SubReason]


@dataclass(frozen=True)
class AttendanceRules:
    """The data of an attendance pack. Minutes and days are whole numbers; clock times are local."""

    marks: Mapping[str, Mark]
    unrecorded_days: int
    unpaid_absence_days: int
    settled_days: int
    late_after_minutes: int
    early_before_minutes: int
    hours_are: str  # "actual": minutes present; "scheduled": the session's length
    missing_due: dt.time
    overdue_after_days: int
    escalate_after_days: int
    exports: Mapping[str, Mapping[str, str]]

    def by_key(self, key: str) -> Mark | None:
        """The mark behind a keyboard letter, either case."""
        return next((mark for mark in self.marks.values() if mark.key == key.lower()), None)

    def export_code(self, agency: str, code: str, sub_reason: str = "") -> str:
        """The agency's own code for a mark. Raises KeyError for an agency nobody mapped."""
        codes = self.exports[agency]
        return codes.get(f"{code}.{sub_reason}") or codes[code]


def read(top: Table) -> AttendanceRules:
    """Reads what is particular to an attendance pack."""
    marks = top.coded("codes", _mark)
    _check_keys(top, marks)
    editing, lateness, chase = top.table("editing"), top.table("lateness"), top.table("chase")
    exports = top.table("export", needed=False)
    rules = AttendanceRules(
        marks=marks,
        unrecorded_days=editing.whole("unrecorded_days"),
        unpaid_absence_days=editing.whole("unpaid_absence_days"),
        settled_days=editing.whole("settled_days"),
        late_after_minutes=lateness.whole("late_after_minutes"),
        early_before_minutes=lateness.whole("early_before_minutes"),
        hours_are=lateness.choice("hours_are", ("actual", "scheduled")),
        missing_due=chase.clock("due"),
        overdue_after_days=chase.whole("overdue_after_days"),
        escalate_after_days=chase.whole("escalate_after_days"),
        exports={agency: _export(exports, agency, marks) for agency in exports},
    )
    if rules.escalate_after_days < rules.overdue_after_days:
        chase.wrong("escalate_after_days", "must not come before overdue_after_days")
    for table in (editing, lateness, chase):
        table.finish()
    return rules


def _mark(table: Table) -> Mark:
    pay, credit = table.flag("pay"), table.flag("credit")
    cause = table.choice("attributable_to", CAUSES)

    def sub(inner: Table) -> SubReason:
        return SubReason(
            code=inner.text("code"),
            label=inner.label("label"),
            attributable_to=inner.choice("attributable_to", CAUSES, cause),
            pay=inner.flag("pay", pay),
            credit=inner.flag("credit", credit),
            restricted=inner.flag("restricted", False),
        )

    mark = Mark(
        code=table.text("code"),
        label=table.label("label"),
        key=table.text("key").lower(),
        attended=table.flag("attended"),
        counts_hours=table.flag("counts_hours"),
        credit=credit,
        pay=pay,
        needs_note=table.flag("needs_note"),
        attributable_to=cause,
        cause_from_session=table.flag("cause_from_session", False),
        in_advance=table.flag("in_advance", False),
        by_person=table.flag("by_person", True),
        sub_reasons=table.coded("sub_reasons", sub, needed=False),
    )
    if mark.counts_hours and not mark.attended:
        table.wrong("counts_hours", "hours count only for someone who attended")
    if len(mark.key) != 1:
        table.wrong("key", f"must be one letter or digit, not {mark.key!r}")
    return mark


def _check_keys(top: Table, marks: Mapping[str, Mark]) -> None:
    seen: dict[str, str] = {}
    for mark in marks.values():
        if mark.key in seen:
            top.wrong(f"codes[{mark.code}].key", f"{mark.key!r} is already the key of {seen[mark.key]}")
        seen[mark.key] = mark.code


def _export(exports: Table, agency: str, marks: Mapping[str, Mark]) -> dict[str, str]:
    codes = exports.text_map(agency)
    table = exports.table(agency)
    known = set(marks) | {f"{mark.code}.{sub}" for mark in marks.values() for sub in mark.sub_reasons}
    for name in codes:
        if name not in known:
            table.wrong(name, "is no attendance code of this pack")
    for code in marks:
        if code not in codes:
            table.wrong(code, "is missing; every attendance code needs one of the agency's codes")
    return codes


def paid(rules: AttendanceRules, code: str, sub_reason: str = "") -> bool:
    """Whether a mark is paid, before any amount: the sub-reason goes before the mark."""
    mark = rules.marks[code]
    sub = mark.sub_reasons.get(sub_reason)
    return sub.pay if sub else mark.pay


def credited(rules: AttendanceRules, code: str, sub_reason: str = "") -> bool:
    """Whether a mark may earn credit, before any credit rule: the sub-reason goes before the mark."""
    mark = rules.marks[code]
    sub = mark.sub_reasons.get(sub_reason)
    return sub.credit if sub else mark.credit


def cause(rules: AttendanceRules, code: str, sub_reason: str = "", *, session_cause: str = "none") -> str:
    """Whose doing a lost hour is: person, institution, partner or none.

    `session_cause` is the cause of the session's cancellation and counts for marks that take it from there.
    """
    mark = rules.marks[code]
    if mark.cause_from_session:
        return session_cause
    sub = mark.sub_reasons.get(sub_reason)
    return sub.attributable_to if sub else mark.attributable_to


def _settles(mark: Mark, is_paid: bool | None) -> bool:
    """Whether a mark settles something for the person: they were there, or they are paid for it."""
    return mark.attended or (mark.pay if is_paid is None else is_paid)


def last_day_to_edit(
    code: str | None,
    session_date: dt.date,
    recorded_on: dt.date | None,
    pack: Pack[AttendanceRules],
    *,
    is_paid: bool | None = None,
) -> dt.date:
    """The last day on which a mark may be changed; `code` None is "not recorded yet". [P-213]"""
    rules = pack.data
    if code is None or recorded_on is None:
        return session_date + rules.unrecorded_days * DAY
    if not _settles(rules.marks[code], is_paid):
        return session_date + rules.unpaid_absence_days * DAY
    # What was settled stays open on the day it was recorded, and never longer than an open mark.
    settled = max(recorded_on, session_date) + rules.settled_days * DAY
    return min(settled, session_date + max(rules.unrecorded_days, rules.settled_days) * DAY)


def may_edit(
    code: str | None,
    session_date: dt.date,
    recorded_on: dt.date | None,
    today: dt.date,
    pack: Pack[AttendanceRules],
    *,
    is_paid: bool | None = None,
) -> Decision:
    """Whether the mark of a session may be set or changed today.

    `code` and `recorded_on` are None while nothing is recorded; `is_paid` tells when this absence was paid
    otherwise than the code says. Raises KeyError for a code the pack does not know.
    """
    if today < session_date:
        if code is None or pack.data.marks[code].in_advance:
            return Decision()
        text = _("The session has not taken place yet.")
        return Decision((Reason("not_yet", text, _("Come back on the day of the session.")),))
    last = last_day_to_edit(code, session_date, recorded_on, pack, is_paid=is_paid)
    if today <= last:
        return Decision()
    name = "settled" if code is not None and _settles(pack.data.marks[code], is_paid) else "window_over"
    over = _("The time to change this mark ended on %(last)s (%(rule)s).") % {"last": last, "rule": pack.cite}
    remedy = _("Ask someone who may correct attendance; the earlier mark is kept in the history.")
    return Decision((Reason(name, over, remedy, overridable=True),))


def may_record(
    new_code: str,
    session_date: dt.date,
    today: dt.date,
    pack: Pack[AttendanceRules],
    *,
    note: str = "",
    sub_reason: str = "",
) -> Decision:
    """Whether a new mark is complete and of its time: before the day only marks that may be set in advance.

    Says every reason at once. Raises KeyError for a code the pack does not know.
    """
    mark = pack.data.marks[new_code]
    reasons = []
    if today < session_date and not mark.in_advance:
        text = _("The session has not taken place yet.")
        reasons.append(Reason("not_yet", text, _("Come back on the day of the session.")))
    if mark.needs_note and not note.strip():
        reasons.append(Reason("note_missing", _("This mark needs a short note."), _("Say what happened.")))
    if sub_reason and sub_reason not in mark.sub_reasons:
        known = ", ".join(str(sub.label) for sub in mark.sub_reasons.values()) or "-"
        unknown = _("%(code)s is no reason for this mark; there are: %(known)s.") % {
            "code": sub_reason,
            "known": known,
        }
        reasons.append(Reason("unknown_reason", unknown, _("Choose one of them.")))
    return Decision(tuple(reasons))


@dataclass(frozen=True)
class Chase:
    """When a missing mark is due (local time), overdue, raised to a lead, and when its window closes."""

    due: dt.datetime
    overdue_on: dt.date
    escalate_on: dt.date
    closes_on: dt.date


def chase(session_date: dt.date, pack: Pack[AttendanceRules]) -> Chase:
    """The deadlines of attendance nobody has recorded. Calendar days: classes run on weekends too."""
    rules = pack.data
    return Chase(
        due=dt.datetime.combine(session_date, rules.missing_due),
        overdue_on=session_date + rules.overdue_after_days * DAY,
        escalate_on=session_date + rules.escalate_after_days * DAY,
        closes_on=session_date + rules.unrecorded_days * DAY,
    )


def is_late(minutes_after_start: int, rules: AttendanceRules) -> bool:
    """Whether someone who came in so many minutes after the start was late."""
    return minutes_after_start > rules.late_after_minutes


def left_early(minutes_before_end: int, rules: AttendanceRules) -> bool:
    """Whether someone who left so many minutes before the end left early."""
    return minutes_before_end > rules.early_before_minutes


def counted_minutes(
    rules: AttendanceRules, code: str, scheduled_minutes: int, present_minutes: int | None = None
) -> int:
    """Minutes that count as attended: what was there, or the whole session where the pack says so.

    None for `present_minutes` means nobody noted times: the scheduled length counts, which is also the most.
    """
    if not rules.marks[code].counts_hours:
        return 0
    if rules.hours_are == "scheduled" or present_minutes is None:
        return scheduled_minutes
    return max(0, min(scheduled_minutes, present_minutes))
