"""Ties: equals for a seat are ordered by tickets drawn from a published seed, and every draw is kept [F-4]."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np

from .arrays import F8, I4
from .model import Ticket
from .problem import Problem
from .promise import passed_over, unseated


def tickets(people: tuple[str, ...], seed: int) -> F8:
    """One number in [0, 1) per person from the seed and their id alone; the lowest goes first."""
    out = np.empty(len(people))
    for i, person in enumerate(people):
        raw = hashlib.blake2b(f"{seed}:{person}".encode(), digest_size=8).digest()
        out[i] = int.from_bytes(raw, "big") / 2.0**64
    return out


def draw(problem: Problem, seats: I4, seed: int) -> tuple[I4, tuple[Ticket, ...]]:
    """Settle ties by ticket; returns the plan and the ledger.

    Equals for a full cohort are people with the same need, release, wait and value there, one side holding just
    that seat, the other none. Swapping them changes no value. A swap that would break the promise elsewhere is
    not made; the ledger then shows the seat where it stayed.
    """
    inst, d = problem.instance, problem.data
    used = problem.used(seats)
    alone = (seats[:, 0] >= 0) & (seats[:, 1] < 0)
    alone[inst.fixed[:, 0]] = False
    alone[np.unique(inst.apart)] = False
    without = unseated(problem, seats)
    without[np.unique(inst.apart)] = False
    owner = problem.owner
    own_edge = np.where(alone, seats[:, 0], -1)
    holding = own_edge[owner] == np.arange(len(owner))
    open_ = without[owner] & (d.pre1 < 0) & (d.single > 0) & (used >= problem.cap)[d.cohort]
    e = np.flatnonzero((holding & (used >= problem.cap)[d.cohort]) | open_)
    if not len(e):
        return seats, ()
    need = inst.p_needs[owner[e], inst.g_primary[inst.c_program[d.cohort[e]]]]
    facts = np.column_stack(
        (d.cohort[e], np.round(d.single[e], 9), inst.p_release[owner[e]], inst.p_wait[owner[e]], need)
    )
    order = np.lexsort(facts.T[::-1])
    facts, e = facts[order], e[order]
    cuts = np.append(np.flatnonzero(np.append(True, (facts[1:] != facts[:-1]).any(axis=1))), len(e))
    chance: F8 | None = None
    ledger: list[Ticket] = []
    seats = seats.copy()
    for lo, hi in pairwise(cuts):
        if hi - lo < 2:
            continue
        group = e[lo:hi]
        # An earlier draw may have seated or unseated someone here; look again.
        group = np.array(
            [x for x in group if seats[owner[x], 0] < 0 or (seats[owner[x]] == (x, -1, -1)).all()]
        )
        in_ = [int(x) for x in group if seats[owner[x], 0] == x]
        if not in_ or len(in_) == len(group):
            continue
        chance = tickets(inst.people, seed) if chance is None else chance
        ranked = sorted((int(x) for x in group), key=lambda x: (chance[owner[x]], x))
        winners = set(ranked[: len(in_)])
        seats = _hand_over(problem, seats, [x for x in in_ if x not in winners], sorted(winners - set(in_)))
        cohort = int(d.cohort[ranked[0]])
        ledger += [
            Ticket(cohort, int(owner[x]), float(chance[owner[x]]), bool(seats[owner[x], 0] == x))
            for x in ranked
        ]
    return seats, tuple(ledger)


def _hand_over(problem: Problem, seats: I4, out: list[int], into: list[int]) -> I4:
    owner = problem.owner
    trial = seats.copy()
    for x in out:
        trial[owner[x]] = -1
    for x in into:
        trial[owner[x]] = (x, -1, -1)
    touched = np.array([owner[x] for x in out + into], dtype=np.int32)
    return seats if len(passed_over(problem, trial, touched)) else trial
