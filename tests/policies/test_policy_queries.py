"""What pages ask of the packs: what holds, and what changes when."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from throughgate.policies import queries
from throughgate.policies.kinds import KINDS
from throughgate.policies.library import SHIPPED, NoPolicy, load
from throughgate.policies.workdays import WorkCalendar

TODAY = dt.date(2026, 5, 4)
EXAMPLE = (SHIPPED / "waitlist" / "default.toml").read_text(encoding="utf-8")


def add(folder: Path, identifier: str, starts: str, ends: str, most: int) -> None:
    text = (
        EXAMPLE.replace('"waitlist-default"', f'"{identifier}"')
        .replace('"default"', '"US-HB"', 1)
        .replace("effective_from = 2020-01-01", f"effective_from = {starts}\n{ends}")
        .replace("max_open = 5", f"max_open = {most}")
    )
    (folder / "waitlist").mkdir(exist_ok=True)
    (folder / "waitlist" / f"{identifier}.toml").write_text(text, encoding="utf-8")


def test_every_kind_has_a_name_and_rules_for_the_demonstration() -> None:
    assert set(queries.KIND_NAMES) == set(KINDS)
    rows = queries.overview("US-HB", TODAY)
    assert [row.kind for row in rows] == sorted(KINDS)
    assert all(row.pack is not None for row in rows)
    assert {row.kind for row in rows if row.pack and row.pack.invented} == {
        "clearances",
        "costs",
        "credit",
        "holidays",
    }


def test_every_typed_question_is_answered() -> None:
    assert queries.attendance("US-HB", TODAY).data.marks
    assert queries.cancellations("US-HB", TODAY).data.reasons
    assert queries.contacts("US-HB", TODAY).data.steps
    assert queries.costs("US-HB", TODAY).data.savings
    assert queries.effects("US-HB", TODAY).data.reviews
    assert (
        queries.publishing("US-HB", TODAY).data.rate_smallest
        >= queries.publishing("US-HB", TODAY).data.smallest
    )
    assert queries.deadlines("US-HB", TODAY).data.deadlines
    assert queries.leaving("US-HB", TODAY).data.reasons
    assert queries.regime("US-HB", TODAY).data.regimes
    assert queries.reminders("US-HB", TODAY).data.reminders
    assert queries.retention("US-HB", TODAY).data.records
    assert queries.reviews("US-HB", TODAY).data.bands
    assert queries.sign_in("US-HB", TODAY).data.idle
    assert queries.waitlist("US-HB", TODAY).data.order
    assert isinstance(queries.calendar("US-HB", TODAY), WorkCalendar)
    assert queries.pack("credit-us-ca-2017").effective_to == dt.date(2019, 4, 30)
    assert {"US-HB", "GB-EAW", "default"} <= set(queries.jurisdictions())
    assert queries.problems() == queries.gaps() == ()


def test_a_place_without_credit_is_no_error() -> None:
    assert queries.credit("FR", TODAY) is None
    with pytest.raises(NoPolicy):
        queries.attendance("FR", dt.date(1999, 1, 1))


def test_the_timeline_says_what_changes_when(tmp_path: Path) -> None:
    add(tmp_path, "first", "2026-01-01", "effective_to = 2026-06-30", 3)
    add(tmp_path, "second", "2027-01-01", "", 8)
    periods = queries.timeline("waitlist", "US-HB", load([SHIPPED, tmp_path]))
    told = [(str(p.starts), str(p.ends), p.pack.id if p.pack else "") for p in periods]
    assert told == [
        ("2020-01-01", "2025-12-31", "waitlist-default"),
        ("2026-01-01", "2026-06-30", "first"),
        ("2026-07-01", "2026-12-31", "waitlist-default"),
        ("2027-01-01", "None", "second"),
    ]
    assert periods[0].changes == ()
    assert periods[1].changes == (queries.Change("requests.max_open", "5", "3"),)
    assert periods[3].changes == (queries.Change("requests.max_open", "5", "8"),)
    assert [period.covers(dt.date(2026, 6, 30)) for period in periods] == [False, True, False, False]


def test_the_timeline_shows_when_rules_end(tmp_path: Path) -> None:
    california = queries.timeline("credit", "US-CA")
    assert [period.pack.id for period in california if period.pack] == [
        "credit-us-ca-2017",
        "credit-us-ca-2019",
    ]
    keys = {change.key for change in california[1].changes}
    assert {"rules[rac].rates.standard", "rules[rac].caps.year", "rules[rac].rollover"} <= keys
    with pytest.raises(KeyError, match="no kind of rule pack"):
        queries.timeline("weather", "US")
    add(tmp_path, "only", "2026-01-01", "effective_to = 2026-06-30", 3)
    last = queries.timeline("waitlist", "US-HB", load([tmp_path]))[-1]
    assert (last.starts, last.pack) == (dt.date(2026, 7, 1), None)


def test_a_folder_can_be_checked_before_it_is_used(tmp_path: Path) -> None:
    add(tmp_path, "fine", "2026-01-01", "", 3)
    assert queries.check(tmp_path) == ()
    add(tmp_path, "clash", "2026-02-01", "", 0)
    assert [problem.key for problem in queries.check(tmp_path)] == ["requests.max_open"]
    add(tmp_path, "clash", "2026-02-01", "", 4)
    assert [problem.key for problem in queries.check(tmp_path)] == ["pack.effective_from"]
