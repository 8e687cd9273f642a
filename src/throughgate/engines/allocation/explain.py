"""Why this seat and not that one, in an order people can act on, never naming a keep-apart order.

For one person and one cohort: first every failing hard rule, then what in the person's own plan is in the way,
then "not available at this time" (which covers keep-aparts and nothing more is said), then the price: how many
fit, what the last seat's holder gains, the place in line; last, the tie lottery. Each obstacle named is real:
remove all of them and the seat is possible; leave any one and it is not.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .arrays import I4
from .eligibility import Finding, Rule, explain_pair, missing_prerequisites
from .instance import Instance
from .lottery import tickets
from .model import Plan
from .plan import edges_of
from .problem import Problem, compile_problem, meets
from .promise import passed_over


class Kind(enum.Enum):
    """What stands in the way, in the order in which it is told."""

    RULES = "rules"
    CLASH = "clash"
    PROGRAM = "program"
    FIRST = "first"
    LIMIT = "limit"
    UNAVAILABLE = "unavailable"
    CLOSED = "closed"
    PRICE = "price"
    TIE = "tie"
    NO_GAIN = "no_gain"


@dataclass(frozen=True, slots=True)
class Line:
    """The queue for a full cohort as one person sees it. Values are in units of weighted need met."""

    seats: int
    fit: int
    """How many people could take this seat by the rules."""
    last: float
    """What the seat is worth to the holder who gains least from it."""
    yours: float
    """What it would be worth to this person."""
    place: int
    """Place in line among people who fit and did not get it, 1 = next."""
    price: float
    """Posted price of the seat."""
    next_starts: tuple[int, ...]
    """Start days of later cohorts of this program that this person may take."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing in the way.

    `findings` for rules; `cohorts` names the person's own seats, any one of which would have to go (for a clash
    all of them); `programs` what must come first; `line` the queue for a full cohort.
    """

    kind: Kind
    findings: tuple[Finding, ...] = ()
    cohorts: tuple[int, ...] = ()
    programs: tuple[int, ...] = ()
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """The answer for one person and cohort: seated, or every obstacle, the leading one first."""

    person: int
    cohort: int
    seated: bool
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """A cohort that fits a person: its worth, its price, and whether they hold it."""

    cohort: int
    worth: float
    price: float
    seated: bool
    open_seats: int


@dataclass(frozen=True, slots=True)
class _Queue:
    """Worth of a cohort's seat to everybody who may take it, to the last holder, and the places of the others."""

    margin: dict[int, float]
    last: float
    place: dict[int, int]


