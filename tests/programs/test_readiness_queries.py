"""Readiness from the database: as the actor sees it, and in the same few queries for any number of sessions."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Refused
from throughgate.people.models import AccessNeed, KeepApart
from throughgate.places.models import ClosedDay, CountTime, MovementWindow, RegimePeriod
from throughgate.programs.models import Facilitator, Session
from throughgate.programs.queries import readiness
from throughgate.programs.queries.week import week, with_surroundings
from throughgate.visitors.models import Clearance, ClearanceStatus

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def ready_session(place=None, *, agreed_until=make.TODAY + 400 * DAY, **given):
    """A session tomorrow that lacks nothing."""
    place = place or make.facility()
    org = make.organization()
    make.agreement(org, place, valid=(make.TODAY - 400 * DAY, agreed_until))
    room = make.room(place, step_free=True)
    group = make.cohort(place, make.program(org), room=room)
    session = make.session(group, officer="Officer Lane", **given)
    for _n in range(3):
        make.enrollment(make.participant(place), group)
    leader = make.visitor(place, organization=org)
    Facilitator.objects.create(session=session, visitor=leader)
    session.refresh_from_db()
    return session


def codes(session: Session) -> set[str]:
    fresh = Session.objects.get(pk=session.pk)
    return {reason.code for reason in readiness.of_session(fresh).reasons}


def test_nothing_missing_is_green_for_staff_and_for_the_partner() -> None:
    session = ready_session()
    coordinator = make.member(RoleName.COORDINATOR, facility=session.facility)
    lead = make.member(RoleName.PARTNER_LEAD, organization=session.organization)
    for member in (coordinator, lead):
        with acting(member, readonly=True):
            assert readiness.of_session(Session.objects.get()).light == "green"


def test_a_clearance_that_ends_before_the_day() -> None:
    session = ready_session()
    Clearance.objects.update(valid=(make.TODAY - 30 * DAY, make.TODAY + DAY))
    assert codes(session) == {"not_cleared"}
    Clearance.objects.update(status=ClearanceStatus.SUSPENDED)
    assert "suspended" in readiness.of_session(Session.objects.get()).reasons[0].text


def test_an_order_made_after_the_booking_is_seen_by_those_who_may_not_read_it() -> None:
    session = ready_session()
    first, second = sorted(call.participant_id for call in session.calls.all()[:2])
    KeepApart.objects.create(
        first_id=first, second_id=second, reason="threat", source="test", starts_on=make.TODAY
    )
    with acting(make.member(RoleName.COORDINATOR, facility=session.facility)):
        assert not KeepApart.objects.exists()
        assert codes(session) == {"keep_apart"}
    with acting(make.member(RoleName.COORDINATOR, facility=make.facility())), connection.cursor() as cursor:
        cursor.execute("SELECT tg.sessions_to_keep_apart(%s::bigint[])", [[session.pk]])
        assert cursor.fetchall() == []


def test_rooms_people_counts_windows_regimes_and_papers() -> None:
    session = ready_session()
    place, room = session.facility, session.room
    AccessNeed.objects.create(participant=session.calls.first().participant, kind="step_free")
    room.step_free, room.capacity = False, 2
    room.save()
    CountTime.objects.create(facility=place, starts=dt.time(14, 30), weekdays=list(range(7)))
    MovementWindow.objects.create(
        facility=place, part="am", opens=dt.time(8), closes=dt.time(9), weekdays=list(range(7))
    )
    session.organization.agreements.update(terminated_on=make.TODAY)
    RegimePeriod.objects.create(
        event="7d1f7a44-5d0e-4c8e-9f62-37a3f8f37c11",
        facility=place,
        kind="lockdown",
        cause="lockdown",
        public_reason="The facility's day changed",
        during=(session.starts_at, session.ends_at),
        declared_by="x",
        first_until=session.ends_at,
    )
    expected = {"not_step_free", "room_too_small", "count_time", "outside_movement", "no_agreement"}
    assert codes(session) == expected | {"regime_closed"}


def test_a_regime_of_other_units_leaves_the_session_alone() -> None:
    session = ready_session()
    here, there = make.unit(session.facility), make.unit(session.facility)
    session.calls.first().participant.__class__.objects.update(unit=here)
    regime = RegimePeriod.objects.create(
        event="7d1f7a44-5d0e-4c8e-9f62-37a3f8f37c12",
        facility=session.facility,
        kind="lockdown",
        cause="lockdown",
        public_reason="The facility's day changed",
        during=(session.starts_at, session.ends_at),
        declared_by="x",
        first_until=session.ends_at,
    )
    regime.units.set([there])
    assert codes(session) == set()
    regime.units.set([here])
    assert codes(session) == {"regime_modified"}


def test_a_week_of_110_sessions_takes_the_same_queries_as_one_and_little_time() -> None:
    place = make.facility()
    ready_session(place)
    coordinator = make.member(RoleName.COORDINATOR, facility=place)

    def count() -> int:
        with acting(coordinator, readonly=True), CaptureQueriesContext(connection) as seen:
            readiness.of_sessions(with_surroundings(Session.objects.order_by("pk")))
        return len(seen)

    make.session(make.cohort(place, room=make.room(place)))
    few = count()
    for n in range(11):
        group = make.cohort(place, room=make.room(place), capacity=12)
        for m in range(10):
            make.session(group, make.TODAY + (1 + m % 5) * DAY, dt.time(8 + m // 5 * 3, n % 2))
        for _n in range(4):
            make.enrollment(make.participant(place), group)
    assert Session.objects.count() == 112
    assert count() == few
    with acting(coordinator, readonly=True):
        sessions = list(with_surroundings(Session.objects.order_by("pk")))
        started = time.perf_counter()
        readiness.of_sessions(sessions)
        took = time.perf_counter() - started
        print(f"readiness of 112 sessions: {took * 1000:.0f} ms, {few} queries")
        assert took < 1  # a slip into a query a session takes far longer


def test_the_week_board_shows_days_parts_holidays_and_lights() -> None:
    session = ready_session()
    place, elsewhere = session.facility, make.facility()
    local = session.starts_at.astimezone(place.zone).date()
    ClosedDay.objects.create(facility=place, day=local + 7 * DAY, name="Staff training")
    with acting(make.member(RoleName.COORDINATOR, facility=place), readonly=True) as by:
        board = week(by, place, local)
        (shown,) = board.rows
        assert (shown.code, shown.part, shown.called, shown.readiness.light) == (
            session.code,
            "pm",
            3,
            "green",
        )
        assert shown.facilitators
        assert board.lights == {"green": 1}
        assert "Staff training" in [day.note for day in week(by, place, local + 7 * DAY).days]
        with pytest.raises(Refused):
            week(by, elsewhere, local)
