"""A small demonstration: it is built, says that it is invented, comes out the same again, and everybody can be."""

from __future__ import annotations

import pytest
from demo_asking import digest, one, rows
from demo_building import SMALL, built, small  # noqa: F401 - a fixture
from django.test import Client
from django.urls import reverse

from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.demo import build as builder
from throughgate.demo.making import Build
from throughgate.places.models import Agency
from throughgate.www.entry.personas import DOMAIN


def test_it_says_that_it_is_invented(small: Build) -> None:  # noqa: F811
    with scope.system("test", readonly=True):
        agency = Agency.objects.get()
    assert agency.demonstration and "demonstration" in agency.name
    assert one("SELECT count(*) FROM partners_organization WHERE description NOT LIKE '%%nvented%%'") == 0
    assert one("SELECT count(*) FROM places_facility WHERE city NOT LIKE '%%invented%%'") == 0
    assert one("SELECT count(*) FROM visitors_visitor WHERE email NOT LIKE '%%.example'") == 0
    assert one("SELECT count(*) FROM access_user WHERE email NOT LIKE %s", f"%{DOMAIN}") == 0
    assert (
        one(
            "SELECT count(*) FROM programs_ledgerline WHERE kind = 'credit_days' AND pack NOT LIKE 'credit-us-hb%%'"
        )
        == 0
    )


def test_nobody_is_called_twice_and_no_room_is_used_twice(small: Build) -> None:  # noqa: F811
    assert one("SELECT count(*) FROM programs_call WHERE status = 'called'") > 500
    assert (
        one(
            "SELECT count(*) FROM programs_call a JOIN programs_call b ON a.participant_id = b.participant_id"
            " AND a.id < b.id AND a.during && b.during AND a.status = 'called' AND b.status = 'called'"
        )
        == 0
    )
    assert (
        one(
            "SELECT count(*) FROM programs_session a JOIN programs_session b ON a.room_id = b.room_id AND a.id < b.id"
            " AND a.during && b.during AND a.status <> 'cancelled' AND b.status <> 'cancelled'"
        )
        == 0
    )


def test_those_who_must_be_kept_apart_are_never_called_together(small: Build) -> None:  # noqa: F811
    assert one("SELECT count(*) FROM people_keepapart") > 0
    together = (
        "SELECT count(*) FROM people_keepapart k JOIN programs_call a ON a.participant_id = k.first_id"
        " JOIN programs_call b ON b.participant_id = k.second_id AND b.session_id = a.session_id"
    )
    assert one(together) == 0
    met = (
        "SELECT count(*) FROM visitors_visitorkeepapart k JOIN programs_call a"
        " ON a.participant_id = k.participant_id JOIN programs_facilitator f ON f.session_id = a.session_id"
        " AND f.visitor_id = k.visitor_id"
    )
    assert one(met) == 0


def test_counters_say_what_the_rows_say(small: Build) -> None:  # noqa: F811
    wrong = (
        "SELECT count(*) FROM programs_session s WHERE called <> (SELECT count(*) FROM programs_call c"
        " WHERE c.session_id = s.id AND c.status = 'called') OR recorded <> (SELECT count(*) FROM"
        " programs_attendance a WHERE a.session_id = s.id) OR attended <> (SELECT count(*) FROM"
        " programs_attendance a WHERE a.session_id = s.id AND a.minutes > 0)"
    )
    assert one(wrong) == 0
    seats = (
        "SELECT count(*) FROM programs_cohort c WHERE seats_taken <> (SELECT count(*) FROM programs_enrollment e"
        " WHERE e.cohort_id = c.id AND e.status <> 'ended')"
    )
    assert one(seats) == 0


def test_people_sit_only_where_they_were(small: Build) -> None:  # noqa: F811
    astray = (
        "SELECT count(*) FROM programs_enrollment e JOIN programs_cohort c ON c.id = e.cohort_id WHERE e.starts_on"
        " <= %s AND NOT EXISTS (SELECT 1 FROM people_stay s WHERE s.participant_id = e.participant_id"
        " AND s.facility_id = c.facility_id AND s.during @> e.starts_on)"
    )
    assert one(astray, small.today) == 0
    overrun = (
        "SELECT count(*) FROM programs_enrollment e JOIN people_profile p ON p.participant_id = e.participant_id"
        " JOIN programs_cohort c ON c.id = e.cohort_id JOIN places_facility f ON f.id = c.facility_id"
        " WHERE e.status <> 'ended' AND f.kind <> 'community_office' AND p.release_on < c.ends_on"
    )
    assert one(overrun) == 0


def test_sessions_keep_to_counts_and_movement(small: Build) -> None:  # noqa: F811
    zone = "America/New_York"
    hit = (
        "SELECT count(*) FROM programs_session s JOIN places_counttime t ON t.facility_id = s.facility_id"
        f" WHERE (s.starts_at AT TIME ZONE '{zone}')::time < t.starts + make_interval(mins => t.minutes)"
        f" AND (s.ends_at AT TIME ZONE '{zone}')::time > t.starts"
    )
    assert one(hit) == 0


@pytest.mark.parametrize("role", [each.value for each in RoleName])
def test_every_role_can_be_entered_by_a_click(small: Build, role: str, settings: object) -> None:  # noqa: F811
    settings.DEMO = True  # type: ignore[attr-defined]
    codes = rows("SELECT code FROM access_membership WHERE role = %s ORDER BY id", role)
    assert codes, f"nobody to be for {role}"
    browser = Client()
    assert browser.post(reverse("entry:become", args=codes[0])).status_code == 302
    answer = browser.get(reverse("entry:start"), follow=True)
    assert answer.status_code == 200
    assert "/be/" not in answer.request["PATH_INFO"] and "login" not in answer.request["PATH_INFO"]


def test_a_second_call_returns_at_once(small: Build, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    before = one("SELECT count(*) FROM people_participant")
    assert builder.main([]) == 0
    assert one("SELECT count(*) FROM people_participant") == before
    assert "/be/" in capsys.readouterr().out


def test_the_same_seed_and_day_make_the_same_people(
    small: Build,  # noqa: F811
    template_database: str,
    django_db_blocker: pytest.FixtureRequest,
) -> None:
    first = digest()
    with built(template_database, django_db_blocker, today=small.today, **SMALL):
        assert digest() == first
    assert Build(7, small.today).code() != Build(small.seed, small.today).code()
