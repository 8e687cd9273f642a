"""Schedule, move, cancel, undo, make up: with people, leaders, messages and marks that follow."""

from __future__ import annotations

import datetime as dt

import pytest
from test_readiness_queries import ready_session

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.outbox.actions import RECHECKS
from throughgate.base.outbox.models import Message
from throughgate.people.models import Absence, KeepApart
from throughgate.programs.actions import sessions
from throughgate.programs.models import (
    Attendance,
    Call,
    Facilitator,
    Session,
    UsualFacilitator,
)
from throughgate.visitors.models import Clearance, Visitor

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def session():
    made = ready_session()
    Visitor.objects.update(email="ana@example.org")
    made.organization.email = "office@example.org"
    made.organization.save()
    return made


@pytest.fixture
def member(session):
    return make.member(RoleName.COORDINATOR, facility=session.facility)


def called(session) -> int:
    return Call.objects.filter(session=session, status="called").count()


def test_cancelling_marks_frees_and_tells_once(session, member) -> None:
    with acting(member) as by:
        sessions.cancel(by=by, session=session, reason="officer_shortage")
        sessions.cancel(by=by, session=session, reason="lockdown")
    session.refresh_from_db()
    assert (session.status, session.reason, session.called) == ("cancelled", "officer_shortage", 0)
    assert session.public_words == "The facility could not host it"
    assert set(Attendance.objects.values_list("code", flat=True)) == {"session_cancelled"}
    assert Attendance.objects.count() == 3
    assert sorted(Message.objects.values_list("address", flat=True)) == [
        "ana@example.org",
        "office@example.org",
    ]
    told = Message.objects.first()
    assert told is not None
    assert RECHECKS[told.recheck](told.data)
    # The leader is free for another session at that time.
    other = make.session(make.cohort(session.facility), start=dt.time(13))
    Facilitator.objects.create(session=other, visitor=session.facilitators.get().visitor)


def test_undo_on_the_same_day_brings_everything_back(session, member) -> None:
    with acting(member) as by:
        sessions.cancel(by=by, session=session, reason="lockdown")
        back = sessions.undo_cancel(by=by, session=session)
    session.refresh_from_db()
    assert (back.called, back.missing) == (3, [])
    assert (session.status, session.reason, called(session)) == ("planned", "", 3)
    assert not Attendance.objects.exists()
    first = Message.objects.filter(template="session_cancelled").first()
    assert first is not None
    assert not RECHECKS[first.recheck](first.data)
    assert Message.objects.filter(template="session_restored").count() == 2
    with acting(member) as by:
        sessions.cancel(by=by, session=session, reason="lockdown")
    assert Message.objects.filter(template="session_cancelled").count() == 4


def test_undo_leaves_out_who_is_taken_and_refuses_what_cannot_be(session, member) -> None:
    with acting(member) as by:
        sessions.cancel(by=by, session=session, reason="lockdown")
    gone = session.calls.first().participant
    other = make.session(make.cohort(session.facility), start=dt.time(14))
    make.call(gone, other)
    with acting(member) as by:
        back = sessions.undo_cancel(by=by, session=session)
        assert (back.called, len(back.missing)) == (2, 1)
        sessions.cancel(by=by, session=session, reason="lockdown")
    make.session(make.cohort(session.facility), room=session.room)
    Clearance.objects.all().delete()
    with acting(member) as by:
        with pytest.raises(Refused) as no:
            sessions.undo_cancel(by=by, session=session)
        assert {r.code for r in no.value.reasons} == {"session_room_is_taken", "no_facilitator"}
    Session.objects.filter(pk=session.pk).update(settled_at=session.starts_at - 3 * DAY)
    with acting(member) as by, pytest.raises(Refused, match="taken back until"):
        sessions.undo_cancel(by=by, session=session)


def test_cancel_refuses_unknown_reasons_and_recorded_attendance(session, member) -> None:
    with acting(member) as by, pytest.raises(Refused, match="Lockdown"):
        sessions.cancel(by=by, session=session, reason="bored")
    call = session.calls.first()
    Attendance.objects.create(
        call=call,
        participant=call.participant,
        session=session,
        code="attended",
        minutes=60,
        marked_by="x",
        marked_at=session.ends_at,
        pack="p",
    )
    with acting(member) as by, pytest.raises(Refused, match="already recorded"):
        sessions.cancel(by=by, session=session, reason="lockdown")
    with acting(make.member(RoleName.CONTROL, facility=session.facility)) as by, pytest.raises(Forbidden):
        sessions.cancel(by=by, session=session, reason="lockdown")


