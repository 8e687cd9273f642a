"""Prints are tagged, can be read by machines, repeat their head, and treat every text as text."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from throughgate.base import pdf


def read(content: bytes) -> tuple[PdfReader, str]:
    reader = PdfReader(io.BytesIO(content))
    return reader, "\n".join(page.extract_text() for page in reader.pages)


def call_out(rows: list[list[Any]], **more: Any) -> dict[str, Any]:
    return {
        "title": "Call-out list",
        "facility": "Franklin Correctional",
        "window": "Tue 24 Nov 2026, 08:00–12:00",
        "facts": [["To unlock", "12"]],
        "columns": [{"label": "Name", "width": 2}, {"label": "Number"}, {"label": "Out", "kind": "tick"}],
        "groups": [{"title": "Unit B", "note": "9 leave", "rows": rows}],
        **more,
    }


def test_list_is_tagged_and_says_what_it_is() -> None:
    content = pdf.render(
        "list",
        call_out(
            [["Marcus Reyes", {"text": "A512-884", "under": "B-14"}, None]],
            version="3",
            destroy_by=date(2026, 11, 26),
            return_code="K7M2QXA4",
            foot=[["Headcount", ""]],
            notes_lines=2,
        ),
    )
    reader, text = read(content)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert "/StructTreeRoot" in root
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == "Call-out list"
    for word in (
        "Franklin Correctional",
        "08:00–12:00",
        "Marcus Reyes",
        "B-14",
        "K7M2QXA4",
        "Unit B",
        "9 leave",
    ):
        assert word in text
    assert "Version 3" in text
    assert "Destroy by 26 Nov 2026" in text
    assert "Page 1 of 1" in text


def test_long_lists_repeat_their_head_and_lose_nobody() -> None:
    reader, text = read(pdf.render("list", call_out([[f"Person {n:04}", n, None] for n in range(300)])))
    assert len(reader.pages) > 5
    for number, page in enumerate(reader.pages, 1):
        said = page.extract_text()
        assert "Number" in said
        assert "Unit B" in said
        assert f"Page {number} of {len(reader.pages)}" in said
    assert all(f"Person {n:04}" in text for n in range(300))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_no_text_becomes_markup(name: str) -> None:
    _, text = read(pdf.render("list", call_out([[name, "#panic()", None]])))
    assert name.replace("-", "") in text.replace("\n", "").replace("-", "").replace("\u00ad", "")


@pytest.mark.parametrize(
    "evil",
    [
        '#read("/etc/passwd")',
        '#import "common.typ": *',
        "*bold* _it_ $x$ @ref <label>",
        "] #panic() [",
        "// gone",
        "\\",
    ],
)
@pytest.mark.parametrize("template", ["list", "slips", "letter"])
def test_markup_is_printed_as_it_was_typed(template: str, evil: str) -> None:
    data = {
        "list": call_out([[evil, evil, None]], facts=[[evil, evil]], foot=[[evil, evil]]),
        "slips": {
            "title": "Slip",
            "facility": "F",
            "slips": [{"heading": evil, "lines": [[evil, evil]], "foot": evil}],
        },
        "letter": {
            "title": "Letter",
            "facility": "F",
            "body": [evil, [evil]],
            "sender": [evil],
            "signed": [evil],
        },
    }[template]
    _, text = read(pdf.render(template, data))
    assert text.replace("\n", "").count(evil) >= 3


def test_an_empty_group_says_so() -> None:
    _, text = read(pdf.render("list", call_out([])))
    assert "Nobody." in text


def test_words_follow_the_language() -> None:
    content = pdf.render("letter", {"title": "Carta", "facility": "F", "body": ["Hola"]}, lang="es")
    reader, _ = read(content)
    assert reader.trailer["/Root"]["/Lang"] == "es"


def test_dates_and_numbers_are_written_as_pages_write_them() -> None:
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    data = call_out([[at.date(), Decimal("1.50"), ""]], printed_at=at)
    _, text = read(pdf.render("list", data))
    assert "24 Nov 2026" in text
    assert "1.50" in text


def test_slips_come_many_on_a_page() -> None:
    slip = {"heading": "Marcus Reyes", "lines": [["To", "Room B2"]], "foot": "Show this at every door."}
    reader, text = read(pdf.render("slips", {"title": "Movement slip", "facility": "F", "slips": [slip] * 9}))
    assert len(reader.pages) == 2
    assert text.count("Room B2") == 9


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="choose one of list, slips, letter"):
        pdf.render("poster", {})
    with pytest.raises(ValueError, match="also needs: columns, groups"):
        pdf.render("list", {"title": "T", "facility": "F"})
    with pytest.raises(ValueError, match="Row 2 of 'Unit B' has 1 cells for 3 columns"):
        pdf.render("list", call_out([["a", "b", None], ["a"]]))
    with pytest.raises(TypeError, match="not object"):
        pdf.render("list", call_out([["a", object(), None]]))
