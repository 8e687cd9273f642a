"""Regression models, fitted by Newton's method to full convergence and never penalized [T-17].

Every fit reports its largest remaining gradient, so a caller (or a test) can prove that it is the maximum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import StudyError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """A fitted model: coefficients (p,), their covariance (p, p), log likelihood, gradient left over."""

    coef: Floats
    covariance: Floats
    loglik: float
    gradient: float

    @property
    def se(self) -> Floats:
        """Standard errors, shape (p,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def _solve(matrix: Floats, vector: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(matrix, vector))
    except np.linalg.LinAlgError:
        raise StudyError(
            "The covariates repeat one another (one is a combination of the others). Remove one of them."
        ) from None


def logistic(x: Floats, y: Floats, weights: Floats | None = None, *, steps: int = 50) -> Fit:
    """Unpenalized logistic regression of y in {0, 1}, shape (n,), on x, shape (n, p); x holds its intercept.

    Raises StudyError when the arms separate perfectly, because then no finite maximum exists.
    """
    w = np.ones(len(y)) if weights is None else weights
    beta = np.zeros(x.shape[1])
    eta = x @ beta
    value = _bernoulli(eta, y, w)
    for _ in range(steps):
        p = _expit(eta)
        gradient = x.T @ (w * (y - p))
        information = weighted_gram(x, w * p * (1.0 - p))
        if np.max(np.abs(gradient)) < 1e-9 * max(1.0, float(w.sum())):
            return Fit(
                beta,
                np.asarray(np.linalg.pinv(information), dtype=np.float64),
                value,
                float(np.max(np.abs(gradient))),
            )
        step = _solve(information, gradient)
        size = 1.0
        while size > 1e-6:
            eta_new = x @ (beta + size * step)
            new = _bernoulli(eta_new, y, w)
            if new >= value - 1e-12 * abs(value):
                break
            size /= 2.0
        beta, eta, value = beta + size * step, eta_new, new
        if np.max(np.abs(eta)) > 500:
            break
    raise StudyError(
        "The model of who takes part has no finite answer: some combination of covariates tells the two "
        "groups apart completely. Remove or merge the covariate that does so."
    )


def weighted_gram(x: Floats, w: Floats) -> Floats:
    """x' diag(w) x, shape (p, p), in blocks that stay in the processor's cache (measured twice as fast)."""
    out = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), 8192):
        block = x[start : start + 8192]
        out += block.T @ (block * w[start : start + 8192, None])
    return out


def _expit(eta: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * eta)))


def _bernoulli(eta: Floats, y: Floats, w: Floats) -> float:
    return float(np.sum(w * (y * eta - np.logaddexp(0.0, eta))))


def predict(x: Floats, fit: Fit) -> Floats:
    """Fitted probabilities of a logistic model, shape (n,)."""
    return _expit(x @ fit.coef)


def least_squares(x: Floats, y: Floats, *, robust: bool = True) -> Fit:
    """Ordinary least squares; the covariance is HC2 when `robust`, classical otherwise."""
    n, p = x.shape
    gram = x.T @ x
    beta = _solve(gram, x.T @ y)
    inverse = np.linalg.inv(gram)
    residual = y - x @ beta
    if robust:
        leverage = np.einsum("ij,ij->i", x @ inverse, x)
        weight = residual**2 / np.maximum(1.0 - leverage, 1e-12)
        covariance = inverse @ weighted_gram(x, weight) @ inverse
    else:
        covariance = inverse * float(residual @ residual) / (n - p)
    sigma2 = float(residual @ residual) / n
    loglik = -0.5 * n * (np.log(2 * np.pi * max(sigma2, 1e-300)) + 1.0)
    return Fit(beta, covariance, float(loglik), float(np.max(np.abs(x.T @ residual))))


def cox(stop: Floats, event: Floats, x: Floats, start: Floats | None = None, *, steps: int = 50) -> Fit:
    """Cox regression with Efron's handling of ties; rows may be start-stop intervals (start, stop].

    stop, event, start: shape (n,); x: shape (n, p) without intercept. Coefficients are log hazard ratios.
    """
    order = np.argsort(-stop, kind="stable")
    s, d, xs = stop[order], event[order].astype(bool), x[order] - x.mean(axis=0)
    begin = None if start is None else start[order]
    enter = None if begin is None else np.argsort(-begin, kind="stable")
    data = _Rows(s, d, xs, begin, enter)
    beta = np.zeros(x.shape[1])
    value, gradient, information = _efron(beta, data)
    for _ in range(steps):
        if np.max(np.abs(gradient)) < 1e-8 * max(1.0, float(d.sum())):
            return Fit(
                beta,
                np.asarray(np.linalg.inv(information), dtype=np.float64),
                value,
                float(np.max(np.abs(gradient))),
            )
        step = _solve(information, gradient)
        size = 1.0
        while size > 1e-6:
            new = _efron(beta + size * step, data)
            if new[0] >= value - 1e-10 * abs(value):
                break
            size /= 2.0
        beta = beta + size * step
        value, gradient, information = new
    raise StudyError(
        "The hazard model did not settle: a covariate may separate those with and without events."
    )


