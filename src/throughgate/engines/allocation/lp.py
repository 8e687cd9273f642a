"""The bundle program without integrality, solved exactly by column generation: the reference for seat prices."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .arrays import F8, I4, I8
from .engine import Engine
from .kernels import BLOCKED
from .mip import Worker
from .model import AllocationError
from .prices import Dual
from .problem import Problem


@dataclass
class Master:
    """Columns generated so far and the solver; `solve` may be called again with other capacities."""

    problem: Problem
    engine: Engine
    dual: Dual
    worker: Worker
    people: list[I8] = field(default_factory=list)
    cohort: list[I4] = field(default_factory=list)
    value: list[F8] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        pool = self.dual.pool
        nets = pool.nets(self.dual.lam)
        best = np.maximum(nets.max(axis=1), 0.0)
        p, k = np.nonzero(nets > (best - 0.1)[:, None])
        self._add(p.astype(np.int64), pool.edge[p, k])

    def _add(self, people: I8, edges: I4) -> int:
        fresh = []
        for i, e in enumerate(edges):
            key = e.tobytes()
            if e[0] >= 0 and key not in self.seen:
                self.seen.add(key)
                fresh.append(i)
        if not fresh:
            return 0
        rows = np.full((self.problem.instance.n, 3), -1, np.int32)
        edges, people = edges[fresh], people[fresh]
        done = 0
        # Values are worked out for one bundle a person at a time.
        for _, at in _by_rank(people):
            rows[:] = -1
            rows[people[at]] = edges[at]
            values = self.engine.values(self.problem.data, rows)
            self.people.append(people[at])
            self.cohort.append(self.problem.cohorts(edges[at]))
            self.value.append(values[people[at]])
            done += len(at)
        return done

    def solve(self, cap: I4, seconds: float = 30.0) -> tuple[float, F8]:
        """Value of the program with these seats, fixed seats included, and its seat prices (C,)."""
        n, cohorts = self.problem.instance.n, len(cap)
        for _ in range(40):
            answer = self.worker.solve(self._arrays(cap), {}, seconds, integer=False)
            if answer.x is None or answer.dual is None:
                raise AllocationError("The linear program was not solved in time. Allow more seconds.")
            mu = np.abs(answer.dual[:n])
            lam = np.abs(answer.dual[n : n + cohorts])
            net, edges = self.engine.sweep(self.problem.data, np.where(cap > 0, lam, BLOCKED))
            better = np.flatnonzero(net > mu + 1e-7)
            if not len(better) or not self._add(better, edges[better]):
                return answer.value + self.problem.fixed_value, lam
        raise AllocationError("The linear program did not settle.")

    def _arrays(self, cap: I4) -> dict[str, F8 | I4]:
        n, cohorts = self.problem.instance.n, len(cap)
        people, triple, value = (
            np.concatenate(self.people),
            np.concatenate(self.cohort),
            np.concatenate(self.value),
        )
        rows = np.column_stack((people, np.where(triple < cohorts, n + triple, -1)))
        there = rows >= 0
        return {
            "cost": value, "low": np.full(n + cohorts, -np.inf),
            "high": np.concatenate((np.ones(n), cap.astype(float))),
            "start": np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int32),
            "index": rows[there].astype(np.int32), "value": np.ones(int(there.sum())), "incumbent": np.empty(0),
        }  # fmt: skip


def _by_rank(people: I8) -> list[tuple[int, I8]]:
    """Split rows so that no person appears twice in a part."""
    order = np.argsort(people, kind="stable")
    who = people[order]
    rank = np.empty(len(people), dtype=np.int64)
    rank[order] = np.arange(len(people)) - np.searchsorted(who, who)
    return [(k, np.flatnonzero(rank == k)) for k in range(int(rank.max(initial=-1)) + 1)]
