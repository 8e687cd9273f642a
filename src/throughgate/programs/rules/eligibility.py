"""Who a program is for, condition by condition, and which one condition is missing when it is almost met ([P-6]).

Plain values in, words out. A fact that nobody has recorded is "unknown", never a silent no ([P-10]).
"""

from __future__ import annotations

import datetime as dt
import math
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from throughgate.policies.workdays import add_months

CUSTODY_LEVELS = ("minimum", "low", "medium", "close", "maximum")
YES_NO = ("yes", "no")
NEED_COUNTS_FROM = 2  # moderate; a low need is no reason for a seat
TENTH = Decimal("0.1")

NUMBERS = frozenset({"reading_level", "age", "months_left", "days_clear"})
TESTS: Mapping[str, frozenset[str]] = {
    **{fact: frozenset({"at_least", "at_most"}) for fact in NUMBERS},
    "custody_level": frozenset({"at_least", "at_most", "is", "one_of"}),
    "has_diploma": frozenset({"is"}),
    "need": frozenset({"is", "one_of"}),
    "population": frozenset({"is", "one_of"}),
}


class Verdict(StrEnum):
    """What became of one condition."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Condition:
    """One criterion as the catalog states it. ``value`` is text: a number, a level, or words with commas.

    ``almost`` is how near counts as almost, in the fact's own unit: grades, years, months, days, or levels;
    for yes-or-no facts any number says that this one condition alone still counts as almost.
    """

    fact: str
    test: str
    value: str
    words: str
    words_es: str = ""
    almost: Decimal | None = None
    required: bool = True

    @property
    def said(self) -> str:
        """The criterion in the reader's language."""
        return self.words_es if self.words_es and (get_language() or "en").startswith("es") else self.words

    @property
    def values(self) -> tuple[str, ...]:
        """The value's words, in lower case."""
        return tuple(part.strip().lower() for part in self.value.split(",") if part.strip())


@dataclass(frozen=True)
class Facts:
    """What is known about a person for eligibility; None and the empty text mean "not recorded".

    ``needs`` maps an assessed area to its level (1 low to 3 high); None when nobody has assessed any.
    ``conduct_known`` says whether a missing misconduct date means that there was none.
    """

    custody_level: str = ""
    reading_level: Decimal | None = None
    has_diploma: bool | None = None
    birth_date: dt.date | None = None
    release_on: dt.date | None = None
    last_misconduct_on: dt.date | None = None
    conduct_known: bool = False
    needs: Mapping[str, int] | None = None
    population: str = ""


@dataclass(frozen=True)
class Outcome:
    """One condition asked of one person: the verdict, how far it is from met, and from when it will be.

    ``gap`` is in the fact's unit and only given when the condition is not met; ``met_on`` only where time
    alone will meet it.
    """

    condition: Condition
    verdict: Verdict
    gap: Decimal | None = None
    met_on: dt.date | None = None

    @property
    def near(self) -> bool:
        """Whether it is not met, and near enough to count as almost."""
        almost = self.condition.almost
        return (
            self.verdict is Verdict.NOT_MET
            and almost is not None
            and self.gap is not None
            and self.gap <= almost
        )

    @property
    def how_far(self) -> str:
        """How far away it is, in words; empty when it is met or cannot be measured."""
        return _how_far(self) if self.gap is not None else ""


@dataclass(frozen=True)
class Eligibility:
    """Every condition of a program asked of one person."""

    outcomes: tuple[Outcome, ...] = ()

    @property
    def missing(self) -> tuple[Outcome, ...]:
        """Musts that are not met."""
        return tuple(o for o in self.outcomes if o.condition.required and o.verdict is Verdict.NOT_MET)

    @property
    def unknown(self) -> tuple[Outcome, ...]:
        """Musts of which nobody knows."""
        return tuple(o for o in self.outcomes if o.condition.required and o.verdict is Verdict.UNKNOWN)

    @property
    def wishes(self) -> tuple[Outcome, ...]:
        """What would be nice and is not so; never a reason to refuse."""
        return tuple(o for o in self.outcomes if not o.condition.required and o.verdict is not Verdict.MET)

    @property
    def eligible(self) -> bool:
        """Whether every must is known and met."""
        return not self.missing and not self.unknown

    @property
    def almost(self) -> Outcome | None:
        """The one condition that is missing, when it is the only one, near, and everything else is known."""
        missing = self.missing
        return missing[0] if len(missing) == 1 and not self.unknown and missing[0].near else None


