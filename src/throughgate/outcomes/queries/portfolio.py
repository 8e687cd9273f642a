"""Many programs side by side, in the order of their names: never a league table.

Only what was measured in the same way stands in one group. Each group says what still holds once all of its
programs are looked at together, pulls estimates toward one another, and shows the funnel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.base import ui
from throughgate.base.charts import Chart

if TYPE_CHECKING:
    from throughgate.engines.impact.portfolio_page import Program, Standing

Data = Mapping[str, Any]
FUNNEL_NEEDS = 3
PERSPECTIVES: dict[str, Any] = {
    "taxpayers": gettext_lazy("Taxpayers"),
    "participants": gettext_lazy("Participants"),
    "others": gettext_lazy("Others"),
    "indirect": gettext_lazy("Indirect"),
}


@dataclass(frozen=True)
class Told:
    """One finished study for the portfolio: its name, its address and its stored report."""

    name: str
    url: str
    result: Data


@dataclass(frozen=True)
class Line:
    """A program among the others."""

    name: str
    url: str
    words: str
    tone: ui.Tone
    participants: int
    pulled: str


@dataclass(frozen=True)
class Group:
    """Programs that were measured in the same way."""

    measure: str
    event: str
    lines: tuple[Line, ...]
    forest: Chart | None
    funnel: Chart | None
    worth: ui.Table | None
    looked_at: int


TONES: dict[str, ui.Tone] = {
    "reduced": "good",
    "increased": "late",
    "no meaningful difference": "done",
    "not enough people yet": "wait",
    "cannot be answered fairly": "late",
}


def groups(told: Sequence[Told]) -> list[Group]:
    """The portfolio, one group for each way of measuring."""
    by_measure: dict[str, list[Told]] = defaultdict(list)
    for each in told:
        by_measure[each.result["measure"]].append(each)
    return [_group(measure, rows) for measure, rows in sorted(by_measure.items(), key=lambda p: -len(p[1]))]


def _group(measure: str, rows: Sequence[Told]) -> Group:
    from throughgate.engines.impact.portfolio_page import standings  # noqa: PLC0415 - numpy

    urls = {each.name: each.url for each in rows}
    listed = standings([_program(each) for each in rows])
    return Group(
        measure=measure,
        event=rows[0].result["event"],
        lines=tuple(_line(each, urls[each.program.name]) for each in listed),
        forest=_forest(listed),
        funnel=_funnel(rows),
        worth=_worth(rows),
        looked_at=len(rows),
    )


def _program(each: Told) -> Program:
    from throughgate.engines.impact.comparison import Estimate  # noqa: PLC0415
    from throughgate.engines.impact.portfolio_page import Program  # noqa: PLC0415
    from throughgate.engines.impact.verdict import Answer  # noqa: PLC0415

    result = each.result
    estimates = result.get("estimates")
    main = Estimate("primary", estimates[0]["value"], estimates[0]["se"]) if estimates else None
    participants = result["observed"][0]["people"] if estimates else result["counted"][-1]["participants"]
    return Program(each.name, Answer(result["verdict"]["answer"]), main, participants)


def _line(each: Standing, url: str) -> Line:
    pulled = ""
    if each.shrunk is not None:
        s = each.shrunk
        pulled = _("%(value)s (%(low)s to %(high)s)") % {
            "value": f"{100 * s.value:+.1f}",
            "low": f"{100 * s.low:+.1f}",
            "high": f"{100 * s.high:+.1f}",
        }
    tone = TONES[str(each.program.answer)] if not each.words.startswith("uncertain") else "wait"
    return Line(each.program.name, url, each.words, tone, each.program.participants, pulled)


def _drawn(svg: str) -> SafeString:
    from throughgate.engines.impact.charts import themed  # noqa: PLC0415

    return mark_safe(themed(svg))  # noqa: S308 - drawn by the engine, which escapes every word


def _forest(listed: Sequence[Standing]) -> Chart | None:
    from throughgate.engines.impact import charts  # noqa: PLC0415

    rows = [
        (s.name, 100 * s.value, 100 * s.low, 100 * s.high)
        for s in (each.shrunk for each in listed)
        if s is not None
    ]
    if not rows:
        return None
    title = _("Difference in points, each pulled toward the others")
    svg = charts.intervals(rows, title=title, unit="points", margin=None, key=f"all{len(rows)}")
    table = ui.Table(
        title,
        [ui.Column(_("Program")), ui.Column(_("Points"), True), ui.Column(_("Probably between"), True)],
        [[name, f"{v:+.1f}", f"{low:+.1f} – {high:+.1f}"] for name, v, low, high in rows],
    )
    note = _("Minus means fewer returned. The fewer people stand behind an estimate, the more it is pulled.")
    return Chart(title, _drawn(svg), table, note)


def _funnel(rows: Sequence[Told]) -> Chart | None:
    """Return rates of participants by size of the program, against the rate of them all."""
    import numpy as np  # noqa: PLC0415

    from throughgate.engines.impact import charts, disclosure  # noqa: PLC0415
    from throughgate.engines.impact.portfolio import Z998, funnel  # noqa: PLC0415
    from throughgate.engines.impact.survival import Z95  # noqa: PLC0415

    seen = [(each.name, each.result["observed"][0]) for each in rows if each.result.get("observed")]
    seen = [(name, o) for name, o in seen if o["people"] >= disclosure.RATE_FLOOR]
    if len(seen) < FUNNEL_NEEDS or not any(o["events"] for _name, o in seen):
        return None
    made = funnel([n for n, _o in seen], [o["events"] for _n, o in seen], [o["people"] for _n, o in seen])
    most = max(p.people for p in made.points)
    sizes = np.linspace(disclosure.RATE_FLOOR, most * 1.05, 120)
    title = _("Participants who returned, by size of the program")
    svg = charts.funnel(
        [(p.name, float(p.people), p.rate) for p in made.points],
        sizes=sizes,
        bands=[made.limits(sizes, Z95), made.limits(sizes, Z998)],
        target=made.target,
        title=title,
        key=f"funnel{len(seen)}",
    )
    places = {"inside": _("inside"), "beyond 95": _("beyond 95 %"), "beyond 99.8": _("beyond 99.8 %")}
    ordered = sorted(made.points, key=lambda p: p.name)
    table = ui.Table(
        title,
        [
            ui.Column(_("Program")),
            ui.Column(_("Participants"), True),
            ui.Column(_("Returned"), True),
            ui.Column(_("Limits")),
        ],
        [[p.name, f"{p.people:,}", f"{p.rate:.0%}", places[p.place]] for p in ordered],
    )
    note = _(
        "Outside the limits is a question about who takes part and by which rules, not a grade. The limits are "
        "widened because programs differ in general (factor %(phi)s)."
    ) % {"phi": f"{made.phi:.1f}"}
    return Chart(title, _drawn(svg), table, note)


def _worth(rows: Sequence[Told]) -> ui.Table | None:
    from throughgate.engines.impact.told import money  # noqa: PLC0415

    valued = sorted(
        ((each.name, each.result["worth"]) for each in rows if each.result.get("worth")), key=lambda p: p[0]
    )
    if not valued:
        return None
    who = [key for key in PERSPECTIVES if any(key in worth["by_whom"] for _name, worth in valued)]
    columns = [
        ui.Column(_("Program")),
        ui.Column(_("Costs"), True),
        *(ui.Column(PERSPECTIVES[key], True) for key in who),
        ui.Column(_("Net"), True),
        ui.Column(_("Chance that it pays"), True),
        ui.Column(_("Table")),
    ]
    table = [
        [
            name,
            money(worth["cost"]),
            *(money(worth["by_whom"][key]) if key in worth["by_whom"] else "—" for key in who),
            _("%(net)s (%(low)s to %(high)s)")
            % {"net": money(worth["net"]), "low": money(worth["net_low"]), "high": money(worth["net_high"])},
            _("%(n)d of 100") % {"n": round(100 * worth["chance_positive"])},
            _("%(version)s, prices of %(year)d") % {"version": worth["version"], "year": worth["price_year"]},
        ]
        for name, worth in valued
    ]
    return ui.Table(_("Cost and benefit per participant, by who gains"), columns, table)
