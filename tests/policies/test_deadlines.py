"""Answer deadlines, contacts after release, review windows."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughgate.policies.deadlines import (
    ContactRules,
    DeadlineRules,
    ReviewRules,
    after_a_move,
    contacts_after,
    extended,
    induction_due,
    may_count_as_lost,
    review_window,
)
from throughgate.policies.library import SHIPPED, load
from throughgate.policies.workdays import WorkCalendar

LIBRARY = load([SHIPPED])
TODAY = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)
US = WorkCalendar(LIBRARY.in_force("holidays", "US", TODAY).data)
DEADLINES: DeadlineRules = LIBRARY.in_force("deadlines", "US", TODAY).data
CONTACTS: ContactRules = LIBRARY.in_force("contacts", "US", TODAY).data
REVIEWS: ReviewRules = LIBRARY.in_force("reviews", "US", TODAY).data
days = st.dates(dt.date(2020, 1, 1), dt.date(2040, 12, 31))


@pytest.mark.parametrize(
    ("code", "start", "due"),
    [
        ("enquiry_answer", "2026-07-02", "2026-07-07"),  # Thursday before the observed holiday
        ("initial_assessment", "2026-03-02", "2026-03-16"),
        ("action_plan", "2026-03-02", "2026-03-09"),
        ("end_of_service_report", "2026-12-24", "2027-01-04"),
        ("clinic_appointment", "2026-03-02", "2026-03-09"),
        ("mental_health_screening", "2026-03-02", "2026-03-16"),
    ],
)
def test_deadlines(code: str, start: str, due: str) -> None:
    deadline = DEADLINES.deadlines[code]
    assert deadline.due(dt.date.fromisoformat(start), US) == dt.date.fromisoformat(due)


@given(start=days)
def test_a_deadline_is_never_past_when_it_starts(start: dt.date) -> None:
    for deadline in DEADLINES.deadlines.values():
        assert deadline.due(start, US) > start


def test_contacts_after_release() -> None:
    found = contacts_after(TODAY, CONTACTS)
    assert [(due.due_on - TODAY).days for due in found] == [3, 7, 14, 30, 60, 90, 180, 365]
    assert found[0].opens_on == TODAY + DAY
    assert all(before.due_on < after.opens_on for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("attempts", "lost"),
    [
        ([("phone", "no_answer"), ("text", "no_answer"), ("visit", "no_answer")], True),
        ([("phone", "no_answer"), ("phone", "no_answer"), ("phone", "left_message")], False),
        ([("phone", "no_answer"), ("text", "no_answer")], False),
        ([("phone", "no_answer"), ("text", "reached"), ("visit", "no_answer")], False),
    ],
)
def test_three_tries_on_three_ways_before_lost(attempts: list[tuple[str, str]], lost: bool) -> None:
    assert may_count_as_lost(attempts, CONTACTS) is lost


@pytest.mark.parametrize(
    ("release", "opens", "due"),
    [
        ("2031-03-03", "2027-01-02", "2027-03-02"),  # 60 months and a day
        ("2031-03-02", "2026-07-02", "2026-09-02"),
        ("2027-03-02", "2026-07-02", "2026-09-02"),
        ("2027-03-01", "2026-05-02", "2026-06-02"),
        ("2026-09-02", "2026-05-02", "2026-06-02"),
        ("2026-09-01", "2026-04-02", "2026-06-02"),
        ("2026-06-10", "2026-04-02", "2026-06-02"),
        ("2026-06-09", "2026-04-02", "2026-06-02"),  # 3 months and 7 days: through release less 7 days
        ("2026-06-02", "2026-04-02", "2026-05-26"),
    ],
)
def test_the_review_window_follows_the_time_left(release: str, opens: str, due: str) -> None:
    window = review_window(TODAY, dt.date.fromisoformat(release), REVIEWS)
    assert window
    assert (window.opens_on.isoformat(), window.due_on.isoformat()) == (opens, due)


def test_no_review_in_the_last_three_months_and_a_way_for_unknown_dates() -> None:
    assert review_window(TODAY, dt.date(2026, 6, 1), REVIEWS) is None
    assert review_window(TODAY, TODAY - DAY, REVIEWS) is None
    unknown, life = (
        review_window(TODAY, None, REVIEWS),
        review_window(TODAY, None, REVIEWS, indeterminate=True),
    )
    assert unknown and unknown.due_on == dt.date(2026, 6, 2)
    assert life and life.due_on == dt.date(2027, 3, 2)


@given(today=days, left=st.integers(0, 4000))
def test_the_last_week_before_release_stays_free(today: dt.date, left: int) -> None:
    release = today + left * DAY
    window = review_window(today, release, REVIEWS)
    if window:
        assert today < window.opens_on <= window.due_on <= release - 7 * DAY


def test_first_plan_and_moves() -> None:
    assert induction_due(TODAY, REVIEWS) == TODAY + 10 * DAY
    assert after_a_move(TODAY, REVIEWS) == TODAY + 10 * DAY


@given(due=days, today=days, extension=st.sampled_from(["exemption", "exclusion", "system_outage"]))
def test_an_extension_never_shortens_and_never_mends_what_is_overdue(
    due: dt.date, today: dt.date, extension: str
) -> None:
    later = extended(due, extension, today, REVIEWS)
    expected = {"exemption": 5, "exclusion": 10, "system_outage": 5}[extension]
    assert later == (due if today > due else due + expected * DAY)
