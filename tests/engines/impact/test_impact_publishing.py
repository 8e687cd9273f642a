"""Portfolio, money and disclosure: against other libraries, closed forms and an attacker."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughgate.engines.impact import benefit_cost, disclosure, portfolio, portfolio_page
from throughgate.engines.impact.comparison import Estimate
from throughgate.engines.impact.errors import StudyError
from throughgate.engines.impact.verdict import Answer

# --- disclosure -----------------------------------------------------------------------------------------


def random_table(rng):
    shape = rng.integers(1, 6), rng.integers(1, 6)
    return rng.poisson(rng.choice([1, 4, 12, 40]), size=shape) * (rng.random(shape) < rng.choice([0.6, 1.0]))


def attack(full, hidden):
    """Bounds of each hidden cell, one linear program at a time."""
    from scipy.optimize import linprog

    spots = [tuple(s) for s in np.argwhere(hidden)]
    lines = [[(i, j) for j in range(full.shape[1])] for i in range(full.shape[0])]
    lines += [[(i, j) for i in range(full.shape[0])] for j in range(full.shape[1])]
    a, b = [], []
    for line in lines:
        sign = [1.0] * (len(line) - 1) + [-1.0]
        a.append([sum(s for s, c in zip(sign, line, strict=True) if c == spot) for spot in spots])
        b.append(-sum(s * full[c] for s, c in zip(sign, line, strict=True) if not hidden[c]))
    out = {}
    for k, spot in enumerate(spots):
        cost = np.zeros(len(spots))
        cost[k] = 1
        low = linprog(cost, A_eq=a, b_eq=b, bounds=(0, None)).fun
        top = linprog(-cost, A_eq=a, b_eq=b, bounds=(0, None))
        out[spot] = (low, -top.fun if top.status == 0 else np.inf)
    return out


def test_no_cell_of_a_thousand_tables_can_be_worked_out():
    rng = np.random.default_rng(50)
    shown = cells = 0
    for _ in range(1000):
        full = disclosure.with_margins(random_table(rng))
        hidden = disclosure.suppress(full)
        assert np.all(hidden[(full > 0) & (full < 10)])
        assert not disclosure.recoverable(full, hidden).any()
        shown += int((~hidden).sum())
        cells += hidden.size
    assert shown / cells > 0.3  # hiding everything would be safe and useless


def test_a_second_attacker_agrees():
    rng = np.random.default_rng(51)
    for _ in range(25):
        full = disclosure.with_margins(random_table(rng))
        hidden = disclosure.suppress(full)
        if hidden.all() or not hidden.any():
            continue
        for low, high in attack(full, hidden).values():
            assert np.floor(high + 1e-6) > np.ceil(low - 1e-6)


def test_hiding_only_small_cells_is_not_enough_and_the_audit_sees_it():
    full = disclosure.with_margins(np.array([[12, 3, 40], [55, 20, 18], [30, 30, 31]]))
    small = (full > 0) & (full < 10)
    assert disclosure.recoverable(full, small).sum() == 1
    safe = disclosure.suppress(full)
    assert safe.sum() >= 4 and not disclosure.recoverable(full, safe).any()


def test_published_tables_are_rounded_and_marked():
    table = np.array([[12, 3, 40], [55, 20, 18], [30, 30, 31]])
    out = disclosure.protect(table)
    numbers = [n for row in out.cells for n in row if n is not None]
    assert all(n % 5 == 0 for n in numbers) and out.cells[0][1] is None
    text = disclosure.table_text(out, ["a", "b", "c"], ["x", "y", "z"])
    assert text[0] == ["", "x", "y", "z", "All"] and text[1][2] == "*" and text[-1][-1] == "240"
    with pytest.raises(StudyError, match="two-way"):
        disclosure.protect(np.array([[1, -1]]))


@given(st.integers(0, 2000), st.integers(0, 2000))
@settings(max_examples=100, deadline=None)
def test_rates_stand_on_enough_people(a, b):
    events, people = min(a, b), max(a, b)
    rate = disclosure.safe_rate(events, people)
    if rate is not None:
        assert people >= 30 and (events == 0 or events >= 10) and (people == events or people - events >= 10)
        assert abs(rate - events / people) <= 0.005 + 1e-9
    assert abs(disclosure.rounded(people) - people) <= 2.5 and disclosure.rounded(people) % 5 == 0


# --- portfolio ------------------------------------------------------------------------------------------


def test_shrinkage_is_closer_to_the_truth_and_covers_it():
    rng = np.random.default_rng(52)
    raw_error = shrunk_error = hits = 0.0
    for _ in range(200):
        truth = rng.normal(-0.01, 0.02, 25)
        se = rng.uniform(0.01, 0.08, 25)
        raw = rng.normal(truth, se)
        made = portfolio.shrink([str(i) for i in range(25)], raw, se)
        raw_error += np.sum((raw - truth) ** 2)
        shrunk_error += np.sum((np.array([m.value for m in made]) - truth) ** 2)
        hits += np.mean([m.low <= t <= m.high for m, t in zip(made, truth, strict=True)])
    assert shrunk_error < 0.5 * raw_error
    assert 0.90 <= hits / 200 <= 0.98


def test_between_program_variance_equals_statsmodels():
    from statsmodels.stats.meta_analysis import combine_effects

    rng = np.random.default_rng(53)
    values, ses = rng.normal(0, 0.05, 12), rng.uniform(0.01, 0.04, 12)
    theirs = combine_effects(values, ses**2, method_re="pm", use_t=False)
    assert portfolio.paule_mandel(values, ses) == pytest.approx(theirs.tau2, rel=1e-4)
    assert portfolio.paule_mandel(np.zeros(5), np.ones(5)) == 0.0
    with pytest.raises(StudyError, match="at least three"):
        portfolio.shrink(["a"], np.array([0.1]), np.array([0.1]))


def test_funnel_allows_for_differences_between_units_in_general():
    rng = np.random.default_rng(54)
    n = rng.integers(200, 4000, 60)
    plain = portfolio.funnel([str(i) for i in range(60)], rng.binomial(n, 0.33), n)
    assert plain.phi < 1.6 and sum(p.place == "beyond 99.8" for p in plain.points) <= 2
    spread = np.clip(rng.normal(0.33, 0.05, 60), 0.05, 0.9)
    wide = portfolio.funnel([str(i) for i in range(60)], rng.binomial(n, spread), n)
    assert wide.phi > 3
    assert sum(abs(p.z) > portfolio.Z998 for p in wide.points) > 15
    assert sum(p.place == "beyond 99.8" for p in wide.points) <= 6
    low, high = wide.limits(np.array([100.0, 1000.0]), portfolio.Z998)
    assert high[0] - low[0] > high[1] - low[1]
    for p in wide.points[:5]:
        by_hand = (p.rate - wide.target) / np.sqrt(wide.target * (1 - wide.target) / p.people)
        assert p.z == pytest.approx(by_hand)
    with pytest.raises(StudyError, match="at least three units"):
        portfolio.funnel(["a"], [1], [2])


def test_the_portfolio_is_no_league_table():
    def program(name, value, se):
        answer = Answer.REDUCED if value + 1.96 * se < 0 else Answer.TOO_FEW
        return portfolio_page.Program(name, answer, Estimate("x", value, se), 203)

    rng = np.random.default_rng(55)
    many = [program(f"P{i:02d}", v, 0.02) for i, v in enumerate(rng.normal(0, 0.02, 40))]
    many += [program("a strong one", -0.12, 0.02), portfolio_page.Program("refused", Answer.UNFAIR, None, 7)]
    listed = portfolio_page.standings(many)
    assert [s.program.name for s in listed] == sorted(p.name for p in many)
    words = {s.program.name: s.words for s in listed}
    assert words["a strong one"] == "reduced" and words["refused"] == "cannot be answered fairly"
    lucky = [p.name for p in many[:40] if p.answer is Answer.REDUCED]
    assert lucky and all("can be chance" in words[name] for name in lucky)
    units = portfolio.funnel(["north", "south", "tiny"], [300, 250, 4], [900, 800, 12])
    html = portfolio_page.as_html("All programs", many, made="22 Nov 2026", funnel=units)
    assert "about 205" in html and html.count("withheld") == 2 and "question about its people" in html
    assert "rank" not in html.lower()
    assert [r["name"] for r in portfolio_page.as_data(many)] == [s.program.name for s in listed]


# --- money ----------------------------------------------------------------------------------------------

FACTS = {
    "version": "2024-09",
    "source": "a state institute's review",
    "price_year": 2023,
    "program_cost": [1400, 1572, 1744],
    "savings": [
        {"who": "taxpayers", "per_return": [40_000, 60_000, 80_000], "years": [0.5, 0.3, 0.2]},
        {"who": "others", "per_return": [20_000, 50_000, 110_000]},
    ],
}


def test_the_worth_equals_its_closed_form():
    table = benefit_cost.CostTable.from_dict(FACTS)
    worth = benefit_cost.worth(Estimate("x", -0.05, 0.02), table, draws=200_000)
    rng = np.random.default_rng(1)
    r = rng.triangular(0.02, 0.035, 0.05, 200_000)
    streams = [
        np.mean(sum(s / (1 + r) ** (i + 1) for i, s in enumerate(y))) for y in ([0.5, 0.3, 0.2], [1.0])
    ]
    expected = 0.05 * (60_000 * streams[0] + 60_000 * streams[1])
    cost = (1400 + 1572 + 1744) / 3
    assert worth.net == pytest.approx(expected - cost, rel=0.01)
    assert worth.ratio == pytest.approx(expected / cost, rel=0.01)
    assert worth.by_whom["taxpayers"] == pytest.approx(0.05 * 60_000 * streams[0], rel=0.01)
    assert worth.net_low < worth.net < worth.net_high and worth.chance_positive > 0.9
    assert benefit_cost.worth(Estimate("x", -0.05, 0.02), table) == benefit_cost.worth(
        Estimate("x", -0.05, 0.02), table
    )
    harmful = benefit_cost.worth(Estimate("x", 0.05, 0.01), table)
    assert harmful.chance_positive < 0.01 and harmful.net < 0


def test_the_chance_of_a_gain_is_the_normal_one_when_only_the_effect_is_uncertain():
    from scipy.stats import norm

    fixed = benefit_cost.CostTable(
        "v",
        "s",
        2024,
        benefit_cost.Range(1000, 1000, 1000),
        (benefit_cost.Saving("taxpayers", benefit_cost.Range(50_000, 50_000, 50_000)),),
        benefit_cost.Range(0, 0, 0),
    )
    worth = benefit_cost.worth(Estimate("x", -0.03, 0.02), fixed, draws=200_000)
    assert worth.chance_positive == pytest.approx(norm.cdf((0.03 - 0.02) / 0.02), abs=0.005)


def test_cost_tables_are_refused_in_words():
    for change, words in (
        ({"version": None}, "lacks version"),
        ({"program_cost": 5}, "three numbers"),
        ({"program_cost": [3, 2, 1]}, "low, most likely, high"),
        ({"savings": [{"who": "nobody", "per_return": [1, 2, 3]}]}, "found nobody"),
    ):
        facts = {k: v for k, v in {**FACTS, **change}.items() if v is not None}
        with pytest.raises(StudyError, match=words):
            benefit_cost.CostTable.from_dict(facts)
    with pytest.raises(StudyError, match=r"1,000 draws"):
        benefit_cost.worth(Estimate("x", 0, 1), benefit_cost.CostTable.from_dict(FACTS), draws=10)
