"""The inner loops: the exact best bundle of one person, construction, and local search.

The file is loaded twice (see `engine`): as `..._compiled` every function is compiled by numba; otherwise it runs
as plain Python on lists. Same statements, same order of floating point steps, hence the same plan either way.
Only constructs that both understand appear here, which is why the code is flat and long-winded. It is one file on
purpose: numba's cache on disk watches only the file a function stands in, so callees elsewhere could go stale.

Seats are kept as edge numbers in `seats[3 * person + k]`, -1 when empty.
"""

# ruff: noqa: PLR0912, PLR0915, PLR0917
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from .layout import Data, State, Work

F = TypeVar("F", bound=Callable[..., Any])
Arr = Any

COMPILED = __name__.endswith("_compiled")

if COMPILED:
    import numba

    def kernel(f: F) -> F:
        """Compile, keep the result on disk, and let other threads run meanwhile."""
        return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(f))

else:

    def kernel(f: F) -> F:
        """Leave the function as it is."""
        return f


if COMPILED:

    @kernel
    def floats(size: int) -> Arr:
        """Scratch space for numbers."""
        return np.zeros(size, dtype=np.float64)

    @kernel
    def ints(size: int) -> Arr:
        """Scratch space for indices."""
        return np.zeros(size, dtype=np.int64)

else:

    def floats(size: int) -> Arr:
        """Scratch space for numbers."""
        return [0.0] * size

    def ints(size: int) -> Arr:
        """Scratch space for indices."""
        return [0] * size


BLOCKED = 1e18
"""A cost that closes a cohort."""


@kernel
def degree(d: Data) -> int:
    """Longest edge list."""
    most = 0
    for p in range(len(d.indptr) - 1):
        size = d.indptr[p + 1] - d.indptr[p]
        most = max(most, size)
    return most


@kernel
def meet(program: Arr, start: Arr, end: Arr, pattern: Arr, clash: Arr, patterns: int, a: int, b: int) -> bool:
    """May cohorts a and b not be in one bundle: same program, or the times meet?"""
    if program[a] == program[b]:
        return True
    if start[a] >= end[b] or start[b] >= end[a]:
        return False
    hit: bool = clash[pattern[a] * patterns + pattern[b]] != 0
    return hit


@kernel
def ready(
    pre1: Arr, pre2: Arr, cohort: Arr, program: Arr, start: Arr, end: Arr, e: int, a: int, b: int
) -> bool:
    """Are the prerequisites of edge e met inside the bundle by edges a and b (-1 = none)?"""
    if pre1[e] < 0 and pre2[e] < 0:
        return True
    at = start[cohort[e]]
    one = pre1[e] < 0
    two = pre2[e] < 0
    if a >= 0 and end[cohort[a]] <= at:
        one = one or program[cohort[a]] == pre1[e]
        two = two or program[cohort[a]] == pre2[e]
    if b >= 0 and end[cohort[b]] <= at:
        one = one or program[cohort[b]] == pre1[e]
        two = two or program[cohort[b]] == pre2[e]
    both: bool = one and two
    return both


@kernel
def cover(gptr: Arr, gneed: Arr, gstrength: Arr, g: int, fit: float, before: Arr, after: Arr) -> None:
    """Coverage after adding a seat of program g."""
    for n in range(len(before)):
        after[n] = before[n]
    for k in range(gptr[g], gptr[g + 1]):
        after[gneed[k]] += gstrength[k] * fit


@kernel
def gain(gptr: Arr, gneed: Arr, gstrength: Arr, weight: Arr, at: int, g: int, fit: float, cov: Arr) -> float:
    """Need value that a seat of program g adds to this coverage; the person's weights begin at `at`."""
    total = 0.0
    for k in range(gptr[g], gptr[g + 1]):
        n = gneed[k]
        have = cov[n]
        if have < 1.0:
            total += weight[at + n] * (min(have + gstrength[k] * fit, 1.0) - have)
    return total


