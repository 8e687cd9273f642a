"""Giving, pausing and ending seats: what the verbs do and every way they refuse."""

from __future__ import annotations

import datetime as dt

import pytest

import factories as make
from acting import acting
from throughgate.access.models import AccessGrant, Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.people.models import KeepApart, Participant, Whereabouts
from throughgate.programs import jobs
from throughgate.programs.actions import seats
from throughgate.programs.models import (
    Attendance,
    Call,
    Cohort,
    EligibilityRule,
    Enrollment,
    EnrollmentStatus,
    Prerequisite,
    RequestedBy,
    SlotExclusion,
    Suspension,
    WaitlistEntry,
    WaitStatus,
)
from throughgate.visitors.models import VisitorKeepApart

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


class Place:
    """A facility with a coordinator and a cohort that meets three times in the coming days."""

    def __init__(self, **cohort: object) -> None:
        self.facility = make.facility()
        self.program = make.program(make.organization())
        self.cohort = make.cohort(self.facility, self.program, room=make.room(self.facility), **cohort)
        self.sessions = [make.session(self.cohort, make.TODAY + n * DAY) for n in (1, 2, 8)]
        self.staff = make.member(RoleName.COORDINATOR, facility=self.facility)

    def person(self, **given: object) -> Participant:
        return make.participant(self.facility, **given)

    def seat(self, person: Participant, override: str = "", member: Membership | None = None) -> Enrollment:
        with acting(member or self.staff) as by:
            return seats.enroll(by=by, participant=person, cohort=self.cohort, override=override)


def codes(error: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in error.value.reasons]


def called(person: Participant) -> int:
    return Call.objects.filter(participant=person, status="called").count()


def test_a_seat_calls_the_person_to_every_session_to_come_and_takes_their_place_in_line() -> None:
    here = Place()
    make.session(here.cohort, make.TODAY - DAY)
    person = here.person()
    entry = WaitlistEntry.objects.create(
        participant=person,
        program=here.program,
        status=WaitStatus.APPROVED,
        requested_on=make.TODAY - 90 * DAY,
        requested_by=RequestedBy.SELF,
        confirmed_on=make.TODAY,
    )
    made = here.seat(person)
    entry.refresh_from_db()
    here.cohort.refresh_from_db()
    assert called(person) == 3
    assert (entry.status, made.entry_id) == ("enrolled", entry.pk)
    assert here.cohort.seats_taken == 1
    assert made.enrolled_by == here.staff.person_name
    assert AccessGrant.objects.filter(participant=person, basis_ref=made.code).exists()


def test_every_reason_comes_at_once() -> None:
    here = Place(capacity=1)
    other = make.program(name="Basics")
    Prerequisite.objects.create(program=here.program, required=other)
    EligibilityRule.objects.create(
        program=here.program, fact="reading_level", test="at_least", value="6", words="Reads at grade 6"
    )
    make.enrollment(here.person(), here.cohort)
    person = here.person(profile={"release_on": here.facility.today() + 5 * DAY, "reading_level": 5})
    elsewhere = make.cohort(here.facility, make.program(movement_label="Health appointment"))
    make.call(person, make.session(elsewhere, make.TODAY + DAY))
    with pytest.raises(Refused) as no:
        here.seat(person)
    assert sorted(codes(no)) == [
        "called_elsewhere", "full", "not_eligible", "prerequisite_missing", "release_before_end",
    ]  # fmt: skip
    said = str(no.value)
    assert "Health appointment" in said and "Basics" in said and "Reads at grade 6 (1 grade short)" in said
    assert "3 days after the expected release" in said
    assert not Enrollment.objects.filter(participant=person).exists()


def test_a_reasoned_override_seats_beyond_the_seats_and_is_kept() -> None:
    here = Place(capacity=1)
    make.enrollment(here.person(), here.cohort)
    person = here.person()
    with pytest.raises(Refused) as no:
        here.seat(person, override="because")
    assert "override_too_short" in codes(no)
    made = here.seat(person, override="Court ordered this course")
    here.cohort.refresh_from_db()
    assert made.over_capacity and made.override_reason == "Court ordered this course [full]"
    assert (here.cohort.seats_taken, here.cohort.seats_overridden) == (2, 1)


def test_who_may_not_overrule_is_told_so_and_others_may_not_seat_at_all() -> None:
    here = Place(capacity=1)
    make.enrollment(here.person(), here.cohort)
    person = here.person()
    with pytest.raises(Forbidden):
        here.seat(
            person, "Court ordered this course", make.member(RoleName.CASE_MANAGER, facility=here.facility)
        )
    with pytest.raises(Forbidden):
        here.seat(person, member=make.member(RoleName.CONTROL, facility=here.facility))
    with pytest.raises(Forbidden):
        here.seat(person, member=make.member(RoleName.COORDINATOR, facility=make.facility()))


