"""The compiled problem: edges with values, ready for the kernels."""

# ruff: noqa: PLR0917
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .arrays import B1, F8, I4, I8
from .eligibility import Edges, bars, compile_edges
from .instance import Instance
from .layout import Data
from .model import InstanceError, Policy
from .value import Weights, bundle_value, coverage, weights


@dataclass(frozen=True)
class Problem:
    """An instance under a policy: edges, kernel data, open seats per cohort (C,), and what fixed seats are worth."""

    instance: Instance
    policy: Policy
    edges: Edges
    data: Data
    cap: I4
    fixed_value: float
    floor_rows: F8
    """(floors, n): what one unit of unweighted need met by a person adds to each floor."""
    floor_base: F8
    """(floors,): left side minus right side reached by fixed seats alone."""

    @property
    def owner(self) -> I4:
        """Person of each edge."""
        return self.edges.owner

    def cohorts(self, edges: I4) -> I4:
        """Cohort of each edge; C where the edge is -1."""
        taken: I4 = self._padded[edges]
        return taken

    @cached_property
    def _padded(self) -> I4:
        """Cohorts by edge with "none" last, where -1 finds it."""
        return np.append(self.data.cohort, len(self.cap)).astype(np.int32)

    def used(self, seats: I4) -> I4:
        """Seats taken per cohort by edges (any shape)."""
        taken = seats[seats >= 0]
        return np.bincount(self.data.cohort[taken], minlength=len(self.cap)).astype(np.int32)

    def at_floor_prices(self, rho: F8) -> Problem:
        """The same problem with each floor's multiplier worked into the need weights."""
        if not len(rho) or not rho.any():
            return self
        u = weights(self.instance, self.policy).urgency + rho @ self.floor_rows
        u = np.maximum(u, 1e-6)
        weight = u[:, None] * self.instance.p_needs
        d = self.data._replace(weight=weight.reshape(-1))
        single = _single_values(self.edges, d, self.instance)
        return replace(self, data=d._replace(single=single))


def compile_problem(instance: Instance, policy: Policy) -> Problem:
    """Apply the rules, work out every seat's value alone, and lay it all out flat."""
    edges = compile_edges(instance, policy)
    w = weights(instance, policy)
    held_fixed = _fixed_sets(instance)
    base, room, edges = _around_fixed(instance, policy, edges, held_fixed)
    data = _layout(instance, policy, edges, w, base, room, held_fixed)
    taken = np.bincount(instance.fixed[:, 1], minlength=len(instance.cohorts))
    cap = np.maximum(0, instance.c_seats - taken).astype(np.int32)
    fixed_value = sum(bundle_value(instance, policy, p, c) for p, c in held_fixed.items())
    rows, reached = _floors(instance, policy, held_fixed)
    return Problem(instance, policy, edges, data, cap, fixed_value, rows, reached)


def _fixed_sets(instance: Instance) -> dict[int, list[int]]:
    out: dict[int, list[int]] = {}
    for p, c in instance.fixed:
        out.setdefault(int(p), []).append(int(c))
    return out


def _around_fixed(
    instance: Instance, policy: Policy, edges: Edges, fixed: dict[int, list[int]]
) -> tuple[F8, I4, Edges]:
    """Coverage and room left by fixed seats; edges that meet them, or a keep-apart partner's, are dropped."""
    base = np.zeros((instance.n, len(instance.needs)))
    room = np.minimum(instance.p_max, policy.max_seats).astype(np.int32)
    keep = np.ones(len(edges.cohort), dtype=bool)
    clash = instance.clashes(policy.travel_minutes) if fixed else np.zeros((1, 1), dtype=bool)
    partners: dict[int, set[int]] = {}
    for a, b in instance.apart:
        partners.setdefault(int(a), set()).add(int(b))
        partners.setdefault(int(b), set()).add(int(a))
    for p, seats in fixed.items():
        room[p] = max(0, room[p] - len(seats))
        at = slice(int(edges.indptr[p]), int(edges.indptr[p + 1]))
        mine = edges.cohort[at]
        for c in seats:
            base[p] += instance.g_strength[instance.c_program[c]] * instance.pair(p, c)[0]
            keep[at] &= ~meets(instance, clash, mine, c)
        for q in partners.get(p, ()):
            there = slice(int(edges.indptr[q]), int(edges.indptr[q + 1]))
            keep[there] &= ~np.isin(edges.cohort[there], seats)
    return np.minimum(base, 1.0), room, _subset(edges, keep)


