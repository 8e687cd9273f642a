"""Who has looked at a person's record, in words for that person.

The trail holds the code's names of what was read and written; here they become words, a line for each day and
reader. What would tell of security's own work (keep-apart orders) is not said: the reader is named, and "your
record" stands for what was seen. Changes that only the system or security makes are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.people.queries.page import Looker

# What pages say they showed ("name, attendance"), in words for the person it was about.
SEEN: dict[str, Promise] = {
    "name": gettext_lazy("name"),
    "names": gettext_lazy("name"),
    "search": gettext_lazy("name"),
    "unit": gettext_lazy("unit"),
    "calls": gettext_lazy("where you are called"),
    "roster": gettext_lazy("where you are called"),
    "attendance": gettext_lazy("attendance"),
    "program": gettext_lazy("your programs"),
    "places": gettext_lazy("your programs"),
    "release date": gettext_lazy("release date"),
    "release dates": gettext_lazy("release date"),
    "needs": gettext_lazy("needs"),
    "place in line": gettext_lazy("place in line"),
    "changes": gettext_lazy("changes"),
    "what is due": gettext_lazy("what is due"),
}
# Changes that a person may know of, by the room and name of what was changed.
CHANGED = (
    ("people", "participant"),
    ("people", "profile"),
    ("people", "need"),
    ("people", "accessneed"),
    ("people", "releasedate"),
    ("people", "stay"),
    ("people", "consent"),
    ("programs", "attendance"),
    ("programs", "enrollment"),
    ("programs", "waitlistentry"),
    ("programs", "ledgerline"),
)


@dataclass
class Look:
    """One reader on one day: when last, and what they saw and changed."""

    name: str
    role: str
    at: dt.datetime
    seen: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def looks(rows: Iterable[Looker], zone: ZoneInfo, most: int) -> list[Look]:
    """The newest ``most`` lines; ``rows`` come newest first, days are those of ``zone``."""
    tables = _tables()
    found: dict[tuple[str, str, dt.date], Look] = {}
    for row in rows:
        if not row.role or (row.kind == "write" and row.what not in tables):
            continue
        key = (str(row.name), str(row.role), row.at.astimezone(zone).date())
        if key not in found and len(found) == most:
            break
        look = found.setdefault(key, Look(key[0], key[1], row.at))
        words = [tables[row.what]] if row.kind == "write" else _seen(row.fields)
        kept = look.changed if row.kind == "write" else look.seen
        kept.extend(word for word in dict.fromkeys(words) if word not in kept)
    return list(found.values())


def _seen(fields: str) -> list[str]:
    if fields.startswith("emergency:"):
        return [_("your record, opened in an emergency")]
    known = [str(SEEN[word]) for part in fields.split(",") if (word := part.strip()) in SEEN]
    return known or [_("your record")]


def _tables() -> dict[str, str]:
    models = (apps.get_model(room, name) for room, name in CHANGED)
    return {model._meta.db_table: str(model._meta.verbose_name) for model in models}
