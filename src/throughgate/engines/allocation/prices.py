"""Seat prices: what one more seat in each cohort is worth, and a bound no plan can beat.

For any prices >= 0 the sum of everyone's best bundle at those prices, plus capacity times price, is at least the
value of every plan (Lagrangian dual; keep-aparts and the promise are relaxed). Exact sweeps over all people give
bounds; between sweeps, cheap steps over a pool of bundles already seen move the prices.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .arrays import F8, I4, I8
from .engine import Engine
from .model import Effort, Prices
from .problem import Problem

POOL = 16
_SEED_SINGLES = 8
_HOPELESS = 0.3
"""Single seats this far below their price are not worth starting with."""
_CLOSE = 1e-4
_BOXED = 4


@dataclass
class Pool:
    """Bundles seen so far: `value` (n, 16), -1 where empty; `cohort` and `edge` (n, 16, 3), C and -1 for none."""

    value: F8
    cohort: I4
    edge: I4
    count: I4 = field(init=False)

    def __post_init__(self) -> None:
        self.count = (self.value > -1).sum(axis=1).astype(np.int32)

    @staticmethod
    def empty(n: int, cohorts: int) -> Pool:
        """A pool with no bundles."""
        return Pool(
            np.full((n, POOL), -1.0),
            np.full((n, POOL, 3), cohorts, np.int32),
            np.full((n, POOL, 3), -1, np.int32),
        )

    def add(self, people: I8, edges: I4, cohorts: I4, value: F8, lam: F8) -> int:
        """Add one bundle for each of `people`; when full it replaces the worst at `lam`. Returns how many were new."""
        have = self.edge[people]
        fresh = ~(have == edges[:, None, :]).all(axis=2).any(axis=1) & (edges[:, 0] >= 0)
        p = people[fresh]
        if not len(p):
            return 0
        slot = self.count[p].copy()
        crowded = slot >= POOL
        q = p[crowded]
        slot[crowded] = np.argmin(self.value[q] - lam[self.cohort[q]].sum(axis=2), axis=1)
        self.value[p, slot] = value[fresh]
        self.cohort[p, slot] = cohorts[fresh]
        self.edge[p, slot] = edges[fresh]
        self.count[p] = np.minimum(self.count[p] + 1, POOL)
        return len(p)

    def nets(self, lam: F8) -> F8:
        """Value minus prices of every pooled bundle, (n, 16); -inf where empty."""
        padded = np.append(lam, 0.0)
        net: F8 = self.value - padded[self.cohort].sum(axis=2)
        net[self.value <= -1] = -np.inf
        return net


@dataclass
class Dual:
    """State of the price search. `lam` are the best prices found, `bound` the bound they prove."""

    lam: F8
    bound: float
    pool: Pool
    history: list[float]
    floor: F8

    def prices(self) -> Prices:
        """What callers keep."""
        return Prices(self.lam, self.floor, self.bound, len(self.history), tuple(self.history))


def start_prices(problem: Problem, engine: Engine) -> F8:
    """0.8 x the lowest single value seated in each cohort that value-greedy fills, else 0."""
    d, cap = problem.data, problem.cap
    order = np.argsort(-d.single, kind="stable")
    order = order[(d.single[order] > 0) & (cap[d.cohort[order]] > 0)]
    used, seats = np.zeros_like(cap), np.full(3 * problem.instance.n, -1, np.int32)
    engine.seat_in_order(d, order, problem.owner, cap, used, seats)
    taken = seats[seats >= 0]
    low = np.full(len(cap), np.inf)
    np.minimum.at(low, d.cohort[taken], d.single[taken])
    full = (used >= cap) & (cap > 0)
    lam: F8 = np.where(full & np.isfinite(low), 0.8 * np.maximum(low, 0.0), 0.0)
    return lam


def first_pool(problem: Problem, lam: F8) -> Pool:
    """Each person's eight best single seats at the start prices."""
    d, n = problem.data, problem.instance.n
    pool = Pool.empty(n, len(problem.cap))
    owner = problem.owner
    net = d.single - lam[d.cohort]
    ok = np.flatnonzero((d.pre1 < 0) & (net > -_HOPELESS) & (problem.cap[d.cohort] > 0) & (d.room[owner] > 0))
    net = net[ok]
    order = np.lexsort((-net, owner[ok]))
    e = ok[order]
    who = owner[e]
    first = np.searchsorted(who, np.arange(n))
    rank = np.arange(len(e)) - first[who]
    top = rank < _SEED_SINGLES
    pool.value[who[top], rank[top]] = d.single[e[top]]
    pool.cohort[who[top], rank[top], 0] = d.cohort[e[top]]
    pool.edge[who[top], rank[top], 0] = e[top]
    pool.count = np.minimum(np.bincount(who, minlength=n), _SEED_SINGLES).astype(np.int32)
    return pool


