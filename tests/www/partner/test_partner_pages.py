"""A partner sees its own sessions and people, marks attendance, and nothing of anybody else."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

import factories as make
from acting import signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.programs.models import Attendance, Session

pytestmark = pytest.mark.django_db


def arranged(people: int = 3, hours_ago: float = 2) -> tuple[Membership, Session]:
    place, org = make.facility(), make.organization()
    make.agreement(org, place)
    group = make.cohort(place, make.program(org, name="Parenting inside"), room=make.room(place), capacity=20)
    begins = timezone.now().astimezone(place.zone) - dt.timedelta(hours=hours_ago)
    session = Session.objects.create(
        cohort=group,
        facility=place,
        organization=org,
        room=group.room,
        starts_at=begins,
        ends_at=begins + dt.timedelta(hours=1),
    )
    for _ in range(people):
        make.enrollment(make.participant(place), group)
    return make.member(RoleName.PARTNER_LEAD, organization=org), session


@pytest.mark.parametrize(
    "address", ["", "sessions/", "participants/", "offers/", "team/", "agreements/", "results/"]
)
def test_every_door_opens(address: str) -> None:
    lead, _ = arranged()
    assert signed_in(lead).get(f"/partner/{address}").status_code == 200


def test_marking_everyone_takes_one_post() -> None:
    lead, session = arranged(15)
    browser = signed_in(lead)
    codes = list(session.calls.order_by("id").values_list("participant__code", flat=True))
    response = browser.post(f"/partner/sessions/{session.code}/", {f"m-{code}": "attended" for code in codes})
    assert response.status_code == 302
    assert Attendance.objects.filter(code="attended").count() == 15
    session.refresh_from_db()
    assert (session.recorded, session.attended) == (15, 15)


def test_a_refused_mark_keeps_what_was_typed() -> None:
    lead, session = arranged(1)
    code = session.calls.get().participant.code
    response = signed_in(lead).post(
        f"/partner/sessions/{session.code}/", {f"m-{code}": "refused", f"n-{code}": ""}
    )
    assert response.status_code == 409
    assert b'value="refused" data-letter="r" checked' in response.content
    assert not Attendance.objects.exists()


def test_another_partner_finds_nothing() -> None:
    _, session = arranged()
    other = make.member(RoleName.PARTNER_LEAD, organization=make.organization())
    assert signed_in(other).get(f"/partner/sessions/{session.code}/").status_code == 404
    name = session.calls.order_by("id")[0].participant.last_name
    assert name.encode() not in signed_in(other).get("/partner/participants/").content


def test_reading_names_is_written_down() -> None:
    lead, session = arranged()
    signed_in(lead).get(f"/partner/sessions/{session.code}/")
    with connections["audit"].cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'tg_auditor', true)")
        cursor.execute("SELECT count FROM audit_read WHERE view = 'partner:session' ORDER BY id DESC LIMIT 1")
        assert cursor.fetchone() == (3,)


def test_the_calendar_names_no_person_and_ends_with_the_membership() -> None:
    lead, session = arranged(hours_ago=-20)
    page = signed_in(lead).get("/partner/").content.decode()
    address = page.split("/partner/calendar/")[1].split(".ics")[0]
    feed = Client().get(f"/partner/calendar/{address}.ics")
    assert b"Parenting inside" in feed.content
    for call in session.calls.order_by("id"):
        assert call.participant.last_name.encode() not in feed.content
    Membership.objects.filter(pk=lead.pk).update(ends_at=lead.starts_at)
    assert Client().get(f"/partner/calendar/{address}.ics").status_code == 404
    assert Client().get("/partner/calendar/forged.ics").status_code == 404


def test_what_is_missing_is_told_in_words() -> None:
    lead, _ = arranged(hours_ago=-20)
    page = signed_in(lead).get("/partner/").content.decode()
    assert "Reason(" not in page
    assert "code=" not in page


def test_ending_a_colleague_needs_the_lead_and_takes_effect_at_once() -> None:
    lead, _ = arranged()
    colleague = make.member(RoleName.PARTNER_STAFF, organization=lead.organization)
    theirs = signed_in(colleague)
    assert theirs.post(f"/partner/team/{lead.code}/end/").status_code == 403
    assert signed_in(lead).post(f"/partner/team/{colleague.code}/end/").status_code == 302
    assert theirs.get("/partner/").status_code == 302


def test_the_paper_roster_prints() -> None:
    lead, session = arranged()
    response = signed_in(lead).post(f"/partner/sessions/{session.code}/roster/")
    assert response.content.startswith(b"%PDF")
