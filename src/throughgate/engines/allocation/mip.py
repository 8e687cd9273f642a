"""Integer programs over few bundles: each facility's contested people, or a whole small instance exactly.

HiGHS runs in a child process that is killed when it overstays; without HiGHS nothing here is called and the
plan is the one local search found. Effort is counted in nodes, not seconds, so results repeat.
"""

# ruff: noqa: PLR0917
from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import F8, I4, I8
from .mip_worker import receive, send


def has_highs() -> bool:
    """Is HiGHS installed?"""
    try:
        return importlib.util.find_spec("highspy") is not None
    except ValueError:  # a name blocked on purpose has no spec
        return False


@dataclass
class Program01:
    """A 0/1 program being written: columns with a cost and row entries, rows with bounds."""

    cost: list[float] = field(default_factory=list)
    entries: list[list[tuple[int, float]]] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def row(self, low: float, high: float) -> int:
        """Add a row, returns its number."""
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def column(self, cost: float, entries: Iterable[tuple[int, float]]) -> int:
        """Add a column, returns its number."""
        self.cost.append(cost)
        self.entries.append(list(entries))
        return len(self.cost) - 1

    def arrays(self, incumbent: F8) -> dict[str, Any]:
        """Column-wise arrays for the solver; several entries in one cell add up."""
        start, index, value = [0], [], []
        for one in self.entries:
            cell: dict[int, float] = {}
            for r, v in one:
                cell[r] = cell.get(r, 0.0) + v
            index += list(cell)
            value += list(cell.values())
            start.append(len(index))
        return {
            "cost": np.array(self.cost), "low": np.array(self.low), "high": np.array(self.high),
            "start": np.array(start, np.int32), "index": np.array(index, np.int32), "value": np.array(value, float),
            "incumbent": incumbent,
        }  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came back: x or None, a bound, whether proven, whether the clock (not the node count) ended it."""

    x: F8 | None
    bound: float
    optimal: bool
    clock: bool
    value: float = 0.0
    dual: F8 | None = None


class Worker:
    """One child process, started at first use and again after a kill."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the child without waiting for it."""
        if self._child is None or self._child.poll() is not None:
            source = str(Path(__file__).parents[3])
            path = os.pathsep.join(x for x in (source, os.environ.get("PYTHONPATH", "")) if x)
            self._child = subprocess.Popen(
                [sys.executable, "-m", "throughgate.engines.allocation.mip_worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip

    def solve(
        self, arrays: dict[str, Any], options: dict[str, Any], seconds: float, *, integer: bool = True
    ) -> Answer:
        """Send one program; after `seconds` the child is killed and the answer is "nothing found"."""
        with self._lock:
            self.start()
            child = self._child
            if child is None or child.stdin is None or child.stdout is None:  # pragma: no cover
                return Answer(None, np.inf, False, True)
            timer = threading.Timer(max(0.05, seconds), child.kill)
            timer.start()
            try:
                limit = max(0.05, seconds * 0.9)
                options = {"threads": 1, "time_limit": limit, **options}
                send(child.stdin, {"options": options, "integer": integer}, arrays)
                reply = receive(child.stdout)
            except (BrokenPipeError, ValueError):
                reply = None
            finally:
                timer.cancel()
            if reply is None:
                self.close()
                return Answer(None, np.inf, False, True)
            head, out = reply
            x = out["x"] if head["found"] else None
            return Answer(x, head["bound"], head["optimal"], head["clock"], head["value"], out["dual"])

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    stream.close()
            child.wait()


def core_arrays(
    people: I8, values: list[F8], cohorts: list[I4], now: I8, room: I8, seats: int
) -> dict[str, Any]:
    """The core program: one row per person (at most one bundle), one per cohort met (at most `room`).

    values[i] and cohorts[i] (k, 3) are the options of people[i], `now[i]` the one they hold or -1; `seats` is the
    number that stands for "no cohort".
    """
    sizes = np.array([len(v) for v in values])
    owner = np.repeat(np.arange(len(people)), sizes)
    triple = np.concatenate(cohorts)
    met = np.unique(triple[triple < seats])
    at = np.full(seats + 1, -1)
    at[met] = len(people) + np.arange(len(met))
    rows = np.column_stack((owner, at[triple]))
    there = rows >= 0
    start = np.concatenate(([0], np.cumsum(there.sum(axis=1))))
    incumbent = np.zeros(len(owner))
    first = np.concatenate(([0], np.cumsum(sizes)))[:-1]
    incumbent[(first + now)[now >= 0]] = 1.0
    low = np.full(len(people) + len(met), -np.inf)
    high = np.concatenate((np.ones(len(people)), room[met].astype(float)))
    return {
        "cost": np.concatenate(values), "low": low, "high": high, "start": start.astype(np.int32),
        "index": rows[there].astype(np.int32), "value": np.ones(int(there.sum())), "incumbent": incumbent,
    }  # fmt: skip
