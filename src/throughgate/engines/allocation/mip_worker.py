"""The child process that solves integer programs, so that a stuck solver can be killed.

Reads requests from standard input, writes answers to standard output: a JSON line, then the arrays it names, raw.
Run as `python -m throughgate.engines.allocation.mip_worker`; `mip.Worker` is the other end.
"""

from __future__ import annotations

import json
import sys
from typing import IO, Any, cast

import numpy as np


def send(out: IO[bytes], head: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Write one message."""
    listed = {k: np.ascontiguousarray(v) for k, v in arrays.items()}
    head = {**head, "arrays": [[k, v.dtype.str, v.shape] for k, v in listed.items()]}
    out.write(json.dumps(head).encode() + b"\n")
    for v in listed.values():
        out.write(v.tobytes())
    out.flush()


def receive(source: IO[bytes]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Read one message; None at the end of the stream."""
    line = source.readline()
    if not line:
        return None
    head = json.loads(line)
    arrays = {}
    for name, kind, shape in head["arrays"]:
        size = int(np.dtype(kind).itemsize * np.prod(shape))
        arrays[name] = np.frombuffer(source.read(size), dtype=kind).reshape(shape)
    return head, arrays


def solve(head: dict[str, Any], a: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Maximize cost @ x over x in [0, 1] with low <= A x <= high (A column by column) from a given start.

    x is binary unless the head says `"integer": false`; then the rows' dual prices come back too.
    """
    import highspy  # noqa: PLC0415  # only the child process pays for it

    h: Any = cast(Any, highspy).Highs()
    h.setOptionValue("output_flag", False)
    for name, value in head["options"].items():
        h.setOptionValue(name, value)
    columns, rows = len(a["cost"]), len(a["low"])
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, rows
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = a["cost"], np.zeros(columns), np.ones(columns)
    lp.row_lower_, lp.row_upper_ = a["low"], a["high"]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = a["start"], a["index"], a["value"]
    if head.get("integer", True):
        lp.integrality_ = [highspy.HighsVarType.kInteger] * columns
    h.passModel(lp)
    if len(a["incumbent"]):
        solution = highspy.HighsSolution()
        solution.col_value = list(a["incumbent"])
        h.setSolution(solution)
    h.run()
    info = h.getInfo()
    found = info.primal_solution_status == 2
    x = np.array(h.getSolution().col_value) if found else np.empty(0)
    dual = np.array(h.getSolution().row_dual) if found else np.empty(0)
    clock = h.getModelStatus() == highspy.HighsModelStatus.kTimeLimit
    return {
        "found": bool(found), "bound": float(info.mip_dual_bound), "value": float(info.objective_function_value),
        "clock": bool(clock),
        "optimal": h.getModelStatus() == highspy.HighsModelStatus.kOptimal,
    }, {"x": x, "dual": dual}  # fmt: skip


def main() -> int:
    """Answer requests until the other end closes."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    while (message := receive(source)) is not None:
        send(out, *solve(*message))
    return 0


if __name__ == "__main__":
    sys.exit(main())
