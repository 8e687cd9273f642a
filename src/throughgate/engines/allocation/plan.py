"""Making a plan: prices, construction, local search, core programs, then promise, floors, minimums and the check."""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

import numpy as np

from . import build
from .arrays import F8, I4
from .check import check
from .engine import Engine, choose
from .exact import LIMIT, ExactModel, combinations_of
from .instance import Instance
from .lottery import draw
from .mip import Worker, has_highs
from .model import Effort, FloorUnreachable, Plan, PlanRefused, Policy, Prices, Ticket
from .polish import NEAR, Polisher
from .prices import Dual, solve_prices
from .problem import Problem, compile_problem, need_met
from .promise import keep_promise, sorted_seats, top_up


@dataclass
class _Run:
    """One making of a plan: what is fixed for it, and its clock."""

    problem: Problem
    engine: Engine
    effort: Effort
    rng: np.random.Generator
    deadline: float
    seconds: dict[str, float] = field(default_factory=dict)
    clock: bool = False
    raw_value: float = -np.inf

    def left(self) -> float:
        """Seconds left."""
        return self.deadline - monotonic()

    def spent(self, name: str, since: float) -> None:
        """Book time to a stage."""
        self.seconds[name] = self.seconds.get(name, 0.0) + monotonic() - since


def make_plan(
    instance: Instance,
    policy: Policy | None = None,
    *,
    effort: Effort | None = None,
    seed: int = 0,
    start: Prices | Mapping[str, float] | None = None,
) -> Plan:
    """Propose a plan. Same instance, policy, effort and seed give the same plan (unless the clock stops it).

    `start` = prices of an earlier plan, which save time: as they were for the same cohorts, or by cohort id (new
    cohorts then begin at 0). Raises FloorUnreachable when no
    plan meeting the floors is found and PlanRefused when the independent check objects.
    """
    policy, effort = policy or Policy(), effort or Effort()
    began = monotonic()
    problem = compile_problem(instance, policy)
    run = _Run(
        problem, choose(effort.engine, instance.n, effort.threads), effort, np.random.default_rng(seed),
        began + effort.seconds,
    )  # fmt: skip
    run.spent("compile", began)
    lam = _start(instance, start)
    seats, dual = _with_floors(run, lam)
    seats, dual, proven = _exactly(run, seats, dual)
    if not proven:
        seats, dual = _with_minimums(run, seats, dual)
    mark = monotonic()
    seats, ledger = draw(run.problem, seats, seed)
    run.spent("lottery", mark)
    return _finish(run, seats, dual, ledger, seed)


def _start(instance: Instance, start: Prices | Mapping[str, float] | None) -> F8 | None:
    if start is None or isinstance(start, Prices):
        return start.seat if start is not None and len(start.seat) == len(instance.cohorts) else None
    return np.array([max(0.0, float(start.get(c, 0.0))) for c in instance.cohorts])


def _finish(run: _Run, seats: I4, dual: Dual, ledger: tuple[Ticket, ...], seed: int) -> Plan:
    problem, instance, policy = run.problem, run.problem.instance, run.problem.policy
    value = build.total(problem, run.engine, seats)
    rows, fixed = as_rows(problem, seats)
    filled = np.bincount(rows[:, 1], minlength=len(instance.cohorts))
    closed = tuple(int(c) for c in np.flatnonzero(filled < instance.c_min))
    mark = monotonic()
    faults = check(instance, policy, rows, closed)
    run.spent("check", mark)
    if faults:
        floors = [f.detail for f in faults if f.kind == "floor"]
        if len(floors) == len(faults):
            raise FloorUnreachable("No plan found that meets the floor: " + " ".join(floors))
        first = faults[0]
        raise PlanRefused(f"The check found {len(faults)} violations, first: {first.kind}: {first.detail}")
    bound = max(dual.bound, value)
    prices = Prices(dual.lam, dual.floor, bound, len(dual.history), tuple(dual.history))
    h = hashlib.sha256(instance.digest.encode())
    for part in (repr(policy), str(seed), rows.tobytes(), fixed.tobytes()):
        h.update(part if isinstance(part, bytes) else part.encode())
    return Plan(
        seats=rows, fixed=fixed, value=value, bound=bound, raw_value=max(run.raw_value, value), prices=prices,
        lottery=ledger, policy=policy, seed=seed, instance_digest=instance.digest,
        digest=h.hexdigest(), seconds=dict(run.seconds), repeatable=not run.clock, closed=closed,
    )  # fmt: skip