def meets(instance: Instance, clash: B1, cohorts: I4, other: int) -> B1:
    """Which cohorts cannot share a bundle with `other`: same program, or dates and weekly times overlap."""
    same = instance.c_program[cohorts] == instance.c_program[other]
    days = (instance.c_start[cohorts] < instance.c_end[other]) & (
        instance.c_start[other] < instance.c_end[cohorts]
    )
    hit: B1 = same | (days & clash[instance.c_pattern[cohorts], instance.c_pattern[other]])
    return hit


def _subset(edges: Edges, keep: B1) -> Edges:
    if keep.all():
        return edges
    total = np.concatenate(([0], np.cumsum(keep)))
    return Edges(total[edges.indptr].astype(np.int64), edges.cohort[keep], edges.fit[keep], edges.pref[keep])


def _layout(
    instance: Instance,
    policy: Policy,
    edges: Edges,
    w: Weights,
    base: F8,
    room: I4,
    fixed: dict[int, list[int]],
) -> Data:
    owner = edges.owner
    bonus = w.waiting[owner] + policy.preference * edges.pref
    for p, c in instance.held:
        e = edges.find(int(p), int(c))
        if e >= 0:
            bonus[e] += policy.held
    first = w.first.copy()
    first[list(fixed)] = 0.0
    gptr = np.concatenate(([0], np.cumsum((instance.g_strength > 0).sum(axis=1)))).astype(np.int64)
    program, need = np.nonzero(instance.g_strength > 0)
    pre1, pre2, opens = _prerequisites(instance, edges, owner, fixed)
    aptr, apart = _adjacent(instance)
    d = Data(
        needs=len(instance.needs), patterns=len(instance.patterns), indptr=edges.indptr, cohort=edges.cohort,
        fit=edges.fit, bonus=bonus, single=bonus, opens=opens, pre1=pre1, pre2=pre2,
        weight=(w.urgency[:, None] * instance.p_needs).reshape(-1), base=base.reshape(-1), first=first, room=room,
        program=instance.c_program, start=instance.c_start, end=instance.c_end, pattern=instance.c_pattern,
        gptr=gptr, gneed=need.astype(np.int32), gstrength=instance.g_strength[program, need],
        clash=instance.clashes(policy.travel_minutes).astype(np.uint8).reshape(-1), aptr=aptr, apart=apart,
    )  # fmt: skip
    return d._replace(single=_single_values(edges, d, instance))


def _single_values(edges: Edges, d: Data, instance: Instance) -> F8:
    owner, g = edges.owner, instance.c_program[edges.cohort]
    total: F8 = d.first[owner] + d.bonus
    count = np.diff(d.gptr)
    for k in range(int(count.max(initial=0))):
        e = np.flatnonzero(count[g] > k)
        at = d.gptr[g[e]] + k
        cell = owner[e].astype(np.int64) * d.needs + d.gneed[at]
        have = d.base[cell]
        total[e] += d.weight[cell] * (np.minimum(1.0, have + d.gstrength[at] * edges.fit[e]) - have)
    return total


def _adjacent(instance: Instance) -> tuple[I8, I4]:
    both = np.concatenate((instance.apart, instance.apart[:, ::-1]))
    both = both[np.lexsort((both[:, 1], both[:, 0]))] if len(both) else both
    aptr = np.searchsorted(both[:, 0], np.arange(instance.n + 1)).astype(np.int64)
    return aptr, np.append(both[:, 1], 0).astype(np.int32)


