"""Kernels, prices, integer programs, files and the command."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from allocation_small import bundles, random_instance
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from throughgate.engines.allocation import (
    Cohort,
    Effort,
    Floor,
    Instance,
    InstanceError,
    Pair,
    Person,
    Policy,
    Program,
    Scenario,
    Session,
    Valuer,
    gap_map,
    make_plan,
    read_instance,
    recruit_next,
    recruit_one_after_another,
    report,
    simulate,
    what_if,
    write_instance,
)
from throughgate.engines.allocation.baselines import RULES, today
from throughgate.engines.allocation.check import check
from throughgate.engines.allocation.cli import main
from throughgate.engines.allocation.engine import Engine
from throughgate.engines.allocation.fairness import changed_people, compare
from throughgate.engines.allocation.lottery import tickets
from throughgate.engines.allocation.mip import Program01, Worker
from throughgate.engines.allocation.plan import edges_of
from throughgate.engines.allocation.problem import compile_problem
from throughgate.engines.allocation.synthetic import make_instance
from throughgate.engines.allocation.value import bundle_value
from throughgate.engines.allocation.whatif import add_cohorts

ROOT = Path(__file__).resolve().parents[3]
PLAIN = Effort(engine="plain", mip=False)
ATTACK = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@ATTACK
@given(seed=st.integers(0, 10**6), price=st.floats(0, 1.5))
def test_the_search_per_person_is_exact(seed: int, price: float) -> None:
    """Against every bundle, valued by the plain reference, at random prices."""
    inst = random_instance(seed, people=5, fixed=seed % 3 == 0)
    policy = Policy(first_seat=(0.0, 1.0)[seed % 2])
    problem = compile_problem(inst, policy)
    lam = np.random.default_rng(seed).uniform(0, price, len(inst.cohorts))
    net, edges = Engine(compiled=False).sweep(problem.data, lam)
    for p in range(inst.n):
        fixed = tuple(inst.fixed[inst.fixed[:, 0] == p, 1].tolist())
        start = bundle_value(inst, policy, p, fixed)
        best = max(
            bundle_value(inst, policy, p, b) - start - sum(lam[c] for c in b if c not in fixed)
            for b in bundles(inst, policy, p)
        )
        assert net[p] == pytest.approx(max(best, 0.0), abs=1e-9)
    worth = Engine(compiled=False).values(problem.data, edges)
    paid = np.append(lam, 0.0)[problem.cohorts(edges)].sum(axis=1)
    assert worth - paid == pytest.approx(net, abs=1e-9)


def test_compiled_and_plain_give_the_same_plan() -> None:
    pytest.importorskip("numba")
    for seed, policy in ((4, Policy()), (5, Policy(first_seat=0, promise=False))):
        inst = make_instance(700, seed)
        plans = [make_plan(inst, policy, effort=Effort(engine=e), seed=3) for e in ("numba", "plain")]
        assert plans[0].digest == plans[1].digest
        assert plans[0].bound == plans[1].bound
        assert (plans[0].prices.seat == plans[1].prices.seat).all()


def test_same_input_and_seed_same_digest_and_other_seed_other_digest() -> None:
    inst = make_instance(300, 8)
    one, two, other = (make_plan(inst, effort=PLAIN, seed=s) for s in (1, 1, 2))
    assert one.digest == two.digest != other.digest
    assert inst.digest == make_instance(300, 8).digest != make_instance(300, 9).digest


def test_gap_at_a_thousand_people_is_a_tenth_of_a_percent() -> None:
    pytest.importorskip("highspy")
    for seed in (31,):
        inst, effort = make_instance(1000, seed), Effort(engine="plain")
        plan = make_plan(inst, Policy(first_seat=0, promise=False), effort=effort)
        assert plan.gap <= 0.001
        plan = make_plan(inst, effort=effort)
        assert plan.gap <= 0.0015  # the promise is kept, the bound does not know it


def test_need_met_beats_todays_rules() -> None:
    inst = make_instance(1200, 41)
    policy = Policy(first_seat=0)
    plan = report(inst, make_plan(inst, policy, effort=PLAIN).seats)
    met = {rule: report(inst, today(inst, policy, rule)).need_met for rule in RULES}
    assert plan.need_met >= 1.7 * met["first come"]
    assert plan.need_met >= 1.3 * met["need then release"]
    assert all(plan.need_met > m for m in met.values())


def test_prices_lie_between_one_more_and_one_fewer_seat() -> None:
    pytest.importorskip("highspy")
    inst = make_instance(500, 51)
    plan = make_plan(inst, Policy(first_seat=0, promise=False), effort=Effort(engine="plain"))
    valuer = Valuer(inst, plan, engine="plain")
    try:
        values = [valuer.seat_value(int(c), (1, 5)) for c in np.flatnonzero(plan.prices.seat > 0)]
        assert valuer.value <= plan.bound + 1e-6
        assert valuer.value >= plan.value - 1e-6
    finally:
        valuer.close()
    good = [v for v in values if v.more[0][1] * 0.98 - 0.01 <= v.price <= v.fewer * 1.02 + 0.01]
    assert len(values) >= 10
    assert len(good) >= 0.9 * len(values)
    assert all(v.more[0][1] >= v.more[1][1] - 1e-6 for v in values)


def test_recruiting_by_price_loses_little_against_trying_everyone() -> None:
    pytest.importorskip("highspy")
    inst = make_instance(400, 61)
    policy = Policy(first_seat=0, promise=False)
    plan = make_plan(inst, policy, effort=Effort(engine="plain"))
    week = (Session(1, 18 * 60, 20 * 60),)
    candidates = [
        Cohort(f"new-{g}", g, (inst.facilities[0],), 21, 21 + 84, 15, week) for g in inst.programs[:24]
    ]
    ranked = recruit_next(inst, plan, candidates)
    wider = add_cohorts(inst, [replace(c, seats=1) for c in candidates])
    valuer = Valuer(wider, make_plan(wider, policy, effort=Effort(engine="plain")), engine="plain")
    first = len(inst.cohorts)
    try:
        valuer.cap[first:] = 0
        base = valuer.master.solve(valuer.cap)[0]
        exact = {}
        for k, c in enumerate(candidates):
            cap = valuer.cap.copy()
            cap[first + k] = 15
            exact[c.id] = valuer.master.solve(cap)[0] - base
    finally:
        valuer.close()
    best = sum(sorted(exact.values(), reverse=True)[:10])
    assert sum(exact[r.cohort.id] for r in ranked[:10]) >= 0.95 * best
    assert all(r.gain >= exact[r.cohort.id] - 0.05 for r in ranked)


def test_a_stuck_solver_is_killed() -> None:
    pytest.importorskip("highspy")
    r = np.random.default_rng(0)
    program = Program01()
    for _ in range(60):
        program.row(-np.inf, 500.0)
    for _ in range(400):
        program.column(float(r.uniform(1, 2)), [(k, float(r.integers(1, 40))) for k in range(60)])
    worker = Worker()
    try:
        worker.start()
        answer = worker.solve(program.arrays(np.empty(0)), {"mip_rel_gap": 0.0, "time_limit": 1e9}, 1.0)
        assert not answer.optimal
        assert answer.clock
        easy = Program01()
        easy.row(-np.inf, 1.0)
        easy.column(2.0, [(0, 1.0)])
        again = worker.solve(easy.arrays(np.empty(0)), {}, 20.0)
        assert again.x is not None and again.x.tolist() == [1.0]
    finally:
        worker.close()


def test_no_time_still_gives_a_checked_plan() -> None:
    inst = make_instance(300, 71)
    plan = make_plan(inst, effort=Effort(engine="plain", seconds=0.0))
    assert len(plan.seats)
    assert not plan.repeatable
    assert plan.bound >= plan.value
    assert check(inst, plan.policy, plan.seats) == []


def test_weekly_change_is_small() -> None:
    """Two in a hundred people re-assessed: seats held last week mostly stay."""
    inst = make_instance(800, 81)
    policy = Policy(held=0.03)
    before = make_plan(inst, policy, effort=PLAIN)
    r = np.random.default_rng(1)
    needs = inst.p_needs.copy()
    for p in r.choice(inst.n, 16, replace=False):
        needs[p, r.integers(0, 9)] = r.choice([0, 1 / 3, 2 / 3, 1])
    later = inst.with_changes(p_needs=needs, held=before.seats)
    prices = dict(zip(inst.cohorts, before.prices.seat.tolist(), strict=True))
    after = make_plan(later, policy, effort=PLAIN, start=prices)
    jumpy = make_plan(later.with_changes(held=inst.held), policy, effort=PLAIN)
    assert changed_people(before.seats, after.seats) <= 0.05 * inst.n
    assert changed_people(before.seats, after.seats) < changed_people(before.seats, jumpy.seats)


def test_ties_go_by_ticket_and_stay_in_the_ledger() -> None:
    """Six identical people, two seats: whoever drew the lowest tickets sits, and the ledger shows all six."""
    people = [Person(f"p{k}", "here", {"work": 1.0}, release=300, wait=10.0) for k in range(6)]
    inst = Instance.from_rows(
        people, [Program("g", "work", {"work": 0.8})], [Cohort("c", "g", ("here",), 0, 30, 2)]
    )
    for seed in range(5):
        plan = make_plan(inst, effort=PLAIN, seed=seed)
        order = np.argsort(tickets(inst.people, seed))
        assert sorted(plan.seats[:, 0].tolist()) == sorted(order[:2].tolist())
        assert len(plan.lottery) == 6
        assert sum(t.seated for t in plan.lottery) == 2


def test_enrolled_people_stay_even_when_the_rules_change() -> None:
    people = [
        Person("a", "here", {"work": 0.4}, consent=False),
        Person("b", "here", {"work": 1.0}, release=200),
    ]
    inst = Instance.from_rows(
        people,
        [Program("g", "work", {"work": 0.8})],
        [Cohort("c", "g", ("here",), 0, 30, 1)],
        fixed=[("a", "c")],
    )
    plan = make_plan(inst, effort=PLAIN)
    assert plan.seats.tolist() == [[0, 0]]
    assert plan.fixed.tolist() == [True]


def test_what_if_and_gap_map_add_up() -> None:
    inst = make_instance(400, 91)
    plan = make_plan(inst, effort=PLAIN)
    cells = gap_map(inst, plan)
    assert sum(c.need_total for c in cells) == pytest.approx(inst.p_needs.sum())
    assert sum(c.met for c in cells) == pytest.approx(report(inst, plan.seats).need_met * inst.p_needs.sum())
    same = what_if(inst, plan, Scenario("nothing"), effort=PLAIN)
    assert abs(same.value) <= 0.003 * plan.value
    more = what_if(
        inst,
        plan,
        Scenario("more", resize={inst.cohorts[int(np.argmax(plan.prices.seat))]: 60}),
        effort=PLAIN,
    )
    assert more.value > same.value
    none = what_if(inst, plan, Scenario("none", close=inst.cohorts), effort=PLAIN)
    assert len(none.plan.seats) == 0
    assert len(none.people.gained) == 0
    assert compare(inst, plan.seats, plan.seats).need_gained == 0
    moved = Scenario("evening", retime={inst.cohorts[0]: (Session(2, 1080, 1140),)})
    assert what_if(inst, plan, moved, effort=PLAIN).plan.value > 0


def test_instance_survives_parquet_and_arrays_match(tmp_path: Path) -> None:
    inst = random_instance(7, apart=True, minimum=True, fixed=True)
    for name in ("instance.parquet", "folder"):
        write_instance(inst, tmp_path / name)
        back = read_instance(tmp_path / name)
        assert back.people == inst.people
        assert make_plan(back, effort=PLAIN).seats.tolist() == make_plan(inst, effort=PLAIN).seats.tolist()


def test_command_writes_a_plan_and_repeats_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "instance.parquet"
    assert main([str(source), "--example", "120"]) == 0
    assert main([str(source), "-o", str(tmp_path / "a"), "--beside", "--why", "p0000001", "c000001"]) == 0
    said = capsys.readouterr().out
    assert "proven gap" in said
    assert "first come" in said
    assert main([str(source), "-o", str(tmp_path / "b")]) == 0
    a, b = (json.loads((tmp_path / x / "record.json").read_text()) for x in "ab")
    assert a["plan"] == b["plan"]
    assert (tmp_path / "a" / "seats.parquet").read_bytes() == (tmp_path / "b" / "seats.parquet").read_bytes()
    assert main([str(tmp_path / "missing.parquet")]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_importing_costs_nothing_heavy() -> None:
    code = (
        "import sys, throughgate.engines.allocation as a; a.Policy();"
        "bad = {'numba', 'pyarrow', 'highspy', 'scipy', 'django', 'numpy'} & set(sys.modules); assert not bad, bad"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    code = (
        "import sys; sys.modules['numba'] = None; sys.modules['highspy'] = None;"
        "from throughgate.engines.allocation import make_plan;"
        "from throughgate.engines.allocation.synthetic import make_instance;"
        "p = make_plan(make_instance(450, 1)); assert len(p.seats)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"people": [Person("a", "x", {}), Person("a", "x", {})]}, "appears twice"),
        ({"people": [Person("a", "x", {"work": 1.5})]}, "between 0 and 1"),
        ({"cohorts": [Cohort("c", "other", ("x",), 0, 7, 3)]}, "not in the input"),
        ({"cohorts": [Cohort("c", "g", ("x",), 7, 7, 3)]}, "an end after its start"),
        ({"programs": [Program("g", "work", {})]}, "above 0"),
        ({"pairs": [Pair("a", "c", fit=0.0)]}, "fit lies in"),
        ({"apart": [("a", "a")]}, "same person twice"),
        ({"people": [Person("a", "x", {}, busy=(Session(8, 0, 10),))]}, "impossible time"),
    ],
)
def test_bad_input_is_refused_with_advice(change: dict[str, object], words: str) -> None:
    rows = {
        "people": [Person("a", "x", {"work": 1.0})],
        "programs": [Program("g", "work", {"work": 0.5})],
        "cohorts": [Cohort("c", "g", ("x",), 0, 7, 3)],
    }
    with pytest.raises(InstanceError, match=words):
        Instance.from_rows(**{**rows, **change})  # type: ignore[arg-type]
    with pytest.raises(InstanceError, match="nobody belongs"):
        make_plan(Instance.from_rows(**rows), Policy(floors=(Floor("race", "x", 0.5),)))  # type: ignore[arg-type]


def test_edges_of_finds_the_seats_again() -> None:
    inst = make_instance(200, 95)
    plan = make_plan(inst, effort=PLAIN)
    problem = compile_problem(inst, plan.policy)
    assert (edges_of(problem, plan) >= 0).sum() == len(plan.seats)


def test_weeks_without_knowing_the_future_come_close_to_hindsight() -> None:
    weeks = 6
    inst = simulate.rolling_instance(200, 5, weeks)
    bound = simulate.hindsight(inst)
    ours = {
        beta: simulate.rolling(inst, simulate.rolling_policy(beta), weeks=weeks, lookahead=4, bound=bound)
        for beta in (0.0, 1.0)
    }
    today_ = simulate.rolling(inst, "first come", weeks=weeks, bound=bound)
    assert today_.share < 0.8 * ours[0.0].share <= ours[0.0].share <= 1.0
    assert ours[0.0].share > 0.85
    assert ours[1.0].left_empty <= ours[0.0].left_empty
    for run in (*ours.values(), today_):
        first = inst.c_start[run.seats[:, 1]]
        assert (first >= inst.p_from[run.seats[:, 0]]).all()
        used = np.bincount(run.seats[:, 1], minlength=len(inst.cohorts))
        assert (used <= inst.c_seats).all()


def test_peers_obey_the_same_rules() -> None:
    """The bench's edge model describes the same problem: its optimum is ours."""
    pytest.importorskip("highspy")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import _allocation_peers as b;"
        "from throughgate.engines.allocation.build import total;"
        "p = b.compile_problem(b.make_instance(60, 3), b.PLAIN);"
        "s = b.highs(p, 20.0); print(total(p, b.choose('plain', 60), s))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", script, str(ROOT / "bench")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    inst = make_instance(60, 3)
    plan = make_plan(inst, Policy(first_seat=0, promise=False), effort=Effort(engine="plain"))
    assert float(done.stdout) == pytest.approx(plan.value, rel=2e-4)


