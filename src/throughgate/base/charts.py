"""Statistical charts as accessible SVG: a title, a description, and always the table of the same numbers.

matplotlib is loaded when the first chart is drawn, so processes that draw none stay small. The SVG carries
no inline style (a strict content security policy forbids it) and takes its colours from the page, which
may be dark.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import fontpkg_public_sans
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from throughgate.base.ui import Column, Table

# Colours that matplotlib draws with -> the page's own, with the same colour behind it for a file on its own.
INK, SOFT, LINE = "#16232b", "#51606a", "#d9dfe1"
SERIES = ("#0d4f52", "#b3541e", "#4a6fa5", "#7a5c8e")
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))
COLOURS = {
    INK: f"var(--ink, {INK})",
    SOFT: f"var(--soft, {SOFT})",
    LINE: f"var(--chart-line, {LINE})",
    **{colour: f"var(--chart-{n}, {colour})" for n, colour in enumerate(SERIES, 1)},
}

_ids = itertools.count(1)


@dataclass(frozen=True)
class Series:
    """One line: its values, and its interval where there is one. None marks a gap."""

    label: str
    values: Sequence[float | None]
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None


@dataclass(frozen=True)
class Chart:
    """A drawn chart and its numbers; the component ``{% chart %}`` shows both."""

    title: str
    svg: SafeString
    table: Table
    note: str = ""


def line(
    *,
    title: str,
    desc: str,
    x_label: str,
    y_label: str,
    x: Sequence[Any],
    series: Sequence[Series],
    percent: bool = False,
    note: str = "",
) -> Chart:
    """Lines over time, each with its interval as a band. ``percent`` shows 0 to 1 as 0 to 100 %."""
    return _over(
        title=title,
        desc=desc,
        x_label=x_label,
        y_label=y_label,
        x=x,
        series=series,
        percent=percent,
        note=note,
        step=False,
    )


def steps(
    *,
    title: str,
    desc: str,
    x_label: str,
    y_label: str,
    x: Sequence[float],
    series: Sequence[Series],
    percent: bool = False,
    note: str = "",
) -> Chart:
    """Step curves, such as the share still free or still in work, each with its interval as a band."""
    return _over(
        title=title,
        desc=desc,
        x_label=x_label,
        y_label=y_label,
        x=x,
        series=series,
        percent=percent,
        note=note,
        step=True,
    )


def bars(
    *,
    title: str,
    desc: str,
    x_label: str,
    labels: Sequence[str],
    values: Sequence[float],
    percent: bool = False,
    note: str = "",
) -> Chart:
    """Horizontal bars, one for each label, in the given order."""
    figure, axes = _figure(height=0.6 + 0.36 * max(len(labels), 1))
    places = list(range(len(labels)))
    axes.barh(places, values, height=0.6, color=SERIES[0])
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    axes.set_xlabel(x_label)
    axes.set_xlim(left=min(0, *values) if values else 0)
    _number_axis(axes.xaxis, percent)
    axes.grid(axis="x", color=LINE)
    rows = [[label, _number(value, percent)] for label, value in zip(labels, values, strict=True)]
    columns = [Column(_("Name")), Column(x_label, number=True)]
    return _finish(figure, columns, rows, title=title, desc=desc, note=note)


def forest(
    *,
    title: str,
    desc: str,
    x_label: str,
    labels: Sequence[str],
    estimates: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    nothing: float = 0.0,
    note: str = "",
) -> Chart:
    """Estimates with their intervals, one below the other, against the line where nothing differs."""
    figure, axes = _figure(height=0.7 + 0.36 * max(len(labels), 1))
    places = list(range(len(labels)))
    axes.axvline(nothing, color=SOFT, linewidth=1, linestyle=(0, (3, 2)))
    axes.hlines(places, lows, highs, color=SERIES[0], linewidth=2)
    axes.plot(estimates, places, linestyle="none", marker="s", markersize=6, color=SERIES[0])
    axes.set_yticks(places, labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel(x_label)
    axes.grid(axis="x", color=LINE)
    rows = [
        [label, _number(estimate), _interval(low, high)]
        for label, estimate, low, high in zip(labels, estimates, lows, highs, strict=True)
    ]
    columns = [Column(_("Name")), Column(x_label, number=True), Column(_("Interval"), number=True)]
    return _finish(figure, columns, rows, title=title, desc=desc, note=note)


def _over(
    *,
    title: str,
    desc: str,
    x_label: str,
    y_label: str,
    x: Sequence[Any],
    series: Sequence[Series],
    percent: bool,
    note: str,
    step: bool,
) -> Chart:
    if len(series) > len(SERIES):
        raise ValueError(f"A chart can tell {len(SERIES)} lines apart; give it fewer or draw two charts.")
    figure, axes = _figure(height=2.8)
    gap = float("nan")
    for one, colour, dash in zip(series, SERIES, DASHES, strict=False):
        values = [gap if value is None else value for value in one.values]
        if one.low is not None and one.high is not None:
            low = [gap if value is None else value for value in one.low]
            high = [gap if value is None else value for value in one.high]
            axes.fill_between(
                x, low, high, step="post" if step else None, color=colour, alpha=0.18, linewidth=0
            )
        draw = "steps-post" if step else "default"
        axes.plot(x, values, drawstyle=draw, color=colour, linestyle=dash, linewidth=2, label=one.label)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    _number_axis(axes.yaxis, percent)
    if percent:
        axes.set_ylim(0, 1.015)  # a whole line at 100 %
    axes.grid(axis="y", color=LINE)
    if len(series) > 1:
        axes.legend(frameon=False, labelcolor=INK, handlelength=3)
    columns = [Column(x_label)]
    for one in series:
        columns.append(Column(one.label, number=True))
        if one.low is not None:
            columns.append(Column(_("Interval"), number=True))
    rows = []
    for at, place in enumerate(x):
        row: list[Any] = [place]
        for one in series:
            row.append(_number(one.values[at], percent))
            if one.low is not None and one.high is not None:
                row.append(_interval(one.low[at], one.high[at], percent))
        rows.append(row)
    return _finish(figure, columns, rows, title=title, desc=desc, note=note)


def _number(value: float | None, percent: bool = False) -> str:
    if value is None:
        return "—"
    return f"{100 * value:.0f} %" if percent else f"{value:,.10g}"


def _interval(low: float | None, high: float | None, percent: bool = False) -> str:
    if low is None or high is None:
        return "—"
    return _("%(low)s to %(high)s") % {"low": _number(low, percent), "high": _number(high, percent)}


def _figure(height: float) -> tuple[Any, Any]:
    """A figure of its own, outside pyplot, whose global state would leak between threads."""
    import matplotlib as mpl  # noqa: PLC0415  (only when something is drawn)
    from matplotlib import font_manager  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "throughgate"
    fonts = font_manager.fontManager.ttflist
    if not any(font.name == "Public Sans" and font.weight == 400 for font in fonts):
        # The variable font calls itself thin; it is only measured here, and drawn by the browser.
        file = str(fontpkg_public_sans.ROOT / "files" / "PublicSans[wght].ttf")
        fonts.append(font_manager.FontEntry(fname=file, name="Public Sans", weight=400))
    mpl.rcParams["font.family"] = "Public Sans"
    figure = Figure(figsize=(5.2, height), layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(SOFT)
    axes.tick_params(colors=INK, length=0, labelsize=10)
    axes.xaxis.label.set(color=SOFT, size=10)
    axes.yaxis.label.set(color=SOFT, size=10)
    axes.set_axisbelow(True)
    return figure, axes


def _number_axis(axis: Any, percent: bool) -> None:
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    axis.set_major_formatter(FuncFormatter(lambda value, _place: _number(value, percent)))


def _finish(
    figure: Any, columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, title: str, desc: str, note: str
) -> Chart:
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    table = Table(caption=title, columns=columns, rows=rows)
    return Chart(title=title, svg=mark_safe(_clean(out.getvalue(), title, desc)), table=table, note=note)  # noqa: S308


def _clean(svg: str, title: str, desc: str) -> str:
    """matplotlib's SVG made fit for a page: named, without inline style, ids that no other chart has."""
    prefix = f"chart{next(_ids)}-"
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    used = set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'xlink:href="#', f'href="#{prefix}', body).replace("url(#", f"url(#{prefix}")
    body = re.sub(r' style="([^"]*)"', lambda m: _attributes(m[1]), body)
    view = re.search(r'viewBox="([^"]+)"', body)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view[1] if view else "0 0 460 230"}" role="img" '
        f'aria-labelledby="{prefix}title {prefix}desc" stroke-linejoin="round" stroke-linecap="butt">'
        f'<title id="{prefix}title">{escape(title)}</title><desc id="{prefix}desc">{escape(desc)}</desc>'
    )
    return head + body[body.index(">") + 1 :].strip()


def _attributes(style: str) -> str:
    """``style="a: b; c: d"`` as presentation attributes, which need no exception in the policy."""
    said = []
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        name, value = name.strip(), value.strip()
        if not colon:
            continue
        if name == "font":
            size = re.search(r"([\d.]+)px", value)
            said.append(("font-size", size[1] if size else "10"))
            said.append(("font-family", "Public Sans, system-ui, sans-serif"))
        else:
            said.append((name, COLOURS.get(value.lower(), value)))
    return "".join(f' {name}="{escape(value)}"' for name, value in said)
