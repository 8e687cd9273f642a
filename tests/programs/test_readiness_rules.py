"""Readiness as a pure rule: what is missing shows, in its color, from the day that the pack says."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughgate.policies.library import SHIPPED, load
from throughgate.policies.readiness import CHECKS
from throughgate.programs.rules.dayparts import day_part
from throughgate.programs.rules.readiness import Facts, Leader, Place, Regime, judge, moves_before

RULES = load([SHIPPED]).in_force("readiness", "default", dt.date(2026, 3, 2)).data
TODAY = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)

READY = Facts(
    day=TODAY + DAY,
    starts=dt.time(13),
    ends=dt.time(15),
    session="SESSION1",
    cohort="COHORT11",
    organization="PARTNER1",
    leaders=(Leader("Ana Ruiz", "V1", True, TODAY + 90 * DAY),),
    room=Place("Room 4", 12, step_free=True),
    step_free_needed=1,
    called=8,
    minimum=4,
    capacity=12,
    counts=((dt.time(16), dt.time(16, 30)),),
    movement=((dt.time(12, 15), dt.time(12, 45)),),
    partner=True,
    agreement=True,
    needs_officer=True,
    officer="Officer Lane",
)

# Every check of the pack, with the fact that brings it about.
BROKEN = {
    "no_facilitator": {"leaders": ()},
    "not_cleared": {"leaders": (Leader("Ana Ruiz", "V1", False, TODAY),)},
    "no_room": {"room": None},
    "room_too_small": {"room": Place("Closet", 4, step_free=True)},
    "not_step_free": {"room": Place("Loft", 12, step_free=False)},
    "nobody_called": {"called": 0},
    "under_minimum": {"called": 2},
    "over_capacity": {"called": 10, "capacity": 9},
    "keep_apart": {"keep_apart": True},
    "regime_closed": {"regimes": (Regime(True, "The facility's day changed"),)},
    "regime_modified": {"regimes": (Regime(False, "The facility's day changed"),)},
    "count_time": {"counts": ((dt.time(14, 30), dt.time(15, 30)),)},
    "outside_movement": {"movement": ((dt.time(8), dt.time(8, 30)),)},
    "no_agreement": {"agreement": False},
    "no_officer": {"officer": ""},
}


def codes(facts: Facts, today: dt.date = TODAY) -> dict[str, str]:
    return {reason.code: reason.light for reason in judge(facts, today=today, rules=RULES).reasons}


def test_a_session_with_everything_is_green() -> None:
    assert judge(READY, today=TODAY, rules=RULES).light == "green"
    assert set(BROKEN) == set(CHECKS)


@pytest.mark.parametrize("code", CHECKS)
def test_each_missing_thing_is_said_with_its_remedy(code: str) -> None:
    found = judge(replace(READY, **BROKEN[code]), today=TODAY, rules=RULES)
    (reason,) = found.reasons
    assert (reason.code, reason.light) == (code, RULES.light(code, 1))
    assert reason.remedy_label
    assert reason.remedy_url_name.startswith("staff:")
    assert all(reason.args)


@given(st.sets(st.sampled_from(CHECKS)), st.integers(0, 400))
def test_the_light_is_that_of_the_worst_reason_and_grows_with_nearness(broken: set[str], ahead: int) -> None:
    facts = replace(READY, day=TODAY + ahead * DAY)
    for code in broken:
        facts = replace(facts, **BROKEN[code])
    now, later = codes(facts), codes(facts, TODAY + min(ahead, 3) * DAY)
    light = judge(facts, today=TODAY, rules=RULES).light
    assert light == ("red" if "red" in now.values() else "amber" if now else "green")
    if "not_cleared" not in broken or "no_facilitator" not in broken:
        assert set(now) <= set(later)
        assert all(later[code] == "red" for code, seen in now.items() if seen == "red")


def test_one_cleared_leader_is_enough_and_a_lapse_says_when() -> None:
    lapsed = Leader("Bo Hart", "V2", False, READY.day - DAY)
    both = replace(READY, leaders=(*READY.leaders, lapsed))
    assert codes(both) == {}
    alone = judge(replace(READY, leaders=(lapsed,)), today=TODAY, rules=RULES)
    assert "2 Mar 2026" in alone.reasons[0].text
    held = judge(replace(READY, leaders=(replace(lapsed, suspended=True),)), today=TODAY, rules=RULES)
    assert "suspended" in held.reasons[0].text


@given(st.times(), st.times(), st.times(), st.integers(0, 180))
def test_movement_wants_a_window_that_opened_and_closed_not_long_ago(
    start: dt.time, a: dt.time, b: dt.time, wait: int
) -> None:
    opens, closes = min(a, b), max(a, b)
    fits = moves_before(start, [(opens, closes)], wait)
    if start < opens.replace(second=0, microsecond=0):
        assert not fits
    if opens <= start <= closes:
        assert fits


def test_part_of_the_day_follows_the_facilitys_own_windows() -> None:
    windows = [
        ("am", dt.time(7), dt.time(8)),
        ("pm", dt.time(11, 30), dt.time(12)),
        ("ed", dt.time(18), dt.time(19)),
    ]
    assert day_part(dt.time(9), windows) == "am"
    assert day_part(dt.time(11, 45), windows) == "pm"
    assert day_part(dt.time(17, 30), windows) == "pm"
    assert [day_part(dt.time(hour)) for hour in (9, 12, 18)] == ["am", "pm", "ed"]
