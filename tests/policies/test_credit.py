"""Credit and pay: caps hold, more time never earns less, order does not matter, reversal restores."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughgate.policies import credit
from throughgate.policies.accrual import accrue, towards
from throughgate.policies.credit import CreditRules
from throughgate.policies.evidence import Event, Evidence, Facts, Pause
from throughgate.policies.ledger import LedgerLine, outstanding, reconcile, reverse, total
from throughgate.policies.library import SHIPPED, load
from throughgate.policies.packs import Pack
from throughgate.policies.projection import Projection, projection
from throughgate.policies.reading import Problem, Table

LIBRARY = load([SHIPPED])
END = dt.date(2027, 12, 31)
DAY = dt.timedelta(days=1)
LABEL = {"en": "A text"}


def shipped(jurisdiction: str, on: dt.date = dt.date(2026, 1, 1)) -> Pack[CreditRules]:
    return LIBRARY.in_force("credit", jurisdiction, on)


HARBOR = shipped("US-HB")


def made(
    rule: dict[str, Any], shared: dict[str, Any] | None = None
) -> tuple[Pack[CreditRules], list[Problem]]:
    """A pack with one rule, and what is wrong with it."""
    given_rule = {
        "code": "rule",
        "title": LABEL,
        "rates": {"standard": 1},
        "requires_approval": False,
        "credit_if_institution_cancelled": False,
        **rule,
    }
    data = {"effect": {"measure": "days", "moves": LABEL}, "rules": [given_rule], "shared_caps": shared or {}}
    problems: list[Problem] = []
    return replace(HARBOR, data=credit.read(Table(data, "test", "", problems))), problems


def good(rule: dict[str, Any], shared: dict[str, Any] | None = None) -> Pack[CreditRules]:
    pack, problems = made(rule, shared)
    assert problems == []
    return pack


def hours(*entries: tuple[str, float], program: str = "welding") -> list[Evidence]:
    return [
        Evidence(f"a{number}", dt.date.fromisoformat(day), program, minutes=int(length * 60), sessions=1)
        for number, (day, length) in enumerate(entries)
    ]


def amounts(lines: Sequence[LedgerLine]) -> list[tuple[str, int | float]]:
    return [(line.on.isoformat(), float(line.amount)) for line in lines]


# --- the shipped rules, by example ---


def test_california_gives_ten_days_for_52_hours_up_to_forty_and_rolls_the_rest_over() -> None:
    pack = shipped("US-CA")
    evidence = hours(("2026-01-10", 51), ("2026-01-11", 1), ("2026-06-01", 52 * 5), ("2027-03-01", 51))
    lines = accrue(pack, evidence, as_of=END)
    assert amounts(lines) == [("2026-01-11", 10), ("2026-06-01", 30), ("2027-01-01", 20)]
    assert lines[1].withheld == 20
    assert lines[1].why == ("cap_year", "rolls_over")
    assert lines[2].why == ("rolled_over",)
    assert lines[0].evidence == ("a0", "a1")
    assert lines[0].policy == "credit-us-ca-2019 v1"
    assert all(line.requires_approval for line in lines)


def test_california_before_may_2019_was_another_rule() -> None:
    pack = shipped("US-CA", dt.date(2019, 4, 30))
    assert pack.id == "credit-us-ca-2017"
    evidence = hours(("2018-02-01", 52 * 6), ("2019-05-01", 52))
    assert amounts(accrue(pack, evidence, as_of=END)) == [("2018-02-01", 28)]
    assert shipped("US-CA", dt.date(2019, 5, 1)).id == "credit-us-ca-2019"


def test_federal_days_count_full_months_and_stand_still_while_away() -> None:
    pack = shipped("US-BOP")
    first = dt.date(2026, 1, 1)
    span = [Evidence("p1", first + 59 * DAY, "fsa", since=first)]
    assert total(accrue(pack, span, as_of=END)) == 20
    court = [Pause("outside_custody", dt.date(2026, 1, 5), dt.date(2026, 1, 5)), Pause("dentist", first, END)]
    assert total(accrue(pack, span, as_of=END, pauses=court)) == 10
    better = [replace(span[0], tier="low_held_two_assessments")]
    assert total(accrue(pack, better, as_of=END)) == 30
    with pytest.raises(KeyError, match="there are standard, low_held_two_assessments"):
        accrue(pack, [replace(span[0], tier="gold")], as_of=END)


def test_federal_credits_go_to_supervised_release_first() -> None:
    parts = shipped("US-BOP").data.split(Decimal(400))
    assert [(str(to), int(days)) for to, days in parts] == [
        ("Supervised release", 365),
        ("Prerelease custody", 35),
    ]


def test_massachusetts_counts_by_program_month_and_sentence() -> None:
    pack = shipped("US-MA")
    parts = [
        Evidence(f"{program}-{month}", dt.date(2026, month, 9), program, minutes=60, rating="satisfactory")
        for month in (1, 2)
        for program in ("school", "welding", "garden")
    ]
    lines = accrue(pack, parts, as_of=END, facts=Facts(sentence_days=1000))
    assert total(lines) == 30
    by_month = defaultdict(Decimal)
    for line in lines:
        by_month[line.on.month] += line.amount
    assert by_month == {1: 15, 2: 15}
    assert total(accrue(pack, parts, as_of=END, facts=Facts(sentence_days=50))) == Decimal("17.5")
    poor = [replace(part, rating="unsatisfactory") for part in parts]
    assert accrue(pack, poor, as_of=END, facts=Facts(sentence_days=1000)) == []
    unrated = accrue(pack, [replace(parts[0], rating="")], as_of=END, facts=Facts(sentence_days=1000))
    assert [(line.amount, line.why) for line in unrated] == [(0, ("waits_for_rating",))]


def test_massachusetts_completion_stays_under_its_share() -> None:
    pack = shipped("US-MA")
    done = [
        Evidence("c1", dt.date(2026, 3, 1), "therapy", completed=True, award=Decimal(95)),
        Evidence("c2", dt.date(2026, 4, 1), "college", completed=True, award=Decimal(80)),
        Evidence("c3", dt.date(2026, 5, 1), "college", completed=True, award=Decimal(80)),
    ]
    lines = accrue(pack, done, as_of=END, facts=Facts(800, rules=frozenset({"completion"})))
    assert amounts(lines) == [("2026-03-01", 80), ("2026-04-01", 60)]


def test_an_unknown_sentence_leaves_the_percent_to_a_person() -> None:
    lines = accrue(HARBOR, hours(("2026-01-10", 12)), as_of=END)
    assert lines[0].amount == 1
    assert lines[0].requires_approval
    assert "percent_cap_not_checked" in lines[0].why
    assert not accrue(HARBOR, hours(("2026-01-10", 12)), as_of=END, facts=Facts(900))[0].requires_approval


def test_colorado_loses_the_month_and_those_after_it() -> None:
    pack = shipped("US-CO")
    parts = [
        Evidence(f"m{month}", dt.date(2026, month, 20), "work", minutes=60, rating="good")
        for month in range(1, 7)
    ]
    facts = Facts(rules=frozenset({"work"}))
    earned = accrue(
        pack, parts, as_of=END, facts=facts, events=[Event("class_1_conviction", dt.date(2026, 2, 25))]
    )
    assert [line.on.month for line in earned] == [1, 5, 6]
    earned = accrue(
        pack, parts, as_of=END, facts=facts, events=[Event("class_2_conviction", dt.date(2026, 2, 1))]
    )
    assert [line.on.month for line in earned] == [1, 4, 5, 6]
    poor = [replace(part, rating="poor") for part in parts]
    assert accrue(pack, poor, as_of=END, facts=facts) == []


def test_nebraska_begins_after_a_year() -> None:
    pack = shipped("US-NE")
    parts = [Evidence(f"m{month}", dt.date(2026, month, 20), "any", minutes=60) for month in range(1, 13)]
    lines = accrue(pack, parts, as_of=END, facts=Facts(started_on=dt.date(2025, 10, 1)))
    assert [line.on.month for line in lines] == [10, 11, 12]
    assert total(lines) == 9
    assert accrue(pack, parts, as_of=END) == []


def test_kansas_gives_sixty_days_once() -> None:
    done = [
        Evidence("c1", dt.date(2026, 3, 1), "ged", completed=True),
        Evidence("c2", dt.date(2026, 9, 1), "welding", completed=True),
    ]
    lines = accrue(shipped("US-KS"), done, as_of=END)
    assert total(lines) == 60
    assert lines[1].why == ("cap_total",)


def test_england_pays_a_canceled_session_and_gives_no_time() -> None:
    pack = shipped("GB-EAW")
    evidence = [
        Evidence("s1", dt.date(2026, 3, 1), "kitchen", sessions=1, award=Decimal("1.25")),
        Evidence(
            "s2",
            dt.date(2026, 3, 2),
            "kitchen",
            sessions=1,
            award=Decimal("1.25"),
            institution_cancelled=True,
        ),
    ]
    lines = accrue(pack, evidence, as_of=END)
    assert total(lines) == Decimal("2.50")
    assert {line.measure for line in lines} == {"GBP"}


def test_hours_the_house_canceled_count_where_the_rule_says_so() -> None:
    lost = [replace(each, institution_cancelled=True) for each in hours(("2026-01-10", 52))]
    assert accrue(shipped("US-CA"), lost, as_of=END) == []
    assert total(accrue(HARBOR, lost, as_of=END, facts=Facts(900))) == 4


def test_harbor_state_takes_days_back_but_never_more_than_there_are() -> None:
    evidence = hours(("2025-12-10", 36), ("2026-01-10", 36), ("2026-02-10", 36), ("2026-03-10", 36))
    event = Event("serious_misconduct", dt.date(2026, 1, 20), "e1")
    lines = accrue(HARBOR, evidence, as_of=END, facts=Facts(900), events=[event])
    assert amounts(lines) == [("2025-12-10", 3), ("2026-01-20", -3), ("2026-03-10", 3)]
    assert lines[1].kind == "forfeited"
    assert lines[1].why == ("serious_misconduct", "restorable")


def test_nothing_is_earned_tomorrow() -> None:
    evidence = hours(("2026-01-10", 52), ("2026-02-10", 52))
    assert total(accrue(shipped("US-CA"), evidence, as_of=dt.date(2026, 2, 9))) == 10


def test_lines_under_an_earlier_pack_use_up_the_caps() -> None:
    pack = shipped("US-CA")
    earlier = accrue(pack, hours(("2026-01-10", 52 * 3)), as_of=END)
    later = accrue(pack, hours(("2026-05-10", 52 * 3)), as_of=dt.date(2026, 12, 31), prior=earlier)
    assert total(later) == 10


def test_what_is_left_over_is_shown_as_progress() -> None:
    evidence = hours(("2026-01-10", 51), ("2026-01-11", 2.5), ("2026-02-01", 10))
    (found,) = towards(shipped("US-CA"), evidence, as_of=dt.date(2026, 2, 10))
    assert (found.rule, found.unit, found.have, found.need) == ("rac", "hour", Decimal("11.5"), 52)
    # Harbor State lets left-over hours lapse with the month.
    assert towards(HARBOR, evidence, as_of=dt.date(2026, 2, 10))[0].have == 10
    assert towards(HARBOR, evidence, as_of=dt.date(2026, 3, 1)) == []
    assert towards(shipped("US-KS"), evidence, as_of=END) == []


# --- a rule by which one hour more could earn less is refused ---


@pytest.mark.parametrize(
    ("rule", "shared", "told"),
    [
        ({"unit": "hour", "caps": {"month": 5}}, {}, 'unfinished: must be "month"'),
        ({"unit": "hour", "caps": {"year": 5}}, {}, 'unfinished: must be "year"'),
        ({"unit": "hour"}, {"year": 5}, 'unfinished: must be "year"'),
        ({"unit": "month", "caps": {"total": 5}}, {"month": 5}, "caps: overlap without one lying inside"),
        ({"unit": "hour", "rollover": True}, {}, "rollover: needs a yearly cap"),
        ({"unit": "month", "per": 2}, {}, "per: must be 1 for the unit month"),
        ({"unit": "hour", "amount_from_program": True}, {}, "goes with the units session and completion"),
        ({"unit": "hour", "rates": {"gold": 1}}, {}, "rates.standard: is missing"),
        ({"unit": "hour", "ratings": {"good": 2}}, {}, "ratings.good: is a share"),
        ({"unit": "hour", "per": 0}, {}, "per: must be a number above zero"),
        ({"unit": "hour"}, {"total_percent": 101}, "total_percent: must not be above 100"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(
    rule: dict[str, Any], shared: dict[str, Any], told: str
) -> None:
    assert told in "\n".join(str(problem) for problem in made(rule, shared)[1])


# --- properties over rules of every shape ---

SMALL = st.integers(1, 40)


@st.composite
def packs(draw: st.DrawFn) -> Pack[CreditRules]:
    """Any rule the loader accepts: by hour, session, day or month, with caps that lie inside each other."""
    unit = draw(st.sampled_from(["hour", "session", "day", "month"]))
    chosen = draw(st.sampled_from([(), ("month",), ("year",), ("total",), ("month", "year", "total")]))
    caps: dict[str, int] = {name: draw(SMALL) for name in chosen}
    if draw(st.booleans()) and "total" not in caps and "year" not in caps:
        caps["program_month"] = draw(st.integers(1, 10))
    rollover = "year" in caps and draw(st.booleans())
    shared = {"total_percent": draw(st.integers(1, 30))} if draw(st.booleans()) else {}
    finest = "month" if {"month", "program_month"} & set(caps) else "always"
    if finest == "always" and "year" in caps and not rollover:
        finest = "year"
    rule: dict[str, Any] = {
        "unit": unit,
        "rates": {"standard": draw(st.integers(1, 12))},
        "whole_units": draw(st.booleans()),
        "rounding": draw(st.sampled_from(["down", "half_up"])),
        "quantum": draw(st.sampled_from([1, 0.5])),
        "unfinished": finest,
        "caps": caps,
        "rollover": rollover,
    }
    if unit != "month":
        rule["per"] = draw(st.integers(1, 30))
    return good(rule, shared)


@st.composite
def attended(draw: st.DrawFn) -> list[Evidence]:
    count = draw(st.integers(0, 14))
    lines = []
    for number in range(count):
        # Often the same day, so that what comes first among equals is tried too.
        days = st.sampled_from([0, 3, 17, 31, 180, 365]) | st.integers(0, 600)
        on = dt.date(2026, 1, 1) + draw(days) * DAY
        lines.append(
            Evidence(
                id=f"e{number:02}",
                on=on,
                program=draw(st.sampled_from(["school", "welding"])),
                minutes=draw(st.integers(0, 6000)),
                sessions=draw(st.integers(0, 4)),
                since=on - draw(st.integers(0, 40)) * DAY,
            )
        )
    return lines


FACTS = Facts(sentence_days=300)
SOME = settings(max_examples=100)


@SOME
@given(pack=packs(), evidence=attended())
def test_no_cap_is_ever_exceeded(pack: Pack[CreditRules], evidence: list[Evidence]) -> None:
    (rule,) = pack.data.rules.values()
    lines = accrue(pack, evidence, as_of=END, facts=FACTS)
    used: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for line in lines:
        assert line.amount >= 0
        month, year = f"{line.on:%Y-%m}", f"{line.on:%Y}"
        programs = {each.program for each in evidence if each.id in line.evidence}
        if len(programs) == 1:
            used["program_month", programs.pop(), month] += line.amount
        used["month", month] += line.amount
        used["year", year] += line.amount
        used["total",] += line.amount
    for (name, *_), amount in used.items():
        limit = getattr(rule.caps, name)
        assert limit is None or amount <= limit
    if pack.data.caps.total_percent is not None:
        assert used["total",] <= pack.data.caps.total_percent * 3


@SOME
@given(pack=packs(), evidence=attended(), data=st.data())
def test_the_order_of_the_evidence_does_not_matter(
    pack: Pack[CreditRules], evidence: list[Evidence], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(evidence))
    assert accrue(pack, shuffled, as_of=END, facts=FACTS) == accrue(pack, evidence, as_of=END, facts=FACTS)


@SOME
@given(pack=packs(), evidence=attended(), more=st.integers(1, 3000), data=st.data())
def test_more_time_never_earns_less(
    pack: Pack[CreditRules], evidence: list[Evidence], more: int, data: st.DataObject
) -> None:
    if not evidence:
        return
    place = data.draw(st.integers(0, len(evidence) - 1))
    longer = list(evidence)
    old = longer[place]
    assert old.since is not None
    longer[place] = replace(
        old, minutes=old.minutes + more, sessions=old.sessions + 1, since=old.since - (more % 30) * DAY
    )
    before = total(accrue(pack, evidence, as_of=END, facts=FACTS))
    assert total(accrue(pack, longer, as_of=END, facts=FACTS)) >= before


@SOME
@given(pack=packs(), evidence=attended(), day=st.integers(0, 700))
def test_the_total_never_falls_as_days_go_by(
    pack: Pack[CreditRules], evidence: list[Evidence], day: int
) -> None:
    on = dt.date(2026, 1, 1) + day * DAY
    earlier = total(accrue(pack, evidence, as_of=on, facts=FACTS))
    assert total(accrue(pack, evidence, as_of=on + DAY, facts=FACTS)) >= earlier


@SOME
@given(pack=packs(), evidence=attended(), corrected=attended())
def test_a_corrected_ledger_says_what_it_should_and_deletes_nothing(
    pack: Pack[CreditRules], evidence: list[Evidence], corrected: list[Evidence]
) -> None:
    first = accrue(pack, evidence, as_of=END, facts=FACTS)
    should = accrue(pack, corrected, as_of=END, facts=FACTS)
    ledger = list(first)
    for wanted in (should, should, first, should):
        changes = reconcile(ledger, wanted, why="corrected", posted_on=END)
        ledger += changes
        assert sorted(line.key for line in outstanding(ledger)) == sorted(line.key for line in wanted)
        assert total(ledger) == total(wanted)
    assert reconcile(ledger, should, why="corrected", posted_on=END) == []


def test_reversal_restores_and_names_its_line() -> None:
    (line,) = accrue(shipped("US-KS"), [Evidence("c1", END, "ged", completed=True)], as_of=END)
    back = reverse(line, why="entered for the wrong person", posted_on=END)
    assert total([line, back]) == 0
    assert back.reverses == line.key
    assert back.policy == line.policy
    assert outstanding([line, back]) == []
    assert outstanding([line, back, line]) == [line]


# --- projection ---


def test_a_projection_says_up_to_and_under_which_assumptions() -> None:
    done, planned = (
        hours(("2026-01-10", 60)),
        hours(("2026-02-10", 60), ("2026-03-10", 60), ("2026-01-01", 60)),
    )
    found = projection(
        HARBOR, done, planned, as_of=dt.date(2026, 1, 31), horizon=dt.date(2026, 6, 30), facts=Facts(900)
    )
    assert (found.earned, found.possible, found.waits_for_approval) == (5, 15, 0)
    assert found.invented
    assert not found.capped
    assert "not legal advice" in str(found.disclaimer)
    assert "official date" in str(found.official)
    assert str(found.assumptions[0]) == "Every planned session is attended."


def test_a_projection_never_holds_a_release_date() -> None:
    found = projection(HARBOR, [], [], as_of=dt.date(2026, 1, 31), horizon=dt.date(2026, 6, 30))
    held = {f.name for f in fields(Projection) if isinstance(getattr(found, f.name), dt.date)}
    assert held == {"horizon"}
    with pytest.raises(ValueError, match="lies before today"):
        projection(HARBOR, [], [], as_of=dt.date(2026, 1, 31), horizon=dt.date(2026, 1, 30))


@SOME
@given(pack=packs(), evidence=attended(), planned=attended(), day=st.integers(0, 600))
def test_what_is_possible_is_never_less_than_what_is_earned(
    pack: Pack[CreditRules], evidence: list[Evidence], planned: list[Evidence], day: int
) -> None:
    today = dt.date(2026, 1, 1) + day * DAY
    found = projection(pack, evidence, planned, as_of=today, horizon=END, facts=FACTS)
    assert found.possible >= found.earned >= 0
