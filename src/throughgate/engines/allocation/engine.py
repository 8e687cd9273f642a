"""Runs the kernels: compiled by numba when it is there and worth it, else as plain Python. Same results.

Loading numba costs about a second and compiling the kernels once about twenty, so nothing is loaded at import
time and small instances never touch it. A web process that must not compile passes engine="plain".
"""

# ruff: noqa: PLR0917
from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from .arrays import F8, I4, I8
from .layout import Data, State, Work

Choice = Literal["auto", "numba", "plain"]
_COMPILED = __package__ + ".kernels_compiled"
_SMALL = 400
_CHUNK = 4096
_lock = threading.Lock()


def has_numba() -> bool:
    """Is numba installed?"""
    try:
        return importlib.util.find_spec("numba") is not None
    except ValueError:  # a name blocked on purpose has no spec
        return False


@lru_cache(maxsize=1)
def _compiled() -> ModuleType:
    """The kernels file loaded a second time under a name that makes it compile itself."""
    with _lock:
        path = Path(__file__).with_name("kernels.py")
        spec = importlib.util.spec_from_file_location(_COMPILED, path)
        if spec is None or spec.loader is None:  # pragma: no cover
            raise ImportError(f"{path} cannot be loaded.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[_COMPILED] = module
        spec.loader.exec_module(module)
        return module


@lru_cache(maxsize=4)
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="allocation")


