"""Where need goes unmet, what one more seat is worth, and which partner to ask next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import F8, NEVER
from .engine import Choice, Engine, choose
from .instance import Instance
from .lp import Master
from .mip import Worker
from .model import Cohort, Plan
from .prices import Dual, first_pool
from .problem import Problem, compile_problem
from .value import coverage
from .whatif import add_cohorts

HORIZONS = (90, 365, NEVER)
"""Days to release that split the gap map: leaving soon, within a year, later."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of the gap map. Need and met are sums of assessed need (1.0 = one fully needing person)."""

    need: str
    where: str
    within_days: int
    people: int
    """People with this need."""
    need_total: float
    met: float
    unmet_people: int
    """People with this need and no seat at all that covers any of it."""

    @property
    def unmet(self) -> float:
        """Need left uncovered."""
        return self.need_total - self.met


def gap_map(
    instance: Instance, plan: Plan, by: str = "facility", horizons: Sequence[int] = HORIZONS
) -> list[Cell]:
    """Need x place (or audit group `by`) x time to release; empty squares are left out.

    `horizons` are days to release in rising order, each the upper end of a square; NEVER takes in everybody.

    Raises KeyError for a group that the instance does not know.
    """
    labels, code = (instance.facilities, instance.p_facility) if by == "facility" else instance.groups[by]
    covered = np.zeros_like(instance.p_needs)
    for p in np.unique(plan.seats[:, 0]):
        covered[p] = coverage(instance, int(p), (int(c) for c in plan.seats[plan_rows(plan, int(p)), 1]))
    met = instance.p_needs * covered
    out = []
    low = -NEVER
    for horizon in horizons:
        window = (instance.p_release > low) & (instance.p_release <= horizon)
        low = horizon
        for i, where in enumerate(labels):
            inside = window & (code == i)
            for k, need in enumerate(instance.needs):
                has = inside & (instance.p_needs[:, k] > 0)
                if has.any():
                    out.append(Cell(need, where, horizon, int(has.sum()), float(instance.p_needs[has, k].sum()),
                                    float(met[has, k].sum()), int((covered[has, k] <= 0).sum())))  # fmt: skip
    return out


def plan_rows(plan: Plan, person: int) -> slice:
    """Rows of the plan that belong to a person (the rows are sorted)."""
    lo, hi = np.searchsorted(plan.seats[:, 0], [person, person + 1])
    return slice(int(lo), int(hi))


@dataclass(frozen=True, slots=True)
class SeatValue:
    """What seats in one cohort are worth, per seat, in units of weighted need met.

    `more` is (extra seats, worth per extra seat), `fewer` the loss per seat for one less; the price lies between.
    """

    cohort: int
    price: float
    more: tuple[tuple[int, float], ...]
    fewer: float


