"""Made-up instances for benches, tests and demonstrations; no figure here describes real people.

One fixed catalog of sixty programs; people, cohorts and seats drawn from a seed. Gains measured on these say how
good a plan is, never what it does to lives.
"""

# ruff: noqa: PLR0917
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .arrays import F8, I4, I8, NEVER
from .eligibility import failing
from .instance import Instance
from .model import Policy, Session

NEEDS = ("education", "vocational", "attitudes", "substance", "mental_health", "family", "employment", "housing",
         "violence")  # fmt: skip
PREVALENCE = np.array([0.60, 0.70, 0.60, 0.55, 0.35, 0.35, 0.65, 0.40, 0.25])
PROGRAMS = 60
_ENGLISH, _SPANISH, _SUPPORTED = 1, 2, 4
_CATALOG_SEED = 20_240_501


@dataclass(frozen=True)
class Catalog:
    """The sixty programs as arrays; weeks and sessions per program beside what an instance keeps."""

    primary: I4
    strength: F8
    weeks: I4
    sessions: I4
    prereq: tuple[tuple[int, ...], ...]
    window: I4
    outside: np.ndarray[tuple[int], np.dtype[np.bool_]]
    remote: np.ndarray[tuple[int], np.dtype[np.bool_]]
    lang: I8
    literacy: I4
    custody: I4


@lru_cache(maxsize=1)
def catalog() -> Catalog:
    """The one catalog that all synthetic instances share."""
    r = np.random.default_rng(_CATALOG_SEED)
    areas = len(NEEDS)
    primary = np.concatenate((np.arange(areas), r.integers(0, areas, PROGRAMS - areas))).astype(np.int32)
    strength = np.zeros((PROGRAMS, areas))
    for g in range(PROGRAMS):
        for a in r.choice(areas, r.integers(0, 3), replace=False):
            strength[g, a] = r.uniform(0.1, 0.4)
        strength[g, primary[g]] = r.uniform(0.5, 1.0)
    weeks = r.choice(
        [6, 8, 10, 12, 16, 20, 26, 36], PROGRAMS, p=[0.10, 0.15, 0.15, 0.20, 0.15, 0.10, 0.10, 0.05]
    )
    sessions = r.choice([1, 2, 3, 4, 5, 10], PROGRAMS, p=[0.20, 0.30, 0.20, 0.10, 0.15, 0.05])
    prereq: list[tuple[int, ...]] = [()] * PROGRAMS
    for g in range(areas, PROGRAMS):
        earlier = [q for q in range(g) if primary[q] == primary[g] and not prereq[q]]
        if earlier and r.random() < 0.3:
            prereq[g] = (int(r.choice(earlier)),)
    for q in {q for one in prereq for q in one}:
        weeks[q] = min(weeks[q], 10)
    window = np.where(r.random(PROGRAMS) < 0.35, r.choice([26, 52, 104], PROGRAMS) * 7, NEVER)
    outside, remote = r.random(PROGRAMS) < 0.15, r.random(PROGRAMS) < 0.40
    spanish = r.random(PROGRAMS) < 0.10
    supported = np.where(np.arange(PROGRAMS) % 2 == 1, _ENGLISH | _SUPPORTED, _ENGLISH)
    lang = np.where(spanish, _ENGLISH | _SPANISH, supported)
    literacy = np.where(r.random(PROGRAMS) < 0.30, r.integers(1, 4, PROGRAMS), 0)
    custody = np.where(r.random(PROGRAMS) < 0.25, r.integers(2, 4, PROGRAMS), 4)
    return Catalog(primary, strength, weeks.astype(np.int32), sessions.astype(np.int32), tuple(prereq),
                   window.astype(np.int32), outside, remote, lang.astype(np.int64), literacy.astype(np.int32),
                   custody.astype(np.int32))  # fmt: skip


def _patterns() -> tuple[dict[tuple[Session, ...], int], list[tuple[Session, ...]]]:
    shifts = [tuple(_block(day, b) for day in range(5)) for b in range(4)]
    listed = [(), *shifts]
    return {p: i for i, p in enumerate(listed)}, listed


def _block(day: int, block: int) -> Session:
    start = 480 + 120 * block
    return Session(day, start, start + 120)


