"""Attendance from above: the day's summary, and sessions whose attendance nobody has recorded."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Prefetch, Q
from django.utils import timezone

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.places.models import DayPart, Facility, MovementWindow
from throughgate.policies import queries as policies
from throughgate.policies.attendance import chase
from throughgate.policies.library import library
from throughgate.programs.models import Attendance, Call, Facilitator, Session, SessionStatus
from throughgate.programs.rules.dayparts import day_part

DAY = dt.timedelta(days=1)
# People called who have no mark. Those whom a lockdown kept in their unit have one and are not called.
UNMARKED = Count("calls", filter=Q(calls__status=Call.Status.CALLED, calls__attendance__isnull=True))


@dataclass
class PartSummary:
    """One part of a day: sessions by what became of them, people by mark. ``people`` is everybody called."""

    part: DayPart
    sessions: int = 0
    held: int = 0
    cancelled: int = 0
    people: int = 0
    attended: int = 0
    absent: int = 0
    not_sent: int = 0
    cancelled_people: int = 0
    not_recorded: int = 0
    by_code: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> int | None:
        """Those who attended of those called to sessions that were not cancelled, in percent; None for none."""
        of = self.people - self.cancelled_people
        return round(100 * self.attended / of) if of else None


@dataclass(frozen=True)
class Summary:
    """A facility's day ([P-252]): its parts, and where most people refused, as (title, session code, people)."""

    day: dt.date
    parts: tuple[PartSummary, ...]
    refusals: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Missing:
    """A session that is over and whose attendance is not complete ([P-253])."""

    code: str
    title: str
    cohort: str
    facility: str
    day: dt.date
    starts: dt.datetime
    called: int
    recorded: int
    days_late: int
    owner: str
    stage: str  # due, overdue or escalated
    closes_on: dt.date
    asked: bool  # whether it was due by the pack's time of day


def daily_summary(by: Actor, facility: Facility, day: dt.date) -> Summary:
    """Attended, absent, not recorded and cancelled by part of the day, and the top refusals. Four queries."""
    by.require(Permission.VIEW_RESTRICTED, facility)
    first, last = facility.at(day, dt.time.min), facility.at(day + DAY, dt.time.min)
    sessions = list(
        Session.objects.filter(facility=facility, starts_at__gte=first, starts_at__lt=last)
        .annotate(unmarked=UNMARKED)
        .select_related("cohort__program")
        .order_by("starts_at", "pk")
    )
    windows = [
        (w.part, w.opens, w.closes)
        for w in MovementWindow.objects.filter(facility=facility).order_by("opens")
        if day.weekday() in w.weekdays
    ]
    codes: dict[int, Counter[str]] = defaultdict(Counter)
    for session_id, code in Attendance.objects.filter(session__in=sessions).values_list("session_id", "code"):
        codes[session_id][code] += 1
    attended = {
        code for code, m in policies.attendance(facility.jurisdiction, day).data.marks.items() if m.attended
    }
    parts = {part: PartSummary(part) for part in DayPart}
    for session in sessions:
        part = day_part(session.starts_at.astimezone(facility.zone).time(), windows)
        _add(parts[part], session, codes[session.pk], attended)
    refused = sorted(
        (
            (session.cohort.program.list_label, session.code, codes[session.pk]["refused"])
            for session in sessions
            if codes[session.pk]["refused"]
        ),
        key=lambda row: -row[2],
    )
    return Summary(day, tuple(part for part in parts.values() if part.sessions), tuple(refused[:5]))


def _add(part: PartSummary, session: Session, codes: Counter[str], attended: set[str]) -> None:
    part.sessions += 1
    part.held += session.status in (SessionStatus.HELD, SessionStatus.PARTLY_HELD)
    part.cancelled += session.status == SessionStatus.CANCELLED
    recorded = codes.total()
    unmarked: int = session.unmarked  # type: ignore[attr-defined]
    part.people += recorded + unmarked
    came = sum(n for code, n in codes.items() if code in attended)
    part.attended += came
    part.cancelled_people += codes["session_cancelled"]
    part.not_sent += codes["not_sent"]
    part.absent += recorded - came - codes["session_cancelled"] - codes["not_sent"]
    part.not_recorded += unmarked
    part.by_code += codes


def missing_attendance(
    by: Actor, *, facilities: Iterable[int] | None = None, now: dt.datetime | None = None
) -> list[Missing]:
    """Sessions that are over with people not recorded, the latest first; for a partner only its own.

    Only as long as the pack's window is open: afterwards nobody may record without a reason.
    """
    moment = now or timezone.now()
    windows = [pack.data.unrecorded_days for pack in library().packs if pack.kind == "attendance"]
    sessions = Session.objects.filter(
        ends_at__lt=moment, starts_at__gt=moment - (max(windows) + 2) * DAY, called__gt=0
    ).exclude(status=SessionStatus.CANCELLED)
    places = set(facilities) if facilities is not None else by.facility_ids
    if places:
        sessions = sessions.filter(facility__in=places)
    if by.organization_id:
        sessions = sessions.filter(organization=by.organization_id)
    leading = Facilitator.objects.filter(active=True).select_related("visitor").order_by("cover", "pk")
    found = [
        each
        for session in sessions.annotate(unmarked=UNMARKED)
        .filter(unmarked__gt=0)
        .select_related("facility", "cohort__program", "organization")
        .prefetch_related(Prefetch("facilitators", leading, to_attr="coming"))
        .order_by("starts_at", "pk")
        if (each := _missing(session, moment)) is not None
    ]
    return sorted(found, key=lambda each: -each.days_late)


def _missing(session: Session, now: dt.datetime) -> Missing | None:
    facility = session.facility
    starts = session.starts_at.astimezone(facility.zone)
    local = now.astimezone(facility.zone)
    limits = chase(starts.date(), policies.attendance(facility.jurisdiction, starts.date()))
    if local.date() > limits.closes_on:
        return None
    if local.date() >= limits.escalate_on:
        stage = "escalated"
    else:
        stage = "overdue" if local.date() >= limits.overdue_on else "due"
    coming: list[Facilitator] = session.coming  # type: ignore[attr-defined]
    owner = coming[0].visitor.name if coming else (session.organization.name if session.organization else "")
    return Missing(
        code=session.code,
        title=session.cohort.program.list_label,
        cohort=session.cohort.name,
        facility=facility.name,
        day=starts.date(),
        starts=starts,
        called=session.called,
        recorded=session.called - session.unmarked,  # type: ignore[attr-defined]
        days_late=(local.date() - starts.date()).days,
        owner=owner,
        stage=stage,
        closes_on=limits.closes_on,
        asked=local.replace(tzinfo=None) >= limits.due,
    )
