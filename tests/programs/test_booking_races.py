"""Many at once: what booking promises holds on real connections that truly contend."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections

import factories as make
from acting import actor_of
from throughgate.access.actor import Actor
from throughgate.access.roles import RoleName
from throughgate.base import localpg, scope, setup
from throughgate.base.errors import Reason, Refused
from throughgate.people.models import KeepApart, Participant
from throughgate.programs.actions import seats, staffing
from throughgate.programs.models import Call, Cohort, Enrollment, Session
from throughgate.visitors.models import Clearance, Visitor, VisitorKeepApart

DAY = dt.timedelta(days=1)
NAME = "crowd"


def at_once(jobs: list[Callable[[], str]]) -> Counter[str]:
    """Run every job in a thread with a connection of its own, all let go in the same instant."""
    gate = threading.Barrier(len(jobs))
    answers: Counter[str] = Counter()
    count = threading.Lock()

    def run(job: Callable[[], str]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(60)
            answer = job()
        except Exception as error:
            gate.abort()
            answer = f"{type(error).__name__}: {error}"
        finally:
            connections.close_all()
        with count:
            answers[answer] += 1

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    return answers


def asks_for_a_seat(by: Actor, person: Participant, cohort: Cohort) -> Callable[[], str]:
    def job() -> str:
        try:
            with scope.enter(by.context()):
                seats.enroll(by=by, participant=person, cohort=cohort)
        except Refused as no:
            return ", ".join(sorted(reason.code for reason in no.reasons))
        return "seated"

    return job


@pytest.fixture
def crowd_server(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """A server of its own that lets 250 connections in; PostgreSQL's usual 100 are too few for 200 at once."""
    folder = Path(tempfile.mkdtemp(prefix="tgcrowd"))
    before = {alias: dict(connections[alias].settings_dict) for alias in connections}
    most = dict(localpg._SETTINGS)
    localpg._SETTINGS["max_connections"] = "250"
    localpg._SETTINGS["fsync"] = "off"
    try:
        server = localpg.ensure(folder)
        setup.create_database(server, NAME)
        with django_db_blocker.unblock():  # type: ignore[attr-defined]
            for alias in connections:
                connections[alias].close()
                connections[alias].settings_dict.update(HOST=str(server.socket), NAME=NAME)
            setup.migrate()
            with psycopg.connect(**server.conninfo(dbname=NAME)) as admin:  # type: ignore[arg-type]
                row = admin.execute("SHOW max_connections").fetchone()
            assert row == ("250",)
            yield NAME
    finally:
        for alias, known in before.items():
            connections[alias].close()
            connections[alias].settings_dict.clear()
            connections[alias].settings_dict.update(known)
        localpg._SETTINGS.clear()
        localpg._SETTINGS.update(most)
        localpg.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_two_hundred_connections_race_for_twelve_seats_and_twelve_win(crowd_server: str) -> None:
    race(people=200, capacity=12)


def test_a_few_race_for_three_seats(live_database: str) -> None:
    race(people=16, capacity=3)


def race(*, people: int, capacity: int) -> None:
    with scope.system("arrange"):
        here = make.facility()
        group = make.cohort(here, capacity=capacity)
        for ahead in range(1, 5):
            make.session(group, make.TODAY + ahead * DAY)
        crowd = [make.participant(here) for _ in range(people)]
        by = actor_of(make.member(RoleName.COORDINATOR, facility=here))
    answers = at_once([asks_for_a_seat(by, person, group) for person in crowd])
    assert answers == {"seated": capacity, "full": people - capacity}
    with scope.system("count"):
        group.refresh_from_db()
        assert (group.seats_taken, Enrollment.objects.count()) == (capacity, capacity)
        assert Call.objects.filter(status="called").count() == capacity * 4
        assert {s.called for s in Session.objects.order_by("id")} == {capacity}


def test_one_person_asked_for_by_many_gets_one_call_at_a_time(live_database: str) -> None:
    with scope.system("arrange"):
        here = make.facility()
        groups = [make.cohort(here) for _ in range(8)]
        for group in groups:
            make.session(group, make.TODAY + DAY)
        person = make.participant(here)
        by = actor_of(make.member(RoleName.COORDINATOR, facility=here))
    answers = at_once([asks_for_a_seat(by, person, group) for group in groups])
    assert answers == {"seated": 1, "called_elsewhere": 7}


