"""The check and the explainer under attack by random plans."""

from __future__ import annotations

import random

import numpy as np
import pytest
from allocation_small import bundles, random_instance, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from throughgate.engines.allocation import Effort, Explainer, Instance, Kind, Plan, Policy, Why, make_plan
from throughgate.engines.allocation.arrays import I4, NEVER
from throughgate.engines.allocation.check import check
from throughgate.engines.allocation.eligibility import Rule, missing_prerequisites

PLAIN = Effort(engine="plain", mip=False)
ATTACK = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@ATTACK
@given(seed=st.integers(0, 10**6), pick=st.integers(0, 10**6))
def test_check_agrees_with_a_plain_reading_of_the_rules(seed: int, pick: int) -> None:
    inst = random_instance(seed, apart=True, fixed=seed % 2 == 0)
    policy, r = Policy(promise=False), random.Random(pick)
    plan, lawful = [], True
    for p in range(inst.n):
        options = bundles(inst, policy, p)
        if r.random() < 0.85:
            mine = r.choice(options)
        else:
            mine = tuple(r.sample(range(len(inst.cohorts)), min(len(inst.cohorts), r.randint(0, 3))))
            lawful &= tuple(sorted(mine)) in {tuple(sorted(b)) for b in options}
        plan += [(p, c) for c in mine]
    used = np.bincount([c for _, c in plan], minlength=len(inst.cohorts))
    enrolled = np.bincount(inst.fixed[:, 1], minlength=len(inst.cohorts))
    lawful &= bool((used <= np.maximum(inst.c_seats, enrolled)).all())
    fixed = {tuple(x) for x in inst.fixed.tolist()}
    for a, b in inst.apart.tolist():
        both = {c for p, c in plan if p == a} & {c for p, c in plan if p == b}
        lawful &= all((a, c) in fixed and (b, c) in fixed for c in both)
    assert (check(inst, policy, rows(plan)) == []) == lawful


@ATTACK
@given(seed=st.integers(0, 10**6))
def test_every_plan_keeps_the_promise(seed: int) -> None:
    """Nobody without a seat has more need, earlier release and longer wait than a holder of a seat that fits."""
    inst = random_instance(seed, people=14, apart=seed % 2 == 0)
    plan = make_plan(inst, Policy(first_seat=0), effort=Effort(engine="plain", mip=seed % 3 == 0))
    sitting = [(int(p), int(c)) for p, c in plan.seats]
    seated = {p for p, _ in sitting}
    for p in set(range(inst.n)) - seated:
        for (c,) in (b for b in bundles(inst, plan.policy, p) if len(b) == 1):
            need = inst.p_needs[:, inst.g_primary[inst.c_program[c]]]
            partners = {int(x) for pair in inst.apart if p in pair for x in pair} - {p}
            for h in (h for h, x in sitting if x == c):
                if partners & {q for q, x in sitting if x == c} - {h}:
                    continue
                outranked = need[h] < need[p] and inst.p_release[h] > inst.p_release[p]
                assert not (outranked and inst.p_wait[h] < inst.p_wait[p]), (seed, p, c, h)


def test_check_sees_each_kind_of_damage() -> None:
    inst = random_instance(3)
    policy = Policy(promise=False)
    assert {v.kind for v in check(inst, policy, rows([(0, 0), (0, 0)]))} == {"twice"}
    assert {v.kind for v in check(inst, policy, rows([(99, 0)]))} == {"unknown"}
    crowd = inst.with_changes(c_seats=np.zeros_like(inst.c_seats))
    assert "capacity" in {v.kind for v in check(crowd, policy, rows([(0, 0)]))}


# ---- explanations


def without(
    inst: Instance, plan: Plan, seats: I4, why: Why, leave: Kind | Rule | None
) -> tuple[Instance, I4]:
    """Remove every obstacle named, but for one to leave in place."""
    p, c = why.person, why.cohort
    g = int(inst.c_program[c])
    change: dict[str, np.ndarray] = {}

    def edit(name: str, at: object, value: object) -> None:
        change.setdefault(name, getattr(inst, name).copy())[at] = value

    for o in why.obstacles:
        if o.kind is leave:
            continue
        match o.kind:
            case Kind.RULES:
                for f in o.findings:
                    if f.rule is not leave:
                        _remedy(inst, plan.policy, p, c, g, f.rule, edit, change)
            case Kind.CLASH | Kind.PROGRAM:
                seats = np.array(
                    [s for s in seats if not (s[0] == p and s[1] in o.cohorts)], np.int32
                ).reshape(-1, 2)
            case Kind.FIRST:
                for q in o.programs:
                    edit("p_done", (p, q), True)
            case Kind.LIMIT:
                mine = [x for x in o.cohorts]
                seats = np.array([s for s in seats if not (s[0] == p and s[1] == mine[0])], np.int32).reshape(
                    -1, 2
                )
            case Kind.UNAVAILABLE:
                change["apart"] = inst.apart[(inst.apart != p).all(axis=1)]
            case Kind.PRICE | Kind.TIE:
                edit("c_seats", c, int((seats[:, 1] == c).sum()) + 1)
            case Kind.CLOSED:
                edit("c_min", c, 0)
                edit("c_seats", c, int((seats[:, 1] == c).sum()) + 1)
    return inst.with_changes(**change), seats


