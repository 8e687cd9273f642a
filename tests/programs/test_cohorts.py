"""Setting up programs and cohorts, making their sessions, and staffing them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.places.models import ClosedDay
from throughgate.programs.actions import catalog, cohorts, seats, staffing
from throughgate.programs.actions.cohorts import SlotDraft
from throughgate.programs.models import Call, Cohort, Facilitator, Session, WeeklySlot
from throughgate.programs.queries.seats import cohort_page, places_of
from throughgate.programs.rules.eligibility import Condition
from throughgate.visitors.models import VisitorKeepApart

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
NOON, TWO = dt.time(12), dt.time(14)


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


def test_a_program_is_saved_with_what_it_needs_and_bad_ones_are_told_everything() -> None:
    here, basics = make.facility(), make.program()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        made = catalog.save_program(
            by=by, name="Welding", needs=["work"], dose_hours=120, group_max=10, prerequisites=[basics],
            eligibility=[Condition("reading_level", "at_least", "6", "Reads at grade 6")],
        )  # fmt: skip
        assert (made.prerequisites.count(), made.eligibility.count()) == (1, 1)
        catalog.save_program(by=by, program=made, summary="Metal work", eligibility=[])
        assert (made.prerequisites.count(), made.eligibility.count(), made.name) == (1, 0, "Welding")
        with pytest.raises(Refused) as no:
            catalog.save_program(by=by, program=basics, prerequisites=[made])
        assert codes(no) == {"requires_itself"}
        with pytest.raises(Refused) as no:
            catalog.save_program(
                by=by, name="", needs=["nothing"], dose_hours=1, group_max=1,
                eligibility=[Condition("age", "is", "18", "x")],
            )  # fmt: skip
        assert codes(no) == {"invalid_name", "invalid_needs", "condition_unclear"}
        with pytest.raises(Refused, match="neutral word"):
            catalog.save_program(
                by=by, name="Recovery", needs=["substance"], dose_hours=1, group_max=9, part2=True
            )
        with pytest.raises(TypeError, match="seats"):
            catalog.save_program(by=by, program=made, seats=3)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Forbidden):
        catalog.save_program(by=by, program=made, name="x")


def test_a_cohort_is_saved_and_an_unsound_one_refused() -> None:
    here = make.facility()
    program, room = make.program(make.organization(), group_max=8), make.room(here, capacity=6)
    far = make.room(make.facility())
    day = here.today()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        made = cohorts.save_cohort(
            by=by, program=program, facility=here, name="Spring", room=room, capacity=6,
            starts_on=day, ends_on=day + 60 * DAY,
        )  # fmt: skip
        assert (made.organization_id, made.status) == (program.organization_id, "planned")
        with pytest.raises(Refused) as no:
            cohorts.save_cohort(by=by, cohort=made, capacity=9)
        assert codes(no) == {"group_too_large", "room_too_small"}
        with pytest.raises(Refused, match="another facility"):
            cohorts.save_cohort(by=by, cohort=made, room=far)
        with pytest.raises(Refused, match="before the first"):
            cohorts.save_cohort(by=by, cohort=made, ends_on=day - DAY)
        assert cohorts.save_cohort(by=by, cohort=made, status="open").status == "open"
    make.enrollment(make.participant(here), made)
    make.enrollment(make.participant(here), made)
    with (
        acting(make.member(RoleName.EDUCATION, facility=here)) as by,
        pytest.raises(Refused, match="2 people"),
    ):
        cohorts.save_cohort(by=by, cohort=made, capacity=1)
    with acting(make.member(RoleName.COORDINATOR, facility=make.facility())) as by, pytest.raises(Forbidden):
        cohorts.save_cohort(by=by, cohort=made, capacity=4)


class Running:
    """A cohort on Mondays and Wednesdays from Monday 21 December 2026 on, over Christmas and New Year."""

    def __init__(self) -> None:
        self.facility = make.facility()
        self.room = make.room(self.facility)
        self.cohort = make.cohort(
            self.facility, room=self.room, starts_on=dt.date(2026, 12, 21), ends_on=dt.date(2027, 1, 20)
        )
        make.slot(self.cohort, weekday=0, starts=NOON, ends=TWO)
        make.slot(self.cohort, weekday=4, starts=NOON, ends=TWO)
        self.staff = make.member(RoleName.COORDINATOR, facility=self.facility)

    def make(self) -> cohorts.Made:
        with acting(self.staff) as by:
            return cohorts.make_sessions(by=by, cohort=self.cohort)


@pytest.fixture(autouse=True)
def _december() -> object:
    with time_machine.travel(dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC), tick=True):
        yield


def test_sessions_skip_holidays_and_closed_days_say_so_and_are_made_once() -> None:
    here = Running()
    ClosedDay.objects.create(facility=here.facility, day=dt.date(2027, 1, 4), name="Water main")
    made = here.make()
    skipped = {each.day: str(each.why) for each in made.skipped}
    assert {dt.date(2026, 12, 25), dt.date(2027, 1, 1), dt.date(2027, 1, 4)} <= set(skipped)
    assert skipped[dt.date(2027, 1, 4)] == "Water main"
    days = [s.starts_at.astimezone(here.facility.zone).date() for s in made.sessions]
    assert dt.date(2026, 12, 21) in days and not set(days) & set(skipped)
    assert [s.number for s in made.sessions] == list(range(1, len(days) + 1))
    assert {s.starts_at.astimezone(here.facility.zone).time() for s in made.sessions} == {NOON}
    moved = Session.objects.order_by("starts_at").first()
    assert moved is not None
    moved.starts_at, moved.ends_at = moved.starts_at + DAY, moved.ends_at + DAY
    moved.save()
    assert here.make().sessions == ()
    assert Session.objects.count() == len(days)


def test_new_sessions_call_those_with_a_seat_and_bring_the_usual_leaders() -> None:
    here = Running()
    person, busy, paused = (make.participant(here.facility) for _ in range(3))
    for each in (person, busy):
        make.enrollment(each, here.cohort)
    seat = make.enrollment(paused, here.cohort)
    seat.suspensions.create(
        participant=paused, during=(dt.date(2026, 12, 1), dt.date(2027, 1, 2)), reason="x", by_name="x"
    )
    first = here.facility.at(dt.date(2026, 12, 21), NOON)
    Call.objects.create(
        participant=busy, label="Court", starts_at=first, ends_at=first + dt.timedelta(hours=1)
    )
    leader, uncleared, cover = make.visitor(here.facility), make.visitor(), make.visitor(here.facility)
    with acting(here.staff) as by:
        cohorts.set_usual(by=by, cohort=here.cohort, leaders=[leader, uncleared], covers=[cover])
    made = here.make()
    count = len(made.sessions)
    assert Call.objects.filter(participant=person, status="called").count() == count
    assert Call.objects.filter(participant=busy, session__isnull=False).count() == count - 1
    assert 0 < Call.objects.filter(participant=paused).count() < count
    assert [(e.enrollment.participant_id, e.reasons[0].code) for e in made.uncalled] == [
        (busy.pk, "call_to_one_place_at_a_time")
    ]
    assert Facilitator.objects.filter(visitor=leader).count() == count
    assert not Facilitator.objects.filter(visitor=cover).exists()
    assert {e.reasons[0].code for e in made.without_leader} == {"visitor_not_cleared"}
    assert len(made.without_leader) == count


def test_a_taken_room_leaves_the_session_without_one_and_says_so() -> None:
    here = Running()
    other = make.cohort(here.facility, room=here.room)
    make.session(other, dt.date(2026, 12, 21), NOON)
    made = here.make()
    (roomless,) = made.without_room
    assert roomless.session.room is None and roomless.what == here.room.name
    assert Session.objects.filter(cohort=here.cohort, room__isnull=True).count() == 1


def test_making_sessions_refuses_without_times_and_without_the_right() -> None:
    here = Running()
    WeeklySlot.objects.all().delete()
    with pytest.raises(Refused, match="no weekly times"):
        here.make()
    with acting(make.member(RoleName.CASE_MANAGER, facility=here.facility)) as by, pytest.raises(Forbidden):
        cohorts.make_sessions(by=by, cohort=here.cohort)


def test_changed_weekly_times_tell_which_sessions_fit_no_more() -> None:
    here = Running()
    made = here.make()
    with acting(here.staff) as by:
        with pytest.raises(Refused) as no:
            cohorts.save_slots(
                by=by,
                cohort=here.cohort,
                slots=[
                    SlotDraft(1, NOON, TWO),
                    SlotDraft(1, dt.time(13), dt.time(15)),
                    SlotDraft(2, TWO, NOON),
                ],
            )
        assert codes(no) == {"slots_overlap", "slot_order"}
        left = cohorts.save_slots(
            by=by, cohort=here.cohort, slots=[SlotDraft(0, NOON, TWO), SlotDraft(2, NOON, TWO)]
        )
    assert {s.starts_at.weekday() for s in left} == {4}
    assert len(left) == sum(s.starts_at.weekday() == 4 for s in made.sessions)
    assert set(WeeklySlot.objects.values_list("weekday", flat=True)) == {0, 2}


def test_finishing_ends_every_place_and_waits_for_sessions_to_come() -> None:
    here = Running()
    done, other = (make.enrollment(make.participant(here.facility), here.cohort) for _ in range(2))
    session = make.session(here.cohort, dt.date(2026, 12, 22))
    with acting(here.staff) as by:
        with pytest.raises(Refused) as no:
            cohorts.finish_cohort(by=by, cohort=here.cohort, on=here.facility.today() + DAY)
        assert codes(no) == {"future_day", "sessions_to_come"}
    session.delete()
    with acting(here.staff) as by:
        finished = cohorts.finish_cohort(
            by=by, cohort=here.cohort, on=here.facility.today(), completed=[done]
        )
        assert finished.status == "finished"
        with pytest.raises(Refused):
            cohorts.finish_cohort(by=by, cohort=here.cohort, on=here.facility.today())
    done.refresh_from_db()
    other.refresh_from_db()
    assert (done.end_reason, other.end_reason) == ("completed", "duration_ended")
    assert Cohort.objects.get(pk=here.cohort.pk).seats_taken == 0


def test_a_leader_is_refused_with_every_reason() -> None:
    here = Running()
    session = make.session(here.cohort, dt.date(2026, 12, 22))
    elsewhere = make.session(make.cohort(make.facility()), dt.date(2026, 12, 22))
    visitor, good = make.visitor(elsewhere.facility), make.visitor(here.facility)
    make.call(make.participant(here.facility), session)
    person = make.participant(here.facility)
    make.call(person, session)
    VisitorKeepApart.objects.create(
        visitor=visitor, participant=person, reason="kin", starts_on=here.facility.today()
    )
    elsewhere.facilitators.create(visitor=visitor, during=(elsewhere.starts_at, elsewhere.ends_at))
    with acting(here.staff) as by:
        with pytest.raises(Refused) as no:
            staffing.assign(by=by, session=session, visitor=visitor)
        assert codes(no) == {"visitor_not_cleared", "visitor_elsewhere", "keep_apart"}
        assert person.last_name not in str(no.value)
        assert staffing.assign(by=by, session=session, visitor=good).active
        with pytest.raises(Refused, match="Name the officer"):
            staffing.confirm_officer(by=by, session=session, officer="  ")
        assert staffing.confirm_officer(by=by, session=session, officer="Post 4").officer == "Post 4"
    Session.objects.filter(pk=session.pk).update(status="cancelled", reason="weather")
    with acting(here.staff) as by:
        for refused in (
            lambda: staffing.assign(by=by, session=session, visitor=good),
            lambda: staffing.confirm_officer(by=by, session=session, officer="Post 4"),
        ):
            with pytest.raises(Refused) as no:
                refused()
            assert codes(no) == {"session_is_cancelled"}
    with acting(make.member(RoleName.GATE, facility=here.facility)) as by, pytest.raises(Forbidden):
        staffing.confirm_officer(by=by, session=session, officer="Post 4")


def test_cover_replaces_a_leader_who_has_not_come_in() -> None:
    here = Running()
    session = make.session(here.cohort, dt.date(2026, 12, 22))
    usual, cover = make.visitor(here.facility), make.visitor(here.facility)
    with acting(here.staff) as by:
        staffing.assign(by=by, session=session, visitor=usual)
        made = staffing.assign_cover(by=by, session=session, visitor=cover, instead_of=usual)
        assert made.cover and not Facilitator.objects.get(visitor=usual).active
        with pytest.raises(Refused, match="does not lead"):
            staffing.remove_facilitator(by=by, session=session, visitor=usual)
        assert staffing.assign(by=by, session=session, visitor=usual).active
        Facilitator.objects.filter(visitor=usual).update(arrived_at=here.facility.now())
        with pytest.raises(Refused, match="come in already"):
            staffing.remove_facilitator(by=by, session=session, visitor=usual)


def test_the_cohort_page_and_a_persons_places() -> None:
    here = Running()
    here.make()
    person = make.participant(here.facility)
    with acting(here.staff) as by:
        seat = seats.enroll(by=by, participant=person, cohort=here.cohort)
        page = cohort_page(by, here.cohort.code)
        assert [row.enrollment for row in page.seats] == [seat] and page.people == [person.pk]
        assert len(page.slots) == 2 and page.coming and page.sessions_past == 0
        seats.end_enrollment(by=by, enrollment=seat, on=here.facility.today(), reason="health")
        found = places_of(by, person)
    assert [(row.cohort_name, row.current) for row in found.places] == [(here.cohort.name, False)]
    assert found.line[0].standing is not None and found.line[0].standing.place == 1
    with acting(make.member(RoleName.CONTROL, facility=here.facility)) as by, pytest.raises(Forbidden):
        cohort_page(by, here.cohort.code)
