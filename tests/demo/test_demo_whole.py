"""The demonstration as it is shown: its figures lie in the bands that practice.md wishes for [P-275] to [P-305]."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from demo_asking import one, rows
from demo_building import whole  # noqa: F401 - a fixture
from django.utils import timezone

from throughgate.base import scope
from throughgate.demo.making import DAY, Build
from throughgate.programs.models import Session
from throughgate.programs.queries import readiness

pytestmark = pytest.mark.slow


def share(sql: str) -> dict[str, float]:
    """Words to their share in percent."""
    counted = dict(rows(sql))
    return {word: 100 * n / sum(counted.values()) for word, n in counted.items()}


def test_how_many_there_are(whole: Build) -> None:  # noqa: F811
    people = dict(
        rows(
            "SELECT f.external_code, count(*) FROM people_participant p JOIN places_facility f"
            " ON f.id = p.facility_id GROUP BY 1"
        )
    )
    assert (people["RDG"], people["WLC"], people["DCK"]) == (1200, 320, 140)
    assert 49 <= people["HAR"] / 12 <= 55
    # Those who are vetted, about to begin, or gone come on top: they are the demonstration's other stages.
    working = "status = 'active'"
    kinds = dict(rows(f"SELECT kind, count(*) FROM partners_organization WHERE {working} GROUP BY 1"))
    assert kinds["faith"] == 12 and kinds["nonprofit"] == 9 and kinds["college"] == 3 and kinds["arts"] == 3
    assert kinds["employer"] == 4 and kinds["clinic"] + kinds["government"] == 4
    assert 40 <= one("SELECT count(*) FROM programs_program") <= 50
    cleared = "status IN ('approved', 'provisional')"
    assert 205 <= one(f"SELECT count(DISTINCT visitor_id) FROM visitors_clearance WHERE {cleared}") <= 225


def test_the_weeks_are_full(whole: Build) -> None:  # noqa: F811
    monday = whole.today - DAY * (whole.today.weekday() + 28)
    weekly = [
        one(
            "SELECT count(*) FROM programs_session WHERE starts_at >= %s AND starts_at < %s",
            day,
            day + 7 * DAY,
        )
        for day in (monday, monday + 7 * DAY, monday + 14 * DAY)
    ]
    assert 90 <= max(weekly) <= 130
    first = one("SELECT min(starts_at) FROM programs_session")
    assert (timezone.now() - first).days > 330


def test_the_mix_of_attendance(whole: Build) -> None:  # noqa: F811
    mix = share("SELECT code, count(*) FROM programs_attendance GROUP BY 1")
    came = mix["attended"] + mix["late"] + mix["left_early"]
    assert 69 <= came <= 78
    assert 7 <= mix["excused"] <= 11 and 3 <= mix["refused"] <= 7 and 2.5 <= mix["not_sent"] <= 5.5
    assert 7 <= mix["session_cancelled"] <= 16


def test_cancellations_and_the_lockdown(whole: Build) -> None:  # noqa: F811
    normal = one(
        "SELECT 100.0 * avg((status = 'cancelled')::int) FROM programs_session"
        " WHERE starts_at < now() AND regime_id IS NULL"
    )
    assert 8 <= normal <= 15
    during = one("SELECT during::text FROM places_regimeperiod WHERE kind = 'lockdown'")
    locked = one(
        "SELECT 100.0 * avg((status = 'cancelled')::int) FROM programs_session s JOIN places_facility f"
        " ON f.id = s.facility_id WHERE f.external_code = 'RDG' AND s.during && %s::tstzrange",
        during,
    )
    assert 80 <= locked <= 100


def test_why_people_left(whole: Build) -> None:  # noqa: F811
    why = share(
        "SELECT end_reason, count(*) FROM programs_enrollment WHERE status = 'ended'"
        " AND end_reason NOT IN ('completed', 'duration_ended') GROUP BY 1"
    )
    assert 20 <= why["transfer"] <= 36 and 11 <= why["released"] <= 24 and 9 <= why["own_request"] <= 20
    assert max(why, key=lambda each: why[each]) == "transfer"


def test_the_lines(whole: Build) -> None:  # noqa: F811
    open_ = "status IN ('pending', 'approved')"
    stale = one(
        f"SELECT 100.0 * avg((confirmed_on < %s)::int) FROM programs_waitlistentry WHERE {open_}",
        whole.today - dt.timedelta(days=90),
    )
    assert 15 <= stale <= 25
    waiting = one(f"SELECT count(*) FROM programs_waitlistentry WHERE {open_}")
    seats = one("SELECT sum(capacity) FROM programs_cohort WHERE status IN ('open', 'running')")
    assert 0.6 <= waiting / seats <= 2.0
    most = f"SELECT max(n) FROM (SELECT count(*) n FROM programs_waitlistentry WHERE {open_} GROUP BY participant_id) x"
    assert one(most) <= 5


def test_readiness_has_all_three_colors(whole: Build) -> None:  # noqa: F811
    with scope.system("test", readonly=True):
        coming = list(Session.objects.filter(starts_at__gt=timezone.now()).order_by("id"))
        found = readiness.of_sessions(coming)
    lights = Counter(each.light for each in found.values())
    assert lights["green"] > 0.6 * len(coming) and lights["amber"] > 5 and lights["red"] > 3
    reasons = {reason.code for each in found.values() for reason in each.reasons}
    wanted = {
        "no_facilitator",
        "not_cleared",
        "no_officer",
        "under_minimum",
        "no_agreement",
        "room_too_small",
    }
    assert len(wanted & reasons) >= 5, wanted - reasons


def test_somebody_has_something_to_do(whole: Build) -> None:  # noqa: F811
    assert one("SELECT count(*) FROM people_change WHERE acknowledged_at IS NULL") > 5
    unmarked = "SELECT count(*) FROM programs_session WHERE status = 'planned' AND ends_at < %s"
    assert 3 <= one(unmarked, dt.datetime.combine(whole.today, dt.time(), tzinfo=dt.UTC)) <= 8
