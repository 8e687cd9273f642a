"""Small random instances and the slowest, plainest way to the best plan, for comparison."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

import numpy as np

from throughgate.engines.allocation.arrays import I4
from throughgate.engines.allocation.check import allowed, check, overlap
from throughgate.engines.allocation.instance import Instance
from throughgate.engines.allocation.model import Cohort, Pair, Person, Policy, Program, Session
from throughgate.engines.allocation.value import bundle_value

NEEDS = ("reading", "work", "drink")
TIMES = tuple((Session(d, h * 60, h * 60 + 90),) for d in (0, 1) for h in (9, 10, 14))


def random_instance(
    seed: int,
    people: int = 9,
    cohorts: int = 6,
    *,
    apart: bool = False,
    minimum: bool = False,
    fixed: bool = False,
) -> Instance:
    """Up to `people` people and `cohorts` cohorts with every kind of rule in play."""
    r = random.Random(seed)
    programs = [
        Program(
            f"g{g}", primary := r.choice(NEEDS),
            {**{n: round(r.uniform(0.1, 0.5), 2) for n in NEEDS if r.random() < 0.3},
             primary: round(r.uniform(0.4, 1), 2)},
            prerequisites=(f"g{r.randrange(g)}",) if g and r.random() < 0.3 else (),
            languages=frozenset({"en"}) if r.random() < 0.2 else frozenset(),
            min_literacy=r.choice((0, 0, 0, 2)), max_custody=r.choice((4, 4, 2)),
            release_window=r.choice((None, None, 200)), continues_outside=r.random() < 0.2,
        )
        for g in range(r.randint(2, 5))
    ]  # fmt: skip
    places = ("north", "south")
    runs = []
    for c in range(r.randint(1, cohorts)):
        start = r.choice((0, 0, 30, 60, 90))
        runs.append(
            Cohort(
                f"c{c}", r.choice(programs).id, places if r.random() < 0.3 else (r.choice(places),), start,
                start + r.choice((30, 60)), r.choice((1, 1, 2, 3)), r.choice(TIMES),
                min_seats=r.choice((0, 2)) if minimum else 0,
            )
        )  # fmt: skip
    folk = [
        Person(
            f"p{p}", r.choice(places), {n: r.choice((1 / 3, 2 / 3, 1.0)) for n in NEEDS if r.random() < 0.8},
            release=r.choice((None, 40, 70, 100, 150, 400)), wait=float(r.choice((0, 50, 100, 400))),
            custody=r.randint(1, 3), literacy=r.randint(0, 3),
            languages=frozenset({"en"} if r.random() < 0.8 else {"es"}),
            busy=r.choice(((), (), TIMES[0])), done=frozenset(g.id for g in programs if r.random() < 0.15),
            max_seats=r.choice((3, 3, 2)), consent=r.random() < 0.95,
            present_from=r.choice((0, 0, 0, 20)), groups={"language": r.choice(("en", "es"))},
        )
        for p in range(r.randint(2, people))
    ]  # fmt: skip
    pairs = [
        Pair(
            p.id,
            c.id,
            round(r.uniform(0.75, 1.1), 2),
            r.choice((0.0, 0.5, -0.5)),
            "declined" if r.random() < 0.1 else "",
        )
        for p in folk
        for c in runs
        if r.random() < 0.5
    ]
    some = [(a.id, b.id) for a, b in combinations(folk, 2) if r.random() < 0.15] if apart else []
    inst = Instance.from_rows(folk, programs, runs, pairs=pairs, apart=some)
    return with_fixed(inst, r) if fixed else inst


def with_fixed(inst: Instance, r: random.Random) -> Instance:
    """Enroll a few people in something the rules allow."""
    rows = []
    for p in range(inst.n):
        options = [b for b in bundles(inst, Policy(), p) if len(b) == 1]
        if options and r.random() < 0.25:
            rows.append((p, r.choice(options)[0]))
    return inst.with_changes(fixed=np.array(rows, dtype=np.int32).reshape(-1, 2))


def bundles(inst: Instance, policy: Policy, p: int) -> list[tuple[int, ...]]:
    """Everything one person may hold, fixed seats included, worked out pair by pair."""
    fixed = tuple(int(c) for c in inst.fixed[inst.fixed[:, 0] == p, 1])
    every = np.arange(len(inst.cohorts), dtype=np.int32)
    ok = np.logical_and.reduce(list(allowed(inst, policy, np.full(len(every), p, np.int32), every).values()))
    free = [int(c) for c in every if ok[c] and c not in fixed]
    room = max(0, min(policy.max_seats, int(inst.p_max[p])) - len(fixed))
    out = [fixed]
    for k in range(1, room + 1):
        out += [b + fixed for b in combinations(free, k) if legal(inst, policy, p, b, fixed)]
    return out


def legal(inst: Instance, policy: Policy, p: int, fresh: tuple[int, ...], fixed: tuple[int, ...]) -> bool:
    """No clash, no program twice, everything that must come first comes first."""
    whole = fresh + fixed
    for a, b in combinations(whole, 2):
        if a in fixed and b in fixed:
            continue
        if inst.c_program[a] == inst.c_program[b]:
            return False
        together = inst.c_start[a] < inst.c_end[b] and inst.c_start[b] < inst.c_end[a]
        times = inst.patterns[inst.c_pattern[a]], inst.patterns[inst.c_pattern[b]]
        if together and overlap(*times, policy.travel_minutes):
            return False
    for c in fresh:
        for q in inst.g_prereq[inst.c_program[c]]:
            if not inst.p_done[p, q] and not any(
                inst.c_program[x] == q and inst.c_end[x] <= inst.c_start[c] for x in whole
            ):
                return False
    return True


class BruteForce:
    """Best value over plans that keep capacity; `better` then yields every plan above a value."""

    def __init__(self, inst: Instance, policy: Policy) -> None:
        self.inst, self.policy = inst, policy
        taken = np.bincount(inst.fixed[:, 1], minlength=len(inst.cohorts))
        self.cap = tuple(int(x) for x in np.maximum(inst.c_seats, taken))
        fixed = [set(inst.fixed[inst.fixed[:, 0] == p, 1].tolist()) for p in range(inst.n)]
        self.options = []
        for p in range(inst.n):
            listed = [(bundle_value(inst, policy, p, b), b) for b in bundles(inst, policy, p)]
            # A bundle that others outdo with fewer seats still counts: constraints may favour it.
            self.options.append(sorted(listed, key=lambda x: (-x[0], x[1])))
        self.fixed = fixed
        self.best_from = lru_cache(maxsize=None)(self._best_from)
        self.best = self.best_from(0, self.cap)

    def _best_from(self, p: int, left: tuple[int, ...]) -> float:
        if p == self.inst.n:
            return 0.0
        best = -1e9
        for value, b in self.options[p]:
            after = take(left, b)
            if after is not None:
                best = max(best, value + self.best_from(p + 1, after))
        return best

    def better(
        self, than: float, p: int = 0, left: tuple[int, ...] | None = None
    ) -> Iterator[list[tuple[int, int]]]:
        """Every plan within capacity worth more than `than`."""
        left = self.cap if left is None else left
        if self.best_from(p, left) <= than:
            return
        if p == self.inst.n:
            yield []
            return
        for value, b in self.options[p]:
            after = take(left, b)
            if after is not None:
                for rest in self.better(than - value, p + 1, after):
                    yield [(p, c) for c in b] + rest


def take(left: tuple[int, ...], bundle: tuple[int, ...]) -> tuple[int, ...] | None:
    """Seats left after a bundle; None when one is full."""
    after = list(left)
    for c in bundle:
        after[c] -= 1
        if after[c] < 0:
            return None
    return tuple(after)


def rows(plan: list[tuple[int, int]]) -> I4:
    """(person, cohort) rows."""
    return np.array(sorted(plan), dtype=np.int32).reshape(-1, 2)


def refused(inst: Instance, policy: Policy, plan: list[tuple[int, int]]) -> bool:
    """Does the check object?"""
    return bool(check(inst, policy, rows(plan)))
