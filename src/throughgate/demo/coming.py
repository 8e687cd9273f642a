"""What needs somebody today: lapsing clearances, absences, keep-apart orders, changes, messages."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import replace

from django.db.backends.postgresql.psycopg_any import DateRange
from django.template.loader import render_to_string

from throughgate.access.actor import Actor
from throughgate.base.outbox.models import Message
from throughgate.demo.history import Seat
from throughgate.demo.making import DAY, Build, at, office_hour, save
from throughgate.demo.people import Person
from throughgate.demo.visitors import Visitors
from throughgate.demo.weeks import Run
from throughgate.people.actions.moves import record_absence
from throughgate.people.models import Change, ChangeKind, KeepApart
from throughgate.programs import notices
from throughgate.programs.actions.sessions import cancel
from throughgate.programs.models import Continuation, EnrollmentStatus, Session, SessionStatus
from throughgate.visitors.actions import suspend_clearance
from throughgate.visitors.models import Visitor, VisitorKeepApart

# Lines whose leader's clearance ends soon, with the days until then; and one that was suspended.
LAPSING = {("psychology", "R"): 3, ("parenting", "R"): 8, ("guitar", "W"): 11, ("money", "D"): 5}
HALF_DAY = dt.timedelta(hours=3, minutes=30)
SUSPENDED = ("circles", "R")
CALLED_OFF = (("yoga", "R", "facilitator_absent"), ("writing", "R", "room_unavailable"))


def acting(name: str) -> Actor:
    """The system under somebody's name, for verbs whose traces should say who it was."""
    return replace(Actor.system("build the demonstration"), name=name)


def clearances(build: Build, runs: list[Run], visitors: Visitors) -> None:
    """Let some clearances end before the next session, and suspend one."""
    leads = {(run.line.spec.key, run.line.place): run.line.leads[0] for run in runs}
    for (key, place), days in LAPSING.items():
        clearance = visitors.clearances[leads[key, place].pk, place]
        clearance.valid = DateRange(clearance.valid.lower, build.day(days))
        clearance.save(update_fields=["valid"])
    key, place = SUSPENDED
    suspend_clearance(
        by=acting("Helen Stroud"),
        visitor=leads[key, place],
        facility=build.places.facilities[place],
        reason="A parcel was found at the gate; under review (invented).",
    )


def too_small(build: Build, runs: list[Run]) -> None:
    """A session was moved to the smallest free room without counting heads."""
    taken = {
        (s.room_id, s.starts_at) for run in runs for s in run.sessions if s.status == SessionStatus.PLANNED
    }
    rooms = sorted(build.places.rooms["R"], key=lambda room: room.capacity)
    soon = [
        (seats, session)
        for run in runs
        if run.line.place == "R" and (seats := run.cohort.capacity) > rooms[0].capacity
        for session in run.sessions
        if at(build.day(2), dt.time(0)) <= session.starts_at < at(build.day(10), dt.time(0))
    ]
    for _, session in sorted(soon, key=lambda each: (-each[0], each[1].starts_at))[:8]:
        session.refresh_from_db(fields=["called"])
        for room in rooms:
            if room.capacity < session.called and not _busy(room.pk, session, taken):
                Session.objects.filter(pk=session.pk).update(room=room)
                return


def _busy(room: int, session: Session, taken: set[tuple[int | None, dt.datetime]]) -> bool:
    return any(
        which == room
        and starts.date() == session.starts_at.date()
        and abs(starts - session.starts_at) < HALF_DAY
        for which, starts in taken
    )


def called_off(build: Build, runs: list[Run]) -> None:
    """Two coming sessions that were cancelled already, by the verb that everybody uses."""
    for key, place, reason in CALLED_OFF:
        coming = [
            session
            for run in runs
            if (run.line.spec.key, run.line.place) == (key, place)
            for session in run.sessions
            if session.starts_at >= at(build.day(1), dt.time(0)) and session.status == SessionStatus.PLANNED
        ]
        if coming:
            cancel(by=acting("Dana Whitfield"), session=coming[0], reason=reason)


