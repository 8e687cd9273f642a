"""The year behind us and the weeks ahead: runs of programs, their dated sessions, and what became of them."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass, field

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from throughgate.demo.lines import Line
from throughgate.demo.making import DAY, Build, at, save, weighted
from throughgate.places.models import ClosedDay, RegimeKind, RegimePeriod, RegimeReason
from throughgate.policies import queries as policies
from throughgate.programs.models import (
    Cohort,
    CohortStatus,
    Facilitator,
    RegimeEffect,
    Session,
    SessionStatus,
    UsualFacilitator,
    WeeklySlot,
)
from throughgate.visitors.models import Visitor

AHEAD = 21
LOCKDOWN = (-152, -138)  # two weeks in which most of Ridgeway's sessions fell out [P-295]
AFTERNOONS = (-96, -47, -19)
# Why a session falls out in an ordinary month: 45% of it officers and regime [P-295].
CAUSES = [
    ("officer_shortage", 0.34), ("count_delay", 0.11), ("facilitator_absent", 0.25), ("room_unavailable", 0.07),
    ("weather_utility", 0.06), ("health_outbreak", 0.05), ("transport_escort", 0.04),
    ("no_participants_sent", 0.05), ("facilitator_not_cleared", 0.03),
]  # fmt: skip
CANCELLED = 0.105
NOBODY = 0.02  # coming sessions for which nobody was found yet


@dataclass
class Run:
    """A cohort with what the makers need to know of it."""

    line: Line
    cohort: Cohort
    sessions: list[Session] = field(default_factory=list)

    @property
    def first(self) -> dt.date:
        """The first day."""
        return self.cohort.starts_on

    @property
    def last(self) -> dt.date:
        """The last day."""
        return self.cohort.ends_on


@dataclass
class Regime:
    """A regime of Ridgeway and the share of sessions that it made fall out."""

    share: float
    kind: str
    cause: str
    words: str
    since: dt.datetime
    until: dt.datetime
    row: RegimePeriod = field(init=False)

    def hits(self, session: Session) -> bool:
        """Whether a session falls into it."""
        return (
            session.facility_id == self.row.facility_id
            and self.since < session.ends_at
            and session.starts_at < self.until
        )


def runs(build: Build, lines: list[Line]) -> list[Run]:
    """Write the cohorts of a year, their weekly times and who usually leads them."""
    random_ = build.random("runs")
    monday = build.today - DAY * build.today.weekday()
    made = [run for line in lines for run in _runs_of(build, random_, line, monday)]
    save(run.cohort for run in made)
    save(
        WeeklySlot(cohort=r.cohort, weekday=day, starts=r.line.starts, ends=r.line.ends, room=r.line.room)
        for r in made
        for day in r.line.days
    )
    save(
        UsualFacilitator(cohort=r.cohort, visitor=visitor, cover=cover)
        for r in made
        for cover, some in ((False, r.line.leads), (True, r.line.covers))
        for visitor in some
    )
    return made


def _runs_of(build: Build, random_: random.Random, line: Line, monday: dt.date) -> list[Run]:
    length, gap = line.weeks, 0 if line.weeks >= 26 else 1
    start = monday - DAY * 7 * random_.randint(0, length - 1)
    starts = [start]
    while starts[0] - DAY * 7 * (length + gap) >= build.day(-build.back):
        starts.insert(0, starts[0] - DAY * 7 * (length + gap))
    if start + DAY * 7 * (length + gap) <= build.day(AHEAD):
        starts.append(start + DAY * 7 * (length + gap))
    return [Run(line, _cohort(build, line, number, day)) for number, day in enumerate(starts, start=1)]


def _cohort(build: Build, line: Line, number: int, start: dt.date) -> Cohort:
    last = start + DAY * (7 * line.weeks - 7 + max(line.days))
    if last < build.today:
        status = CohortStatus.FINISHED
    else:
        status = CohortStatus.RUNNING if start <= build.today else CohortStatus.OPEN
    season = ("winter", "winter", "spring", "spring", "spring", "summer", "summer", "summer", "fall", "fall", "fall",
              "winter")[start.month - 1]  # fmt: skip
    return Cohort(
        code=build.code(),
        program=line.program,
        facility=build.places.facilities[line.place],
        organization=line.program.organization,
        agreement=build.partners.agreements[line.spec.org],
        name=f"{line.spec.name}, {season} {start.year}" + (f" ({number})" if line.weeks < 9 else ""),
        room=line.room,
        capacity=line.seats,
        minimum=line.spec.group[0],
        starts_on=start + DAY * min(line.days),
        ends_on=last,
        status=status,
        needs_officer=line.place in "RW",
    )


def sessions(build: Build, made: list[Run]) -> list[RegimePeriod]:
    """Write every dated session with its outcome, who led it, and the regimes of the year."""
    random_ = build.random("sessions")
    closed = {(each.facility_id, each.day) for each in ClosedDay.objects.all()}
    known = Days(_holidays(build), closed, _regimes(build))
    for run in made:
        run.sessions = _dated(build, random_, run, known)
    rows = [each for run in made for each in run.sessions]
    _leave_unmarked(build, random_, rows)
    save(rows)
    save(_leaders(random_, made, build))
    return [each.row for each in known.regimes]


def _holidays(build: Build) -> set[dt.date]:
    rules = policies.holidays("US-HB", build.today).data
    years = range(build.day(-build.back).year, build.day(AHEAD).year + 1)
    return {day for year in years for day in rules.in_year(year)}


@dataclass
class Days:
    """What decides which days have sessions and what becomes of them: holidays, closed days, regimes."""

    holidays: set[dt.date]
    closed: set[tuple[int, dt.date]]
    regimes: list[Regime]


def _dated(build: Build, random_: random.Random, run: Run, known: Days) -> list[Session]:
    line, facility = run.line, build.places.facilities[run.line.place]
    days = []
    week = run.first - DAY * run.first.weekday()
    while week <= min(run.last, build.day(AHEAD)):
        days += [week + DAY * weekday for weekday in line.days]
        week += DAY * 7
    made: list[Session] = []
    for day in days:
        if not run.first <= day <= min(run.last, build.day(AHEAD)):
            continue
        if day in known.holidays or (facility.pk, day) in known.closed:
            continue
        starts, ends = at(day, line.starts), at(day, line.ends)
        session = Session(
            code=build.code(),
            cohort=run.cohort,
            facility=facility,
            organization=run.cohort.organization,
            room=line.room,
            number=len(made) + 1,
            starts_at=starts,
            ends_at=ends,
            planned_for=starts,
        )
        if day < build.today:
            _settle(random_, line, session, known.regimes)
        elif line.place in "RW" and (day - build.today).days < 8 and random_.random() > 0.07:
            session.officer = random_.choice(OFFICERS[line.place])
        made.append(session)
    return made


OFFICERS = {
    "R": ("Officer Batts", "Officer Lindgren", "Officer Tull", "Sgt. Ferro", "Officer Kade", "Officer Amoah"),
    "W": ("Officer Dacosta", "Officer Rusk", "Sgt. Ellery"),
    "D": ("",),
    "H": ("",),
}


def _settle(random_: random.Random, line: Line, session: Session, regimes: list[Regime]) -> None:
    """What became of a session that is over."""
    session.officer = random_.choice(OFFICERS[line.place])
    for regime in regimes:
        if regime.hits(session) and random_.random() < regime.share:
            _cancel(session, regime.row.cause, "Control room")
            session.regime = regime.row
            return
    if random_.random() < CANCELLED:
        reason = weighted(random_, CAUSES)
        partner = reason == "facilitator_absent"
        _cancel(session, reason, line.leads[0].name if partner else "Dana Whitfield")
        return
    minutes = line.spec.minutes
    session.status = SessionStatus.HELD
    if random_.random() < 0.025:
        session.status, minutes = SessionStatus.PARTLY_HELD, minutes // 2
        session.reason = weighted(random_, [("count_delay", 0.7), ("weather_utility", 0.3)])
    session.minutes_held = minutes
    session.settled_by = line.leads[0].name
    session.settled_at = session.ends_at + dt.timedelta(minutes=random_.randint(2, 90))


def _leave_unmarked(build: Build, random_: random.Random, rows: list[Session]) -> None:
    """Nobody has yet said what became of a few sessions of the last days."""
    for key, many in (("R", 3), ("W", 1), ("D", 1)):
        place = build.places.facilities[key].pk
        held = [s for s in rows if s.facility_id == place and s.status == SessionStatus.HELD]
        last = max((s.starts_at.date() for s in held), default=None)
        lately = [s for s in held if s.starts_at.date() == last]
        for session in random_.sample(lately, min(many, len(lately))):
            session.status, session.minutes_held = SessionStatus.PLANNED, None
            session.settled_by, session.settled_at = "", None


def _cancel(session: Session, reason: str, by: str) -> None:
    session.status = SessionStatus.CANCELLED
    session.reason = reason
    session.public_words = _public(session.starts_at.date(), reason)
    session.settled_by = by
    session.settled_at = session.starts_at - dt.timedelta(minutes=95)
    session.minutes_held = 0


def _public(build_day: dt.date, reason: str) -> str:
    """What everybody is told, in the words of the pack."""
    return str(policies.cancellations("US-HB", build_day).data.reasons[reason].public)


def _regimes(build: Build) -> list[Regime]:
    """The lockdown, three short afternoons, and one modified afternoon to come, all at Ridgeway."""
    coming = build.day(6 if build.day(6).weekday() < 5 else 8)
    lock = Regime(
        0.94, RegimeKind.LOCKDOWN, "lockdown", "The facility's day changed",
        at(build.day(LOCKDOWN[0]), dt.time(7)), at(build.day(LOCKDOWN[1]), dt.time(6)),
    )  # fmt: skip
    training = Regime(
        0.0, RegimeKind.MODIFIED, "staff_training", "Short-staffed afternoon: training for officers",
        at(coming, dt.time(12, 30)), at(coming, dt.time(16)),
    )  # fmt: skip
    found = [lock, *(_afternoon(build.day(days)) for days in AFTERNOONS), training]
    random_ = build.random("regimes")
    for each in found:
        each.row = RegimePeriod(
            code=build.code(),
            event=uuid.UUID(int=random_.getrandbits(128), version=4),
            facility=build.places.facilities["R"],
            kind=each.kind,
            cause=each.cause,
            public_reason=each.words,
            during=DateTimeTZRange(each.since, each.until),
            declared_by="Helen Stroud",
            first_until=each.until,
        )
    save(each.row for each in found)
    RegimeReason.objects.create(
        regime=lock.row, text="Search of all housing units after an anonymous note (invented)."
    )
    return found


def _afternoon(day: dt.date) -> Regime:
    return Regime(
        0.8, RegimeKind.MODIFIED, "modified_regime", "The facility's day changed",
        at(day, dt.time(12, 30)), at(day, dt.time(17)),
    )  # fmt: skip


def _leaders(random_: random.Random, made: list[Run], build: Build) -> list[Facilitator]:
    rows = []
    for run in made:
        for session in run.sessions:
            past = session.starts_at < at(build.today, dt.time(0))
            leads: list[tuple[Visitor, bool]] = [(visitor, False) for visitor in run.line.leads]
            if past and run.line.covers and random_.random() < 0.07:
                leads[0] = (random_.choice(run.line.covers), True)
            if not past and random_.random() < NOBODY:
                continue
            came = past and session.status != SessionStatus.CANCELLED
            rows += [
                Facilitator(
                    session=session,
                    visitor=visitor,
                    during=DateTimeTZRange(session.starts_at, session.ends_at),
                    cover=cover,
                    active=session.status != SessionStatus.CANCELLED,
                    arrived_at=session.starts_at - dt.timedelta(minutes=random_.randint(8, 40))
                    if came
                    else None,
                    left_at=session.ends_at + dt.timedelta(minutes=random_.randint(3, 25)) if came else None,
                )
                for visitor, cover in leads
            ]
    return rows


def effects(made: list[Run], people: dict[int, int]) -> None:
    """What the regimes did to each session; ``people`` were to come, by session."""
    save(
        RegimeEffect(
            regime=row.regime,
            session=row,
            facility_id=row.facility_id,
            status_before=SessionStatus.PLANNED,
            people=people.get(row.pk, 0),
            lost_minutes=people.get(row.pk, 0) * int((row.ends_at - row.starts_at).total_seconds() // 60),
            credit_protected=True,
        )
        for run in made
        for row in run.sessions
        if row.regime is not None
    )