def test_nothing_to_do_is_a_plan_too() -> None:
    work = Program("g", "work", {"work": 0.5})
    for people, programs, cohorts in (
        ([], [], []),
        ([Person("a", "x", {"work": 1.0})], [work], []),
        ([], [work], [Cohort("c", "g", ("x",), 0, 7, 3)]),
        ([Person("a", "x", {"work": 1.0}, max_seats=0)], [work], [Cohort("c", "g", ("x",), 0, 7, 0)]),
    ):
        plan = make_plan(Instance.from_rows(people, programs, cohorts))
        assert plan.seats.shape == (0, 2)
        assert plan.gap == 0


def test_recruiting_one_after_another_counts_nobody_twice() -> None:
    """The sum of what each adds after those before it is what all of them add together."""
    pytest.importorskip("highspy")
    inst = make_instance(300, 62)
    policy = Policy(first_seat=0, promise=False)
    plan = make_plan(inst, policy, effort=Effort(engine="plain"))
    times = [(Session(1, 18 * 60, 20 * 60),), (Session(3, 9 * 60, 11 * 60),)]
    candidates = [
        Cohort(f"{g}/{k}", g, (inst.facilities[0],), 21, 21 + 84, 12, time)
        for g in inst.programs[:10]
        for k, time in enumerate(times)
    ]
    found = recruit_one_after_another(inst, plan, candidates, 6)
    assert len({each.cohort.id for each in found}) == 6
    assert all(a.gain >= b.gain - 1e-9 for a, b in itertools.pairwise(found))
    assert found[0].gain == recruit_next(inst, plan, candidates)[0].gain
    wider = make_plan(
        add_cohorts(inst, [each.cohort for each in found]), policy, effort=Effort(engine="plain")
    )
    together = wider.value - plan.value
    apart = sum(each.gain for each in recruit_next(inst, plan, candidates)[:6])
    assert sum(each.gain for each in found) == pytest.approx(together, rel=0.1)
    assert together < apart