def absences(build: Build, seats: list[Seat]) -> None:
    """A dozen people at court, in hospital or on furlough; their seats wait."""
    random_ = build.random("absences")
    seated = {seat.person.row.pk for seat in seats if seat.row.status == EnrollmentStatus.ACTIVE}
    inside = [p for p in build.people.all if p.now.place in "RWD" and p.now.since < build.day(-20)]
    waiting = [p for p in inside if p.row.pk not in seated]
    with_seat = [p for p in inside if p.row.pk in seated]
    chosen = [
        *random_.sample(waiting, min(8, len(waiting))),
        *random_.sample(with_seat, min(4, len(with_seat))),
    ]
    for position, person in enumerate(chosen):
        kind = ("court", "hospital", "court", "furlough")[position % 4]
        since = at(build.day(-random_.randint(1, 5)), dt.time(7))
        until = at(build.day(random_.randint(1, 9)), dt.time(18)) if kind != "hospital" else None
        record_absence(
            by=acting("Naveen Iyer"), participant=person.row, kind=kind, starts_at=since, ends_at=until
        )
        told = Change.objects.filter(participant=person.row, kind=ChangeKind.AWAY)
        told.update(happened_at=since)
        if position % 4:
            told.update(acknowledged_by="Theo Lindqvist", acknowledged_at=since + dt.timedelta(hours=3))


def keep_apart(build: Build, seats: list[Seat], visitors: list[Visitor]) -> None:
    """A few orders between people who have never shared a group, and between visitors and participants."""
    random_ = build.random("keep apart")
    groups: dict[int, set[int]] = defaultdict(set)
    led: dict[int, set[int]] = defaultdict(set)
    for seat in seats:
        groups[seat.person.row.pk].add(seat.run.cohort.pk)
        led[seat.person.row.pk].update(v.pk for v in (*seat.run.line.leads, *seat.run.line.covers))
    rows: dict[tuple[int, int], KeepApart] = {}
    for place, many in (("R", 18), ("W", 3), ("D", 2)):
        here = [person for person in build.people.all if person.now.place == place]
        for _ in range(build.count(many)):
            pair = _apart(random_, here, groups)
            if pair is not None:
                rows.setdefault((pair[0].row.pk, pair[1].row.pk), _order(build, random_, *pair))
    save(rows.values())
    inside = [person for person in build.people.all if person.now.place == "R"]
    kin: dict[int, VisitorKeepApart] = {}
    for visitor in random_.sample(visitors, 4):
        person = random_.choice([p for p in inside if visitor.pk not in led[p.row.pk]])
        kin[visitor.pk] = VisitorKeepApart(
            code=build.code(),
            visitor=visitor,
            participant=person.row,
            reason=random_.choice(("kin", "visiting_list")),
            starts_on=build.day(-random_.randint(30, 300)),
        )
    save(kin.values())


def _apart(
    random_: random.Random, here: list[Person], groups: dict[int, set[int]]
) -> tuple[Person, Person] | None:
    """Two people here who never shared a group; None where everybody knows everybody."""
    for _ in range(200):
        one, other = sorted(random_.sample(here, 2), key=lambda person: person.row.pk)
        if not groups[one.row.pk] & groups[other.row.pk]:
            return one, other
    return None


def _order(build: Build, random_: random.Random, one: Person, other: Person) -> KeepApart:
    return KeepApart(
        code=build.code(),
        first=one.row,
        second=other.row,
        reason=random_.choice(("gang", "assault", "witness", "threat", "family")),
        note="Invented for the demonstration.",
        source="Security review",
        starts_on=build.day(-random_.randint(10, 700)),
    )


