"""What a program costs and what it saves, by who pays and who gains.

Every input is a dated, sourced table row with a range; the answer is a distribution (Monte Carlo over all
inputs at once), printed as the net per participant, the ratio and the probability that the net is positive.
Money is in the currency and price year of the table; old tables are named [T-20].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .comparison import Estimate
from .errors import StudyError

Floats = NDArray[np.float64]
PERSPECTIVES = ("taxpayers", "participants", "others", "indirect")


@dataclass(frozen=True)
class Range:
    """An amount with its plausible range, drawn from a triangle (low <= mode <= high)."""

    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        """Refuse a range in the wrong order."""
        if not self.low <= self.mode <= self.high:
            raise StudyError(
                f"A range must be low, most likely, high; got {self.low}, {self.mode}, {self.high}."
            )

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Random amounts, shape (size,)."""
        if self.low == self.high:
            return np.full(size, self.low)
        return rng.triangular(self.low, self.mode, self.high, size)


@dataclass(frozen=True)
class Saving:
    """Value of one return avoided to one perspective, in each year after release (year 1 first)."""

    who: str
    per_return: Range
    years: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class CostTable:
    """A versioned table: what the program costs per participant and what a return avoided is worth.

    price_year: the year of the prices; version and source say where the rows come from; discount: yearly.
    """

    version: str
    source: str
    price_year: int
    program_cost: Range
    savings: tuple[Saving, ...]
    discount: Range = Range(0.02, 0.035, 0.05)

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> CostTable:
        """Build a table from TOML: program_cost = [low, mode, high], savings = [{who, per_return, years}]."""
        try:
            savings = tuple(
                Saving(s["who"], Range(*s["per_return"]), tuple(s.get("years", (1.0,))))
                for s in facts["savings"]
            )
            table = cls(
                version=str(facts["version"]),
                source=str(facts["source"]),
                price_year=int(facts["price_year"]),
                program_cost=Range(*facts["program_cost"]),
                savings=savings,
                discount=Range(*facts.get("discount", (0.02, 0.035, 0.05))),
            )
        except KeyError as missing:
            raise StudyError(f"The cost table lacks {missing.args[0]}.") from None
        except TypeError:
            raise StudyError("Amounts in the cost table are three numbers: low, most likely, high.") from None
        unknown = [s.who for s in savings if s.who not in PERSPECTIVES]
        if unknown:
            raise StudyError(f"Savings go to {', '.join(PERSPECTIVES)}; found {', '.join(unknown)}.")
        return table

    def age_warning(self, year: int, *, limit: int = 3) -> str:
        """A sentence when the prices are older than `limit` years, otherwise empty [T-20]."""
        age = year - self.price_year
        if age <= limit:
            return ""
        return (
            f"The cost table ({self.version}) has prices of {self.price_year}, {age} years ago. "
            "Published ratios have shrunk to a third when their tables were renewed: renew it first."
        )


@dataclass(frozen=True)
class Worth:
    """The result per participant. Intervals are the middle 90 % of the draws."""

    net: float
    net_low: float
    net_high: float
    ratio: float
    chance_positive: float
    cost: float
    by_whom: Mapping[str, float]
    version: str
    price_year: int


def worth(effect: Estimate, table: CostTable, *, draws: int = 20_000, seed: int = 20_260_101) -> Worth:
    """Monte Carlo over the effect (a difference in the share who return, negative is good) and all amounts.

    The seed is fixed, so two people with the same table and estimate get the same figures.
    """
    if draws < 1000:
        raise StudyError("Use at least 1,000 draws.")
    rng = np.random.default_rng(seed)
    avoided = -rng.normal(effect.value, effect.se, draws)
    discount = table.discount.draw(rng, draws)
    cost = table.program_cost.draw(rng, draws)
    gains: dict[str, Floats] = {}
    for saving in table.savings:
        spread = np.zeros(draws)
        for year, share in enumerate(saving.years, start=1):
            spread += share / (1 + discount) ** year
        gains[saving.who] = (
            gains.get(saving.who, np.zeros(draws)) + avoided * saving.per_return.draw(rng, draws) * spread
        )
    benefit = np.sum(list(gains.values()), axis=0) if gains else np.zeros(draws)
    net = benefit - cost
    low, high = np.quantile(net, [0.05, 0.95])
    mean_cost = float(cost.mean())
    return Worth(
        net=float(net.mean()),
        net_low=float(low),
        net_high=float(high),
        ratio=float(benefit.mean() / mean_cost) if mean_cost > 0 else float("inf"),
        chance_positive=float((net > 0).mean()),
        cost=mean_cost,
        by_whom={who: float(values.mean()) for who, values in gains.items()},
        version=table.version,
        price_year=table.price_year,
    )
