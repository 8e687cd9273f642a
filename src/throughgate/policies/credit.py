"""Time credit and pay rules as data: what is earned for what, with its caps. [P-229] to [P-243]

Nothing here is legal advice, and no legal release date is ever computed from it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from .reading import Table
from .words import Label

UNITS = ("hour", "session", "day", "month", "completion")
PERIODS = ("month", "year", "always")
STANDARD = "standard"
ROUNDINGS = {"down": ROUND_DOWN, "half_up": ROUND_HALF_UP}


@dataclass(frozen=True)
class Caps:
    """The most that may be earned; None is no limit. `total_percent` is of the sentence in days."""

    program_month: Decimal | None = None
    month: Decimal | None = None
    year: Decimal | None = None
    total: Decimal | None = None
    total_percent: Decimal | None = None

    def shapes(self, scope: int) -> set[tuple[int, int]]:
        """Every cap as (how wide, how long), to see which lie inside which."""
        wide = {"program_month": (0, 0), "month": (scope, 0), "year": (scope, 1)}
        return {wide.get(f.name, (scope, 2)) for f in fields(self) if getattr(self, f.name) is not None}


@dataclass(frozen=True)
class Forfeiture:
    """What an event takes: months without earning (its own and `months_after` more), and days."""

    code: str
    label: Label
    no_earning: bool
    months_after: int
    days_lost: Decimal
    restorable: bool


@dataclass(frozen=True)
class EffectStep:
    """What the first so many days go to; `up_to` None takes the rest."""

    to: Label
    up_to: Decimal | None


@dataclass(frozen=True)
class CreditRule:
    """One way to earn. `rates` are amounts per `per` units by tier, "standard" among them.

    `amount_from_program` takes the amount from the program's own figure (at most `most_per_award`).
    `whole_units` earns for full multiples of `per` only. What is left over at the end of `unfinished`
    (a month, a year; "always" is never) is not carried on.
    """

    code: str
    title: Label
    who: tuple[Label, ...]
    unit: str
    per: Decimal
    rates: Mapping[str, Decimal]
    amount_from_program: bool
    most_per_award: Decimal | None
    whole_units: bool
    quantum: Decimal
    rounding: str
    unfinished: str
    month_minimum_minutes: int
    waiting_months: int
    once_per_program: bool
    caps: Caps
    rollover: bool
    ratings: Mapping[str, Decimal]
    unrated: Decimal
    stop_clock: frozenset[str]
    forfeitures: Mapping[str, Forfeiture]
    requires_approval: bool
    credit_if_institution_cancelled: bool

    def rounded(self, amount: Decimal) -> Decimal:
        """An amount at the rule's own precision."""
        return (amount / self.quantum).quantize(Decimal(1), ROUNDINGS[self.rounding]) * self.quantum


@dataclass(frozen=True)
class CreditRules:
    """The data of a credit pack. `measure` is "days" or a currency; `caps` hold for all rules together."""

    measure: str
    rules: Mapping[str, CreditRule]
    caps: Caps
    year_starts: tuple[int, int]
    moves: Label
    steps: tuple[EffectStep, ...]
    apply_when: Label | None

    def year_of(self, day: dt.date) -> int:
        """The credit year of a day, named by the calendar year it starts in."""
        return day.year if (day.month, day.day) >= self.year_starts else day.year - 1

    def first_day(self, year: int) -> dt.date:
        """The first day of a credit year."""
        return dt.date(year, *self.year_starts)

    def split(self, amount: Decimal) -> list[tuple[Label, Decimal]]:
        """What an amount would go to, step by step."""
        parts: list[tuple[Label, Decimal]] = []
        for step in self.steps:
            part = amount if step.up_to is None else min(amount, step.up_to)
            parts.append((step.to, part))
            amount -= part
        return parts


def read(top: Table) -> CreditRules:
    """Reads what is particular to a credit pack."""
    effect = top.table("effect")
    shared = top.table("shared_caps", needed=False)
    caps = _caps(shared)
    if caps.program_month is not None:
        shared.wrong("program_month", "belongs to a rule, not to all of them")
    measure = effect.text("measure")
    if measure != "days" and not (len(measure) == 3 and measure.isupper()):
        effect.wrong("measure", f'must be "days" or a currency such as "USD", not {measure!r}')
    result = CreditRules(
        measure=measure,
        rules=top.coded("rules", lambda table: _rule(table, caps)),
        caps=caps,
        year_starts=_year_starts(effect),
        moves=effect.label("moves"),
        steps=tuple(_step(table) for table in effect.tables("steps", needed=False)),
        apply_when=effect.maybe_label("apply_when"),
    )
    shared.finish()
    effect.finish()
    return result