def changes(build: Build) -> None:
    """Changes in circumstances of the last three weeks; the newest wait for somebody to take note."""
    random_ = build.random("changes")
    rows = []
    for person in build.people.all:
        for position, spell in enumerate(person.spells):
            days = (build.today - spell.since).days
            if not 0 <= days <= 21:
                continue
            before = person.spells[position - 1].place if position else ""
            rows.append(_change(build, random_, person, days, *_arrival(build, spell.place, before)))
    inside = [p for p in build.people.all if p.now.place in "RWD" and p.release_on is not None]
    for person in random_.sample(inside, min(26, len(inside))):
        days = random_.randint(0, 15)
        shift = random_.choice((30, 45, -21, 60, -14))
        assert person.release_on is not None
        old = person.release_on - DAY * shift
        words = f"Release date moved from {old:%-d %b %Y} to {person.release_on:%-d %b %Y}."
        rows.append(_change(build, random_, person, days, ChangeKind.DATE_MOVED, words))
    for person in random_.sample(inside, min(18, len(inside))):
        words = f"Moved to {person.row.unit.name if person.row.unit else 'another unit'}, {person.row.cell}."
        rows.append(_change(build, random_, person, random_.randint(0, 9), ChangeKind.UNIT_MOVED, words))
    save(rows)


def _arrival(build: Build, place: str, before: str) -> tuple[str, str]:
    if place == "H":
        return ChangeKind.RELEASED, f"Released from {build.places.facilities[before].name}."
    if before:
        return ChangeKind.TRANSFERRED, f"Came from {build.places.facilities[before].name}."
    return ChangeKind.RECEIVED, "Arrived from reception."


def _change(build: Build, random_: random.Random, person: Person, days: int, *what: str) -> Change:
    kind, words = what
    happened = at(build.day(-days), office_hour(random_))
    noted = days > 2 or random_.random() < 0.35
    return Change(
        code=build.code(),
        participant=person.row,
        facility=person.row.facility,
        kind=kind,
        summary=words,
        happened_at=happened,
        acknowledged_at=happened + dt.timedelta(minutes=random_.randint(20, 400)) if noted else None,
        acknowledged_by="Theo Lindqvist" if noted else "",
    )


def continuations(build: Build, seats: list[Seat]) -> None:
    """What the receiving place could go on with, of places that ended by a move in the last three weeks."""
    rows = []
    for seat in seats:
        moved = seat.row.end_reason in {"transfer", "released"} and seat.until >= build.day(-21)
        there = next((s for s in seat.person.spells if s.since == seat.until), None)
        if not moved or there is None:
            continue
        done = sum(seat.minutes.values()) / 60
        rows.append(
            Continuation(
                code=build.code(),
                participant=seat.person.row,
                program=seat.run.line.program,
                from_facility=build.places.facilities[seat.run.line.place],
                to_facility=build.places.facilities[there.place],
                enrollment=seat.row,
                kind=Continuation.Kind.PLACE,
                detail=f"{done:.1f} of {seat.run.line.spec.hours} hours",
            )
        )
    save(rows)


def messages(build: Build, runs: list[Run]) -> None:
    """What visitors and partners were told of the last three weeks' cancellations, as it was sent."""
    rows = []
    for run in runs:
        for session in run.sessions:
            day = session.starts_at.date()
            if session.status == SessionStatus.CANCELLED and build.day(-21) <= day < build.today:
                rows += _told(build, run, session)
    save(rows)


def _told(build: Build, run: Run, session: Session) -> list[Message]:
    data = {
        "session": session.code,
        "stamp": session.settled_at.isoformat() if session.settled_at else "",
        "program": run.line.program.list_label,
        "place": session.facility.name,
        "when": notices.when(session),
        "why": session.public_words,
    }
    found = []
    for visitor in run.line.leads:
        context = {**data, "name": visitor.name}
        found.append(
            Message(
                code=build.code(),
                key=f"session_cancelled {session.code} {data['stamp']} visitor {visitor.code}",
                channel=Message.Channel.EMAIL,
                address=visitor.email,
                name=visitor.name,
                template="session_cancelled",
                data=data,
                recheck="session_cancelled",
                facility_id=session.facility_id,
                status=Message.Status.SENT,
                attempts=1,
                subject=render_to_string("messages/session_cancelled/subject.txt", context).strip(),
                body=render_to_string("messages/session_cancelled/body.txt", context).strip() + "\n",
                sent_at=session.settled_at,
                recorded_at=session.settled_at or session.starts_at,
            )
        )
    return found
