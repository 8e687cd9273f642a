"""The promise a person can appeal on, and how a plan is brought to keep it.

Nobody without a seat is passed over: for no seat that fits them does the holder have less need of that kind AND
a later release AND a shorter wait [F-3]. Seats of people already enrolled are exempt, for they are never bumped.
"""

from __future__ import annotations

import numpy as np

from .arrays import B1, I4, I8
from .engine import Engine
from .problem import Problem


def unseated(problem: Problem, seats: I4) -> B1:
    """Who has neither a new nor a fixed seat, (n,)."""
    none: B1 = seats[:, 0] < 0
    none = none & (problem.data.room > 0)
    none[problem.instance.fixed[:, 0]] = False
    return none


def passed_over(problem: Problem, seats: I4, only: I4 | None = None) -> I8:
    """All breaches as rows (edge of the one passed over, person holding the seat).

    `only` limits the search to these people. A seat fits when the rules allow it, nothing must come first, it is
    worth something to them, and nobody they must be kept apart from sits there besides the holder.
    """
    inst, d = problem.instance, problem.data
    waiting = unseated(problem, seats)
    if only is not None:
        mask = np.zeros_like(waiting)
        mask[only] = True
        waiting &= mask
    owner = problem.owner
    e = np.flatnonzero(waiting[owner] & (d.pre1 < 0) & (d.single > 0))
    if not len(e):
        return np.empty((0, 2), dtype=np.int64)
    e = e[np.argsort(d.cohort[e], kind="stable")]
    p, c = owner[e], d.cohort[e]
    holder, spot = np.nonzero(seats >= 0)
    held = d.cohort[seats[holder, spot]]
    order = np.argsort(held, kind="stable")
    holder, held = holder[order], held[order]
    lo, hi = (
        np.searchsorted(held, np.arange(len(problem.cap))),
        np.searchsorted(held, np.arange(len(problem.cap)), "right"),
    )
    cuts = np.flatnonzero(np.append(True, c[1:] != c[:-1]))
    primary = inst.g_primary[inst.c_program]
    found: list[I8] = []
    for at, end in zip(cuts, np.append(cuts[1:], len(c)), strict=True):
        cohort = c[at]
        h = holder[lo[cohort] : hi[cohort]]
        if not len(h):
            continue
        w, n = p[at:end], primary[cohort]
        worse = inst.p_release[h][None, :] > inst.p_release[w][:, None]
        worse &= inst.p_needs[h, n][None, :] < inst.p_needs[w, n][:, None]
        if not worse.any():
            continue
        worse &= inst.p_wait[h][None, :] < inst.p_wait[w][:, None]
        i, j = np.nonzero(worse)
        if len(i):
            found.append(np.column_stack((e[at + i], h[j])))
    rows = np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
    return rows[_no_partner(problem, seats, rows)]


def _no_partner(problem: Problem, seats: I4, rows: I8) -> B1:
    """Rows where no keep-apart partner but the holder sits in the cohort."""
    d = problem.data
    keep = np.ones(len(rows), dtype=bool)
    owner = problem.owner[rows[:, 0]] if len(rows) else rows[:, 0]
    for i in np.flatnonzero(np.diff(d.aptr)[owner]) if len(rows) else ():
        p, c = int(owner[i]), d.cohort[rows[i, 0]]
        for q in d.apart[d.aptr[p] : d.aptr[p + 1]]:
            mine = seats[q][seats[q] >= 0]
            keep[i] &= q == rows[i, 1] or c not in d.cohort[mine]
    return keep


def keep_promise(problem: Problem, engine: Engine, seats: I4) -> I4:
    """A plan without breaches, close to the given one.

    Each repair hands a seat to someone with an earlier release, so repairs alone must end. Between rounds people
    re-plan among open seats, those without a seat first; the last word always has a repair.
    """
    for _ in range(6):
        seats = repair(problem, seats)
        seats = top_up(problem, engine, seats, whole=True)
        if not len(passed_over(problem, seats)):
            break
    return top_up(problem, engine, repair(problem, seats), whole=False)


