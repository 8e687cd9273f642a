"""The decision record: written once, read by codes, and the same however often it is looked at."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

import factories as make
from acting import acting, signed_in
from plan_world import Place, proposed
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Refused
from throughgate.base.scope import Audience
from throughgate.people.models import Participant, Profile
from throughgate.programs import planning
from throughgate.programs.actions import plans
from throughgate.programs.models import SeatAudit, SeatPlan, SeatProposal, SeatRecord
from throughgate.programs.queries.plan_figures import coverage
from throughgate.programs.queries.plan_record import as_json, digest_of, record_of

pytestmark = pytest.mark.django_db

WHY = "Promised in writing last month"


def overruled(here: Place) -> tuple[SeatPlan, Participant]:
    """A plan on which one seat went to somebody else and the other was given; and who got it instead."""
    plan = here.plan()
    one = plan.proposals.get(participant=here.people[3])
    with acting(here.staff) as by:
        plans.change(by=by, proposal=one, participant=here.people[0], reason=WHY)
        plans.accept(by=by, plan=plan)
    plan.refresh_from_db()
    return plan, here.people[0]


def auditor() -> Membership:
    return make.member(RoleName.AUDITOR, agency_wide=True)


def test_the_record_holds_what_the_plan_was_made_from_and_every_decision() -> None:
    here = Place()
    plan, instead = overruled(here)
    found = record_of(plan)
    assert found is not None
    data = found.data
    assert data["input_digest"] == plan.input_digest and data["plan_digest"] == plan.digest
    assert data["seed"] == plan.seed and data["weights"]["version"] == plan.weights_version
    assert data["weights"]["values"]["first_seat"] == data["policy"]["first_seat"]
    assert [each["code"] for each in data["cohorts"]] == [here.cohort.code]
    assert set(data["todays_rules"]) == {"first_come", "earliest_release", "need_then_release"}
    assert found.sha256 == digest_of(data)
    assert [(each.reason, each.given_to) for each in found.overruled] == [(WHY, instead.code)]
    assert json.loads(json.dumps(as_json(found)))["decisions"][0]["decided_by"] == here.staff.person_name


def test_equals_are_drawn_by_a_ledger_that_the_record_keeps() -> None:
    here = Place(seats=1, in_line=0)
    twins = [here.waiting(here.program, asked=30, level=2) for _ in range(3)]
    found = record_of(here.plan())
    assert found is not None
    ledger = found.data["ledger"]
    assert {each["person"] for each in ledger} == {person.code for person in twins}
    winner = min(ledger, key=lambda each: each["ticket"])
    assert [each["person"] for each in ledger if each["seated"]] == [winner["person"]]


def test_nobody_changes_a_record_or_a_decision() -> None:
    plan, _instead = overruled(Place())
    decided = plan.proposals.filter(status="changed")
    for change in (
        lambda: decided.update(reason="Something else altogether"),
        lambda: decided.delete(),
        lambda: SeatRecord.objects.filter(plan=plan).update(sha256="0" * 64),
        lambda: SeatRecord.objects.filter(plan=plan).delete(),
    ):
        with scope.system("tamper"), pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_refusal_of_the_database_is_told_in_words() -> None:
    here = Place()
    plan, _instead = overruled(here)
    one = plan.proposals.get(status="changed")
    one.status = "proposed"
    with acting(here.staff) as by, pytest.raises(Refused):
        plans.decline(by=by, proposal=one, reason="Another thought about it")


def test_an_auditor_reads_codes_and_reasons_but_no_names() -> None:
    here = Place()
    Profile.objects.filter(participant=here.people[3]).update(sex="female", race_ethnicity="Rarely seen")
    plan, instead = overruled(here)
    browser = signed_in(auditor())
    assert plan.code in browser.get(reverse("audit:seats")).content.decode()
    page = browser.get(reverse("audit:seat_record", args=[plan.code])).content.decode()
    table = browser.get(reverse("audit:seat_record_csv", args=[plan.code])).content.decode()
    whole = browser.get(reverse("audit:seat_record_json", args=[plan.code])).content.decode()
    for text in (page, table, whole):
        assert WHY in text and here.people[3].code in text and instead.code in text
        for person in here.people:
            assert person.last_name not in text
    assert "as it was written" in page and "Rarely seen" in page and "fewer than 10 people" in page


def test_only_an_auditor_sees_how_race_and_sex_fared() -> None:
    here = Place()
    plan = here.plan()
    with acting(here.staff), pytest.raises(DatabaseError), transaction.atomic():
        SeatAudit.objects.exists()
    assert SeatAudit.objects.get(plan=plan).groups.keys() == {"sex", "race"}
    assert "race" not in plan.figures["groups"] and "sex" not in plan.figures["groups"]
    with acting(auditor()) as by:
        assert by.audience == Audience.AUDITOR and SeatAudit.objects.exists()


def test_a_proposal_for_a_program_or_all_facilities_reaches_just_those() -> None:
    here, there = Place(), Place()
    other = make.program()
    cohort = here.run(other, 5, weekday=4)
    here.line(here.people[0], other, 10)
    with acting(here.staff) as by:
        one = plans.ask(by=by, facility=here.facility, program=other, later=False)
    assert one.scope == "program"

    planning.run(one.code)
    assert set(SeatProposal.objects.filter(plan=one).values_list("cohort_id", flat=True)) == {cohort.pk}
    everywhere = make.member(RoleName.COORDINATOR, agency_wide=True)
    with acting(everywhere) as by:
        made = plans.ask_everywhere(by=by, facilities=[here.facility, there.facility], later=False)
    assert len({plan.round for plan in made}) == 1 and {plan.scope for plan in made} == {"agency"}
    for plan in made:
        planning.run(plan.code)
    assert {each.pk for each in there.people} >= proposed(made[1])
    with acting(everywhere) as by:
        again = plans.ask_everywhere(by=by, facilities=[here.facility], later=False)
        with pytest.raises(Refused):
            plans.ask_everywhere(by=by, facilities=[here.facility], later=False)
    assert len(again) == 1


def test_one_small_group_is_not_told_by_what_is_left() -> None:
    row = {"plan": [0.5, 0.5]}
    groups = {"race": {"A": {"people": 4, **row}, "B": {"people": 12, **row}, "C": {"people": 40, **row}}}
    told = {each.label: each.people for each in coverage(groups, {"race": str}, smallest=10)}
    assert told == {"A": None, "B": None, "C": 40}
    open_ = coverage(groups, {"race": str})
    assert [each.people for each in open_] == [4, 12, 40]