def as_rows(problem: Problem, seats: I4) -> tuple[I4, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """(person, cohort) rows with the fixed seats, sorted, and which are fixed."""
    person, spot = np.nonzero(seats >= 0)
    fresh = np.column_stack((person, problem.data.cohort[seats[person, spot]])).astype(np.int32)
    rows = np.concatenate((fresh, problem.instance.fixed.astype(np.int32)))
    fixed = np.arange(len(rows)) >= len(fresh)
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    return rows[order], fixed[order]


def edges_of(problem: Problem, plan: Plan) -> I4:
    """The plan's new seats as edges (n, 3) of a problem compiled from the same instance; unknown ones dropped."""
    seats = np.full((problem.instance.n, 3), -1, dtype=np.int32)
    count = np.zeros(problem.instance.n, dtype=np.int64)
    for p, c in plan.seats[~plan.fixed]:
        e = problem.edges.find(int(p), int(c))
        if e >= 0:
            seats[p, count[p]] = e
            count[p] += 1
    return sorted_seats(seats)


def optimise(run: _Run, problem: Problem, dual: Dual, *, mip: bool) -> I4:
    """The best plan the heuristics find for a problem at its prices; stops at the wanted gap or the deadline."""
    mark = monotonic()
    seats = build.construct(problem, run.engine, dual)
    value = build.total(problem, run.engine, seats)
    run.spent("construct", mark)

    def enough() -> bool:
        if run.left() <= 0:
            run.clock = True
        return dual.bound - value <= run.effort.gap * dual.bound or run.left() <= 0

    mark = monotonic()
    for keep in (1.0, 0.85):
        if not enough():
            seats, _ = build.improve(problem, run.engine, dual, seats, run.rng, keep)
            value = build.total(problem, run.engine, seats)
    run.spent("search", mark)
    if mip and run.effort.mip and has_highs() and not enough():
        mark = monotonic()
        polisher = Polisher(problem, run.engine, dual)
        try:
            for near in (NEAR, 2 * NEAR):
                seats = polisher.run(seats, near, run.deadline)
                seats = build.fill(problem, run.engine, seats)
                seats, _ = build.improve(problem, run.engine, dual, seats, run.rng, 0.9)
                value = build.total(problem, run.engine, seats)
                if enough() or dual.bound - value <= 3 * run.effort.gap * dual.bound:
                    break
            run.clock |= polisher.clock
        finally:
            polisher.close()
        run.spent("mip", mark)
    return sorted_seats(seats)


def _kept(run: _Run, seats: I4) -> I4:
    """The plan with the promise kept when the policy asks for it, open seats used either way."""
    mark = monotonic()
    run.raw_value = build.total(run.problem, run.engine, seats)
    if run.problem.policy.promise:
        seats = keep_promise(run.problem, run.engine, seats)
    else:
        seats = top_up(run.problem, run.engine, seats, whole=True)
        run.raw_value = build.total(run.problem, run.engine, seats)
    run.spent("promise", mark)
    return seats


def _slack(problem: Problem, seats: I4) -> F8:
    """How far each floor is over-fulfilled (negative = short)."""
    rows, _ = as_rows(problem, seats)
    met = need_met(problem.instance, rows)
    base = np.array([-f.at_least if not f.relative else 0.0 for f in problem.policy.floors])
    result: F8 = problem.floor_rows @ met + base
    return result


def _with_floors(run: _Run, start: F8 | None) -> tuple[I4, Dual]:
    """Plan and prices; where a floor is short, its group's needs weigh more, by as little as suffices."""
    problem = run.problem
    mark = monotonic()
    dual = solve_prices(problem, run.engine, run.effort, start=start)
    run.spent("prices", mark)
    seats = _kept(run, optimise(run, problem, dual, mip=True))
    count = len(problem.policy.floors)
    if not count or (_slack(problem, seats) >= 0).all():
        return seats, dual
    low, high = np.zeros(count), np.zeros(count)
    scale = 0.05 / np.maximum(np.abs(problem.floor_rows).max(axis=1), 1e-12)
    best: tuple[float, I4, Dual] | None = None
    rho = np.zeros(count)
    for _ in range(24):
        short = _slack(problem, seats) < 0
        if not short.any():
            value = build.total(problem, run.engine, seats)
            if best is None or value > best[0]:
                best = value, seats, dual
            high = np.where(rho > 0, rho, high)
            if ((high - low) <= 0.15 * np.maximum(high, 1e-12)).all() or run.left() <= 0:
                break
        else:
            low = np.where(short, rho, low)
            high = np.where(short & (high <= low), 0.0, high)
        if best is None and run.left() <= 0:
            run.clock = True
            break
        rho = np.where(high > 0, (low + high) / 2, np.where(short, np.maximum(2 * rho, scale), rho))
        leaning = problem.at_floor_prices(rho)
        dual = solve_prices(leaning, run.engine, run.effort, start=dual.lam, rho=rho)
        seats = _kept(run, optimise(run, leaning, dual, mip=False))
    return (best[1], best[2]) if best is not None else (seats, dual)


def _with_minimums(run: _Run, seats: I4, dual: Dual) -> tuple[I4, Dual]:
    """Close, worst first, cohorts that too few people would attend, and plan again without them."""
    instance = run.problem.instance
    enrolled = np.bincount(instance.fixed[:, 1], minlength=len(instance.cohorts))
    closed: list[int] = []
    bound = dual.bound
    while True:
        used = run.problem.used(seats)
        short = np.flatnonzero((used > 0) & (used + enrolled < instance.c_min))
        if not len(short):
            break
        lack = (instance.c_min - enrolled - used)[short]
        worst = short[np.lexsort((short, -lack))]
        closed += [int(c) for c in worst[: max(1, len(worst) // 4)]]
        cap = run.problem.cap.copy()
        cap[closed] = 0
        run.problem = replace(run.problem, cap=cap)
        seats, dual = _with_floors(run, dual.lam)
    if closed:
        # The bound without the closed cohorts is no bound on plans that would have run them.
        dual.bound = bound
    return seats, dual


def _exactly(run: _Run, seats: I4, dual: Dual) -> tuple[I4, Dual, bool]:
    """On a small instance, the best plan there is, with its proof; the last value says whether it was proven."""
    problem, instance = run.problem, run.problem.instance
    if combinations_of(problem) > LIMIT or not run.effort.mip or not has_highs() or run.left() <= 0:
        return seats, dual, False
    mark = monotonic()
    total = problem.used(seats) + np.bincount(instance.fixed[:, 1], minlength=len(instance.cohorts))
    few = bool(((problem.used(seats) > 0) & (total < instance.c_min)).any())
    short = bool(problem.policy.floors) and not bool((_slack(problem, seats) >= 0).all())
    value = -np.inf if few or short else build.total(problem, run.engine, seats)
    if dual.bound - value <= 1e-9 * max(1.0, abs(dual.bound)) and not problem.policy.floors:
        return seats, dual, True
    answer, better = ExactModel(problem, dual, value, problem.policy.promise).solve(
        _shared_worker(), run.left()
    )
    run.clock |= answer.clock
    if better is not None:
        gained = build.total(problem, run.engine, better)
        if gained > value + 1e-9:
            seats, value = sorted_seats(better), gained
            run.raw_value = max(run.raw_value, value)
        if answer.optimal:
            dual.bound = min(dual.bound, max(value, answer.bound + problem.fixed_value))
    run.spent("exact", mark)
    return seats, dual, answer.optimal and value > -np.inf


_worker: list[Worker] = []


def _shared_worker() -> Worker:
    """One child process kept for small programs until this process ends."""
    if not _worker:
        _worker.append(Worker())
        atexit.register(_worker[0].close)
    return _worker[0]
