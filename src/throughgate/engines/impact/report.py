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

from . import charts, disclosure
from .annex import annex
from .design import Level
from .page import bullets, document, paragraph, table
from .provenance import Provenance
from .spec import Analysis, Step
from .verdict import Answer, points, say

GUARD_TITLES = {
    "incomplete_card": "The question was not fully set out",
    "wrong_estimand": "The wrong people would be answered for",
    "completers_only": "Only completers were counted",
    "immortal_time": "Some were sure to stay free at first",
    "post_release_covariate": "Facts from after release were used",
    "unequal_follow_up": "Two different cutoffs",
    "immature_window": "The time is not over yet",
    "double_counting": "People counted twice",
    "coverage": "Events that would not be seen",
    "surveillance": "Watched more closely",
    "offense_before_release": "Events from before release",
    "missing_data": "Incomplete records matter",
    "too_small_to_see": "Too small to see a plausible effect",
    "balance": "The groups stay too different",
    "overlap": "Too few comparable people",
    "negative_control": "Something unmeasured sets the groups apart",
    "no_comparison": "Nobody to compare with",
    "old_costs": "Old prices",
}


def as_data(a: Analysis, source: Provenance) -> dict[str, Any]:
    """The report as plain data: everything shown on the page and every specification."""
    out: dict[str, Any] = {
        "format": "throughgate.study-report/1",
        "title": a.spec.title,
        "measure": a.spec.measure,
        "card": asdict(a.spec.card),
        "verdict": {**asdict(a.verdict), "answer": str(a.verdict.answer)},
        "findings": [{**asdict(f), "level": str(f.level)} for f in a.findings],
        "counted": [asdict(s) for s in a.steps],
        "minimum_detectable": a.detectable,
        "margin": a.spec.margin,
        "provenance": asdict(source),
    }
    if a.comparison is not None:
        out["balance"] = [{**asdict(b), "light": b.light} for b in a.comparison.balance]
        out["overlap"] = asdict(a.comparison.overlap)
    if a.comparison is not None and a.verdict.answer is not Answer.UNFAIR:
        out["rates"] = {"with": a.rate_with, "without": a.rate_without}
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
    parts = [_head(a, source), _verdict(a)]
    fair = a.comparison is not None and a.verdict.answer is not Answer.UNFAIR
    if fair:
        parts.append(_arrays(a))
    parts += [_counted(a, public), _sure(a, fair), _say(a), _whom(a, fair and not public), _cost(a, fair)]
    parts.append(_limits(a))
    if not public:
        parts.append(annex(a, source, fair=fair))
    body = "\n".join(p for p in parts if p)
    return document(a.spec.title, body)


def _head(a: Analysis, source: Provenance) -> str:
    facts = f"Made {source.made}. Compared with {a.spec.card.compared_with or 'nothing yet'}."
    return f"<header><h1>{escape(a.spec.title)}</h1>{paragraph(facts, 'facts')}</header>"


def _verdict(a: Analysis) -> str:
    tag = {
        Answer.REDUCED: ("good", "Fewer returned"),
        Answer.INCREASED: ("late", "More returned"),
        Answer.SAME: ("done", "No meaningful difference"),
        Answer.TOO_FEW: ("wait", "Not enough people yet"),
        Answer.UNFAIR: ("late", "Cannot be answered fairly"),
    }[a.verdict.answer]
    reasons = "".join(
        f"<li><strong>{escape(GUARD_TITLES.get(g, g))}.</strong> {escape(r)}</li>"
        for g, r in zip(a.verdict.guards, a.verdict.reasons, strict=True)
    )
    listed = f"<p>Why not:</p><ul>{reasons}</ul>" if reasons else ""
    return (
        f'<section class="verdict {tag[0]}"><p><span class="tag {tag[0]}">{tag[1]}</span></p>'
        f'<h2 class="sentence">{escape(a.verdict.sentence)}</h2>{listed}</section>'
    )


def _arrays(a: Analysis) -> str:
    with_ = next(r for r in a.rates if r[0] == "took part")
    main = a.comparison.primary if a.comparison else None
    if main is None:
        return ""
    event = a.spec.event
    left = charts.hundred(
        a.rate_with, low=with_[4], high=with_[5], title="With the program", event=event, key="with"
    )
    right = charts.hundred(
        a.rate_without,
        low=a.rate_with - main.high,
        high=a.rate_with - main.low,
        title="Without the program",
        event=event,
        key="without",
    )
    return (
        "<section><h2>One hundred people</h2><div class='pair'>"
        f"<figure>{left}<figcaption><strong>{round(100 * a.rate_with)} of 100</strong> people who "
        f"took part {escape(event)}</figcaption></figure>"
        f"<figure>{right}<figcaption><strong>about {round(100 * a.rate_without)} of 100</strong> similar "
        f"people who did not take part {escape(event)}</figcaption></figure></div>"
        "<p class='hint'>Filled circles: people with the event. Striped circles: the figure could lie "
        "anywhere in the striped part.</p></section>"
    )


