"""Cancellation and leave reasons, the waitlist, regimes, retention, reminders, sign-in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughgate.policies.library import SHIPPED, load
from throughgate.policies.packs import Pack
from throughgate.policies.reasons import may_undo
from throughgate.policies.regime import in_cell_minutes, make_up_window
from throughgate.policies.waitlist import Waiting, in_order, may_request, reconfirmation

LIBRARY = load([SHIPPED])
TODAY = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)


def rules(kind: str) -> Pack[Any]:
    return LIBRARY.in_force(kind, "default", TODAY)


CANCELLATIONS, LEAVING, WAITLIST = rules("cancellations"), rules("leaving"), rules("waitlist")
REGIME, REMINDERS, RETENTION = rules("regime").data, rules("reminders").data, rules("retention").data


def test_the_house_answers_for_its_own_cancellations() -> None:
    reasons = CANCELLATIONS.data.reasons
    assert {"lockdown", "officer_shortage", "no_participants_sent"} <= set(reasons)
    for reason in reasons.values():
        if reason.attributable_to == "institution":
            assert reason.protects_credit, reason.code
    assert reasons["facilitator_absent"].attributable_to == "partner"
    assert not reasons["facilitator_absent"].protects_credit


def test_the_public_never_reads_why_the_house_was_locked() -> None:
    told = {str(reason.public).lower() for reason in CANCELLATIONS.data.reasons.values()}
    for word in ("lockdown", "officer", "cleared", "escort", "outbreak"):
        assert not any(word in text for text in told)


def test_a_cancellation_is_taken_back_on_the_same_day_only() -> None:
    assert not may_undo(TODAY, TODAY, CANCELLATIONS).refused
    assert may_undo(TODAY, TODAY + DAY, CANCELLATIONS).reasons[0].code == "undo_over"


def test_a_restricted_leave_reason_is_shown_as_its_group() -> None:
    data = LEAVING.data
    assert str(data.shown("alcohol_drugs", to_case_team=True)) == "Alcohol or drugs"
    assert str(data.shown("alcohol_drugs", to_case_team=False)) == "Personal reasons"
    assert str(data.shown("transfer", to_case_team=False)) == "Transferred"
    assert data.reasons["transfer"].keeps_place
    assert {reason.group for reason in data.reasons.values()} == set(data.groups)


@pytest.mark.parametrize(
    ("count", "asked", "codes"),
    [
        (4, TODAY, []),
        (5, TODAY, ["too_many_open"]),
        (5, TODAY + DAY, ["too_many_open", "future_date"]),
        (0, TODAY + DAY, ["future_date"]),
    ],
)
def test_five_open_requests_at_most(count: int, asked: dt.date, codes: list[str]) -> None:
    assert [reason.code for reason in may_request(count, asked, TODAY, WAITLIST).reasons] == codes


def test_a_request_is_confirmed_every_quarter() -> None:
    found = reconfirmation(TODAY, WAITLIST.data)
    assert [(day - TODAY).days for day in (found.remind_on, found.due_on, found.lapses_on)] == [76, 90, 120]


def test_the_order_of_the_line() -> None:
    def person(key: str, asked: int, need: bool, release: int | None, ends: int | None = 100) -> Waiting:
        return Waiting(
            key,
            TODAY - asked * DAY,
            need,
            None if release is None else TODAY + release * DAY,
            None if ends is None else TODAY + ends * DAY,
        )

    line = [
        person("leaves too early", 900, True, 60),
        person("no need found", 800, False, 200),
        person("needs, soon", 10, True, 200),
        person("needs, later", 500, True, 900),
        person("needs, later, asked before", 600, True, 900),
        person("needs, date unknown", 700, True, None),
    ]
    assert [waiting.key for waiting in in_order(line, WAITLIST.data)] == [
        "needs, soon",
        "needs, later, asked before",
        "needs, later",
        "needs, date unknown",
        "no need found",
        "leaves too early",
    ]


waiting = st.builds(
    Waiting,
    key=st.uuids().map(str),
    requested_on=st.dates(dt.date(2025, 1, 1), TODAY),
    need_assessed=st.booleans(),
    release_on=st.none() | st.dates(TODAY, dt.date(2030, 1, 1)),
    ends_on=st.none() | st.dates(TODAY, dt.date(2030, 1, 1)),
)


@given(
    line=st.lists(waiting, max_size=8, unique_by=lambda each: each.key).flatmap(
        lambda some: st.tuples(st.just(some), st.permutations(some))
    )
)
def test_the_line_does_not_depend_on_how_it_was_read(
    line: tuple[Sequence[Waiting], Sequence[Waiting]],
) -> None:
    assert in_order(line[0], WAITLIST.data) == in_order(line[1], WAITLIST.data)


def test_a_lockdown_cancels_groups_and_leaves_the_clinic_open() -> None:
    assert REGIME.cancels("lockdown", "group")
    assert not REGIME.cancels("lockdown", "clinic")
    assert not any(REGIME.cancels("normal", kind) for kind in REGIME.session_kinds)
    with pytest.raises(KeyError, match="no kind of session"):
        REGIME.cancels("lockdown", "picnic")


def test_every_regime_cancels_with_a_reason_that_exists() -> None:
    for regime in REGIME.regimes.values():
        assert not regime.cancels or regime.reason in CANCELLATIONS.data.reasons


def test_a_stricter_regime_lets_nothing_more_happen() -> None:
    ladder = [REGIME.regimes[code] for code in ("normal", "modified", "lockdown", "emergency")]
    for milder, stricter in pairwise(ladder):
        assert milder.severity < stricter.severity
        assert milder.cancels <= stricter.cancels


def test_make_up_is_looked_for_in_time() -> None:
    assert make_up_window(TODAY, TODAY, REGIME) == (TODAY + 2 * DAY, TODAY + 14 * DAY)
    assert make_up_window(TODAY + 5 * DAY, TODAY, REGIME)[0] == TODAY + 5 * DAY
    first, last = make_up_window(TODAY, TODAY + 13 * DAY, REGIME)
    assert last < first


@given(studied=st.integers(0, 500), scheduled=st.integers(0, 300))
def test_study_in_the_cell_counts_a_share_at_most(studied: int, scheduled: int) -> None:
    assert 0 <= in_cell_minutes(studied, scheduled, REGIME) <= min(studied, scheduled / 2)


def test_reminders_come_at_their_steps() -> None:
    agreement = REMINDERS.reminders["agreement"]
    ends = TODAY + 200 * DAY
    assert [(ends - day).days for day in agreement.on(ends)] == [120, 90, 60, 30]
    seen = {left: agreement.stage(TODAY + left * DAY, TODAY) for left in (121, 120, 91, 90, 31, 30, 0, -5)}
    assert seen == {121: None, 120: 120, 91: 120, 90: 90, 31: 60, 30: 30, 0: 30, -5: 30}


def test_the_audit_trail_is_kept_longest_and_not_below_its_floor() -> None:
    audit = RETENTION.records["audit"]
    assert audit.months >= 12
    assert audit.months == max(kept.months for kept in RETENTION.records.values())
    assert audit.until(TODAY) == dt.date(2033, 3, 2)


def test_a_sign_in_ends_after_half_an_hour_idle_and_twelve_hours() -> None:
    limits = rules("sign-in").data
    assert limits.idle == dt.timedelta(minutes=30)
    assert limits.longest == dt.timedelta(hours=12)
    assert "participant" not in limits.second_factor
