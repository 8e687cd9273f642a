"""Every staff page answers every role as it should, hides what is not theirs, and stays cheap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from staff_world import STAFF_ROLES, World

from throughgate.access.permissions import Permission
from throughgate.access.roles import ROLES, RoleName

pytestmark = pytest.mark.django_db

Address = Callable[[World], str]


def at(name: str, **parts: Callable[[World], str]) -> Address:
    """An address whose parts come from the world."""
    return lambda world: reverse(f"staff:{name}", kwargs={key: part(world) for key, part in parts.items()})


def session(world: World) -> str:
    return world.coming.code


def cohort(world: World) -> str:
    return world.cohort.code


def program(world: World) -> str:
    return world.program.code


def person(world: World) -> str:
    return world.seated[0].code


def in_line(world: World) -> str:
    return world.waiting[0].code


def partner(world: World) -> str:
    return world.partner.code


def leader(world: World) -> str:
    return world.leader.code


def facility(world: World) -> str:
    return world.facility.code


def word(text: str) -> Callable[[World], str]:
    return lambda world: text


P = Permission
# Each page with the permission it needs (None: every member of staff).
PAGES: list[tuple[Permission | None, Address]] = [
    (None, at("today")),
    (None, at("week")),
    (None, at("find")),
    (None, at("session", code=session)),
    (None, at("session", code=lambda world: world.past.code)),
    (None, at("programs")),
    (None, at("program", code=program)),
    (None, at("cohort", code=cohort)),
    (None, at("partners")),
    (None, at("organization", code=partner)),
    (None, at("settings")),
    (None, at("facility", code=facility)),
    (None, at("rules")),
    (None, at("rule", kind=word("attendance"))),
    (None, at("team")),
    (P.MARK_ATTENDANCE, at("missing")),
    (P.VIEW_RESTRICTED, at("summary")),
    (P.VIEW_PEOPLE, at("people")),
    (P.VIEW_PEOPLE, at("person", code=person)),
    (P.VIEW_GATE_LIST, at("visitors")),
    (P.VIEW_GATE_LIST, at("visitors_expiring")),
    (P.VIEW_GATE_LIST, at("visitor", code=leader)),
    (P.VIEW_REPORTS, at("outcomes")),
    (P.VIEW_MESSAGES, at("messages")),
    (P.REVIEW_ACCESS, at("reviews")),
    (P.DECLARE_REGIME, at("regimes")),
    (P.MANAGE_SESSIONS, at("officers")),
    (P.MANAGE_SESSIONS, at("session_cancel", code=session)),
    (P.MANAGE_SESSIONS, at("session_undo", code=session)),
    (P.MANAGE_SESSIONS, at("session_move", code=session)),
    (P.MANAGE_SESSIONS, at("session_make_up", code=session)),
    (P.MANAGE_SESSIONS, at("session_staffing", code=session)),
    (P.MANAGE_SESSIONS, at("session_new", code=cohort)),
    (P.MANAGE_SESSIONS, at("cohort_make", code=cohort)),
    (P.MANAGE_SESSIONS, at("cohort_usual", code=cohort)),
    (P.MANAGE_PROGRAMS, at("program_new")),
    (P.MANAGE_PROGRAMS, at("program_edit", code=program)),
    (P.MANAGE_PROGRAMS, at("cohort_new", code=program)),
    (P.MANAGE_PROGRAMS, at("cohort_edit", code=cohort)),
    (P.MANAGE_PROGRAMS, at("cohort_slots", code=cohort)),
    (P.MANAGE_PROGRAMS, at("cohort_finish", code=cohort)),
    (P.MANAGE_WAITLIST, at("line", code=program)),
    (P.MANAGE_WAITLIST, at("cohort_seats", code=cohort)),
    (P.ENROLL, at("fill")),
    (P.ENROLL, at("cohort_seat", code=cohort, person=in_line)),
    (P.ENROLL, at("person_do", code=person, what=word("seat"))),
    (P.MANAGE_WAITLIST, at("person_do", code=person, what=word("line"))),
    (P.MOVE_PEOPLE, at("person_do", code=person, what=word("absence"))),
    (P.MOVE_PEOPLE, at("person_do", code=person, what=word("unit"))),
    (P.MOVE_PEOPLE, at("person_do", code=person, what=word("transfer"))),
    (P.MOVE_PEOPLE, at("person_do", code=person, what=word("release"))),
    (P.EDIT_PEOPLE, at("person_do", code=person, what=word("date"))),
    (P.EDIT_PEOPLE, at("person_do", code=person, what=word("need"))),
    (P.EDIT_PEOPLE, at("person_do", code=person, what=word("access-need"))),
    (P.EDIT_PEOPLE, at("person_do", code=person, what=word("consent"))),
    (P.EDIT_KEEP_APART, at("person_do", code=person, what=word("keep-apart"))),
    (P.EDIT_PEOPLE, at("register")),
    (P.BREAK_GLASS, at("emergency", code=person)),
    (P.MANAGE_VISITORS, at("visitor_new")),
    (P.MANAGE_VISITORS, at("visitor_edit", code=leader)),
    (P.MANAGE_VISITORS, at("clearance_grant", code=leader)),
    (P.EDIT_KEEP_APART, at("visitor_apart", code=leader)),
    (P.MANAGE_PARTNERS, at("organization_new")),
    (P.MANAGE_PARTNERS, at("organization_edit", code=partner)),
    (P.MANAGE_PARTNERS, at("agreement_new", code=partner)),
    (P.MANAGE_PARTNERS, at("service_new", code=partner)),
    (P.MANAGE_FACILITY, at("facility_edit", code=facility)),
    *[
        (P.MANAGE_FACILITY, at("furniture_new", code=facility, kind=word(kind)))
        for kind in ("units", "rooms", "counts", "windows", "closed-days")
    ],
]


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_every_page_answers_its_roles_and_refuses_the_others(world: World, role: RoleName) -> None:
    browser = world.as_role(role)
    may = ROLES[role].permissions
    wrong = []
    for permission, address in PAGES:
        url = address(world)
        expected = 200 if permission is None or permission in may else 403
        status = browser.get(url).status_code
        if status != expected:
            wrong.append((url, status, expected))
    assert wrong == []


@pytest.mark.parametrize("tab", ["programs", "sessions", "hours", "history", "looked"])
def test_the_tabs_of_a_person_are_for_those_who_see_restricted_facts(world: World, tab: str) -> None:
    url = reverse("staff:person_tab", args=[world.seated[0].code, tab])
    assert world.as_role(RoleName.CASE_MANAGER).get(url).status_code == 200
    assert world.as_role(RoleName.CONTROL).get(url).status_code == 404


def test_things_of_another_facility_are_not_found(world: World) -> None:
    browser = world.as_role(RoleName.COORDINATOR, facility=world.elsewhere)
    for address in (
        at("session", code=session),
        at("cohort", code=cohort),
        at("person", code=person),
        at("cohort_seats", code=cohort),
        at("session_cancel", code=session),
        at("facility", code=facility),
    ):
        assert browser.get(address(world)).status_code == 404


def test_names_and_dates_show_only_to_those_who_may_see_them(world: World) -> None:
    name = world.seated[0].last_name
    session_url = reverse("staff:session", args=[world.coming.code])
    assert name in text(world.as_role(RoleName.COORDINATOR).get(session_url))
    assert name not in text(world.as_role(RoleName.GATE).get(session_url))
    assert name not in text(world.as_role(RoleName.LEADERSHIP).get(session_url))
    person_url = reverse("staff:person", args=[world.seated[0].code])
    assert "Expected release" in text(world.as_role(RoleName.CASE_MANAGER).get(person_url))
    assert "Expected release" not in text(world.as_role(RoleName.CONTROL).get(person_url))


def test_keep_apart_orders_are_shown_to_two_roles_only(world: World) -> None:
    from throughgate.people.models import KeepApart

    first, second = sorted((world.seated[0], world.waiting[0]), key=lambda each: each.pk)
    KeepApart.objects.create(
        first=first,
        second=second,
        reason="threat",
        note="CANARY-APART",
        source="captain",
        starts_on=world.facility.today(),
    )
    url = reverse("staff:person", args=[world.seated[0].code])
    assert "CANARY-APART" in text(world.as_role(RoleName.CAPTAIN).get(url))
    assert "CANARY-APART" in text(world.as_role(RoleName.CLASSIFICATION).get(url))
    assert "CANARY-APART" not in text(world.as_role(RoleName.CASE_MANAGER).get(url))
    seat = reverse("staff:cohort_seat", args=[world.cohort.code, world.waiting[0].code])
    shown = text(world.as_role(RoleName.COORDINATOR).get(seat))
    assert "may not be in this cohort" in shown
    assert "CANARY-APART" not in shown
    assert world.seated[0].last_name not in shown


# Pages that are looked at all day: their queries do not grow with what they show.
@pytest.mark.parametrize(
    ("address", "most"),
    [
        (at("today"), 75),
        (at("week"), 35),
        (at("session", code=session), 45),
        (at("people"), 28),
        (at("person", code=person), 65),
        (at("programs"), 24),
        (at("cohort", code=cohort), 32),
        (at("cohort_seats", code=cohort), 45),
        (at("visitors"), 26),
        (at("partners"), 30),
    ],
)
def test_pages_stay_cheap(
    world: World, address: Address, most: int, django_assert_max_num_queries: Any
) -> None:
    browser = world.as_role(RoleName.COORDINATOR)
    browser.get(reverse("staff:settings"))
    with django_assert_max_num_queries(most):
        assert browser.get(address(world)).status_code == 200


def text(response: Any) -> str:
    return str(response.content.decode())


def test_a_stranger_is_sent_to_sign_in(world: World) -> None:
    response = Client().get(reverse("staff:person", args=[world.seated[0].code]))
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")
