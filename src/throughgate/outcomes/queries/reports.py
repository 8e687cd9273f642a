"""A run's stored report as pages show it, as the print sets it, and as files to take away.

Nothing here needs the people of a study: everything comes from the report that the run kept. Engines are
loaded when a report is really shown, so processes that show none stay small.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from throughgate.base import ui
from throughgate.base.charts import Chart

if TYPE_CHECKING:
    from throughgate.engines.impact.told import Grid, Hundred, Picture, Told

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Circles:
    """One hundred people for the screen, with the words under the picture."""

    svg: SafeString
    count: int
    about: bool
    who: str


@dataclass(frozen=True)
class Piece:
    """A part of the annex: one of a chart with its table, a table alone, or words."""

    chart: Chart | None = None
    table: ui.Table | None = None
    words: str = ""


@dataclass(frozen=True)
class Page:
    """A report for the screen: what is told, its pictures in the page's colors, and the annex."""

    told: Told
    circles: tuple[Circles, ...]
    gauge: SafeString
    counted: ui.Table
    whom: Chart | None
    cost: tuple[str, ui.Table] | None
    annex: tuple[Piece, ...]


def page(result: Data) -> Page:
    """The page of a stored report."""
    from throughgate.engines.impact.annex import annex  # noqa: PLC0415 - numpy only when a report is shown
    from throughgate.engines.impact.told import tell  # noqa: PLC0415

    told = tell(result)
    return Page(
        told=told,
        circles=tuple(_circles(each) for each in told.hundreds),
        gauge=_svg(told.gauge) if told.gauge else mark_safe(""),
        counted=_table(told.counted),
        whom=_chart(told.whom[0], told.whom[1]) if told.whom else None,
        cost=(told.cost[0], _table(told.cost[1])) if told.cost else None,
        annex=tuple(_pieces(annex(result))),
    )


def _circles(each: Hundred) -> Circles:
    return Circles(_svg(each.picture), each.count, each.about, each.who)


def _svg(picture: Picture) -> SafeString:
    from throughgate.engines.impact.charts import themed  # noqa: PLC0415

    return mark_safe(themed(picture.svg))  # noqa: S308 - drawn by the engine, which escapes every word


def _table(grid: Grid) -> ui.Table:
    columns = [
        ui.Column(word, number=number > 0 and _numeric(grid, number)) for number, word in enumerate(grid.head)
    ]
    return ui.Table(grid.caption, columns, [list(row) for row in grid.rows])


def _numeric(grid: Grid, column: int) -> bool:
    """Whether a column holds numbers, so that they stand below each other."""
    cells = [row[column] for row in grid.rows if row[column]]
    return bool(cells) and all(
        cell.strip("+-$%").replace(",", "").replace(".", "").isdigit() for cell in cells
    )


def _chart(picture: Picture, grid: Grid) -> Chart:
    return Chart(picture.title, _svg(picture), _table(grid), picture.words)


def _pieces(parts: Sequence[Any]) -> Iterator[Piece]:
    """Pictures go together with the table of their numbers, which follows them."""
    from throughgate.engines.impact.told import Grid, Picture  # noqa: PLC0415

    waiting: Picture | None = None
    for part in parts:
        if isinstance(part, Picture):
            waiting = part
        elif isinstance(part, Grid) and waiting is not None:
            yield Piece(chart=_chart(waiting, part))
            waiting = None
        elif isinstance(part, Grid):
            yield Piece(table=_table(part))
        else:
            yield Piece(words=part)


def is_invented(result: Data) -> bool:
    """Whether a report belongs to a demonstration and must say so wherever it shows."""
    return "invented" in result.get("labels", ())


def standing_sentence(result: Data) -> str:
    """Whether the plan was registered before the first run, and how often it was run; empty where not known."""
    from throughgate.engines.impact.registration import Standing  # noqa: PLC0415

    standing = result["provenance"].get("standing")
    return Standing(**standing).sentence() if standing else ""


# --- on paper ---


