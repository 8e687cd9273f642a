"""What others would use for the same seats, each with the best modeling we know; run as a child with a limit.

`python bench/_allocation_peers.py NAME PEOPLE SEED LIMIT` prints one JSON line. Every solution is seated through
the same rules and valued by the same function; time starts when the compiled problem is there.
"""

from __future__ import annotations

import json
import resource
import sys
from itertools import pairwise
from time import monotonic

import numpy as np

from throughgate.engines.allocation.build import total
from throughgate.engines.allocation.engine import choose
from throughgate.engines.allocation.model import Policy
from throughgate.engines.allocation.plan import as_rows
from throughgate.engines.allocation.problem import Problem, compile_problem
from throughgate.engines.allocation.promise import sorted_seats
from throughgate.engines.allocation.synthetic import make_instance

PLAIN = Policy(version="bench", first_seat=0, promise=False)


def seated(problem: Problem, order: np.ndarray) -> np.ndarray:
    """Seat edges in order when they still fit, follow-ons in a second pass; edges (n, 3)."""
    seats, used = np.full(3 * problem.instance.n, -1, np.int32), np.zeros_like(problem.cap)
    engine = choose("auto", problem.instance.n)
    for _ in range(2):
        engine.seat_in_order(problem.data, order, problem.owner, problem.cap, used, seats)
    return sorted_seats(seats.reshape(-1, 3))


