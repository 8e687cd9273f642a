"""What a credit rule looks at: attendance and completions, pauses, events, facts about the person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from .credit import STANDARD


@dataclass(frozen=True)
class Evidence:
    """One attendance, participation or completion that may earn. `id` names the record behind it.

    `minutes` counts for hours; a session counts as one where minutes or `sessions` say so; `since` through
    `on` is a span of successful participation for rules by the day. `award` is the program's own figure.
    `institution_cancelled` marks hours the institution took away: they count only where the rule says so.
    """

    id: str
    on: dt.date
    program: str
    minutes: int = 0
    sessions: int = 0
    since: dt.date | None = None
    completed: bool = False
    award: Decimal | None = None
    tier: str = STANDARD
    rating: str = ""
    institution_cancelled: bool = False


@dataclass(frozen=True)
class Pause:
    """Days on which a clock stands still, both included, by kind (court, hospital, transfer...)."""

    kind: str
    starts: dt.date
    ends: dt.date


@dataclass(frozen=True)
class Event:
    """Something that forfeits credit where a rule knows its code."""

    code: str
    on: dt.date
    id: str = ""


@dataclass(frozen=True)
class Facts:
    """What else a rule needs to know. None is "not known". `rules` limits to those a person decided apply."""

    sentence_days: int | None = None
    started_on: dt.date | None = None
    rules: frozenset[str] | None = None
