"""The line: verbs, their refusals, and the page that fills seats."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import factories as make
from acting import acting
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.people.models import KeepApart, Need, Participant
from throughgate.places.models import Facility
from throughgate.programs.actions import line as verbs
from throughgate.programs.models import Cohort, EligibilityRule, Program, WaitlistEntry
from throughgate.programs.queries import line as reads
from throughgate.programs.queries import seats as seat_reads

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def waits(person: Participant, program: Program, ago: int = 30, **given: object) -> WaitlistEntry:
    values = {
        "status": "approved",
        "requested_on": make.TODAY - ago * DAY,
        "requested_by": "self",
        "confirmed_on": make.TODAY - DAY,
    }
    return WaitlistEntry.objects.create(participant=person, program=program, **{**values, **given})


def coordinator(facility: Facility) -> Membership:
    return make.member(RoleName.COORDINATOR, facility=facility)


def test_from_asking_to_a_reasoned_no_and_back_with_the_same_date() -> None:
    here, program = make.facility(), make.program()
    person, staff = make.participant(here), coordinator(here)
    asked = here.today() - 40 * DAY
    with acting(staff) as by:
        entry = verbs.request_place(
            by=by, participant=person, program=program, requested_by="case_manager", requested_on=asked
        )
        assert verbs.approve(by=by, entry=entry).status == "approved"
        with pytest.raises(Refused, match="Say why"):
            verbs.decline(by=by, entry=entry, reason=" ")
        no = verbs.decline(by=by, entry=entry, reason="The group is for people who leave this year.")
        assert (no.status, no.decided_by) == ("declined", staff.person_name)
        with pytest.raises(Refused, match="declined"):
            verbs.approve(by=by, entry=entry)
        back = verbs.put_back(by=by, entry=entry, reason="The release date moved.")
        assert (back.status, back.requested_on) == ("pending", asked)
        assert verbs.remove(by=by, entry=entry, reason="Asked twice").status == "removed"


def test_asking_refuses_with_every_reason_at_once() -> None:
    here = make.facility()
    person, staff, program = make.participant(here), coordinator(here), make.program()
    for _ in range(4):
        waits(person, make.program())
    waits(person, program)
    Program.objects.filter(pk=program.pk).update(listed=False)
    program.refresh_from_db()
    with pytest.raises(Refused) as no, acting(staff) as by:
        verbs.request_place(
            by=by,
            participant=person,
            program=program,
            requested_by="unit",
            requested_on=here.today() + 2 * DAY,
        )
    assert {r.code for r in no.value.reasons} == {
        "already_in_line",
        "not_listed",
        "too_many_open",
        "future_date",
    }


def test_too_many_requests_can_be_overruled_by_who_may() -> None:
    here = make.facility()
    person = make.participant(here)
    for _ in range(5):
        waits(person, make.program())
    sixth = make.program()
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Forbidden):
        verbs.request_place(by=by, participant=person, program=sixth, override="A sixth is fine")
    with acting(coordinator(here)) as by:
        assert verbs.request_place(by=by, participant=person, program=sixth, override="Ordered").pk


def test_a_participant_asks_confirms_and_withdraws_for_themselves_only() -> None:
    here, program = make.facility(), make.program()
    person, other = make.participant(here), make.participant(here)
    theirs = waits(other, program)
    with acting(make.member(RoleName.PARTICIPANT, participant=person)) as by:
        entry = verbs.request_place(
            by=by,
            participant=person,
            program=program,
            requested_by="board",
            requested_on=make.TODAY - 900 * DAY,
        )
        assert (entry.requested_by, entry.requested_on) == ("self", here.today())
        assert verbs.reconfirm(by=by, entry=entry).confirmed_on == here.today()
        with pytest.raises(Forbidden):
            verbs.approve(by=by, entry=entry)
        assert verbs.withdraw(by=by, entry=entry).status == "withdrawn"
        assert verbs.put_back(by=by, entry=entry, reason="I want it after all").status == "pending"
        with pytest.raises(Forbidden):
            verbs.withdraw(by=by, entry=theirs)


def test_other_facilities_and_other_roles_may_not_decide() -> None:
    here, program = make.facility(), make.program()
    entry = waits(make.participant(here), program)
    for member in (coordinator(make.facility()), make.member(RoleName.CONTROL, facility=here)):
        with acting(member) as by, pytest.raises(Forbidden):
            verbs.approve(by=by, entry=entry)


def test_the_line_stands_in_the_packs_order_and_says_why() -> None:
    here = make.facility()
    program = make.program(needs=["education"])
    group = make.cohort(here, program, capacity=3)
    make.session(group, make.TODAY + 10 * DAY)
    late = waits(make.participant(here, profile={"release_on": make.TODAY + 5 * DAY}), program, 500)
    first = waits(make.participant(here), program, 100)
    second = waits(make.participant(here), program, 50)
    need = waits(make.participant(here), program, 5)
    Need.objects.create(participant=need.participant, domain="education", level=3, as_of=make.TODAY)
    asleep = waits(make.participant(here), program, 900, confirmed_on=make.TODAY - 700 * DAY)
    pending = waits(make.participant(here), program, 3, status="pending")
    elsewhere = waits(make.participant(make.facility()), program, 999)
    with acting(coordinator(here), readonly=True) as by:
        line = reads.seat_filling(by=by, cohort=group)
    assert [(row.place, row.entry.pk) for row in line.waiting] == [
        (1, need.pk), (2, first.pk), (3, second.pk), (4, late.pk),
    ]  # fmt: skip
    assert [row.entry.pk for row in line.asleep] == [asleep.pk]
    assert [row.entry.pk for row in line.to_decide] == [pending.pk]
    assert elsewhere.participant_id not in line.people
    assert line.waiting[0].fits and line.waiting[0].need_assessed
    assert not line.waiting[3].fits and line.waiting[3].past_release in {4, 5, 6}
    assert "yes" in dict(line.waiting[0].why).values()


def test_the_line_shows_almost_and_clashes_and_keep_apart_without_a_name() -> None:
    here = make.facility()
    program = make.program()
    EligibilityRule.objects.create(
        program=program, fact="reading_level", test="at_least", value="6", words="Reads at grade 6",
        almost=Decimal(1),
    )  # fmt: skip
    group = make.cohort(here, program)
    session = make.session(group)
    seated = make.participant(here)
    make.enrollment(seated, group)
    almost = waits(make.participant(here, profile={"reading_level": Decimal("5.5")}), program, 40)
    busy = waits(make.participant(here, profile={"reading_level": 8}), program, 30)
    make.call(
        busy.participant, make.session(make.cohort(here), session.starts_at.astimezone(here.zone).date())
    )
    apart = waits(make.participant(here, profile={"reading_level": 8}), program, 20)
    KeepApart.objects.create(
        first=seated, second=apart.participant, reason="threat", source="x", starts_on=make.TODAY - DAY
    )
    with acting(coordinator(here), readonly=True) as by:
        line = reads.seat_filling(by=by, cohort=group)
    by_entry = {row.entry.pk: row for row in line.waiting}
    assert [row.entry.pk for row in line.almost] == [almost.pk]
    assert line.almost[0].almost is not None and line.almost[0].almost.how_far == "0.5 grades short"
    assert line.almost[0].overridable
    for entry, code in ((busy, "called_elsewhere"), (apart, "keep_apart")):
        reasons = by_entry[entry.pk].assessment.decision.reasons  # type: ignore[union-attr]
        assert [reason.code for reason in reasons] == [code]
        assert not by_entry[entry.pk].overridable and seated.last_name not in str(reasons)


def test_queries_do_not_grow_with_the_line() -> None:
    here, program = make.facility(), make.program()
    group = make.cohort(here, program, capacity=2)
    make.session(group)
    staff = coordinator(here)

    def count(cohort: Cohort) -> int:
        with acting(staff, readonly=True) as by, CaptureQueriesContext(connection) as queries:
            reads.seat_filling(by=by, cohort=cohort)
        return len(queries)

    waits(make.participant(here), program)
    few = count(group)
    for _ in range(25):
        waits(make.participant(here), program)
    assert count(group) == few <= 25


def test_a_participant_sees_their_own_place_and_the_usual_wait_and_nobody_else() -> None:
    here, program = make.facility(), make.program()
    group = make.cohort(here, program, capacity=12)
    for ago in (40, 50, 60, 70, 80):
        person = make.participant(here)
        make.enrollment(
            person, group, entry=waits(person, program, ago, status="enrolled"), starts_on=make.TODAY
        )
    waits(make.participant(here), program, 90)
    mine = waits(make.participant(here), program, 30)
    with acting(make.member(RoleName.PARTICIPANT, participant=mine.participant), readonly=True) as by:
        found = seat_reads.own(by)
    (row,) = found.line
    assert row.standing is not None and (row.standing.place, row.standing.of) == (2, 2)
    assert row.usual_wait is not None and (row.usual_wait.days, row.usual_wait.cases) == (60, 5)
    assert row.standing.why and not found.places


def test_the_next_cohort_is_found_and_a_line_without_one_still_shows() -> None:
    here, program = make.facility(), make.program()
    waits(make.participant(here), program)
    with acting(coordinator(here), readonly=True) as by:
        bare = reads.line(by=by, program=program, facility=here)
    assert bare.cohort is None and len(bare.waiting) == 1 and not bare.waiting[0].fits
    full = make.cohort(here, program, capacity=1, starts_on=make.TODAY - 20 * DAY)
    make.enrollment(make.participant(here), full)
    group = make.cohort(here, program)
    with acting(coordinator(here), readonly=True) as by:
        assert reads.line(by=by, program=program, facility=here).cohort == group
    with acting(make.member(RoleName.GATE, facility=here), readonly=True) as by, pytest.raises(Forbidden):
        reads.line(by=by, program=program, facility=here)