def weekly_pattern(r: np.random.Generator, sessions: int) -> tuple[Session, ...]:
    """A weekly timetable with this many sessions."""
    if sessions == 10:
        first = int(r.integers(0, 3))
        return tuple(_block(d, first + k) for d in range(5) for k in range(2))
    days = r.choice(7 if r.random() < 0.20 else 5, sessions, replace=False)
    block = int(r.integers(0, 6))
    return tuple(_block(int(d), block) for d in sorted(days))


@dataclass(frozen=True)
class _People:
    facility: I4
    release: I4
    fields: dict[str, Any]


def make_instance(n: int, seed: int, *, seats_per_person: float = 0.9, weeks: int = 13) -> Instance:
    """An instance of n people. Deterministic in (n, seed, seats_per_person, weeks); weeks = span of starts."""
    r = np.random.default_rng([seed, n])
    cat = catalog()
    facilities, states = max(1, round(n / 1500)), max(1, round(n / 100_000))
    share = r.lognormal(0, 0.6, facilities)
    share /= share.sum()
    people = _draw_people(r, n, facilities, share)
    cohorts = _draw_cohorts(r, cat, n, facilities, states, share, seats_per_person, weeks)
    blank = Instance(
        people=tuple(f"p{i:07d}" for i in range(n)), programs=tuple(f"g{g:02d}" for g in range(PROGRAMS)),
        needs=NEEDS, facilities=tuple(f"f{i:04d}" for i in range(facilities)),
        languages=("en", "es", "en-supported"), bars=("", "declined"),
        p_facility=people.facility, p_release=people.release,
        g_primary=cat.primary, g_strength=cat.strength, g_prereq=cat.prereq, g_lang=cat.lang,
        g_literacy=cat.literacy, g_custody=cat.custody, g_window=cat.window, g_outside=cat.outside,
        pair_key=np.empty(0, np.int64), pair_fit=np.empty(0), pair_pref=np.empty(0),
        pair_bar=np.empty(0, np.uint8), apart=_draw_apart(r, people.facility),
        fixed=np.empty((0, 2), np.int32), held=np.empty((0, 2), np.int32), **people.fields, **cohorts,
    )  # fmt: skip
    return with_pairs(blank, seed)


def _draw_people(r: np.random.Generator, n: int, facilities: int, share: F8) -> _People:
    facility = r.choice(facilities, n, p=share).astype(np.int32)
    level = r.integers(1, 5, facilities) if facilities > 1 else np.array([2])
    left = np.maximum(2, r.lognormal(4.2, 0.95, n)).astype(np.int32)
    release = np.where(r.random(n) < 0.12, NEVER, left * 7).astype(np.int32)
    esl = r.random(n) < 0.08
    needs = np.where(
        r.random((n, 9)) < PREVALENCE, r.choice([1 / 3, 2 / 3, 1.0], (n, 9), p=[0.45, 0.35, 0.20]), 0
    )
    race = r.choice(4, n, p=[0.38, 0.31, 0.23, 0.08]).astype(np.int32)
    wait = r.exponential(30, n) * np.array([1.15, 0.90, 0.95, 1.0])[race] * 7
    done = np.zeros((n, PROGRAMS), dtype=bool)
    for _ in range(4):
        hit = r.random(n) < 0.5
        done[np.flatnonzero(hit), r.integers(0, PROGRAMS, n)[hit]] = True
    busy = np.where(r.random(n) < 0.55, r.integers(1, 5, n), 0).astype(np.int32)
    literacy = r.choice(4, n, p=[0.15, 0.25, 0.35, 0.25]).astype(np.int32)
    return _People(facility, release, {
        "p_wait": wait, "p_custody": level[facility].astype(np.int32), "p_literacy": literacy,
        "p_lang": np.where(esl, _SPANISH | _SUPPORTED, _ENGLISH).astype(np.int64), "p_busy": busy,
        "p_max": np.full(n, 3, dtype=np.int32), "p_from": np.zeros(n, dtype=np.int32),
        "p_consent": np.ones(n, dtype=bool), "p_needs": needs,
        "p_done": done,
        "groups": {"language": (("en", "es"), esl.astype(np.int32)), "race": (("a", "b", "c", "d"), race)},
    })  # fmt: skip