class Explainer:
    """Answers questions about one plan. Build once per plan; each answer takes milliseconds."""

    def __init__(self, instance: Instance, plan: Plan) -> None:
        if plan.instance_digest != instance.digest:
            raise ValueError("This plan was made from another instance; load the one it was made from.")
        self.instance, self.plan = instance, plan
        self.problem: Problem = compile_problem(instance, plan.policy)
        self.edges = edges_of(self.problem, plan)
        self.used = np.bincount(plan.seats[:, 1], minlength=len(instance.cohorts))
        self.clash = instance.clashes(plan.policy.travel_minutes)
        self._queues: dict[int, _Queue] = {}

    @cached_property
    def _lottery(self) -> dict[tuple[int, int], bool]:
        return {(t.person, t.cohort): t.seated for t in self.plan.lottery}

    @cached_property
    def rules_only(self) -> Problem:
        """The pairs that pass the rules, enrolled people's own schedules left aside."""
        return compile_problem(self.instance.with_changes(fixed=self.instance.fixed[:0]), self.plan.policy)

    def seats_of(self, person: int) -> list[int]:
        """The person's cohorts in the plan."""
        return [int(c) for c in self.plan.seats[self.plan.seats[:, 0] == person, 1]]

    def why(self, person: int, cohort: int) -> Why:
        """Why this person has, or has not, a seat in this cohort."""
        mine = self.seats_of(person)
        if cohort in mine:
            return Why(person, cohort, True)
        found: list[Obstacle] = []
        findings = explain_pair(self.instance, self.plan.policy, person, cohort)
        if findings:
            found.append(Obstacle(Kind.RULES, tuple(findings)))
        found += self._own_plan(person, cohort, mine, findings)
        if self._kept_apart(person, cohort):
            found.append(Obstacle(Kind.UNAVAILABLE))
        if cohort in self.plan.closed:
            found.append(Obstacle(Kind.CLOSED))
        elif self.used[cohort] >= self.instance.c_seats[cohort]:
            tie = self._lottery.get((person, cohort)) is False
            line = None if findings else self.line(person, cohort)
            found.append(Obstacle(Kind.TIE if tie else Kind.PRICE, line=line))
        if not found:
            found.append(Obstacle(Kind.NO_GAIN, line=self.line(person, cohort)))
        return Why(person, cohort, False, tuple(found))

    def _own_plan(self, person: int, cohort: int, mine: list[int], findings: list[Finding]) -> list[Obstacle]:
        inst, policy = self.instance, self.plan.policy
        out: list[Obstacle] = []
        g = int(inst.c_program[cohort])
        same = tuple(c for c in mine if inst.c_program[c] == g)
        rows = np.array(mine, dtype=np.int32)
        hit = meets(inst, self.clash, rows, cohort) if len(rows) else np.zeros(0, dtype=bool)
        clash = tuple(c for c, x in zip(mine, hit, strict=True) if x and c not in same)
        if clash:
            out.append(Obstacle(Kind.CLASH, cohorts=clash))
        if same:
            out.append(Obstacle(Kind.PROGRAM, cohorts=same))
        start = inst.c_start[cohort]
        ended = {int(inst.c_program[c]) for c in mine if inst.c_end[c] <= start}
        missing = tuple(q for q in inst.g_prereq[g] if not inst.p_done[person, q] and q not in ended)
        if any(f.rule is Rule.PREREQUISITE for f in findings):
            hopeless = missing_prerequisites(inst, policy, person, cohort)
            missing = tuple(q for q in missing if q not in hopeless)
        if missing:
            out.append(Obstacle(Kind.FIRST, programs=missing))
        limit = int(min(inst.p_max[person], policy.max_seats))
        left = [c for c in mine if c not in clash and c not in same]
        if len(left) >= limit:
            needed = {c for c in left if inst.c_program[c] in inst.g_prereq[g] and inst.c_end[c] <= start}
            out.append(Obstacle(Kind.LIMIT, cohorts=tuple(c for c in left if c not in needed)))
        return out

    def _kept_apart(self, person: int, cohort: int) -> bool:
        pairs = self.instance.apart
        partners = np.concatenate((pairs[pairs[:, 0] == person, 1], pairs[pairs[:, 1] == person, 0]))
        there = self.plan.seats[self.plan.seats[:, 1] == cohort, 0]
        return bool(np.isin(there, partners).any())

    def _queue(self, cohort: int) -> _Queue:
        """Everybody who may take a cohort by the rules, once for all who ask about it."""
        if cohort not in self._queues:
            people = self.rules_only.owner[np.flatnonzero(self.rules_only.data.cohort == cohort)]
            margin = {int(p): self.margin(int(p), cohort) for p in people}
            seated = set(self.plan.seats[self.plan.seats[:, 1] == cohort, 0].tolist())
            outside = sorted((-v, p) for p, v in margin.items() if p not in seated)
            self._queues[cohort] = _Queue(
                margin,
                min((v for p, v in margin.items() if p in seated), default=0.0),
                {p: place for place, (_, p) in enumerate(outside, start=1)},
            )
        return self._queues[cohort]

    def line(self, person: int, cohort: int) -> Line:
        """The queue for a cohort from one person's point of view."""
        inst, queue = self.instance, self._queue(cohort)
        own = self.rules_only.edges.of(person)
        later = own[
            (inst.c_program[own] == inst.c_program[cohort]) & (inst.c_start[own] > inst.c_start[cohort])
        ]
        return Line(
            int(inst.c_seats[cohort]), len(queue.margin), queue.last, queue.margin.get(person, 0.0),
            queue.place.get(person, len(queue.place) + 1),
            float(self.plan.prices.seat[cohort]), tuple(sorted({int(x) for x in inst.c_start[later]})),
        )  # fmt: skip

    def margin(self, person: int, cohort: int) -> float:
        """What the seat adds to the rest of this person's plan, clashing own seats left out, in value units."""
        inst, d = self.instance, self.rules_only.data
        e = self.rules_only.edges.find(person, cohort)
        if e < 0:
            return 0.0
        rest = [c for c in self.seats_of_cached.get(person, ()) if c != cohort]
        rows = np.array(rest, dtype=np.int32)
        if len(rows):
            rows = rows[~meets(inst, self.clash, rows, cohort)]
        needs = len(inst.needs)
        cov = np.zeros(needs)
        for c in rows:
            cov += inst.g_strength[inst.c_program[c]] * inst.pair(person, int(c))[0]
        more = cov + inst.g_strength[inst.c_program[cohort]] * d.fit[e]
        gained = np.minimum(1.0, more) - np.minimum(1.0, cov)
        first = 0.0 if len(rows) else float(d.first[person])
        return float(d.weight[person * needs : (person + 1) * needs] @ gained) + float(d.bonus[e]) + first

    @cached_property
    def seats_of_cached(self) -> dict[int, list[int]]:
        """Person -> cohorts, for everyone with a seat."""
        out: dict[int, list[int]] = {}
        for p, c in self.plan.seats.tolist():
            out.setdefault(p, []).append(c)
        return out

    def fits(self, person: int, k: int = 5) -> list[Fit]:
        """The person's k best cohorts by the rules, most valuable first, full ones included."""
        d = self.rules_only.data
        lo, hi = int(d.indptr[person]), int(d.indptr[person + 1])
        order = sorted(range(lo, hi), key=lambda e: (-float(d.single[e]), int(d.cohort[e])))[:k]
        mine = set(self.seats_of(person))
        open_ = np.maximum(0, self.instance.c_seats - self.used)
        return [
            Fit(c, float(d.single[e]), float(self.plan.prices.seat[c]), c in mine, int(open_[c]))
            for e in order
            if (c := int(d.cohort[e])) >= 0
        ]

    def almost(self, person: int) -> list[tuple[int, Finding]]:
        """Cohorts at the person's facility that just one rule keeps them from, with that rule."""
        out = []
        for c in self.instance.reaches(int(self.instance.p_facility[person])).tolist():
            findings = explain_pair(self.instance, self.plan.policy, person, c)
            if len(findings) == 1:
                out.append((c, findings[0]))
        return out

    def passed_over(self) -> I4:
        """Breaches of the promise as (person, cohort, holder) rows; empty for every plan that was shown."""
        rows = passed_over(self.problem, self.edges)
        p = self.problem.owner[rows[:, 0]] if len(rows) else rows[:, 0]
        c = self.problem.data.cohort[rows[:, 0]] if len(rows) else rows[:, 0]
        return np.column_stack((p, c, rows[:, 1])).astype(np.int32)

    def ticket(self, person: int) -> float:
        """The person's lottery number for this plan's seed; lower goes first."""
        return float(tickets((self.instance.people[person],), self.plan.seed)[0])


def for_participant(why: Why) -> Why:
    """The same answer for the participant's own eyes: what the seat is worth to someone else is left out."""
    kept = tuple(replace(o, line=replace(o.line, last=0.0) if o.line else None) for o in why.obstacles)
    return replace(why, obstacles=kept)