@pytest.mark.parametrize("which", ["first", "visitor"])
def test_keep_apart_stands_whatever_the_reason_and_names_nobody(which: str) -> None:
    here = Place()
    seated, person = here.person(), here.person()
    make.enrollment(seated, here.cohort)
    if which == "first":
        KeepApart.objects.create(
            first=seated, second=person, reason="threat", source="test", starts_on=make.TODAY - DAY
        )
    else:
        visitor = make.visitor(here.facility)
        second = here.sessions[1]
        second.facilitators.create(visitor=visitor, during=(second.starts_at, second.ends_at))
        VisitorKeepApart.objects.create(
            visitor=visitor, participant=person, reason="kin", starts_on=make.TODAY
        )
    with pytest.raises(Refused) as no:
        here.seat(person, override="It will be fine this once")
    assert codes(no) == ["keep_apart"]
    assert seated.last_name not in str(no.value)


def test_a_call_elsewhere_may_not_be_overruled() -> None:
    here = Place()
    person = here.person()
    at = here.sessions[0].starts_at
    Call.objects.create(participant=person, label="Court", starts_at=at, ends_at=at + dt.timedelta(hours=1))
    with pytest.raises(Refused) as no:
        here.seat(person, override="It will be fine this once")
    assert codes(no) == ["called_elsewhere"] and "Court" in str(no.value)


def test_twice_paused_elsewhere_away_closed_and_over() -> None:
    here = Place()
    person = here.person()
    made = here.seat(person)
    with pytest.raises(Refused) as no:
        here.seat(person)
    assert codes(no) == ["already_enrolled"]
    with acting(here.staff) as by:
        seats.suspend(by=by, enrollment=made, start=make.TODAY, reason="hospital")
    with pytest.raises(Refused) as no:
        here.seat(person)
    assert codes(no) == ["place_paused"]
    with pytest.raises(Refused) as no:
        here.seat(here.person(whereabouts=Whereabouts.AWAY))
    assert codes(no) == ["away"]
    with pytest.raises(Refused) as no:
        here.seat(here.person(whereabouts=Whereabouts.DIED))
    assert codes(no) == ["record_closed"]
    with pytest.raises(Refused) as no:
        here.seat(make.participant(make.facility()))
    assert codes(no) == ["person_not_here"]
    Cohort.objects.filter(pk=here.cohort.pk).update(status="planned")
    with pytest.raises(Refused) as no:
        here.seat(here.person())
    assert codes(no) == ["cohort_not_open"]


def test_a_program_completed_in_another_facility_counts_as_prerequisite() -> None:
    here = Place()
    basics = make.program()
    Prerequisite.objects.create(program=here.program, required=basics)
    person = here.person()
    make.enrollment(
        person, make.cohort(make.facility(), basics),
        status="ended", ended_on=make.TODAY - DAY, end_reason="completed",
    )  # fmt: skip
    assert here.seat(person).pk


def test_a_pause_withdraws_the_calls_of_its_days_and_resuming_brings_them_back() -> None:
    here = Place()
    person = here.person()
    made = here.seat(person)
    with acting(here.staff) as by:
        seats.suspend(by=by, enrollment=made, start=make.TODAY, end=make.TODAY + 3 * DAY, reason="hospital")
        made.refresh_from_db()
        assert (made.status, called(person)) == ("suspended", 1)
        with pytest.raises(Refused, match="already paused"):
            seats.suspend(by=by, enrollment=made, start=make.TODAY + DAY, reason="court")
        seats.resume(by=by, enrollment=made)
        made.refresh_from_db()
        assert (made.status, called(person)) == ("active", 3)
        with pytest.raises(Refused, match="not paused"):
            seats.resume(by=by, enrollment=made)


def test_a_planned_pause_begins_and_ends_with_its_day_however_often_the_clock_looks() -> None:
    here = Place()
    made = here.seat(here.person())
    today = here.cohort.facility.today()
    with acting(here.staff) as by:
        seats.suspend(by=by, enrollment=made, start=today + 2 * DAY, end=today + 3 * DAY, reason="court")
    for days, status in (
        ((2, 4), "active"),
        ((0, 2), "suspended"),
        ((-1, 1), "suspended"),
        ((-2, 0), "active"),
    ):
        Suspension.objects.update(during=(today + days[0] * DAY, today + days[1] * DAY))
        for _again in range(2):
            jobs.planned_pauses()
            made.refresh_from_db()
            assert made.status == status
    assert seats.turn_pauses() == 0