def _draw_cohorts(
    r: np.random.Generator,
    cat: Catalog,
    n: int,
    facilities: int,
    states: int,
    share: F8,
    per_person: float,
    weeks: int,
) -> dict[str, Any]:
    count = max(1, round(0.05 * n))
    chance = PREVALENCE[cat.primary] ** 1.5
    chance = (
        chance * np.where([len(q) > 0 for q in cat.prereq], 0.35, 1.0) * np.where(cat.window < 210, 0.5, 1.0)
    )
    remote = r.random(count) < 0.18
    far = chance * cat.remote
    program = np.where(remote, r.choice(PROGRAMS, count, p=far / far.sum()),
                       r.choice(PROGRAMS, count, p=chance / chance.sum())).astype(np.int32)  # fmt: skip
    later = np.array([len(cat.prereq[g]) > 0 for g in program])
    start = (
        np.where(later, r.integers(6, 6 + weeks + 1, count), r.integers(0, weeks, count)).astype(np.int32) * 7
    )
    seats = np.where(remote, r.integers(15, 46, count), r.integers(8, 29, count))
    seats = np.maximum(1, np.round(seats * per_person * n / seats.sum())).astype(np.int32)
    site = r.choice(facilities, count, p=share)
    links: list[tuple[int, int]] = []
    for c in range(count):
        if remote[c]:
            home = np.arange(int(r.integers(0, states)), facilities, states)
            links += [(c, int(f)) for f in sorted(r.choice(home, min(10, len(home)), replace=False))]
        else:
            links.append((c, int(site[c])))
    index, listed = _patterns()
    pattern = []
    for g in program:
        week = weekly_pattern(r, int(cat.sessions[g]))
        if week not in index:
            index[week] = len(listed)
            listed.append(week)
        pattern.append(index[week])
    link = np.array(links, dtype=np.int32)
    return {
        "cohorts": tuple(f"c{c:06d}" for c in range(count)), "patterns": tuple(listed), "c_program": program,
        "c_start": start, "c_end": (start + cat.weeks[program] * 7).astype(np.int32), "c_seats": seats,
        "c_min": np.zeros(count, dtype=np.int32), "c_pattern": np.array(pattern, dtype=np.int32),
        "link_cohort": link[:, 0].copy(), "link_facility": link[:, 1].copy(),
    }  # fmt: skip


def _draw_apart(r: np.random.Generator, facility: I4) -> I4:
    n = len(facility)
    order = np.argsort(facility, kind="stable")
    at = r.integers(0, n, max(1, n // 100))
    to = at + r.integers(1, 5, len(at))
    ok = to < n
    a, b = order[at[ok]], order[to[ok]]
    same = facility[a] == facility[b]
    return np.unique(np.sort(np.column_stack((a[same], b[same])), axis=1), axis=0).astype(np.int32)


def with_pairs(instance: Instance, seed: int, cap: int = 60) -> Instance:
    """Add the pair table: fit in 0.75..1.10 per pair, 15 % declined, at most `cap` open pairs a person."""
    clash, policy = instance.clashes(0), Policy()
    keys, fits, declined = [], [], []
    for f in range(len(instance.facilities)):
        rows = np.flatnonzero(instance.p_facility == f).astype(np.int32)
        cols = instance.reaches(f)
        if not len(rows) or not len(cols):
            continue
        ok = failing(instance, policy, rows, cols, clash) == 0
        key = rows[:, None].astype(np.int64) * len(instance.cohorts) + cols
        draw = _hash01(key, seed)
        free = ok & (draw < 0.85)
        turn = np.argsort(
            (np.arange(len(cols))[None, :] + rows[:, None] * 7) % len(cols), axis=1, kind="stable"
        )
        rank = np.empty_like(turn)
        np.put_along_axis(rank, turn, np.cumsum(np.take_along_axis(free, turn, axis=1), axis=1), axis=1)
        bar = ok & (~free | (rank > cap))
        keys.append(key[ok])
        fits.append(0.75 + 0.35 * _hash01(key[ok], seed + 1))
        declined.append(bar[ok])
    key = np.concatenate(keys)
    order = np.argsort(key)
    return instance.with_changes(
        pair_key=key[order], pair_fit=np.concatenate(fits)[order], pair_pref=np.zeros(len(key)),
        pair_bar=np.concatenate(declined)[order].astype(np.uint8),
    )  # fmt: skip


def _hash01(key: I8, seed: int) -> F8:
    """A number in [0, 1) per key, the same everywhere."""
    x = key.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) / 2.0**53
