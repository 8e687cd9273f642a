"""What may be published: protected figures, and no two publications that single somebody out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughgate.outcomes import publishing
from throughgate.policies.house import PublishingRules

RULES = PublishingRules(smallest=10, round_to=5, rate_smallest=30)
STORED = Path(__file__).resolve().parents[2] / "src/throughgate/demo/data/work-program.json"
WORDS = {
    "en": {"title": "T", "program": "the program", "event": "returned", "compared_with": "usual services"},
    "es": {"title": "T", "program": "el programa", "event": "volvieron", "compared_with": "lo habitual"},
}


def report(**seen: int) -> dict[str, Any]:
    """The stored report, with other counts of people where they are given."""
    data: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))["report"]
    for arm in data["observed"]:
        arm["people"] = seen.get("people", arm["people"])
        arm["events"] = seen.get("events", arm["events"])
    return data


def content(data: dict[str, Any]) -> dict[str, Any]:
    standing = {"registered": "2026-09-08", "before_first_run": True, "runs": 1}
    return publishing.content(data, WORDS, RULES, standing=standing)


def numbers(value: Any) -> list[float]:
    """Every number in plain data, but for those that are rules or answers."""
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers(v)]
    if isinstance(value, list):
        return [n for v in value for n in numbers(v)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_counts_are_rounded_and_nothing_of_the_annex_is_published() -> None:
    made = content(report())
    assert [step["people"] for step in made["counted"]] == [1445, 1445]
    assert [step["participants"] for step in made["counted"]] == [670, 670]
    assert all(n % 5 == 0 for n in numbers(made["table"]) + numbers(made["columns"]))
    assert not {"balance", "estimates", "curves", "subgroups", "provenance"} & set(made)
    assert made["hundred"]["with"][0] == 30


@pytest.mark.parametrize(("people", "events"), [(28, 12), (60, 4), (60, 55)])
def test_no_rate_stands_on_few_people(people: int, events: int) -> None:
    made = content(report(people=people, events=events))
    assert "hundred" not in made and "points" not in made
    shown = [n for row in made["table"]["cells"] for n in row if n is not None]
    assert all(n >= 10 for n in shown)


def test_an_unfair_question_publishes_no_figure_of_the_effect() -> None:
    data = report()
    data["verdict"] |= {"answer": "cannot be answered fairly", "guards": ["balance"], "reasons": ["x"]}
    made = content(data)
    assert not {"hundred", "points", "table"} & set(made) and made["guards"] == ["balance"]


def test_a_step_that_differs_by_few_is_left_out() -> None:
    data = report()
    data["counted"] = [
        {"label": "Handed in", "people": 500, "participants": 250, "why": ""},
        {"label": "In the study file", "people": 497, "participants": 249, "why": ""},
        {"label": "Compared", "people": 440, "participants": 220, "why": ""},
    ]
    assert [step["label"] for step in content(data)["counted"]] == ["Handed in", "Compared"]


def test_fingerprints_compare_and_say_nothing_else() -> None:
    one = publishing.fingerprints(["7", "8", "9"], "live", "secret")
    assert one == publishing.fingerprints(["9", "7", "8"], "live", "secret") and len(one) == 3 * 8
    assert one != publishing.fingerprints(["7", "8", "9"], "live", "another secret")
    assert one != publishing.fingerprints(["7", "8", "9"], "file", "secret")
    bigger = publishing.fingerprints(["6", "7", "8", "9"], "live", "secret")
    assert publishing.group("a", one).people < publishing.group("b", bigger).people


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
@settings(max_examples=200, deadline=None)
def test_what_may_stand_side_by_side_singles_nobody_out(new: set[int], old: set[int]) -> None:
    groups = [publishing.Group("x", frozenset(bytes([n]) for n in people)) for people in (new, old)]
    clash = publishing.clashes(groups[:1], groups[1:], RULES.smallest)
    nested = new <= old or old <= new
    assert bool(clash) == (nested and 0 < len(new ^ old) < RULES.smallest)
