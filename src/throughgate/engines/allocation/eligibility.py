"""Who may take which cohort, and if not, why.

Each rule is one small comparison, kept as one bit, so that every failing rule of a pair is known, not only the
first. Facility staff see fact, source and remedy of each ([F-9], [F-10]); security facts enter only as opaque
bar codes on a pair.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from .arrays import B1, F8, I4, I8, U2
from .instance import Instance
from .model import Policy

_LONGEST_CHAIN = 4
"""Passes over prerequisites of prerequisites; a bundle of three seats needs no more."""


class Rule(enum.IntFlag):
    """Hard rules, in the order in which they lead an explanation."""

    CONSENT = enum.auto()
    NEED = enum.auto()
    DONE = enum.auto()
    SITE = enum.auto()
    PRESENT = enum.auto()
    RELEASE = enum.auto()
    WINDOW = enum.auto()
    CUSTODY = enum.auto()
    LITERACY = enum.auto()
    LANGUAGE = enum.auto()
    BUSY = enum.auto()
    BARRED = enum.auto()
    PREREQUISITE = enum.auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that a pair fails: the fact it rests on, where that fact is kept, and what would change it."""

    rule: Rule
    fact: str
    source: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Edges:
    """Pairs that pass every rule: CSR rows per person, cohorts ascending. `fit` and `pref` belong to each."""

    indptr: I8
    cohort: I4
    fit: F8
    pref: F8

    @property
    def owner(self) -> I4:
        """The person of each edge."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))

    def of(self, person: int) -> I4:
        """Cohorts open to a person by the rules."""
        return self.cohort[self.indptr[person] : self.indptr[person + 1]]

    def find(self, person: int, cohort: int) -> int:
        """Edge number of a pair, or -1."""
        lo = int(self.indptr[person])
        i = lo + int(np.searchsorted(self.of(person), cohort))
        return i if i < self.indptr[person + 1] and self.cohort[i] == cohort else -1


def failing(instance: Instance, policy: Policy, rows: I4, cols: I4, clash: B1) -> U2:
    """Failing rules of people `rows` x cohorts `cols`, shape (R, K); site, bar and prerequisite left out."""
    g = instance.c_program[cols]
    bits = np.zeros((len(rows), len(cols)), dtype=np.uint16)
    start, end = instance.c_start[cols], instance.c_end[cols]
    release = instance.p_release[rows, None]

    def mark(rule: Rule, failed: B1) -> None:
        bits[failed] |= rule.value

    mark(Rule.CONSENT, np.broadcast_to(~instance.p_consent[rows, None], bits.shape))
    mark(Rule.NEED, instance.p_needs[np.ix_(rows, instance.g_primary[g])] <= 0)
    mark(Rule.DONE, instance.p_done[np.ix_(rows, g)])
    mark(Rule.PRESENT, start < instance.p_from[rows, None])
    goes_on = instance.g_outside[g] & (release - start > policy.outside_days)
    mark(Rule.RELEASE, (end > release) & ~goes_on)
    mark(Rule.WINDOW, release - start > instance.g_window[g])
    mark(Rule.CUSTODY, instance.p_custody[rows, None] > instance.g_custody[g])
    mark(Rule.LITERACY, instance.p_literacy[rows, None] < instance.g_literacy[g])
    taught = instance.g_lang[g]
    mark(Rule.LANGUAGE, (taught != 0) & ((instance.p_lang[rows, None] & taught) == 0))
    mark(Rule.BUSY, clash[np.ix_(instance.p_busy[rows], instance.c_pattern[cols])])
    return bits


def bars(instance: Instance, person: I4, cohort: I4) -> I8:
    """Row of each pair in the pair table, or -1."""
    if not len(instance.pair_key):
        return np.full(len(person), -1, dtype=np.int64)
    key = person.astype(np.int64) * len(instance.cohorts) + cohort
    at = np.minimum(np.searchsorted(instance.pair_key, key), len(instance.pair_key) - 1)
    return np.where(instance.pair_key[at] == key, at, -1)


def reachable(instance: Instance, ok: B1, rows: I4, cols: I4) -> B1:
    """Which pairs can have all prerequisites: done, enrolled, or takeable in a cohort that ends in time.

    Runs one pass per link of the longest chain, since a takeable cohort must itself be reachable.
    """
    g = instance.c_program[cols]
    wanting = [k for k in range(len(cols)) if instance.g_prereq[g[k]]]
    row_of = {int(p): i for i, p in enumerate(rows)}
    enrolled: dict[int, list[tuple[int, int]]] = {}
    for p, c in instance.fixed[np.isin(instance.fixed[:, 0], rows)] if wanting else ():
        enrolled.setdefault(int(instance.c_program[c]), []).append((row_of[int(p)], int(instance.c_end[c])))
    for _ in range(_LONGEST_CHAIN):
        new = ok.copy()
        for k in wanting:
            start = instance.c_start[cols[k]]
            for q in instance.g_prereq[g[k]]:
                has = instance.p_done[rows, q].copy()
                has[[r for r, end in enrolled.get(q, ()) if end <= start]] = True
                opener = (g == q) & (instance.c_end[cols] <= start)
                new[:, k] &= has | ok[:, opener].any(axis=1)
        if (new == ok).all():
            break
        ok = new
    return ok


def compile_edges(instance: Instance, policy: Policy) -> Edges:
    """Every pair that passes every rule. Works one facility at a time, so memory stays small."""
    clash = instance.clashes(policy.travel_minutes)
    order = np.argsort(instance.p_facility, kind="stable").astype(np.int32)
    cuts = np.searchsorted(instance.p_facility[order], np.arange(len(instance.facilities) + 1))
    blocks: list[tuple[I4, I4, F8, F8]] = []
    for f in range(len(instance.facilities)):
        rows, cols = order[cuts[f] : cuts[f + 1]], instance.reaches(f)
        if len(rows) and len(cols):
            blocks.append(_block(instance, policy, rows, cols, clash))
    return _csr(instance.n, blocks)


def _block(instance: Instance, policy: Policy, rows: I4, cols: I4, clash: B1) -> tuple[I4, I4, F8, F8]:
    ok = failing(instance, policy, rows, cols, clash) == 0
    r, k = np.nonzero(ok)
    at = bars(instance, rows[r], cols[k])
    barred = (
        (at >= 0) & (instance.pair_bar[at] != 0) if len(instance.pair_key) else np.zeros(len(r), dtype=bool)
    )
    ok[r[barred], k[barred]] = False
    ok = reachable(instance, ok, rows, cols)
    keep = ok[r, k]
    r, k, at = r[keep], k[keep], at[keep]
    fit, pref = np.ones(len(r)), np.zeros(len(r))
    known = at >= 0
    fit[known], pref[known] = instance.pair_fit[at[known]], instance.pair_pref[at[known]]
    return rows[r], cols[k], fit, pref


def _csr(n: int, blocks: list[tuple[I4, I4, F8, F8]]) -> Edges:
    counts = np.zeros(n, dtype=np.int64)
    for person, *_ in blocks:
        counts += np.bincount(person, minlength=n)
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    cohort, fit, pref = np.empty(indptr[-1], dtype=np.int32), np.empty(indptr[-1]), np.empty(indptr[-1])
    for person, cols, f, q in blocks:
        if not len(person):
            continue
        new = np.concatenate(([True], person[1:] != person[:-1]))
        first = np.flatnonzero(new)
        rank = np.arange(len(person)) - np.repeat(first, np.diff(np.append(first, len(person))))
        to = indptr[person] + rank
        cohort[to], fit[to], pref[to] = cols, f, q
    return Edges(indptr, cohort, fit, pref)


def failing_rules(instance: Instance, policy: Policy, person: int, cohort: int) -> Rule:
    """All hard rules that one pair fails, as flags (0 = none)."""
    rows, cols = np.array([person], dtype=np.int32), np.array([cohort], dtype=np.int32)
    clash = instance.clashes(policy.travel_minutes)
    out = Rule(int(failing(instance, policy, rows, cols, clash)[0, 0]))
    if cohort not in instance.reaches(int(instance.p_facility[person])):
        out |= Rule.SITE
    if instance.pair(person, cohort)[2]:
        out |= Rule.BARRED
    if missing_prerequisites(instance, policy, person, cohort):
        out |= Rule.PREREQUISITE
    return out


def missing_prerequisites(instance: Instance, policy: Policy, person: int, cohort: int) -> tuple[int, ...]:
    """Programs that must come first and that this person neither has nor could take in time."""
    rows = np.array([person], dtype=np.int32)
    _, mine, *_ = _block(instance, policy, rows, instance.reaches(int(instance.p_facility[person])),
                         instance.clashes(policy.travel_minutes))  # fmt: skip
    start = instance.c_start[cohort]
    enrolled = instance.fixed[instance.fixed[:, 0] == person, 1]
    pool = np.concatenate((mine, enrolled))
    ready = {int(instance.c_program[c]) for c in pool if instance.c_end[c] <= start}
    wanted = instance.g_prereq[instance.c_program[cohort]]
    return tuple(q for q in wanted if not instance.p_done[person, q] and q not in ready)


def explain_pair(instance: Instance, policy: Policy, person: int, cohort: int) -> list[Finding]:
    """Every failing rule of one pair with fact, source and remedy, the leading one first; [] = may take it."""
    flags = failing_rules(instance, policy, person, cohort)
    return [_finding(instance, policy, person, cohort, rule) for rule in Rule if rule in flags]


def _finding(instance: Instance, policy: Policy, p: int, c: int, rule: Rule) -> Finding:
    g = int(instance.c_program[c])
    need = instance.needs[instance.g_primary[g]]
    left = int(instance.p_release[p])
    if rule is Rule.PREREQUISITE:
        first = ", ".join(instance.programs[q] for q in missing_prerequisites(instance, policy, p, c))
        return Finding(rule, f"Needs first: {first}.", "program", "Finish it, or a cohort that ends in time.")
    texts: dict[Rule, tuple[str, str, str]] = {
        Rule.CONSENT: ("Has not agreed to be placed.", "consent", "Ask; agreeing is free and can be undone."),
        Rule.NEED: (f"No assessed need in {need}.", "assessment", "A new assessment."),
        Rule.DONE: (f"Has already finished {instance.programs[g]}.", "completions", "Correct the record."),
        Rule.SITE: ("Not offered at this facility.", "cohort", "A remote place, a transfer, or a cohort here."),
        Rule.PRESENT: (
            f"Starts on day {instance.c_start[c]}, this person is here from day {instance.p_from[p]}.", "dates",
            "A later cohort."),
        Rule.RELEASE: (
            f"Ends on day {instance.c_end[c]}, release is on day {left}.", "release date",
            "A shorter or earlier cohort, or one that goes on outside."),
        Rule.WINDOW: (
            f"Takes people with at most {instance.g_window[g]} days left; {left - instance.c_start[c]} are left.",
            "program", "A later cohort."),
        Rule.CUSTODY: (
            f"Custody level {instance.p_custody[p]}; at most {instance.g_custody[g]} is taken.", "classification",
            "A review of the level."),
        Rule.LITERACY: (
            f"Reading level {instance.p_literacy[p]}; {instance.g_literacy[g]} is needed.", "assessment",
            "A reading course first, or a new test."),
        Rule.LANGUAGE: ("Not taught in a language this person uses.", "languages", "An interpreter or another group."),
        Rule.BUSY: ("At the same time as fixed work or care.", "schedule", "Another work shift or another group."),
        Rule.BARRED: (
            f"Marked: {instance.bars[instance.pair(p, c)[2]]}.", "case record", "Ask for a review of this mark."),
    }  # fmt: skip
    return Finding(rule, *texts[rule])
