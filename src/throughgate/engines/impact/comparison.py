"""Comparing participants with similar people who did not take part.

The question is always the effect on those who took part (ATT). Three estimates are made and all are shown:
augmented weighting (AIPW, the primary one), radius matching (what a justice data lab would report) and
regression. Balance and overlap are gates: when they fail, no estimate may be read as an effect.
Differences are participants minus comparison, on the scale of the outcome (0.05 = 5 points).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from .errors import NotFair, StudyError
from .models import least_squares, logistic, predict
from .survival import Z95

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Z80 = 0.8416212335729143

GREEN, AMBER = 0.1, 0.25  # standardized differences: fine, worth saying, too large to compare
KEPT = 0.9  # share of participants who must have somebody to be compared with


@dataclass(frozen=True)
class Estimate:
    """A difference with its standard error and 95 % interval, and the method that made it."""

    method: str
    value: float
    se: float

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.value - Z95 * self.se

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.value + Z95 * self.se


@dataclass(frozen=True)
class BalanceRow:
    """One covariate before and after weighting: means, standardized differences, variance ratio after."""

    name: str
    mean_participants: float
    mean_before: float
    mean_after: float
    smd_before: float
    smd_after: float
    variance_ratio: float

    @property
    def light(self) -> str:
        """ "good", "fair" or "poor" by the standardized difference after weighting."""
        size = abs(self.smd_after)
        return "good" if size <= GREEN else "fair" if size <= AMBER else "poor"


@dataclass(frozen=True)
class Overlap:
    """How far the two groups can be compared at all.

    kept: share of participants with a comparison person within the caliper; ess: effective number of
    comparison people after weighting; needed: the number it must reach; caliper: on the log-odds scale.
    """

    kept: float
    ess: float
    needed: float
    caliper: float


@dataclass(frozen=True)
class Comparison:
    """Everything the comparison produced. `failures` names the gates that refuse (empty: all passed)."""

    participants: int
    comparison: int
    rate_participants: float
    unadjusted: Estimate
    primary: Estimate
    matching: Estimate | None
    regression: Estimate
    weighting: Estimate
    balance: tuple[BalanceRow, ...]
    overlap: Overlap
    failures: tuple[tuple[str, str], ...]

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All specifications, primary first."""
        shown = (self.primary, self.matching, self.regression, self.weighting, self.unadjusted)
        return tuple(e for e in shown if e is not None)


def compare(
    outcome: Floats, treated: Bools, covariates: Floats, names: Sequence[str], *, caliper: float = 0.2
) -> Comparison:
    """Estimate the effect on participants.

    outcome (n,): 0/1 or a number; treated (n,): who took part; covariates (n, p): facts dated before time
    zero, without intercept and without gaps; caliper: in standard deviations of the fitted log-odds.
    Raises NotFair("overlap") when some covariate tells the groups apart completely, StudyError on bad input.
    """
    _check(outcome, treated, covariates, names)
    spread = covariates.std(axis=0)
    varying = spread > 0
    kept_names = [n for n, keep in zip(names, varying, strict=True) if keep]
    if not varying.all():
        covariates, spread = covariates[:, varying], spread[varying]
    x = _design(covariates, spread)
    try:
        fit = logistic(x, treated.astype(float))
    except StudyError as problem:
        raise NotFair("overlap", str(problem)) from None
    score = x @ fit.coef
    odds = np.exp(np.clip(score, -700, 700))
    width = caliper * float(np.std(score))
    matching, kept = radius_matching(outcome, treated, score, width)
    balance = balance_table(covariates, treated, odds, kept_names)
    ess = effective_size(odds[~treated])
    overlap = Overlap(kept, ess, max(60.0, float(treated.sum()) / 3.0), width)
    return Comparison(
        participants=int(treated.sum()),
        comparison=int((~treated).sum()),
        rate_participants=float(outcome[treated].mean()),
        unadjusted=difference(outcome, treated),
        primary=aipw(outcome, treated, x, odds),
        matching=matching,
        regression=regression(outcome, treated, x),
        weighting=weighting(outcome, treated, odds),
        balance=balance,
        overlap=overlap,
        failures=tuple(_gates(balance, overlap)),
    )


def _check(outcome: Floats, treated: Bools, covariates: Floats, names: Sequence[str]) -> None:
    if not len(outcome) == len(treated) == len(covariates) or covariates.shape[1] != len(names):
        raise StudyError("Outcome, participation and covariates must have one row per person.")
    if not np.isfinite(outcome).all() or not np.isfinite(covariates).all():
        raise StudyError("Fill gaps in outcome and covariates first (see `analysis.fill`).")
    if min(int(treated.sum()), int((~treated).sum())) < 2:
        raise StudyError("A comparison needs people who took part and people who did not.")


