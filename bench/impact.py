"""What the impact engine costs: CPU seconds and peak memory against other libraries, in one run.

Each engine runs in a process of its own on the same Parquet file and is measured after its imports, reading
included. The bare scan sums the three columns and is the floor. Every engine must give the same statistic.

    nice python bench/impact.py [--largest 7] [--effect-largest 6]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

# One thread: figures are processor time, and a worker shares its machine.
GROUPS, DAYS, THREADS = 20, 2556, 1
OTHERS_UP_TO = 10**6
# One thread for matrix products, for every engine: spinning threads cost processor time and gain none here.
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
NAMES = [f"x{i}" for i in range(7)]


def make_curves(path: Path, n: int) -> None:
    """People in 20 groups with a day of exit up to seven years and whether they returned."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(7)
    with pq.ParquetWriter(
        path, pa.schema([("grp", pa.int8()), ("exit", pa.int16()), ("cause", pa.int8())])
    ) as out:
        for start in range(0, n, 10**6):
            m = min(10**6, n - start)
            group = rng.integers(0, GROUPS, m)
            back = rng.exponential(900 + 60 * group)
            end = rng.integers(365, DAYS, m)
            columns = [
                group.astype(np.int8),
                np.minimum(back, end).astype(np.int16),
                (back < end).astype(np.int8),
            ]
            out.write_table(pa.table(dict(zip(("grp", "exit", "cause"), columns, strict=True))))