def _year_starts(effect: Table) -> tuple[int, int]:
    text = effect.text("year_starts", "01-01")
    try:
        day = dt.date.fromisoformat(f"2001-{text}")
    except ValueError:
        effect.wrong("year_starts", f'must be month and day such as "07-01", not {text!r}')
        return (1, 1)
    return (day.month, day.day)


def _step(table: Table) -> EffectStep:
    step = EffectStep(table.label("to"), table.maybe_number("up_to", above_zero=True))
    table.finish()
    return step


def _caps(table: Table) -> Caps:
    caps = Caps(**{f.name: table.maybe_number(f.name) for f in fields(Caps)})
    if caps.total_percent is not None and caps.total_percent > 100:
        table.wrong("total_percent", "must not be above 100")
    return caps


def _shares(table: Table, key: str) -> dict[str, Decimal]:
    inner = table.table(key, needed=False)
    shares = {name: inner.number(name) for name in inner}
    for name, share in shares.items():
        if share > 1:
            inner.wrong(name, "is a share and must not be above 1")
    return shares


def _rule(table: Table, shared: Caps) -> CreditRule:
    unit = table.choice("unit", UNITS)
    from_program = table.flag("amount_from_program", False)
    rates, capped = table.table("rates", needed=not from_program), table.table("caps", needed=False)
    ratings = _shares(table, "ratings")
    rule = CreditRule(
        code=table.text("code"),
        title=table.label("title"),
        who=tuple(_who(inner) for inner in table.tables("who", needed=False)),
        unit=unit,
        per=table.number("per", above_zero=True) if "per" in table else Decimal(1),
        rates={name: rates.number(name) for name in rates},
        amount_from_program=from_program,
        most_per_award=table.maybe_number("most_per_award"),
        whole_units=table.flag("whole_units", True),
        quantum=table.number("quantum", above_zero=True) if "quantum" in table else Decimal(1),
        rounding=table.choice("rounding", tuple(ROUNDINGS), "down"),
        unfinished=table.choice("unfinished", PERIODS, "always"),
        month_minimum_minutes=table.whole("month_minimum_minutes", default=1),
        waiting_months=table.whole("waiting_months", default=0),
        once_per_program=table.flag("once_per_program", unit == "completion"),
        caps=_caps(capped),
        rollover=table.flag("rollover", False),
        ratings=ratings,
        unrated=table.number("unrated") if "unrated" in table else Decimal(0 if ratings else 1),
        stop_clock=frozenset(table.texts("stop_clock", default=())),
        forfeitures=table.coded("forfeitures", _forfeiture, needed=False),
        requires_approval=table.flag("requires_approval"),
        credit_if_institution_cancelled=table.flag("credit_if_institution_cancelled"),
    )
    capped.finish()
    _check(table, rule, shared)
    return rule


def _who(table: Table) -> Label:
    text = table.label("text")
    table.finish()
    return text


def _forfeiture(table: Table) -> Forfeiture:
    return Forfeiture(
        code=table.text("code"),
        label=table.label("label"),
        no_earning=table.flag("no_earning", "months_after" in table),
        months_after=table.whole("months_after", default=0),
        days_lost=table.number("days_lost") if "days_lost" in table else Decimal(0),
        restorable=table.flag("restorable", False),
    )


def _check(table: Table, rule: CreditRule, shared: Caps) -> None:
    """Refuses rules by which one hour more could earn less, or whose parts contradict each other."""
    if not rule.amount_from_program and STANDARD not in rule.rates:
        table.wrong("rates.standard", "is missing; write rates = { standard = 10 }")
    if rule.amount_from_program and rule.unit not in ("session", "completion"):
        table.wrong("amount_from_program", "goes with the units session and completion only")
    if rule.unit in ("month", "completion") and rule.per != 1:
        table.wrong("per", f"must be 1 for the unit {rule.unit}")
    if rule.rollover and rule.caps.year is None:
        table.wrong("rollover", "needs a yearly cap: only what is above it rolls over")
    shapes = rule.caps.shapes(1) | shared.shapes(2)
    if any(a[0] < b[0] and a[1] > b[1] for a in shapes for b in shapes):
        table.wrong("caps", "overlap without one lying inside the other; then an hour more could earn less")
    losing = [period for _, period in (shapes - ({(1, 1)} if rule.rollover else set())) if period < 2]
    if rule.unit in ("hour", "session", "day") and PERIODS.index(rule.unfinished) > min(losing, default=2):
        period = PERIODS[min(losing)]
        table.wrong("unfinished", f'must be "{period}", as a cap counts by the {period}')
