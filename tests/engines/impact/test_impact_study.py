"""A whole study from file to report, the registration log, and the command line."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from impact_data import ROOT, recid

from throughgate.engines.impact import cli, registration, report, study
from throughgate.engines.impact.counting import Cube
from throughgate.engines.impact.errors import StudyError
from throughgate.engines.impact.verdict import Answer

EXAMPLE = ROOT / "docs" / "examples" / "work-program" / "study.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "recid.parquet"
    recid().to_parquet(path)
    return path


@pytest.fixture(scope="module")
def result(data):
    return study.run(study.load(EXAMPLE), data, now=NOW)


class Page(HTMLParser):
    """Checks nesting and collects text and references."""

    def __init__(self):
        super().__init__()
        self.stack, self.text, self.outside = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br"):
            self.stack.append(tag)
        self.outside += [v for k, v in attrs if k in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] != "style":
            self.text.append(data)


def read_page(html):
    page = Page()
    page.feed(html)
    assert page.stack == [] and page.outside == []
    return " ".join(" ".join(page.text).split())


def test_the_work_program_says_what_the_literature_says(result):
    a = result.analysis
    assert a.verdict.answer is Answer.TOO_FEW  # published: no significant effect on the time to return
    assert a.comparison.participants == 672 and a.comparison.comparison == 773
    # By hand: the plain shares returning within 36 months.
    d = recid()
    back = (d.cens == 0) & (d.durat <= 36)
    assert a.rate_with == pytest.approx(back[d.workprg == 1].mean())
    assert a.comparison.unadjusted.value == pytest.approx(
        back[d.workprg == 1].mean() - back[d.workprg == 0].mean()
    )
    assert all(abs(e.value) < 0.03 for e in a.comparison.estimates)
    assert a.hazard_ratio[1] < 1.0 < a.hazard_ratio[2]
    assert "returned to prison" in a.verdict.sentence and "does not mean" in a.verdict.sentence


def test_without_the_long_tail_of_time_served_the_study_is_refused(data):
    text = EXAMPLE.read_text(encoding="utf-8").replace(', also = ["log"]', "")
    plan = study.plan(study.tomllib.loads(text))
    a = study.run(plan, data, now=NOW).analysis
    assert a.verdict.answer is Answer.UNFAIR and set(a.verdict.guards) == {"balance", "overlap"}
    html = report.as_html(a, report.Provenance("22 Nov 2026", "d", "p", "c"))
    assert "One hundred people" not in html and "estimates" not in report.as_data(
        a, report.Provenance("22 Nov 2026", "d", "p", "c")
    )


def test_the_page_can_be_read_alone(result):
    html = report.as_html(result.analysis, result.provenance)
    text = read_page(html)
    for words in (
        "Not enough people yet",
        "One hundred people",
        "30 of 100",
        "about 31 of 100",
        "Who was counted",
        "How sure are we",
        "What you can say",
        "What you cannot say",
        "For the statistician",
        "SMD after",
        "Fingerprints",
        "Number still at risk",
    ):
        assert words in text, words
    front = text.split("For the statistician")[0]
    assert not re.search(r"\bp\s*[=<]|p-value|significan", front)  # never a bare p
    assert not re.search(r"inmate|offender|convict\b|felon\b", text, re.I)
    assert html.count("<h1>") == 1 and "<script" not in html and 'lang="en"' in html
    public = read_page(report.as_html(result.analysis, result.provenance, public=True))
    assert "For the statistician" not in public and "about 670" in public and "672" not in public


def test_the_report_as_data_holds_every_specification(result):
    data = json.loads(report.as_json(result.analysis, result.provenance))
    assert data["estimates"][0]["method"].startswith("augmented")
    assert len(data["estimates"]) == 5 and len(data["balance"]) == 13
    assert data["verdict"]["answer"] == "not enough people yet"
    assert data["provenance"]["data"] == result.provenance.data and len(data["provenance"]["code"]) == 64
    again = report.as_json(result.analysis, result.provenance)
    assert again == report.as_json(result.analysis, result.provenance)


def test_how_well_people_were_found_is_part_of_the_report(data):
    facts = dict(study.load(EXAMPLE).facts)
    facts["linkage"] = {"method": "name and date of birth", "wrong_percent": 1.5, "missed_percent": 8}
    html = report.as_html(
        study.run(study.plan(facts), data, now=NOW).analysis, report.Provenance("n", "d", "p", "c")
    )
    assert "about 1.5 in 100 links may be wrong" in html and "about 8 in 100 people were missed" in html
    with pytest.raises(StudyError, match="needs missed_percent"):
        study.plan({**facts, "linkage": {"method": "x", "wrong_percent": 1}})


def test_progress_is_told_from_start_to_end(data):
    said = []
    study.run(study.load(EXAMPLE), data, now=NOW, progress=lambda what, share: said.append((what, share)))
    assert said[-1] == ("Done", 1.0) and len(said) > 5


def test_running_again_until_it_works_shows(tmp_path, data):
    log = tmp_path / "log.jsonl"
    plan = study.load(EXAMPLE)
    study.run(plan, data, now=NOW, log=log)
    registration.append(log, "registered", at=NOW, plan=plan.hash)
    second = study.run(plan, data, now=NOW, log=log)
    assert "only after it had already been run" in second.provenance.standing.sentence()
    assert second.provenance.standing.runs == 2
    changed = study.plan({**plan.facts, "study": {**plan.facts["study"], "window": 24}})
    third = study.run(changed, data, now=NOW, log=log)
    assert "differs from the registered one" in third.provenance.standing.sentence()
    fresh = tmp_path / "fresh.jsonl"
    registration.append(fresh, "registered", at=NOW, plan=plan.hash)
    good = study.run(plan, data, now=NOW, log=fresh)
    assert good.provenance.standing.sentence() == (
        "Registered on 2026-11-22, before the first run; run once, this time as registered."
    )
    assert "not registered" in registration.standing(tmp_path / "none.jsonl", plan.hash).sentence()
    lines = log.read_text().splitlines()
    log.write_text("\n".join([lines[0], *lines[2:]]) + "\n")
    with pytest.raises(StudyError, match="changed by hand at line 2"):
        registration.entries(log)


def test_the_command_line(tmp_path, data, capsys):
    file = tmp_path / "study.toml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert cli.main(["preview", str(file), str(data)]) == 0
    assert "1,445 rows, 1,445 taken, 0 refused" in capsys.readouterr().out
    assert cli.main(["register", str(file)]) == 0
    assert cli.main(["run", str(file), str(data), "-o", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "6.7 percentage points" in out and "not enough people yet" in out and "before the first run" in out
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "report.html",
        "public.html",
        "report.json",
        "cube.parquet",
    }
    assert Cube.read(tmp_path / "out" / "cube.parquet").counts("took part").people == 672
    file.write_text(file.read_text().replace(', also = ["log"]', ""))
    assert cli.main(["run", str(file), str(data), "-o", str(tmp_path / "out")]) == 3
    assert cli.main(["run", str(tmp_path / "no.toml"), str(data), "-o", str(tmp_path / "out")]) == 1
    assert "Refused: There is no study file no.toml" in capsys.readouterr().err


def test_importing_the_command_line_loads_nothing_heavy():
    code = (
        "import sys, throughgate.engines.impact, throughgate.engines.impact.cli\n"
        "heavy = {'numpy', 'scipy', 'duckdb', 'ibis', 'pyarrow', 'pandas', 'django'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(ROOT) / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[study]", "[study]\nspeed = 1"), "unknown key speed"),
        (('title = "', 'titel = "'), "unknown key titel"),
        (("window = 36", 'window = "long"'), "whole number"),
        (("margin_points = 3", "margin_points = 70"), "between 0 and 50"),
        (('treated = "workprg"', 'treated = "absent"'), "Describe the column absent"),
        (('unit = "month"', 'unit = "week"'), "unit must be"),
        (('black = { measured = "before" }', "black = {}"), "when it was measured"),
        (('also = ["log"]', 'also = ["cube"]'), '"log" and "square"'),
        (('kind = "int", required = true }\nreturned', 'kind = "text" }\nreturned'), "must hold numbers"),
        (('treated = "workprg"', 'treated = "priors"'), "yes or no"),
        (("[roles]", "[roles"), "not valid TOML"),
    ],
)
def test_mistakes_in_a_study_file_are_named(tmp_path, data, change, words):
    text = EXAMPLE.read_text(encoding="utf-8")
    assert change[0] in text
    file = tmp_path / "study.toml"
    file.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(StudyError, match=re.escape(words)):
        study.run(study.load(file), data, now=NOW)