def make_effect(path: Path, n: int) -> None:
    """People with seven covariates, self-selection and an effect of -3 points."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(8)
    x = rng.normal(size=(n, 7)).astype(np.float32)
    treated = rng.random(n) < 1 / (1 + np.exp(1.2 - 0.5 * x[:, 0] + 0.4 * x[:, 1]))
    risk = np.clip(0.4 - 0.08 * x[:, 0] + 0.05 * x[:, 2], 0.05, 0.95)
    outcome = rng.random(n) < risk - 0.03 * treated
    columns = {name: x[:, i] for i, name in enumerate(NAMES)}
    pq.write_table(pa.table({"treated": treated, "outcome": outcome, **columns}), path)


def scan(path: Path) -> Callable[[], float]:
    import duckdb

    con = duckdb.connect()
    con.execute(f"SET threads = {THREADS}")
    return lambda: float(
        con.execute(f"SELECT sum(grp) + sum(exit) + sum(cause) FROM '{path}'").fetchall()[0][0] * 0
    )


def ours(path: Path) -> Callable[[], float]:

    from throughgate.engines.impact import counting, survival

    # Loads what loads on first use and opens the engine, as it is open for the scan.
    counting.count(path.with_name("warm.parquet"), group=["grp"], threads=THREADS)

    def work() -> float:
        cube = counting.count(path, group=["grp"], threads=THREADS)
        groups = [cube.counts(g) for g in cube.groups]
        for counts in groups:
            survival.kaplan_meier(counts)
        return survival.logrank(groups).chi2

    return work


def columns(path: Path) -> tuple[Any, Any, Any]:
    import pyarrow.parquet as pq

    t = pq.read_table(path)
    return t["grp"].to_numpy(), t["exit"].to_numpy().astype(np.int64), t["cause"].to_numpy().astype(bool)


def lifelines(path: Path) -> Callable[[], float]:
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

    def work() -> float:
        group, day, event = columns(path)
        for g in range(GROUPS):
            KaplanMeierFitter().fit(day[group == g], event[group == g])
        return float(multivariate_logrank_test(day, group, event).test_statistic)

    return work


def statsmodels(path: Path) -> Callable[[], float]:
    from statsmodels.duration.survfunc import SurvfuncRight, survdiff

    def work() -> float:
        group, day, event = columns(path)
        for g in range(GROUPS):
            SurvfuncRight(day[group == g], event[group == g])
        return float(survdiff(day, event.astype(int), group)[0])

    return work


def scikit_survival(path: Path) -> Callable[[], float]:
    from sksurv.compare import compare_survival
    from sksurv.nonparametric import kaplan_meier_estimator
    from sksurv.util import Surv

    def work() -> float:
        group, day, event = columns(path)
        for g in range(GROUPS):
            kaplan_meier_estimator(event[group == g], day[group == g], conf_type="log-log")
        return float(compare_survival(Surv.from_arrays(event, day), group)[0])

    return work


def load_pandas() -> None:
    """Arrow loads pandas on its first conversion where it is installed; that is an import, not work."""
    if importlib.util.find_spec("pandas"):
        importlib.import_module("pandas")


def effect(path: Path) -> Callable[[], float]:
    import pyarrow.parquet as pq

    load_pandas()

    from throughgate.engines.impact import comparison

    def work() -> float:
        t = pq.read_table(path)
        x = np.column_stack([t[name].to_numpy() for name in NAMES]).astype(float)
        outcome = t["outcome"].to_numpy(zero_copy_only=False).astype(float)
        result = comparison.compare(outcome, t["treated"].to_numpy(zero_copy_only=False), x, NAMES)
        return result.primary.value

    return work


def reread(path: Path) -> Callable[[], float]:
    import pyarrow.parquet  # noqa: F401

    from throughgate.engines.impact import counting, survival

    load_pandas()
    stored = path.with_suffix(".cube")
    counting.count(path, group=["grp"]).write(stored)

    def work() -> float:
        cube = counting.Cube.read(stored)
        groups = [cube.counts(g) for g in cube.groups]
        for counts in groups:
            survival.kaplan_meier(counts)
        return survival.logrank(groups).chi2

    return work


ENGINES: dict[str, Callable[[Path], Callable[[], float]]] = {
    "bare scan": scan,
    "ours": ours,
    "lifelines": lifelines,
    "statsmodels": statsmodels,
    "scikit-survival": scikit_survival,
    "effect (ours)": effect,
    "cube re-read": reread,
}


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def child(name: str, path: Path) -> None:
    """Measure one engine in this process and print the figures as JSON."""
    work = ENGINES[name](path)
    before, started = cpu(), time.perf_counter()
    value = work()
    wall = time.perf_counter() - started
    # Not ru_maxrss: a new process inherits the mark of the one that started it.
    status = Path("/proc/self/status").read_text()
    peak = float(next(row.split()[1] for row in status.splitlines() if row.startswith("VmHWM"))) / 1024
    print(json.dumps({"cpu": cpu() - before, "wall": wall, "mb": peak, "value": value}))


def measure(name: str, path: Path, runs: int = 3) -> dict[str, float] | None:
    """The cheapest of a few runs, as many for every engine (the machine may be shared).

    None when a library is not installed.
    """
    made = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", __file__, "--child", name, str(path)],
            capture_output=True, text=True, check=False, env=ENVIRONMENT,
        )  # fmt: skip
        if done.returncode:
            if "ModuleNotFoundError" in done.stderr:
                return None
            raise SystemExit(done.stderr)
        made.append(json.loads(done.stdout.splitlines()[-1]))
    return min(made, key=lambda m: m["cpu"])


def line(n: int, name: str, m: dict[str, float], ratio: str) -> None:
    print(f"{n:>10,}  {name:<16} {m['cpu']:>9.3f} {m['wall'] * 1000:>10.0f} {m['mb']:>8.0f}  {ratio}")


def curves(folder: Path, smallest: int, largest: int) -> None:
    make_curves(folder / "warm.parquet", 10)
    print(f"Kaplan-Meier and log-rank in {GROUPS} groups, {DAYS} days\n")
    print(f"{'people':>10}  {'engine':<16} {'CPU s':>9} {'wall ms':>10} {'peak MB':>8}  ratio")
    for power in range(smallest, largest + 1):
        n = 10**power
        path = folder / f"curves-{power}.parquet"
        make_curves(path, n)
        floor = measure("bare scan", path)
        mine = measure("ours", path)
        assert floor and mine
        line(n, "bare scan", floor, "")
        line(n, "ours", mine, f"{mine['cpu'] / floor['cpu']:.1f} x scan")
        for other in ("lifelines", "statsmodels", "scikit-survival"):
            if n > OTHERS_UP_TO:
                continue
            theirs = measure(other, path)
            if theirs is None:
                print(f"{n:>10,}  {other:<16} not installed")
                continue
            assert abs(theirs["value"] / mine["value"] - 1) < 1e-9, (other, theirs["value"], mine["value"])
            line(n, other, theirs, f"{theirs['cpu'] / mine['cpu']:.0f} x ours")
        again = measure("cube re-read", path)
        assert again and abs(again["value"] / mine["value"] - 1) < 1e-12
        line(n, "cube re-read", again, "read, curves and test from the stored cube")
        path.unlink()


def effects(folder: Path, largest: int) -> None:
    print(
        "\nEffect on participants: propensity, balance, overlap, AIPW, radius matching, regression (7 covariates)\n"
    )
    print(
        f"{'people':>10}  {'engine':<16} {'CPU s':>9} {'wall ms':>10} {'peak MB':>8}  estimate (truth -0.03)"
    )
    for power in range(4, largest + 1):
        path = folder / f"effect-{power}.parquet"
        make_effect(path, 10**power)
        made = measure("effect (ours)", path)
        assert made
        line(10**power, "ours", made, f"{made['value']:+.4f}")
        path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--smallest", type=int, default=4, help="curves from 10 to this power")
    parser.add_argument("--largest", type=int, default=7, help="curves up to 10 to this power")
    parser.add_argument("--effect-largest", type=int, default=6, help="effects up to 10 to this power")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child[0], Path(args.child[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        curves(Path(folder), args.smallest, args.largest)
        effects(Path(folder), args.effect_largest)


if __name__ == "__main__":
    main()
