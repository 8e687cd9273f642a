"""What a return avoided is worth, and what earlier studies found: dated tables behind benefit and cost.

Cost figures age fast, so each table carries its price year and its version is kept with every result [T-20].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .packs import Pack
from .reading import Table
from .words import Label

PERSPECTIVES = ("taxpayers", "participants", "others", "indirect")
EFFECT_TO_LOG_ODDS = 1.65  # a standardized effect times this is a difference of log-odds (Cox)


@dataclass(frozen=True)
class Amount:
    """An amount with its plausible range."""

    low: float
    likely: float
    high: float

    def as_list(self) -> list[float]:
        """Low, most likely, high."""
        return [self.low, self.likely, self.high]


@dataclass(frozen=True)
class Saving:
    """What one return avoided is worth to one perspective, and how it spreads over the years after release."""

    code: str
    label: Label
    per_return: Amount
    years: tuple[float, ...]


@dataclass(frozen=True)
class ProgramCost:
    """What one kind of program costs per participant."""

    code: str
    label: Label
    per_participant: Amount


@dataclass(frozen=True)
class CostRules:
    """The data of a costs pack; money in `currency` at the prices of `price_year`."""

    currency: str
    price_year: int
    old_after_years: int
    discount: Amount
    savings: Mapping[str, Saving]
    programs: Mapping[str, ProgramCost]


def read_costs(top: Table) -> CostRules:
    """Reads what is particular to a costs pack."""
    prices = top.table("prices")
    rules = CostRules(
        currency=prices.text("currency"),
        price_year=prices.whole("year", at_least=1990),
        old_after_years=prices.whole("old_after_years", at_least=1),
        discount=_amount(top, "discount"),
        savings=top.coded("savings", _saving),
        programs=top.coded("programs", _program),
    )
    prices.finish()
    for code in rules.savings:
        if code not in PERSPECTIVES:
            top.wrong("savings", f"{code!r} is nobody who gains; it must be one of {', '.join(PERSPECTIVES)}")
    return rules


def _amount(table: Table, key: str) -> Amount:
    inner = table.table(key)
    amount = Amount(*(float(inner.number(name)) for name in ("low", "likely", "high")))
    if not amount.low <= amount.likely <= amount.high:
        inner.wrong("likely", "must lie between low and high")
    inner.finish()
    return amount


def _saving(table: Table) -> Saving:
    years = tuple(percent / 100 for percent in table.wholes("percent_by_year"))
    if sum(years) > 1.0001 or not years:
        table.wrong("percent_by_year", "must share out at most 100 over the years, such as [50, 30, 20]")
    return Saving(table.text("code"), table.label("label"), _amount(table, "per_return"), years)


def _program(table: Table) -> ProgramCost:
    return ProgramCost(table.text("code"), table.label("label"), _amount(table, "per_participant"))


@dataclass(frozen=True)
class Evidence:
    """What a review of earlier studies found, as a standardized effect with its standard error; minus means
    fewer. `as_of` is the month of the review: when it is renewed, ratios change."""

    code: str
    label: Label
    effect_size: float
    standard_error: float
    studies: int | None
    as_of: str
    source: str

    def in_points(self, base: float) -> tuple[float, float]:
        """The effect and its standard error as a difference of shares where `base` return without it."""
        odds = math.log(base / (1 - base))
        with_ = 1 / (1 + math.exp(-(odds + EFFECT_TO_LOG_ODDS * self.effect_size)))
        return with_ - base, with_ * (1 - with_) * EFFECT_TO_LOG_ODDS * self.standard_error


@dataclass(frozen=True)
class EffectRules:
    """The data of an effects pack, by entry."""

    reviews: Mapping[str, Evidence]


def read_effects(top: Table) -> EffectRules:
    """Reads what is particular to an effects pack."""
    return EffectRules(top.coded("reviews", _evidence))


def _evidence(table: Table) -> Evidence:
    size = float(table.number("effect_size"))
    return Evidence(
        code=table.text("code"),
        label=table.label("label"),
        effect_size=-size if table.flag("fewer") else size,
        standard_error=float(table.number("standard_error", above_zero=True)),
        studies=table.maybe_whole("studies", at_least=1),
        as_of=table.text("as_of"),
        source=table.text("source"),
    )


def cost_section(pack: Pack[CostRules], per_participant: Amount) -> dict[str, Any]:
    """The cost table of a study's plan, from the pack in force and what the program costs per participant."""
    rules = pack.data
    return {
        "version": pack.cite,
        "source": pack.authority.text,
        "price_year": rules.price_year,
        "program_cost": per_participant.as_list(),
        "discount": rules.discount.as_list(),
        "savings": [
            {"who": each.code, "per_return": each.per_return.as_list(), "years": list(each.years)}
            for each in rules.savings.values()
        ],
    }
