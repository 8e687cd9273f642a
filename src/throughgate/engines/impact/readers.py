"""Reading study files: CSV, Parquet or fixed width, with a described layout and typed columns.

Nothing is dropped in silence. A row that cannot be read is refused with its number, column and value; the
caller sees a preview before anything is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import StudyError

KINDS = ("text", "int", "float", "date", "bool")
PATTERNS = {"int": r"^[+-]?\d+$", "float": r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"}
SHOWN = 100  # refusals kept in full; the rest is only counted
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Column:
    """How one column is read.

    name: what we call it; source: what the file calls it (default: the same); kind: text, int, float, date
    or bool; format: of dates (strptime); missing: texts that mean "not known"; codes: text -> text, applied
    first; required: rows without a value are refused; start (from 1) and width: for fixed-width files;
    places: implied decimals of fixed-width numbers.
    """

    name: str
    source: str = ""
    kind: str = "text"
    format: str = "%Y-%m-%d"
    missing: tuple[str, ...] = ("", "NA", "NULL")
    codes: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    start: int = 0
    width: int = 0
    places: int = 0

    def __post_init__(self) -> None:
        """Refuse a description that could not be followed."""
        if self.kind not in KINDS:
            raise StudyError(f"Column {self.name}: kind must be {', '.join(KINDS)}, not {self.kind!r}.")
        if bool(self.start) != bool(self.width) or self.start < 0 or self.width < 0:
            raise StudyError(f"Column {self.name}: a fixed-width column needs a start (from 1) and a width.")

    @classmethod
    def from_dict(cls, name: str, facts: Mapping[str, Any]) -> Column:
        """Build a description from TOML. Unknown keys are refused by name."""
        known = {f.name for f in fields(cls)} - {"name"}
        extra = sorted(set(facts) - known)
        if extra:
            raise StudyError(
                f"Column {name} has no setting {', '.join(extra)}; it may have {', '.join(sorted(known))}."
            )
        values = dict(facts)
        if "missing" in values:
            values["missing"] = ("", *map(str, values["missing"]))
        if "codes" in values:
            values["codes"] = {str(k): str(v) for k, v in values["codes"].items()}
        return cls(name=name, **values)


@dataclass(frozen=True)
class Refused:
    """A row that was not taken: its number in the file (1 is the first row of data), column, value, why."""

    row: int
    column: str
    value: str
    why: str


@dataclass(frozen=True)
class Reading:
    """What a file gave: an Arrow table of the rows taken, how many rows there were, what was refused."""

    table: Any
    rows: int
    refused_rows: int
    refused: tuple[Refused, ...]

    def preview(self, rows: int = 5) -> list[dict[str, Any]]:
        """The first rows as plain dictionaries."""
        return list(self.table.slice(0, rows).to_pylist())


def read(path: Path, columns: Sequence[Column], *, progress: Progress | None = None) -> Reading:
    """Read a study file. The ending decides: .parquet, .csv (also .tsv), anything else is fixed width.

    Raises StudyError when the file or a column is missing or the layout does not fit.
    """
    tell = progress or (lambda what, share: None)
    if not path.exists():
        raise StudyError(f"There is no file {path.name}. Check its name and place.")
    if not columns:
        raise StudyError("Describe at least one column to read.")
    tell("Reading the file", 0.0)
    raw, bad = _raw(path, columns)
    return _take(raw, columns, bad, tell)


def from_table(table: Any, columns: Sequence[Column]) -> Reading:
    """Take an Arrow table already in memory through the same checks."""
    return _take(_pick(table, columns, "the table"), columns, [], lambda what, share: None)


def _raw(path: Path, columns: Sequence[Column]) -> tuple[Any, list[Refused]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq  # noqa: PLC0415

        return _pick(pq.read_table(path), columns, path.name), []
    if path.suffix in (".csv", ".tsv"):
        return _delimited(path, columns)
    return _fixed(path, columns), []


def _delimited(path: Path, columns: Sequence[Column]) -> tuple[Any, list[Refused]]:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    bad: list[Refused] = []

    def invalid(row: Any) -> str:
        number = row.number - 1 if row.number else 0
        bad.append(
            Refused(
                number,
                "",
                str(row.text)[:80],
                f"{row.actual_columns} values for {row.expected_columns} columns",
            )
        )
        return "skip"

    names = {c.source or c.name for c in columns}
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(
                delimiter="\t" if path.suffix == ".tsv" else ",", invalid_row_handler=invalid
            ),
            convert_options=csv.ConvertOptions(
                column_types={n: pa.string() for n in names}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as problem:
        raise StudyError(f"{path.name} cannot be read as a table of text: {problem}") from None
    return _pick(table, columns, path.name), bad


def _fixed(path: Path, columns: Sequence[Column]) -> Any:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    without = [c.name for c in columns if not c.width]
    if without:
        raise StudyError(
            f"{path.name} is neither CSV nor Parquet, so every column needs a start and a width; "
            f"missing for {', '.join(without)}."
        )
    lines = path.read_text(encoding="latin-1").splitlines()
    while lines and not lines[-1].strip("\x1a "):
        lines.pop()
    longest = max(c.start - 1 + c.width for c in columns)
    short = next((i for i, line in enumerate(lines) if len(line.rstrip("\r")) < longest - 1), None)
    text = pa.array(lines, pa.string())
    if short is not None and len(lines[short]) < min(c.start for c in columns):
        raise StudyError(
            f"Line {short + 1} of {path.name} has {len(lines[short])} characters, the layout describes "
            f"{longest}. Check that the layout belongs to this file."
        )
    return pa.table(
        {c.name: pc.utf8_slice_codeunits(text, c.start - 1, c.start - 1 + c.width) for c in columns}
    )


def _pick(table: Any, columns: Sequence[Column], where: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    missing = [c.source or c.name for c in columns if (c.source or c.name) not in table.column_names]
    if missing:
        raise StudyError(
            f"{where} has no column {', '.join(missing)}. It has: {', '.join(table.column_names)}."
        )
    return pa.table({c.name: table[c.source or c.name] for c in columns})


def _take(raw: Any, columns: Sequence[Column], bad: list[Refused], tell: Progress) -> Reading:
    import pyarrow as pa  # noqa: PLC0415

    ok: NDArray[np.bool_] = np.ones(raw.num_rows, dtype=bool)
    refused, out = list(bad), {}
    for i, column in enumerate(columns):
        tell(f"Checking {column.name}", i / len(columns))
        values, wrong, why = _convert(raw[column.name], column)
        if wrong.any():
            rows = np.flatnonzero(wrong)
            texts = raw[column.name].take(rows[:SHOWN]).to_pylist()
            refused += [
                Refused(int(r) + 1, column.name, "" if t is None else str(t), why)
                for r, t in zip(rows[:SHOWN], texts, strict=True)
            ]
            ok &= ~wrong
        out[column.name] = values
    table = pa.table(out)
    if not ok.all():
        table = table.filter(pa.array(ok))
    tell("Read", 1.0)
    total = raw.num_rows + len(bad)
    return Reading(table, total, total - table.num_rows, tuple(refused[:SHOWN]))


def _convert(raw: Any, column: Column) -> tuple[Any, NDArray[np.bool_], str]:
    """Typed values, the rows that could not be converted, and the reason in words."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if pa.types.is_dictionary(raw.type):
        raw = raw.cast(raw.type.value_type)
    if column.codes and not pa.types.is_string(raw.type):
        raw = raw.cast(pa.string())
    if not pa.types.is_string(raw.type):
        typed, wrong = _typed(raw, column)
    else:
        text = pc.utf8_trim_whitespace(raw)
        if column.codes:
            at = pc.index_in(text, value_set=pa.array(list(column.codes), pa.string()))
            text = pc.coalesce(pa.array(list(column.codes.values()), pa.string()).take(at), text)
        gone = pc.is_in(text, value_set=pa.array(list(column.missing), pa.string()))
        text = pc.if_else(pc.fill_null(gone, True), pa.scalar(None, pa.string()), text)
        typed, wrong = _parsed(text, column)
    why = {
        "int": "not a whole number",
        "float": "not a number",
        "date": f"not a date like {column.format}",
        "bool": "neither yes nor no",
        "text": "not text",
    }[column.kind]
    if column.required:
        empty = typed.is_null().to_numpy(zero_copy_only=False) & ~wrong
        if empty.any():
            return (
                typed,
                wrong | empty,
                f"a value is needed ({why} otherwise)" if wrong.any() else "a value is needed",
            )
    return typed, wrong, why