def ask(conditions: Iterable[Condition], facts: Facts, today: dt.date) -> Eligibility:
    """Ask every condition of one person as of a day."""
    return Eligibility(tuple(_outcome(condition, facts, today) for condition in conditions))


def problem(condition: Condition) -> str:
    """What is wrong with a condition as somebody wrote it, in words; empty when it can be asked."""
    if not condition.words.strip():
        return _("Say the condition in words for people.")
    if condition.test not in TESTS.get(condition.fact, frozenset()):
        return _("“%(words)s”: this cannot be compared that way.") % {"words": condition.words}
    allowed = {"custody_level": CUSTODY_LEVELS, "has_diploma": YES_NO}.get(condition.fact)
    if condition.fact in NUMBERS and _number(condition.value) is None:
        return _("“%(words)s”: give a number.") % {"words": condition.words}
    if not condition.values or (condition.test != "one_of" and len(condition.values) > 1):
        return _("“%(words)s”: give one value.") % {"words": condition.words}
    if allowed and not set(condition.values) <= set(allowed):
        return _("“%(words)s”: choose from %(values)s.") % {
            "words": condition.words,
            "values": ", ".join(allowed),
        }
    return ""


def months_between(start: dt.date, end: dt.date) -> Decimal:
    """Calendar months from one day to another with one decimal, rounded down; negative when it lies before."""
    if end < start:
        return -months_between(end, start)
    whole = (end.year - start.year) * 12 + end.month - start.month
    if add_months(start, whole) > end:
        whole -= 1
    rest = (end - add_months(start, whole)).days
    day = add_months(start, whole)
    part = Decimal(rest) / monthrange(day.year, day.month)[1]
    return whole + min(part, Decimal("0.9")).quantize(TENTH, ROUND_FLOOR)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _outcome(condition: Condition, facts: Facts, today: dt.date) -> Outcome:
    if condition.fact in NUMBERS:
        return _number_outcome(condition, facts, today)
    if condition.fact == "custody_level":
        return _custody_outcome(condition, facts)
    has = _WORDS[condition.fact](facts)
    if has is None:
        return Outcome(condition, Verdict.UNKNOWN)
    if has & set(condition.values):
        return Outcome(condition, Verdict.MET)
    return Outcome(condition, Verdict.NOT_MET, Decimal(1))


def _number_outcome(condition: Condition, facts: Facts, today: dt.date) -> Outcome:
    wanted, measured = _number(condition.value), _MEASURES[condition.fact](facts, today)
    if wanted is None or measured is None:
        return Outcome(condition, Verdict.UNKNOWN)
    gap = wanted - measured if condition.test == "at_least" else measured - wanted
    if gap <= 0:
        return Outcome(condition, Verdict.MET)
    return Outcome(condition, Verdict.NOT_MET, gap, _met_on(condition, facts, wanted))


def _custody_outcome(condition: Condition, facts: Facts) -> Outcome:
    if facts.custody_level not in CUSTODY_LEVELS:
        return Outcome(condition, Verdict.UNKNOWN)
    level = CUSTODY_LEVELS.index(facts.custody_level)
    wanted = [CUSTODY_LEVELS.index(each) for each in condition.values if each in CUSTODY_LEVELS]
    if not wanted:
        return Outcome(condition, Verdict.UNKNOWN)
    if condition.test == "at_least":
        gap = max(0, wanted[0] - level)
    elif condition.test == "at_most":
        gap = max(0, level - wanted[0])
    else:
        gap = min(abs(level - each) for each in wanted)
    return Outcome(condition, Verdict.NOT_MET, Decimal(gap)) if gap else Outcome(condition, Verdict.MET)


