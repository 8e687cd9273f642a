"""What counts when seats are filled, as a dated pack of the agency."""

from __future__ import annotations

import datetime as dt

import pytest

from throughgate.policies.kinds import KINDS
from throughgate.policies.library import SHIPPED, load
from throughgate.policies.packs import parse_pack
from throughgate.policies.reading import PolicyError

TEXT = (SHIPPED / "seat-weights" / "default.toml").read_text()
FLOOR = """
[[floors]]
code = "spanish"
group = "language"
label = "es"
at_least = 0.9
relative = true
"""


def test_the_shipped_weights_are_the_measured_ones() -> None:
    weights = load([SHIPPED]).in_force("seat-weights", "US-HB", dt.date(2026, 11, 23)).data
    assert weights.first_seat == 1.0 and weights.promise and weights.most_changed == 0.05
    assert 0.01 <= weights.held <= 0.03
    assert weights.levels[1] < weights.levels[2] < weights.levels[3] == 1.0
    assert weights.floors == ()


def test_an_agency_may_set_a_floor() -> None:
    floor = parse_pack(TEXT + FLOOR, "seat-weights/x.toml", KINDS).data.floors[0]
    assert (floor.group, floor.label, floor.at_least, floor.relative) == ("language", "es", 0.9, True)


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("covered = 0.8", "covered = 1.8", "need.covered"),
        ("low = 0.33", "low = 0.9", "need.low"),
        ("seats_per_person = 3", "seats_per_person = 4", "limits.seats_per_person"),
        ("most_changed_percent = 5", "most_changed_percent = 0", "calm.most_changed_percent"),
        ("held = 0.02", "holds = 0.02", "calm.held"),
    ],
)
def test_a_wrong_weight_is_named(before: str, after: str, key: str) -> None:
    assert before in TEXT
    with pytest.raises(PolicyError) as caught:
        parse_pack(TEXT.replace(before, after), "seat-weights/x.toml", KINDS)
    assert key in {problem.key for problem in caught.value.problems}