def test_resuming_refuses_when_the_person_is_called_elsewhere_by_now() -> None:
    here = Place()
    person = here.person()
    made = here.seat(person)
    with acting(here.staff) as by:
        seats.suspend(by=by, enrollment=made, start=make.TODAY, reason="hospital")
    at = here.sessions[0].starts_at
    Call.objects.create(participant=person, label="Court", starts_at=at, ends_at=at + dt.timedelta(hours=1))
    with pytest.raises(Refused, match="called elsewhere"), acting(here.staff) as by:
        seats.resume(by=by, enrollment=made)
    made.refresh_from_db()
    assert (made.status, called(person)) == ("suspended", 1)


def test_a_weekly_time_can_be_left_out_and_taken_in_again() -> None:
    here = Place()
    slot = make.slot(here.cohort, weekday=(make.TODAY + DAY).weekday(), starts="13:00")
    slot.refresh_from_db()
    person = here.person()
    made = here.seat(person)
    with acting(here.staff) as by:
        with pytest.raises(Refused, match="Say why"):
            seats.exclude_slot(by=by, enrollment=made, slot=slot, reason=" ")
        seats.exclude_slot(by=by, enrollment=made, slot=slot, reason="Work in the kitchen")
        seats.exclude_slot(by=by, enrollment=made, slot=slot, reason="Work in the kitchen")
        assert (called(person), SlotExclusion.objects.count()) == (1, 1)
        seats.include_slot(by=by, enrollment=made, slot=slot)
        assert called(person) == 3


def test_ending_needs_a_reason_of_the_pack_and_frees_the_seat() -> None:
    here = Place(capacity=1)
    person = here.person()
    made = here.seat(person)
    with acting(here.staff) as by:
        for reason, note, on, code in (
            ("because", "", make.TODAY, "reason_unknown"),
            ("dismissed_behavior", "", make.TODAY, "note_missing"),
            ("own_request", "", make.TODAY + 2 * DAY, "future_day"),
        ):
            with pytest.raises(Refused) as no:
                seats.end_enrollment(by=by, enrollment=made, on=on, reason=reason, note=note)
            assert codes(no) == [code]
        seats.end_enrollment(by=by, enrollment=made, on=make.TODAY, reason="own_request")
        with pytest.raises(Refused, match="has ended"):
            seats.end_enrollment(by=by, enrollment=made, on=make.TODAY, reason="own_request")
    here.cohort.refresh_from_db()
    assert (here.cohort.seats_taken, called(person)) == (0, 0)
    assert not WaitlistEntry.objects.filter(participant=person).exists()
    assert not AccessGrant.objects.filter(participant=person).exists()
    assert here.seat(person).status == EnrollmentStatus.ACTIVE


def test_a_reason_that_keeps_the_place_puts_the_person_back_in_line_with_their_date() -> None:
    here = Place()
    person = here.person()
    asked = make.TODAY - 200 * DAY
    WaitlistEntry.objects.create(
        participant=person, program=here.program, status="approved",
        requested_on=asked, requested_by="self", confirmed_on=make.TODAY,
    )  # fmt: skip
    made = here.seat(person)
    with acting(here.staff) as by:
        seats.end_enrollment(by=by, enrollment=made, on=make.TODAY, reason="health")
    back = WaitlistEntry.objects.get(participant=person, status="approved")
    assert back.requested_on == asked
    assert here.seat(person).entry_id == back.pk


def test_attendance_after_the_day_refuses_the_end() -> None:
    here = Place()
    person = here.person()
    past = make.session(here.cohort, make.TODAY - 3 * DAY)
    made = make.enrollment(person, here.cohort)
    Call.objects.filter(participant=person).update(enrollment=made)
    call = Call.objects.get(participant=person, session=past)
    Attendance.objects.create(
        call=call, participant=person, session=past, code="attended", minutes=90,
        marked_by="test", marked_at=past.ends_at, pack="attendance-default v1",
    )  # fmt: skip
    with pytest.raises(Refused) as no, acting(here.staff) as by:
        seats.end_enrollment(by=by, enrollment=made, on=make.TODAY - 5 * DAY, reason="own_request")
    assert codes(no) == ["attended_later"]


def test_assessing_writes_nothing_and_works_on_a_page_that_only_reads() -> None:
    here = Place()
    person = here.person()
    with acting(here.staff, readonly=True) as by:
        found = seats.assess(by=by, participant=person, cohort=here.cohort)
    assert not found.decision.refused and found.eligibility.eligible
    with scope.system("count"):
        assert not Enrollment.objects.exists()
