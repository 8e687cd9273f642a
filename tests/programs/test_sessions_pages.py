"""What pages read: the session page, My day, the daily summary, the chase, lost hours."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from test_attendance import group_of
from test_readiness_queries import ready_session

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.people.models import AccessNeed, Change
from throughgate.programs.actions import attendance, sessions
from throughgate.programs.actions.attendance import Mark
from throughgate.programs.models import SeatAppeal, Session
from throughgate.programs.queries.attendance import daily_summary, missing_attendance
from throughgate.programs.queries.lost import lost_hours
from throughgate.programs.queries.sessions import session_page
from throughgate.programs.queries.today import today
from throughgate.visitors.models import Clearance

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def test_the_session_page_shows_people_leaders_marks_and_history() -> None:
    session, people = group_of(2)
    AccessNeed.objects.create(participant=people[0], kind="hearing")
    with acting(make.member(RoleName.COORDINATOR, facility=session.facility)) as by:
        attendance.mark(by=by, session=session, marks=[Mark(people[0].code, "late", minutes=60)])
        page = session_page(by, session.code)
        shown = {each.code: each for each in page.people}
        assert (shown[people[0].code].mark, shown[people[0].code].minutes) == ("late", 60)
        assert shown[people[0].code].alerts == ("Hearing support",)
        assert shown[people[0].code].number.startswith("A0")
        assert (page.missing, page.may["correct"]) == (1, True)
        assert "session_cancelled" not in {mark.code for mark in page.marks}
        sessions.hold(by=by, session=session, minutes=30)
        assert len(session_page(by, session.code).history) == 3
    with acting(make.member(RoleName.PARTNER_STAFF, organization=session.organization)) as by:
        assert len(session_page(by, session.code).people) == 2
    with (
        acting(make.member(RoleName.PARTNER_STAFF, organization=make.organization())) as by,
        pytest.raises(Refused),
    ):
        session_page(by, session.code)


def test_the_session_page_takes_the_same_queries_for_any_group() -> None:
    counts = []
    for size in (1, 12):
        session, people = group_of(size)
        for person in people:
            AccessNeed.objects.create(participant=person, kind="hearing")
        member = make.member(RoleName.COORDINATOR, facility=session.facility)
        with acting(member, readonly=True) as by, CaptureQueriesContext(connection) as seen:
            session_page(by, session.code)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_my_day_of_a_coordinator() -> None:
    session = ready_session(agreed_until=make.TODAY + DAY)
    session.officer = ""
    session.save()
    past = make.session(session.cohort, make.TODAY - 2 * DAY)
    make.call(session.calls.first().participant, past)
    Clearance.objects.update(valid=(make.TODAY - 30 * DAY, make.TODAY + DAY))
    person = session.calls.first().participant
    Change.objects.create(participant=person, facility=session.facility, kind="date_moved", summary="Moved")
    SeatAppeal.objects.create(
        participant=person, program=session.cohort.program, about="need", words="I need it", entered_by="x",
        made_on=make.TODAY, due_on=make.TODAY + DAY,
    )  # fmt: skip
    with acting(make.member(RoleName.COORDINATOR, facility=session.facility), readonly=True) as by:
        page = today(by)
    sections = {section.code: section for section in page.sections}
    once = ("at_risk", "attendance", "clearances", "agreements", "seats", "appeals", "changes")
    none = ("enquiries", "lapses")
    expected = {**dict.fromkeys(once, 1), **dict.fromkeys(none, 0)}
    assert {code: section.total for code, section in sections.items()} == expected
    risk = sections["at_risk"].items[0]
    assert (risk.light, risk.url_name, risk.args) == ("red", "staff:session_staffing", (session.code,))
    assert risk.more == 2
    assert page.participant_ids == [person.pk]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (RoleName.CASE_MANAGER, {"people", "seats", "appeals", "changes"}),
        (RoleName.CONTROL, {"movement", "gate"}),
        (RoleName.GATE, {"gate"}),
        (RoleName.LEADERSHIP, {"gate", "lost"}),
    ],
)
def test_my_day_of_others(role: RoleName, expected: set[str]) -> None:
    session = ready_session()
    with acting(make.member(role, facility=session.facility), readonly=True) as by:
        page = today(by)
        assert {section.code for section in page.sections} == expected


def test_missing_attendance_is_chased_by_stage_and_owner() -> None:
    session, people = group_of(2, make.TODAY - 3 * DAY)
    old, _people = group_of(1, make.TODAY - 20 * DAY)
    member = make.member(RoleName.COORDINATOR, facility=session.facility)
    with acting(member, readonly=True) as by:
        (found,) = missing_attendance(by)
    assert (found.code, found.days_late, found.stage) == (session.code, 3, "escalated")
    assert found.owner == session.organization.name
    assert old.code != found.code
    with acting(make.member(RoleName.PARTNER_LEAD, organization=old.organization)) as by:
        assert missing_attendance(by) == []
    with acting(member) as by:
        attendance.mark(by=by, session=session, marks=[Mark(p.code, "attended") for p in people])
        assert missing_attendance(by) == []


def test_the_days_summary_adds_up() -> None:
    session, people = group_of(4)
    place = session.facility
    other = make.session(session.cohort, place.today(), dt.time(20))
    for person in people:
        make.call(person, other)
    with acting(make.member(RoleName.COORDINATOR, facility=place)) as by:
        attendance.mark(
            by=by,
            session=session,
            marks=[
                Mark(people[0].code, "attended"),
                Mark(people[1].code, "refused", note="did not want to"),
                Mark(people[2].code, "not_sent"),
            ],
        )
        sessions.cancel(by=by, session=Session.objects.get(pk=other.pk), reason="weather_utility")
        found = daily_summary(by, place, place.today())
        morning, evening = found.parts
    assert (morning.people, morning.attended, morning.absent, morning.not_sent) == (4, 1, 1, 1)
    assert (morning.not_recorded, morning.share) == (1, 25)
    assert (evening.cancelled, evening.cancelled_people, evening.share) == (1, 4, None)
    assert found.refusals == ((session.cohort.program.name, session.code, 1),)
    with acting(make.member(RoleName.LEADERSHIP, facility=place)) as by:
        (lost,) = lost_hours([place], other.starts_at - DAY, other.ends_at)
        assert (lost.reason, lost.hours, lost.cause) == ("weather_utility", 8, "none")
        with pytest.raises(Forbidden):
            daily_summary(by, place, place.today())