def test_two_who_must_be_kept_apart_never_both_get_in(live_database: str) -> None:
    with scope.system("arrange"):
        here = make.facility()
        group = make.cohort(here)
        make.session(group, make.TODAY + DAY)
        pairs = [(make.participant(here), make.participant(here)) for _ in range(6)]
        for first, second in pairs:
            KeepApart.objects.create(
                first=first, second=second, reason="threat", source="x", starts_on=make.TODAY - DAY
            )
        by = actor_of(make.member(RoleName.COORDINATOR, facility=here))
    answers = at_once([asks_for_a_seat(by, person, group) for pair in pairs for person in pair])
    assert answers == {"seated": 6, "keep_apart": 6}


class Town:
    """Three facilities full of chances to go wrong: rooms, people, visitors, orders and clearances at random."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.sessions: list[Session] = []
        self.people: list[Participant] = []
        self.rooms: list[int] = []
        self.visitors: list[Visitor] = []
        for _ in range(3):
            here = make.facility()
            rooms = [make.room(here) for _ in range(3)]
            self.rooms += [room.pk for room in rooms]
            people = [make.participant(here) for _ in range(20)]
            self.people += people
            for _ in range(25):
                first, second = sorted(dice.sample(people, 2), key=lambda each: each.pk)
                KeepApart.objects.get_or_create(
                    first=first, second=second, ends_on=None,
                    defaults={
                        "reason": "gang", "source": "x", "starts_on": make.TODAY + dice.randint(-2, 4) * DAY,
                    },
                )  # fmt: skip
            for _ in range(4):
                group = make.cohort(here)
                for _ in range(5):
                    day = make.TODAY + dice.randint(1, 6) * DAY
                    self.sessions.append(make.session(group, day, dt.time(dice.randint(9, 16))))
            for _ in range(6):
                visitor = make.visitor()
                if dice.random() < 0.7:
                    start = make.TODAY + dice.randint(-3, 3) * DAY
                    make.clearance(
                        visitor, here, valid=(start, start + dice.randint(1, 6) * DAY),
                        status=dice.choice(["approved", "provisional", "suspended"]),
                    )  # fmt: skip
                for person in dice.sample(people, 3):
                    VisitorKeepApart.objects.create(
                        visitor=visitor, participant=person, reason="kin",
                        starts_on=make.TODAY + dice.randint(-2, 4) * DAY,
                    )  # fmt: skip
                self.visitors.append(visitor)

    def booking(self) -> tuple[str, list[object]]:
        """One random booking as a plain statement, as if a verb had forgotten every rule."""
        session = self.dice.choice(self.sessions)
        kind = self.dice.random()
        if kind < 0.6:
            return CALL, [self.dice.choice(self.people).pk, session.pk]
        if kind < 0.8:
            return LEAD, [self.dice.choice(self.visitors).pk, session.pk]
        if kind < 0.88:
            return ROOM, [self.dice.choice(self.rooms), session.pk]
        if kind < 0.92:
            return CANCEL, [self.dice.choice(["cancelled", "planned", "planned", "planned"]), session.pk]
        return MOVE, [self.dice.randint(-50, 50), session.pk]


CALL = """INSERT INTO programs_call (participant_id, session_id, label, place, starts_at, ends_at, status, why_not)
SELECT %s, id, '', '', starts_at, ends_at, 'called', '' FROM programs_session WHERE id = %s"""
LEAD = """INSERT INTO programs_facilitator (visitor_id, session_id, during, cover, active)
SELECT %s, id, tstzrange(starts_at, ends_at), false, true FROM programs_session WHERE id = %s"""
ROOM = "UPDATE programs_session SET room_id = %s WHERE id = %s"
MOVE = """UPDATE programs_session SET starts_at = starts_at + d.by, ends_at = ends_at + d.by
FROM (SELECT %s * interval '30 minutes' AS by) d WHERE id = %s"""

CANCEL = """UPDATE programs_session SET reason = 'weather', status = %s WHERE id = %s"""

# What must never be, each as the rows that break it.
NEVER = {
    "two who must be kept apart in one session": """
        SELECT 1 FROM programs_call a JOIN programs_call b ON b.session_id = a.session_id
        JOIN people_keepapart k ON k.first_id = a.participant_id AND k.second_id = b.participant_id
        JOIN programs_session s ON s.id = a.session_id AND tg.local_day(s.facility_id, s.starts_at) >= k.starts_on
        WHERE a.status = 'called' AND b.status = 'called'""",
    "someone with a visitor they must be kept from": """
        SELECT 1 FROM programs_call a JOIN programs_facilitator f ON f.session_id = a.session_id AND f.active
        JOIN visitors_visitorkeepapart k ON k.participant_id = a.participant_id AND k.visitor_id = f.visitor_id
        JOIN programs_session s ON s.id = a.session_id AND tg.local_day(s.facility_id, s.starts_at) >= k.starts_on
        WHERE a.status = 'called'""",
    "a person called to two places": """
        SELECT 1 FROM programs_call a JOIN programs_call b ON b.participant_id = a.participant_id AND b.id > a.id
        WHERE a.status = 'called' AND b.status = 'called' AND a.during && b.during""",
    "a room with two sessions": """
        SELECT 1 FROM programs_session a JOIN programs_session b ON b.room_id = a.room_id AND b.id > a.id
        WHERE a.during && b.during AND a.status <> 'cancelled' AND b.status <> 'cancelled'""",
    "a visitor in two places": """
        SELECT 1 FROM programs_facilitator a JOIN programs_session sa ON sa.id = a.session_id
        JOIN programs_facilitator b ON b.visitor_id = a.visitor_id AND b.id > a.id
        JOIN programs_session sb ON sb.id = b.session_id
        WHERE a.active AND b.active AND sa.during && sb.during
        AND sa.status <> 'cancelled' AND sb.status <> 'cancelled'""",
    "a visitor without clearance then and there": """
        SELECT 1 FROM programs_facilitator f JOIN programs_session s ON s.id = f.session_id
        JOIN places_facility p ON p.id = s.facility_id
        WHERE f.active AND NOT EXISTS (
            SELECT 1 FROM visitors_clearance c WHERE c.visitor_id = f.visitor_id AND c.facility_id = p.id
            AND c.status IN ('approved', 'provisional') AND c.valid @> (s.starts_at AT TIME ZONE p.timezone)::date)""",
    "a call at another time than its session": """
        SELECT 1 FROM programs_call c JOIN programs_session s ON s.id = c.session_id
        WHERE c.starts_at <> s.starts_at OR c.ends_at <> s.ends_at""",
}


def broken() -> list[str]:
    with scope.system("look", readonly=True), connection.cursor() as cursor:
        found = []
        for name, rows in NEVER.items():
            cursor.execute(f"SELECT count(*) FROM ({rows}) never")
            if cursor.fetchone() != (0,):
                found.append(name)
        return found


def fuzz(bookings: int, connections_at_once: int) -> Counter[str]:
    with scope.system("arrange"):
        town = Town(random.Random(7240))
    share = [
        [town.booking() for _ in range(bookings // connections_at_once)] for _ in range(connections_at_once)
    ]
    answers: Counter[str] = Counter()

    def job(mine: list[tuple[str, list[object]]]) -> Callable[[], str]:
        def run() -> str:
            counted: Counter[str] = Counter()
            with connection.cursor() as cursor:
                with scope.system("fuzz"):
                    told = scope.told()
                for name, value in told.items():
                    cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
                for statement, given in mine:
                    try:
                        cursor.execute(statement, given)
                        counted["booked"] += 1
                    except Exception as error:
                        counted[str(getattr(error.__cause__, "sqlstate", error))] += 1
                cursor.execute("RESET ROLE")
            answers.update(counted)
            return "done"

        return run

    assert at_once([job(mine) for mine in share]) == {"done": connections_at_once}
    return answers


def test_random_bookings_on_several_connections_break_nothing(live_database: str) -> None:
    answers = fuzz(2_000, 4)
    assert broken() == []
    # Each guard had work to do: keep-apart, clearance, and an exclusion constraint.
    assert answers["booked"] > 100
    assert min(answers["TG001"], answers["TG002"], answers["23P01"]) > 10, answers


@pytest.mark.slow
def test_ten_thousand_random_bookings_break_nothing(live_database: str) -> None:
    answers = fuzz(10_000, 4)
    assert broken() == []
    assert sum(answers.values()) == 10_000
    assert set(answers) <= {"booked", "TG001", "TG002", "23P01", "23505", "40P01", "TG003"}, answers


def test_random_verbs_say_yes_or_no_in_words_and_break_nothing(live_database: str) -> None:
    """The verbs themselves: every no is Refused with words, never an error of the database."""
    dice = random.Random(31)
    with scope.system("arrange"):
        town = Town(dice)
        places = sorted({session.facility_id for session in town.sessions})
        actors = {place: actor_of(make.member(RoleName.COORDINATOR, facility_id=place)) for place in places}
        groups = list(Cohort.objects.select_related("facility", "program").order_by("id"))
    answers: Counter[str] = Counter()
    for _ in range(120):
        group = dice.choice(groups)
        by = actors[group.facility_id]
        verb = dice.choice([_seat, _seat, _seat, _pause, _end, _lead, _lead])
        try:
            with scope.enter(by.context()):
                verb(by, group, town, dice)
            answers["done"] += 1
        except Refused as no:
            answers.update(reason.code for reason in no.reasons)
            assert all(str(reason.text) for reason in no.reasons)
    assert broken() == []
    assert {"called_elsewhere", "keep_apart", "visitor_not_cleared"} <= set(answers)
    assert answers["done"] > 20, answers


def _seat(by: Actor, group: Cohort, town: Town, dice: random.Random) -> None:
    near = [person for person in town.people if person.facility_id == group.facility_id]
    seats.enroll(
        by=by,
        participant=dice.choice(near),
        cohort=group,
        override=dice.choice(["", "Asked for by the board"]),
    )


def _some_seat(group: Cohort, dice: random.Random) -> Enrollment:
    open_seats = (
        Enrollment.objects.filter(cohort=group).exclude(status="ended").select_related("cohort__facility")
    )
    found = list(open_seats.order_by("id"))
    if not found:
        raise Refused(Reason("nobody_seated", "Nobody has a seat."))
    return dice.choice(found)


def _pause(by: Actor, group: Cohort, town: Town, dice: random.Random) -> None:
    seat = _some_seat(group, dice)
    if seat.status == "suspended":
        seats.resume(by=by, enrollment=seat)
    else:
        seats.suspend(by=by, enrollment=seat, start=group.facility.today(), reason="hospital")


def _end(by: Actor, group: Cohort, town: Town, dice: random.Random) -> None:
    reason = dice.choice(["own_request", "health"])
    seats.end_enrollment(by=by, enrollment=_some_seat(group, dice), on=group.facility.today(), reason=reason)


def _lead(by: Actor, group: Cohort, town: Town, dice: random.Random) -> None:
    session = dice.choice([each for each in town.sessions if each.cohort_id == group.pk])
    staffing.assign(by=by, session=session, visitor=dice.choice(town.visitors))


def test_the_search_for_what_must_never_be_finds_it(live_database: str) -> None:
    """The oracle itself can fail: facts planted behind the guards' back are found."""
    with scope.system("arrange"):
        here = make.facility()
        group = make.cohort(here)
        session = make.session(group)
        first, second = make.participant(here), make.participant(here)
        make.call(first, session)
        make.call(second, session)
        visitor = make.visitor(here)
        session.facilitators.create(visitor=visitor, during=(session.starts_at, session.ends_at))
        KeepApart.objects.create(first=first, second=second, reason="gang", source="x", starts_on=make.TODAY)
        VisitorKeepApart.objects.create(
            visitor=visitor, participant=first, reason="kin", starts_on=make.TODAY
        )
        Clearance.objects.update(status="suspended")
    assert broken() == [
        name for name in NEVER if name.split()[0] in {"two", "someone"} or "clearance" in name
    ]
