"""The statistician's part of a report: card, every specification, balance, curves, fingerprints."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from . import charts
from .page import paragraph, table
from .provenance import Provenance
from .spec import Analysis


def annex(a: Analysis, source: Provenance, *, fair: bool) -> str:
    parts = ["<section class='annex'><h2>For the statistician</h2>"]
    card = [[k.replace("_", " "), str(v)] for k, v in asdict(a.spec.card).items() if v not in (None, "")]
    parts.append(table(["Trial card", ""], card, "The trial this study imitates"))
    if a.comparison:
        if fair:
            parts += _annex_estimates(a)
        rows = [(b.name, b.smd_before, b.smd_after) for b in a.comparison.balance]
        parts.append(charts.love(rows, title="Balance before and after weighting", key="love"))
        listed = [
            [
                b.name,
                f"{b.mean_participants:.3g}",
                f"{b.mean_before:.3g}",
                f"{b.mean_after:.3g}",
                f"{b.smd_before:+.3f}",
                f"{b.smd_after:+.3f}",
                f"{b.variance_ratio:.2f}",
                b.light,
            ]
            for b in a.comparison.balance
        ]
        head = [
            "Covariate",
            "Participants",
            "Others",
            "Others weighted",
            "SMD before",
            "SMD after",
            "Variance ratio",
            "Light",
        ]
        parts.append(table(head, listed, "Balance (standardized by the participants' spread)"))
        o = a.comparison.overlap
        parts.append(
            paragraph(
                f"Overlap: {o.kept:.1%} of participants have a comparison person within {o.caliper:.3f} on "
                f"the log-odds scale; effective comparison size {o.ess:.0f} (at least {o.needed:.0f} needed)."
            )
        )
    if fair and a.curves:
        parts.append(_annex_curves(a))
    methods = (
        "Propensity by unpenalized logistic regression; effect on participants (ATT). Rates: Wilson "
        "intervals. Curves: Aalen-Johansen with log(-log) intervals, departures competing. All intervals "
        "two-sided 95%."
    )
    parts.append(paragraph(methods))
    if source.standing:
        parts.append(paragraph(source.standing.sentence()))
    hashes = [
        ["data", source.data],
        ["plan", source.plan],
        ["code", source.code],
        ["rows refused on reading", str(source.refused_rows)],
    ]
    parts.append(table(["What", "SHA-256"], hashes, "Fingerprints: the same three give the same report"))
    return "".join(parts) + "</section>"


def _annex_estimates(a: Analysis) -> list[str]:
    shown = [(e.method, e) for e in (a.comparison.estimates if a.comparison else ())]
    extra = (
        ("complete cases only", a.complete_cases.primary if a.complete_cases else None),
        ("new crimes only", a.new_crimes),
        ("technical violations only", a.technical),
        ("negative control", a.negative_control),
    )
    shown += [(label, e) for label, e in extra if e]
    rows = [(label, 100 * e.value, 100 * e.low, 100 * e.high) for label, e in shown]
    listed = [
        [label, f"{v:+.2f}", f"{100 * e.se:.2f}", f"{lo:+.2f} to {hi:+.2f}"]
        for (label, v, lo, hi), (_, e) in zip(rows, shown, strict=True)
    ]
    out = [
        charts.intervals(
            rows,
            title="All specifications, in points",
            unit="points",
            margin=100 * a.spec.margin,
            key="specs",
        ),
        table(["Specification", "Points", "SE", "95% interval"], listed, "Every specification that was run"),
    ]
    if a.hazard_ratio:
        h = a.hazard_ratio
        out.append(
            paragraph(f"Adjusted hazard ratio (Cox, Efron ties): {h[0]:.3f} ({h[1]:.3f} to {h[2]:.3f}).")
        )
    if a.test:
        out.append(
            paragraph(f"Log-rank, unadjusted: {a.test.chi2:.4f} on {a.test.degrees} df, p {a.test.p:.3f}.")
        )
    if a.e_value:
        out.append(
            paragraph(
                f"E-value: {a.e_value[0]:.2f} for the estimate, {a.e_value[1]:.2f} for the interval's end."
            )
        )
    return out


def _annex_curves(a: Analysis) -> str:
    last = min(a.spec.window, len(a.curves[0].returned.estimate) - 1)
    marks = sorted({int(m) for m in np.linspace(0, last, 5)})
    lines = []
    for i, c in enumerate(a.curves):
        x = np.arange(len(c.returned.estimate), dtype=float)
        at_risk = tuple(int(c.returned.at_risk[m]) for m in marks)
        lines.append(
            charts.Line(c.arm, x, c.returned.estimate, c.returned.low, c.returned.high, i > 0, at_risk)
        )
    chart = charts.curves(
        lines, unit=a.spec.unit, title="Share with the event over time, unadjusted", marks=marks, key="curve"
    )
    rows = []
    for c in a.curves:
        for m in marks[1:]:
            v, lo, hi = c.returned.at(m)
            rows.append(
                [
                    f"{c.arm}, {a.spec.unit} {m}",
                    f"{v:.3f}",
                    f"{lo:.3f} to {hi:.3f}",
                    f"{int(c.returned.at_risk[m]):,}",
                ]
            )
        mean, se = c.mean_free
        rows.append([f"{c.arm}, mean {a.spec.unit}s free", f"{mean:.2f}", f"SE {se:.2f}", ""])
    return chart + table(
        ["Arm and time", "Estimate", "Interval", "At risk"], rows, "Curves with numbers at risk, unadjusted"
    )
