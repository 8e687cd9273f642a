"""The core step: a small integer program per facility over people whose choice is nearly tied at the prices."""

# ruff: noqa: PLR0917
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import numpy as np

from .arrays import B1, F8, I4, I8
from .engine import Engine
from .mip import Answer, Worker, core_arrays
from .prices import Dual
from .problem import Problem

NEAR = 0.03
"""Bundles this close to a person's best at the prices stay in play."""
GROUP = 1500
"""Small facilities are solved together up to about this many people."""
OPTIONS: dict[str, Any] = {"mip_rel_gap": 1e-4, "mip_max_nodes": 400}


class Polisher:
    """Runs core programs on two child processes. One per plan; close it afterwards."""

    def __init__(self, problem: Problem, engine: Engine, dual: Dual, lanes: int = 2) -> None:
        self.problem, self.engine, self.dual = problem, engine, dual
        self.workers = [Worker() for _ in range(lanes)]
        self.clock = False

    def close(self) -> None:
        """End the child processes."""
        for w in self.workers:
            w.close()

    def groups(self) -> list[I8]:
        """People in batches of whole facilities."""
        inst = self.problem.instance
        sizes = np.bincount(inst.p_facility, minlength=len(inst.facilities))
        batch = np.zeros(len(sizes), dtype=np.int64)
        number = filled = 0
        for f, size in enumerate(sizes):
            if filled and filled + size > GROUP:
                number, filled = number + 1, 0
            batch[f] = number
            filled += int(size)
        of = batch[inst.p_facility]
        order = np.argsort(of, kind="stable")
        return np.split(order, np.searchsorted(of[order], np.arange(1, number + 1)))

    def contested(self, seats: I4, near: float) -> tuple[B1, F8]:
        """Who is worth a second look, (n,), and everyone's pooled nets with "nothing" last, (n, 17)."""
        problem, pool = self.problem, self.dual.pool
        lam = self.dual.lam
        now = self.engine.values(problem.data, seats) - np.append(lam, 0.0)[problem.cohorts(seats)].sum(
            axis=1
        )
        nets = np.concatenate((pool.nets(lam), np.zeros((len(now), 1))), axis=1)
        best = np.maximum(nets.max(axis=1), now)
        several = (nets > (best - near)[:, None]).sum(axis=1) > 1
        open_ = (several | (now < best - 1e-9)) & (problem.data.room > 0)
        open_[np.unique(problem.instance.apart)] = False
        return open_, nets

    def run(self, seats: I4, near: float, deadline: float) -> I4:
        """One round over all groups. Remote seats still open are offered to the first group of a batch only."""
        problem = self.problem
        seats = seats.copy()
        values = self.engine.values(problem.data, seats)
        self.dual.pool.add(
            np.arange(len(seats)), seats, problem.cohorts(seats), values, np.append(self.dual.lam, 0.0)
        )
        contested, nets = self.contested(seats, near)
        groups = self.groups()
        lanes = len(self.workers)
        with ThreadPoolExecutor(lanes) as threads:
            for at in range(0, len(groups), lanes):
                left = deadline - monotonic()
                if left <= 0.1:
                    self.clock = True
                    break
                batch = [g[contested[g]] for g in groups[at : at + lanes]]
                jobs = []
                claimed = np.zeros(len(problem.cap) + 1, dtype=bool)
                for lane, people in enumerate(batch):
                    job = self._job(people, seats, values, nets, near, claimed)
                    if job is not None:
                        limit = min(left, 20.0)
                        jobs.append((*job, threads.submit(self.workers[lane].solve, job[2], OPTIONS, limit)))
                for people, options, _, answer in jobs:
                    self._take(people, options, answer.result(), seats, values)
        return seats

    def _job(
        self, people: I8, seats: I4, values: F8, nets: F8, near: float, claimed: B1
    ) -> tuple[I8, list[I4], dict[str, Any]] | None:
        if not len(people):
            return None
        problem, pool, lam = self.problem, self.dual.pool, self.dual.lam
        best = nets[people].max(axis=1)
        option_values, option_edges, option_cohorts, now = [], [], [], []
        for i, p in enumerate(people):
            mine = seats[p]
            keep = np.flatnonzero(nets[p, :-1] > best[i] - near)
            keep = keep[np.argsort(-nets[p, keep], kind="stable")]
            edges, value = pool.edge[p, keep], pool.value[p, keep]
            held = (edges == mine).all(axis=1)
            if mine[0] >= 0 and not held.any():
                edges, value = np.vstack((edges, mine)), np.append(value, values[p])
                held = np.append(held, True)
            option_values.append(value)
            option_edges.append(edges)
            option_cohorts.append(problem.cohorts(edges))
            now.append(int(np.argmax(held)) if mine[0] >= 0 else -1)
        used = np.append(problem.used(seats), 0)
        own = np.bincount(problem.cohorts(seats[people]).reshape(-1), minlength=len(used))
        spare = np.append(problem.cap, 0) - used
        room = own + np.where(claimed, 0, spare)
        mentioned = np.unique(np.concatenate(option_cohorts))
        claimed[mentioned] = True
        if not sum(len(v) for v in option_values):
            return None
        del lam
        arrays = core_arrays(people, option_values, option_cohorts, np.array(now), room, len(problem.cap))
        return people, option_edges, arrays

    def _take(self, people: I8, options: list[I4], answer: Answer, seats: I4, values: F8) -> None:
        self.clock |= answer.clock
        if answer.x is None:
            return
        flat = np.concatenate(options)
        owner = np.repeat(people, [len(e) for e in options])
        new = seats.copy()
        new[people] = -1
        chosen = answer.x > 0.5
        new[owner[chosen]] = flat[chosen]
        before = float(values[people].sum())
        after = self.engine.values(self.problem.data, new)
        if float(after[people].sum()) > before + 1e-9:
            seats[:] = new
            values[:] = after
