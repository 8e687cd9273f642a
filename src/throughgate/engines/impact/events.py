"""The event model: the tables a study is made from, as typed Arrow tables.

Each table is described by its columns. `table` builds one from plain rows and `check` tests one that came
from elsewhere; both refuse what could not be true (an end before its start, an unknown kind) with the rows
named. A justice event carries the day of the event and, when known, the day of the offense.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from .errors import StudyError
from .measures import EVENT_TYPES, LEAVING

# table -> column -> (kind, required)
SCHEMAS: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "releases": {
        "person": ("text", True),
        "release": ("text", True),
        "released": ("date", True),
        "kind": ("text", True),
        "supervised": ("bool", False),
        "group": ("text", False),
    },
    "custody": {
        "person": ("text", True),
        "start": ("date", True),
        "end": ("date", False),
        "kind": ("text", False),
    },
    "events": {
        "person": ("text", True),
        "event": ("text", True),
        "on": ("date", True),
        "offense_on": ("date", False),
        "type": ("text", True),
        "new_crime": ("bool", True),
        "seriousness": ("int", False),
    },
    "departures": {"person": ("text", True), "on": ("date", True), "kind": ("text", True)},
    "participation": {
        "person": ("text", True),
        "program": ("text", True),
        "start": ("date", True),
        "end": ("date", False),
        "hours": ("float", False),
        "completed": ("bool", False),
        "reason_left": ("text", False),
        "inside": ("bool", True),
    },
    "outcomes": {
        "person": ("text", True),
        "on": ("date", True),
        "kind": ("text", True),
        "value": ("float", False),
    },
}
KINDS = {"events": ("type", EVENT_TYPES), "departures": ("kind", LEAVING)}


@dataclass(frozen=True)
class Source:
    """Where a table came from: the day the extract was taken, the days until events are in it for sure, and
    the places it covers."""

    name: str
    extracted: date
    lag_days: int = 0
    covers: tuple[str, ...] = ()

    @property
    def complete_until(self) -> date:
        """Last day on which events would surely be seen."""
        return self.extracted - timedelta(days=self.lag_days)


@dataclass(frozen=True)
class History:
    """All tables of a study (Arrow) and the sources they came from."""

    releases: Any
    events: Any
    sources: tuple[Source, ...]
    custody: Any = None
    departures: Any = None
    participation: Any = None
    outcomes: Any = None
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Check every table, and that somebody said when the data were extracted."""
        if not self.sources:
            raise StudyError(
                "Say for each source on which day it was extracted; without it no window can close."
            )
        for name in SCHEMAS:
            given = getattr(self, name)
            object.__setattr__(self, name, table(name, []) if given is None else check(name, given))

    @property
    def complete_until(self) -> date:
        """Last day on which every source would surely show an event."""
        return min(s.complete_until for s in self.sources)


def arrow_schema(name: str) -> Any:
    """The Arrow schema of a table."""
    import pyarrow as pa  # noqa: PLC0415

    types = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "date": pa.date32(),
        "bool": pa.bool_(),
    }
    return pa.schema([pa.field(c, types[kind]) for c, (kind, _) in SCHEMAS[name].items()])


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> Any:
    """Build a table from plain rows; columns that are not required may be left out."""
    import pyarrow as pa  # noqa: PLC0415

    schema = arrow_schema(name)
    listed = [dict(r) for r in rows]
    extra = sorted({k for r in listed for k in r} - set(schema.names))
    if extra:
        raise StudyError(
            f"The table {name} has no column {', '.join(extra)}; it has {', '.join(schema.names)}."
        )
    try:
        built = pa.Table.from_pylist(listed, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as problem:
        raise StudyError(f"The table {name} holds a value of the wrong kind: {problem}") from None
    return check(name, built)


def check(name: str, given: Any) -> Any:
    """Return the table with exactly the described columns; refuse what could not be true."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    schema = arrow_schema(name)
    columns = {}
    for part in schema:
        required = SCHEMAS[name][part.name][1]
        if part.name not in given.column_names:
            if required:
                raise StudyError(f"The table {name} lacks the column {part.name}.")
            columns[part.name] = pa.nulls(given.num_rows, part.type)
            continue
        try:
            columns[part.name] = given[part.name].cast(part.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise StudyError(f"{name}.{part.name} must hold {SCHEMAS[name][part.name][0]} values.") from None
        if required and columns[part.name].null_count:
            raise StudyError(
                f"{name}.{part.name} is empty in {columns[part.name].null_count} rows; it is needed."
            )
    out = pa.table(columns, schema=schema)
    if "start" in schema.names:
        wrong = pc.sum(pc.less(out["end"], out["start"])).as_py() or 0
        if wrong:
            raise StudyError(f"{name}: {wrong} rows end before they start. Correct the dates.")
    if name in KINDS:
        column, allowed = KINDS[name]
        found = set(pc.unique(out[column]).to_pylist()) - set(allowed)
        if found:
            raise StudyError(
                f"{name}.{column} must be {', '.join(allowed)}; found {', '.join(sorted(map(str, found)))}."
            )
    if name == "releases" and len(pc.unique(out["release"])) < out.num_rows:
        raise StudyError("releases.release must name each release once.")
    return out
