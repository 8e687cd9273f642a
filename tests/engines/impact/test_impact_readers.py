"""Study files: what is taken, what is refused, and the words of the refusal."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from throughgate.engines.impact.errors import StudyError
from throughgate.engines.impact.readers import Column, from_table, read

COLUMNS = (
    Column("person", source="Id", required=True),
    Column("days", source="Days", kind="int"),
    Column("score", kind="float", missing=("-9",)),
    Column("released", kind="date", format="%m/%d/%Y"),
    Column("took_part", kind="bool", required=True, codes={"Y": "yes", "N": "no"}),
)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_and_bad_rows_are_refused_by_number(tmp_path):
    path = write(
        tmp_path / "a.csv",
        "Id,Days,score,released,took_part\n"
        "a,12,1.5,02/29/2016,Y\n"
        "b,,-9,01/31/2016,N\n"
        "c,twelve,2,01/31/2016,Y\n"
        "d,3,2,31/01/2016,Y\n"
        "e,3,2,01/31/2016,maybe\n"
        ",3,2,01/31/2016,Y\n"
        "g,3,2\n"
        "a,12,1.5,02/29/2016,Y\n",
    )
    said = []
    got = read(path, COLUMNS, progress=lambda what, share: said.append(share))
    assert (got.rows, got.refused_rows) == (8, 5)
    assert got.preview() == [
        {"person": "a", "days": 12, "score": 1.5, "released": date(2016, 2, 29), "took_part": True},
        {"person": "b", "days": None, "score": None, "released": date(2016, 1, 31), "took_part": False},
        {"person": "a", "days": 12, "score": 1.5, "released": date(2016, 2, 29), "took_part": True},
    ]
    why = {(r.column, r.value): r.why for r in got.refused}
    assert why["days", "twelve"] == "not a whole number"
    assert why["released", "31/01/2016"] == "not a date like %m/%d/%Y"
    assert why["took_part", "maybe"] == "neither yes nor no"
    assert "a value is needed" in why["person", ""]
    assert any("3 values for 5 columns" in w for w in why.values())
    assert {r.row for r in got.refused if r.column == "days"} == {3}
    assert said[0] == 0.0 and said[-1] == 1.0


def test_codes_are_swapped_at_once_and_apply_to_numbers_too(tmp_path):
    flip = Column("returned", source="cens", kind="bool", codes={"0": "1", "1": "0"})
    table = pa.table({"cens": [0, 1, 1]})
    assert from_table(table, [flip]).table["returned"].to_pylist() == [True, False, False]
    pq.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", [flip]).table["returned"].to_pylist() == [True, False, False]
    assert read(write(tmp_path / "a.csv", "cens\n0\n1\n"), [flip]).table["returned"].to_pylist() == [
        True,
        False,
    ]


def test_a_fixed_width_release_cohort_is_read_from_its_layout(tmp_path):
    """I-13: counts, splits and follow-up of a cohort must equal its codebook, whatever the layout."""
    layout = (
        Column("split", kind="int", start=1, width=1),
        Column("workrel", kind="bool", start=3, width=1, missing=("9",)),
        Column("age", kind="float", start=4, width=4, places=1),
        Column("follow", kind="int", start=8, width=3),
        Column("back", kind="bool", start=11, width=1),
    )
    lines = []
    for i in range(1540 + 3078 + 4709):
        split = 1 if i < 1540 else 2 if i < 1540 + 3078 else 3
        lines.append(
            f"{split} {9 if i % 50 == 0 else i % 2}{200 + i % 500:4d}{70 + i % 12:3d}{int(i % 1000 < 384)}"
        )
    path = write(tmp_path / "cohort.txt", "\n".join(lines) + "\n")
    got = read(path, layout)
    assert (got.rows, got.refused_rows) == (9327, 0)
    splits = [s.as_py() for s in got.table["split"]]
    assert [splits.count(k) for k in (1, 2, 3)] == [1540, 3078, 4709]
    follow = got.table["follow"].to_pylist()
    assert (min(follow), max(follow)) == (70, 81)
    assert got.table["age"][3].as_py() == pytest.approx(20.3)
    assert got.table["workrel"].null_count == 187
    back = sum(got.table["back"].to_pylist())
    assert back == sum(int(line[-1]) for line in lines)


def test_layouts_and_files_that_do_not_fit_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", "x,y\n1,2\n")
    with pytest.raises(StudyError, match=r"no column z. It has: x, y"):
        read(path, [Column("z")])
    with pytest.raises(StudyError, match="no file"):
        read(tmp_path / "b.csv", [Column("z")])
    with pytest.raises(StudyError, match="at least one column"):
        read(path, [])
    with pytest.raises(StudyError, match="kind must be"):
        Column("z", kind="number")
    with pytest.raises(StudyError, match="start"):
        Column("z", width=3)
    with pytest.raises(StudyError, match="no setting sort"):
        Column.from_dict("z", {"sort": "int"})
    with pytest.raises(StudyError, match="needs a start and a width"):
        read(write(tmp_path / "a.txt", "123\n"), [Column("z")])
    with pytest.raises(StudyError, match="belongs to this file"):
        read(write(tmp_path / "a.txt", "123\n1\n"), [Column("z", start=3, width=2)])
    with pytest.raises(StudyError, match="not all int"):
        from_table(pa.table({"x": [1.5]}), [Column("x", kind="int")])
