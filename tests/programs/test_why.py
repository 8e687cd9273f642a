"""Why and why not, for the coordinator: every rule with fact, source and remedy, the price, and who was chosen."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import factories as make
from acting import acting, signed_in
from throughgate.access.roles import RoleName
from throughgate.engines.allocation import Kind
from throughgate.people.models import KeepApart, Need, Participant
from throughgate.programs import explaining, planning
from throughgate.programs.actions import plans
from throughgate.programs.models import Cohort, EligibilityRule, SeatAnswer, SeatPlan, WaitlistEntry
from throughgate.programs.queries import why as queries
from throughgate.programs.queries import why_rules

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


class Place:
    """Two seats, four people in line; the last who asked needs it most."""

    def __init__(self, seats: int = 2, in_line: int = 4) -> None:
        self.facility = make.facility()
        self.staff = make.member(RoleName.COORDINATOR, facility=self.facility)
        self.program = make.program(make.organization())
        self.cohort = self.run(seats)
        self.people = [self.waiting(90 - n, min(3, n)) for n in range(in_line)]

    def run(self, seats: int, weekday: int = 1, **given: object) -> Cohort:
        made = make.cohort(self.facility, self.program, capacity=seats, starts_on=make.TODAY + DAY, **given)
        make.slot(made, weekday=weekday)
        make.session(made, make.TODAY + 3 * DAY)
        return made

    def waiting(self, asked: int, level: int) -> Participant:
        who = make.participant(self.facility)
        if level:
            Need.objects.create(participant=who, domain="education", level=level, as_of=make.TODAY)
        WaitlistEntry.objects.create(
            participant=who, program=self.program, status="approved", requested_by="self",
            requested_on=make.TODAY - asked * DAY, confirmed_on=make.TODAY,
        )  # fmt: skip
        return who

    def plan(self) -> SeatPlan:
        with acting(self.staff) as by:
            made = plans.ask(by=by, facility=self.facility, later=False)
        planning.run(made.code)
        made.refresh_from_db()
        return made

    def why(self, who: Participant, cohort: Cohort | None = None) -> queries.Why:
        with acting(self.staff, readonly=True):
            return queries.why(who, cohort or self.cohort)


def test_who_got_no_seat_reads_the_price_and_their_place() -> None:
    here = Place()
    here.plan()
    low, chosen = here.why(here.people[1]), here.why(here.people[3])
    assert chosen.proposed and chosen.head.startswith("Is proposed")
    assert low.price is not None and low.price.place == 1 and low.price.fit == 4
    assert low.price.yours < low.price.last <= chosen.price.yours  # type: ignore[union-attr]
    assert low.price.margin <= 0.01
    assert low.head == "The seats went where they meet more need."
    assert {each.row.participant_id for each in low.chosen} == {here.people[2].pk, here.people[3].pk}
    assert low.rules == () and low.untold == ""


def test_every_failing_rule_is_told_with_fact_source_and_remedy() -> None:
    here = Place()
    EligibilityRule.objects.create(
        program=here.program,
        fact="reading_level",
        test="at_least",
        value="6",
        almost=1,
        words="Reading level 6",
    )
    who = here.people[0]
    who.profile.reading_level, who.profile.release_on = Decimal(5), make.TODAY + 5 * DAY
    who.profile.save()
    rows = {row.code: row for row in here.why(who).rules}
    assert set(rows) == {"not_eligible:reading_level", "release_before_end"}
    assert rows["not_eligible:reading_level"].source == "Reading test in the profile"
    assert "1 grade short" in rows["not_eligible:reading_level"].fact
    assert "reading course" in rows["not_eligible:reading_level"].remedy


def test_an_order_reads_like_a_group_that_is_too_small_and_keeps_no_number() -> None:
    """Two people, one order: the one without a seat reads what somebody in line for a closed group reads."""
    here = Place(seats=2, in_line=2)
    first, second = sorted(here.people, key=lambda each: each.pk)
    KeepApart.objects.create(
        first=first, second=second, reason="threat", note="CANARY", source="x", starts_on=make.TODAY - DAY
    )
    plan = here.plan()
    left = SeatAnswer.objects.get(plan=plan, seated=False)
    assert (left.told, left.worth, left.last, left.place) == (["unavailable"], 0, 0, None)
    apart = here.why(left.participant)
    other = Place(seats=5, in_line=2)
    Cohort.objects.filter(pk=other.cohort.pk).update(status="open", minimum=4)
    other.plan()
    closed = other.why(other.people[0])
    assert apart.head == closed.head == why_rules.untold()
    assert (apart.rules, apart.own, apart.price) == (closed.rules, closed.own, closed.price) == ((), (), None)
    page = (
        signed_in(here.staff).get(f"/staff/why/{here.cohort.code}/{left.participant.code}/").content.decode()
    )
    for word in ("CANARY", "threat", "apart"):
        assert word not in page


def test_untold_kinds_share_one_word() -> None:
    assert explaining.words([Kind.UNAVAILABLE]) == explaining.words([Kind.CLOSED]) == ["unavailable"]
    assert explaining.words([Kind.CLASH, Kind.PRICE, Kind.CLOSED]) == ["clash", "price", "unavailable"]


def test_the_cohorts_page_says_of_everybody_in_line_yes_or_why_not() -> None:
    here = Place()
    here.plan()
    browser = signed_in(here.staff)
    page = browser.get(f"/staff/why/{here.cohort.code}/").content.decode()
    assert all(each.last_name in page for each in here.people)
    assert page.count("Is proposed for a seat") == 2
    assert page.count("The seats went where they meet more need.") == 2
    seat = SeatAnswer.objects.filter(seated=True).first()
    assert seat is not None
    proposal = seat.plan.proposals.get(participant=seat.participant)
    assert seat.participant.last_name in browser.get(f"/staff/why/{proposal.code}/").content.decode()


def test_the_cohorts_page_takes_the_same_queries_for_any_line() -> None:
    counts = []
    for size in (3, 9):
        here = Place(in_line=size)
        here.plan()
        with acting(here.staff, readonly=True), CaptureQueriesContext(connection) as seen:
            queries.cohort_why(here.cohort)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_slips_for_all_and_for_one_are_papers() -> None:
    here = Place()
    plan = here.plan()
    browser = signed_in(here.staff)
    for address in (f"/staff/slips/filled/{plan.code}/", f"/staff/slips/answers/{here.people[0].code}/"):
        answer = browser.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    stranger = make.member(RoleName.COORDINATOR, facility=make.facility())
    assert signed_in(stranger).get(f"/staff/slips/answers/{here.people[0].code}/").status_code == 404
    assert signed_in(stranger).get(f"/staff/why/{here.cohort.code}/").status_code == 404