def repair(problem: Problem, seats: I4) -> I4:
    """Give seats to people passed over, most valuable first, until nobody is."""
    d = problem.data
    seats = seats.copy()
    while len(rows := passed_over(problem, seats)):
        order = np.lexsort((rows[:, 1], rows[:, 0], -d.single[rows[:, 0]]))
        done_people: set[int] = set()
        done_seats: set[tuple[int, int]] = set()
        owner = problem.owner
        for edge, h in rows[order]:
            p, c = int(owner[edge]), int(d.cohort[edge])
            if p in done_people or int(h) in done_people or (int(h), c) in done_seats:
                continue
            done_people |= {p, int(h)}
            done_seats.add((int(h), c))
            seats[h] = without(problem, seats[h], c)
            seats[p] = (edge, -1, -1)
        seats = _part(problem, seats)
    return seats


def without(problem: Problem, mine: I4, cohort: int) -> I4:
    """A person's seats less one cohort and all that depended on it."""
    d = problem.data
    left = [int(e) for e in mine if e >= 0 and d.cohort[e] != cohort]
    changed = True
    while changed:
        changed = False
        for e in list(left):
            start = d.start[d.cohort[e]]
            ended = {int(d.program[d.cohort[x]]) for x in left if d.end[d.cohort[x]] <= start}
            if any(q >= 0 and int(q) not in ended for q in (d.pre1[e], d.pre2[e])):
                left.remove(e)
                changed = True
    return np.array(left + [-1] * (3 - len(left)), dtype=np.int32)


def _part(problem: Problem, seats: I4) -> I4:
    """Undo a seat of a repair round that put two keep-apart people together (both were seated in one round)."""
    d = problem.data
    for a, b in problem.instance.apart:
        both = np.intersect1d(d.cohort[seats[a][seats[a] >= 0]], d.cohort[seats[b][seats[b] >= 0]])
        for c in both:
            seats[b] = without(problem, seats[b], int(c))
    return seats


def top_up(problem: Problem, engine: Engine, seats: I4, *, whole: bool) -> I4:
    """Use open seats: people without one first, soonest release first, then the others.

    `whole=False` only adds seats, so that no seat is freed and the promise stays kept.
    """
    release = problem.instance.p_release
    for _ in range(4):
        order = np.lexsort((np.arange(len(seats)), release, ~unseated(problem, seats)))
        flat, used = np.ascontiguousarray(seats).reshape(-1).copy(), problem.used(seats)
        if whole:
            engine.construct(problem.data, order, np.zeros(len(used)), problem.cap, used, flat)
        else:
            rank = np.empty(len(order), dtype=np.int64)
            rank[order] = np.arange(len(order))
            d, owner = problem.data, problem.owner
            e = np.flatnonzero((used < problem.cap)[d.cohort] & (d.single > 0))
            e = e[np.lexsort((e, -d.single[e], rank[owner[e]]))]
            e = e[_adds(problem, flat, e)]
            engine.seat_in_order(d, e, owner, problem.cap, used, flat)
        new = flat.reshape(-1, 3)
        if (new == seats).all():
            break
        seats = sorted_seats(new)
    return seats


def _adds(problem: Problem, flat: I4, edges: I8) -> B1:
    """Edges that would raise a person's value beside the seats they hold."""
    d, owner = problem.data, problem.owner[edges]
    needs = problem.instance.p_needs.shape[1]
    have = d.base.reshape(problem.instance.n, needs)[owner].copy()
    for k in range(3):
        x = flat[3 * owner + k]
        there = np.flatnonzero(x >= 0)
        g = problem.instance.c_program[d.cohort[x[there]]]
        have[there] += problem.instance.g_strength[g] * d.fit[x[there]][:, None]
    g = problem.instance.c_program[d.cohort[edges]]
    more = have + problem.instance.g_strength[g] * d.fit[edges][:, None]
    gained = np.minimum(more, 1.0) - np.minimum(have, 1.0)
    worth = (gained * d.weight.reshape(problem.instance.n, needs)[owner]).sum(axis=1) + d.bonus[edges]
    result: B1 = (worth > 1e-9) | (flat[3 * owner] < 0)
    return result


def sorted_seats(seats: I4) -> I4:
    """Each person's edges ascending, -1 last."""
    key = np.where(seats < 0, np.iinfo(np.int32).max, seats)
    key.sort(axis=1)
    return np.where(key == np.iinfo(np.int32).max, -1, key).astype(np.int32)