class Valuer:
    """Seat values by exact re-solves. Each takes about a second for a few thousand people; close it afterwards."""

    def __init__(
        self, instance: Instance, plan: Plan, *, engine: Choice = "auto", seconds: float = 60.0
    ) -> None:
        self.plan, self.seconds = plan, seconds
        self.problem = compile_problem(instance, plan.policy).at_floor_prices(plan.prices.floor)
        cap = self.problem.cap.copy()
        cap[list(plan.closed)] = 0
        self.cap = cap
        self.engine = choose(engine, instance.n)
        dual = Dual(
            plan.prices.seat,
            plan.prices.bound,
            first_pool(self.problem, plan.prices.seat),
            [],
            plan.prices.floor,
        )
        self.worker = Worker()
        self.master = Master(self.problem, self.engine, dual, self.worker)
        self.value, self.exact = self.master.solve(cap, seconds)

    def close(self) -> None:
        """End the child process."""
        self.worker.close()

    def seat_value(self, cohort: int, more: Sequence[int] = (1, 5, 15)) -> SeatValue:
        """Worth per seat of one, five, fifteen more seats, and of one fewer."""
        steps = []
        for k in more:
            steps.append((k, (self._at(cohort, k) - self.value) / k))
        fewer = (self.value - self._at(cohort, -1)) if self.cap[cohort] > 0 else float("inf")
        return SeatValue(cohort, float(self.plan.prices.seat[cohort]), tuple(steps), fewer)

    def _at(self, cohort: int, change: int) -> float:
        cap = self.cap.copy()
        cap[cohort] += change
        return self.master.solve(cap, self.seconds)[0]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One candidate cohort: what it would add, in units of weighted need met.

    `gain` is the estimate at today's prices (a few percent high); `per_seat` is gain by seat, `people` how many
    would gain from it, `net` the gain less `cost`.
    """

    cohort: Cohort
    gain: float
    per_seat: float
    people: int
    net: float


def recruit_next(
    instance: Instance, plan: Plan, candidates: Sequence[Cohort], *, cost: Sequence[float] | None = None
) -> list[Recommendation]:
    """Rank candidate cohorts by what they would add. `cost` is in the same units as value (default 0)."""
    market = _Market(instance, plan, candidates)
    out = [market.worth(k, float(cost[k]) if cost is not None else 0.0) for k in range(len(candidates))]
    return sorted(out, key=lambda r: (-r.net, r.cohort.id))


def recruit_one_after_another(
    instance: Instance, plan: Plan, candidates: Sequence[Cohort], count: int, *, least: float = 0.0
) -> list[Recommendation]:
    """The best candidate, then the best once that one runs, and so on: up to `count`, each worth above `least`.

    A chosen cohort is priced at what its last seat would be worth, so that the same people are not helped twice.
    """
    market = _Market(instance, plan, candidates)
    left, out = list(range(len(candidates))), list[Recommendation]()
    # Gains only shrink as cohorts are added, so an old gain is a bound: most candidates need no second look.
    known = {k: market.worth(k) for k in left}
    fresh = set(left)
    while left and len(out) < count:
        k = min(left, key=lambda k: (-known[k].gain, known[k].cohort.id))
        if k not in fresh:
            known[k] = market.worth(k)
            fresh.add(k)
            continue
        if known[k].gain <= least:
            break
        out.append(known[k])
        left.remove(k)
        market.open(k)
        fresh = set()
    return out


class _Market:
    """The plan's prices with candidate cohorts beside it, shut until they are opened."""

    def __init__(self, instance: Instance, plan: Plan, candidates: Sequence[Cohort]) -> None:
        self.candidates = candidates
        wider = add_cohorts(instance, candidates)
        self.problem = compile_problem(wider, plan.policy).at_floor_prices(plan.prices.floor)
        self.engine = choose("auto", wider.n)
        self.first = len(instance.cohorts)
        closed = np.zeros(self.first, dtype=bool)
        closed[list(plan.closed)] = True
        price = np.where(closed | (self.problem.cap[: self.first] <= 0), 1e18, plan.prices.seat)
        self.price = np.concatenate((price, np.full(len(candidates), 1e18)))
        self.base, _ = self.engine.sweep(self.problem.data, self.price)

    def worth(self, k: int, cost: float = 0.0) -> Recommendation:
        """What a candidate would add now."""
        cohort = self.candidates[k]
        gains = self._gains(k)
        top = gains[: cohort.seats]
        gain = float(top.sum())
        return Recommendation(cohort, gain, gain / max(1, cohort.seats), len(top), gain - cost)

    def open(self, k: int) -> None:
        """Let a candidate run, at the worth of the first seat that it does not have."""
        gains, seats = self._gains(k), self.candidates[k].seats
        self.price[self.first + k] = float(gains[seats]) if len(gains) > seats else 0.0
        self.base, _ = self.engine.sweep(self.problem.data, self.price)

    def _gains(self, k: int) -> F8:
        """What a free seat in the cohort adds to each person who could take it, most first."""
        gains = _gains(self.problem, self.engine, self.price, self.base, self.first + k)
        return np.sort(gains[gains > 1e-12])[::-1]


def _gains(problem: Problem, engine: Engine, shut: F8, base: F8, cohort: int) -> F8:
    """What a free seat in the cohort adds to each person who could take it."""
    people = np.unique(problem.owner[np.flatnonzero(problem.data.cohort == cohort)]).astype(np.int64)
    cost = shut.copy()
    cost[cohort] = 0.0
    return engine.best_of(problem.data, people, cost) - base[people]
