"""Charts as self-contained SVG text: readable in black and white, each with a title and a description.

Shapes carry the meaning (filled or hollow, solid or dashed); color only helps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Scale = Callable[[float], float]
INK, SOFT, LINE, BRAND, WARM = "#16232b", "#51606a", "#d9dfe1", "#0d4f52", "#8c2413"
# Narrow enough that the words can still be read on a phone.
WIDTH, LEFT, RIGHT = 440, 12, 428


@dataclass(frozen=True)
class Line:
    """One curve: label, x and y (same length), whether dashed, and numbers at risk at the axis marks."""

    label: str
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    dashed: bool = False
    at_risk: tuple[int, ...] = ()


def _el(tag: str, inner: str = "", /, **attributes: Any) -> str:
    """One SVG element; underscores in attribute names become hyphens, numbers get one decimal."""

    def value(v: object) -> str:
        return f"{v:.1f}" if isinstance(v, float) else escape(str(v))

    listed = "".join(f' {k.replace("_", "-")}="{value(v)}"' for k, v in attributes.items() if v is not None)
    return f"<{tag}{listed}>{inner}</{tag}>"


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 13, fill: str = INK, **more: Any
) -> str:
    place = {"x": float(x), "y": float(y), "text_anchor": anchor, "font_size": size}
    return _el("text", escape(words), **place, fill=fill, **more)


# Words that may lie over a line keep a rim of paper around them.
RIM: dict[str, Any] = {
    "stroke": "#fff",
    "stroke_width": 4,
    "paint_order": "stroke",
    "stroke_linejoin": "round",
}


def _rule(*, x1: float, x2: float, y1: float, y2: float, stroke: str = INK, **more: Any) -> str:
    return _el("line", x1=float(x1), x2=float(x2), y1=float(y1), y2=float(y2), stroke=stroke, **more)


def themed(svg: str) -> str:
    """The same picture in the colors of the page it stands on (its custom properties), light or dark."""
    for color, name in (
        (INK, "ink"),
        (SOFT, "soft"),
        (LINE, "chart-line"),
        (BRAND, "chart-1"),
        (WARM, "chart-2"),
        ("#fff", "paper"),
    ):
        svg = svg.replace(f'"{color}"', f'"var(--{name}, {color})"')
    return svg


def _svg(body: Sequence[str], *, size: tuple[int, int], title: str, description: str, key: str) -> str:
    width, height = size
    words = _el("title", escape(title), id=f"{key}-t") + _el("desc", escape(description), id=f"{key}-d")
    return _el(
        "svg",
        words + "".join(body),
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{key}-t {key}-d",
        xmlns="http://www.w3.org/2000/svg",
        **{"class": "chart"},
    )


def hundred(rate: float, *, low: float, high: float, title: str, event: str, key: str) -> str:
    """One hundred people: those with the event filled, those inside the interval's band striped.

    rate, low, high: shares; low and high bound the number one may reasonably believe.
    """
    count = round(100 * rate)
    sure, maybe = round(100 * max(0.0, low)), round(100 * min(1.0, high))
    body = [_el("defs", _stripes(f"{key}-h", 2.6) + _stripes(f"{key}-l", 0.8))]
    for i in range(100):
        if i < sure:
            fill, stroke = INK, INK
        elif i < maybe:
            fill, stroke = f"url(#{key}-{'h' if i < count else 'l'})", SOFT
        else:
            fill, stroke = "#fff", SOFT
        spot = {"cx": 12 + (i % 10) * 22, "cy": 12 + (i // 10) * 22, "r": 8}
        body.append(_el("circle", **spot, fill=fill, stroke=stroke, stroke_width=1.3))
    words = f"{count} of 100 circles are filled or densely striped: {count} of 100 people {event}."
    if maybe > sure:
        words += f" Probably between {sure} and {maybe}."
    return _svg(body, size=(222, 222), title=title, description=words, key=key)


def _stripes(name: str, width: float) -> str:
    ground = _el("rect", width=4, height=4, fill="#fff")
    stripe = _el("rect", width=width, height=4, fill=INK)
    turned = {"patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"}
    return _el("pattern", ground + stripe, id=name, width=4, height=4, **turned)


def curves(lines: Sequence[Line], *, unit: str, title: str, marks: Sequence[int], key: str) -> str:
    """Step curves of a share over time with shaded intervals and the numbers at risk under the axis."""
    left, right, top, bottom = 44, 410, 48, 250
    last = max(1.0, *(float(m) for m in marks))
    peak = max(float(np.max(line.high[line.x <= last])) for line in lines)
    ceiling = max(0.05, min(1.0, peak * 1.08))

    def px(x: float) -> float:
        return left + (right - left) * x / last

    def py(y: float) -> float:
        return bottom - (bottom - top) * y / ceiling

    body = []
    for share in np.linspace(0, ceiling, 5):
        body.append(_rule(x1=left, x2=right, y1=py(share), y2=py(share), stroke=LINE))
        body.append(_text(left - 8, py(share) + 4, f"{100 * share:.0f}%", anchor="end", fill=SOFT))
    body += [_text(px(m), bottom + 18, f"{m:,}", anchor="middle", fill=SOFT) for m in marks]
    axis = f"{unit}s after time zero"
    body.append(_text((left + right) / 2, bottom + 36, axis, anchor="middle", fill=SOFT))
    for i, line in enumerate(lines):
        body += _curve(line, i, last, px, py)
    body.append(_text(left, bottom + 58, "Number still at risk", size=12, fill=SOFT))
    for i, line in enumerate(lines):
        row = bottom + 76 + 36 * i
        body.append(_text(left, row, line.label, size=12))
        for mark, n in zip(marks, line.at_risk, strict=False):
            body.append(_text(px(mark), row + 16, f"{n:,}", anchor="middle", size=12))
    ends = "; ".join(f"{line.label}: {100 * line.y[line.x <= last][-1]:.1f}%" for line in lines)
    words = f"At {marks[-1]} {unit}s: {ends}."
    return _svg(body, size=(WIDTH, bottom + 66 + 36 * len(lines)), title=title, description=words, key=key)


def _curve(line: Line, i: int, last: float, px: Scale, py: Scale) -> list[str]:
    color, show = (BRAND, WARM)[i % 2], line.x <= last
    style = {"stroke_width": 2.2, "stroke_dasharray": "7 4" if line.dashed else None}
    x, y, low, high = line.x[show], line.y[show], line.low[show], line.high[show]
    keep = np.unique(np.concatenate(([0], np.flatnonzero(np.diff(low) + np.diff(high)) + 1, [len(x) - 1])))
    keep = keep[:: max(1, len(keep) // 150)]
    corners = [(x[j], high[j]) for j in keep] + [(x[j], low[j]) for j in keep[::-1]]
    outline = " ".join(f"{px(a):.1f},{py(b):.1f}" for a, b in corners)
    path = f"M{px(0.0):.1f},{py(y[0]):.1f}"
    for j in np.flatnonzero(np.diff(y)) + 1:
        path += f"H{px(x[j]):.1f}V{py(y[j]):.1f}"
    path += f"H{px(x[-1]):.1f}"
    row = 14 + 18 * i
    return [
        _el("polygon", points=outline, fill=color, opacity=0.13),
        _el("path", d=path, fill="none", stroke=color, **style),
        _rule(x1=64, x2=92, y1=row, y2=row, stroke=color, **style),
        _text(98, row + 4, line.label),
    ]


def intervals(
    rows: Sequence[tuple[str, float, float, float]],
    *,
    title: str,
    unit: str,
    margin: float | None,
    key: str,
    ends: tuple[str, str] = ("fewer", "more"),
) -> str:
    """A forest: one line per row (label, value, low, high), zero marked, the agreed margin shaded.

    The label and its figures stand above the line, so that long names fit; `ends` name the two directions.
    """
    top, step = 6, 48
    reach = max([abs(v) for row in rows for v in row[1:]] + [margin or 0.0]) * 1.1 or 1.0
    base = top + step * len(rows)

    def px(v: float) -> float:
        return (LEFT + RIGHT) / 2 + (RIGHT - LEFT) / 2 * v / reach

    body = []
    if margin:
        width = px(margin) - px(-margin)
        body.append(_el("rect", x=px(-margin), y=top, width=width, height=base - top, fill=LINE, opacity=0.6))
    body.append(_rule(x1=px(0), x2=px(0), y1=top, y2=base))
    for i, (label, value, low, high) in enumerate(rows):
        y = top + step * i + 34
        figures = f"{value:+.1f} ({low:+.1f} to {high:+.1f})"
        body.append(_text(LEFT, y - 13, label, size=14, **RIM))
        body.append(_text(RIGHT, y - 13, figures, anchor="end", size=14, **RIM))
        body.append(_rule(x1=px(low), x2=px(high), y1=y, y2=y, stroke=BRAND, stroke_width=2.6))
        body.append(_el("rect", x=px(value) - 4.5, y=y - 4.5, width=9, height=9, fill=BRAND))
    body.append(_text(LEFT, base + 18, f"{ends[0]} ({unit})", fill=SOFT))
    body.append(_text(px(0), base + 18, "0", anchor="middle", fill=SOFT))
    body.append(_text(RIGHT, base + 18, f"{ends[1]} ({unit})", anchor="end", fill=SOFT))
    words = "; ".join(f"{label} {value:+.1f} ({low:+.1f} to {high:+.1f})" for label, value, low, high in rows)
    return _svg(body, size=(WIDTH, base + 28), title=title, description=words, key=key)


def love(rows: Sequence[tuple[str, float, float]], *, title: str, key: str) -> str:
    """A love plot: absolute standardized differences before (hollow) and after (filled) weighting."""
    top, step, names = 8, 22, 150
    reach = max([abs(v) for row in rows for v in row[1:]] + [0.3]) * 1.05
    base = top + step * len(rows)

    def px(v: float) -> float:
        return names + (RIGHT - names) * min(abs(v), reach) / reach

    body = []
    for limit in (0.0, 0.1, 0.25):
        dash = "3 3" if limit else None
        body.append(_rule(x1=px(limit), x2=px(limit), y1=top, y2=base, stroke=SOFT, stroke_dasharray=dash))
        body.append(_text(px(limit), base + 16, f"{limit:g}", anchor="middle", size=12, fill=SOFT))
    for i, (label, before, after) in enumerate(rows):
        y = top + step * i + 12
        body.append(_text(names - 10, y + 4, label, anchor="end", size=12))
        body.append(_el("circle", cx=px(before), cy=y, r=5, fill="#fff", stroke=INK, stroke_width=1.4))
        body.append(_el("circle", cx=px(after), cy=y, r=5, fill=BRAND))
    legend = "hollow: before, filled: after making the groups similar"
    body.append(_text(LEFT, base + 36, legend, size=12, fill=SOFT))
    worst = max(rows, key=lambda row: abs(row[2]))
    words = f"Largest remaining difference: {worst[0]}, {abs(worst[2]):.2f}."
    return _svg(body, size=(WIDTH, base + 46), title=title, description=words, key=key)


def funnel(
    points: Sequence[tuple[str, float, float]],
    *,
    sizes: Floats,
    bands: Sequence[tuple[Floats, Floats]],
    target: float,
    title: str,
    key: str,
) -> str:
    """A funnel plot: points (label, people, rate) against the common rate, with limits at each of `sizes`."""
    left, top, bottom = 44, 16, 300
    biggest = float(max(sizes))
    widest = [float(np.max(high[len(sizes) // 12 :])) for _, high in bands]
    ceiling = min(1.0, max([p[2] for p in points] + widest) * 1.1)

    def px(n: float) -> float:
        return left + (RIGHT - left) * n / biggest

    def py(r: float) -> float:
        return bottom - (bottom - top) * min(r, ceiling) / ceiling

    body = [_rule(x1=left, x2=RIGHT, y1=py(target), y2=py(target))]
    for i, band in enumerate(bands):
        for edge in band:
            path = " ".join(f"{px(n):.1f},{py(v):.1f}" for n, v in zip(sizes, edge, strict=True))
            dash = "6 4" if i == 0 else None
            body.append(_el("polyline", points=path, fill="none", stroke=SOFT, stroke_dasharray=dash))
    for share in np.linspace(0, ceiling, 5):
        body.append(_text(left - 8, py(share) + 4, f"{100 * share:.0f}%", anchor="end", size=12, fill=SOFT))
    for label, people, rate in points:
        body.append(_el("circle", cx=px(people), cy=py(rate), r=5, fill=BRAND))
        near = px(people) > (left + RIGHT) / 2
        spot, anchor = (px(people) - 9, "end") if near else (px(people) + 9, "start")
        body.append(_text(spot, py(rate) + 4, label, anchor=anchor, size=12, **RIM))
    body.append(_text((left + RIGHT) / 2, bottom + 24, "people counted", anchor="middle", fill=SOFT))
    words = "Dashed: 95% limits, solid: 99.8% limits, both widened for differences between units in general."
    return _svg(body, size=(WIDTH, bottom + 34), title=title, description=words, key=key)
