"""What a change of regime does to sessions: which it cancels, who hears it when, and when to make up.

[P-215], [P-217]. Kinds of sessions are words of the pack, so that an agency can name its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from .reading import Table
from .words import Label

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Regime:
    """One state of a house. `reason` is the cancellation reason its canceled sessions carry."""

    code: str
    label: Label
    public: Label
    severity: int
    cancels: frozenset[str]
    reason: str
    visitors_admitted: bool


@dataclass(frozen=True)
class RegimeRules:
    """The data of a regime pack. Minutes and days are whole numbers."""

    session_kinds: Mapping[str, Label]
    regimes: Mapping[str, Regime]
    tell_visitors_within_minutes: int
    call_when_less_than_minutes: int
    make_up_within_days: int
    make_up_notice_days: int
    in_cell_study_counts: bool
    in_cell_share: int

    def cancels(self, regime: str, session_kind: str) -> bool:
        """Whether a regime cancels a kind of session. Raises KeyError for a name the pack does not know."""
        if session_kind not in self.session_kinds:
            raise KeyError(
                f"{session_kind!r} is no kind of session; there are {', '.join(self.session_kinds)}"
            )
        return session_kind in self.regimes[regime].cancels


def read(top: Table) -> RegimeRules:
    """Reads what is particular to a regime pack."""
    kinds = top.coded("session_kinds", lambda table: (table.text("code"), table.label("label"))[1])

    def regime(table: Table) -> Regime:
        return Regime(
            code=table.text("code"),
            label=table.label("label"),
            public=table.label("public"),
            severity=table.whole("severity"),
            cancels=frozenset(table.texts("cancels", options=tuple(kinds), default=())),
            reason=table.text("reason", ""),
            visitors_admitted=table.flag("visitors_admitted"),
        )

    notice, make_up = top.table("notice"), top.table("make_up")
    regimes = top.coded("regimes", regime)
    for each in regimes.values():
        if each.cancels and not each.reason:
            top.wrong(f"regimes[{each.code}].reason", "is needed: a canceled session always says why")
    rules = RegimeRules(
        session_kinds=kinds,
        regimes=regimes,
        tell_visitors_within_minutes=notice.whole("tell_within_minutes"),
        call_when_less_than_minutes=notice.whole("call_when_less_than_minutes"),
        make_up_within_days=make_up.whole("within_days", at_least=1),
        make_up_notice_days=make_up.whole("notice_days"),
        in_cell_study_counts=make_up.flag("in_cell_study_counts"),
        in_cell_share=make_up.whole("in_cell_percent"),
    )
    if rules.in_cell_share > 100:
        make_up.wrong("in_cell_percent", "must not be above 100")
    notice.finish()
    make_up.finish()
    return rules


def make_up_window(cancelled: dt.date, today: dt.date, rules: RegimeRules) -> tuple[dt.date, dt.date]:
    """The first and last day to look for a make-up slot; empty (last before first) when it is too late."""
    first = max(cancelled, today + rules.make_up_notice_days * DAY)
    return first, cancelled + rules.make_up_within_days * DAY


def in_cell_minutes(studied: int, scheduled: int, rules: RegimeRules) -> int:
    """Minutes of study in the cell that count for a canceled session: at most a share of it. [P-217]"""
    return min(studied, scheduled * rules.in_cell_share // 100) if rules.in_cell_study_counts else 0
