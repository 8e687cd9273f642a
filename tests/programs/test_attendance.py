"""Marking attendance: all at once, by the pack, with history; by staff and by the partner itself."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.programs.actions import attendance, sessions
from throughgate.programs.actions.attendance import Mark
from throughgate.programs.models import Attendance, AttendanceChange, LedgerLine, Session

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def group_of(people: int = 3, day: dt.date | None = None, **program):
    """A session that has begun (earlier today or on a day given) with its people; a partner leads it."""
    place, org = make.facility(), make.organization()
    group = make.cohort(place, make.program(org, **program), capacity=20)
    when = day or place.today()
    session = make.session(group, when, dt.time(0), hours=2)
    persons = [make.participant(place) for _n in range(people)]
    for person in persons:
        make.enrollment(person, group)
    session.refresh_from_db()
    return session, persons


def coordinator(session: Session):
    return make.member(RoleName.COORDINATOR, facility=session.facility)


def codes(session: Session) -> dict[str, str]:
    return dict(Attendance.objects.filter(session=session).values_list("participant__code", "code"))


def test_fifteen_people_in_one_go_and_pressing_twice_changes_nothing() -> None:
    session, people = group_of(15)
    marks = [Mark(p.code, "attended") for p in people]
    with acting(coordinator(session)) as by:
        first = attendance.mark(by=by, session=session, marks=marks)
        again = attendance.mark(by=by, session=session, marks=marks)
    assert (first.new, first.missing, first.status) == (15, 0, "held")
    assert (again.new, again.changed, again.unchanged) == (0, 0, 15)
    session.refresh_from_db()
    assert (session.recorded, session.attended, session.minutes_held) == (15, 15, 120)
    assert not AttendanceChange.objects.exists()
    assert LedgerLine.objects.filter(kind="hours", quantity=2).count() == 15


def test_queries_do_not_grow_with_the_people() -> None:
    counts = []
    for people in (2, 15):
        session, persons = group_of(people)
        with acting(coordinator(session)) as by, CaptureQueriesContext(connection) as seen:
            attendance.mark(by=by, session=session, marks=[Mark(p.code, "attended") for p in persons])
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_partner_marks_its_own_session_under_its_own_rights() -> None:
    session, people = group_of(2)
    lead = make.member(RoleName.PARTNER_STAFF, organization=session.organization)
    with acting(lead) as by:
        attendance.mark(
            by=by,
            session=Session.objects.get(),
            marks=[Mark(people[0].code, "attended"), Mark(people[1].code, "late", minutes=90)],
        )
        assert codes(session) == {people[0].code: "attended", people[1].code: "late"}
        attendance.mark(by=by, session=session, marks=[Mark(people[1].code, "late", minutes=60)])
    assert AttendanceChange.objects.get().minutes == 90
    assert Attendance.objects.get(participant=people[1]).minutes == 60


def test_another_partner_may_not() -> None:
    session, people = group_of(1)
    with (
        acting(make.member(RoleName.PARTNER_STAFF, organization=make.organization())) as by,
        pytest.raises(Refused, match="not among yours"),
    ):
        attendance.mark(by=by, session=session, marks=[Mark(people[0].code, "attended")])
    assert not Attendance.objects.exists()


@pytest.mark.parametrize("role", [RoleName.CASE_MANAGER, RoleName.CONTROL, RoleName.GATE])
def test_who_may_not_mark_is_told(role: RoleName) -> None:
    session, people = group_of(1)
    with acting(make.member(role, facility=session.facility)) as by, pytest.raises(Forbidden):
        attendance.mark(by=by, session=session, marks=[Mark(people[0].code, "attended")])


def test_every_reason_at_once_and_nothing_written() -> None:
    session, people = group_of(3)
    stranger = make.participant(session.facility)
    with acting(coordinator(session)) as by, pytest.raises(Refused) as no:
        attendance.mark(
            by=by,
            session=session,
            marks=[
                Mark(people[0].code, "attended"),
                Mark(people[1].code, "refused"),
                Mark(people[2].code, "session_cancelled"),
                Mark(stranger.code, "attended"),
            ],
        )
    assert {reason.code for reason in no.value.reasons} == {"note_missing", "unknown_mark", "not_called"}
    assert not Attendance.objects.exists()


def test_what_was_settled_is_corrected_later_only_with_a_reason() -> None:
    yesterday = make.TODAY - 5 * DAY
    session, (person,) = group_of(1, yesterday)
    Attendance.objects.create(
        call=session.calls.get(),
        participant=person,
        session=session,
        code="attended",
        minutes=120,
        marked_by="x",
        marked_at=session.ends_at,
        pack="p v1",
    )
    with acting(coordinator(session)) as by:
        with pytest.raises(Refused, match="ended on"):
            attendance.mark(by=by, session=session, marks=[Mark(person.code, "not_sent")])
        attendance.correct(by=by, session=session, mark=Mark(person.code, "not_sent"), why="Unit log says so")
    change = AttendanceChange.objects.get()
    assert (change.code, change.why, change.version) == ("attended", "Unit log says so", 1)
    assert Attendance.objects.get().version == 2
    with acting(make.member(RoleName.EDUCATION, facility=session.facility)) as by, pytest.raises(Forbidden):
        attendance.correct(by=by, session=session, mark=Mark(person.code, "attended"), why="x")


def test_in_advance_only_what_the_pack_allows() -> None:
    session, (person,) = group_of(1, make.TODAY + 3 * DAY)
    with acting(coordinator(session)) as by:
        with pytest.raises(Refused, match="not taken place"):
            attendance.mark(by=by, session=session, marks=[Mark(person.code, "attended")])
        done = attendance.mark(by=by, session=session, marks=[Mark(person.code, "not_required")])
    assert (done.new, done.status) == (1, "planned")


def test_partly_held_cuts_minutes_and_hours() -> None:
    session, people = group_of(2)
    with acting(coordinator(session)) as by:
        marks = [Mark(people[0].code, "attended"), Mark(people[1].code, "left_early", minutes=30)]
        attendance.mark(by=by, session=session, marks=marks)
        held = sessions.hold(by=by, session=session, minutes=45)
    assert (held.status, held.minutes_held) == ("partly_held", 45)
    assert sorted(Attendance.objects.values_list("minutes", flat=True)) == [30, 45]
    total = sum(line.quantity for line in LedgerLine.objects.filter(participant=people[0]))
    assert float(total) == 0.75
