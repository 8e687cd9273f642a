"""Holidays found by rule, and working days over them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughgate.policies.holidays import HolidayRules, easter
from throughgate.policies.library import SHIPPED, load
from throughgate.policies.words import Label
from throughgate.policies.workdays import Pattern, WorkCalendar, add_months, dates

LIBRARY = load([SHIPPED])
DAY = dt.timedelta(days=1)
days = st.dates(dt.date(1995, 1, 1), dt.date(2060, 12, 31))


def calendar(jurisdiction: str) -> WorkCalendar:
    rules: HolidayRules = LIBRARY.in_force("holidays", jurisdiction, dt.date(2026, 1, 1)).data
    return WorkCalendar(rules)


US, EAW, HARBOR = calendar("US"), calendar("GB-EAW"), calendar("US-HB")


def weekdays_off(place: WorkCalendar, year: int) -> list[str]:
    return [f"{day:%m-%d}" for day in place.rules.in_year(year) if day.weekday() < 5]


@pytest.mark.parametrize(
    ("place", "year", "expected"),
    [
        (US, 2020, "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25"),
        (US, 2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
        (US, 2022, "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26"),
        (US, 2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
        (EAW, 2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28"),
        (EAW, 2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
        (EAW, 2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
        (EAW, 2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"),
        (EAW, 2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"),
    ],
)
def test_published_holidays_are_met(place: WorkCalendar, year: int, expected: str) -> None:
    assert weekdays_off(place, year) == expected.split()


def test_easter() -> None:
    known = {
        2000: "04-23",
        2008: "03-23",
        2011: "04-24",
        2019: "04-21",
        2024: "03-31",
        2025: "04-20",
        2038: "04-25",
    }
    assert {year: f"{easter(year):%m-%d}" for year in known} == known


def test_a_holiday_has_its_name_and_so_has_its_substitute() -> None:
    assert str(US.holiday_name(dt.date(2026, 7, 3))) == "Independence Day"
    assert str(US.holiday_name(dt.date(2026, 7, 4))) == "Independence Day"
    assert US.holiday_name(dt.date(2026, 7, 6)) is None
    assert HARBOR.is_holiday(dt.date(2026, 10, 12))
    assert "Puerto" in HARBOR.rules.in_year(2026)[dt.date(2026, 10, 12)].in_language("es")


def test_a_place_may_close_on_days_of_its_own() -> None:
    closed = WorkCalendar(US.rules, {dt.date(2026, 3, 4): Label({"en": "Staff day"})})
    assert closed.is_holiday(dt.date(2026, 3, 4))
    assert closed.next_working_day(dt.date(2026, 3, 4)) == dt.date(2026, 3, 5)


def test_working_days_over_a_long_weekend() -> None:
    assert US.add_working_days(dt.date(2026, 11, 25), 1) == dt.date(2026, 11, 27)
    assert HARBOR.add_working_days(dt.date(2026, 11, 25), 1) == dt.date(2026, 11, 30)
    assert US.add_working_days(dt.date(2026, 11, 28), 0) == dt.date(2026, 11, 30)
    assert US.add_working_days(dt.date(2026, 11, 30), -1) == dt.date(2026, 11, 27)


@given(day=days, count=st.integers(1, 60))
def test_adding_and_counting_working_days_agree(day: dt.date, count: int) -> None:
    end = US.add_working_days(day, count)
    assert US.is_working_day(end)
    assert US.working_days_between(day, end) == count
    assert US.working_days_between(end, day) == -count
    assert US.add_working_days(day, count + 1) > end


@given(day=days)
def test_the_next_working_day_skips_nothing_but_days_off(day: dt.date) -> None:
    found = EAW.next_working_day(day)
    assert EAW.is_working_day(found)
    assert not any(EAW.is_working_day(day + number * DAY) for number in range((found - day).days))


@given(year=st.integers(1995, 2060))
def test_no_weekday_holiday_is_lost_to_a_weekend(year: int) -> None:
    own = sum(1 for holiday in EAW.rules.holidays if holiday.falls_on(year))
    assert len(weekdays_off(EAW, year)) == own


@given(day=days, months=st.integers(-60, 60))
def test_months_keep_the_day_or_end_with_the_month(day: dt.date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + DAY).day == 1


def test_a_pattern_skips_holidays_and_still_meets_as_often() -> None:
    found = dates(Pattern(frozenset({0, 3})), dt.date(2026, 11, 19), US, count=4)
    assert [f"{day:%m-%d}" for day in found.days] == ["11-19", "11-23", "11-30", "12-03"]
    assert [(f"{day:%m-%d}", str(why)) for day, why in found.skipped] == [("11-26", "Thanksgiving Day")]


def test_every_other_week_and_days_of_ones_own() -> None:
    why = Label({"en": "Exams"})
    found = dates(
        Pattern(frozenset({1}), every_weeks=2),
        dt.date(2026, 6, 3),
        US,
        last=dt.date(2026, 7, 31),
        also_skip={dt.date(2026, 6, 16): why},
    )
    assert [f"{day:%m-%d}" for day in found.days] == ["06-30", "07-14", "07-28"]
    assert found.skipped == ((dt.date(2026, 6, 16), why),)


@given(
    first=days,
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    every=st.integers(1, 4),
    count=st.integers(0, 20),
)
def test_a_pattern_has_as_many_days_as_asked_none_of_them_off(
    first: dt.date, weekdays: frozenset[int], every: int, count: int
) -> None:
    found = dates(Pattern(weekdays, every), first, US, count=count)
    assert len(found.days) == count
    assert all(day >= first and day.weekday() in weekdays and not US.is_holiday(day) for day in found.days)
    assert list(found.days) == sorted(set(found.days))


def test_a_pattern_needs_an_end() -> None:
    with pytest.raises(ValueError, match="Say on which day the pattern ends"):
        dates(Pattern(frozenset({1})), dt.date(2026, 1, 1), US)
    with pytest.raises(ValueError, match="within five years"):
        dates(Pattern(frozenset({1})), dt.date(2026, 1, 1), US, count=9999)
    with pytest.raises(ValueError, match="at least one weekday"):
        Pattern(frozenset())
