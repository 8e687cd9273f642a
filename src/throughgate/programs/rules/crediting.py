"""From attendance to the evidence that a credit pack reads. Pure: rows in, evidence out ([P-240] to [P-243])."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from throughgate.policies.accrual import accrue
from throughgate.policies.attendance import AttendanceRules, credited, paid
from throughgate.policies.attendance import cause as cause_of
from throughgate.policies.credit import STANDARD, CreditRules
from throughgate.policies.evidence import Evidence, Facts, Pause
from throughgate.policies.ledger import LedgerLine
from throughgate.policies.packs import Pack
from throughgate.policies.reasons import CancellationRules

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Attended:
    """One attendance with what credit needs to know about its session. ``rules`` are the program's own."""

    id: str
    on: dt.date
    program: str
    rules: frozenset[str]
    code: str
    detail: str = ""
    minutes: int = 0
    scheduled: int = 0
    reason: str = ""  # why the session was cancelled


@dataclass(frozen=True, kw_only=True)
class Seat:
    """An enrollment: its days so far, and whether it ended with the program completed."""

    id: str
    program: str
    rules: frozenset[str]
    starts_on: dt.date
    ends_on: dt.date
    completed_on: dt.date | None = None
    credential: bool = False


def credit_rules(text: str) -> frozenset[str]:
    """The rule codes that a program names; several are separated by blanks or commas."""
    return frozenset(text.replace(",", " ").split())


def evidence_of(
    row: Attended, rules: AttendanceRules, reasons: CancellationRules, *, pay: bool
) -> Evidence | None:
    """What one attendance may earn, or None.

    Hours that the institution took away (a cancelled session, a person not sent) count in full where the
    reason protects credit; whether they earn is for the credit rule to say ([P-243]).
    """
    mark = rules.marks.get(row.code)
    if mark is None:
        return None
    may = paid(rules, row.code, row.detail) if pay else credited(rules, row.code, row.detail)
    if not may:
        return None
    if mark.attended:
        return Evidence(row.id, row.on, row.program, minutes=row.minutes, sessions=1)
    reason = reasons.reasons.get(row.reason)
    if mark.cause_from_session and (reason is None or not reason.protects_credit):
        return None
    caused = cause_of(rules, row.code, row.detail, session_cause=reason.attributable_to if reason else "none")
    if not pay and caused != "institution" and not mark.cause_from_session:
        return None
    return Evidence(
        row.id, row.on, row.program, minutes=row.scheduled, sessions=1, institution_cancelled=True
    )


def months_of(seat: Seat, until: dt.date) -> Iterator[Evidence]:
    """The whole months that a seat has run, a piece of evidence each, for rules that count days or months."""
    first = seat.starts_on
    last = min(seat.ends_on, until)
    while first <= last:
        following = (first.replace(day=1) + 32 * DAY).replace(day=1)
        end = min(following - DAY, seat.ends_on)
        if end <= last:
            yield Evidence(f"{seat.id}-{end:%Y%m}", end, seat.program, since=first)
        first = following


def lines(
    pack: Pack[CreditRules],
    attended: Iterable[tuple[Attended, Evidence]],
    seats: Iterable[Seat],
    *,
    as_of: dt.date,
    started_on: dt.date | None,
    pauses: Iterable[Pause] = (),
    prior: Iterable[LedgerLine] = (),
) -> list[LedgerLine]:
    """Every line that a person's evidence earns under a pack, each rule over the programs that name it."""
    rows, places, stood = list(attended), list(seats), list(pauses)
    found: list[LedgerLine] = []
    before = list(prior)
    for code, rule in pack.data.rules.items():
        own = [evidence for row, evidence in rows if code in row.rules]
        for seat in places:
            if code not in seat.rules:
                continue
            if rule.unit == "day":
                own += months_of(seat, as_of)
            if seat.completed_on is not None and rule.unit == "completion":
                tier = "credential" if seat.credential and "credential" in rule.rates else STANDARD
                own.append(Evidence(seat.id, seat.completed_on, seat.program, completed=True, tier=tier))
        if own:
            facts = Facts(started_on=started_on, rules=frozenset({code}))
            found += accrue(pack, own, as_of=as_of, facts=facts, pauses=stood, prior=[*before, *found])
    return [line for line in found if line.amount]