def _age(facts: Facts, today: dt.date) -> Decimal | None:
    if facts.birth_date is None:
        return None
    had_birthday = (today.month, today.day) >= (facts.birth_date.month, facts.birth_date.day)
    return Decimal(today.year - facts.birth_date.year - (not had_birthday))


def _days_clear(facts: Facts, today: dt.date) -> Decimal | None:
    if facts.last_misconduct_on is None:
        return Decimal(10**6) if facts.conduct_known else None
    return Decimal((today - facts.last_misconduct_on).days)


def _months_left(facts: Facts, today: dt.date) -> Decimal | None:
    return None if facts.release_on is None else months_between(today, facts.release_on)


_MEASURES: Mapping[str, Callable[[Facts, dt.date], Decimal | None]] = {
    "reading_level": lambda facts, today: facts.reading_level,
    "age": _age,
    "months_left": _months_left,
    "days_clear": _days_clear,
}


def _needs(facts: Facts) -> set[str] | None:
    if facts.needs is None:
        return None
    return {area for area, level in facts.needs.items() if level >= NEED_COUNTS_FROM}


_WORDS: Mapping[str, Callable[[Facts], set[str] | None]] = {
    "has_diploma": lambda facts: (
        None if facts.has_diploma is None else {"yes" if facts.has_diploma else "no"}
    ),
    "need": _needs,
    "population": lambda facts: {facts.population} if facts.population else None,
}


def _met_on(condition: Condition, facts: Facts, wanted: Decimal) -> dt.date | None:
    """The day from which time alone meets the condition."""
    if (condition.fact, condition.test) == ("days_clear", "at_least") and facts.last_misconduct_on:
        return facts.last_misconduct_on + dt.timedelta(days=math.ceil(wanted))
    if (condition.fact, condition.test) == ("months_left", "at_most") and facts.release_on:
        return add_months(facts.release_on, -math.floor(wanted))
    if (condition.fact, condition.test) == ("age", "at_least") and facts.birth_date:
        return add_months(facts.birth_date, 12 * math.ceil(wanted))
    return None


def _plain(number: Decimal) -> str:
    return (
        str(number.to_integral_value()) if number == number.to_integral_value() else str(number.normalize())
    )


@dataclass(frozen=True)
class _Unit:
    """How a gap is said: too little and too much."""

    short: Callable[[int], str]
    over: Callable[[int], str]


_UNITS: Mapping[str, _Unit] = {
    "reading_level": _Unit(
        lambda n: ngettext("%(gap)s grade short", "%(gap)s grades short", n),
        lambda n: ngettext("%(gap)s grade above", "%(gap)s grades above", n),
    ),
    "age": _Unit(
        lambda n: ngettext("%(gap)s year too young", "%(gap)s years too young", n),
        lambda n: ngettext("%(gap)s year too old", "%(gap)s years too old", n),
    ),
    "months_left": _Unit(
        lambda n: ngettext("%(gap)s month too few", "%(gap)s months too few", n),
        lambda n: ngettext("%(gap)s month too many", "%(gap)s months too many", n),
    ),
    "days_clear": _Unit(
        lambda n: ngettext("%(gap)s more day", "%(gap)s more days", n),
        lambda n: ngettext("%(gap)s day too many", "%(gap)s days too many", n),
    ),
    "custody_level": _Unit(
        lambda n: ngettext("%(gap)s level away", "%(gap)s levels away", n),
        lambda n: ngettext("%(gap)s level away", "%(gap)s levels away", n),
    ),
}


def _how_far(outcome: Outcome) -> str:
    unit = _UNITS.get(outcome.condition.fact)
    if unit is None or outcome.gap is None:
        return ""
    said = unit.over if outcome.condition.test == "at_most" else unit.short
    count = 1 if outcome.gap == 1 else 2
    return said(count) % {"gap": _plain(outcome.gap)}
