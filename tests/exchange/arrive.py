"""Bringing files in, in tests: as a command does it, without a worker."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

from throughgate.access.actor import Actor
from throughgate.base import scope
from throughgate.exchange import actions, files, pipeline
from throughgate.exchange.models import Import

SYSTEM = Actor.system("test")


def receive(kind: str, content: bytes | Path, name: str, by: Actor = SYSTEM, **given: object) -> Import:
    """Take a file in and read it; its preview is ready afterwards."""
    pieces = files.pieces(content) if isinstance(content, Path) else iter([content])
    values: dict[str, object] = {"source": "HB-DOC" if kind == "custody" else "county"}
    if kind == "custody":
        values["as_of"] = dt.date(2026, 11, 1)
    values.update(given)
    with scope.system("test import"):
        load = actions.receive(by=by, kind=kind, file_name=name, content=pieces, later=False, **values)  # type: ignore[arg-type]
    return pipeline.read(load.code)


def apply(load: Import, by: Actor = SYSTEM) -> Import:
    """Apply an import to its end."""
    with scope.system("test import"):
        actions.apply(by=by, load=load, later=False)
    return pipeline.apply(load.code)


def bring(kind: str, content: bytes | Path, name: str, **given: object) -> Import:
    """Receive and apply."""
    load = receive(kind, content, name, **given)
    assert load.state == "ready", load.reason
    return apply(load)


def reasons(load: Import) -> dict[int, list[str]]:
    """Codes of the reasons by line, of rows that did not come in."""
    found = load.rows.filter(what__in=["refused", "conflict"]).order_by("line")
    return {row.line: [each["code"] for each in row.reasons] for row in found}


def text(columns: list[str], rows: list[list[str]], delimiter: str = ",") -> bytes:
    """A CSV of these rows."""
    import csv

    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()