class EdgeModel:
    """The usual model: x per edge, z per person and need; clique rows over clashing edges."""

    def __init__(self, problem: Problem) -> None:
        d, inst = problem.data, problem.instance
        self.problem, self.edges = problem, len(d.cohort)
        self.rows: list[tuple[list[int], list[float], float, float]] = []
        self.cost = list(d.bonus)
        needs = len(inst.needs)
        blocks = [np.unique([s.weekday * 12 + s.start // 120 for s in pattern]) for pattern in inst.patterns]
        for p in range(inst.n):
            mine = range(int(d.indptr[p]), int(d.indptr[p + 1]))
            if mine:
                self._person(p, mine, needs, blocks)
        order = np.argsort(d.cohort, kind="stable")
        cuts = np.searchsorted(d.cohort[order], np.arange(len(problem.cap) + 1))
        for c, (lo, hi) in enumerate(pairwise(cuts)):
            if hi > lo:
                self.add(order[lo:hi].tolist(), None, -np.inf, float(problem.cap[c]))
        for a, b in inst.apart:
            for c in np.intersect1d(problem.edges.of(a), problem.edges.of(b)):
                self.add([problem.edges.find(a, c), problem.edges.find(b, c)], None, -np.inf, 1.0)

    def add(self, index: list[int], value: list[float] | None, low: float, high: float) -> None:
        self.rows.append((index, value or [1.0] * len(index), low, high))

    def _person(self, p: int, mine: range, needs: int, blocks: list) -> None:
        d = self.problem.data
        self.add(list(mine), None, -np.inf, 3.0)
        programs: dict[int, list[int]] = {}
        helps: dict[int, list[tuple[int, float]]] = {}
        busy: dict[int, list[int]] = {}
        for e in mine:
            c = d.cohort[e]
            g = int(d.program[c])
            programs.setdefault(g, []).append(e)
            for k in range(d.gptr[g], d.gptr[g + 1]):
                n = int(d.gneed[k])
                if d.weight[p * needs + n] > 0:
                    helps.setdefault(n, []).append((e, float(d.gstrength[k] * d.fit[e])))
            for b in blocks[d.pattern[c]]:
                busy.setdefault(int(b), []).append(e)
            if d.pre1[e] >= 0:
                first = [
                    x
                    for x in mine
                    if d.program[d.cohort[x]] == d.pre1[e] and d.end[d.cohort[x]] <= d.start[c]
                ]
                self.add([e, *first], [1.0] + [-1.0] * len(first), -np.inf, 0.0)
        cliques = {tuple(es) for es in programs.values() if len(es) > 1}
        for es in busy.values():
            for e in es:
                t = d.start[d.cohort[e]]
                now = tuple(x for x in es if d.start[d.cohort[x]] <= t < d.end[d.cohort[x]])
                if len(now) > 1:
                    cliques.add(now)
        for clique in sorted(cliques):
            self.add(list(clique), None, -np.inf, 1.0)
        for n, es in helps.items():
            z = len(self.cost)
            self.cost.append(float(d.weight[p * needs + n]))
            self.add([z, *(e for e, _ in es)], [1.0, *(-s for _, s in es)], -np.inf, 0.0)

    def matrix(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        start = np.concatenate(([0], np.cumsum([len(r[0]) for r in self.rows])))
        index = np.concatenate([np.array(r[0]) for r in self.rows])
        return (
            start.astype(np.int32),
            index.astype(np.int32),
            np.concatenate([np.array(r[1]) for r in self.rows]),
        )


def highs(problem: Problem, limit: float) -> np.ndarray | None:
    """HiGHS MIP on the edge model."""
    import highspy

    began = monotonic()
    m = EdgeModel(problem)
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("time_limit", max(1.0, limit - (monotonic() - began)))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_, lp.sense_ = len(m.cost), len(m.rows), highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.array(m.cost), np.zeros(len(m.cost)), np.ones(len(m.cost))
    lp.row_lower_, lp.row_upper_ = np.array([r[2] for r in m.rows]), np.array([r[3] for r in m.rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = m.matrix()
    integer, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [integer] * m.edges + [real] * (len(m.cost) - m.edges)
    h.passModel(lp)
    h.run()
    if h.getInfo().primal_solution_status != 2:
        return None
    x = np.array(h.getSolution().col_value)[: m.edges]
    return seated(problem, np.flatnonzero(x > 0.5)) if x.sum() > 0 else None


def cp_sat(problem: Problem, limit: float) -> np.ndarray | None:
    """OR-Tools CP-SAT on the edge model, two workers; coverage in thousandths."""
    from ortools.sat.python import cp_model

    began = monotonic()
    m = EdgeModel(problem)
    model = cp_model.CpModel()
    x = [
        model.new_bool_var("") if k < m.edges else model.new_int_var(0, 1000, "") for k in range(len(m.cost))
    ]
    for index, value, _, high in m.rows:
        if index[0] >= m.edges:
            parts = [round(1000 * v) * x[k] for k, v in zip(index[1:], value[1:], strict=True)]
            model.add(x[index[0]] + sum(parts) <= 0)
        elif high == 1.0 and all(v == 1.0 for v in value):
            model.add_at_most_one(x[k] for k in index)
        else:
            model.add(sum(round(v) * x[k] for k, v in zip(index, value, strict=True)) <= round(high))
    scale = [1_000_000 if k < m.edges else 1_000 for k in range(len(m.cost))]
    model.maximize(sum(round(c * s) * v for c, s, v in zip(m.cost, scale, x, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = max(1.0, limit - (monotonic() - began))
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return seated(problem, np.array([k for k in range(m.edges) if solver.value(x[k])], dtype=np.int64))


def pdlp(problem: Problem, limit: float) -> np.ndarray | None:
    """OR-Tools PDLP (1e-4) on the relaxed edge model, then rounding: seats in order of x, then of value."""
    from ortools.linear_solver import linear_solver_pb2, pywraplp

    began = monotonic()
    m = EdgeModel(problem)
    proto = linear_solver_pb2.MPModelProto(maximize=True)
    for c in m.cost:
        proto.variable.add(lower_bound=0.0, upper_bound=1.0, objective_coefficient=c)
    for index, value, low, high in m.rows:
        proto.constraint.add(var_index=index, coefficient=value, lower_bound=low, upper_bound=high)
    request = linear_solver_pb2.MPModelRequest(
        model=proto, solver_type=linear_solver_pb2.MPModelRequest.PDLP_LINEAR_PROGRAMMING,
        solver_time_limit_seconds=max(1.0, limit - (monotonic() - began)),
        solver_specific_parameters="termination_criteria { simple_optimality_criteria { "
        "eps_optimal_absolute: 1e-4 eps_optimal_relative: 1e-4 } } num_threads: 2",
    )  # fmt: skip
    answer = linear_solver_pb2.MPSolutionResponse()
    pywraplp.Solver.SolveWithProto(request, answer)
    if not answer.variable_value:
        return None
    x = np.array(answer.variable_value)[: m.edges]
    return seated(problem, np.lexsort((-problem.data.single, -np.round(x, 3))))


def flow(problem: Problem, limit: float) -> np.ndarray | None:
    """OR-Tools min-cost flow with single values, then repair: flow edges by value, then the rest by value."""
    from ortools.graph.python import min_cost_flow

    d, n = problem.data, problem.instance.n
    cohorts = len(problem.cap)
    g = min_cost_flow.SimpleMinCostFlow()
    source, sink = n + cohorts, n + cohorts + 1
    e = np.flatnonzero(d.single > 0)
    arcs = g.add_arcs_with_capacity_and_unit_cost(
        problem.owner[e],
        n + d.cohort[e],
        np.ones(len(e), np.int64),
        -np.round(d.single[e] * 1e4).astype(np.int64),
    )
    g.add_arcs_with_capacity_and_unit_cost(
        np.full(n, source), np.arange(n), np.full(n, 3), np.zeros(n, np.int64)
    )
    g.add_arcs_with_capacity_and_unit_cost(
        n + np.arange(cohorts),
        np.full(cohorts, sink),
        problem.cap.astype(np.int64),
        np.zeros(cohorts, np.int64),
    )
    g.add_arc_with_capacity_and_unit_cost(source, sink, 3 * n, 0)
    g.set_node_supply(source, 3 * n)
    g.set_node_supply(sink, -3 * n)
    if g.solve() != g.OPTIMAL:
        return None
    used = np.zeros(len(d.cohort))
    used[e] = g.flows(arcs)
    return seated(problem, np.lexsort((-d.single, -used)))


def hospital_resident(problem: Problem, limit: float) -> np.ndarray | None:
    """`matching`'s deferred acceptance: one seat each, both sides ranking by value; then the rest by value."""
    from matching.games import HospitalResident

    d, owner = problem.data, problem.owner
    prefs: dict[str, list[str]] = {}
    ranks: dict[str, list[str]] = {}
    for e in np.argsort(-d.single, kind="stable"):
        if d.single[e] > 0 and d.pre1[e] < 0:
            prefs.setdefault(f"p{owner[e]}", []).append(f"c{d.cohort[e]}")
            ranks.setdefault(f"c{d.cohort[e]}", []).append(f"p{owner[e]}")
    caps = {c: int(problem.cap[int(c[1:])]) for c in ranks}
    found = HospitalResident.create_from_dictionaries(prefs, ranks, caps).solve()
    first = [problem.edges.find(int(str(r)[1:]), int(str(h)[1:])) for h, rs in found.items() for r in rs]
    chosen = np.zeros(len(d.cohort))
    chosen[first] = 1
    return seated(problem, np.lexsort((-d.single, -chosen)))


PEERS = {
    "HiGHS MIP": (highs, "highspy"),
    "CP-SAT": (cp_sat, "ortools"),
    "PDLP + rounding": (pdlp, "ortools"),
    "min-cost flow + repair": (flow, "ortools"),
    "matching": (hospital_resident, "matching"),
}


MOST_MEMORY = 10 * 2**30


def main(name: str, people: str, seed: str, limit: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    problem = compile_problem(make_instance(int(people), int(seed)), PLAIN)
    choose("auto", problem.instance.n).values(problem.data, np.full((problem.instance.n, 3), -1, np.int32))
    sys.setrecursionlimit(10_000)
    began = monotonic()
    out: dict[str, object] = {"value": None}
    try:
        seats = PEERS[name][0](problem, float(limit))
    except (RecursionError, MemoryError) as e:
        seats, out["note"] = None, type(e).__name__
    out["seconds"] = monotonic() - began
    if seats is not None:
        out["value"] = total(problem, choose("auto", problem.instance.n), seats)
        out["seats"] = as_rows(problem, seats)[0].tolist() if problem.instance.n <= 10_000 else None
    print(json.dumps(out))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
