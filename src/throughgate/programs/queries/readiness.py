"""The readiness of many sessions at once, in a number of queries that does not grow with them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, Q, prefetch_related_objects
from django.utils import timezone

from throughgate.base import scope
from throughgate.base.scope import Audience
from throughgate.partners.models import Agreement
from throughgate.people.models import AccessNeed
from throughgate.places.models import CountTime, MovementWindow, RegimeKind, RegimePeriod
from throughgate.policies import queries as policies
from throughgate.programs.models import Call, Facilitator, Session, SessionStatus
from throughgate.programs.rules import readiness as rules
from throughgate.programs.rules.readiness import DONE, Facts, Leader, Place, Readiness
from throughgate.visitors.models import CLEARED, Clearance, ClearanceStatus

DAY = dt.timedelta(days=1)


@dataclass
class _Around:
    """What surrounds a set of sessions, each fact by the id of what it hangs on."""

    leaders: Mapping[int, list[Facilitator]] = field(default_factory=dict)
    clearances: Mapping[tuple[int, int], list[Clearance]] = field(default_factory=dict)
    step_free: Mapping[int, int] = field(default_factory=dict)
    apart: frozenset[int] = frozenset()
    regimes: Mapping[int, list[RegimePeriod]] = field(default_factory=dict)
    touched: Mapping[int, frozenset[int]] = field(default_factory=dict)
    counts: Mapping[int, list[CountTime]] = field(default_factory=dict)
    windows: Mapping[int, list[MovementWindow]] = field(default_factory=dict)
    agreements: Mapping[tuple[int, int], list[tuple[Any, dt.date | None]]] = field(default_factory=dict)


def of_sessions(sessions: Iterable[Session], *, now: dt.datetime | None = None) -> dict[int, Readiness]:
    """The readiness of each session, by its id. Sessions that are over or cancelled are "done".

    Reads what the actor may see; twelve queries at most, however many sessions there are. Hand the sessions
    over with facility, room, cohort and organization (they are fetched otherwise, together).
    """
    moment = now or timezone.now()
    given = list(sessions)
    prefetch_related_objects(given, "cohort", "room", "facility", "organization")
    coming = [s for s in given if s.status == SessionStatus.PLANNED and s.ends_at > moment]
    around = _around(coming) if coming else _Around()
    found = dict.fromkeys((s.pk for s in given), DONE)
    for session in coming:
        today = moment.astimezone(session.facility.zone).date()
        facts = _facts(session, around)
        pack = policies.readiness(session.facility.jurisdiction, today)
        found[session.pk] = rules.judge(facts, today=today, rules=pack.data)
    return found


def of_session(session: Session, *, now: dt.datetime | None = None) -> Readiness:
    """The readiness of one session."""
    return of_sessions([session], now=now)[session.pk]


def _around(sessions: Sequence[Session]) -> _Around:
    ids = [s.pk for s in sessions]
    facilities = {s.facility_id for s in sessions}
    leaders = _by(
        Facilitator.objects.filter(session__in=ids, active=True).select_related("visitor"), "session_id"
    )
    visitors = {leader.visitor_id for some in leaders.values() for leader in some}
    regimes = _regimes(sessions, facilities)
    return _Around(
        leaders=leaders,
        clearances=_clearances(visitors, facilities),
        step_free=_step_free([s.pk for s in sessions if s.room is not None and not s.room.step_free]),
        apart=_apart(ids),
        regimes=regimes,
        touched=_touched(ids, regimes),
        counts=_by(CountTime.objects.filter(facility__in=facilities), "facility_id"),
        windows=_by(MovementWindow.objects.filter(facility__in=facilities), "facility_id"),
        agreements=_agreements({s.organization_id for s in sessions if s.organization_id}),
    )


def _by(rows: Iterable[Any], column: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found


def _clearances(visitors: set[int], facilities: set[int]) -> dict[tuple[int, int], list[Clearance]]:
    found: dict[tuple[int, int], list[Clearance]] = defaultdict(list)
    for row in Clearance.objects.filter(visitor__in=visitors, facility__in=facilities):
        found[row.visitor_id, row.facility_id].append(row)
    return found


def _step_free(ids: Sequence[int]) -> dict[int, int]:
    """How many called people need a step-free room, for the sessions whose room is not."""
    if not ids:
        return {}
    needing = AccessNeed.objects.filter(kind="step_free").values("participant")
    calls = Call.objects.filter(session__in=ids, status=Call.Status.CALLED, participant__in=needing)
    rows = calls.values("session").annotate(n=Count("pk")).order_by("session")
    return {row["session"]: row["n"] for row in rows}


def _apart(ids: Sequence[int]) -> frozenset[int]:
    """Sessions with a keep-apart conflict; only staff may ask, and learn no more than that there is one."""
    context = scope.current()
    if context is None or context.audience not in (Audience.STAFF, Audience.JOB):
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tg.sessions_to_keep_apart(%s::bigint[])", [list(ids)])
        return frozenset(row[0] for row in cursor.fetchall())


def _regimes(sessions: Sequence[Session], facilities: set[int]) -> dict[int, list[RegimePeriod]]:
    span = (min(s.starts_at for s in sessions), max(s.ends_at for s in sessions))
    rows = RegimePeriod.objects.filter(
        facility__in=facilities, lifted_at__isnull=True, during__overlap=span
    ).prefetch_related("units")
    return _by(rows, "facility_id")


def _touched(ids: Sequence[int], regimes: Mapping[int, list[RegimePeriod]]) -> dict[int, frozenset[int]]:
    """For regimes of some units only: from which of those units each session has people."""
    units = {unit.pk for some in regimes.values() for regime in some for unit in regime.units.all()}
    if not units:
        return {}
    found: dict[int, set[int]] = defaultdict(set)
    calls = Call.objects.filter(session__in=ids, status=Call.Status.CALLED, participant__unit__in=units)
    for session, unit in calls.values_list("session_id", "participant__unit_id"):
        found[session].add(unit)
    return {session: frozenset(some) for session, some in found.items()}


def _agreements(organizations: set[int]) -> dict[tuple[int, int], list[tuple[Any, dt.date | None]]]:
    found: dict[tuple[int, int], list[tuple[Any, dt.date | None]]] = defaultdict(list)
    # What was signed with an organization that is paused or gone covers no session.
    rows = Agreement.objects.filter(
        Q(kind="mou") | Q(kind="service"),
        organization__in=organizations,
        organization__status__in=["approved", "active", "listed"],
        state="signed",
    ).values_list("organization_id", "facilities", "valid", "terminated_on")
    for organization, facility, valid, terminated in rows:
        found[organization, facility].append((valid, terminated))
    return found


def _facts(session: Session, around: _Around) -> Facts:
    facility, cohort, room = session.facility, session.cohort, session.room
    starts = session.starts_at.astimezone(facility.zone)
    ends = session.ends_at.astimezone(facility.zone)
    day = starts.date()
    windows = [w for w in around.windows.get(facility.pk, ()) if day.weekday() in w.weekdays]
    counts = [c for c in around.counts.get(facility.pk, ()) if day.weekday() in c.weekdays]
    partner = session.organization_id
    papers = around.agreements.get((partner, facility.pk), []) if partner else []
    until = [last for valid, terminated in papers if (last := _last(valid, terminated)) is not None]
    return Facts(
        day=day,
        starts=starts.time(),
        ends=ends.time() if ends.date() == day else dt.time.max,
        session=session.code,
        cohort=cohort.code,
        organization=session.organization.code if session.organization else "",
        leaders=tuple(_leader(f, facility.pk, day, around) for f in around.leaders.get(session.pk, ())),
        room=Place(room.name, room.capacity, room.step_free) if room else None,
        step_free_needed=around.step_free.get(session.pk, 0),
        called=session.called,
        minimum=cohort.minimum,
        capacity=cohort.capacity + cohort.seats_overridden,
        keep_apart=session.pk in around.apart,
        regimes=tuple(_regime(r) for r in around.regimes.get(facility.pk, ()) if _hits(r, session, around)),
        counts=tuple((c.starts, _end(c)) for c in counts),
        movement=tuple((w.opens, w.closes) for w in windows),
        partner=partner is not None,
        agreement=any(_holds(valid, terminated, day) for valid, terminated in papers),
        agreement_until=max(until, default=None),
        needs_officer=cohort.needs_officer,
        officer=session.officer,
    )


def _leader(leader: Facilitator, facility: int, day: dt.date, around: _Around) -> Leader:
    visitor = leader.visitor
    own = around.clearances.get((visitor.pk, facility), [])
    held = [c for c in own if c.status in CLEARED and c.valid is not None]
    gone = visitor.left_on is not None and visitor.left_on <= day
    ends = [c.valid.upper - DAY for c in held if c.valid.upper is not None]
    return Leader(
        name=visitor.name,
        code=visitor.code,
        cleared=any(c.holds_on(day) for c in held),
        lacking=not gone and any(_within(c.valid, day) and not c.holds_on(day) for c in held),
        until=max(ends, default=None),
        suspended=any(c.status == ClearanceStatus.SUSPENDED for c in own),
    )


def _within(span: Any, day: dt.date) -> bool:
    return (span.lower is None or span.lower <= day) and (span.upper is None or day < span.upper)


def _holds(valid: Any, terminated: dt.date | None, day: dt.date) -> bool:
    return _within(valid, day) and (terminated is None or day < terminated)


def _last(valid: Any, terminated: dt.date | None) -> dt.date | None:
    """The last day an agreement holds; None when it goes on."""
    ends = [day - DAY for day in (valid.upper, terminated) if day is not None]
    return min(ends, default=None)


def _hits(regime: RegimePeriod, session: Session, around: _Around) -> bool:
    """Whether a regime reaches this session: its time, and its people where it is about some units only."""
    during: Any = regime.during
    if not (during.lower < session.ends_at and (during.upper is None or session.starts_at < during.upper)):
        return False
    units = {unit.pk for unit in regime.units.all()}
    return not units or bool(units & around.touched.get(session.pk, frozenset()))


def _regime(regime: RegimePeriod) -> rules.Regime:
    some = bool(regime.units.all())
    return rules.Regime(regime.kind == RegimeKind.LOCKDOWN and not some, regime.public_reason)


def _end(count: CountTime) -> dt.time:
    ends = dt.datetime.combine(dt.date.min, count.starts) + dt.timedelta(minutes=count.minutes)
    return ends.time() if ends.date() == dt.date.min else dt.time.max
