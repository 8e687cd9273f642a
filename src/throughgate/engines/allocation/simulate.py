"""Weeks of real life in a minute: people arrive unannounced, plans are made weekly, started seats stay.

Tells what a policy does over time: how close an agency that does not know next month's arrivals comes to one
that did, and how many people leave with nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .arrays import B1, I4, NEVER
from .baselines import RULES, seat_by
from .engine import choose
from .instance import Instance
from .model import Effort, Policy, Prices
from .plan import make_plan
from .prices import solve_prices
from .problem import compile_problem, need_met
from .synthetic import make_instance, with_pairs

_PRICE_CAP = 5.0


@dataclass(frozen=True, slots=True)
class Course:
    """How a rule did. `share` is need met over the bound that knew all arrivals; `left_empty` the share of people
    released by the end who never had a seat; `changed` the mean share of those with a proposal whose seats for
    the same cohorts differ a week later.
    """

    share: float
    left_empty: float
    changed: float
    seats: I4


def rolling_instance(n: int, seed: int, weeks: int = 78) -> Instance:
    """Half of the people here at day 0, the others arriving over the weeks; cohorts start over the same weeks."""
    r = np.random.default_rng([seed, 99])
    base = make_instance(n, seed, weeks=weeks)
    here = np.where(r.random(n) < 0.5, 0, r.integers(0, weeks, n) * 7).astype(np.int32)
    release = np.where(base.p_release >= NEVER, NEVER, base.p_release + here).astype(np.int32)
    bare = base.with_changes(p_from=here, p_release=release)
    return with_pairs(bare, seed)


def hindsight(instance: Instance, *, effort: Effort | None = None) -> float:
    """A bound on the need that any plan could meet that knew every arrival (no urgency, no bonuses)."""
    problem = compile_problem(instance, scoring())
    return solve_prices(problem, choose("auto", instance.n), effort or Effort()).bound


def scoring() -> Policy:
    """Need met and nothing else."""
    return Policy(version="score", first_seat=0, urgency=0, waiting=0, preference=0, held=0, promise=False)


def rolling_policy(first_seat: float) -> Policy:
    """The weights of the online runs: no urgency on need, a first seat worth more the nearer release is."""
    return Policy(
        version="rolling", first_seat=first_seat, first_seat_base=0.0, urgency=0, waiting=0, preference=0,
        held=0.02, promise=False,
    )  # fmt: skip


def rolling(
    instance: Instance,
    policy: Policy | str,
    *,
    weeks: int = 78,
    lookahead: int = 12,
    bound: float | None = None,
    effort: Effort | None = None,
) -> Course:
    """Run week by week under a policy, or under one of today's rules by name (`baselines.RULES`).

    Each week only people already here are known; cohorts starting within `lookahead` weeks are planned; seats of
    cohorts starting this week become fixed. Today's rules fill only what starts this week.
    """
    effort = effort or Effort(sweeps=6, mip=False)
    fixed = np.empty((0, 2), dtype=np.int32)
    held = np.empty((0, 2), dtype=np.int32)
    prices: Prices | None = None
    changes: list[float] = []
    for week in range(weeks):
        day = 7 * week
        ahead = day + 7 * (1 if isinstance(policy, str) else max(1, lookahead))
        now = _known(instance, fixed, held, day, ahead)
        if isinstance(policy, str):
            problem = compile_problem(now, scoring())
            order = RULES[policy](problem, np.random.default_rng(week))
            seats = seat_by(problem, choose(effort.engine, now.n), order)
        else:
            start = replace(prices, seat=np.minimum(prices.seat, _PRICE_CAP)) if prices else None
            plan = make_plan(now, policy, effort=effort, seed=week, start=start)
            seats, prices = plan.seats, plan.prices
            changes.append(_changed(instance, held, seats, day))
        starting = (instance.c_start[seats[:, 1]] >= day) & (instance.c_start[seats[:, 1]] < day + 7)
        fixed = np.unique(np.concatenate((fixed, seats[starting])), axis=0).astype(np.int32)
        held = seats[instance.c_start[seats[:, 1]] >= day + 7]
    return _course(instance, fixed, weeks, bound, changes)


def _known(instance: Instance, fixed: I4, held: I4, day: int, ahead: int) -> Instance:
    """What is known on a day, counted from that day. People not yet here or gone cannot be placed."""
    here: B1 = (instance.p_from <= day) & (instance.p_release > day)
    open_ = (instance.c_start >= day) & (instance.c_start < ahead)
    seats = np.where(open_, instance.c_seats, 0).astype(np.int32)
    return instance.with_changes(
        p_consent=instance.p_consent & here,
        p_release=np.where(instance.p_release >= NEVER, NEVER, instance.p_release - day).astype(np.int32),
        p_from=(instance.p_from - day).astype(np.int32),
        p_max=np.full_like(instance.p_max, 99),
        c_start=(instance.c_start - day).astype(np.int32),
        c_end=(instance.c_end - day).astype(np.int32),
        c_seats=np.maximum(seats, np.bincount(fixed[:, 1], minlength=len(seats))).astype(np.int32),
        fixed=fixed,
        held=held,
    )


def _changed(instance: Instance, before: I4, after: I4, day: int) -> float:
    """Share of people with a proposal last week whose still open proposals differ now."""
    old = {(int(p), int(c)) for p, c in before}
    if not old:
        return 0.0
    names = {p for p, _ in old}
    cohorts = {c for _, c in old}
    new = {(int(p), int(c)) for p, c in after if int(c) in cohorts and instance.c_start[c] >= day}
    return len({p for p, _ in old ^ new} & names) / len(names)


def _course(instance: Instance, fixed: I4, weeks: int, bound: float | None, changes: list[float]) -> Course:
    bound = hindsight(instance) if bound is None else bound
    gone = (instance.p_release <= 7 * weeks) & (instance.p_from <= 7 * weeks)
    has = np.zeros(instance.n, dtype=bool)
    has[fixed[:, 0]] = True
    return Course(
        float(need_met(instance, fixed).sum()) / bound,
        float((~has)[gone].mean()) if gone.any() else 0.0,
        float(np.mean(changes)) if changes else 0.0,
        fixed,
    )
