"""The independent check: reads raw facts and a plan, shares no code with the solver, trusts nothing.

Every produced plan passes through here before anyone sees it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from .arrays import B1, F8, I4
from .instance import Instance
from .model import Policy, Session

_WEEK = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule. `person` or `cohort` is -1 where it concerns no single one."""

    kind: str
    person: int
    cohort: int
    detail: str


def check(instance: Instance, policy: Policy, seats: I4, closed: tuple[int, ...] = ()) -> list[Violation]:
    """All violations of a plan given as (person, cohort) rows, fixed seats included; [] = may be shown.

    `closed` cohorts may hold enrolled people only. Raises nothing: even nonsense rows come back as violations.
    """
    out = _nonsense(instance, seats)
    if out:
        return out
    fixed = {(int(p), int(c)) for p, c in instance.fixed}
    rows = [(int(p), int(c)) for p, c in seats]
    new = np.array([r not in fixed for r in rows], dtype=bool)
    out += [
        Violation("fixed", p, c, "An enrolled person lost the seat.") for p, c in sorted(fixed - set(rows))
    ]
    shut = set(closed)
    out += [
        Violation("closed", p, c, "This cohort does not run.")
        for p, c in rows
        if c in shut and (p, c) not in fixed
    ]
    out += _capacity(instance, seats, closed)
    out += _rules(instance, policy, seats[new])
    out += _bundles(instance, policy, rows, fixed)
    out += _keep_apart(instance, rows, fixed)
    out += _floors(instance, policy, seats)
    if policy.promise:
        out += passed_over(instance, policy, seats)
    return out


def _nonsense(instance: Instance, seats: I4) -> list[Violation]:
    out = []
    seen: set[tuple[int, int]] = set()
    for p, c in seats:
        if not (0 <= p < instance.n and 0 <= c < len(instance.cohorts)):
            out.append(Violation("unknown", int(p), int(c), "No such person or cohort."))
        elif (int(p), int(c)) in seen:
            out.append(Violation("twice", int(p), int(c), "The same seat is listed twice."))
        seen.add((int(p), int(c)))
    return out


def _capacity(instance: Instance, seats: I4, closed: tuple[int, ...]) -> list[Violation]:
    used = np.bincount(seats[:, 1], minlength=len(instance.cohorts))
    enrolled = np.bincount(instance.fixed[:, 1], minlength=len(instance.cohorts))
    limit = np.maximum(instance.c_seats, enrolled)
    out = [
        Violation("capacity", -1, int(c), f"{used[c]} people for {limit[c]} seats.")
        for c in np.flatnonzero(used > limit)
    ]
    few = (used > enrolled) & (used < instance.c_min)
    few[list(closed)] = False
    out += [
        Violation("minimum", -1, int(c), f"{used[c]} people; {instance.c_min[c]} are needed for it to run.")
        for c in np.flatnonzero(few)
    ]
    return out


def allowed(instance: Instance, policy: Policy, person: I4, cohort: I4) -> dict[str, B1]:
    """For each pair and rule, whether it holds; prerequisites are looked at elsewhere."""
    program = instance.c_program[cohort]
    start, end, release = instance.c_start[cohort], instance.c_end[cohort], instance.p_release[person]
    links = set(zip(instance.link_cohort.tolist(), instance.link_facility.tolist(), strict=True))
    at = zip(cohort.tolist(), instance.p_facility[person].tolist(), strict=True)
    key = person.astype(np.int64) * len(instance.cohorts) + cohort
    taught = instance.g_lang[program]
    outside = instance.g_outside[program] & (release > start + policy.outside_days)
    return {
        "consent": instance.p_consent[person],
        "need": instance.p_needs[person, instance.g_primary[program]] > 0,
        "done": ~instance.p_done[person, program],
        "site": np.fromiter((x in links for x in at), dtype=bool, count=len(person)),
        "present": start >= instance.p_from[person],
        "release": (end <= release) | outside,
        "window": release - start <= instance.g_window[program],
        "custody": instance.p_custody[person] <= instance.g_custody[program],
        "literacy": instance.p_literacy[person] >= instance.g_literacy[program],
        "language": (taught == 0) | ((taught & instance.p_lang[person]) > 0),
        "busy": ~_pattern_overlap(instance, instance.p_busy[person], instance.c_pattern[cohort], policy),
        "barred": _free(instance, key),
    }


