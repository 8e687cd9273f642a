"""The report of a study: as data (JSON) and as one printable page with no outside parts.

The page opens with the verdict, in words; numbers of the effect appear only when the question could be
answered fairly. Small counts follow the disclosure rules when the report is made for the public.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from html import escape
from typing import Any

import numpy as np

from .annex import annex
from .page import bullets, document, paragraph, table
from .provenance import Provenance
from .spec import Analysis
from .told import Grid, Picture, Told, tell
from .verdict import Answer


def as_data(a: Analysis, source: Provenance) -> dict[str, Any]:
    """The report as plain data: everything shown on the page and every specification."""
    out: dict[str, Any] = {
        "format": "throughgate.study-report/1",
        "title": a.spec.title,
        "program": a.spec.program,
        "event": a.spec.event,
        "measure": a.spec.measure,
        "window": a.spec.window,
        "unit": a.spec.unit,
        "card": asdict(a.spec.card),
        "verdict": {**asdict(a.verdict), "answer": str(a.verdict.answer)},
        "findings": [{**asdict(f), "level": str(f.level)} for f in a.findings],
        "counted": [asdict(s) for s in a.steps],
        "minimum_detectable": a.detectable,
        "margin": a.spec.margin,
        "plausible": a.spec.plausible,
        "notes": list(a.spec.notes),
        "provenance": asdict(source),
    }
    if a.comparison is not None:
        out["balance"] = [{**asdict(b), "light": b.light} for b in a.comparison.balance]
        out["overlap"] = asdict(a.comparison.overlap)
    if a.comparison is not None and a.verdict.answer is not Answer.UNFAIR:
        out["rates"] = {"with": a.rate_with, "without": a.rate_without}
        out["observed"] = [
            {"arm": arm, "people": n, "events": k, "rate": rate, "low": low, "high": high}
            for arm, n, k, rate, low, high in a.rates
        ]
        out["estimates"] = [_estimate(e) for e in a.comparison.estimates]
        out["new_crimes"] = _estimate(a.new_crimes) if a.new_crimes else None
        out["technical"] = _estimate(a.technical) if a.technical else None
        out["complete_cases"] = _estimate(a.complete_cases.primary) if a.complete_cases else None
        out["negative_control"] = _estimate(a.negative_control) if a.negative_control else None
        out["e_value"] = a.e_value
        out["hazard_ratio"] = a.hazard_ratio
        out["logrank"] = asdict(a.test) if a.test else None
        out["curves"] = [_curve(c) for c in a.curves]
        out["subgroups"] = [
            {
                "label": g.label,
                "people": g.people,
                **_estimate(g.estimate),
                "shrunk": asdict(g.shrunk) if g.shrunk else None,
            }
            for g in a.subgroups
        ]
        out["worth"] = asdict(a.worth) if a.worth else None
    cleaned: dict[str, Any] = _plain(out)
    return cleaned


def as_json(a: Analysis, source: Provenance) -> str:
    """The report as JSON text (no NaN or infinity: unknown numbers are null)."""
    return json.dumps(as_data(a, source), indent=1, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _estimate(e: Any) -> dict[str, Any]:
    return {"method": e.method, "value": e.value, "se": e.se, "low": e.low, "high": e.high}


def _curve(c: Any) -> dict[str, Any]:
    return {
        "arm": c.arm,
        "people": c.people,
        "returned": c.returned.estimate,
        "low": c.returned.low,
        "high": c.returned.high,
        "at_risk": c.returned.at_risk,
        "mean_free": c.mean_free,
    }


def as_html(a: Analysis, source: Provenance, *, public: bool = False) -> str:
    """The printable page. `public` rounds counts to 5, hides small ones and leaves the annex out."""
    data = as_data(a, source)
    told = tell(data, public=public)
    parts = [_head(told), _verdict(told), _arrays(told), _counted(told), _sure(told), _say(told)]
    parts += [_whom(told), _cost(told), f"<section><h2>Limits</h2>{bullets(list(told.limits))}</section>"]
    if not public:
        inner = "".join(_part(each) for each in annex(data))
        parts.append(f"<section class='annex'><h2>For the statistician</h2>{inner}</section>")
    return document(told.title, "\n".join(p for p in parts if p))


def _part(part: Grid | Picture | str) -> str:
    if isinstance(part, Grid):
        return _grid(part)
    return part.svg if isinstance(part, Picture) else paragraph(part)


def _grid(grid: Grid) -> str:
    return table(list(grid.head), [list(row) for row in grid.rows], grid.caption)


def _head(told: Told) -> str:
    return f"<header><h1>{escape(told.title)}</h1>{paragraph(' '.join(told.facts), 'facts')}</header>"


def _verdict(told: Told) -> str:
    reasons = "".join(f"<li><strong>{escape(t)}.</strong> {escape(r)}</li>" for t, r in told.why_not)
    listed = f"<p>Why not:</p><ul>{reasons}</ul>" if reasons else ""
    return (
        f'<section class="verdict {told.tone}"><p><span class="tag {told.tone}">{told.tag}</span></p>'
        f'<h2 class="sentence">{escape(told.sentence)}</h2>{paragraph(told.how_sure)}{listed}</section>'
    )


def _arrays(told: Told) -> str:
    if not told.hundreds:
        return ""
    figures = "".join(
        f"<figure>{h.picture.svg}<figcaption><strong>{'about ' if h.about else ''}{h.count} of 100</strong> "
        f"{escape(h.who)} {escape(told.event)}</figcaption></figure>"
        for h in told.hundreds
    )
    return (
        f"<section><h2>One hundred people</h2><div class='pair'>{figures}</div>"
        "<p class='hint'>Filled circles: people with the event. Striped circles: the figure could lie "
        "anywhere in the striped part.</p></section>"
    )


def _counted(told: Told) -> str:
    rest = "The program may have worked differently for people who could not be counted."
    return (
        f"<section><h2>Who was counted</h2>{paragraph(told.measure)}{_grid(told.counted)}"
        f"{paragraph(rest)}</section>"
    )


def _sure(told: Told) -> str:
    if not told.sure:
        return ""
    gauge = told.gauge.svg if told.gauge else ""
    return f"<section><h2>How sure are we</h2>{gauge}{bullets(list(told.sure))}</section>"


def _say(told: Told) -> str:
    return (
        "<section class='pair'><div><h2>What you can say</h2>"
        f"{bullets(list(told.can_say))}</div><div><h2>What you cannot say</h2>{bullets(list(told.cannot_say))}"
        "</div></section>"
    )


def _whom(told: Told) -> str:
    if told.whom is None:
        return ""
    note = "Only subgroups named in advance; each is pulled toward the others, because small groups swing."
    return f"<section><h2>For whom</h2>{paragraph(note)}{told.whom[0].svg}{_grid(told.whom[1])}</section>"


def _cost(told: Told) -> str:
    if told.cost is None:
        return ""
    return f"<section><h2>At what cost</h2>{paragraph(told.cost[0])}{_grid(told.cost[1])}</section>"