class Engine:
    """Both ways of running the kernels behind one face. Arrays go in and out; lists stay inside."""

    def __init__(self, compiled: bool, threads: int = 2) -> None:
        self.compiled = compiled
        self.threads = max(1, threads)
        if compiled:
            self.module = _compiled()
        else:
            from . import kernels  # noqa: PLC0415

            self.module = kernels
        self._lists: tuple[Data, Data] | None = None

    def _data(self, d: Data) -> Data:
        if self.compiled:
            return d
        if self._lists is None or self._lists[0] is not d:
            self._lists = (d, Data(*(v.tolist() if isinstance(v, np.ndarray) else v for v in d)))
        return self._lists[1]

    def _call(self, name: str, d: Data, *args: Any) -> Any:
        """Call a kernel; in plain mode arrays become lists and are copied back afterwards."""
        f: Callable[..., Any] = getattr(self.module, name)
        if self.compiled:
            return f(d, *args)
        plain = [a.tolist() if isinstance(a, np.ndarray) else a for a in args]
        result = f(self._data(d), *plain)
        for a, b in zip(args, plain, strict=True):
            if isinstance(a, np.ndarray) and a.flags.writeable:
                a[:] = b
        return result

    def sweep(self, d: Data, cost: F8) -> tuple[F8, I4]:
        """Exact best bundle of everyone: values net of cost (n,), edges (n, 3) ascending with -1 last."""
        n = len(d.indptr) - 1
        net, edges = np.zeros(n), np.full(3 * n, -1, dtype=np.int32)
        if not self.compiled:
            self._call("sweep", d, 0, n, cost, net, edges)
            return net, edges.reshape(n, 3)
        run = self.module.sweep
        self._spread(n, lambda lo, hi: run(d, lo, hi, cost, net, edges))
        return net, edges.reshape(n, 3)

    def _spread(self, n: int, work: Callable[[int, int], None], chunk: int = _CHUNK) -> None:
        if n <= chunk or self.threads == 1:
            work(0, n)
            return
        pool = _threads(self.threads)
        for done in [pool.submit(work, lo, min(n, lo + chunk)) for lo in range(0, n, chunk)]:
            done.result()

    def best_of(self, d: Data, people: I8, cost: F8) -> F8:
        """Value of the best bundle, net of cost, of just these people."""
        net = np.zeros(len(people))
        self._call("sweep_people", d, people, cost, net)
        return net

    def values(self, d: Data, edges: I4) -> F8:
        """Value of each person's bundle, (n,)."""
        out = np.zeros(len(edges))
        self._call("values", d, np.ascontiguousarray(edges).reshape(-1), out)
        return out

    def pool_best(self, value: F8, cohort: I4, count: I4, lam: F8) -> tuple[I8, F8]:
        """Best pooled bundle: slot (-1 = none) and net, for values (n, K), cohorts (n, K, 3), prices (C+1,).

        Only the first count[p] slots of a person are filled; empty ones hold -1 and never win.
        """
        n, size = value.shape
        if not self.compiled:
            net = value - lam[cohort[:, :, 0]] - lam[cohort[:, :, 1]] - lam[cohort[:, :, 2]]
            slot = np.argmax(net, axis=1)
            best = net[np.arange(n), slot]
            return np.where(best > 0, slot, -1), np.maximum(best, 0.0)
        slot, best = np.empty(n, dtype=np.int64), np.empty(n)
        flat, triples, run = value.reshape(-1), cohort.reshape(-1), self.module.pool_best
        self._spread(n, lambda lo, hi: run(lo, hi, size, flat, triples, count, lam, slot, best), 8 * _CHUNK)
        return slot, best

    def construct(self, d: Data, order: I8, price: F8, cap: I4, used: I4, seats: I4) -> None:
        """People in order take their best bundle among open seats; `used` and `seats` (3n,) change in place."""
        self._call("construct", d, order, price, cap, used, seats)

    def seat_in_order(self, d: Data, order: I8, owner: I4, cap: I4, used: I4, seats: I4) -> int:
        """Seat edges in order when they fit; `used` and `seats` change in place."""
        return int(self._call("seat_in_order", d, order, owner, cap, used, seats))

    def local_search(self, d: Data, order: I8, price: F8, cap: I4, used: I4, seats: I4) -> int:
        """One ejection pass over people in order; `used` and `seats` change in place."""
        cohorts = len(price)
        state = _state(d, price, cap, used, seats)
        size = 2 * int(np.diff(d.indptr).max(initial=0)) + 2
        partners = int(np.diff(d.aptr).max(initial=0))

        def f(k: int) -> F8:
            return np.zeros(k)

        def i(k: int) -> I8:
            return np.zeros(k, dtype=np.int64)

        work = Work(f(size), i(size), f(d.needs), f(d.needs), f(d.needs), i(3 * partners + 1), i(3), i(3), i(3), i(3),
                    i(3), i(4), i(12), f(1))  # fmt: skip
        if self.compiled:
            return int(self.module.local_search(d, order, state, work))
        plain = State(*(a.tolist() for a in state))
        scratch = Work(*(a.tolist() for a in work))
        moves = self.module.local_search(self._data(d), order.tolist(), plain, scratch)
        used[:cohorts] = plain.used
        seats[:] = plain.seats
        return int(moves)


def _state(d: Data, price: F8, cap: I4, used: I4, seats: I4) -> State:
    room = np.maximum(cap, used).astype(np.int64)
    off = np.concatenate(([0], np.cumsum(room)))
    taken = np.flatnonzero(seats >= 0)
    cohort = np.asarray(d.cohort)[seats[taken]]
    order = np.argsort(cohort, kind="stable")
    hold = np.zeros(int(off[-1]) + 1, dtype=np.int64)
    c = cohort[order]
    hold[off[c] + np.arange(len(c)) - np.searchsorted(c, c)] = taken[order] // 3
    full = used >= cap
    return State(seats, used, cap, hold, off, price, np.where(full, price, 0.0), np.where(full, 1e18, 0.0))


def choose(choice: Choice, people: int, threads: int = 2) -> Engine:
    """The engine for an instance: "auto" compiles only above a few hundred people and when numba is installed."""
    if choice == "numba" and not has_numba():
        raise ImportError("numba is not installed; use engine='plain' or install throughgate with numba.")
    return Engine(choice == "numba" or (choice == "auto" and people > _SMALL and has_numba()), threads)