def _free(instance: Instance, key: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> B1:
    barred = instance.pair_key[instance.pair_bar > 0]
    if not len(barred):
        return np.ones(len(key), dtype=bool)
    at = np.minimum(np.searchsorted(barred, key), len(barred) - 1)
    free: B1 = barred[at] != key
    return free


def _rules(instance: Instance, policy: Policy, seats: I4) -> list[Violation]:
    out = []
    for rule, ok in allowed(instance, policy, seats[:, 0], seats[:, 1]).items():
        out += [Violation(rule, int(p), int(c), f"The rule {rule!r} is broken.") for p, c in seats[~ok]]
    return out


def _pattern_overlap(instance: Instance, a: I4, b: I4, policy: Policy) -> B1:
    pairs, back = np.unique(np.column_stack((a, b)), axis=0, return_inverse=True)
    hit = [overlap(instance.patterns[x], instance.patterns[y], policy.travel_minutes) for x, y in pairs]
    result: B1 = np.array(hit, dtype=bool)[back.reshape(-1)]
    return result


def overlap(a: tuple[Session, ...], b: tuple[Session, ...], travel: int) -> bool:
    """Do two weekly patterns meet, each session lasting `travel` minutes longer for the way?"""
    for s in a:
        for t in b:
            x, y = s.weekday * 1440 + s.start, t.weekday * 1440 + t.start
            dx, dy = s.end - s.start + travel, t.end - t.start + travel
            if (y - x) % _WEEK < dx or (x - y) % _WEEK < dy:
                return True
    return False


def _bundles(
    instance: Instance, policy: Policy, rows: list[tuple[int, int]], fixed: set[tuple[int, int]]
) -> list[Violation]:
    mine: dict[int, list[int]] = defaultdict(list)
    for p, c in rows:
        mine[p].append(c)
    out = []
    for p, seats in mine.items():
        fresh = [c for c in seats if (p, c) not in fixed]
        if not fresh:
            continue
        if len(seats) > min(policy.max_seats, int(instance.p_max[p])):
            out.append(Violation("too many", p, -1, f"{len(seats)} seats."))
        for c in fresh:
            out += _beside(instance, policy, p, c, [x for x in seats if x != c])
    return out


def _beside(instance: Instance, policy: Policy, p: int, c: int, others: list[int]) -> list[Violation]:
    out = []
    g = instance.c_program[c]
    for x in others:
        if instance.c_program[x] == g:
            out.append(Violation("program twice", p, c, "Two cohorts of one program."))
        apart = instance.c_end[x] <= instance.c_start[c] or instance.c_end[c] <= instance.c_start[x]
        times = instance.patterns[instance.c_pattern[c]], instance.patterns[instance.c_pattern[x]]
        if not apart and overlap(*times, policy.travel_minutes):
            out.append(Violation("clash", p, c, f"Meets at the same time as {instance.cohorts[x]}."))
    for q in instance.g_prereq[g]:
        in_time = any(instance.c_program[x] == q and instance.c_end[x] <= instance.c_start[c] for x in others)
        if not instance.p_done[p, q] and not in_time:
            out.append(Violation("prerequisite", p, c, f"{instance.programs[q]} must come first."))
    return out


def _keep_apart(
    instance: Instance, rows: list[tuple[int, int]], fixed: set[tuple[int, int]]
) -> list[Violation]:
    mine: dict[int, set[int]] = defaultdict(set)
    for p, c in rows:
        mine[p].add(c)
    return [
        Violation("keep apart", int(a), c, "Two people who must be kept apart.")
        for a, b in instance.apart
        for c in sorted(mine[int(a)] & mine[int(b)])
        if not {(int(a), c), (int(b), c)} <= fixed
    ]


def met_by(instance: Instance, seats: I4) -> F8:
    """Need met per person, (n,), by (person, cohort) rows, summed the slow way."""
    covered: dict[int, F8] = {}
    for p, c in seats.tolist():
        add = instance.g_strength[instance.c_program[c]] * instance.pair(p, c)[0]
        covered[p] = covered.get(p, 0.0) + add
    met = np.zeros(instance.n)
    for p, cov in covered.items():
        met[p] = float((instance.p_needs[p] * np.minimum(cov, 1.0)).sum())
    return met


def _floors(instance: Instance, policy: Policy, seats: I4) -> list[Violation]:
    if not policy.floors:
        return []
    met, need = met_by(instance, seats), instance.p_needs.sum(axis=1)
    out = []
    for f in policy.floors:
        labels, code = instance.groups[f.group]
        inside = code == labels.index(f.label)
        share = met[inside].sum() / max(need[inside].sum(), 1e-12)
        other = met[~inside].sum() / max(need[~inside].sum(), 1e-12)
        wanted = f.at_least * other if f.relative else f.at_least
        if share < wanted - 1e-7:
            out.append(
                Violation("floor", -1, -1, f"{f.group}={f.label} reaches {share:.4f} of {wanted:.4f}.")
            )
    return out


def passed_over(instance: Instance, policy: Policy, seats: I4) -> list[Violation]:
    """Breaches of the promise: someone without a seat, and a holder with less need, later release, shorter wait."""
    sitting: dict[int, list[int]] = defaultdict(list)
    for p, c in seats.tolist():
        sitting[c].append(p)
    fixed = {(int(p), int(c)) for p, c in instance.fixed}
    has = np.zeros(instance.n, dtype=bool)
    has[seats[:, 0]] = True
    has |= np.minimum(instance.p_max, policy.max_seats) <= 0
    waiting: dict[int, I4] = {}
    for f in range(len(instance.facilities)):
        waiting[f] = np.flatnonzero(~has & (instance.p_facility == f)).astype(np.int32)
    sites: dict[int, list[int]] = defaultdict(list)
    for c, f in zip(instance.link_cohort.tolist(), instance.link_facility.tolist(), strict=True):
        sites[c].append(f)
    found: list[tuple[int, int, int]] = []
    for c, people in sorted(sitting.items()):
        w = np.concatenate([waiting[f] for f in sites[c]]) if sites[c] else np.empty(0, np.int32)
        need = instance.p_needs[:, instance.g_primary[instance.c_program[c]]]
        if not len(w):
            continue
        h = np.array([x for x in people if (x, c) not in fixed], dtype=np.int32)
        less = need[h][None, :] < need[w][:, None]
        less &= instance.p_release[h][None, :] > instance.p_release[w][:, None]
        less &= instance.p_wait[h][None, :] < instance.p_wait[w][:, None]
        found += [(int(w[i]), c, int(h[j])) for i, j in zip(*np.nonzero(less), strict=True)]
    return _truly(instance, policy, found, sitting)


def _truly(
    instance: Instance, policy: Policy, found: list[tuple[int, int, int]], sitting: dict[int, list[int]]
) -> list[Violation]:
    """Keep those whom the seat really fits."""
    if not found:
        return []
    rows = np.array(found, dtype=np.int32)
    fits = np.logical_and.reduce(list(allowed(instance, policy, rows[:, 0], rows[:, 1]).values()))
    partners: dict[int, set[int]] = defaultdict(set)
    for a, b in instance.apart.tolist():
        partners[a].add(b)
        partners[b].add(a)
    out = []
    for p, c, h in rows[fits].tolist():
        ready = all(instance.p_done[p, q] for q in instance.g_prereq[instance.c_program[c]])
        if ready and not (partners[p] & set(sitting[c])) - {h} and _worth_alone(instance, policy, p, c) > 0:
            out.append(Violation("passed over", p, c, f"{instance.people[h]} sits there with less claim."))
    return out


def _worth_alone(instance: Instance, policy: Policy, p: int, c: int) -> float:
    left = max(int(instance.p_release[p]), 0) / 7
    near = 0.0 if instance.p_release[p] >= 2**30 else math.exp(-left / policy.urgency_weeks)
    fit, liking, _ = instance.pair(p, c)
    met = float(instance.p_needs[p] @ np.minimum(1.0, instance.g_strength[instance.c_program[c]] * fit))
    wait = min(float(instance.p_wait[p]) / 7 / policy.waiting_weeks, 1.0)
    first = policy.first_seat * (policy.first_seat_base + policy.first_seat_urgent * near)
    held = policy.held if [p, c] in instance.held[instance.held[:, 0] == p].tolist() else 0.0
    return (
        (1 + policy.urgency * near) * met + policy.waiting * wait + policy.preference * liking + first + held
    )