def _design(covariates: Floats, spread: Floats) -> Floats:
    """Intercept and standardized covariates; standardizing changes no fitted value, only its numerics."""
    out = np.empty((len(covariates), covariates.shape[1] + 1))
    out[:, 0] = 1.0
    np.subtract(covariates, covariates.mean(axis=0), out=out[:, 1:])
    out[:, 1:] /= spread
    return out


def _gates(balance: Sequence[BalanceRow], overlap: Overlap) -> list[tuple[str, str]]:
    failures = []
    poor = [row for row in balance if row.light == "poor"]
    if poor:
        worst = max(poor, key=lambda row: abs(row.smd_after))
        failures.append(
            (
                "balance",
                f"Even after weighting, the two groups differ too much in {worst.name} "
                f"({abs(worst.smd_after):.2f} standard deviations; at most {AMBER:.2f} may remain).",
            )
        )
    if overlap.kept < KEPT:
        failures.append(
            (
                "overlap",
                f"Only {overlap.kept:.0%} of the participants have somebody like them in the comparison "
                f"group; {KEPT:.0%} are needed.",
            )
        )
    if overlap.ess < overlap.needed:
        failures.append(
            (
                "overlap",
                f"The comparison rests on the equivalent of only {overlap.ess:.0f} people like the "
                f"participants; at least {overlap.needed:.0f} are needed.",
            )
        )
    return failures


def difference(outcome: Floats, treated: Bools) -> Estimate:
    """The plain difference of means: it mixes the program with who chose it."""
    a, b = outcome[treated], outcome[~treated]
    se = sqrt(float(a.var(ddof=1)) / len(a) + float(b.var(ddof=1)) / len(b))
    return Estimate("unadjusted difference", float(a.mean() - b.mean()), se)


def aipw(outcome: Floats, treated: Bools, x: Floats, odds: Floats) -> Estimate:
    """Augmented inverse-probability weighting for the effect on participants (doubly robust).

    x (n, p) holds the intercept; odds (n,) of taking part. The outcome model is fitted on comparison people
    (logistic for a 0/1 outcome); the standard error is that of the influence function.
    """
    expected = _expected_without(outcome, treated, x)
    residual = outcome - expected
    w = np.where(treated, 0.0, odds)
    w = w / w.sum()
    correction = float(w @ residual)
    share = treated.mean()
    own = np.where(treated, residual, 0.0)
    value = float(residual[treated].mean()) - correction
    influence = np.where(treated, own - correction - value, 0.0) / share - len(outcome) * w * (
        residual - correction
    )
    n, p = x.shape
    se = sqrt(float(influence @ influence)) / n * sqrt(n / max(n - p, 1))
    return Estimate("augmented weighting (AIPW)", value, se)


def _expected_without(outcome: Floats, treated: Bools, x: Floats) -> Floats:
    xc, yc = x[~treated], outcome[~treated]
    if set(np.unique(yc)) <= {0.0, 1.0}:
        if yc.min() == yc.max():
            return np.full(len(outcome), float(yc[0]))
        try:
            return predict(x, logistic(xc, yc))
        except StudyError:
            pass  # separated outcome: the linear model below always exists, and weighting corrects it
    coef = np.linalg.lstsq(xc, yc, rcond=None)[0]
    return np.asarray(x @ coef)


def weighting(outcome: Floats, treated: Bools, odds: Floats) -> Estimate:
    """Inverse-probability weighting for the effect on participants (normalized weights)."""
    w = np.where(treated, 0.0, odds)
    w = w / w.sum()
    without = float(w @ outcome)
    a = outcome[treated]
    se = sqrt(float(a.var()) / len(a) + float((w**2) @ (outcome - without) ** 2))
    return Estimate("weighting", float(a.mean()) - without, se)


def regression(outcome: Floats, treated: Bools, x: Floats) -> Estimate:
    """Linear regression on participation and covariates, robust (HC2) standard error."""
    fit = least_squares(np.column_stack((treated.astype(float), x)), outcome)
    return Estimate("regression", float(fit.coef[0]), float(fit.se[0]))


