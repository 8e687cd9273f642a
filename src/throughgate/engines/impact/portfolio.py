"""Many programs at once: shrinkage, false discoveries, and a funnel instead of a league table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from .comparison import Estimate
from .errors import StudyError
from .survival import Z95

Floats = NDArray[np.float64]
Z998 = 3.0902323061678132  # two-sided 99.8 %


@dataclass(frozen=True)
class Shrunk:
    """An estimate pulled toward the average of all programs, with its 95 % interval."""

    name: str
    raw: float
    value: float
    low: float
    high: float
    weight: float


@dataclass(frozen=True)
class FunnelPoint:
    """One unit of a funnel: its z before and after allowing for overdispersion, and where it stands:
    "inside", "beyond 95" or "beyond 99.8" (of the widened limits)."""

    name: str
    events: int
    people: int
    rate: float
    z: float
    z_adjusted: float
    place: str


@dataclass(frozen=True)
class Funnel:
    """Units against a common rate; `phi` is the overdispersion (1 means none). Points keep their order."""

    target: float
    phi: float
    points: tuple[FunnelPoint, ...]

    def limits(self, people: Floats, z: float) -> tuple[Floats, Floats]:
        """Lower and upper limit of a unit's rate by its size."""
        half = z * np.sqrt(self.phi * self.target * (1 - self.target) / people)
        return np.maximum(self.target - half, 0.0), np.minimum(self.target + half, 1.0)


def shrink(names: Sequence[str], values: Floats, ses: Floats) -> tuple[Shrunk, ...]:
    """Pull each estimate toward the mean of all programs, by a normal-normal hierarchy.

    The spread between programs is averaged over its likelihood (flat in the standard deviation, the mean
    integrated out) instead of being fixed at one estimate: with a dozen programs a fixed one makes the
    intervals cover 83 % where 95 % is promised. Needs at least three programs.
    """
    values, ses = np.asarray(values, dtype=float), np.asarray(ses, dtype=float)
    if len(values) < 3 or len(values) != len(ses) or np.any(ses <= 0):
        raise StudyError("Shrinkage needs at least three programs, each with a positive standard error.")
    top = 5 * max(float(np.std(values)), float(np.max(ses)))
    v = ses[None, :] ** 2 + np.linspace(0, top, 400)[:, None] ** 2  # (grid, programs)
    w = 1 / v
    mean = (w @ values) / w.sum(axis=1)
    loglik = -0.5 * (
        np.log(v).sum(axis=1) + np.log(w.sum(axis=1)) + (w * (values - mean[:, None]) ** 2).sum(axis=1)
    )
    weight = np.exp(loglik - loglik.max())
    weight /= weight.sum()
    keep = 1 - ses**2 * w
    centre = keep * values + (1 - keep) * mean[:, None]
    spread = keep * ses**2 + (1 - keep) ** 2 / w.sum(axis=1)[:, None]
    value = weight @ centre
    sd = np.sqrt(weight @ (spread + (centre - value) ** 2))
    share = weight @ keep
    return tuple(
        Shrunk(n, float(r), float(c), float(c - Z95 * s), float(c + Z95 * s), float(k))
        for n, r, c, s, k in zip(names, values, value, sd, share, strict=True)
    )


def paule_mandel(values: Floats, ses: Floats) -> float:
    """Variance between programs at which the weighted squares equal their degrees of freedom (0 if less)."""

    def excess(tau2: float) -> float:
        w = 1 / (ses**2 + tau2)
        mean = w @ values / w.sum()
        return float(w @ (values - mean) ** 2) - (len(values) - 1)

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.var(values)) + float(np.max(ses**2))
    while excess(high) > 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2


def two_sided_p(estimate: Estimate) -> float:
    """Two-sided normal p of an estimate, for the correction below only; it is never shown alone."""
    if estimate.se <= 0:
        return 1.0 if estimate.value == 0 else 0.0
    return erfc(abs(estimate.value) / estimate.se / sqrt(2.0))


def false_discovery(ps: Sequence[float], rate: float = 0.05) -> tuple[bool, ...]:
    """Benjamini-Hochberg: which findings survive when at most `rate` of those claimed may be false [T-11]."""
    p = np.asarray(ps, dtype=float)
    if len(p) == 0:
        return ()
    order = np.argsort(p, kind="stable")
    below = p[order] <= rate * np.arange(1, len(p) + 1) / len(p)
    last = int(np.max(np.flatnonzero(below), initial=-1))
    keep = np.zeros(len(p), dtype=bool)
    keep[order[: last + 1]] = True
    return tuple(bool(k) for k in keep)


def funnel(names: Sequence[str], events: Sequence[int], people: Sequence[int]) -> Funnel:
    """Compare units with their common rate, allowing for overdispersion (winsorized at 10 %).

    A unit beyond the limits is a question to ask about its people and rules, not a grade.
    """
    r, n = np.asarray(events, dtype=float), np.asarray(people, dtype=float)
    if len(n) < 3 or np.any(n <= 0) or np.any(r > n):
        raise StudyError(
            "A funnel needs at least three units, each with people and no more events than people."
        )
    target = float(r.sum() / n.sum())
    if not 0 < target < 1:
        raise StudyError("A funnel needs a common rate between 0 and 1.")
    z = (r / n - target) / np.sqrt(target * (1 - target) / n)
    low, high = np.quantile(z, [0.1, 0.9])
    phi = max(1.0, float(np.mean(np.clip(z, low, high) ** 2)))
    adjusted = z / sqrt(phi)
    places = np.where(
        np.abs(adjusted) > Z998, "beyond 99.8", np.where(np.abs(adjusted) > Z95, "beyond 95", "inside")
    )
    return Funnel(
        target,
        phi,
        tuple(
            FunnelPoint(
                names[i],
                int(r[i]),
                int(n[i]),
                float(r[i] / n[i]),
                float(z[i]),
                float(adjusted[i]),
                str(places[i]),
            )
            for i in range(len(n))
        ),
    )
