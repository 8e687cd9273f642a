"""Many programs on one page, in the order of their names: never a league table.

Each program keeps its own verdict; a direction that does not survive the correction for having looked at
many programs is said to be uncertain. Units of a system are shown as a funnel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from . import charts, disclosure
from .comparison import Estimate
from .page import document, paragraph, table
from .portfolio import Z998, Funnel, Shrunk, false_discovery, shrink, two_sided_p
from .survival import Z95
from .verdict import Answer


@dataclass(frozen=True)
class Program:
    """One finished study: name, verdict, its primary estimate (None when refused) and participants."""

    name: str
    answer: Answer
    estimate: Estimate | None
    participants: int


@dataclass(frozen=True)
class Standing:
    """A program among the others: what may be said of it, and its estimate pulled toward the rest."""

    program: Program
    words: str
    shrunk: Shrunk | None


def standings(programs: Sequence[Program], *, rate: float = 0.05) -> tuple[Standing, ...]:
    """Every program with what still stands once all of them are considered together, by name.

    rate: the share of claimed directions that may be false (Benjamini-Hochberg).
    """
    ordered = sorted(programs, key=lambda p: p.name)
    fair = [p for p in ordered if p.estimate is not None and p.answer is not Answer.UNFAIR]
    estimates = [p.estimate for p in fair if p.estimate is not None]
    survives = dict(
        zip((p.name for p in fair), false_discovery([two_sided_p(e) for e in estimates], rate), strict=True)
    )
    pulled: dict[str, Shrunk] = {}
    if len(fair) >= 3 and all(e.se > 0 for e in estimates):
        values, ses = np.array([e.value for e in estimates]), np.array([e.se for e in estimates])
        pulled = {s.name: s for s in shrink([p.name for p in fair], values, ses)}
    return tuple(
        Standing(p, _words(p, survives.get(p.name, False), len(fair)), pulled.get(p.name)) for p in ordered
    )


def _words(program: Program, survives: bool, looked_at: int) -> str:
    if program.answer in (Answer.REDUCED, Answer.INCREASED) and not survives:
        return f"uncertain: looks {program.answer}, but among {looked_at} programs that can be chance"
    return str(program.answer)


def as_data(programs: Sequence[Program]) -> list[dict[str, Any]]:
    """The portfolio as plain data, in the order of the names."""
    return [
        {
            "name": s.program.name,
            "says": s.words,
            "participants": disclosure.rounded(s.program.participants),
            "points": None
            if s.shrunk is None
            else [100 * v for v in (s.shrunk.value, s.shrunk.low, s.shrunk.high)],
        }
        for s in standings(programs)
    ]


def as_html(title: str, programs: Sequence[Program], *, made: str, funnel: Funnel | None = None) -> str:
    """A printable page of all programs and, when given, the funnel of the system's units."""
    listed = standings(programs)
    rows = [
        [s.program.name, s.words, f"about {disclosure.rounded(s.program.participants):,}"] for s in listed
    ]
    parts = [
        f"<header><h1>{escape(title)}</h1>{paragraph('Made ' + made + '. In the order of names.', 'facts')}</header>",
        "<section><h2>What can be said of each program</h2>",
        table(
            ["Program", "Verdict", "Participants"],
            rows,
            "Verdicts, allowing for the number of programs looked at",
        ),
    ]
    forest = [
        (x.name, 100 * x.value, 100 * x.low, 100 * x.high)
        for x in (s.shrunk for s in listed)
        if x is not None
    ]
    if forest:
        note = "Each estimate is pulled toward the others, the more so the fewer people stand behind it."
        parts.append(paragraph(note))
        parts.append(
            charts.intervals(
                forest,
                title="Difference in points, minus means fewer returned",
                unit="points",
                margin=None,
                key="all",
            )
        )
    parts.append("</section>")
    if funnel is not None:
        parts.append(_funnel(funnel))
    return document(title, "".join(parts))


def _funnel(funnel: Funnel) -> str:
    points = [(p.name, float(p.people), p.rate) for p in funnel.points if p.people >= disclosure.RATE_FLOOR]
    sizes = np.linspace(disclosure.RATE_FLOOR, max(p.people for p in funnel.points) * 1.05, 120)
    bands = [funnel.limits(sizes, Z95), funnel.limits(sizes, Z998)]
    chart = charts.funnel(
        points,
        sizes=sizes,
        bands=bands,
        target=funnel.target,
        title="Units against the common rate",
        key="funnel",
    )
    rows = []
    for p in sorted(funnel.points, key=lambda point: point.name):
        rate = disclosure.safe_rate(p.events, p.people)
        rows.append(
            [
                p.name,
                "withheld" if rate is None else f"{rate:.0%}",
                p.place if rate is not None else "withheld",
            ]
        )
    words = (
        "A unit outside the limits is a question about its people and its rules, not a grade. The limits are widened "
        f"because units differ in general (factor {funnel.phi:.1f})."
    )
    return (
        f"<section><h2>Units of the system</h2>{paragraph(words)}{chart}"
        + table(["Unit", "Rate", "Limits"], rows, f"Common rate {funnel.target:.0%}")
        + "</section>"
    )