def _counted(a: Analysis, public: bool) -> str:
    def number(n: int) -> str:
        if not public:
            return f"{n:,}"
        return "fewer than 10" if 0 < n < disclosure.THRESHOLD else f"about {disclosure.rounded(n):,}"

    def row(s: Step) -> list[str]:
        return [s.label, number(s.people), number(s.participants), s.why]

    caption = "From the people handed in to the people compared"
    rest = "The program may have worked differently for people who could not be counted."
    return (
        f"<section><h2>Who was counted</h2>{paragraph(a.spec.measure)}"
        + table(
            ["Step", "People", "Of them took part", "Why others are missing"],
            [row(s) for s in a.steps],
            caption,
        )
        + paragraph(rest)
        + "</section>"
    )


def _sure(a: Analysis, fair: bool) -> str:
    lines = []
    if a.detectable is not None:
        lines.append(
            f"With this many people the study could find a difference of {points(a.detectable)} or more. "
            "Smaller ones could stay hidden. This depends on the number of people and on how often the others "
            "returned, not on the difference found."
        )
    if fair and a.comparison:
        e = a.comparison.primary
        lines.append(
            f"The best estimate is {e.value * 100:+.1f} points (minus means fewer returned); the data fit "
            f"anything from {e.low * 100:+.1f} to {e.high * 100:+.1f}."
        )
        signs = {np.sign(x.value) for x in a.comparison.estimates if not x.method.startswith("unadjusted")}
        lines.append(
            "All ways of comparing point in the same direction."
            if len(signs) == 1
            else "The ways of comparing do not all point the same way, so the direction is not certain."
        )
    if a.e_value and a.verdict.answer in (Answer.REDUCED, Answer.INCREASED):
        lines.append(
            f"To explain this away, something we did not measure would have to make both taking part and the "
            f"outcome {a.e_value[1]:.1f} times as likely or more."
        )
    warned = [f"{f.message} {f.remedy}" for f in a.findings if f.level is Level.WARN]
    if not lines and not warned:
        return ""
    return f"<section><h2>How sure are we</h2>{bullets(lines + warned)}</section>"


def _say(a: Analysis) -> str:
    yes, no = say(
        a.verdict,
        program=a.spec.program,
        event=a.spec.event,
        rate_with=0.0 if math.isnan(a.rate_with) else a.rate_with,
        rate_without=0.0 if math.isnan(a.rate_without) else a.rate_without,
    )
    return (
        "<section class='pair'><div><h2>What you can say</h2>"
        f"{bullets(yes)}</div><div><h2>What you cannot say</h2>{bullets(no)}</div></section>"
    )


def _whom(a: Analysis, show: bool) -> str:
    if not show or len(a.subgroups) < 2:
        return ""
    rows = []
    for g in a.subgroups:
        v = (
            (g.shrunk.value, g.shrunk.low, g.shrunk.high)
            if g.shrunk
            else (g.estimate.value, g.estimate.low, g.estimate.high)
        )
        rows.append((g.label, 100 * v[0], 100 * v[1], 100 * v[2]))
    chart = charts.intervals(
        rows, title="Difference by subgroup, in points", unit="points", margin=100 * a.spec.margin, key="sub"
    )
    listed = [[r[0], f"{r[1]:+.1f}", f"{r[2]:+.1f} to {r[3]:+.1f}"] for r in rows]
    note = "Only subgroups named in advance; each is pulled toward the others, because small groups swing."
    return (
        f"<section><h2>For whom</h2>{paragraph(note)}{chart}"
        + table(["Subgroup", "Points", "Probably between"], listed, "Difference by subgroup")
        + "</section>"
    )


def _cost(a: Analysis, fair: bool) -> str:
    if not fair or a.worth is None:
        return ""
    w = a.worth
    who = [[name, _money(value)] for name, value in w.by_whom.items()]
    gains = table(["Who gains", "Per participant"], who, "Benefits by who receives them")
    text = (
        f"Net worth per participant: {_money(w.net)} (probably between {_money(w.net_low)} and "
        f"{_money(w.net_high)}); the chance that it pays is {round(100 * w.chance_positive)} of 100. "
        f"The program costs {_money(w.cost)} per participant. Prices of {w.price_year}, table {w.version}."
    )
    return "<section><h2>At what cost</h2>" + paragraph(text) + gains + "</section>"


def _money(value: float) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,.0f}"


def _limits(a: Analysis) -> str:
    notes = [f.message for f in a.findings if f.level is Level.NOTE] + list(a.spec.notes)
    always = [
        "People chose or were chosen for the program. The comparison makes the groups alike in what was "
        "recorded, not in what was not.",
        f"Those who did not take part had {a.spec.card.compared_with or 'other services'}; the result is the "
        "difference between the two, not between help and nothing.",
        "A return is one outcome among many: work, housing, health and family are counted elsewhere.",
    ]
    return f"<section><h2>Limits</h2>{bullets(notes + always)}</section>"
