"""The comparison engine against other libraries and against itself written the slow way."""

import numpy as np
import pytest
from impact_data import arms
from scipy.optimize import brentq

from throughgate.engines.impact import comparison, models
from throughgate.engines.impact.errors import StudyError


@pytest.fixture(scope="module")
def data():
    return arms(np.random.default_rng(40), 3000, -0.05)


def test_weighted_estimates_equal_a_long_way_round(data):
    import statsmodels.api as sm

    y, t, x = data
    result = comparison.compare(y, t, x, ["a", "b", "c"])
    z = sm.add_constant(x)
    e = sm.Logit(t.astype(float), z).fit(disp=False, tol=1e-12).predict(z)
    mu = sm.Logit(y[~t], z[~t]).fit(disp=False, tol=1e-12).predict(z)
    w = (e / (1 - e))[~t]
    w = w / w.sum()
    aipw = (y - mu)[t].mean() - w @ (y - mu)[~t]
    assert result.primary.value == pytest.approx(aipw, abs=1e-8)
    assert result.weighting.value == pytest.approx(y[t].mean() - w @ y[~t], abs=1e-8)
    ols = sm.OLS(y, np.column_stack([t, z])).fit(cov_type="HC2")
    assert result.regression.value == pytest.approx(ols.params[0], abs=1e-8)
    assert result.regression.se == pytest.approx(ols.bse[0], abs=1e-8)
    for j, row in enumerate(result.balance):
        assert row.smd_after == pytest.approx((x[t, j].mean() - w @ x[~t, j]) / x[t, j].std(ddof=1), abs=1e-7)
        assert row.smd_before == pytest.approx(
            (x[t, j].mean() - x[~t, j].mean()) / x[t, j].std(ddof=1), abs=1e-9
        )
    assert result.overlap.ess == pytest.approx(1 / np.sum(w**2), rel=1e-6)


def test_the_error_of_the_primary_estimate_is_what_resampling_shows(data):
    y, t, x = data
    rng = np.random.default_rng(41)
    ours = comparison.compare(y, t, x, ["a", "b", "c"]).primary
    again = []
    for _ in range(300):
        i = rng.integers(0, len(y), len(y))
        again.append(comparison.compare(y[i], t[i], x[i], ["a", "b", "c"]).primary.value)
    assert ours.se == pytest.approx(np.std(again), rel=0.12)


def test_matching_equals_a_loop_over_people(data):
    y, t, x = data
    y, t, x = y[:600], t[:600], x[:600]
    z = np.column_stack([np.ones(len(x)), x])
    score = z @ models.logistic(z, t.astype(float)).coef
    for width in (0.02, 0.2, 5.0):
        ours, kept = comparison.radius_matching(y, t, score, width)
        gains, uses = [], np.zeros(len(y))
        for i in np.flatnonzero(t):
            near = [j for j in np.flatnonzero(~t) if abs(score[j] - score[i]) <= width]
            if near:
                gains.append(y[i] - y[near].mean())
                uses[near] += 1 / len(near)
        n = len(gains)
        assert ours.value == pytest.approx(np.mean(gains), abs=1e-10)
        assert kept == pytest.approx(n / t.sum())
        matched = np.array([np.any(np.abs(score[~t] - score[i]) <= width) for i in np.flatnonzero(t)])
        centre = uses @ y / n
        se = np.sqrt(y[t][matched].var() / n + np.sum(uses**2 * (y - centre) ** 2) / n**2)
        assert ours.se == pytest.approx(se, abs=1e-10)
    assert comparison.radius_matching(y, t, score, -1.0) == (None, 0.0)


def test_cox_with_late_entry_equals_two_libraries():
    from lifelines import CoxPHFitter
    from statsmodels.duration.hazard_regression import PHReg

    rng = np.random.default_rng(42)
    n = 500
    x = rng.normal(size=(n, 2))
    start = rng.integers(0, 10, n).astype(float)
    stop = start + 1 + rng.integers(0, 20, n)
    event = (rng.random(n) < 0.6).astype(float)
    ours = models.cox(stop, event, x, start=start)
    theirs = PHReg(stop, x, status=event, entry=start + 0.5, ties="efron").fit(disp=False)
    assert ours.coef == pytest.approx(theirs.params, abs=1e-6)
    assert ours.se == pytest.approx(theirs.bse, abs=1e-6)
    import pandas as pd

    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "t": stop, "e": event})
    third = CoxPHFitter().fit(frame, "t", "e")
    plain = models.cox(stop, event, x)
    assert plain.coef == pytest.approx(third.params_.to_numpy(), abs=1e-5)
    assert plain.loglik == pytest.approx(third.log_likelihood_, abs=1e-6)


def test_a_regression_of_time_equals_lifelines():
    import pandas as pd
    from lifelines import LogNormalAFTFitter

    rng = np.random.default_rng(43)
    x = rng.normal(size=400)
    time = np.exp(1 + 0.5 * x + rng.normal(size=400))
    event = (time < 8).astype(float)
    time = np.minimum(time, 8)
    ours, sigma = models.lognormal(time, event, np.column_stack([np.ones(400), x]))
    theirs = LogNormalAFTFitter().fit(pd.DataFrame({"x": x, "t": time, "e": event}), "t", "e")
    assert ours.coef[1] == pytest.approx(theirs.params_["mu_", "x"], abs=5e-4)
    assert np.log(sigma) == pytest.approx(theirs.params_["sigma_", "Intercept"], abs=5e-4)


@pytest.mark.parametrize(("ratio", "value"), [(3.9, 7.26), (0.85, 1.63)])
def test_e_value_as_published_and_as_defined(ratio, value):
    ours = comparison.e_value(ratio)
    assert round(ours, 2) == value
    # By definition: a confounder this strong on both sides has exactly this bias.
    strong = brentq(lambda e: e * e / (2 * e - 1) - max(ratio, 1 / ratio), 1.0, 50.0)
    assert ours == pytest.approx(strong)


def test_constant_covariates_are_left_aside_and_bad_input_is_refused(data):
    y, t, x = data
    plain = comparison.compare(y, t, x, ["a", "b", "c"])
    padded = comparison.compare(y, t, np.column_stack([x, np.ones(len(y))]), ["a", "b", "c", "one"])
    assert padded.primary.value == pytest.approx(plain.primary.value)
    with pytest.raises(StudyError, match="one row per person"):
        comparison.compare(y[:-1], t, x, ["a", "b", "c"])
    with pytest.raises(StudyError, match="Fill gaps"):
        comparison.compare(y, t, np.where(x > 2, np.nan, x), ["a", "b", "c"])
    with pytest.raises(StudyError, match="people who did not"):
        comparison.compare(y, np.ones(len(y), dtype=bool), x, ["a", "b", "c"])
    with pytest.raises(StudyError, match="repeat one another"):
        models.least_squares(np.ones((20, 2)), y[:20])
    with pytest.raises(StudyError, match="positive"):
        comparison.e_value(0.0)
    with pytest.raises(StudyError, match="base rate"):
        comparison.minimum_detectable(10, 10, 1.0)
    with pytest.raises(StudyError, match="odds ratio"):
        comparison.odds_to_risk(-1.0, 0.5)


def test_outcomes_without_variation_still_have_an_answer():
    _, t, x = arms(np.random.default_rng(44), 400)
    result = comparison.compare(np.zeros(400), t, x, ["a", "b", "c"])
    assert result.primary.value == 0.0
