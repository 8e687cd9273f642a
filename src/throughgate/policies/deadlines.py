"""Answer deadlines, contacts after release, and review windows: dates computed, never typed.

Deadlines [P-59] to [P-61] and [P-119]; contacts after release [P-168] to [P-170]; induction and reviews by
the time left to serve [P-25] to [P-33]. Days are local days; today is an argument.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .reading import Table
from .words import Label
from .workdays import WorkCalendar, add_months

DAY = dt.timedelta(days=1)
UNITS = ("working_days", "days", "months")


@dataclass(frozen=True)
class Deadline:
    """So many working days, days or months after something happened."""

    code: str
    label: Label
    starts_with: Label
    amount: int
    unit: str
    references: tuple[str, ...]

    def due(self, start: dt.date, calendar: WorkCalendar) -> dt.date:
        """The last day that still keeps it. The starting day itself never counts."""
        if self.unit == "working_days":
            return calendar.add_working_days(start, self.amount)
        if self.unit == "months":
            return add_months(start, self.amount)
        return start + self.amount * DAY


@dataclass(frozen=True)
class DeadlineRules:
    """The data of a deadlines pack, by code."""

    deadlines: Mapping[str, Deadline]


def read_deadlines(top: Table) -> DeadlineRules:
    """Reads what is particular to a deadlines pack."""
    return DeadlineRules(top.coded("deadlines", _deadline))


def _deadline(table: Table) -> Deadline:
    return Deadline(
        code=table.text("code"),
        label=table.label("label"),
        starts_with=table.label("starts_with"),
        amount=table.whole("amount", at_least=1),
        unit=table.choice("unit", UNITS),
        references=table.texts("references", default=()),
    )


@dataclass(frozen=True)
class ContactStep:
    """A contact due after release: it counts from `opens_day` and is due on `due_day`, both after release."""

    code: str
    label: Label
    opens_day: int
    due_day: int


@dataclass(frozen=True)
class ContactRules:
    """The data of a contacts pack: the steps, how hard to try, and what a try can end in."""

    steps: tuple[ContactStep, ...]
    attempts_before_lost: int
    channels_before_lost: int
    results: Mapping[str, ContactResult]


@dataclass(frozen=True)
class ContactResult:
    """How a try to reach somebody ended. `ends` is why no further contact is due, or empty."""

    code: str
    label: Label
    reached: bool
    ends: bool


def read_contacts(top: Table) -> ContactRules:
    """Reads what is particular to a contacts pack."""
    steps = tuple(top.coded("steps", _contact_step).values())
    if any(later.due_day <= earlier.due_day for earlier, later in pairwise(steps)):
        top.wrong("steps", "must stand in the order of their due_day, each later than the one before")
    lost = top.table("lost")
    rules = ContactRules(
        steps=steps,
        attempts_before_lost=lost.whole("attempts", at_least=1),
        channels_before_lost=lost.whole("channels", at_least=1),
        results=top.coded("results", _contact_result),
    )
    lost.finish()
    return rules


def _contact_step(table: Table) -> ContactStep:
    step = ContactStep(
        code=table.text("code"),
        label=table.label("label"),
        opens_day=table.whole("opens_day"),
        due_day=table.whole("due_day", at_least=1),
    )
    if step.opens_day > step.due_day:
        table.wrong("opens_day", f"lies after due_day ({step.due_day})")
    return step


def _contact_result(table: Table) -> ContactResult:
    return ContactResult(
        code=table.text("code"),
        label=table.label("label"),
        reached=table.flag("reached"),
        ends=table.flag("ends", False),
    )


@dataclass(frozen=True)
class ContactDue:
    """One contact after release with its days."""

    step: ContactStep
    opens_on: dt.date
    due_on: dt.date


def contacts_after(released_on: dt.date, rules: ContactRules) -> list[ContactDue]:
    """Every contact due after a release, earliest first."""
    return [
        ContactDue(step, released_on + step.opens_day * DAY, released_on + step.due_day * DAY)
        for step in rules.steps
    ]


def may_count_as_lost(attempts: Sequence[tuple[str, str]], rules: ContactRules) -> bool:
    """Whether enough was tried to say that somebody is lost. `attempts` are (channel, result code) pairs.

    Raises KeyError for a result the pack does not know.
    """
    if any(rules.results[result].reached for _, result in attempts):
        return False
    channels = {channel for channel, _ in attempts}
    return len(attempts) >= rules.attempts_before_lost and len(channels) >= rules.channels_before_lost


@dataclass(frozen=True)
class Span:
    """A length of time in months and days."""

    months: int
    days: int

    def after(self, day: dt.date) -> dt.date:
        """The day that lies so far after another."""
        return add_months(day, self.months) + self.days * DAY


@dataclass(frozen=True)
class ReviewBand:
    """The review that is due when at least so much time is left to serve; none when `opens` is None."""

    label: Label
    time_left: Span
    opens: Span | None
    due: Span | None


@dataclass(frozen=True)
class ReviewRules:
    """The data of a reviews pack. Days are calendar days."""

    induction_days: int
    moved_days: int
    clear_days: int
    bands: tuple[ReviewBand, ...]
    unknown_band: int
    indeterminate_band: int
    extensions: Mapping[str, int]
    exemptions: Mapping[str, Exemption]


@dataclass(frozen=True)
class Exemption:
    """Why a review may wait, and which extension it gives."""

    code: str
    label: Label
    extension: str


def read_reviews(top: Table) -> ReviewRules:
    """Reads what is particular to a reviews pack."""
    bands = tuple(top.coded("bands", _band).values())
    codes = [table.text("code") for table in top.tables("bands")]
    lengths = [band.time_left.after(dt.date(2000, 1, 1)) for band in bands]
    if any(later >= earlier for earlier, later in pairwise(lengths)):
        top.wrong("bands", "must stand from the longest time left to the shortest")
    if bands and bands[-1].time_left != Span(0, 0):
        top.wrong("bands", "the last one must start at no time left, so that every length has its band")
    timing, extensions = top.table("timing"), top.table("extensions")
    days = {name: extensions.whole(name, at_least=1) for name in extensions}

    def exemption(table: Table) -> Exemption:
        return Exemption(
            table.text("code"), table.label("label"), table.choice("extension", tuple(days) or ("?",))
        )

    rules = ReviewRules(
        induction_days=timing.whole("induction_days", at_least=1),
        moved_days=timing.whole("moved_days", at_least=1),
        clear_days=timing.whole("clear_days"),
        bands=bands,
        unknown_band=codes.index(timing.choice("release_unknown", codes or ["?"])) if codes else 0,
        indeterminate_band=codes.index(timing.choice("indeterminate", codes or ["?"])) if codes else 0,
        extensions=days,
        exemptions=top.coded("exemptions", exemption),
    )
    timing.finish()
    return rules


def _span(table: Table, key: str) -> Span:
    inner = table.table(key)
    span = Span(inner.whole("months", default=0), inner.whole("days", default=0))
    inner.finish()
    return span


def _band(table: Table) -> ReviewBand:
    table.text("code")
    none = table.flag("none", False)
    return ReviewBand(
        label=table.label("label"),
        time_left=_span(table, "time_left"),
        opens=None if none else _span(table, "opens"),
        due=None if none else _span(table, "due"),
    )


@dataclass(frozen=True)
class ReviewWindow:
    """Between which days a review belongs, and by which rule."""

    opens_on: dt.date
    due_on: dt.date
    why: Label


def induction_due(assessed_on: dt.date, rules: ReviewRules) -> dt.date:
    """When the first plan is due, counted from the last assessment. [P-25]"""
    return assessed_on + rules.induction_days * DAY


def after_a_move(moved_on: dt.date, rules: ReviewRules) -> dt.date:
    """When a review is due after a transfer or readmission. [P-33]"""
    return moved_on + rules.moved_days * DAY


def review_window(
    today: dt.date, release_on: dt.date | None, rules: ReviewRules, *, indeterminate: bool = False
) -> ReviewWindow | None:
    """The window of the next review by the time left to serve; None when none is due any more.

    `release_on` None means not known (unsentenced, awaiting a date). The days just before release are kept
    free, so a window never ends later than `clear_days` before it. [P-27] to [P-32]
    """
    if indeterminate or release_on is None:
        band = rules.bands[rules.indeterminate_band if indeterminate else rules.unknown_band]
    else:
        band = next(
            (band for band in rules.bands if band.time_left.after(today) <= release_on), rules.bands[-1]
        )
    if band.opens is None or band.due is None:
        return None
    due = band.due.after(today)
    if release_on is not None and not indeterminate:
        due = min(due, release_on - rules.clear_days * DAY)
    return ReviewWindow(min(band.opens.after(today), due), due, band.label)


def extended(due_on: dt.date, extension: str, today: dt.date, rules: ReviewRules) -> dt.date:
    """The later due day an exemption gives; the same day when it was already overdue. Never earlier. [P-26]

    Raises KeyError for an extension the pack does not know.
    """
    days = rules.extensions[extension]
    return due_on if today > due_on else due_on + days * DAY