@kernel
def worth(d: Data, p: int, e0: int, e1: int, e2: int, cov1: Arr, cov2: Arr) -> float:
    """Value of a bundle given as edges, -1 last."""
    if e0 < 0:
        return 0.0
    total: float = d.single[e0]
    if e1 < 0:
        return total
    at = p * d.needs
    for n in range(d.needs):
        cov2[n] = d.base[at + n]
    g = d.program[d.cohort[e0]]
    cover(d.gptr, d.gneed, d.gstrength, g, d.fit[e0], cov2, cov1)
    g = d.program[d.cohort[e1]]
    total += d.bonus[e1] + gain(d.gptr, d.gneed, d.gstrength, d.weight, at, g, d.fit[e1], cov1)
    if e2 >= 0:
        cover(d.gptr, d.gneed, d.gstrength, g, d.fit[e1], cov1, cov2)
        g = d.program[d.cohort[e2]]
        total += d.bonus[e2] + gain(d.gptr, d.gneed, d.gstrength, d.weight, at, g, d.fit[e2], cov2)
    return total


@kernel
def best_bundle(
    d: Data,
    p: int,
    cost: Arr,
    ban: Arr,
    bans: int,
    net: Arr,
    edge: Arr,
    cov0: Arr,
    cov1: Arr,
    cov2: Arr,
    out: Arr,
) -> float:
    """Exact best bundle of person p when seat c costs cost[c]; edges to out[0..2], returns value minus cost.

    Pruning rests on submodularity: a later seat never adds more than its value alone less the first-seat worth.
    """
    out[0] = -1
    out[1] = -1
    out[2] = -1
    room = d.room[p]
    lo = d.indptr[p]
    hi = d.indptr[p + 1]
    if room <= 0 or lo == hi:
        return 0.0
    cohort = d.cohort
    single = d.single
    opens = d.opens
    pre1 = d.pre1
    pre2 = d.pre2
    fit = d.fit
    bonus = d.bonus
    weight = d.weight
    program = d.program
    start = d.start
    end = d.end
    pattern = d.pattern
    clash = d.clash
    patterns = d.patterns
    gptr = d.gptr
    gneed = d.gneed
    gstrength = d.gstrength
    at = p * d.needs
    first = d.first[p]
    top1 = 0.0
    top2 = 0.0
    count = 0
    for e in range(lo, hi):
        c = cohort[e]
        x = cost[c]
        if x >= BLOCKED:
            continue
        shut = False
        for k in range(bans):
            if ban[k] == c:
                shut = True
        if shut:
            continue
        v = single[e] - x
        if v <= 0.0 and opens[e] == 0:
            continue
        net[count] = v
        edge[count] = e
        count += 1
        v -= first
        if v > top1:
            top2 = top1
            top1 = v
        elif v > top2:
            top2 = v
    kept = 0
    for k in range(count):
        v = net[k]
        if v <= 0.0 and (room < 2 or v + top1 + top2 <= 0.0):
            continue
        e = edge[k]
        j = kept
        while j > 0 and net[j - 1] < v:
            net[j] = net[j - 1]
            edge[j] = edge[j - 1]
            j -= 1
        net[j] = v
        edge[j] = e
        kept += 1
    best = 0.0
    for n in range(d.needs):
        cov0[n] = d.base[at + n]
    for a in range(kept):
        i = edge[a]
        bound = net[a]
        if room > 1 and a + 1 < kept and net[a + 1] > first:
            bound += net[a + 1] - first
            if room > 2 and a + 2 < kept and net[a + 2] > first:
                bound += net[a + 2] - first
        if bound <= best:
            break
        if net[a] > best and pre1[i] < 0:
            best = net[a]
            out[0] = i
            out[1] = -1
            out[2] = -1
        if room < 2:
            continue
        # What each later seat adds once i is there bounds what it adds to any bundle with i in it.
        cover(gptr, gneed, gstrength, program[cohort[i]], fit[i], cov0, cov1)
        others = 0
        most = 0.0
        for b in range(a + 1, kept):
            j = edge[b]
            alone = net[b] - first
            if net[a] + alone + (max(alone, most) if room > 2 else 0.0) <= best:
                break
            cj = cohort[j]
            if meet(program, start, end, pattern, clash, patterns, cohort[i], cj):
                continue
            more = bonus[j] - cost[cj]
            more += gain(gptr, gneed, gstrength, weight, at, program[cj], fit[j], cov1)
            if more <= 0.0 and opens[j] == 0:
                continue
            most = max(most, more)
            x = others
            while x > 0 and net[kept + x - 1] < more:
                net[kept + x] = net[kept + x - 1]
                edge[kept + x] = edge[kept + x - 1]
                x -= 1
            net[kept + x] = more
            edge[kept + x] = j
            others += 1
        for b in range(kept, kept + others):
            third = 0.0
            if room > 2 and b + 1 < kept + others:
                third = max(net[b + 1], 0.0)
            v = net[a] + net[b]
            if v + third <= best:
                break
            j = edge[b]
            if (
                v > best
                and ready(pre1, pre2, cohort, program, start, end, i, j, -1)
                and ready(pre1, pre2, cohort, program, start, end, j, i, -1)
            ):
                best = v
                out[0] = i
                out[1] = j
                out[2] = -1
            if room < 3:
                continue
            cover(gptr, gneed, gstrength, program[cohort[j]], fit[j], cov1, cov2)
            for c in range(b + 1, kept + others):
                if v + net[c] <= best:
                    break
                k = edge[c]
                ck = cohort[k]
                if meet(program, start, end, pattern, clash, patterns, cohort[j], ck):
                    continue
                total = v + (bonus[k] - cost[ck])
                total += gain(gptr, gneed, gstrength, weight, at, program[ck], fit[k], cov2)
                if (
                    total > best
                    and ready(pre1, pre2, cohort, program, start, end, i, j, k)
                    and ready(pre1, pre2, cohort, program, start, end, j, i, k)
                    and ready(pre1, pre2, cohort, program, start, end, k, i, j)
                ):
                    best = total
                    out[0] = i
                    out[1] = j
                    out[2] = k
    return best


