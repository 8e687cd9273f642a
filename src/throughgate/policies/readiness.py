"""Readiness of sessions: from how many days before each missing thing shows, and how urgently. [P-1], [P-21]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .reading import Table
from .words import Label

CHECKS = (
    "no_facilitator",
    "not_cleared",
    "no_room",
    "room_too_small",
    "not_step_free",
    "nobody_called",
    "under_minimum",
    "over_capacity",
    "keep_apart",
    "regime_closed",
    "regime_modified",
    "count_time",
    "outside_movement",
    "no_agreement",
    "no_officer",
)


@dataclass(frozen=True)
class Check:
    """One thing that may be missing, and from how many days before it is amber or red; None is never."""

    code: str
    label: Label
    amber_within: int | None
    red_within: int | None


@dataclass(frozen=True)
class ReadinessRules:
    """The data of a readiness pack."""

    checks: Mapping[str, Check]
    wait_minutes: int

    def light(self, code: str, days_ahead: int) -> str:
        """How urgent a missing thing is so many days before the session: "red", "amber" or ""."""
        check = self.checks[code]
        if check.red_within is not None and days_ahead <= check.red_within:
            return "red"
        if check.amber_within is not None and days_ahead <= check.amber_within:
            return "amber"
        return ""


def read(top: Table) -> ReadinessRules:
    """Reads what is particular to a readiness pack."""
    movement = top.table("movement")
    rules = ReadinessRules(top.coded("checks", _check), movement.whole("wait_minutes"))
    movement.finish()
    for code in CHECKS:
        if code not in rules.checks:
            top.wrong("checks", f"{code} is missing; say from how many days before it shows")
    return rules


def _check(table: Table) -> Check:
    check = Check(
        code=table.choice("code", CHECKS),
        label=table.label("label"),
        amber_within=table.maybe_whole("amber_within"),
        red_within=table.maybe_whole("red_within"),
    )
    if None not in (check.amber_within, check.red_within) and check.red_within > check.amber_within:  # type: ignore[operator]
        table.wrong("red_within", "must not be more days than amber_within")
    return check
