"""A visitor sees where they stand and whether the next visit is on, and never a participant."""

from __future__ import annotations

import datetime as dt

import pytest

import factories as make
from acting import signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.programs.models import Session, SessionStatus
from throughgate.visitors.models import ClearanceStatus

pytestmark = pytest.mark.django_db


def arranged() -> tuple[Membership, Session]:
    place = make.facility()
    me = make.visitor(place)
    group = make.cohort(place, make.program(name="Chess"))
    session = make.session(group, make.TODAY + dt.timedelta(days=2))
    session.facilitators.create(visitor=me)
    make.enrollment(make.participant(place, last_name="Hiddenname"), group)
    return make.member(RoleName.VISITOR, visitor=me), session


@pytest.mark.parametrize("address", ["", "visits/", "requirements/", "hours/"])
def test_every_door_opens_and_names_no_participant(address: str) -> None:
    member, _ = arranged()
    page = signed_in(member).get(f"/visitor/{address}")
    assert page.status_code == 200
    assert b"Hiddenname" not in page.content


def test_the_next_visit_is_on_until_it_is_cancelled() -> None:
    member, session = arranged()
    browser = signed_in(member)
    assert b"It is on" in browser.get("/visitor/").content
    session.status, session.reason, session.public_words = SessionStatus.CANCELLED, "lockdown", "Lockdown"
    session.save()
    assert b"You need not travel" in browser.get("/visitor/").content


def test_a_suspended_clearance_shows_at_once() -> None:
    member, _ = arranged()
    browser = signed_in(member)
    assert b"You may come in" in browser.get("/visitor/requirements/").content
    assert member.visitor is not None
    member.visitor.clearances.update(status=ClearanceStatus.SUSPENDED)
    assert b"You may come in" not in browser.get("/visitor/requirements/").content