def closed_cost(problem: Problem, lam: F8) -> F8:
    """Prices as costs, with cohorts that have no seat to give closed."""
    return np.where(problem.cap > 0, lam, 1e18)


def exact_bound(problem: Problem, engine: Engine, lam: F8, rho: F8) -> tuple[float, F8, I4]:
    """The bound at these prices, with everyone's net value (n,) and best bundle as edges (n, 3)."""
    net, edges = engine.sweep(problem.data, closed_cost(problem, lam))
    bound = float(net.sum() + (problem.cap * lam).sum() + problem.fixed_value + rho @ problem.floor_base)
    return bound, net, edges


def solve_prices(
    problem: Problem,
    engine: Engine,
    effort: Effort,
    *,
    start: F8 | None = None,
    rho: F8 | None = None,
    goal: float = 0.0,
) -> Dual:
    """Prices for a problem. `start` = last week's prices; `goal` = a plan value already held: the search stops
    once the bound is within `effort.gap` of it. Otherwise it stops when sweeps no longer help (six at least).
    """  # fmt: skip
    n = problem.instance.n
    rho = np.zeros(len(problem.floor_base)) if rho is None else rho
    lam = start_prices(problem, engine) if start is None else np.maximum(start, 0.0)
    lam = np.where(problem.cap > 0, lam, 0.0)
    dual = Dual(lam, np.inf, first_pool(problem, lam), [], rho)
    everyone = np.arange(n)
    stalled, pooled = 0, -np.inf
    for sweep in range(effort.sweeps):
        bound, net, edges = exact_bound(problem, engine, lam, rho)
        cohort = problem.cohorts(edges)
        value = net + np.append(lam, 0.0)[cohort].sum(axis=1)
        dual.pool.add(everyone, edges, cohort, value, np.append(dual.lam, 0.0))
        gained = (dual.bound - bound) / max(abs(bound), 1e-12)
        if bound < dual.bound:
            dual.bound, dual.lam = bound, lam.copy()
        dual.history.append(bound)
        if goal > 0 and dual.bound - goal <= effort.gap * dual.bound:
            break
        stalled = stalled + 1 if gained < 1e-5 else 0
        # Free of the box (from the fifth sweep on) the pooled optimum lies below the true one: nearness to it,
        # together with a bound that hardly moves, means convergence. A stalled bound alone does not.
        near = dual.bound - pooled <= _CLOSE * dual.bound and gained < 2 * _CLOSE
        if sweep > _BOXED and (near or stalled >= 4):
            break
        lam, pooled = _pooled_steps(problem, engine, dual, sweep)
    return dual


def _pooled_steps(problem: Problem, engine: Engine, dual: Dual, sweep: int) -> tuple[F8, float]:
    """Subgradient steps with momentum, everyone restricted to their pool, inside a box around the best prices."""
    cap = problem.cap.astype(np.float64)
    start = dual.lam
    early = sweep < _BOXED
    low = np.maximum(0.0, 0.5 * start - 0.05) if early else np.zeros(len(start))
    high = np.where(cap > 0, 1.6 * start + 0.1 if early else 1e9, 0.0)
    scale = 0.06 if sweep == 0 else 0.03
    theta = 1.0 if sweep < 2 else 0.6
    lam, best, best_lam, misses = start.copy(), np.inf, start.copy(), 0
    direction = np.zeros(len(start))
    pool = dual.pool
    rows = np.arange(len(pool.value))
    for _ in range(60):
        slot, net = engine.pool_best(pool.value, pool.cohort, pool.count, np.append(lam, 0.0))
        total = float(net.sum() + (cap * lam).sum())
        chosen = pool.cohort[rows, slot][slot >= 0]
        g = cap - np.bincount(chosen.reshape(-1), minlength=len(cap) + 1)[:-1]
        if total < best - 1e-9 * abs(total):
            best, best_lam, misses = total, lam.copy(), 0
        else:
            misses += 1
            if misses >= 4:
                theta, misses = 0.6 * theta, 0
                lam, direction = best_lam.copy(), np.zeros(len(start))
                if theta < 0.01:
                    break
                continue
        stuck = ((lam <= low) & (g > 0)) | ((lam >= high) & (g < 0))
        g = np.where(stuck, 0.0, g)
        direction = np.where(stuck, 0.0, g + 0.7 * direction)
        norm = float(direction @ direction)
        if norm <= 0:
            break
        lam = np.clip(lam - theta * (scale * total / norm) * direction, low, high)
    return best_lam, best + problem.fixed_value + float(dual.floor @ problem.floor_base)
