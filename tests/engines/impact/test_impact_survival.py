"""Survival estimates against independent implementations and against themselves written the long way."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughgate.engines.impact import counting, survival
from throughgate.engines.impact.errors import StudyError


def people(seed, n=400, late=False):
    rng = np.random.default_rng(seed)
    exit_ = rng.integers(0, 60, n)
    cause = rng.choice([0, 1, 2], n, p=[0.3, 0.5, 0.2])
    entry = np.where(rng.random(n) < 0.4, rng.integers(-1, 30, n), -1) if late else np.full(n, -1)
    keep = entry < exit_
    return exit_[keep], cause[keep], entry[keep]


def counts(exit_, cause, entry=None):
    columns = {"exit": exit_, "cause": cause}
    if entry is not None:
        columns["entry"] = entry
    cube = counting.count(
        pa.table(columns), entry=None if entry is None else "entry", causes=("end", "returned", "left")
    )
    return cube.counts()


def slow_incidence(exit_, cause, entry, weights):
    """Aalen-Johansen for cause 1 written person by person, with person weights."""
    free, total, out = 1.0, 0.0, []
    for day in range(int(exit_.max()) + 1):
        risk = float(weights[(entry < day) & (exit_ >= day)].sum())
        hit = [float(weights[(exit_ == day) & (cause == k)].sum()) for k in (1, 2)]
        if risk > 0:
            total += free * hit[0] / risk
            free *= 1 - sum(hit) / risk
        out.append(total)
    return np.array(out)


def slow_error(exit_, cause, entry):
    """Delta-method error over independent multinomial days, by numerical slopes in every daily hazard."""
    days = int(exit_.max()) + 1
    risk = np.array([((entry < d) & (exit_ >= d)).sum() for d in range(days)], dtype=float)
    hits = np.array([[((exit_ == d) & (cause == k)).sum() for d in range(days)] for k in (1, 2)], dtype=float)
    h = np.divide(hits, risk, out=np.zeros_like(hits), where=risk > 0)

    def total(h):
        free = np.cumprod(1 - h.sum(axis=0))
        return np.cumsum(np.concatenate(([1.0], free[:-1])) * h[0])

    variance = np.zeros(days)
    for d in range(days):
        if risk[d] == 0 or h[:, d].sum() >= 1:
            if risk[d] > 0:
                slope = np.concatenate((np.zeros(d), np.full(days - d, np.prod(1 - h[:, :d].sum(axis=0)))))
                variance += slope**2 * h[0, d] * (1 - h[0, d]) / risk[d]
            continue
        slopes = []
        for k in (0, 1):
            up, down = h.copy(), h.copy()
            up[k, d] += 1e-6
            down[k, d] -= 1e-6
            slopes.append((total(up) - total(down)) / 2e-6)
        a, b = slopes
        p, q = h[0, d], h[1, d]
        variance += (p * (1 - p) * a**2 + q * (1 - q) * b**2 - 2 * p * q * a * b) / risk[d]
    return np.sqrt(variance)


@pytest.mark.parametrize("late", [False, True])
def test_i16_incidence_and_its_error_equal_the_infinitesimal_jackknife(late):
    exit_, cause, entry = people(5, 150, late)
    curve = survival.aalen_johansen(counts(exit_, cause, entry))
    n = len(exit_)
    base = slow_incidence(exit_, cause, entry, np.ones(n))
    assert curve.estimate == pytest.approx(base, abs=1e-12)
    if late:
        # With late entry the error is the martingale (delta) one: the day-by-day multinomial sums below.
        assert curve.se == pytest.approx(slow_error(exit_, cause, entry), abs=1e-10)
        return
    step = 1e-5
    variance = np.zeros_like(base)
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i] += step
        down[i] -= step
        slope = (slow_incidence(exit_, cause, entry, up) - slow_incidence(exit_, cause, entry, down)) / (
            2 * step
        )
        variance += slope**2
    assert curve.se == pytest.approx(np.sqrt(variance), abs=1e-8)


def test_incidence_equals_statsmodels():
    from statsmodels.duration.survfunc import CumIncidenceRight

    exit_, cause, _ = people(1)
    exit_ = exit_ + 1
    theirs = CumIncidenceRight(exit_, cause)
    ours = survival.aalen_johansen(counts(exit_, cause))
    assert ours.estimate[theirs.times.astype(int)] == pytest.approx(theirs.cinc[0], abs=1e-12)


def test_curve_equals_two_other_libraries():
    from lifelines import KaplanMeierFitter
    from statsmodels.duration.survfunc import SurvfuncRight

    exit_, cause, _ = people(2)
    exit_, event = exit_ + 1, (cause == 1).astype(int)
    ours = survival.kaplan_meier(counts(exit_, event))
    theirs = SurvfuncRight(exit_, event)
    at = theirs.surv_times.astype(int)
    assert ours.estimate[at] == pytest.approx(theirs.surv_prob, abs=1e-12)
    known = np.isfinite(theirs.surv_prob_se)
    assert ours.se[at][known] == pytest.approx(theirs.surv_prob_se[known], abs=1e-10)
    fitted = KaplanMeierFitter().fit(exit_, event)
    bounds = fitted.confidence_interval_.loc[at].to_numpy()
    inside = (ours.estimate[at] > 0) & (ours.estimate[at] < 1)
    # The interval is log-log [T-16].
    assert ours.low[at][inside] == pytest.approx(bounds[inside, 0], abs=1e-9)
    assert ours.high[at][inside] == pytest.approx(bounds[inside, 1], abs=1e-9)


def test_t16_the_interval_is_log_log_and_neither_plain_nor_log():
    """The interval differs by library; ours is one kind everywhere, worked out here by hand [T-16]."""
    exit_, cause, _ = people(4)
    curve = survival.kaplan_meier(counts(exit_, (cause == 1).astype(int)))
    day = int(np.argmin(np.abs(curve.estimate - 0.9)))
    s, se = float(curve.estimate[day]), float(curve.se[day])
    spread = 1.959963984540054 * se / (s * abs(np.log(s)))
    assert curve.low[day] == pytest.approx(s ** np.exp(spread), abs=1e-12)
    assert curve.high[day] == pytest.approx(s ** np.exp(-spread), abs=1e-12)
    assert abs(curve.low[day] - (s - 1.96 * se)) > 1e-5
    assert abs(curve.low[day] - s * np.exp(-1.96 * se / s)) > 1e-5


def test_late_entry_equals_lifelines():
    from lifelines import KaplanMeierFitter

    exit_, cause, entry = people(3, late=True)
    event = (cause == 1).astype(int)
    ours = survival.kaplan_meier(counts(exit_, event, entry))
    theirs = KaplanMeierFitter().fit(exit_ + 1, event, entry=entry + 1)
    days = np.arange(len(ours.estimate))
    expected = theirs.survival_function_at_times(days + 1).to_numpy()
    assert ours.estimate == pytest.approx(expected, abs=1e-10)


def test_logrank_of_many_groups_equals_lifelines():
    from lifelines.statistics import multivariate_logrank_test

    rng = np.random.default_rng(4)
    exit_, cause, _ = people(4, 600)
    group = rng.integers(0, 4, len(exit_))
    event = (cause == 1).astype(int)
    cube = counting.count(pa.table({"g": group, "exit": exit_, "cause": event}), group=["g"])
    ours = survival.logrank([cube.counts(g) for g in cube.groups])
    theirs = multivariate_logrank_test(exit_, group, event)
    assert (ours.chi2, ours.p) == pytest.approx((theirs.test_statistic, theirs.p_value), abs=1e-8)
    assert ours.degrees == 3


def test_restricted_mean_is_the_area_and_its_error_is_the_jackknife():
    exit_, cause, _entry = people(6, 120)
    event = (cause == 1).astype(int)
    mean, se = survival.restricted_mean(counts(exit_, event), 40)

    def area(w):
        free, total = 1.0, 0.0
        for day in range(40):
            risk = w[exit_ >= day].sum()
            if risk > 0:
                free *= 1 - w[(exit_ == day) & (event == 1)].sum() / risk
            total += free
        return total

    n = len(exit_)
    assert mean == pytest.approx(area(np.ones(n)), abs=1e-10)
    slopes = []
    for i in range(n):
        up = np.ones(n)
        up[i] += 1e-5
        slopes.append((area(up) - area(np.ones(n))) / 1e-5)
    assert se == pytest.approx(np.sqrt(np.sum(np.square(slopes))), rel=1e-3)


@given(st.integers(1, 500), st.data())
@settings(max_examples=40, deadline=None)
def test_wilson_equals_statsmodels(n, data):
    from statsmodels.stats.proportion import proportion_confint

    k = data.draw(st.integers(0, n))
    rate, low, high = survival.wilson(k, n)
    theirs = proportion_confint(k, n, method="wilson")
    assert (low, high) == pytest.approx(theirs, abs=1e-9)
    assert low - 1e-12 <= rate <= high + 1e-12


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_laws_that_hold_for_any_people(rows):
    exit_, cause = (np.array(v) for v in zip(*rows, strict=True))
    c = counts(exit_, cause)
    first, second = survival.aalen_johansen(c), survival.aalen_johansen(c, cause=1)
    either = survival.kaplan_meier(survival.Counts(c.events.sum(axis=0)[None, :], c.censored, c.entered))
    assert first.estimate + second.estimate + either.estimate == pytest.approx(np.ones(len(first.estimate)))
    for curve in (first, second, either):
        assert np.all(np.isfinite(curve.se)) and np.all(curve.low <= curve.estimate + 1e-12)
        assert np.all(curve.high >= curve.estimate - 1e-12)
    assert np.all(np.diff(first.estimate) >= -1e-12)
    # T-5: treating a departure as the end of observation always overstates the share returning.
    naive = 1 - survival.kaplan_meier(c).estimate
    assert np.all(naive >= first.estimate - 1e-12)


def test_without_competition_incidence_is_one_minus_the_curve_and_so_is_its_error():
    exit_, cause, _ = people(8)
    c = counts(exit_, (cause == 1).astype(int))
    km, aj = survival.kaplan_meier(c), survival.aalen_johansen(c)
    assert aj.estimate == pytest.approx(1 - km.estimate, abs=1e-12)
    assert aj.se == pytest.approx(km.se, abs=1e-12)


def test_refusals_say_what_to_do():
    c = counts(np.array([3, 4]), np.array([1, 0]))
    with pytest.raises(StudyError, match="horizon between 1 and 5"):
        survival.restricted_mean(c, 9)
    with pytest.raises(StudyError, match="at least two"):
        survival.logrank([c])
    with pytest.raises(StudyError, match="at least one person"):
        survival.wilson(0, 0)
    with pytest.raises(StudyError, match="not possible"):
        survival.wilson(5, 4)
    with pytest.raises(StudyError, match="starts at 0"):
        survival.kaplan_meier(c).at(-1)


@given(st.floats(0, 400), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_the_tail_of_chi_square_equals_scipy(value, degrees):
    from scipy.stats import chi2

    assert survival.chi2_tail(value, degrees) == pytest.approx(chi2.sf(value, degrees), rel=1e-9, abs=1e-300)