def _parsed(text: Any, column: Column) -> tuple[Any, NDArray[np.bool_]]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    nothing = pa.scalar(None, pa.string())
    if column.kind == "text":
        return text, np.zeros(len(text), dtype=bool)
    if column.kind == "date":
        typed = pc.strptime(text, format=column.format, unit="s", error_is_null=True).cast(pa.date32())
    elif column.kind == "bool":
        low = pc.utf8_lower(text)
        yes = pc.is_in(low, value_set=pa.array(["1", "yes", "y", "true", "t"]))
        no = pc.is_in(low, value_set=pa.array(["0", "no", "n", "false", "f"]))
        typed = pc.if_else(yes, True, pc.if_else(no, False, pa.scalar(None, pa.bool_())))
    else:
        fits = pc.match_substring_regex(text, PATTERNS[column.kind])
        clean = pc.if_else(pc.fill_null(fits, False), text, nothing)
        typed = clean.cast(pa.int64() if column.kind == "int" and not column.places else pa.float64())
        if column.places:
            typed = pc.divide(typed, 10.0**column.places)
    wrong = pc.and_(pc.is_null(typed), pc.is_valid(text))
    return typed, np.asarray(wrong.to_numpy(zero_copy_only=False), dtype=bool)


def _typed(raw: Any, column: Column) -> tuple[Any, NDArray[np.bool_]]:
    import pyarrow as pa  # noqa: PLC0415

    wanted = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "date": pa.date32(),
        "bool": pa.bool_(),
    }
    try:
        return raw.cast(wanted[column.kind]), np.zeros(len(raw), dtype=bool)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise StudyError(
            f"Column {column.name} holds {raw.type} values that are not all {column.kind}. "
            "Describe it with another kind, or repair the file."
        ) from None
