"""A person moves and nothing that is theirs is lost: dates in line, hours, credit, and a list to continue."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

import factories as make
from acting import acting
from throughgate.access.models import AccessGrant
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.people import actions as people
from throughgate.people.models import Participant, Whereabouts
from throughgate.places.models import FacilityKind
from throughgate.programs import jobs
from throughgate.programs.actions import moves, seats
from throughgate.programs.models import (
    Attendance,
    Call,
    Cohort,
    Continuation,
    Enrollment,
    LedgerLine,
    Suspension,
    WaitlistEntry,
)

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


class Story:
    """Someone with a seat (one session attended, one to come) and a place in line, about to move."""

    def __init__(self) -> None:
        self.here, self.there = make.facility(), make.facility()
        self.program = make.program(make.organization(), dose_hours=40)
        self.cohort = make.cohort(self.here, self.program)
        past = make.session(self.cohort, make.TODAY - 3 * DAY)
        make.session(self.cohort, make.TODAY + 2 * DAY)
        self.person = make.participant(self.here)
        self.asked = make.TODAY - 150 * DAY
        entry = self.waits(self.program, "enrolled")
        self.seat = make.enrollment(self.person, self.cohort, entry=entry)
        Call.objects.filter(participant=self.person).update(enrollment=self.seat)
        call = Call.objects.get(participant=self.person, session=past)
        Attendance.objects.create(
            call=call, participant=self.person, session=past, code="attended", minutes=90,
            marked_by="x", marked_at=past.ends_at, pack="x",
        )  # fmt: skip
        LedgerLine.objects.create(
            participant=self.person, enrollment=self.seat, session=past, kind="credit_days", quantity=Decimal("1.5"),
            on=make.TODAY, pack="x", rule="x", evidence="x",
        )  # fmt: skip
        self.line = self.waits(make.program(), "approved")
        self.mover = make.member(RoleName.CLASSIFICATION, facility=self.here)

    def waits(self, program: object, status: str) -> WaitlistEntry:
        return WaitlistEntry.objects.create(
            participant=self.person, program=program, status=status, requested_on=self.asked,
            requested_by="self", confirmed_on=make.TODAY,
        )  # fmt: skip

    def transfer(self) -> list[Continuation]:
        Participant.objects.filter(pk=self.person.pk).update(facility=self.there)
        with acting(self.mover) as by:
            return moves.after_transfer(
                by=by, participant=self.person, from_facility=self.here, to_facility=self.there, on=make.TODAY
            )


def test_a_transfer_ends_the_seat_keeps_every_date_and_lists_what_to_continue() -> None:
    story = Story()
    made = story.transfer()
    story.seat.refresh_from_db()
    assert (story.seat.status, story.seat.end_reason) == ("ended", "transfer")
    assert not Call.objects.filter(participant=story.person, status="called", starts_at__gt=story.here.now())
    assert not AccessGrant.objects.filter(participant=story.person).exists()
    waiting = WaitlistEntry.objects.filter(participant=story.person, status="approved")
    assert {entry.requested_on for entry in waiting} == {story.asked} and waiting.count() == 2
    assert sorted((each.kind, each.detail) for each in made) == [
        ("credit", "1.5 credit days"),
        ("line", f"In line since {story.asked.isoformat()}"),
        ("place", "1.5 of 40 hours"),
    ]
    assert story.transfer() == [] and Continuation.objects.count() == 3


def test_the_receiving_facility_goes_on_with_the_hours_they_bring() -> None:
    story = Story()
    (place,) = [each for each in story.transfer() if each.kind == "place"]
    cohort = make.cohort(story.there, story.program)
    wrong = make.cohort(story.there)
    with acting(make.member(RoleName.COORDINATOR, facility=story.there)) as by:
        with pytest.raises(Refused, match="Choose the cohort"):
            moves.continue_place(by=by, continuation=place, decision="continued")
        with pytest.raises(Refused, match="same program"):
            moves.continue_place(by=by, continuation=place, decision="continued", cohort=wrong)
        done = moves.continue_place(by=by, continuation=place, decision="continued", cohort=cohort)
        with pytest.raises(Refused, match="decided already"):
            moves.continue_place(by=by, continuation=place, decision="kept")
    seat = Enrollment.objects.get(cohort=cohort)
    assert (done.status, seat.carried_hours, seat.entry.requested_on) == (
        "continued",
        Decimal("1.50"),
        story.asked,
    )
    with acting(story.mover) as by, pytest.raises(Forbidden):
        moves.continue_place(by=by, continuation=place, decision="kept")


def test_a_release_ends_seats_and_keeps_what_the_office_runs() -> None:
    story = Story()
    office = make.facility(kind=FacilityKind.COMMUNITY_OFFICE)
    make.cohort(office, story.line.program)
    inside_only = story.waits(make.program(), "approved")
    with acting(story.mover) as by:
        moves.after_release(
            by=by, participant=story.person, from_facility=story.here, office=office, on=make.TODAY
        )
    story.seat.refresh_from_db()
    story.line.refresh_from_db()
    inside_only.refresh_from_db()
    assert (story.seat.end_reason, story.line.status, inside_only.status) == (
        "released",
        "approved",
        "removed",
    )
    assert inside_only.reason and inside_only.requested_on == story.asked
    kinds = Continuation.objects.filter(to_facility=office).values_list("kind", flat=True)
    assert sorted(kinds) == ["credit", "line", "place"]


def test_only_who_may_move_people_carries_places_over() -> None:
    story = Story()
    with acting(make.member(RoleName.COORDINATOR, facility=story.here)) as by, pytest.raises(Forbidden):
        moves.after_transfer(
            by=by, participant=story.person, from_facility=story.here, to_facility=story.there, on=make.TODAY
        )


def test_an_absence_pauses_and_the_return_calls_again() -> None:
    story = Story()
    today = story.here.today()
    with acting(story.mover) as by:
        (made,) = moves.after_absence(by=by, participant=story.person, kind="court", start=today)
        story.seat.refresh_from_db()
        assert made.automatic and story.seat.status == "suspended"
        assert moves.after_absence(by=by, participant=story.person, kind="court", start=today) == []
        coming = Call.objects.filter(participant=story.person, starts_at__gt=story.here.now())
        assert [call.status for call in coming.order_by("id")] == ["withdrawn"]
        assert moves.after_return(by=by, participant=story.person, on=today) == []
        assert [call.status for call in coming.order_by("id")] == ["called"]
    story.seat.refresh_from_db()
    assert story.seat.status == "active"


def test_a_pause_that_a_person_made_outlives_the_return_and_clashes_are_told() -> None:
    story = Story()
    today = story.here.today()
    with acting(story.mover) as by:
        seats.suspend(by=by, enrollment=story.seat, start=today, end=today, reason="segregation")
        (made,) = moves.after_absence(by=by, participant=story.person, kind="court", start=today)
        assert made.during.lower == today + DAY
        call = Call.objects.get(participant=story.person, starts_at__gt=story.here.now())
        Call.objects.create(
            participant=story.person, label="Health", starts_at=call.starts_at, ends_at=call.ends_at
        )
        (left,) = moves.after_return(by=by, participant=story.person, on=today)
    assert left.reasons[0].code == "call_to_one_place_at_a_time"
    assert Suspension.objects.exclude(during__isempty=True).count() == 1
    story.seat.refresh_from_db()
    assert story.seat.status == "suspended"


def test_a_place_is_held_for_as_long_as_the_pack_says_and_then_keeps_its_date() -> None:
    story = Story()
    Participant.objects.filter(pk=story.person.pk).update(whereabouts=Whereabouts.AWAY)
    today = story.here.today()
    with acting(story.mover) as by:
        moves.after_absence(by=by, participant=story.person, kind="hospital", start=today - 21 * DAY)
        assert moves.end_long_absences(by=by, facility=story.here) == []
        Suspension.objects.update(during=(today - 22 * DAY, None))
        assert [each.pk for each in moves.end_long_absences(by=by, facility=story.here)] == [story.seat.pk]
    assert Cohort.objects.get(pk=story.cohort.pk).seats_taken == 0
    back = WaitlistEntry.objects.get(participant=story.person, program=story.program, status="approved")
    assert back.requested_on == story.asked


def test_long_absences_end_by_the_clock_and_only_once() -> None:
    story = Story()
    today = story.here.today()
    with acting(story.mover) as by:
        moves.after_absence(by=by, participant=story.person, kind="hospital", start=today - 22 * DAY)
    for _again in range(2):
        jobs.long_absences()
        story.seat.refresh_from_db()
        assert (story.seat.status, story.seat.ended_on) == ("ended", today)
    assert WaitlistEntry.objects.filter(participant=story.person, status="approved").count() == 2


def test_the_peoples_room_is_followed_by_itself() -> None:
    story = Story()
    with acting(story.mover) as by:
        absence = people.record_absence(
            by=by,
            participant=story.person,
            kind="court",
            starts_at=story.here.now() - dt.timedelta(minutes=5),
        )
        story.seat.refresh_from_db()
        assert story.seat.status == "suspended"
        people.end_absence(by=by, absence=absence)
        story.seat.refresh_from_db()
        assert story.seat.status == "active"
        people.transfer(
            by=by, participant=story.person, to=story.there, on=story.here.today(), reason="program_transfer"
        )
    story.seat.refresh_from_db()
    assert (story.seat.status, story.seat.end_reason) == ("ended", "transfer")
    assert Continuation.objects.filter(to_facility=story.there).count() == 3


def test_a_death_ends_places_and_requests() -> None:
    story = Story()
    with acting(story.mover) as by:
        people.record_death(by=by, participant=story.person, on=story.here.today())
    story.seat.refresh_from_db()
    story.line.refresh_from_db()
    assert (story.seat.end_reason, story.line.status) == ("died", "removed")
