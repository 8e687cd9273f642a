"""The statistician's part of a report: card, every specification, balance, curves, fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import charts
from .registration import Standing
from .told import Grid, Picture
from .verdict import Answer

Data = Mapping[str, Any]
Part = Grid | Picture | str
METHODS = (
    "Propensity by unpenalized logistic regression; effect on participants (ATT). Rates: Wilson intervals. "
    "Curves: Aalen-Johansen with log(-log) intervals, departures competing. All intervals two-sided 95%."
)


def annex(data: Data) -> list[Part]:
    """The annex of a report's data as texts, tables and pictures in their order."""
    fair = data["verdict"]["answer"] != Answer.UNFAIR and bool(data.get("estimates"))
    card = tuple((k.replace("_", " "), str(v)) for k, v in data["card"].items() if v not in (None, ""))
    parts: list[Part] = [Grid("The trial this study imitates", ("Trial card", ""), card)]
    if fair:
        parts += _estimates(data)
    if data.get("balance"):
        parts += _balance(data)
    if fair and data.get("curves"):
        parts += _curves(data)
    parts.append(METHODS)
    source = data["provenance"]
    if source["standing"]:
        parts.append(Standing(**source["standing"]).sentence())
    hashes = (
        ("data", source["data"]),
        ("plan", source["plan"]),
        ("code", source["code"]),
        ("rows refused on reading", str(source["refused_rows"])),
    )
    caption = "Fingerprints: the same three give the same report"
    parts.append(Grid(caption, ("What", "SHA-256"), hashes))
    return parts


def _estimates(data: Data) -> list[Part]:
    shown = [(e["method"], e) for e in data["estimates"]]
    extra = (
        ("complete cases only", "complete_cases"),
        ("new crimes only", "new_crimes"),
        ("technical violations only", "technical"),
        ("negative control", "negative_control"),
    )
    shown += [(label, data[key]) for label, key in extra if data.get(key)]
    rows = [(label, 100 * e["value"], 100 * e["low"], 100 * e["high"]) for label, e in shown]
    listed = tuple(
        (label, f"{v:+.2f}", f"{100 * e['se']:.2f}", f"{lo:+.2f} to {hi:+.2f}")
        for (label, v, lo, hi), (_, e) in zip(rows, shown, strict=True)
    )
    title = "All specifications, in points"
    margin = 100 * data["margin"]
    svg = charts.intervals(rows, title=title, unit="points", margin=margin, key="specs")
    words = "; ".join(f"{label} {v:+.2f} ({lo:+.2f} to {hi:+.2f})" for label, v, lo, hi in rows)
    head = ("Specification", "Points", "SE", "95% interval")
    out: list[Part] = [Picture(title, svg, words), Grid("Every specification that was run", head, listed)]
    if h := data.get("hazard_ratio"):
        out.append(f"Adjusted hazard ratio (Cox, Efron ties): {h[0]:.3f} ({h[1]:.3f} to {h[2]:.3f}).")
    if t := data.get("logrank"):
        p = "p below 0.001" if t["p"] < 0.001 else f"p {t['p']:.3f}"
        out.append(f"Log-rank, unadjusted: {t['chi2']:.4f} on {t['degrees']} df, {p}.")
    if v := data.get("e_value"):
        out.append(f"E-value: {v[0]:.2f} for the estimate, {v[1]:.2f} for the interval's end.")
    return out


def _balance(data: Data) -> list[Part]:
    rows = [(b["name"], b["smd_before"], b["smd_after"]) for b in data["balance"]]
    title = "Balance before and after weighting"
    worst = max(rows, key=lambda row: abs(row[2]))
    listed = tuple(
        (
            b["name"],
            f"{b['mean_participants']:.3g}",
            f"{b['mean_before']:.3g}",
            f"{b['mean_after']:.3g}",
            f"{b['smd_before']:+.3f}",
            f"{b['smd_after']:+.3f}",
            "" if b["variance_ratio"] is None else f"{b['variance_ratio']:.2f}",
            b["light"],
        )
        for b in data["balance"]
    )
    head = (
        "Covariate",
        "Participants",
        "Others",
        "Others weighted",
        "SMD before",
        "SMD after",
        "Variance ratio",
        "Light",
    )
    o = data["overlap"]
    return [
        Picture(
            title,
            charts.love(rows, title=title, key="love"),
            f"Largest remaining difference: {worst[0]}, {abs(worst[2]):.2f} standard deviations.",
        ),
        Grid("Balance (standardized by the participants' spread)", head, listed),
        f"Overlap: {o['kept']:.1%} of participants have a comparison person within {o['caliper']:.3f} on "
        f"the log-odds scale; effective comparison size {o['ess']:.0f} (at least {o['needed']:.0f} needed).",
    ]


def _curves(data: Data) -> list[Part]:
    unit, curves = data["unit"], data["curves"]
    last = min(data["window"], len(curves[0]["returned"]) - 1)
    marks = sorted({int(m) for m in np.linspace(0, last, 5)})
    lines = [
        charts.Line(
            c["arm"],
            np.arange(len(c["returned"]), dtype=float),
            _numbers(c["returned"]),
            _numbers(c["low"]),
            _numbers(c["high"]),
            i > 0,
            tuple(int(c["at_risk"][m]) for m in marks),
        )
        for i, c in enumerate(curves)
    ]
    title = "Share with the event over time, unadjusted"
    svg = charts.curves(lines, unit=unit, title=title, marks=marks, key="curve")
    rows = []
    for c in curves:
        for m in marks[1:]:
            interval = f"{c['low'][m]:.3f} to {c['high'][m]:.3f}"
            rows.append(
                (f"{c['arm']}, {unit} {m}", f"{c['returned'][m]:.3f}", interval, f"{int(c['at_risk'][m]):,}")
            )
        mean, se = c["mean_free"]
        rows.append((f"{c['arm']}, mean {unit}s free", f"{mean:.2f}", f"SE {se:.2f}", ""))
    ends = "; ".join(f"{c['arm']} {100 * c['returned'][last]:.1f}%" for c in curves)
    head = ("Arm and time", "Estimate", "Interval", "At risk")
    return [
        Picture(title, svg, f"At {last} {unit}s: {ends}."),
        Grid("Curves with numbers at risk, unadjusted", head, tuple(rows)),
    ]


def _numbers(values: Any) -> Any:
    """Values of a curve as numbers; what is not known repeats the last that was."""
    out = np.array([np.nan if v is None else float(v) for v in values])
    known = np.maximum.accumulate(np.where(np.isnan(out), 0, np.arange(len(out))))
    return np.nan_to_num(out[known])
