"""The pure rules of seats and lines: what they say holds for every input that we can think of."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughgate.policies import library
from throughgate.policies.holidays import HolidayRules
from throughgate.policies.waitlist import reconfirmation
from throughgate.policies.words import Label
from throughgate.policies.workdays import WorkCalendar, add_months
from throughgate.programs.models import CohortStatus, EligibilityRule, WaitStatus
from throughgate.programs.rules import booking, cohorts, eligibility, waiting
from throughgate.programs.rules.booking import OVERRIDABLE, CandidateFacts, Clash, CohortFacts
from throughgate.programs.rules.eligibility import Condition, Facts, Verdict, ask, months_between

TODAY = dt.date(2026, 11, 23)
DAY = dt.timedelta(days=1)
days = st.dates(dt.date(2000, 1, 1), dt.date(2060, 12, 31))
maybe = st.none() | st.decimals(0, 15, places=1)
levels = st.sampled_from(["", *eligibility.CUSTODY_LEVELS])

facts = st.builds(
    Facts,
    custody_level=levels,
    reading_level=maybe,
    has_diploma=st.none() | st.booleans(),
    birth_date=st.none() | st.dates(dt.date(1940, 1, 1), dt.date(2010, 1, 1)),
    release_on=st.none() | days,
    last_misconduct_on=st.none() | st.dates(dt.date(2015, 1, 1), TODAY),
    conduct_known=st.booleans(),
    needs=st.none() | st.dictionaries(st.sampled_from(["work", "education", "family"]), st.integers(1, 3)),
    population=st.sampled_from(["", "men", "women"]),
)
numbers = st.decimals(0, 400, places=1).map(str)
conditions = st.one_of(
    st.builds(
        Condition,
        fact=st.sampled_from(sorted(eligibility.NUMBERS)),
        test=st.sampled_from(["at_least", "at_most"]),
        value=numbers,
        words=st.just("a number"),
        almost=st.none() | st.decimals(0, 400, places=1),
        required=st.booleans(),
    ),
    st.builds(
        Condition,
        fact=st.just("custody_level"),
        test=st.sampled_from(["at_least", "at_most", "is", "one_of"]),
        value=st.sampled_from(eligibility.CUSTODY_LEVELS),
        words=st.just("a level"),
        almost=st.none() | st.just(Decimal(1)),
        required=st.booleans(),
    ),
    st.builds(
        Condition,
        fact=st.just("need"),
        test=st.just("one_of"),
        value=st.just("work, family"),
        words=st.just("a need"),
        required=st.booleans(),
    ),
)


@given(st.lists(conditions, max_size=5), facts)
def test_each_condition_has_one_verdict_and_almost_is_the_only_missing_one(
    asked: list[Condition], known: Facts
) -> None:
    found = ask(asked, known, TODAY)
    assert len(found.outcomes) == len(asked)
    for outcome in found.outcomes:
        assert (outcome.gap is not None) == (outcome.verdict is Verdict.NOT_MET)
        assert outcome.gap is None or outcome.gap > 0
    if found.almost is not None:
        assert not found.eligible and found.missing == (found.almost,) and not found.unknown
        assert found.almost.gap is not None and found.almost.condition.almost is not None
        assert found.almost.gap <= found.almost.condition.almost
    assert found.eligible == all(o.verdict is Verdict.MET for o in found.outcomes if o.condition.required)


@given(facts, conditions)
def test_a_condition_that_time_alone_meets_is_met_from_the_day_it_says(
    known: Facts, asked: Condition
) -> None:
    outcome = ask([asked], known, TODAY).outcomes[0]
    if outcome.met_on is not None:
        assert outcome.met_on > TODAY
        assert ask([asked], known, outcome.met_on).outcomes[0].verdict is Verdict.MET


@given(facts)
def test_nothing_recorded_is_unknown_never_no(known: Facts) -> None:
    asked = [Condition(fact, "at_least", "1", "x") for fact in sorted(eligibility.NUMBERS)]
    assert all(o.verdict is Verdict.UNKNOWN for o in ask(asked, Facts(), TODAY).outcomes)
    assert ask([], known, TODAY).eligible


@given(days, days)
def test_months_between_grows_with_the_day_and_meets_the_calendar(start: dt.date, end: dt.date) -> None:
    assert months_between(start, end) <= months_between(start, end + DAY) or end < start
    assert months_between(start, end) == -months_between(end, start)
    assert months_between(start, add_months(start, 7)) == 7


@pytest.mark.parametrize(
    ("fact", "test", "value", "known", "far"),
    [
        ("days_clear", "at_least", "180", Facts(last_misconduct_on=TODAY - 168 * DAY), "12 more days"),
        ("reading_level", "at_least", "6", Facts(reading_level=Decimal("5.5")), "0.5 grades short"),
        ("age", "at_least", "18", Facts(birth_date=dt.date(2009, 12, 1)), "2 years too young"),
        ("months_left", "at_most", "12", Facts(release_on=dt.date(2027, 12, 23)), "1 month too many"),
        ("custody_level", "at_most", "low", Facts(custody_level="close"), "2 levels away"),
        ("has_diploma", "is", "yes", Facts(has_diploma=False), ""),
    ],
)
def test_how_far_is_said_in_words(fact: str, test: str, value: str, known: Facts, far: str) -> None:
    outcome = ask([Condition(fact, test, value, "words")], known, TODAY).outcomes[0]
    assert outcome.verdict is Verdict.NOT_MET and outcome.how_far == far


def test_every_fact_of_the_catalog_can_be_asked_and_bad_conditions_are_told() -> None:
    assert set(eligibility.TESTS) == {fact.value for fact in EligibilityRule.Fact}
    for bad in (
        Condition("age", "is", "18", "x"),
        Condition("age", "at_least", "old", "x"),
        Condition("custody_level", "at_most", "soft", "x"),
        Condition("has_diploma", "is", "perhaps", "x"),
        Condition("need", "is", "work, family", "x"),
        Condition("age", "at_least", "18", " "),
    ):
        assert eligibility.problem(bad)
    assert not eligibility.problem(Condition("need", "one_of", "work, family", "x"))


clash = Clash("Court", dt.datetime(2026, 11, 24, 13), dt.datetime(2026, 11, 24, 14), 1)
groups = st.builds(
    CohortFacts,
    name=st.just("Group"),
    facility_id=st.just(1),
    facility_name=st.just("Here"),
    status=st.sampled_from([status.value for status in CohortStatus]),
    capacity=st.integers(1, 20),
    free_seats=st.integers(0, 3),
    starts_on=st.just(TODAY),
    ends_on=st.sampled_from([TODAY - DAY, TODAY + 60 * DAY]),
    last_session_on=st.just(TODAY + 58 * DAY),
    conditions=st.lists(conditions, max_size=2).map(tuple),
    prerequisites=st.dictionaries(st.integers(1, 3), st.just("Basics"), max_size=2),
)
people = st.builds(
    CandidateFacts,
    facility_id=st.sampled_from([1, 2]),
    whereabouts=st.sampled_from(["inside", "away", "community", "died", "closed"]),
    facts=facts,
    completed=st.frozensets(st.integers(1, 3)),
    seat=st.sampled_from(["", "active", "suspended"]),
    other_cohort=st.sampled_from(["", "Another"]),
    clashes=st.sampled_from([(), (clash,), (clash,) * 5]),
    keep_apart=st.booleans(),
)


@given(people, groups)
def test_the_decision_has_exactly_the_reasons_that_hold(person: CandidateFacts, group: CohortFacts) -> None:
    found = {reason.code for reason in booking.can_enroll(person, group, TODAY).reasons}
    assert ("full" in found) == (group.free_seats == 0)
    assert ("keep_apart" in found) == person.keep_apart
    assert ("called_elsewhere" in found) == bool(person.clashes)
    assert ("already_enrolled" in found) == (person.seat == "active")
    assert ("place_paused" in found) == (person.seat == "suspended")
    assert ("prerequisite_missing" in found) == bool(set(group.prerequisites) - person.completed)
    release = person.facts.release_on
    assert ("release_before_end" in found) == (release is not None and release < group.last_session_on)
    closed = person.whereabouts in {"died", "closed"}
    assert ("wrong_facility" in found) == (person.facility_id != 1 and not closed)
    eligible = booking.assess(person, group, TODAY).eligibility.eligible
    assert bool(found & {"not_eligible", "eligibility_unknown"}) != eligible


@given(people, groups)
def test_keep_apart_and_other_calls_are_never_overridable(person: CandidateFacts, group: CohortFacts) -> None:
    decision = booking.can_enroll(person, group, TODAY)
    for reason in decision.reasons:
        assert reason.overridable == (reason.code in OVERRIDABLE)
    if person.keep_apart or person.clashes or person.seat:
        assert not decision.overridable
    assert not {"keep_apart", "called_elsewhere", "already_enrolled", "wrong_facility"} & OVERRIDABLE


def test_every_step_table_is_total() -> None:
    assert set(waiting.STEPS) == {status.value for status in WaitStatus}
    assert {to for steps in waiting.STEPS.values() for to in steps.values()} <= set(waiting.STEPS)
    assert set(cohorts.STATUS_STEPS) == {status.value for status in CohortStatus}
    for status in WaitStatus:
        for taken in ("approve", "decline", "withdraw", "remove", "reconfirm", "put_back", "enroll"):
            decision, after = waiting.step(status, taken)
            assert decision.refused == (taken not in waiting.STEPS[status])
            assert not decision.refused or after == status
        assert waiting.said(status)


@given(days, st.integers(0, 300))
def test_a_request_sleeps_exactly_when_nobody_confirmed_it(confirmed: dt.date, later: int) -> None:
    rules = library.in_force("waitlist", "US-HB", TODAY).data
    found = waiting.freshness(confirmed, rules, confirmed + later * DAY)
    assert found.asleep == (confirmed + later * DAY >= reconfirmation(confirmed, rules).lapses_on)


PLAIN = WorkCalendar(
    HolidayRules(frozenset({5, 6}), "same_day", ()), {TODAY + 7 * DAY: Label({"en": "Flood"})}
)


@given(st.integers(0, 6), st.integers(0, 100), st.integers(0, 200))
def test_weekly_times_fall_on_their_weekday_and_each_day_is_planned_or_explained(
    weekday: int, start: int, length: int
) -> None:
    first, last = TODAY + start * DAY, TODAY + (start + length) * DAY
    (planned,) = cohorts.plan([cohorts.Weekly(weekday, dt.time(9), dt.time(10))], first, last, PLAIN)
    all_days = {first + n * DAY for n in range(length + 1) if (first + n * DAY).weekday() == weekday}
    assert set(planned.days) | {day for day, _ in planned.skipped} == all_days
    assert not set(planned.days) & {TODAY + 7 * DAY}


def test_overlapping_and_reversed_weekly_times_are_told() -> None:
    found = cohorts.weekly_problems(
        [
            cohorts.Weekly(1, dt.time(9), dt.time(11)),
            cohorts.Weekly(1, dt.time(10), dt.time(12)),
            cohorts.Weekly(2, dt.time(9), dt.time(8)),
        ]
    )
    assert {reason.code for reason in found.reasons} == {"slot_order", "slots_overlap"}


@given(
    st.lists(st.tuples(st.integers(-5, 20), st.none() | st.integers(1, 9)), max_size=3), st.integers(-10, 40)
)
def test_nobody_is_called_outside_their_days_or_in_a_pause(
    pauses: list[tuple[int, int | None]], offset: int
) -> None:
    seat = cohorts.Seat(
        TODAY,
        TODAY + 30 * DAY,
        tuple((TODAY + a * DAY, None if n is None else TODAY + (a + n) * DAY) for a, n in pauses),
        frozenset({(0, dt.time(9))}),
    )
    at = dt.datetime.combine(TODAY + offset * DAY, dt.time(9))
    why = cohorts.why_not_called(seat, at)
    paused = any(a <= offset and (n is None or offset < a + n) for a, n in pauses)
    expected = (
        cohorts.OUTSIDE
        if not 0 <= offset <= 30
        else cohorts.PAUSED
        if paused
        else cohorts.EXCLUDED
        if at.weekday() == 0
        else ""
    )
    assert why == expected and (not why or why in cohorts.OURS)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "finished"}, "status_step"),
        ({"days": 0}, "days_reversed"),
        ({"capacity": 0}, "no_seats"),
        ({"seated": 13}, "seats_in_use"),
        ({"minimum": 13}, "minimum_above_seats"),
        ({"group_max": 11}, "group_too_large"),
        ({"room_here": False}, "room_elsewhere"),
        ({"room_seats": 11}, "room_too_small"),
        ({"agreement_covers": False}, "agreement_elsewhere"),
    ],
)
def test_an_unsound_cohort_is_told_what_is_wrong(change: dict[str, object], code: str) -> None:
    sound: dict[str, object] = {
        "status_before": "planned", "status": "open", "capacity": 12, "minimum": 4,
        "seated": 0, "seats_overridden": 0, "group_max": 15,
    }  # fmt: skip
    assert not cohorts.can_save(cohorts.CohortDraft(**sound)).refused  # type: ignore[arg-type]
    found = cohorts.can_save(cohorts.CohortDraft(**{**sound, **change}))  # type: ignore[arg-type]
    assert code in {reason.code for reason in found.reasons}