@kernel
def tidy(out: Arr) -> None:
    """Sort a bundle's edges, empty ones last."""
    for a in range(2):
        for b in range(2 - a):
            if out[b + 1] >= 0 and (out[b] < 0 or out[b] > out[b + 1]):
                x = out[b]
                out[b] = out[b + 1]
                out[b + 1] = x


@kernel
def sweep(d: Data, lo: int, hi: int, cost: Arr, net_out: Arr, edge_out: Arr) -> None:
    """Best bundle of everyone in lo..hi-1, keep-aparts ignored (that keeps the bound valid)."""
    size = 2 * degree(d) + 2
    net = floats(size)
    edge = ints(size)
    cov0 = floats(d.needs)
    cov1 = floats(d.needs)
    cov2 = floats(d.needs)
    out = ints(3)
    ban = ints(1)
    for p in range(lo, hi):
        net_out[p] = best_bundle(d, p, cost, ban, 0, net, edge, cov0, cov1, cov2, out)
        tidy(out)
        for k in range(3):
            edge_out[3 * p + k] = out[k]


@kernel
def sweep_people(d: Data, people: Arr, cost: Arr, net_out: Arr) -> None:
    """Best value of just these people, in their order."""
    size = 2 * degree(d) + 2
    net = floats(size)
    edge = ints(size)
    cov0 = floats(d.needs)
    cov1 = floats(d.needs)
    cov2 = floats(d.needs)
    out = ints(3)
    ban = ints(1)
    for k in range(len(people)):
        net_out[k] = best_bundle(d, people[k], cost, ban, 0, net, edge, cov0, cov1, cov2, out)


@kernel
def values(d: Data, edges: Arr, out: Arr) -> None:
    """Value of each person's bundle; edges is (3n,)."""
    cov1 = floats(d.needs)
    cov2 = floats(d.needs)
    for p in range(len(out)):
        out[p] = worth(d, p, edges[3 * p], edges[3 * p + 1], edges[3 * p + 2], cov1, cov2)


@kernel
def banned(d: Data, p: int, seats: Arr, ban: Arr) -> int:
    """Cohorts where a keep-apart partner of p sits; returns how many."""
    count = 0
    for k in range(d.aptr[p], d.aptr[p + 1]):
        q = d.apart[k]
        for j in range(3):
            e = seats[3 * q + j]
            if e >= 0 and count < len(ban):
                ban[count] = d.cohort[e]
                count += 1
    return count


@kernel
def most_partners(d: Data) -> int:
    """Longest list of keep-apart partners."""
    most = 0
    for p in range(len(d.aptr) - 1):
        most = max(most, d.aptr[p + 1] - d.aptr[p])
    return most


