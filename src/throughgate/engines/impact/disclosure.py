"""Disclosure control for everything published.

A table is published once, as a whole, from a fixed list. Small cells are hidden (primary), further cells
are hidden so that no total gives them away (complementary), the rest is rounded to 5, and the result is
audited by linear programming as if the reader knew every published total exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import StudyError

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

THRESHOLD = 10  # counts from 1 to 9 are hidden
RATE_FLOOR = 30  # a rate needs this many people
ROUND_TO = 5


@dataclass(frozen=True)
class Published:
    """A table ready to publish: shape (R, C) cells with None where hidden, and its margins, all rounded."""

    cells: tuple[tuple[int | None, ...], ...]
    rows: tuple[int | None, ...]
    columns: tuple[int | None, ...]
    total: int | None
    hidden: Bools


def rounded(count: int, base: int = ROUND_TO) -> int:
    """A count to the nearest multiple of `base`."""
    return int((count + base / 2) // base) * base


def safe_rate(events: int, people: int) -> float | None:
    """A rate as a whole percentage, or None when too few people stand behind it or behind either side."""
    if people < RATE_FLOOR or 0 < events < THRESHOLD or 0 < people - events < THRESHOLD:
        return None
    return round(100 * events / people) / 100


def protect(table: Ints, *, threshold: int = THRESHOLD, base: int = ROUND_TO) -> Published:
    """Hide, complement, audit and round a two-way table of counts, shape (R, C).

    Margins are part of the table: a margin below the threshold is hidden too. Raises StudyError for
    negative counts.
    """
    table = np.asarray(table)
    if table.ndim != 2 or table.size == 0 or np.any(table < 0):
        raise StudyError("Disclosure control needs a two-way table of counts that are not negative.")
    full = with_margins(table)
    hidden = suppress(full, threshold)
    shown = [
        [None if hidden[i, j] else rounded(int(full[i, j]), base) for j in range(full.shape[1])]
        for i in range(full.shape[0])
    ]
    return Published(
        cells=tuple(tuple(row[:-1]) for row in shown[:-1]),
        rows=tuple(row[-1] for row in shown[:-1]),
        columns=tuple(shown[-1][:-1]),
        total=shown[-1][-1],
        hidden=hidden,
    )


def with_margins(table: Ints) -> Ints:
    """The table with its row and column totals as last column and row, shape (R + 1, C + 1)."""
    out = np.zeros((table.shape[0] + 1, table.shape[1] + 1), dtype=np.int64)
    out[:-1, :-1] = table
    out[-1, :-1], out[:-1, -1], out[-1, -1] = table.sum(axis=0), table.sum(axis=1), table.sum()
    return out


def suppress(full: Ints, threshold: int = THRESHOLD) -> Bools:
    """Which cells of a table with margins stay hidden. The audit has the last word: it runs until no hidden
    cell can be worked out, hiding the cheapest further cell each time."""
    hidden = (full > 0) & (full < threshold)
    if not hidden.any():
        return hidden
    hidden = _pairs(full, hidden)
    while True:
        exposed = recoverable(full, hidden)
        if not exposed.any():
            return hidden
        spot = np.argwhere(exposed)[0]
        hidden = _hide_one_more(full, hidden, int(spot[0]), int(spot[1]))
        hidden = _pairs(full, hidden)


def _pairs(full: Ints, hidden: Bools) -> Bools:
    """Hide until no line (row or column, margin included) has exactly one hidden cell."""
    hidden = hidden.copy()
    while True:
        rows = np.flatnonzero(hidden.sum(axis=1) == 1)
        columns = np.flatnonzero(hidden.sum(axis=0) == 1)
        if len(rows):
            i = int(rows[0])
            hidden[i, _cheapest(full[i, :], hidden[i, :], hidden.sum(axis=0))] = True
        elif len(columns):
            j = int(columns[0])
            hidden[_cheapest(full[:, j], hidden[:, j], hidden.sum(axis=1)), j] = True
        else:
            return hidden


def _cheapest(values: Ints, hidden: Bools, crossing: Ints) -> int:
    """Index of the smallest cell still shown, zeros last (an empty cell hides nothing), inner cells before
    the margin, and among equals one whose other line already has a hidden cell."""
    last = len(values) - 1
    order = sorted(
        (i for i in range(len(values)) if not hidden[i]),
        key=lambda i: (values[i] == 0, i == last, int(values[i]) - (1 if crossing[i] else 0)),
    )
    return order[0]


def _hide_one_more(full: Ints, hidden: Bools, i: int, j: int) -> Bools:
    hidden = hidden.copy()
    row_open, column_open = not hidden[i, :].all(), not hidden[:, j].all()
    if row_open and (not column_open or hidden[i, :].sum() <= hidden[:, j].sum()):
        hidden[i, _cheapest(full[i, :], hidden[i, :], hidden.sum(axis=0))] = True
    elif column_open:
        hidden[_cheapest(full[:, j], hidden[:, j], hidden.sum(axis=1)), j] = True
    else:
        shown = np.argwhere(~hidden)
        if not len(shown):
            return hidden
        best = min(shown.tolist(), key=lambda spot: int(full[spot[0], spot[1]]))
        hidden[best[0], best[1]] = True
    return hidden


def recoverable(full: Ints, hidden: Bools) -> Bools:
    """Audit: which hidden cells a reader could work out exactly from everything shown.

    Each hidden cell is bounded from below and above by linear programming over the sums of rows and columns
    (cells are not negative); it is exposed when the two whole-number bounds meet. When everything is hidden
    nothing is published and nothing is exposed.
    """
    low, high = bounds(full, hidden)
    exposed = np.zeros(full.shape, dtype=bool)
    if hidden.all():
        return exposed
    tight = np.floor(high + 1e-6) <= np.ceil(low - 1e-6)
    exposed[hidden] = tight
    return exposed


def bounds(full: Ints, hidden: Bools) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest value each hidden cell could have, in the order of `full[hidden]`."""
    from scipy.optimize import linprog  # noqa: PLC0415 - heavy, and used when publishing only
    from scipy.sparse import block_diag, csr_matrix  # noqa: PLC0415

    spots = np.argwhere(hidden)
    k = len(spots)
    if k == 0:
        return np.zeros(0), np.zeros(0)
    equations, right = _sums(full, hidden, spots)
    # One program holds 2k independent copies: copy m minimizes cell m, copy k + m maximizes it.
    matrix = block_diag([csr_matrix(equations)] * (2 * k), format="csr")
    cost = np.zeros((2 * k, k))
    cost[np.arange(k), np.arange(k)] = 1.0
    cost[np.arange(k) + k, np.arange(k)] = -1.0
    # A hidden value is not below zero and not above any total, so a common bound keeps the program finite.
    top = float(full.max()) * 4 + 4
    answer = linprog(cost.ravel(), A_eq=matrix, b_eq=np.tile(right, 2 * k), bounds=(0, top), method="highs")
    if answer.status != 0:
        raise StudyError("The audit of the table did not finish; do not publish it.")
    solution = answer.x.reshape(2 * k, k)
    return solution[np.arange(k), np.arange(k)], solution[np.arange(k) + k, np.arange(k)]


