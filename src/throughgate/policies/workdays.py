"""Working-day arithmetic and dated patterns over a holidays pack. Local days in, local days out."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field

from .holidays import HolidayRules
from .words import Label

DAY = dt.timedelta(days=1)
LONGEST_PATTERN_DAYS = 366 * 5


@dataclass(frozen=True)
class WorkCalendar:
    """Working days of one place: its holidays and its own closed days with their names."""

    rules: HolidayRules
    closed: Mapping[dt.date, Label] = field(default_factory=dict)

    def holiday_name(self, day: dt.date) -> Label | None:
        """Why a day is off, or None."""
        return self.closed.get(day) or self.rules.in_year(day.year).get(day)

    def is_holiday(self, day: dt.date) -> bool:
        """Whether a day is a holiday, its substitute, or closed here."""
        return self.holiday_name(day) is not None

    def is_working_day(self, day: dt.date) -> bool:
        """Neither weekend nor holiday."""
        return day.weekday() not in self.rules.weekend and not self.is_holiday(day)

    def next_working_day(self, day: dt.date) -> dt.date:
        """The day itself when it is a working day, else the next one."""
        while not self.is_working_day(day):
            day += DAY
        return day

    def add_working_days(self, day: dt.date, count: int) -> dt.date:
        """The working day that lies `count` working days after a day (before it, when negative).

        The day itself never counts: one working day after a Friday is Monday. Zero gives the next working
        day, the day itself included.
        """
        if count == 0:
            return self.next_working_day(day)
        step = DAY if count > 0 else -DAY
        left = abs(count)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, start: dt.date, end: dt.date) -> int:
        """Working days after `start` through `end`; negative when `end` lies before."""
        if end < start:
            return -self.working_days_between(end, start)
        return sum(self.is_working_day(start + number * DAY) for number in range(1, (end - start).days + 1))


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last day of a shorter month."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return dt.date(year, month, min(day.day, monthrange(year, month)[1]))


@dataclass(frozen=True)
class Pattern:
    """A repeating week: weekdays (0 is Monday), every so many weeks from the week of the first day on."""

    weekdays: frozenset[int]
    every_weeks: int = 1

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= set(range(7)):
            raise ValueError("Choose at least one weekday, 0 (Monday) to 6 (Sunday).")
        if self.every_weeks < 1:
            raise ValueError("A pattern repeats every week or every so many weeks, at least 1.")


@dataclass(frozen=True)
class Dated:
    """The days of a pattern, and the days it skipped with the reason."""

    days: tuple[dt.date, ...]
    skipped: tuple[tuple[dt.date, Label], ...]


def dates(
    pattern: Pattern,
    first: dt.date,
    calendar: WorkCalendar,
    *,
    last: dt.date | None = None,
    count: int | None = None,
    also_skip: Mapping[dt.date, Label] | None = None,
    on_holidays: bool = False,
) -> Dated:
    """The days on which a weekly pattern runs, from `first` on, through `last` or until `count` are found.

    Holidays and `also_skip` are left out and named, so that a count of 12 still gives 12 meetings; weekends
    are not left out, as a pattern may well want a Saturday. Raises ValueError when neither `last` nor `count`
    is given, or when the count cannot be reached within five years.
    """
    if last is None and count is None:
        raise ValueError("Say on which day the pattern ends, or how many days it has.")
    also = also_skip or {}
    monday = first - first.weekday() * DAY
    days: list[dt.date] = []
    skipped: list[tuple[dt.date, Label]] = []
    for number in range(LONGEST_PATTERN_DAYS):
        day = first + number * DAY
        if (last is not None and day > last) or (count is not None and len(days) >= count):
            return Dated(tuple(days), tuple(skipped))
        if day.weekday() not in pattern.weekdays or ((day - monday).days // 7) % pattern.every_weeks:
            continue
        why = also.get(day) or (None if on_holidays else calendar.holiday_name(day))
        if why is not None:
            skipped.append((day, why))
        else:
            days.append(day)
    raise ValueError(
        "The pattern does not end within five years; give an earlier last day or a smaller count."
    )