def test_moving_asks_everything_again(session, member) -> None:
    later = session.starts_at + 2 * HOUR
    busy = make.session(make.cohort(session.facility), start=dt.time(15))
    make.call(session.calls.first().participant, busy)
    other = make.session(make.cohort(session.facility), start=dt.time(16), room=make.room(session.facility))
    Facilitator.objects.create(session=other, visitor=session.facilitators.get().visitor)
    with acting(member) as by:
        with pytest.raises(Refused) as no:
            sessions.move(by=by, session=session, starts_at=later, ends_at=later + 2 * HOUR, room=other.room)
        found = {r.code for r in no.value.reasons}
        assert found == {"session_room_is_taken", "facilitator_not_free", "called_elsewhere"}
        moved = sessions.move(
            by=by,
            session=session,
            starts_at=later,
            ends_at=later + HOUR,
            room=None,
            override="the other class can wait",
        )
    assert (moved.starts_at, moved.called) == (later, 2)
    assert set(Call.objects.filter(session=session).values_list("starts_at", flat=True)) == {later}
    assert Message.objects.filter(template="session_moved").count() == 2
    evening = make.session(make.cohort(session.facility), start=dt.time(19))
    make.call(session.calls.filter(status="called").first().participant, evening)
    education = make.member(RoleName.EDUCATION, facility=session.facility)
    with acting(education) as by, pytest.raises(Forbidden):
        sessions.move(
            by=by,
            session=session,
            starts_at=evening.starts_at,
            ends_at=evening.ends_at,
            room=None,
            override="the other class can wait",
        )


def test_scheduling_calls_who_can_come_and_says_who_cannot(session, member) -> None:
    group, place = session.cohort, session.facility
    starts = session.starts_at + DAY
    people = [call.participant for call in session.calls.order_by("pk")]
    Absence.objects.create(participant=people[0], kind="court", during=(starts, starts + HOUR))
    UsualFacilitator.objects.create(cohort=group, visitor=make.visitor())
    first, second = sorted(person.pk for person in people[1:])
    KeepApart.objects.create(
        first_id=first, second_id=second, reason="threat", source="t", starts_on=starts.date()
    )
    with acting(member) as by:
        made = sessions.schedule(
            by=by, cohort=group, starts_at=starts, ends_at=starts + HOUR, room=session.room
        )
        assert (made.called, made.session.called, len(made.missing)) == (1, 1, 2)
        assert made.session.number == 2
        with pytest.raises(Refused) as no:
            sessions.schedule(
                by=by, cohort=group, starts_at=starts + HOUR / 2, ends_at=starts, room=session.room
            )
        assert "session_ends_after_start" in {r.code for r in no.value.reasons}
        with pytest.raises(Refused, match="taken"):
            sessions.schedule(by=by, cohort=group, starts_at=starts, ends_at=starts + HOUR, room=session.room)
    with acting(make.member(RoleName.COORDINATOR, facility=make.facility())) as by, pytest.raises(Forbidden):
        sessions.schedule(by=by, cohort=group, starts_at=starts, ends_at=starts + HOUR, room=None)
    assert place == made.session.facility


def test_a_make_up_follows_a_lost_session_once(session, member) -> None:
    starts = session.starts_at + 2 * DAY
    with acting(member) as by:
        with pytest.raises(Refused, match="lost"):
            sessions.book_make_up(by=by, session=session, starts_at=starts)
        sessions.cancel(by=by, session=session, reason="lockdown")
        made = sessions.book_make_up(by=by, session=session, starts_at=starts, room=session.room)
        assert (made.session.kind, made.session.makes_up_for, made.called) == ("make_up", session, 3)
        assert made.session.facilitators.count() == 1
        with pytest.raises(Refused, match="already"):
            sessions.book_make_up(by=by, session=session, starts_at=starts + DAY)
