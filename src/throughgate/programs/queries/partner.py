"""What a partner organization may know: its own sessions, people, cohorts and figures."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base import scope
from throughgate.policies import queries as policies
from throughgate.programs.models import (
    OPEN_WAIT,
    SEATED,
    Attendance,
    Cohort,
    Enrollment,
    Session,
    SessionStatus,
    WaitlistEntry,
)
from throughgate.programs.queries import readiness
from throughgate.programs.rules.readiness import Readiness

# Reasons that a partner can do something about or must know; the others stay inside the facility.
TOLD = frozenset(
    {
        "no_facilitator",
        "not_cleared",
        "no_room",
        "nobody_called",
        "under_minimum",
        "regime_closed",
        "regime_modified",
        "no_agreement",
    }
)


@dataclass(frozen=True)
class SessionRow:
    """A session as its partner sees it. Times are moments; ``facility.zone`` gives the clock."""

    session: Session
    readiness: Readiness

    @property
    def missing(self) -> int:
        """People called for whom nothing is marked yet, once the session has begun."""
        if self.session.status == SessionStatus.CANCELLED or self.session.starts_at > timezone.now():
            return 0
        return max(0, self.session.called - self.session.recorded)

    @property
    def reasons(self) -> list[str]:
        """What is missing, in words."""
        return [reason.text for reason in self.readiness.reasons]

    @property
    def on(self) -> bool:
        """Whether it takes place, as far as anyone knows."""
        return self.session.status != SessionStatus.CANCELLED


@dataclass(frozen=True)
class Figures:
    """A partner's own totals of twelve months; ``unknown`` are people called of whom nothing was recorded."""

    held: int
    cancelled: int
    hours: float
    called: int
    attended: int
    unknown: int
    causes: list[tuple[str, int]]
    served: int
    marks: list[tuple[str, int]]
    since: dt.date
    smallest: int

    @property
    def enough(self) -> bool:
        """Whether the numbers of people are large enough to be shown."""
        return self.called >= self.smallest


def _sessions(by: Actor) -> QuerySet[Session]:
    return Session.objects.filter(organization=by.organization_id).select_related(
        "facility", "room", "cohort__program", "organization"
    )


def sessions(by: Actor, start: dt.datetime, end: dt.datetime) -> list[SessionRow]:
    """The partner's sessions that begin in a span, with what of their readiness concerns a partner."""
    return _rows(_sessions(by).filter(starts_at__gte=start, starts_at__lt=end).order_by("starts_at", "id"))


def session(by: Actor, code: str) -> SessionRow | None:
    """One of the partner's sessions, or None."""
    rows = _rows(_sessions(by).filter(code=code))
    return rows[0] if rows else None


def to_mark(by: Actor) -> list[SessionRow]:
    """Sessions that are over and lack marks, oldest first, within the days in which they may be marked."""
    now = timezone.now()
    found = _rows(
        _sessions(by)
        .filter(ends_at__lt=now, ends_at__gte=now - dt.timedelta(days=30))
        .exclude(status=SessionStatus.CANCELLED)
        .order_by("starts_at", "id")
    )
    return [row for row in found if row.missing and _may_still(row.session)]


def _may_still(session: Session) -> bool:
    today = session.facility.today()
    day = session.starts_at.astimezone(session.facility.zone).date()
    rules = policies.attendance(session.facility.jurisdiction, day).data
    return (today - day).days <= rules.unrecorded_days


def people(by: Actor) -> list[Enrollment]:
    """Who has a seat in the partner's cohorts now, by name."""
    return list(
        Enrollment.objects.filter(organization=by.organization_id, status__in=SEATED)
        .select_related("participant__facility", "participant__unit", "cohort__program")
        .order_by("participant__sort_name", "cohort__name", "id")
    )


def cohorts(by: Actor) -> list[Cohort]:
    """The partner's cohorts, running ones first."""
    return list(
        Cohort.objects.filter(organization=by.organization_id)
        .select_related("program", "facility", "room")
        .order_by("-ends_on", "name", "id")
    )


def figures(by: Actor, today: dt.date) -> Figures:
    """Twelve months in numbers: held and cancelled with causes, who was called, who came, who is unknown."""
    since = today - dt.timedelta(days=365)
    rows = _sessions(by).filter(starts_at__date__gte=since, ends_at__lt=timezone.now()).order_by()
    happened = Q(status__in=[SessionStatus.HELD, SessionStatus.PARTLY_HELD])
    found = rows.aggregate(
        held=Count("id", filter=happened),
        cancelled=Count("id", filter=Q(status=SessionStatus.CANCELLED)),
        minutes=Sum("minutes_held", filter=happened),
        called=Sum("called", filter=happened),
        recorded=Sum("recorded", filter=happened),
        attended=Sum("attended", filter=happened),
    )
    called, recorded = found["called"] or 0, found["recorded"] or 0
    marked = Attendance.objects.filter(session__in=rows.values("pk"))
    return Figures(
        held=found["held"],
        cancelled=found["cancelled"],
        hours=round((found["minutes"] or 0) / 60, 1),
        called=called,
        attended=found["attended"] or 0,
        unknown=max(0, called - recorded),
        causes=_causes(rows.filter(status=SessionStatus.CANCELLED).select_related("facility"), today),
        served=marked.filter(minutes__gt=0).aggregate(n=Count("participant", distinct=True))["n"],
        marks=_marks(marked, today),
        since=since,
        smallest=policies.publishing(settings.JURISDICTION, today).data.smallest,
    )


def _marks(marked: QuerySet[Attendance], today: dt.date) -> list[tuple[str, int]]:
    """How often each mark was given, as the pack in force today calls it."""
    labels = policies.attendance(settings.JURISDICTION, today).data.marks
    rows = marked.order_by().values("code").annotate(n=Count("pk")).order_by("-n", "code")
    return [
        (str(labels[row["code"]].label) if row["code"] in labels else row["code"], row["n"]) for row in rows
    ]


def waiting(by: Actor, today: dt.date) -> list[tuple[str, str]]:
    """How many people wait for each of the partner's programs, in every facility; small numbers are not told."""
    least = policies.publishing(settings.JURISDICTION, today).data.smallest
    with scope.system("waiting for a partner's programs"):
        rows = list(
            WaitlistEntry.objects.filter(program__organization=by.organization_id, status__in=OPEN_WAIT)
            .order_by()
            .values("program__name")
            .annotate(n=Count("pk"))
            .order_by("program__name")
        )
    few = _("fewer than %(n)s") % {"n": least}
    return [(row["program__name"], str(row["n"]) if row["n"] >= least else few) for row in rows]


def _causes(cancelled: Iterable[Session], today: dt.date) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    for row in cancelled:
        reasons = policies.cancellations(row.facility.jurisdiction, today).data.reasons
        counted[str(reasons[row.reason].label) if row.reason in reasons else _("Another reason")] += 1
    return counted.most_common()


def _rows(found: Iterable[Session]) -> list[SessionRow]:
    given = list(found)
    # Readiness looks at facts that a partner may not read; only what concerns the partner is handed on.
    with scope.system("readiness for a partner"):
        lights = readiness.of_sessions(given)
    return [SessionRow(each, _told(lights[each.pk])) for each in given]


def _told(full: Readiness) -> Readiness:
    reasons = tuple(reason for reason in full.reasons if reason.code in TOLD)
    if full.light not in {"red", "amber"}:
        return replace(full, reasons=reasons)
    lights = {reason.light for reason in reasons}
    return Readiness("red" if "red" in lights else "amber" if "amber" in lights else "green", reasons)