@kernel
def construct(d: Data, order: Arr, price: Arr, cap: Arr, used: Arr, seats: Arr) -> None:
    """People in the given order each take their best bundle at the prices, among cohorts with an open seat.

    Seats a person already holds are given back first. With price 0 this is the fill pass: nobody can lose.
    """
    size = 2 * degree(d) + 2
    net = floats(size)
    edge = ints(size)
    cov0 = floats(d.needs)
    cov1 = floats(d.needs)
    cov2 = floats(d.needs)
    out = ints(3)
    ban = ints(3 * most_partners(d) + 1)
    cost = floats(len(price))
    for c in range(len(price)):
        cost[c] = price[c] if used[c] < cap[c] else BLOCKED
    for p in order:
        for k in range(3):
            e = seats[3 * p + k]
            if e >= 0:
                c = d.cohort[e]
                used[c] -= 1
                cost[c] = price[c]
        bans = banned(d, p, seats, ban)
        best_bundle(d, p, cost, ban, bans, net, edge, cov0, cov1, cov2, out)
        tidy(out)
        for k in range(3):
            e = out[k]
            seats[3 * p + k] = e
            if e >= 0:
                used[d.cohort[e]] += 1
        for k in range(3):
            e = out[k]
            if e >= 0 and used[d.cohort[e]] >= cap[d.cohort[e]]:
                cost[d.cohort[e]] = BLOCKED
        # Seats given back and not taken again stay open; those still full were full with this person in them.


@kernel
def refresh(s: State, c: int) -> None:
    """Bring the two cost tables of cohort c in line with its open seats."""
    if s.used[c] < s.cap[c]:
        s.cost[c] = 0.0
        s.free[c] = 0.0
    else:
        s.cost[c] = s.price[c]
        s.free[c] = BLOCKED


@kernel
def leave(s: State, c: int, p: int) -> None:
    """Take p off the holders of c."""
    last = s.off[c] + s.used[c] - 1
    for k in range(s.off[c], last + 1):
        if s.hold[k] == p:
            s.hold[k] = s.hold[last]
            break
    s.used[c] -= 1
    refresh(s, c)


@kernel
def enter(s: State, c: int, p: int) -> None:
    """Put p among the holders of c."""
    s.hold[s.off[c] + s.used[c]] = p
    s.used[c] += 1
    refresh(s, c)


@kernel
def put(d: Data, s: State, p: int, edges: Arr, at: int) -> None:
    """Replace all seats of p by edges[at..at+2]."""
    for k in range(3):
        e = s.seats[3 * p + k]
        if e >= 0:
            leave(s, d.cohort[e], p)
    for k in range(3):
        e = edges[at + k]
        s.seats[3 * p + k] = e
        if e >= 0:
            enter(s, d.cohort[e], p)


@kernel
def best_without(d: Data, s: State, q: int, c: int, w: Work, out: Arr) -> float:
    """Value of q's best bundle among open seats and q's own, the full cohort c closed to q."""
    for k in range(3):
        e = s.seats[3 * q + k]
        if e >= 0 and d.cohort[e] != c:
            s.free[d.cohort[e]] = 0.0
    bans = banned(d, q, s.seats, w.ban)
    v = best_bundle(d, q, s.free, w.ban, bans, w.net, w.edge, w.cov0, w.cov1, w.cov2, out)
    for k in range(3):
        e = s.seats[3 * q + k]
        if e >= 0:
            refresh(s, d.cohort[e])
    return v


@kernel
def cheapest_holder(d: Data, s: State, c: int, p: int, limit: float, w: Work) -> int:
    """The holder of c (not p) who loses least by leaving it, if less than `limit`; their new bundle in w.theirs.

    The loss goes to w.loss[0].
    """
    chosen = -1
    for h in range(s.off[c], s.off[c] + s.used[c]):
        q = s.hold[h]
        if q == p:
            continue
        have = worth(d, q, s.seats[3 * q], s.seats[3 * q + 1], s.seats[3 * q + 2], w.cov1, w.cov2)
        loss = have - best_without(d, s, q, c, w, w.trial)
        if loss < limit:
            limit = loss
            chosen = q
            tidy(w.trial)
            for k in range(3):
                w.theirs[k] = w.trial[k]
    w.loss[0] = limit
    return chosen


