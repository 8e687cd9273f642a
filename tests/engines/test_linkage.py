"""Finding people of a roster: with known truth, typing errors, twins, and people who are not there."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from throughgate.engines import linkage
from throughgate.engines.linkage import Candidate, Person

pytest.importorskip("splink")

FIRST = [
    "james",
    "mary",
    "robert",
    "linda",
    "michael",
    "susan",
    "david",
    "karen",
    "carlos",
    "ana",
    "wei",
    "amara",
]
LAST = [
    "smith",
    "johnson",
    "garcia",
    "brown",
    "lopez",
    "nguyen",
    "walker",
    "hall",
    "young",
    "king",
    "hill",
    "adams",
]


def register(n: int, rng: random.Random) -> list[Person]:
    made = []
    for key in range(n):
        first = rng.choice(FIRST) + rng.choice(["", "", "a", "lyn", "son"])
        last = rng.choice(LAST) + rng.choice(["", "", "ez", "man", "ton", "ley", "berg", "field"])
        born = dt.date(1950, 1, 1) + dt.timedelta(days=rng.randrange(18000))
        made.append(Person(key, first.title(), last.title(), born, rng.choice(["male", "female"])))
    return made


def mistyped(text: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(text) - 1)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def roster(
    people: list[Person], n: int, strangers: int, rng: random.Random
) -> tuple[list[Person], dict[int, int]]:
    truth, made = {}, []
    for key, one in enumerate(rng.sample(people, n)):
        first, last, born = one.first_name, one.last_name, one.birth_date
        assert born is not None
        if rng.random() < 0.08:
            last = mistyped(last, rng)
        if rng.random() < 0.05:
            first = mistyped(first, rng)
        if rng.random() < 0.04:
            born = born.replace(day=min(28, born.day % 28 + 1))
        made.append(Person(key, first.upper(), last, born if rng.random() > 0.03 else None, one.sex))
        truth[key] = one.key
    for key in range(n, n + strangers):
        (one,) = register(1, rng)
        made.append(Person(key, one.first_name, one.last_name, one.birth_date, one.sex))
    return made, truth


def test_links_are_right_and_the_estimated_quality_is_close_to_the_truth() -> None:
    rng = random.Random(7)
    people = register(3000, rng)
    rows, truth = roster(people, 400, 60, rng)
    found = linkage.link(rows, people)
    sure = {
        key: own[0] for key, own in found.items() if linkage.possible(own, sure=0.95, possible=0.2) == "sure"
    }
    right = sum(1 for key, best in sure.items() if truth.get(key) == best.key)
    told = linkage.quality(found, {key: best.probability for key, best in sure.items()}, 0)
    precision, recall = right / len(sure), right / len(truth)
    assert precision > 0.98
    assert recall > 0.90
    assert told.precision == pytest.approx(precision, abs=0.02)
    assert told.recall == pytest.approx(recall, abs=0.06)
    assert told.submitted == 460
    assert told.unlinked_share == pytest.approx(1 - len(sure) / 460)


def test_two_people_who_look_alike_go_to_a_person() -> None:
    born = dt.date(1980, 5, 5)
    people = [Person(1, "Ana", "Lopez", born, "female"), Person(2, "Ana", "Lopez", born, "female")]
    people += register(50, random.Random(1))[10:]
    found = linkage.link([Person(9, "Ana", "López", born, "female")], people)[9]
    assert [each.key for each in found[:2]] == [1, 2]
    assert all(each.probability < 0.6 for each in found)
    assert linkage.possible(found, sure=0.95, possible=0.2) == "open"


def test_probabilities_of_one_row_never_add_up_to_more_than_one() -> None:
    rng = random.Random(3)
    people = register(300, rng)
    rows, _truth = roster(people, 60, 10, rng)
    for own in linkage.link(rows, people).values():
        assert sum(each.probability for each in own) <= 1 + 1e-9


def test_nobody_to_find_and_nobody_to_look_for() -> None:
    somebody = Person(1, "Ana", "Lopez")
    assert linkage.link([], [somebody]) == {}
    assert linkage.link([somebody], []) == {1: []}
    assert linkage.possible([], sure=0.95, possible=0.2) == "nobody"


def test_quality_counts_a_persons_decision_as_certain() -> None:
    candidates = {1: [Candidate(5, 0.6), Candidate(6, 0.3)], 2: [Candidate(7, 0.99)], 3: []}
    told = linkage.quality(candidates, {1: 1.0, 2: 0.99}, 0)
    assert told.precision == pytest.approx(1.99 / 2)
    assert told.recall == 1.0
    assert told.unlinked_share == pytest.approx(1 / 3)


def test_names_are_compared_without_accents_and_signs() -> None:
    assert linkage.plain("  O'Néill-Peña ") == "o neill pena"