def for_print(result: Data, *, facility: str, reference: str, note: str = "") -> dict[str, Any]:
    """What the print "report" sets: the same words and pictures, then the annex."""
    from throughgate.engines.impact.annex import annex  # noqa: PLC0415
    from throughgate.engines.impact.told import tell  # noqa: PLC0415

    told = tell(result)
    return {
        "title": told.title,
        "facility": facility,
        "version": reference,
        "facts": [*told.facts, *([note] if note else [])],
        "tag": told.tag,
        "sentence": told.sentence,
        "how_sure": told.how_sure,
        "why_not": [list(each) for each in told.why_not],
        "hundreds": [
            {
                **_drawn(each.picture),
                "count": (_("about %(n)d of 100") if each.about else _("%(n)d of 100")) % {"n": each.count},
                "who": f"{each.who} {told.event}",
            }
            for each in told.hundreds
        ],
        "gauge": _drawn(told.gauge) if told.gauge else None,
        "sure": list(told.sure),
        "can_say": list(told.can_say),
        "cannot_say": list(told.cannot_say),
        "measure": told.measure,
        "counted": _set(told.counted),
        "whom": [_drawn(told.whom[0]), _set(told.whom[1])] if told.whom else [],
        "cost": [told.cost[0], _set(told.cost[1])] if told.cost else [],
        "limits": list(told.limits),
        "annex": [_part(part) for part in annex(result)],
        "labels": {
            "hundred": _("One hundred people"),
            "stripes": _("Filled: people with the event. Striped: the figure could lie anywhere in the striped part."),
            "sure": _("How sure are we"),
            "can": _("What you can say"),
            "cannot": _("What you cannot say"),
            "counted": _("Who was counted"),
            "whom": _("For whom"),
            "cost": _("At what cost"),
            "limits": _("Limits"),
            "annex": _("For the statistician"),
        },
    }  # fmt: skip


def _part(part: Any) -> Any:
    from throughgate.engines.impact.told import Grid, Picture  # noqa: PLC0415

    if isinstance(part, Picture):
        return _drawn(part)
    return _set(part) if isinstance(part, Grid) else part


def _drawn(picture: Picture) -> dict[str, str]:
    svg = picture.svg.replace("<svg ", '<svg font-family="Public Sans" font-weight="600" ', 1)
    return {"title": picture.title, "svg": svg, "words": picture.words}


def _set(grid: Grid) -> dict[str, Any]:
    return {"caption": grid.caption, "head": list(grid.head), "rows": [list(row) for row in grid.rows]}


# --- as data ---


def as_json(result: Data) -> str:
    """The whole report as JSON text, as the engine wrote it."""
    return json.dumps(result, indent=1, ensure_ascii=False)


CSV_COLUMNS = ("part", "what", "value", "low", "high", "people")


def as_rows(result: Data) -> Iterator[list[Any]]:
    """The report as one flat table: part, what, value, low, high, people."""
    yield ["verdict", result["verdict"]["answer"], "", "", "", ""]
    yield ["measure", result["measure"], "", "", "", ""]
    for step in result["counted"]:
        yield ["counted", step["label"], step["participants"], "", "", step["people"]]
    yield ["told before", "smallest difference it could find", result["minimum_detectable"], "", "", ""]
    for seen in result.get("observed", ()):
        yield ["share with the event", seen["arm"], seen["rate"], seen["low"], seen["high"], seen["people"]]
    for each in result.get("estimates", ()):
        yield ["difference", each["method"], each["value"], each["low"], each["high"], ""]
    for each in result.get("subgroups", ()):
        shrunk = each["shrunk"] or each
        yield ["subgroup", each["label"], shrunk["value"], shrunk["low"], shrunk["high"], each["people"]]
    for each in result.get("balance", ()):
        yield ["balance before", each["name"], each["smd_before"], "", "", ""]
        yield ["balance after", each["name"], each["smd_after"], "", "", ""]
    for curve in result.get("curves", ()):
        for at, share in enumerate(curve["returned"]):
            if at % max(1, len(curve["returned"]) // 48) == 0:
                label = f"{curve['arm']}, {result['unit']} {at}"
                yield ["curve", label, share, curve["low"][at], curve["high"][at], curve["at_risk"][at]]
    for name in ("data", "plan", "code"):
        yield ["fingerprint", name, result["provenance"][name], "", "", ""]