@dataclass(frozen=True)
class _Rows:
    """Rows of a Cox fit, latest stop first; `enter` orders them by entry, latest first."""

    s: Floats
    d: NDArray[np.bool_]
    x: Floats
    begin: Floats | None
    enter: NDArray[np.int64] | None


def _efron(beta: Floats, rows: _Rows) -> tuple[float, Floats, Floats]:
    s, d, x, begin, enter = rows.s, rows.d, rows.x, rows.begin, rows.enter
    risk = np.exp(x @ beta)
    rx = risk[:, None] * x
    rxx = rx[:, :, None] * x[:, None, :]
    zero, one, two = _prefix(risk), _prefix(rx), _prefix(rxx)
    if begin is not None and enter is not None:
        gone = (_prefix(risk[enter]), _prefix(rx[enter]), _prefix(rxx[enter]))
        begun = -begin[enter]
    value, gradient, information = 0.0, np.zeros(x.shape[1]), np.zeros((x.shape[1],) * 2)
    died = np.flatnonzero(d)
    times, first, count = np.unique(-s[died], return_index=True, return_counts=True)
    reach = np.searchsorted(-s, times, side="right")
    for i, time in enumerate(times):
        tied = died[first[i] : first[i] + count[i]]
        r0, r1, r2 = zero[reach[i]], one[reach[i]], two[reach[i]]
        if begin is not None and enter is not None:
            late = int(np.searchsorted(begun, time, side="right"))
            r0, r1, r2 = r0 - gone[0][late], r1 - gone[1][late], r2 - gone[2][late]
        value += float((x[tied] @ beta).sum())
        gradient = gradient + x[tied].sum(axis=0)
        t0, t1, t2 = risk[tied].sum(), rx[tied].sum(axis=0), rxx[tied].sum(axis=0)
        for share in np.arange(count[i]) / count[i]:
            a, b, c = r0 - share * t0, r1 - share * t1, r2 - share * t2
            value -= float(np.log(a))
            mean = b / a
            gradient = gradient - mean
            information = information + c / a - np.outer(mean, mean)
    return value, gradient, information


def _prefix(values: Floats) -> Floats:
    return np.concatenate((np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)))


def lognormal(time: Floats, event: Floats, x: Floats, *, steps: int = 100) -> tuple[Fit, float]:
    """Censored lognormal regression of time (n,) on x (n, p) with intercept: (fit, sigma).

    The likelihood is that of log time. The last coefficient of the fit is log(sigma).
    """
    from scipy.special import log_ndtr  # noqa: PLC0415 - heavy, used by this model only

    y, seen = np.log(time), event.astype(bool)
    start = np.linalg.lstsq(x, y, rcond=None)[0]
    theta = np.append(start, np.log(np.std(y - x @ start) + 1e-6))
    value, gradient, hessian = _lognormal_parts(theta, y, seen, x, log_ndtr)
    for _ in range(steps):
        if np.max(np.abs(gradient)) < 1e-7 * max(1.0, len(y) ** 0.5):
            return Fit(
                theta,
                np.asarray(np.linalg.inv(hessian), dtype=np.float64),
                value,
                float(np.max(np.abs(gradient))),
            ), float(np.exp(theta[-1]))
        damp = 0.0 if np.all(np.linalg.eigvalsh(hessian) > 0) else float(np.abs(np.diag(hessian)).max())
        step = _solve(hessian + damp * np.eye(len(theta)), gradient)
        size = 1.0
        while size > 1e-8:
            new = _lognormal_parts(theta + size * step, y, seen, x, log_ndtr)
            if new[0] >= value - 1e-10 * abs(value):
                break
            size /= 2.0
        theta = theta + size * step
        value, gradient, hessian = new
    raise StudyError(
        "The time-to-event regression did not settle: check for a covariate that is almost constant."
    )


def _lognormal_parts(
    theta: Floats, y: Floats, seen: NDArray[np.bool_], x: Floats, log_ndtr: object
) -> tuple[float, Floats, Floats]:
    beta, sigma = theta[:-1], float(np.exp(theta[-1]))
    z = (y - x @ beta) / sigma
    log_tail = log_ndtr(-z)  # type: ignore[operator]
    log_density = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    value = float(np.sum(np.where(seen, log_density - theta[-1], log_tail)))
    mills = np.exp(log_density - log_tail)
    slope = np.where(seen, -z, -mills)  # d value / d z
    bend = np.where(seen, -1.0, -mills * (mills - z))  # second derivative in z
    gradient = np.append(-x.T @ slope / sigma, -np.sum(slope * z) - seen.sum())
    cross = x.T @ (bend * z + slope) / sigma
    hessian = np.zeros((len(theta),) * 2)
    hessian[:-1, :-1] = -(x * bend[:, None]).T @ x / sigma**2
    hessian[:-1, -1] = hessian[-1, :-1] = -cross
    hessian[-1, -1] = -float(np.sum(bend * z**2 + slope * z))
    return value, gradient, hessian
