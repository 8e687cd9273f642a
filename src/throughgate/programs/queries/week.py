"""The week board: every session of a facility's week by day and part, each with its readiness ([P-245])."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Prefetch, QuerySet

from throughgate.access.actor import Actor
from throughgate.base.errors import Reason, Refused
from throughgate.places.models import ClosedDay, DayPart, Facility, MovementWindow, RegimePeriod
from throughgate.policies.library import library
from throughgate.programs.models import Facilitator, Session
from throughgate.programs.queries import readiness
from throughgate.programs.rules.dayparts import day_part
from throughgate.programs.rules.readiness import Readiness

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """One session on the board. Times are local; ``title`` is what lists may call the program."""

    code: str
    title: str
    cohort: str
    cohort_code: str
    number: int
    kind: str
    starts: dt.datetime
    ends: dt.datetime
    part: DayPart
    room: str
    partner: str
    called: int
    seats: int
    facilitators: tuple[str, ...]
    officer: str
    status: str
    status_words: str
    public_words: str
    recorded: int
    readiness: Readiness


@dataclass(frozen=True)
class WeekDay:
    """A day of the board: why it is closed, if it is, and its sessions by part of the day."""

    date: dt.date
    today: bool
    note: str
    parts: dict[DayPart, list[Row]] = field(default_factory=dict)

    @property
    def rows(self) -> list[Row]:
        """All sessions of the day in order of time."""
        return [row for part in self.parts.values() for row in part]


@dataclass(frozen=True)
class Week:
    """A week of a facility, Monday first."""

    facility: Facility
    start: dt.date
    days: tuple[WeekDay, ...]
    regimes: tuple[RegimePeriod, ...]

    @property
    def rows(self) -> list[Row]:
        """All sessions of the week in order of time."""
        return [row for day in self.days for row in day.rows]

    @property
    def lights(self) -> Counter[str]:
        """How many sessions are red, amber, green and done."""
        return Counter(row.readiness.light for row in self.rows)


def with_surroundings(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """The sessions with everything that a board row and readiness need, in three queries."""
    coming = Facilitator.objects.filter(active=True).select_related("visitor").order_by("cover", "pk")
    return sessions.select_related("cohort__program", "room", "facility", "organization").prefetch_related(
        Prefetch("facilitators", coming, to_attr="coming")
    )


def week(by: Actor, facility: Facility, start: dt.date, *, organization: int | None = None) -> Week:
    """The board of the seven days from the Monday of ``start``'s week.

    Staff name one of their facilities; a partner sees its own sessions there (the database sees to both).
    Refuses a facility that is not the actor's own.
    """
    if by.facility_ids and facility.pk not in by.facility_ids:
        raise Refused(Reason("not_your_facility", f"{facility.name} is not among your facilities."))
    monday = start - start.weekday() * DAY
    first, last = facility.at(monday, dt.time.min), facility.at(monday + 7 * DAY, dt.time.min)
    sessions = Session.objects.filter(facility=facility, starts_at__gte=first, starts_at__lt=last)
    if organization or by.organization_id:
        sessions = sessions.filter(organization=organization or by.organization_id)
    found = list(with_surroundings(sessions).order_by("starts_at", "pk"))
    windows = list(MovementWindow.objects.filter(facility=facility).order_by("opens"))
    lights = readiness.of_sessions(found)
    notes = closed(facility, monday, monday + 6 * DAY)
    by_day: dict[dt.date, list[Row]] = defaultdict(list)
    for session in found:
        made = row(session, lights[session.pk], windows)
        by_day[made.starts.date()].append(made)
    today = facility.today()
    return Week(
        facility=facility,
        start=monday,
        days=tuple(
            WeekDay(day, day == today, notes.get(day, ""), _parts(by_day[day]))
            for day in (monday + n * DAY for n in range(7))
        ),
        regimes=tuple(
            RegimePeriod.objects.filter(facility=facility, during__overlap=(first, last)).order_by(
                "during", "pk"
            )
        ),
    )


def row(session: Session, light: Readiness, windows: Iterable[MovementWindow] = ()) -> Row:
    """One session as the board shows it; it must come from :func:`with_surroundings`."""
    zone = session.facility.zone
    starts, ends = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    of_day = [(w.part, w.opens, w.closes) for w in windows if starts.weekday() in w.weekdays]
    coming: Sequence[Facilitator] = session.coming  # type: ignore[attr-defined]
    return Row(
        code=session.code,
        title=session.title or session.cohort.program.list_label,
        cohort=session.cohort.name,
        cohort_code=session.cohort.code,
        number=session.number,
        kind=session.kind,
        starts=starts,
        ends=ends,
        part=day_part(starts.time(), of_day),
        room=session.room.name if session.room else "",
        partner=session.organization.name if session.organization else "",
        called=session.called,
        seats=session.cohort.capacity,
        facilitators=tuple(each.visitor.name for each in coming),
        officer=session.officer,
        status=session.status,
        status_words=str(session.get_status_display()),
        public_words=session.public_words,
        recorded=session.recorded,
        readiness=light,
    )


def _parts(rows: Iterable[Row]) -> dict[DayPart, list[Row]]:
    found: dict[DayPart, list[Row]] = {part: [] for part in DayPart}
    for each in rows:
        found[each.part].append(each)
    return {part: some for part, some in found.items() if some}


def closed(facility: Facility, first: dt.date, last: dt.date) -> dict[dt.date, str]:
    """The days without programs between two days, both included, each with its reason."""
    found: dict[dt.date, str] = {}
    day = first
    while day <= last:
        pack = library().find("holidays", facility.jurisdiction, day)
        name = pack.data.in_year(day.year).get(day) if pack else None
        if name:
            found[day] = str(name)
        day += DAY
    for own in ClosedDay.objects.filter(facility=facility, day__gte=first, day__lte=last).order_by("day"):
        found[own.day] = own.name
    return found
