"""Holidays as rules, and working days over them.

A pack says how each holiday is found (a fixed day, the nth weekday of a month, days from Easter, or single
dates) and where it is observed when it falls on a weekend. Everything here is a day of the local calendar.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .reading import Table
from .words import Label

DAY = dt.timedelta(days=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OBSERVED = ("nearest_weekday", "next_free_weekday", "same_day")


@dataclass(frozen=True)
class Holiday:
    """One holiday: the day it falls on in a year, before any substitute."""

    code: str
    name: Label
    first_year: int
    last_year: int
    on: Callable[[int], dt.date | None] = field(compare=False)
    moved: Mapping[int, dt.date]

    def falls_on(self, year: int) -> dt.date | None:
        """Its own day in a year, or where a government moved it once; None when it does not exist."""
        if not self.first_year <= year <= self.last_year:
            return None
        return self.moved.get(year) or self.on(year)


@dataclass(frozen=True)
class HolidayRules:
    """The data of a holidays pack: the weekend (0 is Monday), the holidays, and how substitutes are found."""

    weekend: frozenset[int]
    observed: str
    holidays: tuple[Holiday, ...]
    _years: dict[int, dict[dt.date, Label]] = field(default_factory=dict, compare=False, repr=False)

    def in_year(self, year: int) -> Mapping[dt.date, Label]:
        """Every day off in a calendar year with its name, by date; substitutes stand beside the days."""
        if year not in self._years:
            around = [day for each in (year - 1, year, year + 1) for day in self._days_of(each)]
            own = [(day, name) for day, name in around if day.year == year]
            self._years[year] = dict(sorted(own, key=lambda item: item[0]))
        return self._years[year]

    def _days_of(self, year: int) -> list[tuple[dt.date, Label]]:
        own = [
            (day, holiday.name) for holiday in self.holidays if (day := holiday.falls_on(year)) is not None
        ]
        own.sort(key=lambda item: item[0])
        taken = {day for day, _ in own if day.weekday() not in self.weekend}
        found = list(own)
        for day, name in own:
            if day.weekday() in self.weekend:
                substitute = self._substitute(day, taken)
                taken.add(substitute)
                found.append((substitute, name))
        return found

    def _substitute(self, day: dt.date, taken: set[dt.date]) -> dt.date:
        if self.observed == "same_day":
            return day
        before = day - DAY
        if (
            self.observed == "nearest_weekday"
            and (day + DAY).weekday() in self.weekend
            and before not in taken
        ):
            return before
        free = day + DAY
        while free.weekday() in self.weekend or free in taken:
            free += DAY
        return free


def read(top: Table) -> HolidayRules:
    """Reads what is particular to a holidays pack."""
    weekend = top.texts("weekend", options=WEEKDAYS)
    if len(weekend) >= len(WEEKDAYS):
        top.wrong("weekend", "leaves no working day")
    return HolidayRules(
        weekend=frozenset(WEEKDAYS.index(day) for day in weekend if day in WEEKDAYS),
        observed=top.choice("observed", OBSERVED),
        holidays=tuple(top.coded("holidays", _holiday).values()),
    )


def _holiday(table: Table) -> Holiday:
    rule = table.choice("rule", tuple(_RULES))
    holiday = Holiday(
        code=table.text("code"),
        name=table.label("name"),
        first_year=table.whole("first_year", default=1),
        last_year=table.whole("last_year", default=9999),
        on=_RULES[rule](table),
        moved={},
    )
    moved: dict[int, dt.date] = {}
    for entry in table.tables("moved", needed=False):
        moved[entry.whole("year", at_least=1)] = entry.day("to")
        entry.finish()
    return Holiday(holiday.code, holiday.name, holiday.first_year, holiday.last_year, holiday.on, moved)


def _month(table: Table) -> int:
    month = table.whole("month", at_least=1)
    if month > 12:
        table.wrong("month", f"must be 1 to 12, not {month}")
    return min(max(month, 1), 12)


def _fixed(table: Table) -> Callable[[int], dt.date | None]:
    month, day = _month(table), table.whole("day", at_least=1)
    if not 1 <= day <= monthrange(2024, month)[1]:
        table.wrong("day", f"month {month} has no day {day}")
    return lambda year: dt.date(year, month, day) if 1 <= day <= monthrange(year, month)[1] else None


def _nth(table: Table) -> Callable[[int], dt.date | None]:
    month, weekday = _month(table), WEEKDAYS.index(table.choice("weekday", WEEKDAYS))
    position = table.choice("position", ("first", "second", "third", "fourth", "last"))
    place = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}[position]
    return lambda year: nth_weekday(year, month, weekday, place)


def _easter(table: Table) -> Callable[[int], dt.date | None]:
    days = -table.whole("days_before") if "days_before" in table else table.whole("days_after")
    return lambda year: easter(year) + days * DAY


def _once(table: Table) -> Callable[[int], dt.date | None]:
    date = table.day("date")
    return lambda year: date if year == date.year else None


_RULES: dict[str, Callable[[Table], Callable[[int], dt.date | None]]] = {
    "fixed": _fixed,
    "nth_weekday": _nth,
    "easter": _easter,
    "once": _once,
}


def nth_weekday(year: int, month: int, weekday: int, place: int) -> dt.date:
    """The first (1) to fourth (4) or last (-1) weekday of a month; weekday 0 is Monday."""
    if place > 0:
        first = dt.date(year, month, 1)
        return first + ((weekday - first.weekday()) % 7 + 7 * (place - 1)) * DAY
    last = dt.date(year, month, monthrange(year, month)[1])
    return last - ((last.weekday() - weekday) % 7) * DAY


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (the anonymous computus)."""
    golden, century = year % 19, year // 100
    skipped = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = skipped - (skipped // 28) * (1 - (29 // (skipped + 1)) * ((21 - golden) // 11))
    sunday = moon - (year + year // 4 + moon + 2 - century + century // 4) % 7
    month = 3 + (sunday + 40) // 44
    return dt.date(year, month, sunday + 28 - 31 * (month // 4))
