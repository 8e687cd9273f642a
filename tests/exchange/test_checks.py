"""Row checks and file reading against anything that may come."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random

import extract
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughgate.base.errors import Refused
from throughgate.exchange import files
from throughgate.exchange.custody import columns
from throughgate.exchange.custody.rows import check, day_of
from throughgate.exchange.directory import hsds
from throughgate.exchange.directory.words import clock, hours_of, needs_of, phone

FACILITIES = {"RIDGE": 1}
ANYTHING = st.text(max_size=60)


def good() -> dict[str, str]:
    return extract.good(1, random.Random(1), ["RIDGE"])


@given(st.dictionaries(st.sampled_from(extract.COLUMNS), ANYTHING))
def test_a_row_of_anything_is_checked_without_failing(spoiled: dict[str, str]) -> None:
    row = check({**good(), **spoiled}, FACILITIES, extract.AS_OF)
    if row.reasons:
        return
    admitted = dt.date.fromisoformat(row.values["admission_date"])
    assert dt.date.fromisoformat(row.values["birth_date"]) < admitted <= extract.AS_OF
    assert row.values["person_ref"]
    assert row.values["facility_code"] in FACILITIES
    for name in ("release_date", "projected_release_date"):
        assert not row.values[name] or dt.date.fromisoformat(row.values[name]) >= admitted
    assert "offense_code" not in row.values
    assert not any(ord(letter) < 32 for text in row.values.values() for letter in text)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)))
def test_days_are_read_in_each_of_three_shapes(day: dt.date) -> None:
    assert {day_of(text) for text in (day.isoformat(), f"{day:%Y%m%d}", f"{day:%m/%d/%Y}")} == {day}


@given(ANYTHING)
def test_what_is_no_day_is_none(text: str) -> None:
    day = day_of(text)
    assert day is None or any(letter.isdigit() for letter in text)


@pytest.mark.parametrize("kind", list(extract.BAD))
def test_every_kind_of_bad_row_has_its_reason(kind: str) -> None:
    row = good()
    extract.BAD[kind](row)
    found = {reason.code for reason in check(row, FACILITIES, extract.AS_OF).reasons}
    # NUL is found by the reader of the file; here it is a control character.
    assert ("control" if kind == "nul" else kind.split("/")[0]) in found


def read(content: bytes) -> list[files.Record]:
    return list(files.csv_table(io.BytesIO(content)).records)


@given(
    st.lists(
        st.tuples(ANYTHING, ANYTHING).filter(lambda pair: any(part.strip(" ,\r") for part in pair)),
        max_size=8,
    )
)
@settings(max_examples=60)
def test_what_a_writer_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b"])
    plain = [
        tuple("".join(c for c in part if c.isprintable()).strip() or "x" for part in pair) for pair in rows
    ]
    writer.writerows(plain)
    found = [tuple(record.cells.values()) for record in read(out.getvalue().encode())]
    assert found == plain


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_failing(content: bytes) -> None:
    try:
        table = files.csv_table(io.BytesIO(content))
    except Refused:
        return
    for record in table.records:
        assert record.reasons or set(record.cells) == set(table.columns)


@given(st.integers(min_value=0))
@settings(max_examples=50)
def test_a_file_cut_off_anywhere_loses_only_its_end(place: int) -> None:
    content, _ = extract.make(12, 0, ["RIDGE"])
    whole = read(content)
    cut = content[: place % len(content)]
    heading = content.index(b"\n")
    if len(cut) <= heading:
        return
    found = read(cut)
    complete = cut.count(b"\n") - 1
    assert [r.cells for r in found[:complete]] == [r.cells for r in whole[:complete]]
    assert len(found) <= complete + 1


@pytest.mark.parametrize("delimiter", list(files.DELIMITERS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings_and_delimiters(delimiter: str, encoding: str) -> None:
    content = f"Name{delimiter}Ort\r\nMuñoz{delimiter}Zoë\r\n".encode(encoding)
    assert [record.cells for record in read(content)] == [{"Name": "Muñoz", "Ort": "Zoë"}]


def test_a_quote_never_closed_spoils_its_own_row_only() -> None:
    records = read(b'a,b\n1,"two\n3,4\n5,"six"\n"7\nseven",8\n')
    assert [bool(record.reasons) for record in records] == [True, False, False, False]
    assert records[-1].cells == {"a": "7\nseven", "b": "8"}


def test_headings_are_found_by_other_names_and_doubles_are_refused() -> None:
    names = [name for name in columns.columns() if columns.columns()[name].required]
    shown = [name.upper().replace("_", " ") for name in names if name != "birth_date"] + [
        "D.O.B",
        "Shoe size",
    ]
    with pytest.raises(Refused, match="birth_date"):
        columns.recognize(shown)
    shown[-2] = "DOB"
    found = columns.recognize(shown)
    assert found.found["birth_date"] == "DOB"
    assert "Shoe size" in found.notices[0]
    with pytest.raises(Refused, match="twice"):
        columns.recognize([*shown, "Date of birth"])


def test_the_table_schema_is_whole() -> None:
    schema = json.loads(columns.schema_text())
    assert [field["name"] for field in schema["fields"]] == list(columns.columns())
    names = [name for field in schema["fields"] for name in (field["name"], *field["aliases"])]
    assert len(names) == len(set(names))


def test_a_workbook_is_read_as_a_table(tmp_path: object) -> None:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["person_ref", "admission_date", "note"])
    sheet.write_number(1, 0, 123456)
    sheet.write_datetime(1, 1, dt.datetime(2026, 2, 3), book.add_format({"num_format": "yyyy-mm-dd"}))
    book.close()
    path = tmp_path / "b.xlsx"  # type: ignore[operator]
    path.write_bytes(out.getvalue())
    assert files.recognize(path, "b.xlsx") == "excel"
    records = list(files.excel_table(path).records)
    assert records[0].cells == {"person_ref": "123456", "admission_date": "2026-02-03", "note": ""}


@pytest.mark.parametrize(
    ("given_", "shown", "possible"),
    [
        ("805.963.7777 x115", "(805) 963-7777 ext. 115", True),
        ("+1 (805) 963-7777", "(805) 963-7777", True),
        ("+52 55 1234 5678", "+52 55 1234 5678", True),
        ("call the front desk", "call the front desk", False),
        ("", "", True),
    ],
)
def test_phone_numbers_take_one_shape(given_: str, shown: str, possible: bool) -> None:
    assert phone(given_) == (shown, possible)


@pytest.mark.parametrize(
    ("text", "time"),
    [("8:00", dt.time(8)), ("17:00 ", dt.time(17)), ("0830", dt.time(8, 30)), ("8:15 PM", dt.time(20, 15)),
     ("12:00 a.m.", dt.time(0)), ("32:10", None), ("noon", None), ("08:00-07:00", dt.time(8))],
)  # fmt: skip
def test_times_of_day(text: str, time: dt.time | None) -> None:
    assert clock(text) == time


def test_needs_come_from_categories_then_from_words() -> None:
    assert needs_of(["Substance Use", "women"], "anything") == ["substance"]
    assert needs_of(["women"], "Anger Management for fathers") == ["anger"]
    assert needs_of([], "Jobless no more") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | ANYTHING,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANYTHING, inner, max_size=3),
    max_leaves=8,
)
PARTS = [
    "organization",
    "service_at_locations",
    "languages",
    "attributes",
    "schedules",
    "phones",
    "status",
    "id",
]


@given(st.dictionaries(st.sampled_from(PARTS), JSON))
def test_a_service_of_any_json_is_read_without_failing(spoiled: dict[str, object]) -> None:
    service = {"id": "s", "name": "S", "organization": {"id": "o", "name": "O"}, **spoiled}
    for item in hsds.items([service]):
        assert item.reasons or item.key
        json.dumps(item.values)


@given(st.dictionaries(st.sampled_from(["opens_at", "closes_at", "byday", "freq", "description"]), ANYTHING))
def test_any_schedule_gives_hours_that_the_database_takes(schedule: dict[str, object]) -> None:
    for hours in hours_of(schedule):
        assert hours.weekday is None or 0 <= hours.weekday <= 6
        assert len(hours.note) <= 300
        assert not hours.opens or clock(hours.opens)


@given(ANYTHING)
def test_no_cell_is_a_formula(text: str) -> None:
    cell = files.safe_cell(text)
    assert not cell.startswith(("=", "@", "\t", "\r"))
    if cell[:1] in ("+", "-"):
        assert all(letter in "0123456789 .()-+" for letter in cell)
