"""The instance: everything the engine may know, packed into arrays."""

# ruff: noqa: PLR0917
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from .arrays import B1, F8, I4, I8, NEVER, U1
from .model import Cohort, InstanceError, Pair, Person, Program, Session

_TICK = 5
"""Minutes: weekly times are compared at this resolution, rounded outward."""


@dataclass(frozen=True, eq=False)
class Instance:
    """People (n), programs (P), cohorts (C), needs (N), facilities (F) as arrays; build with `from_rows`.

    Prefixes: p_ person, g_ program, c_ cohort. Languages are bit masks over `languages` (0 on a program = any).
    `pair_key` = person * C + cohort, sorted; the other pair_ arrays belong to it. `apart` holds unordered pairs
    of people who may not share a cohort, `fixed` seats that stay, `held` seats of the last plan, each (k, 2).
    """

    people: tuple[str, ...]
    programs: tuple[str, ...]
    cohorts: tuple[str, ...]
    needs: tuple[str, ...]
    facilities: tuple[str, ...]
    languages: tuple[str, ...]
    bars: tuple[str, ...]
    patterns: tuple[tuple[Session, ...], ...]
    p_facility: I4
    p_release: I4
    p_wait: F8
    p_custody: I4
    p_literacy: I4
    p_lang: I8
    p_busy: I4
    p_max: I4
    p_from: I4
    p_consent: B1
    p_needs: F8
    p_done: B1
    g_primary: I4
    g_strength: F8
    g_prereq: tuple[tuple[int, ...], ...]
    g_lang: I8
    g_literacy: I4
    g_custody: I4
    g_window: I4
    g_outside: B1
    c_program: I4
    c_start: I4
    c_end: I4
    c_seats: I4
    c_min: I4
    c_pattern: I4
    link_cohort: I4
    link_facility: I4
    pair_key: I8
    pair_fit: F8
    pair_pref: F8
    pair_bar: U1
    apart: I4
    fixed: I4
    held: I4
    groups: Mapping[str, tuple[tuple[str, ...], I4]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of people."""
        return len(self.people)

    @cached_property
    def person_index(self) -> dict[str, int]:
        """Person id -> row."""
        return {k: i for i, k in enumerate(self.people)}

    @cached_property
    def cohort_index(self) -> dict[str, int]:
        """Cohort id -> row."""
        return {k: i for i, k in enumerate(self.cohorts)}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every input the plan depends on, in hex."""
        h = hashlib.sha256()
        for f in fields(self):
            h.update(f.name.encode())
            _feed(h, getattr(self, f.name))
        return h.hexdigest()

    def pair(self, person: int, cohort: int) -> tuple[float, float, int]:
        """Fit, preference and bar code (0 = none) of one pair."""
        key = person * len(self.cohorts) + cohort
        i = int(np.searchsorted(self.pair_key, key))
        if i < len(self.pair_key) and self.pair_key[i] == key:
            return float(self.pair_fit[i]), float(self.pair_pref[i]), int(self.pair_bar[i])
        return 1.0, 0.0, 0

    def reaches(self, facility: int) -> I4:
        """Cohorts that people at a facility can attend, ascending."""
        order, start = self._links_by_facility
        return self.link_cohort[order[start[facility] : start[facility + 1]]]

    @cached_property
    def _links_by_facility(self) -> tuple[I8, I8]:
        order = np.lexsort((self.link_cohort, self.link_facility))
        counts = np.bincount(self.link_facility, minlength=len(self.facilities))
        return order, np.concatenate(([0], np.cumsum(counts))).astype(np.int64)

    def clashes(self, travel_minutes: int) -> B1:
        """(Q, Q) table: do two weekly patterns meet at some time of the week, with time kept for moving?"""
        if travel_minutes not in self._clash_tables:
            self._clash_tables[travel_minutes] = self._clash_table(travel_minutes)
        return self._clash_tables[travel_minutes]

    @cached_property
    def _clash_tables(self) -> dict[int, B1]:
        return {}

    def _clash_table(self, travel_minutes: int) -> B1:
        grid = np.zeros((len(self.patterns), 7 * 24 * 60 // _TICK), dtype=np.float32)
        for row, pattern in zip(grid, self.patterns, strict=True):
            for s in pattern:
                lo = s.weekday * 1440 + s.start
                hi = s.weekday * 1440 + s.end + travel_minutes
                ticks = np.arange(lo // _TICK, -(-hi // _TICK)) % len(row)
                row[ticks] = 1
        meet: B1 = (grid @ grid.T) > 0
        return meet

    def with_changes(self, **changes: Any) -> Instance:
        """A copy with some arrays replaced (no re-validation beyond shapes)."""
        return replace(self, **changes)

    @staticmethod
    def from_rows(
        people: Sequence[Person],
        programs: Sequence[Program],
        cohorts: Sequence[Cohort],
        *,
        pairs: Iterable[Pair] = (),
        apart: Iterable[tuple[str, str]] = (),
        fixed: Iterable[tuple[str, str]] = (),
        held: Iterable[tuple[str, str]] = (),
    ) -> Instance:
        """Pack rows into arrays. Seats in `held` that no longer exist are dropped; all else unknown is an error.

        Raises InstanceError, naming the row, for unknown ids, doubled ids, and values out of range.
        """
        return _pack(people, programs, cohorts, list(pairs), list(apart), list(fixed), list(held))


def _feed(h: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        h.update(f"{value.dtype}{value.shape}".encode())
        h.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        for k in sorted(value):
            h.update(str(k).encode())
            for part in value[k]:
                _feed(h, part)
    else:
        h.update(repr(value).encode())


def _index(kind: str, ids: Iterable[str]) -> dict[str, int]:
    out: dict[str, int] = {}
    for key in ids:
        if key in out:
            raise InstanceError(f"The {kind} id {key!r} appears twice. Give every {kind} its own id.")
        out[key] = len(out)
    return out


def _find(kind: str, index: Mapping[str, int], key: str, where: str) -> int:
    try:
        return index[key]
    except KeyError:
        raise InstanceError(f"{where} names the {kind} {key!r}, which is not in the input.") from None


class _Patterns:
    """Weekly patterns, each kept once; number 0 is the empty week."""

    def __init__(self) -> None:
        self.index: dict[tuple[Session, ...], int] = {(): 0}

    def add(self, sessions: Sequence[Session], where: str) -> int:
        for s in sessions:
            if not (0 <= s.weekday <= 6 and 0 <= s.start < s.end <= 1440):
                raise InstanceError(f"{where} has a session at an impossible time: {s}.")
        return self.index.setdefault(tuple(sorted(sessions)), len(self.index))


def _check_rows(people: Sequence[Person], programs: Sequence[Program], cohorts: Sequence[Cohort]) -> None:
    for p in people:
        if p.wait < 0 or p.max_seats < 0 or any(not 0 <= d <= 1 for d in p.needs.values()):
            raise InstanceError(
                f"Person {p.id!r}: wait and max_seats must be 0 or more, needs between 0 and 1."
            )
    for g in programs:
        if any(not 0 <= s <= 1 for s in g.strengths.values()) or g.strengths.get(g.primary, 0) <= 0:
            raise InstanceError(
                f"Program {g.id!r}: strengths lie between 0 and 1, above 0 for {g.primary!r}."
            )
    for c in cohorts:
        if c.seats < 0 or c.end <= c.start or not c.facilities:
            raise InstanceError(f"Cohort {c.id!r} needs seats >= 0, an end after its start, and a facility.")


def _pack(
    people: Sequence[Person],
    programs: Sequence[Program],
    cohorts: Sequence[Cohort],
    pairs: list[Pair],
    apart: list[tuple[str, str]],
    fixed: list[tuple[str, str]],
    held: list[tuple[str, str]],
) -> Instance:
    _check_rows(people, programs, cohorts)
    pi = _index("person", (p.id for p in people))
    gi = _index("program", (g.id for g in programs))
    ci = _index("cohort", (c.id for c in cohorts))
    need_names = {n for g in programs for n in (*g.strengths, g.primary)} | {
        n for p in people for n in p.needs
    }
    ni = _index("need", sorted(need_names))
    fi = _index("facility", sorted({p.facility for p in people} | {f for c in cohorts for f in c.facilities}))
    li = _index(
        "language",
        sorted({x for p in people for x in p.languages} | {x for g in programs for x in g.languages}),
    )
    if len(li) > 62:
        raise InstanceError("More than 62 languages; merge the rarest ones.")
    bi = _index("bar", ["", *sorted({p.barred for p in pairs if p.barred})])
    if len(bi) > 255:
        raise InstanceError("More than 254 different bar codes; use fewer, coarser codes.")
    weeks = _Patterns()
    need_matrix = np.zeros((len(people), len(ni)))
    done = np.zeros((len(people), len(gi)), dtype=bool)
    for i, p in enumerate(people):
        for k, d in p.needs.items():
            need_matrix[i, ni[k]] = d
        for k in p.done & gi.keys():
            done[i, gi[k]] = True
    strength = np.zeros((len(programs), len(ni)))
    for i, g in enumerate(programs):
        for k, s in g.strengths.items():
            strength[i, ni[k]] = s
    links = [(k, fi[f]) for k, c in enumerate(cohorts) for f in sorted(set(c.facilities))]
    busy = [weeks.add(p.busy, f"Person {p.id!r}") for p in people]
    times = [weeks.add(c.sessions, f"Cohort {c.id!r}") for c in cohorts]
    key, fit, pref, bar = _pack_pairs(pairs, pi, ci, bi)
    held = [(p, c) for p, c in held if p in pi and c in ci]

    def ints(values: Iterable[int]) -> I4:
        return np.array(list(values), dtype=np.int32)

    def rows(
        kind_a: str, a: dict[str, int], kind_b: str, b: dict[str, int], seats: list[tuple[str, str]]
    ) -> I4:
        where = "A pair"
        out = sorted({(_find(kind_a, a, x, where), _find(kind_b, b, y, where)) for x, y in seats})
        return np.array(out, dtype=np.int32).reshape(-1, 2)

    def mask(langs: frozenset[str]) -> int:
        return sum(1 << li[x] for x in langs)

    return Instance(
        people=tuple(pi), programs=tuple(gi), cohorts=tuple(ci), needs=tuple(ni), facilities=tuple(fi),
        languages=tuple(li), bars=tuple(bi), patterns=tuple(weeks.index),
        p_facility=ints(fi[p.facility] for p in people),
        p_release=ints(NEVER if p.release is None else p.release for p in people),
        p_wait=np.array([p.wait for p in people], dtype=np.float64),
        p_custody=ints(p.custody for p in people), p_literacy=ints(p.literacy for p in people),
        p_lang=np.array([mask(p.languages) for p in people], dtype=np.int64),
        p_busy=ints(busy), p_max=ints(p.max_seats for p in people), p_from=ints(p.present_from for p in people),
        p_consent=np.array([p.consent for p in people], dtype=bool), p_needs=need_matrix, p_done=done,
        g_primary=ints(ni[g.primary] for g in programs), g_strength=strength,
        g_prereq=tuple(tuple(sorted({_find("program", gi, q, f"Program {g.id!r}") for q in g.prerequisites}))
                       for g in programs),
        g_lang=np.array([mask(g.languages) for g in programs], dtype=np.int64),
        g_literacy=ints(g.min_literacy for g in programs), g_custody=ints(g.max_custody for g in programs),
        g_window=ints(NEVER if g.release_window is None else g.release_window for g in programs),
        g_outside=np.array([g.continues_outside for g in programs], dtype=bool),
        c_program=ints(_find("program", gi, c.program, f"Cohort {c.id!r}") for c in cohorts),
        c_start=ints(c.start for c in cohorts), c_end=ints(c.end for c in cohorts),
        c_seats=ints(c.seats for c in cohorts), c_min=ints(c.min_seats for c in cohorts), c_pattern=ints(times),
        link_cohort=ints(a for a, _ in links), link_facility=ints(b for _, b in links),
        pair_key=key, pair_fit=fit, pair_pref=pref, pair_bar=bar,
        apart=_pack_apart(rows("person", pi, "person", pi, apart)),
        fixed=rows("person", pi, "cohort", ci, fixed), held=rows("person", pi, "cohort", ci, held),
        groups=_pack_groups(people),
    )  # fmt: skip


def _pack_apart(rows: I4) -> I4:
    if (rows[:, 0] == rows[:, 1]).any():
        raise InstanceError("A keep-apart pair names the same person twice.")
    return np.unique(np.sort(rows, axis=1), axis=0) if len(rows) else rows


def _pack_pairs(
    pairs: list[Pair], pi: Mapping[str, int], ci: Mapping[str, int], bi: Mapping[str, int]
) -> tuple[I8, F8, F8, U1]:
    for p in pairs:
        if not 0 < p.fit <= 2 or not -1 <= p.preference <= 1:
            raise InstanceError(
                f"Pair {p.person!r}, {p.cohort!r}: fit lies in (0, 2], preference in [-1, 1]."
            )
    where = "A pair"
    key = np.array(
        [
            _find("person", pi, p.person, where) * len(ci) + _find("cohort", ci, p.cohort, where)
            for p in pairs
        ],
        dtype=np.int64,
    )
    order = np.argsort(key, kind="stable")
    if len(key) and (np.diff(key[order]) == 0).any():
        raise InstanceError("A person and a cohort are paired twice. Merge the two rows.")
    fit = np.array([p.fit for p in pairs], dtype=np.float64)[order]
    pref = np.array([p.preference for p in pairs], dtype=np.float64)[order]
    bar = np.array([bi[p.barred] for p in pairs], dtype=np.uint8)[order]
    return key[order], fit, pref, bar


def _pack_groups(people: Sequence[Person]) -> dict[str, tuple[tuple[str, ...], I4]]:
    out: dict[str, tuple[tuple[str, ...], I4]] = {}
    for name in sorted({k for p in people for k in p.groups}):
        labels = sorted({p.groups.get(name, "") for p in people})
        at = {k: i for i, k in enumerate(labels)}
        out[name] = (tuple(labels), np.array([at[p.groups.get(name, "")] for p in people], dtype=np.int32))
    return out