@kernel
def local_search(d: Data, order: Arr, s: State, w: Work) -> int:
    """One ejection pass; returns how many moves were made. No move lowers the plan's value.

    A person takes their best bundle with full cohorts at their price. For each full cohort in it, the holder
    who loses least makes room and re-plans among open seats. Kept only if all of it together gains.
    `s.log` remembers the old seats of everyone touched, so that a move that does not pay can be undone.
    """
    moves = 0
    for p in order:
        value = worth(d, p, s.seats[3 * p], s.seats[3 * p + 1], s.seats[3 * p + 2], w.cov1, w.cov2)
        touched = 1
        w.who[0] = p
        for k in range(3):
            w.log[k] = s.seats[3 * p + k]
            w.none[k] = -1
        put(d, s, p, w.none, 0)
        bans = banned(d, p, s.seats, w.ban)
        best_bundle(d, p, s.cost, w.ban, bans, w.net, w.edge, w.cov0, w.cov1, w.cov2, w.out)
        tidy(w.out)
        if w.out[0] == w.log[0] and w.out[1] == w.log[1] and w.out[2] == w.log[2]:
            put(d, s, p, w.out, 0)
            continue
        gained = worth(d, p, w.out[0], w.out[1], w.out[2], w.cov1, w.cov2) - value
        # p is shown as seated at once, so that re-planning holders keep clear of a keep-apart partner.
        for k in range(3):
            e = w.out[k]
            s.seats[3 * p + k] = e
            w.entered[k] = 0
            if e >= 0 and s.used[d.cohort[e]] < s.cap[d.cohort[e]]:
                enter(s, d.cohort[e], p)
                w.entered[k] = 1
        for k in range(3):
            e = w.out[k]
            if e < 0 or w.entered[k] == 1 or gained <= 1e-7:
                continue
            c = d.cohort[e]
            if s.used[c] >= s.cap[c]:
                q = cheapest_holder(d, s, c, p, gained - 1e-7, w)
                if q < 0:
                    gained = 0.0
                    break
                gained -= w.loss[0]
                w.who[touched] = q
                for j in range(3):
                    w.log[3 * touched + j] = s.seats[3 * q + j]
                touched += 1
                put(d, s, q, w.theirs, 0)
            enter(s, c, p)
            w.entered[k] = 1
        if gained > 1e-7:
            moves += 1
            continue
        for k in range(3):
            e = w.out[k]
            s.seats[3 * p + k] = -1
            if e >= 0 and w.entered[k] == 1:
                leave(s, d.cohort[e], p)
        for back in range(touched):
            x = touched - 1 - back
            put(d, s, w.who[x], w.log, 3 * x)
    return moves


@kernel
def seat_in_order(d: Data, order: Arr, owner: Arr, cap: Arr, used: Arr, seats: Arr) -> int:
    """Seat edges one by one in the given order when they still fit; returns how many were seated."""
    ban = ints(3 * most_partners(d) + 1)
    done = 0
    for e in order:
        p = owner[e]
        c = d.cohort[e]
        if used[c] >= cap[c]:
            continue
        count = 0
        fits = True
        for k in range(3):
            x = seats[3 * p + k]
            if x >= 0:
                count += 1
                if meet(d.program, d.start, d.end, d.pattern, d.clash, d.patterns, d.cohort[x], c):
                    fits = False
        if not fits or count >= d.room[p]:
            continue
        if not ready(d.pre1, d.pre2, d.cohort, d.program, d.start, d.end, e, seats[3 * p], seats[3 * p + 1]):
            continue
        bans = banned(d, p, seats, ban)
        for k in range(bans):
            if ban[k] == c:
                fits = False
        if not fits:
            continue
        seats[3 * p + count] = e
        used[c] += 1
        done += 1
    return done


if COMPILED:

    @kernel
    def pool_best(
        lo: int, hi: int, size: int, value: Arr, cohort: Arr, count: Arr, lam: Arr, slot: Arr, net: Arr
    ) -> None:
        """Best pooled bundle of each person at prices `lam` (one extra 0 for "no seat")."""
        for p in range(lo, hi):
            best = 0.0
            at = -1
            for k in range(count[p]):
                i = p * size + k
                v = value[i] - lam[cohort[3 * i]] - lam[cohort[3 * i + 1]] - lam[cohort[3 * i + 2]]
                if v > best:
                    best = v
                    at = k
            slot[p] = at
            net[p] = best
