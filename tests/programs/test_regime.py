"""A lockdown as one event: what it touches, exactly once, and what comes back."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from django.db import connection, connections
from hypothesis import given
from hypothesis import strategies as st
from test_readiness_queries import ready_session

import factories as make
from acting import acting, actor_of
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.outbox.models import Message
from throughgate.places.models import RegimePeriod, RegimeReason
from throughgate.policies.library import SHIPPED, load
from throughgate.programs.actions import regime, sessions
from throughgate.programs.models import Attendance, Call, Facilitator, RegimeEffect, Session
from throughgate.programs.queries.attendance import missing_attendance
from throughgate.programs.queries.makeups import propose_make_ups
from throughgate.programs.rules.makeups import Busy, overlaps, propose
from throughgate.programs.rules.regime import Touched, effect, session_kind
from throughgate.visitors.models import Visitor

RULES = load([SHIPPED]).in_force("regime", "default", dt.date(2026, 3, 2)).data
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@given(
    st.integers(-180, 300),
    st.integers(30, 240),
    st.integers(0, 30),
    st.integers(0, 30),
    st.booleans(),
    st.sampled_from(["lockdown", "modified"]),
)
def test_no_regime_loses_more_than_there_is(
    begins: int, length: int, people: int, some: int, units: bool, kind: str
) -> None:
    minute = dt.timedelta(minutes=1)
    start = NOON + begins * minute
    session = Touched(
        kind="scheduled",
        needs=("work",),
        starts=start,
        ends=start + length * minute,
        people=people,
        in_scope=min(some, people) if units else people,
    )
    found = effect(session, regime=kind, some_units=units, start=NOON, now=NOON - HOUR, rules=RULES)
    assert 0 <= found.lost_minutes <= length * people
    assert found.people <= people
    if found.what == "cut":
        assert start < NOON < start + length * minute
        assert found.lost_minutes + found.minutes_held * people <= (length + 1) * people
    if found.what == "cancel":
        assert start >= NOON
        assert found.lost_minutes == length * people


def test_the_pack_says_what_goes_on() -> None:
    assert session_kind("one_to_one", ["mental_health"]) == "clinic"
    assert session_kind("one_to_one", ["work"]) == "individual"
    assert session_kind("scheduled", ["education"]) == "class"
    assert session_kind("scheduled", ["trauma"]) == "group"
    clinic = Touched(
        kind="one_to_one", needs=("health",), starts=NOON, ends=NOON + HOUR, people=1, in_scope=1
    )
    assert (
        effect(clinic, regime="lockdown", some_units=False, start=NOON, now=NOON, rules=RULES).what
        == "goes_on"
    )


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), max_size=12), st.integers(1, 4))
def test_a_make_up_never_meets_anything_taken(taken: list[tuple[int, int]], length: int) -> None:
    spans = [(NOON + a * HOUR, NOON + (a + b) * HOUR) for a, b in taken]
    starts = [NOON + n * HOUR for n in range(48)]
    busy = Busy(rooms={1: spans}, leaders={2: []}, people={3: [], 4: spans})
    found = propose(starts, length * HOUR, busy, 5)
    assert all(not overlaps((p.starts_at, p.ends_at), spans) for p in found)
    assert len({p.starts_at.date() for p in found}) == len(found)
    assert [p.people_free for p in found] == sorted((p.people_free for p in found), reverse=True)


database = pytest.mark.django_db


@pytest.fixture
def session():
    made = ready_session()
    Visitor.objects.update(email="ana@example.org")
    return made


def declare(by, *places, start, end, event=None, **given):
    values = {"kind": "lockdown", "cause": "lockdown", "event": event or uuid.uuid4()}
    return regime.declare(by=by, facilities=places, start=start, end=end, **{**values, **given})


@database
def test_a_lockdown_cancels_what_it_touches_once(session) -> None:
    place, start = session.facility, session.starts_at - HOUR
    before = make.session(session.cohort, start=dt.time(8))
    event = uuid.uuid4()
    with acting(make.member(RoleName.CAPTAIN, facility=place)) as by:
        seen = regime.preview(by=by, facilities=[place], start=start, end=session.ends_at, kind="lockdown")
        done = declare(
            by, place, start=start, end=session.ends_at, event=event, restricted_reason="A weapon was found"
        )
        again = declare(by, place, start=start, end=session.ends_at, event=event)
    assert [hit.session.pk for hit in seen.hits] == [hit.session.pk for hit in done.hits] == [session.pk]
    assert (seen.lost_minutes, seen.people) == (done.lost_minutes, done.people) == (3 * 120, 3)
    assert again.regimes == again.hits == []
    session.refresh_from_db()
    before.refresh_from_db()
    assert (session.status, session.reason, before.status) == ("cancelled", "lockdown", "planned")
    made = RegimeEffect.objects.get()
    assert (made.people, made.lost_minutes, made.credit_protected) == (3, 360, True)
    assert Message.objects.count() == 1
    assert RegimeReason.objects.get().text == "A weapon was found"
    assert "weapon" not in str(Message.objects.get().data)
    with acting(make.member(RoleName.COORDINATOR, facility=place)) as by:
        assert not RegimeReason.objects.exists()
        with pytest.raises(Refused, match="lockdown holds"):
            sessions.undo_cancel(by=by, session=session)
        with pytest.raises(Forbidden):
            declare(by, place, start=start, end=session.ends_at)


@database
def test_lifting_brings_back_what_is_still_free_and_says_what_is_not(session) -> None:
    place = session.facility
    other = make.session(make.cohort(place, room=make.room(place)), start=dt.time(13))
    make.enrollment(make.participant(place), other.cohort)
    event = uuid.uuid4()
    captain = make.member(RoleName.CAPTAIN, facility=place)
    with acting(captain) as by:
        declare(by, place, start=session.starts_at, end=session.ends_at, event=event)
    busy = make.cohort(place)
    make.call(other.calls.get().participant, make.session(busy, start=dt.time(14)))
    with acting(captain) as by:
        done = regime.lift(by=by, event=event)
        assert regime.lift(by=by, event=event).back == []
    assert [back.session.pk for back in done.back] == [session.pk]
    assert [(s.pk, "free" in why) for s, why in done.stayed] == [(other.pk, True)]
    session.refresh_from_db()
    assert (session.status, session.called, session.regime) == ("planned", 3, None)
    assert set(
        RegimeEffect.objects.filter(restored_at__isnull=False).values_list("session_id", flat=True)
    ) == {session.pk}
    assert Attendance.objects.filter(session=session).count() == 0


@database
def test_shortening_gives_back_the_later_sessions_only(session) -> None:
    later = make.session(session.cohort, start=dt.time(17))
    for person in [call.participant for call in session.calls.all()]:
        make.call(person, later)
    event = uuid.uuid4()
    with acting(make.member(RoleName.CAPTAIN, facility=session.facility)) as by:
        declare(by, session.facility, start=session.starts_at, end=later.ends_at, event=event)
        with pytest.raises(Refused, match="announced"):
            regime.shorten(by=by, event=event, until=later.ends_at + HOUR)
        done = regime.shorten(by=by, event=event, until=session.ends_at)
    assert [back.session.pk for back in done.back] == [later.pk]
    assert RegimePeriod.objects.get().during.upper == session.ends_at


@database
def test_another_regime_keeps_a_session_away(session) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    with acting(make.member(RoleName.CAPTAIN, facility=session.facility)) as by:
        for event in (first, second):
            declare(by, session.facility, start=session.starts_at, end=session.ends_at, event=event)
        (stayed,) = regime.lift(by=by, event=first).stayed
    assert stayed[1] == "Another regime holds at that time."


@database
def test_a_regime_of_one_unit_leaves_the_others_in_class(session) -> None:
    unit = make.unit(session.facility)
    person = session.calls.first().participant
    person.unit = unit
    person.save()
    event = uuid.uuid4()
    with acting(make.member(RoleName.CAPTAIN, facility=session.facility)) as by:
        declare(by, session.facility, start=session.starts_at, end=session.ends_at, event=event, units=[unit])
        session.refresh_from_db()
        assert (session.status, session.called) == ("planned", 2)
        assert Attendance.objects.get().code == "not_sent"
        found = missing_attendance(by, now=session.ends_at + HOUR)
        assert [(each.called, each.recorded) for each in found] == [(2, 0)]
        regime.lift(by=by, event=event)
    session.refresh_from_db()
    assert (session.called, Attendance.objects.count()) == (3, 0)


@database
def test_a_running_session_is_cut_and_keeps_what_was_held() -> None:
    from test_attendance import group_of

    session, _people = group_of(2)
    now = session.facility.now()
    Session.objects.filter(pk=session.pk).update(starts_at=now - HOUR, ends_at=now + HOUR)
    with acting(make.member(RoleName.CAPTAIN, facility=session.facility)) as by:
        done = declare(by, session.facility, start=now - 2 * HOUR, end=now + 3 * HOUR)
    session.refresh_from_db()
    assert (session.status, session.minutes_held) == ("partly_held", 60)
    assert 100 <= done.lost_minutes <= 120


@database
def test_every_reason_why_a_declaration_is_wrong(session) -> None:
    place = session.facility
    stranger = make.unit(make.facility())
    with acting(make.member(RoleName.CAPTAIN, facility=place)) as by, pytest.raises(Refused) as no:
        declare(
            by,
            place,
            start=session.ends_at,
            end=session.starts_at,
            kind="panic",
            cause="bored",
            units=[stranger],
        )
    found = {reason.code for reason in no.value.reasons}
    assert found == {"ends_before_start", "unknown_kind", "unknown_cause", "unit_elsewhere"}


@database
def test_make_ups_are_proposed_where_everybody_can_come(session) -> None:
    with acting(make.member(RoleName.COORDINATOR, facility=session.facility)) as by:
        sessions.cancel(by=by, session=session, reason="lockdown")
        session.refresh_from_db()
        found = propose_make_ups(session, 3)
        assert len(found) == 3
        best = found[0]
        assert (best.people_free, best.people, best.room) == (3, 3, session.room_id)
        made = sessions.book_make_up(by=by, session=session, starts_at=best.starts_at, room=session.room)
        assert (made.called, made.missing) == (3, [])
        assert Facilitator.objects.filter(session=made.session).exists()
        assert best.starts_at not in [p.starts_at for p in propose_make_ups(session, 20)]


def test_pressed_by_many_at_once_over_three_facilities(live_database) -> None:
    """Four connections press the same button three times each; every session falls and is told of once."""
    with scope.system("arrange"):
        places = [make.facility() for _n in range(3)]
        captain = make.member(RoleName.CAPTAIN, agency_wide=True)
        for place in places:
            for hour in (13, 15):
                org = make.organization(email=f"{place.code}{hour}@example.org")
                group = make.cohort(place, make.program(org), room=make.room(place))
                made = make.session(group, start=dt.time(hour), hours=1)
                make.enrollment(make.participant(place), group)
        start, end = made.starts_at - 5 * HOUR, made.ends_at
        actor = actor_of(captain)
    event, wrong, gate = uuid.uuid4(), [], threading.Barrier(4)

    def press() -> None:
        try:
            gate.wait()
            for _n in range(3):
                with scope.enter(actor.context()):
                    declare(actor, *places, start=start, end=end, event=event)
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with scope.system("look"):
        assert RegimePeriod.objects.count() == 3
        assert Session.objects.filter(status="cancelled").count() == 6 == RegimeEffect.objects.count()
        assert Message.objects.count() == 6
        assert Attendance.objects.count() == 6
        assert not Call.objects.filter(status="called").exists()
    connection.close()
