"""Costs and effects as dated tables: read in words, translated into points, put into a study's plan."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from throughgate.engines.impact.benefit_cost import CostTable
from throughgate.policies import queries
from throughgate.policies.library import SHIPPED, load
from throughgate.policies.reading import PolicyError
from throughgate.policies.worth import Evidence, cost_section

TODAY = dt.date(2026, 11, 22)
SHIPPED_COSTS = (SHIPPED / "costs" / "us-hb.toml").read_text(encoding="utf-8")


def test_a_cost_pack_becomes_the_cost_table_of_a_plan_and_names_its_version() -> None:
    pack = queries.costs("US-HB", TODAY)
    table = CostTable.from_dict(cost_section(pack, pack.data.programs["workshop"].per_participant))
    assert table.version == pack.cite and table.price_year == pack.data.price_year
    assert table.program_cost.mode == pack.data.programs["workshop"].per_participant.likely
    assert [each.who for each in table.savings] == list(pack.data.savings)


def test_an_effect_is_told_as_points_where_so_many_return_otherwise() -> None:
    """The published average of correctional education: about 6 of 100 fewer where 43 return."""
    review = queries.effects("default", TODAY).data.reviews["education-crime"]
    value, se = review.in_points(0.43)
    assert value == pytest.approx(-0.060, abs=0.002) and se == pytest.approx(0.0158, abs=0.001)
    nothing = Evidence(review.code, review.label, 0.0, 0.04, None, "2024-04", "x")
    assert nothing.in_points(0.43)[0] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("low = 38000", "low = 99000", "must lie between low and high"),
        ('code = "taxpayers"', 'code = "nobody"', "is nobody who gains"),
        ("[50, 30, 20]", "[80, 30, 20]", "share out at most 100"),
        ("year = 2026", 'year = "now"', "must be a whole number"),
    ],
)
def test_what_is_wrong_in_a_cost_pack_is_said(tmp_path: Path, old: str, new: str, words: str) -> None:
    folder = tmp_path / "costs"
    folder.mkdir()
    text = (
        SHIPPED_COSTS.replace(old, new, 1)
        .replace("costs-us-hb-2026", "costs-wrong")
        .replace("US-HB", "US-XX")
    )
    (folder / "wrong.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=words):
        load([SHIPPED, tmp_path])
