"""The flat arrays that the kernels read, shared by both ways of running them."""

from __future__ import annotations

from typing import Any, NamedTuple


class Data(NamedTuple):
    """Kernel input. Arrays when compiled, lists of plain numbers when not; all flat.

    Sizes: n people, E edges, C cohorts, P programs, N needs, Q weekly patterns.
    """

    needs: int
    patterns: int
    indptr: Any  # (n+1) edges of each person
    cohort: Any  # (E) cohort of an edge, ascending within a person
    fit: Any  # (E)
    bonus: Any  # (E) waiting + preference + held
    single: Any  # (E) value of the seat alone, first-seat worth included
    opens: Any  # (E) 1 if the seat can open a follow-on in this person's list
    pre1: Any  # (E) program that must be in the same bundle, or -1
    pre2: Any  # (E) a second one, or -1
    weight: Any  # (n*N) urgency * need
    base: Any  # (n*N) coverage by fixed seats
    first: Any  # (n) worth of a first seat, 0 for those who hold a fixed one
    room: Any  # (n) new seats this person may get
    program: Any  # (C)
    start: Any  # (C)
    end: Any  # (C)
    pattern: Any  # (C)
    gptr: Any  # (P+1) needs each program covers
    gneed: Any
    gstrength: Any
    clash: Any  # (Q*Q)
    aptr: Any  # (n+1) keep-apart partners
    apart: Any


class State(NamedTuple):
    """A plan being improved. `price` is what a seat in a full cohort costs; the rest follows from the seats."""

    seats: Any  # (3n) edges, -1 = none
    used: Any  # (C)
    cap: Any  # (C)
    hold: Any  # holders, cohort by cohort
    off: Any  # (C+1) where each cohort's holders begin
    price: Any  # (C)
    cost: Any  # (C) 0 while open, else price
    free: Any  # (C) 0 while open, else closed


class Work(NamedTuple):
    """Scratch space of the local search."""

    net: Any
    edge: Any
    cov0: Any
    cov1: Any
    cov2: Any
    ban: Any
    out: Any
    trial: Any
    theirs: Any
    none: Any
    entered: Any
    who: Any
    log: Any
    loss: Any
