"""A participant's own pages: my place in line, my papers, and who sees me. In two languages."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

import factories as make
from acting import acting, signed_in
from throughgate.access.models import AccessGrant, Membership
from throughgate.access.roles import RoleName
from throughgate.people.actions.apart import add_keep_apart
from throughgate.people.models import Consent, Participant
from throughgate.people.queries.page import Looker
from throughgate.programs.models import WaitlistEntry
from throughgate.www.participant.looks import looks

pytestmark = pytest.mark.django_db


def arranged() -> tuple[Membership, Participant]:
    place = make.facility()
    me = make.participant(place)
    group = make.cohort(place, make.program(make.organization(), name="Welding"), capacity=20)
    make.session(group)
    make.enrollment(me, group)
    return make.member(RoleName.PARTICIPANT, participant=me), me


@pytest.mark.parametrize("address", ["", "line/", "goals/", "papers/", "sharing/", "ask/"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_door_opens_in_both_languages(address: str, language: str) -> None:
    member, _ = arranged()
    member.user.language = language
    member.user.save()
    response = signed_in(member).get(f"/me/{address}")
    assert response.status_code == 200
    assert f'lang="{language}"'.encode() in response.content


def test_my_week_shows_my_call_and_nobody_elses() -> None:
    member, me = arranged()
    other = make.participant(me.facility)
    make.enrollment(other, make.cohort(me.facility, make.program(name="Choir")))
    page = signed_in(member).get("/me/").content.decode()
    assert "Welding" in page
    assert "Choir" not in page
    assert other.last_name not in page


def test_asking_standing_in_line_and_leaving_it() -> None:
    member, me = arranged()
    wanted = make.program(name="Barbering")
    make.cohort(me.facility, wanted)
    browser = signed_in(member)
    assert browser.post("/me/ask/", {"program": wanted.code}).status_code == 302
    entry = WaitlistEntry.objects.get(participant=me)
    assert "Barbering" in browser.get("/me/line/").content.decode()
    again = browser.post("/me/ask/", {"program": wanted.code})
    assert again.status_code == 409
    assert browser.post(f"/me/line/{entry.code}/keep/").status_code == 302
    assert browser.post(f"/me/line/{entry.code}/leave/").status_code == 302
    entry.refresh_from_db()
    assert entry.status == "withdrawn"


def test_nobody_steps_in_anothers_line() -> None:
    member, me = arranged()
    entry = WaitlistEntry.objects.create(
        participant=make.participant(me.facility),
        program=make.program(),
        requested_on=make.TODAY,
        confirmed_on=make.TODAY,
        requested_by="self",
    )
    assert signed_in(member).post(f"/me/line/{entry.code}/leave/").status_code == 404


def test_a_consent_taken_back_closes_what_it_opened_at_once() -> None:
    member, me = arranged()
    clinic = make.organization(name="Clinic")
    consent = Consent.objects.create(
        participant=me,
        organization=clinic,
        recipient_words="Clinic",
        purpose="care",
        what="my name",
        tier=1,
        form_version="1",
        text_sha256="0" * 64,
        language="en",
        channel="paper",
        witness="A. Person",
        expires_at=timezone.now() + dt.timedelta(days=30),
    )
    AccessGrant.objects.create(
        organization=clinic,
        participant=me,
        tier=1,
        purpose="care",
        basis="consent",
        basis_ref=consent.code,
        valid=(timezone.now() - dt.timedelta(days=1), None),
    )
    theirs = make.member(RoleName.PARTNER_STAFF, organization=clinic)
    with acting(theirs):
        assert Participant.objects.count() == 1
    assert signed_in(member).post(f"/me/sharing/{consent.code}/revoke/").status_code == 302
    with acting(theirs):
        assert Participant.objects.count() == 0


def test_who_has_looked_is_told_in_words() -> None:
    zone = ZoneInfo("America/New_York")
    noon = dt.datetime(2026, 5, 4, 16, tzinfo=dt.UTC)

    def row(kind: str, what: str, fields: str, hour: int = 0, role: str = "Case manager") -> Looker:
        return Looker(noon - dt.timedelta(hours=hour), kind, "Ada Cole", role, what, fields)

    told = looks(
        [
            row("read", "staff:person", "release date, needs, attendance"),
            row("write", "people_profile", "release_on", 1),
            row("write", "people_keepapart", "reason", 1),
            row("write", "programs_ledgerline", "quantity", 1, role=""),
            row("read", "staff:apart", "keep-apart orders with visitors", 1, role="Captain, security"),
            row("read", "staff:people", "name, attendance", 2),
            row("read", "staff:person", "emergency: a fight in the unit", 30),
        ],
        zone,
        10,
    )
    assert [(look.role, look.seen, look.changed) for look in told] == [
        ("Case manager", ["release date", "needs", "attendance", "name"], ["profile"]),
        ("Captain, security", ["your record"], []),
        ("Case manager", ["your record, opened in an emergency"], []),
    ]
    assert len(looks([row("read", "x", "name", 24 * day) for day in range(9)], zone, 4)) == 4


def test_a_look_at_my_record_shows_and_tells_nothing_of_security() -> None:
    member, me = arranged()
    other = make.participant(me.facility)
    with acting(make.member(RoleName.CAPTAIN, facility=me.facility)) as by:
        add_keep_apart(by=by, first=me, second=other, reason="threat", source="said so")
    page = signed_in(member).get("/me/sharing/").content.decode()
    assert "Who has looked" in page
    for secret in ("keep", "apart", "restricted", "_id"):
        assert secret not in page.split("<main")[1].split("</main>")[0], secret


def test_my_week_prints() -> None:
    member, _ = arranged()
    assert signed_in(member).post("/me/slip/").content.startswith(b"%PDF")
