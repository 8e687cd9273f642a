"""Counting people into a small cube: (group, day, cause) -> how many.

The counting is one Ibis expression, so the same definition runs embedded on DuckDB or on an existing
distributed engine; only the cube, never a person's row, comes back. Every estimate is then computed from
the cube and no longer costs anything per person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import StudyError
from .survival import Counts

Ints = NDArray[np.int64]
LONGEST = 200 * 366  # a day beyond two centuries is a typing error, not a follow-up


@dataclass(frozen=True)
class Cube:
    """Counts by group, day and cause.

    groups: labels, length G; causes: labels, length K + 1, the first one being the end of observation
    ("censored") and the second the event of interest; exits: (G, D, K + 1); entries: (G, D + 1), the number
    entering after day e at index e + 1 (index 0 is time zero); unit: "day" or "month".
    """

    groups: tuple[str, ...]
    causes: tuple[str, ...]
    exits: Ints
    entries: Ints
    unit: str = "day"

    def counts(self, group: str | None = None) -> Counts:
        """The counts of one group, or of everybody when no group is named."""
        if group is None:
            exits, entries = self.exits.sum(axis=0), self.entries.sum(axis=0)
        elif group in self.groups:
            i = self.groups.index(group)
            exits, entries = self.exits[i], self.entries[i]
        else:
            raise StudyError(f"No group {group!r} in the cube; it has {', '.join(self.groups)}.")
        return Counts(events=exits[:, 1:].T, censored=exits[:, 0], entered=entries)

    def write(self, path: Path) -> None:
        """Store the nonzero cells as Parquet; the labels travel in the file's metadata."""
        import json  # noqa: PLC0415

        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        g, d, k = np.nonzero(self.exits)
        eg, ed = np.nonzero(self.entries)
        table = pa.table(
            {
                "group": np.concatenate((g, eg)).astype(np.int32),
                "day": np.concatenate((d, ed - 1)).astype(np.int32),
                "cause": np.concatenate((k, np.full(len(eg), -1))).astype(np.int8),
                "n": np.concatenate((self.exits[g, d, k], self.entries[eg, ed])),
            }
        )
        labels = {
            "groups": self.groups,
            "causes": self.causes,
            "days": int(self.exits.shape[1]),
            "unit": self.unit,
        }
        pq.write_table(table.replace_schema_metadata({"cube": json.dumps(labels)}), path)

    @classmethod
    def read(cls, path: Path) -> Cube:
        """Read a stored cube. Raises StudyError when the file is not one."""
        import json  # noqa: PLC0415

        import pyarrow.parquet as pq  # noqa: PLC0415

        table = pq.read_table(path)
        raw = (table.schema.metadata or {}).get(b"cube")
        if raw is None:
            raise StudyError(f"{path.name} is not a stored count cube. Count the people again to make one.")
        labels = json.loads(raw)
        cells = {name: table[name].to_numpy() for name in ("group", "day", "cause", "n")}
        return _dense(cells, labels["groups"], labels["causes"], labels["days"], labels["unit"])


def _dense(
    cells: Mapping[str, NDArray[Any]], groups: Sequence[str], causes: Sequence[str], days: int, unit: str
) -> Cube:
    exits = np.zeros((len(groups), days, len(causes)), dtype=np.int64)
    entries = np.zeros((len(groups), days + 1), dtype=np.int64)
    out = cells["cause"] >= 0
    np.add.at(exits, (cells["group"][out], cells["day"][out], cells["cause"][out]), cells["n"][out])
    into = ~out
    np.add.at(entries, (cells["group"][into], cells["day"][into] + 1), cells["n"][into])
    return Cube(tuple(groups), tuple(causes), exits, entries, unit)


def cells(people: Any, group: Sequence[str], *, day: str, cause: str) -> Any:
    """The counting definition (Ibis): people -> one row per (group..., day, cause) with the number `n`."""
    return people.group_by([*group, day, cause]).agg(n=people.count())


def entry_cells(people: Any, group: Sequence[str], *, entry: str) -> Any:
    """The late-entry definition (Ibis): people -> one row per (group..., entry day) with the number `n`."""
    return people.group_by([*group, entry]).agg(n=people.count())


def count(
    people: Any,
    *,
    group: Sequence[str] = (),
    exit_: str = "exit",
    cause: str = "cause",
    entry: str | None = None,
    causes: Sequence[str] = ("censored", "returned"),
    unit: str = "day",
    threads: int | None = None,
) -> Cube:
    """Count people into a cube.

    people: path of a Parquet file, an Arrow table, or an Ibis table bound to any backend; one row per
    person (or per at-risk interval) with integer columns `exit_`, `cause` (index into `causes`) and, for
    late entry, `entry` (at risk from the day after; -1 means time zero).
    Raises StudyError for days that are missing, negative or absurd, and for causes without a label.
    """
    fetch = _fetcher(people, threads)
    leaving = fetch(lambda t: cells(t, group, day=exit_, cause=cause))
    day = _whole(leaving[exit_], "the day observation ended", low=0)
    why = _whole(leaving[cause], "the reason observation ended", low=0, high=len(causes) - 1)
    names, code = _labels(leaving, group)
    n = np.asarray(leaving["n"], dtype=np.int64)
    if not len(n):
        raise StudyError("Nobody to count: the file has no rows for this group.")
    days = int(day.max()) + 1
    groups = sorted(names)
    place = np.array([groups.index(name) for name in names], dtype=np.int64)
    g = place[code]
    if entry is None:
        eg, ed, en = np.arange(len(groups)), np.full(len(groups), -1), np.bincount(g, n, len(groups))
    else:
        entering = fetch(lambda t: entry_cells(t, group, entry=entry))
        wrong = fetch(lambda t: t.aggregate(n=(t[entry] >= t[exit_]).cast("int64").sum()))["n"]
        if int(wrong[0]):
            raise StudyError(
                f"For {int(wrong[0])} rows observation ends before it begins. Check entry and exit."
            )
        ed = _whole(entering[entry], "the day observation began", low=-1, high=days - 1)
        found, code = _labels(entering, group)
        eg = np.array([groups.index(name) for name in found], dtype=np.int64)[code]
        en = np.asarray(entering["n"])
    together = {
        "group": np.concatenate((g, eg)).astype(np.int64),
        "day": np.concatenate((day, ed)),
        "cause": np.concatenate((why, np.full(len(eg), -1))),
        "n": np.concatenate((n, en)).astype(np.int64),
    }
    return _dense(together, groups, causes, days, unit)