def _prerequisites(
    instance: Instance, edges: Edges, owner: I4, fixed: dict[int, list[int]]
) -> tuple[I4, I4, I4]:
    """Per edge: up to two programs still missing, and whether it can open another edge of the same person.

    An edge that misses three programs can be in no bundle; it gets the number of a program that does not exist.
    """
    programs = len(instance.programs)
    pre1 = np.full(len(edges.cohort), -1, dtype=np.int32)
    pre2 = pre1.copy()
    g = instance.c_program[edges.cohort]
    start, end = instance.c_start[edges.cohort], instance.c_end[edges.cohort]
    for k in range(max((len(q) for q in instance.g_prereq), default=0)):
        table = np.array([q[k] if len(q) > k else -1 for q in instance.g_prereq], dtype=np.int32)
        e = np.flatnonzero(table[g] >= 0)
        q = table[g[e]]
        missing = ~instance.p_done[owner[e], q]
        mine = owner[e]
        for p, seats in fixed.items():
            lo, hi = np.searchsorted(mine, [p, p + 1])
            for i in range(int(lo), int(hi)):
                done = (instance.c_program[c] == q[i] and instance.c_end[c] <= start[e[i]] for c in seats)
                missing[i] &= not any(done)
        e, q = e[missing], q[missing]
        third = pre2[e] >= 0
        second = (pre1[e] >= 0) & ~third
        pre1[e[third]] = programs
        pre2[e[second]] = q[second]
        fresh = ~third & ~second
        pre1[e[fresh]] = q[fresh]
    opens = np.zeros(len(edges.cohort), dtype=np.int32)
    late: list[tuple[I8, I4]] = []
    for pre in (pre1, pre2):
        e = np.flatnonzero(pre >= 0)
        late.append((owner[e].astype(np.int64) * (programs + 1) + pre[e], start[e]))
    key = np.concatenate([k for k, _ in late])
    if len(key):
        order = np.lexsort((np.concatenate([s for _, s in late]), key))
        key, latest = key[order], np.concatenate([s for _, s in late])[order]
        last = np.append(key[1:] != key[:-1], True)
        key, latest = key[last], latest[last]
        mine = owner.astype(np.int64) * (programs + 1) + g
        at = np.minimum(np.searchsorted(key, mine), len(key) - 1)
        opens[(key[at] == mine) & (end <= latest[at])] = 1
    return pre1, pre2, opens


def _floors(instance: Instance, policy: Policy, fixed: dict[int, list[int]]) -> tuple[F8, F8]:
    """Each floor as a row over people: sum of row x need met, plus base, must be 0 or more."""
    rows, base = np.zeros((len(policy.floors), instance.n)), np.zeros(len(policy.floors))
    need = instance.p_needs.sum(axis=1)
    for k, floor in enumerate(policy.floors):
        if floor.group not in instance.groups or floor.label not in instance.groups[floor.group][0]:
            raise InstanceError(
                f"The floor names the group {floor.group}={floor.label}, which nobody belongs to."
            )
        labels, code = instance.groups[floor.group]
        inside = code == labels.index(floor.label)
        rows[k, inside] = 1.0 / max(float(need[inside].sum()), 1e-12)
        if floor.relative:
            rows[k, ~inside] = -floor.at_least / max(float(need[~inside].sum()), 1e-12)
        else:
            base[k] = -floor.at_least
    for p, seats in fixed.items():
        base += rows[:, p] * float(instance.p_needs[p] @ coverage(instance, p, seats))
    return rows, base


def need_met(instance: Instance, seats: I4) -> F8:
    """Need met per person without urgency, (n,), of (person, cohort) rows."""
    fit = np.ones(len(seats))
    at = bars(instance, seats[:, 0], seats[:, 1])
    fit[at >= 0] = instance.pair_fit[at[at >= 0]]
    covered = np.zeros((instance.n, len(instance.needs)))
    np.add.at(covered, seats[:, 0], instance.g_strength[instance.c_program[seats[:, 1]]] * fit[:, None])
    met: F8 = (instance.p_needs * np.minimum(covered, 1.0)).sum(axis=1)
    return met
