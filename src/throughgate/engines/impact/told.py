"""From a report's data to the words, pictures and tables of its page.

One page is told once: on screen, on paper and from the command line the same words are set. The input is
what `report.as_data` gives (or the same read back from JSON), so a stored report can be shown at any time,
without its people. Nothing of the effect is told when the question could not be answered fairly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import charts, disclosure
from .verdict import Answer, points, say

Data = Mapping[str, Any]

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
# Answer -> tint and the few words of its tag.
TAGS = {
    Answer.REDUCED: ("good", "Fewer returned"),
    Answer.INCREASED: ("late", "More returned"),
    Answer.SAME: ("done", "No meaningful difference"),
    Answer.TOO_FEW: ("wait", "Not enough people yet"),
    Answer.UNFAIR: ("late", "Cannot be answered fairly"),
}
VERY_SURE = 3.29  # standard errors from zero; chance alone goes this far once in a thousand times
ANYHOW = (
    "People chose or were chosen for the program. The comparison makes the groups alike in what was "
    "recorded, not in what was not.",
    "A return is one outcome among many: work, housing, health and family are counted elsewhere.",
)


@dataclass(frozen=True)
class Picture:
    """A chart as SVG text with its title and what it shows in a sentence."""

    title: str
    svg: str
    words: str


@dataclass(frozen=True)
class Grid:
    """A table: caption, head, rows of texts; the first cell of a row names it."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Hundred:
    """One hundred people: the picture, how many of them, the number one may believe at least and at most,
    and who they are."""

    picture: Picture
    count: int
    low: int
    high: int
    about: bool
    who: str


@dataclass(frozen=True)
class Told:
    """Everything on the page, top to bottom. `tone` is good, late, wait or done; `why_not` pairs the title of
    a guard with its reason; empty parts are left out by whoever sets the page."""

    title: str
    facts: tuple[str, ...]
    answer: Answer
    tone: str
    tag: str
    sentence: str
    how_sure: str
    why_not: tuple[tuple[str, str], ...]
    hundreds: tuple[Hundred, ...]
    event: str
    measure: str
    counted: Grid
    gauge: Picture | None
    sure: tuple[str, ...]
    can_say: tuple[str, ...]
    cannot_say: tuple[str, ...]
    whom: tuple[Picture, Grid] | None
    cost: tuple[str, Grid] | None
    limits: tuple[str, ...]


def tell(data: Data, *, public: bool = False) -> Told:
    """The page of a report. `public` rounds counts to 5, hides small ones and leaves subgroups out."""
    answer = Answer(data["verdict"]["answer"])
    fair = answer is not Answer.UNFAIR and bool(data.get("estimates"))
    tone, tag = TAGS[answer]
    verdict, source = data["verdict"], data["provenance"]
    can, cannot = _say(data, answer)
    other = data["card"].get("compared_with") or "other services"
    notes = [f["message"] for f in data["findings"] if f["level"] == "note"] + list(data.get("notes", ()))
    return Told(
        title=data["title"],
        facts=(f"Made {source['made']}.", f"Compared with {other}."),
        answer=answer,
        tone=tone,
        tag=tag,
        sentence=verdict["sentence"],
        how_sure=_how_sure(data, answer),
        why_not=tuple(
            (GUARD_TITLES.get(g, g), r) for g, r in zip(verdict["guards"], verdict["reasons"], strict=True)
        ),
        hundreds=_hundreds(data) if fair else (),
        event=data["event"],
        measure=data["measure"],
        counted=_counted(data, public),
        gauge=_gauge(data) if fair else None,
        sure=_sure(data, answer, fair),
        can_say=tuple(can),
        cannot_say=tuple(cannot),
        whom=_whom(data) if fair and not public else None,
        cost=_cost(data) if fair else None,
        limits=(
            *notes,
            ANYHOW[0],
            f"Those who did not take part had {other}; the result is the difference between the two, not "
            "between help and nothing.",
            ANYHOW[1],
        ),
    )


def _how_sure(data: Data, answer: Answer) -> str:
    """How sure, in one short sentence for somebody who reads nothing else."""
    if answer is Answer.UNFAIR:
        return "We do not know, and this data cannot tell."
    if answer is Answer.TOO_FEW:
        return "Not sure: it could have helped, made no difference or done harm."
    if answer is Answer.SAME:
        return f"Sure that any difference is smaller than {points(data['margin'])}."
    main = data["estimates"][0]
    strong = main["se"] > 0 and abs(main["value"]) / main["se"] >= VERY_SURE
    chance = "less than once in a thousand times" if strong else "less than once in twenty times"
    return f"{'Very sure' if strong else 'Fairly sure'}: chance alone would show a difference like this {chance}."


def _hundreds(data: Data) -> tuple[Hundred, ...]:
    seen, main, event = data["observed"][0], data["estimates"][0], data["event"]
    with_, without = data["rates"]["with"], data["rates"]["without"]
    given = (
        ("with", "With the program", with_, seen["low"], seen["high"], "people who took part"),
        (
            "without",
            "Without the program",
            without,
            with_ - main["high"],
            with_ - main["low"],
            "similar people who did not take part",
        ),
    )
    out = []
    for key, title, rate, low, high, who in given:
        svg = charts.hundred(rate, low=low, high=high, title=title, event=event, key=key)
        at_least, at_most = round(100 * max(0.0, low)), round(100 * min(1.0, high))
        count = round(100 * rate)
        words = f"{count} of 100 {who} {event}; probably between {at_least} and {at_most}."
        out.append(Hundred(Picture(title, svg, words), count, at_least, at_most, key == "without", who))
    return tuple(out)


