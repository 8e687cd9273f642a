"""On small instances the plan is the best there is: no plan worth more passes the check."""

from __future__ import annotations

import numpy as np
import pytest
from allocation_small import BruteForce, random_instance, refused

from throughgate.engines.allocation import Effort, Floor, FloorUnreachable, Policy, make_plan
from throughgate.engines.allocation.check import check
from throughgate.engines.allocation.synthetic import make_instance
from throughgate.engines.allocation.value import bundle_value

PLAIN = Effort(engine="plain")


def _policies(seed: int) -> Policy:
    first = (0.0, 0.5, 1.0)[seed % 3]
    return Policy(first_seat=first, promise=seed % 2 == 0, max_seats=3 if seed % 5 else 2)


def _assert_best(seed: int, **kinds: bool) -> None:
    inst, policy = random_instance(seed, **kinds), _policies(seed)
    plan = make_plan(inst, policy, effort=PLAIN)
    assert check(inst, policy, plan.seats, plan.closed) == []
    total = sum(
        bundle_value(inst, policy, p, plan.seats[plan.seats[:, 0] == p, 1].tolist()) for p in range(inst.n)
    )
    assert plan.value == pytest.approx(total, abs=1e-9)
    brute = BruteForce(inst, policy)
    assert plan.bound >= plan.value - 1e-9
    for better in brute.better(plan.value + 1e-6):
        assert refused(inst, policy, better), f"seed {seed}: {better} is worth more and allowed"
    if not any(kinds.values()) and not policy.promise:
        assert plan.value == pytest.approx(brute.best, abs=1e-6)
        assert plan.gap <= 1e-6


@pytest.mark.parametrize("block", range(8))
def test_equals_brute_force(block: int) -> None:
    for seed in range(block * 10, block * 10 + 10):
        _assert_best(seed)


@pytest.mark.parametrize("block", range(4))
def test_equals_brute_force_with_keep_aparts_minimums_and_enrolled_people(block: int) -> None:
    for seed in range(5000 + block * 10, 5010 + block * 10):
        _assert_best(seed, apart=True, fixed=seed % 2 == 0)
        _assert_best(seed, minimum=True, fixed=seed % 3 == 0)
        inst = random_instance(seed, minimum=True)
        plan = make_plan(inst, _policies(seed), effort=Effort(engine="plain", mip=False))
        assert check(inst, _policies(seed), plan.seats, plan.closed) == []


@pytest.mark.slow
def test_equals_brute_force_on_two_thousand_instances() -> None:
    for seed in range(10_000, 12_000):
        _assert_best(seed, apart=seed % 4 == 3, fixed=seed % 8 == 5, minimum=seed % 16 == 9)


def test_floors_hold_or_are_refused() -> None:
    met = 0
    for seed in range(60):
        inst = random_instance(seed)
        if "es" not in inst.groups["language"][0]:
            continue
        policy = Policy(floors=(Floor("language", "es", 0.9, relative=True),), promise=False)
        try:
            plan = make_plan(inst, policy, effort=PLAIN)
        except FloorUnreachable:
            continue
        met += 1
        assert check(inst, policy, plan.seats) == []
        for better in BruteForce(inst, policy).better(plan.value + 1e-6):
            assert refused(inst, policy, better), seed
    assert met > 20


def test_small_gap_at_a_thousand_people_without_integer_programs() -> None:
    inst = make_instance(600, 11)
    plan = make_plan(inst, Policy(), effort=Effort(engine="plain", mip=False))
    assert plan.gap < 0.005
    assert np.isfinite(plan.bound)
