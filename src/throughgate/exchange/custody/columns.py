"""Which columns an extract has: the Table Schema that is shipped, and how headings are recognized ([S-9])."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason, Refused

SCHEMA = "data/custody-extract.schema.json"


@dataclass(frozen=True)
class Column:
    """A column of the canonical extract. ``kept`` names where its value goes, empty when it is not kept."""

    name: str
    kind: str
    required: bool
    most: int
    aliases: tuple[str, ...]
    kept: str


def schema_text() -> str:
    """The Table Schema as it is shipped."""
    return resources.files("throughgate.exchange").joinpath(SCHEMA).read_text("utf-8")


@cache
def columns() -> dict[str, Column]:
    """The columns by name, read once from the Table Schema."""
    fields: list[dict[str, Any]] = json.loads(schema_text())["fields"]
    return {
        field["name"]: Column(
            field["name"],
            field["type"],
            bool(field["constraints"].get("required")),
            int(field["constraints"].get("maxLength", 200)),
            tuple(field["aliases"]),
            field["kept"],
        )
        for field in fields
    }


@cache
def missing_values() -> frozenset[str]:
    """Texts that mean "nothing"."""
    return frozenset(json.loads(schema_text())["missingValues"])


def _plain(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", heading.strip().lower()).strip("_")


@dataclass(frozen=True)
class Headings:
    """Our column to the file's heading, and what there is to say about the rest."""

    found: dict[str, str]
    notices: list[str]


def recognize(headings: list[str]) -> Headings:
    """Match headings to columns. Refuses the file when a needed one is missing or one stands there twice."""
    meant = {
        _plain(name): column.name for column in columns().values() for name in (column.name, *column.aliases)
    }
    found: dict[str, str] = {}
    unknown: list[str] = []
    twice: list[str] = []
    for heading in headings:
        ours = meant.get(_plain(heading))
        if ours is None:
            unknown.append(heading or _("(no heading)"))
        elif ours in found or headings.count(heading) > 1:
            twice.append(ours)
        else:
            found[ours] = heading
    missing = [column.name for column in columns().values() if column.required and column.name not in found]
    reasons = [
        Reason(
            "missing_column",
            _("The column “%(name)s” is missing.") % {"name": name},
            _("Other headings that mean the same: %(others)s.")
            % {"others": ", ".join(columns()[name].aliases) or _("none")},
        )
        for name in missing
        if name not in twice
    ]
    reasons += [
        Reason(
            "column_twice", _("The column “%(name)s” is there twice.") % {"name": name}, _("Leave one out.")
        )
        for name in dict.fromkeys(twice)
    ]
    if reasons:
        shown = ", ".join(headings)[:200]
        raise Refused([*reasons, Reason("headings", _("Headings found: %(found)s.") % {"found": shown})])
    notices = [
        _("Columns that are not known and were left out: %(names)s.") % {"names": ", ".join(unknown)[:300]}
    ]
    ignored = [name for name in found if not columns()[name].kept]
    told = [_("Columns that are not kept: %(names)s.") % {"names": ", ".join(ignored)}]
    return Headings(found, (notices if unknown else []) + (told if ignored else []))
