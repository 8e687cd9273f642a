"""Hours and credit follow attendance, by the pack, in lines that are only added to."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction
from hypothesis import given
from hypothesis import strategies as st
from test_attendance import coordinator, group_of

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.policies.library import SHIPPED, load
from throughgate.programs.actions import attendance, credit, sessions
from throughgate.programs.actions.attendance import Mark
from throughgate.programs.models import EnrollmentStatus, LedgerLine
from throughgate.programs.queries import credit as queries
from throughgate.programs.rules.crediting import Attended, Seat, credit_rules, evidence_of, lines, months_of

LIBRARY = load([SHIPPED])
ON = dt.date(2026, 3, 2)
MARKS = LIBRARY.in_force("attendance", "default", ON).data
REASONS = LIBRARY.in_force("cancellations", "default", ON).data
PACK = LIBRARY.in_force("credit", "US-HB", ON)


def row(code: str, **given) -> Attended:
    values = {"id": "S1v1", "on": ON, "program": "P", "rules": frozenset({"hours"}), "scheduled": 120}
    return Attended(code=code, **{**values, **given})


@pytest.mark.parametrize(
    ("given_row", "minutes", "protected"),
    [
        (row("attended", minutes=100), 100, False),
        (row("not_sent"), 120, True),
        (row("session_cancelled", reason="lockdown"), 120, True),
        (row("session_cancelled", reason="weather_utility"), 120, True),
        (row("session_cancelled", reason="facilitator_absent"), None, False),
        (row("refused"), None, False),
        (row("excused", detail="health"), None, False),
    ],
)
def test_what_may_earn(given_row: Attended, minutes: int | None, protected: bool) -> None:
    found = evidence_of(given_row, MARKS, REASONS, pay=False)
    assert (found.minutes if found else None) == minutes
    assert bool(found and found.institution_cancelled) == protected


@given(st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 1)), st.integers(0, 500), st.integers(0, 500))
def test_months_of_a_seat_are_whole_once_and_in_order(start: dt.date, length: int, until: int) -> None:
    day = dt.timedelta(days=1)
    seat = Seat(id="E", program="P", rules=frozenset(), starts_on=start, ends_on=start + length * day)
    found = list(months_of(seat, start + until * day))
    assert all(a.on + day == b.since for a, b in itertools.pairwise(found))
    assert all(each.on <= min(seat.ends_on, start + until * day) for each in found)
    assert len({each.id for each in found}) == len(found)


def test_a_program_earns_only_by_the_rules_it_names() -> None:
    rows = [
        row("attended", id=f"S{code}{n}v1", minutes=120, rules=credit_rules(code))
        for code in ("hours", "")
        for n in range(6)
    ]
    pairs = [(r, evidence_of(r, MARKS, REASONS, pay=False)) for r in rows]
    found = lines(PACK, pairs, [], as_of=ON, started_on=None)  # type: ignore[arg-type]
    assert sum(line.amount for line in found) == 1


pytestmark = pytest.mark.django_db


def earned(person) -> Decimal:
    return sum(
        (line.quantity for line in LedgerLine.objects.filter(participant=person, kind="credit_days")),
        Decimal(0),
    )


@pytest.fixture
def taught():
    """A person with 12 attended hours in a program that earns; the last session is today's."""
    session, (person,) = group_of(1, credit_rule="hours, completion")
    for n in range(5):
        other = make.session(session.cohort, session.facility.today(), dt.time(3 + 3 * n))
        make.call(person, other, enrollment=person.enrollments.get())
    return session, person


def mark_all(session, person, code: str = "attended") -> None:
    with acting(coordinator(session)) as by:
        for each in session.cohort.sessions.order_by("starts_at"):
            attendance.mark(by=by, session=each, marks=[Mark(person.code, code)])


def approve(session, person) -> list[LedgerLine]:
    with acting(make.member(RoleName.EDUCATION, facility=session.facility)) as by:
        return credit.approve(by=by, participant=person)


