"""From prices to a plan: construction by regret, a fill pass, and ejection passes."""

# ruff: noqa: PLR0917
from __future__ import annotations

import numpy as np

from .arrays import F8, I4, I8
from .engine import Engine
from .prices import Dual
from .problem import Problem


def regret_order(dual: Dual) -> I8:
    """People by what they would lose on their second choice at the prices, largest first."""
    net = np.concatenate((dual.pool.nets(dual.lam), np.zeros((len(dual.pool.value), 1))), axis=1)
    top = -np.partition(-net, 1, axis=1)[:, :2]
    return np.argsort(-(top[:, 0] - top[:, 1]), kind="stable")


def construct(problem: Problem, engine: Engine, dual: Dual) -> I4:
    """A first plan as edges (n, 3): best bundles in regret order, then the fill pass at price 0."""
    seats = np.full(3 * problem.instance.n, -1, np.int32)
    used = np.zeros_like(problem.cap)
    engine.construct(problem.data, regret_order(dual), dual.lam, problem.cap, used, seats)
    return fill(problem, engine, seats.reshape(-1, 3))


def fill(problem: Problem, engine: Engine, seats: I4, order: I8 | None = None) -> I4:
    """Everyone re-plans once at price 0 among open seats and their own, soonest release first. Nobody loses."""
    order = np.argsort(problem.instance.p_release, kind="stable") if order is None else order
    flat, used = np.ascontiguousarray(seats).reshape(-1).copy(), problem.used(seats)
    engine.construct(problem.data, order, np.zeros(len(used)), problem.cap, used, flat)
    return flat.reshape(-1, 3)


def improve(
    problem: Problem, engine: Engine, dual: Dual, seats: I4, rng: np.random.Generator, keep: float = 0.9
) -> tuple[I4, int]:
    """One ejection pass in random order; returns the better plan and the number of moves."""
    flat, used = np.ascontiguousarray(seats).reshape(-1).copy(), problem.used(seats)
    order = rng.permutation(problem.instance.n)
    moves = engine.local_search(problem.data, order, keep * dual.lam, problem.cap, used, flat)
    return flat.reshape(-1, 3), moves


def total(problem: Problem, engine: Engine, seats: I4) -> float:
    """Value of a plan, fixed seats included."""
    return float(engine.values(problem.data, seats).sum()) + problem.fixed_value


def person_values(problem: Problem, engine: Engine, seats: I4) -> F8:
    """Value of everyone's new seats, (n,)."""
    return engine.values(problem.data, seats)
