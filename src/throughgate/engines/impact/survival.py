"""Non-parametric time-to-event estimates from a count cube.

Time is whole units (days unless the cube says otherwise). Everything here is a few cumulative sums over
arrays of shape (D,) with D the number of units, so the cost does not depend on the number of people.

Conventions: people entering at time zero have entry -1, so an event on day 0 has everybody at risk
[T-14]; somebody is at risk on day t when entry < t <= exit; on a tied day events come before censoring.
Intervals are two-sided 95 % and, for curves, always log(-log) [T-16].
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt

import numpy as np
from numpy.typing import NDArray

from .errors import StudyError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Counts:
    """One group of a cube.

    events: shape (K, D), number leaving on day d through cause k (row 0 is the event of interest)
    censored: shape (D,), number whose observation simply ended on day d
    entered: shape (D + 1,), number entering after day e, at index e + 1 (index 0 is time zero)
    """

    events: Ints
    censored: Ints
    entered: Ints

    @property
    def people(self) -> int:
        """Number of at-risk intervals counted (people, when nobody leaves and re-enters)."""
        return int(self.entered.sum())

    @property
    def at_risk(self) -> Ints:
        """Number at risk on each day, shape (D,)."""
        left = np.concatenate(([0], np.cumsum(self.events.sum(axis=0) + self.censored)[:-1]))
        return np.asarray(np.cumsum(self.entered)[: len(left)] - left, dtype=np.int64)


@dataclass(frozen=True)
class Curve:
    """An estimate by day, each array of shape (D,). `low` and `high` bound a 95 % log-log interval."""

    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    at_risk: Ints

    def at(self, day: int) -> tuple[float, float, float]:
        """Estimate, lower and upper bound on a day (days past the last one read the last one)."""
        if day < 0:
            raise StudyError(f"A curve starts at 0; {day} lies before it.")
        i = min(day, len(self.estimate) - 1)
        return float(self.estimate[i]), float(self.low[i]), float(self.high[i])


def _loglog(survival: Floats, se: Floats) -> tuple[Floats, Floats]:
    inside = (survival > 0) & (survival < 1)
    safe = np.where(inside, survival, 0.5)
    log_s = np.log(safe)
    width = np.minimum(Z95 * se / (safe * np.abs(log_s)), 500.0)
    low = np.where(inside, safe ** np.exp(width), survival)
    high = np.where(inside, safe ** np.exp(-width), survival)
    return low, high


def _ratio(top: Floats | Ints, bottom: Floats | Ints) -> Floats:
    out = np.zeros(np.broadcast(top, bottom).shape)
    return np.asarray(np.divide(top, bottom, out=out, where=np.asarray(bottom) > 0))


def kaplan_meier(counts: Counts) -> Curve:
    """Probability of not yet having had the event, others treated as censored (Greenwood SE)."""
    at_risk = counts.at_risk
    died = counts.events[0]
    survival: Floats = np.asarray(np.cumprod(1.0 - _ratio(died, at_risk)), dtype=np.float64)
    greenwood = np.cumsum(_ratio(died, at_risk.astype(float) * (at_risk - died)))
    se: Floats = np.asarray(survival * np.sqrt(greenwood))
    low, high = _loglog(survival, se)
    return Curve(survival, se, low, high, at_risk)


def aalen_johansen(counts: Counts, cause: int = 0) -> Curve:
    """Probability of having left through `cause` by each day, other causes competing [T-5].

    The standard error is the delta method over the daily multinomial hazards (without late entry it equals
    the infinitesimal jackknife exactly); the interval is log(-log) on 1 - F.
    """
    at_risk = counts.at_risk
    hazards = _ratio(counts.events, at_risk[None, :])
    total = hazards.sum(axis=0)
    survival = np.cumprod(1.0 - total)
    before = np.concatenate(([1.0], survival[:-1]))
    mine = hazards[cause]
    incidence = np.cumsum(before * mine)
    # dF(t)/dh_k(s) = before(s)[k is cause] - (F(t) - F(s)) r(s), with r = 1 / (1 - total hazard); past a
    # day on which everybody left nothing can still change, so r is 0 there.
    r = _ratio(np.ones_like(total), 1.0 - total)
    a = before + incidence * r
    b = incidence * r
    others = total - mine
    inverse = _ratio(np.ones_like(total), at_risk)
    # Var(t) = sum_s [ mine (a - F r)^2 + others (b - F r)^2 - (mine (a - F r) + others (b - F r))^2 ] / Y
    mean0 = mine * a + others * b
    constant = np.cumsum(inverse * (mine * a**2 + others * b**2 - mean0**2))
    linear = np.cumsum(inverse * (-2.0 * r) * mean0 * (1.0 - total))
    square = np.cumsum(inverse * r**2 * total * (1.0 - total))
    variance = np.maximum(constant + linear * incidence + square * incidence**2, 0.0)
    se = np.sqrt(variance)
    low, high = _loglog(1.0 - incidence, se)
    return Curve(incidence, se, 1.0 - high, 1.0 - low, at_risk)


def restricted_mean(counts: Counts, horizon: int) -> tuple[float, float]:
    """Mean time free of the event up to `horizon`, and its standard error (both in the cube's unit)."""
    if horizon < 1 or horizon > counts.events.shape[1]:
        raise StudyError(
            f"The restricted mean needs a horizon between 1 and {counts.events.shape[1]}; got {horizon}."
        )
    curve = kaplan_meier(counts)
    survival = curve.estimate[:horizon]
    mean = float(survival.sum())
    area = np.cumsum(survival[::-1])[::-1]  # area under the curve from day s to the horizon
    died = counts.events[0][:horizon]
    at_risk = curve.at_risk[:horizon].astype(float)
    variance = float(np.sum(area**2 * _ratio(died, at_risk * (at_risk - died))))
    return mean, sqrt(variance)


@dataclass(frozen=True)
class LogRank:
    """Result of the log-rank test over `groups` groups."""

    chi2: float
    degrees: int
    p: float


def logrank(groups: list[Counts]) -> LogRank:
    """Log-rank test that the groups share one hazard of the event of interest."""
    if len(groups) < 2:
        raise StudyError("The log-rank test compares groups: give at least two.")
    died = np.array([g.events[0] for g in groups], dtype=float)
    at_risk = np.array([g.at_risk for g in groups], dtype=float)
    d, y = died.sum(axis=0), at_risk.sum(axis=0)
    share = _ratio(at_risk, y[None, :])
    score = (died - share * d).sum(axis=1)
    spread = _ratio(d * (y - d), y - 1.0)
    variance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    keep = slice(0, len(groups) - 1)
    chi2 = float(score[keep] @ np.linalg.pinv(variance[keep, keep]) @ score[keep])
    degrees = len(groups) - 1
    return LogRank(chi2, degrees, chi2_tail(chi2, degrees))


def chi2_tail(value: float, degrees: int) -> float:
    """Upper tail of the chi-square distribution, by its exact finite sum over every second degree."""
    half = max(value, 0.0) / 2.0
    if half == 0.0:
        return 1.0
    tail, k = (erfc(sqrt(half)), 1) if degrees % 2 else (exp(-half), 2)
    while k < degrees:
        tail += exp(k / 2.0 * log(half) - half - lgamma(k / 2.0 + 1.0))
        k += 2
    return tail


def wilson(events: int, people: int) -> tuple[float, float, float]:
    """A proportion with its 95 % Wilson interval: (rate, low, high)."""
    if people <= 0:
        raise StudyError("A rate needs at least one person whose whole window was observed.")
    if not 0 <= events <= people:
        raise StudyError(f"{events} events among {people} people is not possible.")
    rate = events / people
    z2 = Z95 * Z95
    centre = (rate + z2 / (2 * people)) / (1 + z2 / people)
    half = Z95 / (1 + z2 / people) * sqrt(rate * (1 - rate) / people + z2 / (4 * people * people))
    return rate, max(0.0, centre - half), min(1.0, centre + half)


def first_event_percentages(hazards: Floats) -> Floats:
    """Cumulative share ever having the event, from yearly hazards among those without it yet [I-15]."""
    return np.asarray(1.0 - np.cumprod(1.0 - np.asarray(hazards, dtype=float)))
