"""Charts are named, fit a strict policy, and never travel without their numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from django.template import Context, Template

from throughgate.base import charts

X = [0, 6, 12]


def drawn() -> list[charts.Chart]:
    named = {"title": "A <title>", "desc": 'Falls & "rises"', "note": "Invented."}
    held = charts.Series("Held", [1, 0.8, None], low=[1, 0.7, None], high=[1, 0.9, None])
    two = [held, charts.Series("Comparison", [1, 0.7, 0.5])]
    return [
        charts.line(
            **named, x_label="Month", y_label="Share", x=["Jun", "Jul", "Aug"], series=two, percent=True
        ),
        charts.steps(**named, x_label="Months", y_label="Share", x=X, series=two),
        charts.bars(**named, x_label="People", labels=["Housing", "Work"], values=[12, 4]),
        charts.forest(
            **named, x_label="Points", labels=["A", "B"], estimates=[1.5, -1], lows=[0, -3], highs=[3, 1]
        ),
        charts.bars(**named, x_label="People", labels=[], values=[]),
    ]


@pytest.fixture(scope="module")
def pictures() -> list[charts.Chart]:
    return drawn()


def test_each_is_a_named_image(pictures: list[charts.Chart]) -> None:
    for picture in pictures:
        root = ET.fromstring(picture.svg)
        ids = {node.get("id"): "".join(node.itertext()) for node in root.iter() if node.get("id")}
        title, desc = root.attrib["aria-labelledby"].split()
        assert root.attrib["role"] == "img"
        assert ids[title] == "A <title>"
        assert ids[desc] == 'Falls & "rises"'


def test_no_inline_style_and_no_shared_ids(pictures: list[charts.Chart]) -> None:
    together = "".join(picture.svg for picture in pictures)
    assert not re.search(r"\sstyle=|<style|<script|<!", together)
    ids = re.findall(r' id="([^"]+)"', together)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', together)) <= {(i, "") for i in ids} | {
        ("", i) for i in ids
    }


def test_words_stay_text_and_colours_follow_the_page(pictures: list[charts.Chart]) -> None:
    assert ">Housing</text>" in pictures[2].svg
    assert "var(--chart-1, #0d4f52)" in pictures[2].svg
    assert "Public Sans" in pictures[2].svg


def test_numbers_stand_beside_the_picture(pictures: list[charts.Chart]) -> None:
    line = pictures[0].table
    assert [str(column.label) for column in line.columns] == ["Month", "Held", "Interval", "Comparison"]
    assert list(map(list, line.rows)) == [
        ["Jun", "100 %", "100 % to 100 %", "100 %"],
        ["Jul", "80 %", "70 % to 90 %", "70 %"],
        ["Aug", "—", "—", "50 %"],
    ]
    assert pictures[3].table.rows[0] == ["A", "1.5", "0 to 3"]
    out = Template("{% load ui %}{% chart picture %}").render(Context({"picture": pictures[2]}))
    assert "<figure" in out
    assert "<td" in out
    assert "Housing" in out


def test_too_many_lines_are_refused() -> None:
    with pytest.raises(ValueError, match="two charts"):
        charts.line(
            title="T", desc="D", x_label="x", y_label="y", x=X, series=[charts.Series("s", [1, 2, 3])] * 5
        )


def test_matplotlib_is_loaded_only_to_draw() -> None:
    code = "import sys, throughgate.base.charts; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
