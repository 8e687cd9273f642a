"""Today's rules, so that a proposal stands beside what would have happened. They keep the hard rules only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import I4, I8
from .engine import Engine, choose
from .instance import Instance
from .model import Policy
from .plan import as_rows
from .problem import Problem, compile_problem
from .promise import sorted_seats

Order = Callable[[Problem, np.random.Generator], I8]


def _keys(problem: Problem) -> tuple[I4, I4]:
    return problem.owner, problem.data.cohort


def first_come(problem: Problem, rng: np.random.Generator) -> I8:
    """Cohorts by start; within one, by date of request (longer wait first, a few weeks of noise per request)."""
    p, c = _keys(problem)
    asked = -problem.instance.p_wait[p] + rng.exponential(42.0, len(p))
    return np.lexsort((asked, c, problem.instance.c_start[c]))


def earliest_release(problem: Problem, rng: np.random.Generator) -> I8:
    """Cohorts by start; then soonest release; then longest wait."""
    p, c = _keys(problem)
    return np.lexsort(
        (-problem.instance.p_wait[p], problem.instance.p_release[p], c, problem.instance.c_start[c])
    )


def need_then_release(problem: Problem, rng: np.random.Generator) -> I8:
    """Cohorts by start; then highest level of need in the primary area; then soonest release."""
    p, c = _keys(problem)
    inst = problem.instance
    level = inst.p_needs[p, inst.g_primary[inst.c_program[c]]]
    return np.lexsort((inst.p_release[p], -level, c, inst.c_start[c]))


def value_greedy(problem: Problem, rng: np.random.Generator) -> I8:
    """All single seats by value."""
    return np.argsort(-problem.data.single, kind="stable")


def lottery(problem: Problem, rng: np.random.Generator) -> I8:
    """All single seats in random order."""
    return rng.permutation(len(problem.data.cohort))


RULES: dict[str, Order] = {
    "first come": first_come,
    "earliest release": earliest_release,
    "need then release": need_then_release,
    "value greedy": value_greedy,
    "lottery": lottery,
}


def seat_by(problem: Problem, engine: Engine, order: I8) -> I4:
    """Seat edges in order, then once more for follow-ons; (person, cohort) rows with fixed seats."""
    seats, used = np.full(3 * problem.instance.n, -1, np.int32), np.zeros_like(problem.cap)
    for _ in range(2):
        engine.seat_in_order(problem.data, order, problem.owner, problem.cap, used, seats)
    return as_rows(problem, sorted_seats(seats.reshape(-1, 3)))[0]


def best_in_release_order(problem: Problem, engine: Engine) -> I4:
    """Soonest release first, each takes their own best open bundle; (person, cohort) rows with fixed seats."""
    seats, used = np.full(3 * problem.instance.n, -1, np.int32), np.zeros_like(problem.cap)
    order = np.argsort(problem.instance.p_release, kind="stable")
    engine.construct(problem.data, order, np.zeros(len(used)), problem.cap, used, seats)
    return as_rows(problem, sorted_seats(seats.reshape(-1, 3)))[0]


def today(instance: Instance, policy: Policy, rule: str, *, seed: int = 0) -> I4:
    """What one of today's rules (a key of `RULES`) would do, as (person, cohort) rows."""
    problem = compile_problem(instance, policy)
    engine = choose("auto", instance.n)
    return seat_by(problem, engine, RULES[rule](problem, np.random.default_rng(seed)))
