"""Marks, the windows in which they may change, and the chase after missing ones."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughgate.policies.attendance import (
    AttendanceRules,
    cause,
    chase,
    counted_minutes,
    credited,
    is_late,
    last_day_to_edit,
    left_early,
    may_edit,
    may_record,
    paid,
)
from throughgate.policies.library import SHIPPED, load
from throughgate.policies.packs import Pack

PACK: Pack[AttendanceRules] = load([SHIPPED]).in_force("attendance", "default", dt.date(2026, 5, 4))
RULES = PACK.data
DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 5, 4)
days = st.dates(dt.date(2025, 1, 1), dt.date(2027, 12, 31))


def test_the_eight_marks_each_have_their_key() -> None:
    assert list(RULES.marks) == [
        "attended",
        "late",
        "left_early",
        "excused",
        "not_required",
        "refused",
        "not_sent",
        "session_cancelled",
    ]
    assert "".join(mark.key for mark in RULES.marks.values()) == "alexnrsc"
    mark = RULES.by_key("R")
    assert mark and mark.code == "refused"
    assert RULES.by_key("q") is None


def test_not_sent_is_the_institutions_doing_and_refused_the_persons() -> None:
    assert cause(RULES, "not_sent") == "institution"
    assert cause(RULES, "refused") == "person"
    assert cause(RULES, "excused", "health") == "none"
    assert cause(RULES, "excused", "work_clash") == "institution"
    assert cause(RULES, "session_cancelled", session_cause="partner") == "partner"
    assert cause(RULES, "not_sent", session_cause="partner") == "institution"


@pytest.mark.parametrize(
    ("code", "recorded", "today", "may"),
    [
        ("not_required", MONDAY - DAY, MONDAY, True),  # set in advance: still open on the day
        (None, None, MONDAY + 7 * DAY, True),
        (None, None, MONDAY + 8 * DAY, False),
        ("refused", MONDAY, MONDAY + 7 * DAY, True),
        ("refused", MONDAY, MONDAY + 8 * DAY, False),
        ("attended", MONDAY, MONDAY, True),
        ("attended", MONDAY, MONDAY + DAY, False),
        ("attended", MONDAY + 3 * DAY, MONDAY + 3 * DAY, True),  # recorded late, still its day
        ("not_sent", MONDAY, MONDAY + DAY, False),  # paid: as firm as attended
        ("attended", MONDAY + 9 * DAY, MONDAY + 9 * DAY, False),  # nothing reopens after the window
    ],
)
def test_edit_windows(code: str | None, recorded: dt.date | None, today: dt.date, may: bool) -> None:
    decision = may_edit(code, MONDAY, recorded, today, PACK)
    assert decision.refused is not may
    if not may:
        assert "attendance-default v1" in str(decision.reasons[0].text)
        assert decision.overridable


def test_an_absence_that_was_paid_is_settled_too() -> None:
    assert not may_edit("refused", MONDAY, MONDAY, MONDAY + DAY, PACK).refused
    assert may_edit("refused", MONDAY, MONDAY, MONDAY + DAY, PACK, is_paid=True).refused


@given(
    code=st.sampled_from([None, *RULES.marks]),
    session=days,
    after=st.integers(0, 30),
    today=st.integers(0, 60),
)
def test_a_closed_window_never_opens_again(
    code: str | None, session: dt.date, after: int, today: int
) -> None:
    recorded = None if code is None else session + after * DAY
    last = last_day_to_edit(code, session, recorded, PACK)
    assert last <= session + 7 * DAY
    assert may_edit(code, session, recorded, session + today * DAY, PACK).refused == (
        session + today * DAY > last
    )


def test_before_the_day_only_marks_in_advance() -> None:
    eve = MONDAY - DAY
    assert not may_record("not_required", MONDAY, eve, PACK).refused
    assert may_record("attended", MONDAY, eve, PACK).reasons[0].code == "not_yet"
    assert may_edit("attended", MONDAY, eve, eve, PACK).refused
    assert not may_edit("not_required", MONDAY, eve, eve, PACK).refused


def test_every_reason_at_once() -> None:
    decision = may_record("refused", MONDAY, MONDAY - DAY, PACK, sub_reason="rain")
    assert [reason.code for reason in decision.reasons] == ["not_yet", "note_missing", "unknown_reason"]
    assert not may_record("refused", MONDAY, MONDAY, PACK, note="Said no at the door.").refused
    assert not may_record("excused", MONDAY, MONDAY, PACK, sub_reason="health").refused


def test_flags_and_sub_reasons() -> None:
    assert credited(RULES, "attended")
    assert not credited(RULES, "excused", "health")
    assert paid(RULES, "not_required")
    assert not paid(RULES, "refused")
    assert [code for code, sub in RULES.marks["excused"].sub_reasons.items() if sub.restricted] == [
        "health",
        "legal",
        "religious",
    ]


@given(scheduled=st.integers(0, 600), present=st.integers(-30, 900))
def test_counted_minutes_stay_within_the_session(scheduled: int, present: int) -> None:
    assert 0 <= counted_minutes(RULES, "late", scheduled, present) <= scheduled
    assert counted_minutes(RULES, "attended", scheduled) == scheduled
    assert counted_minutes(RULES, "not_sent", scheduled, present) == 0


def test_missing_attendance_is_chased() -> None:
    found = chase(MONDAY, PACK)
    assert found.due == dt.datetime(2026, 5, 4, 16, 30)
    assert (found.overdue_on, found.escalate_on, found.closes_on) == (
        MONDAY + DAY,
        MONDAY + 3 * DAY,
        MONDAY + 7 * DAY,
    )


def test_lateness() -> None:
    assert [is_late(minutes, RULES) for minutes in (0, 10, 11)] == [False, False, True]
    assert [left_early(minutes, RULES) for minutes in (0, 10, 11)] == [False, False, True]


def test_marks_become_the_agencys_codes() -> None:
    assert RULES.export_code("uk_activities", "excused", "health") == "SICK"
    assert RULES.export_code("uk_activities", "excused") == "NOT_REQUIRED"
    assert RULES.export_code("three_codes", "excused", "health") == "acceptable_absence"
    with pytest.raises(KeyError):
        RULES.export_code("nobody", "attended")