def _counted(data: Data, public: bool) -> Grid:
    def number(n: int) -> str:
        if not public:
            return f"{n:,}"
        return "fewer than 10" if 0 < n < disclosure.THRESHOLD else f"about {disclosure.rounded(n):,}"

    return Grid(
        "From the people handed in to the people compared",
        ("Step", "People", "Of them took part", "Why others are missing"),
        tuple(
            (s["label"], number(s["people"]), number(s["participants"]), s["why"]) for s in data["counted"]
        ),
    )


def _gauge(data: Data) -> Picture:
    """The best estimate with its interval, against no difference and the difference agreed to matter."""
    e = data["estimates"][0]
    rows = [
        ("People who took part, against similar people", 100 * e["value"], 100 * e["low"], 100 * e["high"])
    ]
    title = "The difference, in people out of 100"
    svg = charts.intervals(rows, title=title, unit="people of 100", margin=100 * data["margin"], key="gauge")
    words = (
        f"Best estimate {100 * e['value']:+.1f}, probably between {100 * e['low']:+.1f} and "
        f"{100 * e['high']:+.1f}; less than {100 * data['margin']:.0f} either way is agreed not to matter."
    )
    return Picture(title, svg, words)


def _sure(data: Data, answer: Answer, fair: bool) -> tuple[str, ...]:
    lines = []
    if data["minimum_detectable"] is not None:
        lines.append(
            f"With this many people the study could find a difference of {points(data['minimum_detectable'])} "
            "or more. Smaller ones could stay hidden. This depends on the number of people and on how often "
            "the others returned, not on the difference found."
        )
    if fair:
        e = data["estimates"][0]
        lines.append(
            f"The best estimate is {e['value'] * 100:+.1f} points (minus means fewer returned); the data fit "
            f"anything from {e['low'] * 100:+.1f} to {e['high'] * 100:+.1f}."
        )
        rest = [x["value"] for x in data["estimates"] if not x["method"].startswith("unadjusted")]
        one_way = all(v > 0 for v in rest) or all(v < 0 for v in rest)
        lines.append(
            "All ways of comparing point in the same direction."
            if one_way
            else "The ways of comparing do not all point the same way, so the direction is not certain."
        )
        plain = next((x for x in data["estimates"] if x["method"].startswith("unadjusted")), None)
        if plain is not None:
            lines.append(
                f"Simply comparing the two groups as they came would have shown {plain['value'] * 100:+.1f} "
                "points. That mixes the program with who chose it."
            )
    if data.get("e_value") and answer in (Answer.REDUCED, Answer.INCREASED):
        lines.append(
            f"To explain this away, something we did not measure would have to make both taking part and the "
            f"outcome {data['e_value'][1]:.1f} times as likely or more."
        )
    warned = [f"{f['message']} {f['remedy']}".strip() for f in data["findings"] if f["level"] == "warn"]
    return (*lines, *warned)


def _say(data: Data, answer: Answer) -> tuple[list[str], list[str]]:
    rates, verdict = data.get("rates") or {"with": 0.0, "without": 0.0}, data["verdict"]
    return say(
        answer,
        verdict["sentence"],
        verdict["reasons"],
        program=data["program"],
        event=data["event"],
        rate_with=rates["with"],
        rate_without=rates["without"],
    )


def _whom(data: Data) -> tuple[Picture, Grid] | None:
    groups = data.get("subgroups") or []
    if len(groups) < 2:
        return None
    rows = []
    for g in groups:
        v = g["shrunk"] or g
        rows.append((g["label"].replace("_", " "), 100 * v["value"], 100 * v["low"], 100 * v["high"]))
    title = "Difference by subgroup, in points"
    svg = charts.intervals(rows, title=title, unit="points", margin=100 * data["margin"], key="sub")
    listed = tuple(
        (r[0], f"{g['people']:,}", f"{r[1]:+.1f}", f"{r[2]:+.1f} to {r[3]:+.1f}")
        for r, g in zip(rows, groups, strict=True)
    )
    words = "; ".join(f"{r[0]} {r[1]:+.1f} ({r[2]:+.1f} to {r[3]:+.1f})" for r in rows)
    grid = Grid("Difference by subgroup", ("Subgroup", "People", "Points", "Probably between"), listed)
    return Picture(title, svg, words), grid


def _cost(data: Data) -> tuple[str, Grid] | None:
    worth = data.get("worth")
    if not worth:
        return None
    return cost_words(worth), gains(worth)


def cost_words(worth: Data) -> str:
    """What a program is worth per participant, in words; `worth` is a `benefit_cost.Worth` as plain data."""
    return (
        f"Net worth per participant: {money(worth['net'])} (probably between {money(worth['net_low'])} and "
        f"{money(worth['net_high'])}); the chance that it pays is {round(100 * worth['chance_positive'])} of "
        f"100. The program costs {money(worth['cost'])} per participant. Prices of {worth['price_year']}, "
        f"table {worth['version']}."
    )


def gains(worth: Data) -> Grid:
    """Who gains how much per participant."""
    rows = tuple((WHO.get(who, who), money(value)) for who, value in worth["by_whom"].items())
    return Grid("Benefits by who receives them", ("Who gains", "Per participant"), rows)


WHO = {
    "taxpayers": "Taxpayers",
    "participants": "Participants",
    "others": "Others: people who are not harmed",
    "indirect": "Indirect",
}


def money(value: float) -> str:
    """Whole dollars with their sign."""
    return f"{'-' if value < 0 else ''}${abs(value):,.0f}"