def _remedy(inst, policy, p, c, g, rule, edit, change) -> None:
    match rule:
        case Rule.CONSENT:
            edit("p_consent", p, True)
        case Rule.NEED:
            edit("p_needs", (p, inst.g_primary[g]), 0.5)
        case Rule.DONE:
            edit("p_done", (p, g), False)
        case Rule.SITE:
            change["link_cohort"] = np.append(inst.link_cohort, c).astype(np.int32)
            change["link_facility"] = np.append(inst.link_facility, inst.p_facility[p]).astype(np.int32)
        case Rule.PRESENT:
            edit("p_from", p, 0)
        case Rule.RELEASE:
            edit("g_outside", g, True)
            edit("p_release", p, max(int(inst.p_release[p]), int(inst.c_start[c]) + policy.outside_days + 1))
        case Rule.WINDOW:
            edit("g_window", g, NEVER)
        case Rule.CUSTODY:
            edit("g_custody", g, 99)
        case Rule.LITERACY:
            edit("g_literacy", g, 0)
        case Rule.LANGUAGE:
            edit("g_lang", g, 0)
        case Rule.BUSY:
            edit("p_busy", p, 0)
        case Rule.BARRED:
            keep = inst.pair_key != p * len(inst.cohorts) + c
            for name in ("pair_key", "pair_fit", "pair_pref", "pair_bar"):
                change[name] = getattr(inst, name)[keep]
        case Rule.PREREQUISITE:
            for q in missing_prerequisites(inst, policy, p, c):
                edit("p_done", (p, q), True)


def possible(inst: Instance, policy: Policy, seats: I4, p: int, c: int) -> bool:
    """Could this one seat be added without breaking anything about it?"""
    more = np.array(sorted([*map(tuple, seats.tolist()), (p, c)]), dtype=np.int32)
    about = [
        v for v in check(inst, policy, more) if v.cohort == c or (v.person == p and v.kind == "too many")
    ]
    mine = {p, -1} | {int(x) for pair in inst.apart if p in pair for x in pair}
    return not [v for v in about if v.person in mine and v.kind != "minimum"]


@ATTACK
@given(seed=st.integers(0, 10**6))
def test_every_why_not_is_true(seed: int) -> None:
    inst = random_instance(seed, apart=True, minimum=seed % 3 == 0, fixed=seed % 4 == 0)
    policy = Policy()
    plan = make_plan(inst, policy, effort=PLAIN)
    loose = Policy(promise=False)
    explainer = Explainer(inst, plan)
    for p in range(inst.n):
        for c in range(len(inst.cohorts)):
            why = explainer.why(p, c)
            assert why.seated == ([p, c] in plan.seats.tolist())
            if why.seated:
                continue
            assert why.obstacles
            changed, seats = without(inst, plan, plan.seats, why, None)
            assert possible(changed, loose, seats, p, c), (seed, p, c, why)
            if why.obstacles[0].kind is Kind.NO_GAIN:
                assert explainer.margin(p, c) <= 1e-9, (seed, p, c)
                continue
            kinds = [o.kind for o in why.obstacles if o.kind is not Kind.RULES and o.kind is not Kind.CLOSED]
            rules = [f.rule for o in why.obstacles for f in o.findings]
            for one in (*kinds, *rules):
                changed, seats = without(inst, plan, plan.seats, why, one)
                assert not possible(changed, loose, seats, p, c), (seed, p, c, one, why)


def test_keep_apart_is_never_named() -> None:
    """Whoever asks hears the same words whatever stands behind them."""
    seen = 0
    for seed in range(120):
        inst = random_instance(seed, apart=True)
        plan = make_plan(inst, effort=PLAIN)
        explainer = Explainer(inst, plan)
        for p in range(inst.n):
            for c in range(len(inst.cohorts)):
                for o in explainer.why(p, c).obstacles:
                    if o.kind is Kind.UNAVAILABLE:
                        seen += 1
                        assert (o.findings, o.cohorts, o.programs, o.line) == ((), (), (), None)
    assert seen


def test_place_in_line_is_among_those_who_fit() -> None:
    lines = 0
    for seed in range(30):
        inst = random_instance(seed, people=14)
        explainer = Explainer(inst, make_plan(inst, effort=PLAIN))
        for p in range(inst.n):
            for c in range(len(inst.cohorts)):
                for o in explainer.why(p, c).obstacles:
                    if o.line is not None:
                        lines += 1
                        assert 1 <= o.line.place <= o.line.fit
    assert lines > 20


def test_a_plan_from_other_input_is_not_explained() -> None:
    plan = make_plan(random_instance(1), effort=PLAIN)
    with pytest.raises(ValueError, match="another instance"):
        Explainer(random_instance(2), plan)