def radius_matching(
    outcome: Floats, treated: Bools, score: Floats, width: float
) -> tuple[Estimate | None, float]:
    """Match each participant to the mean of all comparison people within `width` of their score.

    Returns the estimate (None when nobody can be matched) and the share of participants matched.
    """
    order = np.argsort(score[~treated])
    sc, yc = score[~treated][order], outcome[~treated][order]
    st, yt = score[treated], outcome[treated]
    lo, hi = np.searchsorted(sc, st - width, "left"), np.searchsorted(sc, st + width, "right")
    size = hi - lo
    found = size > 0
    if not found.any():
        return None, 0.0
    total = np.concatenate(([0.0], np.cumsum(yc)))
    lo, hi, size = lo[found], hi[found], size[found]
    without = (total[hi] - total[lo]) / size
    n = len(size)
    steps = np.zeros(len(sc) + 1)
    np.add.at(steps, lo, 1.0 / size)
    np.add.at(steps, hi, -1.0 / size)
    used = np.cumsum(steps)[:-1]  # how often each comparison person counts
    value = float((yt[found] - without).mean())
    centre = float(used @ yc) / n
    spread = float(yt[found].var()) / n + float(used**2 @ (yc - centre) ** 2) / n**2
    return Estimate("radius matching", value, sqrt(spread)), float(found.mean())


def nearest_neighbour(treated: Bools, score: Floats) -> NDArray[np.int64]:
    """Greedy one-to-one matching without replacement, participants with the largest score first.

    Returns for each participant (in row order) the row of the matched comparison person, -1 for none.
    """
    rows_t, rows_c = np.flatnonzero(treated), np.flatnonzero(~treated)
    order = rows_c[np.argsort(score[rows_c], kind="stable")]
    sc = score[order]
    left, right = np.arange(-1, len(order) + 1), np.arange(1, len(order) + 3)  # linked list, shifted by one
    free = np.ones(len(order), dtype=bool)
    match = np.full(len(rows_t), -1, dtype=np.int64)

    def walk(i: int, link: NDArray[np.int64]) -> int:
        while 0 <= i < len(order) and not free[i]:
            i = int(link[i + 1]) - 1
        return i

    for t in np.argsort(-score[rows_t], kind="stable"):
        at = int(np.searchsorted(sc, score[rows_t[t]]))
        below, above = walk(at - 1, left), walk(at, right)
        options = [i for i in (below, above) if 0 <= i < len(order)]
        if not options:
            break
        best = min(options, key=lambda i: abs(sc[i] - score[rows_t[t]]))
        match[t] = order[best]
        free[best] = False
        before, after = int(left[best + 1]), int(right[best + 1])
        right[before] = after
        left[after] = before
    return match


def balance_table(
    covariates: Floats, treated: Bools, odds: Floats, names: Sequence[str]
) -> tuple[BalanceRow, ...]:
    """Means, standardized differences (by the participants' spread) and variance ratios per covariate."""
    t, c = covariates[treated], covariates[~treated]
    w = odds[~treated] / odds[~treated].sum()
    spread = t.std(axis=0, ddof=1)
    if not spread.all():
        spread = np.where(spread > 0, spread, covariates.std(axis=0, ddof=1))
    after = w @ c
    variance_after = w @ (c - after) ** 2
    ratio = np.divide(t.var(axis=0), variance_after, out=np.ones(len(names)), where=variance_after > 0)
    before = c.mean(axis=0)
    return tuple(
        BalanceRow(
            name,
            float(t[:, j].mean()),
            float(before[j]),
            float(after[j]),
            float((t[:, j].mean() - before[j]) / spread[j]),
            float((t[:, j].mean() - after[j]) / spread[j]),
            float(ratio[j]),
        )
        for j, name in enumerate(names)
    )


def effective_size(weights: Floats) -> float:
    """Kish's effective sample size of a set of weights."""
    return float(weights.sum() ** 2 / (weights @ weights))


def minimum_detectable(participants: int, comparison: int, base_rate: float) -> float:
    """Smallest true difference found with 80 % power at two-sided 5 %, as a share (0.186 = 18.6 points)."""
    if min(participants, comparison) < 1 or not 0 < base_rate < 1:
        raise StudyError("Give at least one person on each side and a base rate between 0 and 1.")
    return (Z95 + Z80) * sqrt(base_rate * (1 - base_rate) * (1 / participants + 1 / comparison))


def e_value(risk_ratio: float) -> float:
    """How strongly something unmeasured would have to drive both participation and outcome to explain
    away a risk ratio (VanderWeele and Ding 2017)."""
    if risk_ratio <= 0:
        raise StudyError("A risk ratio is positive.")
    ratio = risk_ratio if risk_ratio >= 1 else 1 / risk_ratio
    return ratio + sqrt(ratio * (ratio - 1))


def odds_to_risk(odds_ratio: float, base_rate: float) -> float:
    """The risk ratio meant by an odds ratio at a base rate; far apart for common events [T-22]."""
    if odds_ratio <= 0 or not 0 < base_rate < 1:
        raise StudyError("An odds ratio is positive and a base rate lies between 0 and 1.")
    return odds_ratio / (1 - base_rate + base_rate * odds_ratio)
