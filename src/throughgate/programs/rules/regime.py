"""Which sessions a regime reaches, what it does to each, and what is lost. Pure ([P-215], [P-250])."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from throughgate.policies.regime import RegimeRules

What = Literal["cancel", "cut", "leave_out", "goes_on"]
CLINICAL = frozenset({"mental_health", "substance", "health", "trauma"})
CLASSES = frozenset({"education", "work", "finance"})


def session_kind(kind: str, needs: Collection[str]) -> str:
    """The regime pack's word for a session: by how it meets and what its program is for."""
    areas = set(needs)
    if kind == "one_to_one":
        return "clinic" if areas & CLINICAL else "individual"
    return "class" if areas and areas <= CLASSES else "group"


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A planned session in the facility and time of a regime. ``in_scope`` of its people live in the units
    that the regime is about; that is everybody when it is about all of them."""

    kind: str
    needs: tuple[str, ...]
    starts: dt.datetime
    ends: dt.datetime
    people: int
    in_scope: int


@dataclass(frozen=True)
class Effect:
    """What a regime does to a session: to how many people, and how many person-minutes are lost."""

    what: What
    people: int = 0
    lost_minutes: int = 0
    minutes_held: int = 0


def effect(
    session: Touched,
    *,
    regime: str,
    some_units: bool,
    start: dt.datetime,
    now: dt.datetime,
    rules: RegimeRules,
) -> Effect:
    """What the regime does to one session.

    A session that has begun by then is cut short and keeps what was held. With some units only, their people
    are left out, and the session goes on with the others.
    """
    if not rules.cancels(regime, session_kind(session.kind, session.needs)):
        return Effect("goes_on")
    begins = max(start, now)
    if session.starts < begins:
        if some_units or session.ends <= begins:
            return Effect("goes_on")
        held = max(1, int((begins - session.starts).total_seconds() // 60))
        lost = int((session.ends - begins).total_seconds() // 60)
        return Effect("cut", session.people, lost * session.people, held)
    length = int((session.ends - session.starts).total_seconds() // 60)
    if some_units and session.in_scope == 0:
        return Effect("goes_on")
    if some_units and session.in_scope < session.people:
        return Effect("leave_out", session.in_scope, length * session.in_scope)
    return Effect("cancel", session.people, length * session.people)
