"""The one rule of the gate: the product against a plain oracle, and the database against the product."""

from __future__ import annotations

import datetime as dt
import random
import threading

import pytest
from django.db import connection
from histories import ASKED, BEGIN, DAY, LAST, History, draw, oracle

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.programs.models import Facilitator
from throughgate.programs.queries import lists
from throughgate.visitors import actions, queries, requirements
from throughgate.visitors.models import Clearance, Step, Visitor

HISTORIES = 10_000
IN_DATABASE = 400


def test_ten_thousand_histories_agree_with_a_plain_oracle() -> None:
    random_ = random.Random(4110)
    let_in = 0
    for number in range(HISTORIES):
        told = draw(random_)
        days = [BEGIN + random_.randrange(LAST) * DAY for _ in range(3)]
        if told.events:
            days += [random_.choice(told.events).day + random_.choice((-1, 0, 1)) * DAY]
        for day in days:
            assert told.holds(day) == oracle(told.events, day), (number, day, told.events)
            let_in += told.holds(day)
    # Not a test of nobody coming in: a good part of all answers is yes.
    assert let_in > HISTORIES * 0.1


def test_the_table_of_verbs_on_a_step_is_total() -> None:
    assert set(requirements.MAY) == set(requirements.STATES) == set(requirements.WORDS)
    for verbs in requirements.MAY.values():
        assert verbs <= set(requirements.VERBS)
    assert set().union(*requirements.MAY.values()) == set(requirements.VERBS)


def _write(histories: list[History], facility: object, day: dt.date) -> list[Visitor]:
    """Visitors who lead a session that day while nothing stood against it; then what happened, all at once."""
    session = make.session(make.cohort(facility), day)  # type: ignore[arg-type]
    people = Visitor.objects.bulk_create(
        Visitor(kind="tutor", first_name="V", last_name=f"{n:05}", sort_name=f"{n:05}", left_on=None)
        for n in range(len(histories))
    )
    span = (BEGIN - DAY, BEGIN + 3 * LAST * DAY)
    rows = Clearance.objects.bulk_create(
        Clearance(visitor=who, facility=facility, status="approved", valid=span) for who in people
    )
    Facilitator.objects.bulk_create(Facilitator(session=session, visitor=who) for who in people)
    Step.objects.bulk_create(
        Step(
            clearance=row,
            requirement=step.requirement,
            stage=step.stage,
            asked=step.asked,
            due_on=step.due,
            done_on=step.done,
            until=step.until,
            grace_days=step.grace,
            waived_on=step.waived,
            waived_until=step.waived_until,
            waived_by="x" if step.waived else "",
            waived_because="x" if step.waived else "",
        )
        for row, told in zip(rows, histories, strict=True)
        for step in told.steps.values()
    )
    for row, told, who in zip(rows, histories, people, strict=True):
        standing = told.standing
        row.status, row.grace_days = standing.status, standing.grace
        row.renewal_asked_on = BEGIN if standing.grace else None
        row.valid = (standing.first, standing.until + DAY) if standing.first and standing.until else None
        who.left_on = told.left_on
    Clearance.objects.bulk_update(rows, ["status", "grace_days", "renewal_asked_on", "valid"])
    Visitor.objects.bulk_update(people, ["left_on"])
    return list(people)


@pytest.mark.django_db
def test_the_gate_list_holds_exactly_those_for_whom_everything_holds() -> None:
    random_ = random.Random(77)
    here = make.facility()
    histories = []
    while len(histories) < IN_DATABASE:
        told = draw(random_)
        if all(
            step.until is None or step.done is None or step.until >= step.done for step in told.steps.values()
        ):
            histories.append(told)
    day = BEGIN + 120 * DAY
    people = _write(histories, here, day)
    listed = {row.visitor_id for row in lists.cleared_visits(here, day)}
    assert listed == {who.pk for who, told in zip(people, histories, strict=True) if oracle(told.events, day)}
    assert IN_DATABASE * 0.05 < len(listed) < IN_DATABASE * 0.95
    # The list on paper says the same, and so does what bookings ask, on any day.
    assert len(lists.gate(here, day).lines) == len(listed)
    for day in [BEGIN + random_.randrange(LAST) * DAY for _ in range(25)]:
        cleared = set(queries.cleared_on(here, day).values_list("pk", flat=True))
        assert cleared == {who.pk for who, told in zip(people, histories, strict=True) if told.holds(day)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.id, d::date FROM visitors_visitor v, generate_series(%s::date, %s::date, '61 days') d"
            " WHERE tg.visitor_cleared(v.id, %s, d::date)",
            [BEGIN, BEGIN + LAST * DAY, here.pk],
        )
        booked = set(cursor.fetchall())
    asked = [BEGIN + n * DAY for n in range(0, LAST + 1, 61)]
    assert booked == {
        (who.pk, d) for who, told in zip(people, histories, strict=True) for d in asked if told.holds(d)
    }


@pytest.mark.django_db
def test_nobody_writes_the_days_by_hand() -> None:
    here = make.facility()
    who = make.visitor(here)
    row = Clearance.objects.get(visitor=who)
    row.status = "suspended"
    row.save()
    Clearance.objects.filter(pk=row.pk).update(ready=None)
    row.refresh_from_db()
    assert list(row.ready) == [] and not row.holds_on(here.today())


@pytest.mark.django_db
def test_the_last_evening_still_counts_and_the_next_morning_not() -> None:
    """The facility's own clock decides, not the server's."""
    here = make.facility(timezone="Pacific/Auckland")
    today = here.today()
    who = make.visitor()
    make.clearance(who, here, valid=(today - DAY, today + DAY))
    assert queries.ready_at(who, here, here.at(today, dt.time(23, 59)))
    assert not queries.ready_at(who, here, here.at(today + DAY, dt.time(0, 1)))


def test_suspension_takes_effect_on_the_next_statement(live_database: str) -> None:
    """Two connections: one reads the gate list again and again, the other suspends in between."""
    with scope.system("arrange"):
        here = make.facility()
        who = make.visitor(here)
        make_session = make.session(make.cohort(here), here.today() + DAY)
        Facilitator.objects.create(session=make_session, visitor=who)
        gate, captain = (make.member(role, facility=here) for role in (RoleName.GATE, RoleName.CAPTAIN))
    day = here.today() + DAY

    def suspend() -> None:
        try:
            with acting(captain) as by:
                actions.suspend_clearance(by=by, visitor=who, facility=here, reason="test")
        finally:
            connection.close()

    with acting(gate, readonly=True):
        assert len(lists.gate(here, day).lines) == 1
        other = threading.Thread(target=suspend)
        other.start()
        other.join()
        # The very next statement, in the transaction that saw the visitor on the list a moment ago.
        assert lists.gate(here, day).lines == ()
        assert not queries.ready_at(who, here, here.at(day, dt.time(13)))


@pytest.mark.django_db
def test_what_is_asked_has_room_for_every_requirement() -> None:
    """Guards the guard: the histories use every shape of requirement there is."""
    assert {each.stage for each in ASKED} == {"application", "approval", "onboarding"}
    assert any(each.months is None for each in ASKED) and any(each.due_days for each in ASKED)