def _sums(full: Ints, hidden: Bools, spots: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, columns = full.shape
    equations, right = [], []
    sign_row = np.ones(columns)
    sign_row[-1] = -1.0  # inner cells minus the margin are zero
    sign_column = np.ones(rows)
    sign_column[-1] = -1.0
    for i in range(rows):
        if hidden[i].any():
            equations.append([sign_row[j] if r == i else 0.0 for r, j in spots])
            right.append(-float(np.sum(sign_row * full[i] * ~hidden[i])))
    for j in range(columns):
        if hidden[:, j].any():
            equations.append([sign_column[r] if c == j else 0.0 for r, c in spots])
            right.append(-float(np.sum(sign_column * full[:, j] * ~hidden[:, j])))
    return np.array(equations, dtype=float), np.array(right)


@dataclass(frozen=True)
class Selection:
    """A published group of people as the set of smallest groups (atoms) it is made of."""

    name: str
    atoms: frozenset[str]


def differencing(
    new: Selection, published: Iterable[Selection], sizes: Mapping[str, int], *, threshold: int = THRESHOLD
) -> list[str]:
    """Names of published selections whose difference from `new` would isolate 1 to threshold-1 people [T-19].

    sizes: people per atom. An empty list means that `new` may be published beside the others.
    """
    clashes = []
    for old in published:
        for part in (new.atoms - old.atoms, old.atoms - new.atoms):
            people = sum(sizes.get(a, 0) for a in part)
            nested = new.atoms <= old.atoms or old.atoms <= new.atoms
            if nested and 0 < people < threshold:
                clashes.append(old.name)
                break
    return clashes


def table_text(
    published: Published, row_names: Sequence[str], column_names: Sequence[str]
) -> list[list[str]]:
    """The table as text, hidden cells as "fewer than 10 or withheld"-style marks ("*")."""

    def mark(value: int | None) -> str:
        return "*" if value is None else f"{value:,}"

    out = [["", *column_names, "All"]]
    for name, row, total in zip(row_names, published.cells, published.rows, strict=True):
        out.append([name, *map(mark, row), mark(total)])
    out.append(["All", *map(mark, published.columns), mark(published.total)])
    return out