def test_twelve_hours_wait_for_approval_then_count_once(taught) -> None:
    session, person = taught
    mark_all(session, person)
    (account,) = queries.accounts([person.pk])
    assert [line.amount for line in account.waiting] == [1]
    assert earned(person) == 0  # a cap by percent of the sentence could not be checked: a person decides
    (line,) = approve(session, person)
    assert approve(session, person) == []
    assert (line.quantity, line.pack, line.rule) == (1, PACK.cite, "hours")
    assert session.code in line.evidence
    assert "#" not in queries.evidence_words(line)
    assert line.approved_by
    with acting(coordinator(session)) as by, pytest.raises(Forbidden):
        credit.approve(by=by, participant=person)


def test_a_correction_reverses_and_a_correction_back_earns_again(taught) -> None:
    session, person = taught
    mark_all(session, person)
    approve(session, person)
    with acting(coordinator(session)) as by:
        attendance.mark(
            by=by, session=session, marks=[Mark(person.code, "excused", "health")], why="wrong person"
        )
    assert earned(person) == 0
    assert LedgerLine.objects.filter(reverses__isnull=False, kind="credit_days").count() == 1
    assert queries.totals(person)["hours"] == 10
    with acting(coordinator(session)) as by:
        attendance.mark(by=by, session=session, marks=[Mark(person.code, "attended")], why="right after all")
    approve(session, person)
    assert earned(person) == 1
    assert queries.totals(person)["hours"] == 12
    assert LedgerLine.objects.filter(session=session, kind="hours").count() == 3


def test_lines_are_never_changed_and_hand_reversal_stays(taught) -> None:
    session, person = taught
    mark_all(session, person)
    (line,) = approve(session, person)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        LedgerLine.objects.filter(pk=line.pk).update(quantity=9)
    with acting(make.member(RoleName.EDUCATION, facility=session.facility)) as by:
        with pytest.raises(Refused, match="Say why"):
            credit.reverse(by=by, line=line, why=" ")
        credit.reverse(by=by, line=line, why="counted by another office")
        with pytest.raises(Refused, match="already"):
            credit.reverse(by=by, line=line, why="again")
    credit.follow([person.pk], why="check")
    assert approve(session, person) == []
    assert earned(person) == 0


def test_hours_taken_by_the_institution_are_protected_and_undo_takes_them_back(taught) -> None:
    session, person = taught
    tomorrow = make.session(session.cohort, make.TODAY + dt.timedelta(days=1))
    make.call(person, tomorrow, enrollment=person.enrollments.get())
    with acting(coordinator(session)) as by:
        for each in session.cohort.sessions.exclude(pk__in=[session.pk, tomorrow.pk]).order_by("starts_at"):
            attendance.mark(by=by, session=each, marks=[Mark(person.code, "attended")])
        attendance.mark(by=by, session=session, marks=[Mark(person.code, "not_sent")])
    (account,) = queries.accounts([person.pk])
    assert sum(line.amount for line in account.waiting) == 1
    assert queries.totals(person)["hours"] == 10
    with acting(coordinator(session)) as by:
        sessions.cancel(by=by, session=tomorrow, reason="facilitator_absent")
        sessions.undo_cancel(by=by, session=tomorrow)


def test_completion_and_the_projection_say_amounts_and_no_date(taught) -> None:
    session, person = taught
    mark_all(session, person)
    horizon = make.TODAY + dt.timedelta(days=90)
    before = queries.project(person, horizon)
    assert [p.possible for p in before] == [1, 10]
    assert all("official" in str(p.official).lower() for p in before)
    seat = person.enrollments.get()
    seat.status, seat.ended_on, seat.end_reason = EnrollmentStatus.ENDED, make.TODAY, "completed"
    seat.save()
    (account,) = queries.accounts([person.pk])
    assert sorted(line.rule for line in account.waiting) == ["completion", "hours"]
    approve(session, person)
    assert earned(person) == 11


def test_people_are_read_together(taught, django_assert_num_queries) -> None:
    session, person = taught
    mark_all(session, person)
    other = make.participant(session.facility)
    make.enrollment(other, session.cohort)
    mark_all(session, other)
    for people in ([person.pk], [person.pk, other.pk]):
        with django_assert_num_queries(6):
            assert len(queries.accounts(people)) == len(people)
