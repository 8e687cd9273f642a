"""Small instances solved to proven optimality: every bundle that could matter, every hard rule as a row."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from .arrays import F8, I4
from .mip import Answer, Program01, Worker
from .prices import Dual
from .problem import Problem, meets

LIMIT = 20_000
"""Largest number of seat combinations that is enumerated."""
_OPTIONS: dict[str, Any] = {"mip_rel_gap": 0.0, "mip_abs_gap": 1e-9, "mip_feasibility_tolerance": 1e-9,
                            "primal_feasibility_tolerance": 1e-9, "mip_max_nodes": 20_000}  # fmt: skip


def combinations_of(problem: Problem) -> int:
    """How many seat combinations there are before any rule is looked at."""
    k = np.diff(problem.edges.indptr).astype(np.float64)
    total = k + k * (k - 1) / 2 + k * (k - 1) * (k - 2) / 6
    return int(total.sum())


def feasible_bundles(problem: Problem, person: int) -> list[tuple[int, ...]]:
    """All bundles of a person that clash with nothing and have what must come first, as edges."""
    d, inst = problem.data, problem.instance
    clash = d.clash.reshape(d.patterns, d.patterns) > 0
    edges = [e for e in range(d.indptr[person], d.indptr[person + 1]) if problem.cap[d.cohort[e]] > 0]
    bad = {
        (a, b)
        for a, b in combinations(edges, 2)
        if meets(inst, clash, d.cohort[a : a + 1], int(d.cohort[b]))[0]
    }
    out: list[tuple[int, ...]] = []
    for size in range(1, min(3, int(d.room[person])) + 1):
        for bundle in combinations(edges, size):
            if any(pair in bad for pair in combinations(bundle, 2)):
                continue
            if all(_prepared(d, e, bundle) for e in bundle):
                out.append(bundle)
    return out


def _prepared(d: Any, e: int, bundle: tuple[int, ...]) -> bool:
    start = d.start[d.cohort[e]]
    ended = {d.program[d.cohort[x]] for x in bundle if d.end[d.cohort[x]] <= start}
    return all(q < 0 or q in ended for q in (d.pre1[e], d.pre2[e]))


class ExactModel:
    """Writes the program. Column k stands for bundle `bundles[k]` of person `owners[k]`."""

    def __init__(self, problem: Problem, dual: Dual, value: float, promise: bool) -> None:
        self.problem, self.program = problem, Program01()
        self.bundles: list[tuple[int, ...]] = []
        self.owners: list[int] = []
        self.taking: dict[int, list[int]] = {}
        self.of: dict[int, list[int]] = {}
        self._columns(dual, dual.bound - value + 1e-7)
        self._seats()
        self._apart()
        self._floors()
        if promise:
            self._promise()

    def _columns(self, dual: Dual, slack: float) -> None:
        """Every bundle but those that would push the bound below a plan already known."""
        d = self.problem.data
        for p in range(self.problem.instance.n):
            row = self.program.row(-np.inf, 1.0)
            options = [(b, *self._worth(p, b, dual.lam)) for b in feasible_bundles(self.problem, p)]
            best = max((net for _, _, net in options), default=0.0)
            for bundle, value, net in options:
                if not self.problem.floor_rows.size and net < max(best, 0.0) - slack:
                    continue
                k = self.program.column(value, [(row, 1.0)])
                self.bundles.append(bundle)
                self.owners.append(p)
                self.of.setdefault(p, []).append(k)
                for e in bundle:
                    self.taking.setdefault(int(d.cohort[e]), []).append(k)

    def _worth(self, p: int, bundle: tuple[int, ...], lam: F8) -> tuple[float, float]:
        d, inst = self.problem.data, self.problem.instance
        needs = len(inst.needs)
        cov = d.base[p * needs : (p + 1) * needs].copy()
        start = cov.copy()
        for e in bundle:
            cov += inst.g_strength[d.program[d.cohort[e]]] * d.fit[e]
        gained = np.minimum(cov, 1.0) - np.minimum(start, 1.0)
        value = float(d.weight[p * needs : (p + 1) * needs] @ gained) + float(d.first[p])
        value += float(sum(d.bonus[e] for e in bundle))
        return value, value - float(sum(lam[d.cohort[e]] for e in bundle))

    def _seats(self) -> None:
        inst = self.problem.instance
        enrolled = np.bincount(inst.fixed[:, 1], minlength=len(inst.cohorts))
        for c, columns in self.taking.items():
            cap, least = int(self.problem.cap[c]), int(inst.c_min[c] - enrolled[c])
            row = self.program.row(-np.inf, cap if least <= 0 else 0.0)
            self._add(row, columns)
            if least > 0:
                runs = self.program.column(0.0, [(row, -float(cap))])
                self.bundles.append(())
                self.owners.append(-1)
                low = self.program.row(0.0, np.inf)
                self._add(low, columns)
                self.program.entries[runs].append((low, -float(least)))

    def _add(self, row: int, columns: list[int], value: float = 1.0) -> None:
        for k in columns:
            self.program.entries[k].append((row, value))

    def _in(self, person: int, cohort: int) -> list[int]:
        return [k for k in self.taking.get(cohort, ()) if self.owners[k] == person]

    def _apart(self) -> None:
        for a, b in self.problem.instance.apart:
            for c in self.taking:
                both = self._in(int(a), c), self._in(int(b), c)
                if both[0] and both[1]:
                    row = self.program.row(-np.inf, 1.0)
                    self._add(row, both[0] + both[1])

    def _floors(self) -> None:
        inst, d = self.problem.instance, self.problem.data
        needs = len(inst.needs)
        for weights_of, base in zip(self.problem.floor_rows, self.problem.floor_base, strict=True):
            row = self.program.row(-float(base), np.inf)
            for k, (p, bundle) in enumerate(zip(self.owners, self.bundles, strict=True)):
                if p < 0 or not bundle:
                    continue
                cov = d.base[p * needs : (p + 1) * needs].copy()
                start = np.minimum(cov, 1.0)
                for e in bundle:
                    cov += inst.g_strength[d.program[d.cohort[e]]] * d.fit[e]
                met = float(inst.p_needs[p] @ (np.minimum(cov, 1.0) - start))
                self.program.entries[k].append((row, float(weights_of[p]) * met))

    def _promise(self) -> None:
        """Holder h of c only if p, who outranks h there and fits, has a seat or is kept apart from another there."""
        inst, d = self.problem.instance, self.problem.data
        enrolled = {int(p) for p in inst.fixed[:, 0]}
        for p in range(inst.n):
            if p in enrolled or d.room[p] <= 0:
                continue
            partners = {int(q) for q in d.apart[d.aptr[p] : d.aptr[p + 1]]}
            for e in range(d.indptr[p], d.indptr[p + 1]):
                c = int(d.cohort[e])
                if d.pre1[e] >= 0 or d.single[e] <= 0:
                    continue
                need = inst.p_needs[:, inst.g_primary[inst.c_program[c]]]
                for h in {self.owners[k] for k in self.taking.get(c, ())} - {p}:
                    outranked = need[h] < need[p] and inst.p_release[h] > inst.p_release[p]
                    if outranked and inst.p_wait[h] < inst.p_wait[p]:
                        row = self.program.row(-np.inf, 0.0)
                        self._add(row, self._in(h, c))
                        self._add(row, self.of.get(p, []), -1.0)
                        for q in partners - {h}:
                            self._add(row, self._in(q, c), -1.0)

    def solve(self, worker: Worker, seconds: float) -> tuple[Answer, I4 | None]:
        """The answer and the plan it means as edges (n, 3)."""
        if not self.program.cost:
            return Answer(np.empty(0), 0.0, True, False), np.full((self.problem.instance.n, 3), -1, np.int32)
        answer = worker.solve(self.program.arrays(np.empty(0)), _OPTIONS, seconds)
        if answer.x is None:
            return answer, None
        seats = np.full((self.problem.instance.n, 3), -1, np.int32)
        for k in np.flatnonzero(answer.x > 0.5):
            if self.owners[k] >= 0:
                seats[self.owners[k], : len(self.bundles[k])] = self.bundles[k]
        return answer, seats