def _whole(values: NDArray[Any], what: str, *, low: int, high: int = LONGEST) -> Ints:
    if isinstance(values, np.ma.MaskedArray) and bool(np.any(values.mask)):
        raise StudyError(f"Some rows do not say {what}. Fill it in, or leave these rows out and say so.")
    numbers = np.asarray(values)
    if numbers.dtype.kind not in "iub":
        raise StudyError(f"For {what} whole numbers are needed; found {numbers.dtype}.")
    if len(numbers) and (int(numbers.min()) < low or int(numbers.max()) > high):
        raise StudyError(
            f"For {what} values from {low} to {high} are possible; found {numbers.min()} to {numbers.max()}."
        )
    return numbers.astype(np.int64)


def _labels(columns: Mapping[str, NDArray[Any]], group: Sequence[str]) -> tuple[list[str], Ints]:
    """Group labels and, for each cell, the index of its label."""
    code = np.zeros(len(columns["n"]), dtype=np.int64)
    labels = [""]
    for name in group:
        values = columns[name]
        if isinstance(values, np.ma.MaskedArray):
            values = np.ma.filled(values.astype(object), "unknown")
        if values.dtype == object:
            values = values.astype(str)
        found, index = _distinct(values)
        labels = [f"{label} / {v}" if label else str(v) for label in labels for v in found.tolist()]
        code = code * len(found) + index
    used, code = _distinct(code)
    return [labels[i] or "everyone" for i in used], code.astype(np.int64)


def _distinct(values: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """Sorted distinct values and the index of each; small whole numbers without sorting."""
    if values.dtype.kind in "iu" and len(values):
        low, high = int(values.min()), int(values.max())
        if high - low < 1 << 16:
            shifted = values.astype(np.int64) - low
            seen = np.bincount(shifted) > 0
            return np.flatnonzero(seen) + low, (np.cumsum(seen) - 1)[shifted]
    found, index = np.unique(values, return_inverse=True)
    return found, index.astype(np.int64)


@lru_cache(maxsize=1)
def _engine() -> Any:
    """The embedded engine, opened once a process."""
    import duckdb  # noqa: PLC0415

    return duckdb.connect()


def _fetcher(people: Any, threads: int | None) -> Any:
    """Return a function that runs an Ibis definition over `people` and hands back numpy columns."""
    import ibis  # noqa: PLC0415 - half a second of imports

    if isinstance(people, ibis.Table):
        return lambda define: collect(define(people))
    con = _engine().cursor()
    # The keys are small integers: a perfect hash table halves the cost of the count.
    con.execute("SET perfect_ht_threshold = 20")
    if threads:
        con.execute(f"SET threads = {int(threads)}")
    if isinstance(people, str | Path):
        if not Path(people).exists():
            raise StudyError(f"There is no file {Path(people).name} to count.")
        rows = con.from_parquet(str(people))
    else:
        rows = con.from_arrow(people)
    types = {name: _ibis_type(str(kind)) for name, kind in zip(rows.columns, rows.types, strict=True)}
    table = ibis.table(ibis.schema(types), name="people")
    # Running the compiled SQL ourselves keeps pandas out of the process (measured 80 MB and 1 CPU-second).
    return lambda define: rows.query("people", str(ibis.to_sql(define(table), dialect="duckdb"))).fetchnumpy()


def collect(expression: Any) -> dict[str, NDArray[Any]]:
    """Run an Ibis expression on the engine it belongs to; numpy columns, masked where a value is missing."""
    backend = expression.get_backend()
    if backend.name == "duckdb":
        import ibis  # noqa: PLC0415

        columns: dict[str, NDArray[Any]] = backend.con.execute(
            str(ibis.to_sql(expression, dialect="duckdb"))
        ).fetchnumpy()
        return columns
    return _columns(expression.to_pyarrow())


def _ibis_type(name: str) -> str:
    known = {
        "TINYINT": "int8",
        "SMALLINT": "int16",
        "INTEGER": "int32",
        "BIGINT": "int64",
        "VARCHAR": "string",
    }
    known |= {"BOOLEAN": "bool", "DOUBLE": "float64", "FLOAT": "float32", "DATE": "date"}
    known |= {"UTINYINT": "uint8", "USMALLINT": "uint16", "UINTEGER": "uint32", "UBIGINT": "uint64"}
    return known.get(name, "string")


def _columns(table: Any) -> dict[str, NDArray[Any]]:
    out: dict[str, NDArray[Any]] = {}
    for name in table.column_names:
        column = table[name]
        values = column.to_numpy(zero_copy_only=False)
        missing = column.is_null().to_numpy(zero_copy_only=False)
        if missing.any():
            out[name] = np.ma.array(values.astype(object), mask=missing)
        else:
            out[name] = values
    return out
