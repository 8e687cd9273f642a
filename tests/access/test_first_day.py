"""The first day of an installation: founding the agency, coming in by link, inviting, handing over."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import pytest
from django.test import Client

import factories as make
from acting import signed_in
from throughgate.access.models import Membership, User
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.outbox.models import Message
from throughgate.base.trouble import Trouble
from throughgate.places.commands import begin
from throughgate.places.models import Agency, Facility

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
FOUNDING = [
    *("--agency", "Northern Department", "--zone", "America/Chicago", "--facility", "Pine Lake Facility"),
    *("--name", "Ada Munro", "--email", "Ada@agency.invalid"),
]


def path_of(text: str) -> str:
    found = re.search(r"https?://[\w.:]+/l/[\w-]+/", text)
    assert found is not None, text
    return urlsplit(found[0]).path


def newest(address: str) -> Message:
    with scope.system("test", readonly=True):
        return Message.objects.filter(address=address).latest("id")


def test_begin_founds_the_agency_and_its_link_leads_to_a_password_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert begin(FOUNDING) == 0
    path = path_of(capsys.readouterr().out)
    with scope.system("test", readonly=True):
        assert Agency.objects.get().name == "Northern Department"
        assert Facility.objects.get().timezone == "America/Chicago"
        member = Membership.objects.select_related("user").get()
    assert (member.role, member.agency_wide, member.user.email) == (
        "administrator",
        True,
        "ada@agency.invalid",
    )
    visitor = Client()
    assert b"Ada Munro" in visitor.get(path).content
    weak = visitor.post(path, {"password": "short", "again": "other"})
    assert weak.status_code == 200
    assert b"too short" in weak.content
    assert b"passwords differ" in weak.content
    assert visitor.post(path, {"password": PASSWORD, "again": PASSWORD})["Location"] == "/account/login/"
    assert visitor.get(path).status_code == 410
    came = visitor.post("/account/login/", {"login": "ada@agency.invalid", "password": PASSWORD})
    assert came.status_code == 302
    assert visitor.get("/start/")["Location"].startswith("/account/2fa/")


def test_begin_refuses_a_second_agency_and_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Trouble, match="--zone"):
        begin(FOUNDING[:2])
    begin(FOUNDING)
    with pytest.raises(Trouble, match="an agency already"):
        begin(FOUNDING)
    with pytest.raises(Trouble, match="nobody with a role"):
        begin(["--link", "nobody@agency.invalid"])
    capsys.readouterr()
    begin(["--link", "ada@agency.invalid"])
    assert Client().get(path_of(capsys.readouterr().out)).status_code == 200


def test_an_administrator_invites_and_the_invited_come_in() -> None:
    place = make.facility()
    browser = signed_in(make.member(RoleName.ADMINISTRATOR, facility=place))
    facts = {"name": "Noor Haddad", "email": "noor@agency.invalid", "role": "coordinator"}
    assert browser.post("/staff/settings/team/invite/", facts)["Location"] == "/staff/settings/team/"
    page = browser.get("/staff/settings/team/").content.decode()
    assert "noor@agency.invalid" in page
    assert "invited" in page
    first = newest("noor@agency.invalid")
    assert first.template == "invitation"
    code = Membership.objects.get(person_name="Noor Haddad").code
    browser.post(f"/staff/settings/team/{code}/again/")
    assert Client().get(path_of(str(first.data))).status_code == 410  # only the newest link holds
    path = path_of(str(newest("noor@agency.invalid").data))
    Client().post(path, {"password": PASSWORD, "again": PASSWORD})
    with scope.system("test", readonly=True):
        assert User.objects.get(email="noor@agency.invalid").check_password(PASSWORD)
    refused = browser.post(f"/staff/settings/team/{code}/again/")
    assert b"chosen a password already" in refused.content


def test_a_role_is_handed_over_and_ended_with_a_reason() -> None:
    place = make.facility()
    browser = signed_in(make.member(RoleName.ADMINISTRATOR, facility=place))
    leaving = make.member(RoleName.COORDINATOR, facility=place)
    facts = {"name": "Eve Lund", "email": "eve@agency.invalid", "reason": "moved away"}
    browser.post(f"/staff/settings/team/{leaving.code}/hand-over/", facts)
    page = browser.get("/staff/settings/team/").content.decode()
    assert "Eve Lund" in page
    assert leaving.person_name not in page
    with scope.system("test", readonly=True):
        successor = Membership.objects.get(person_name="Eve Lund")
    assert b"required" in browser.post(f"/staff/settings/team/{successor.code}/end/", {"reason": ""}).content
    browser.post(f"/staff/settings/team/{successor.code}/end/", {"reason": "a mistake"})
    assert "eve@agency.invalid" not in browser.get("/staff/settings/team/").content.decode()


def test_giving_rights_asks_for_a_fresh_sign_in_and_loses_nothing_that_is_being_typed() -> None:
    browser = signed_in(make.member(RoleName.ADMINISTRATOR, facility=make.facility()))

    def signed(seconds_ago: float) -> None:
        session = browser.session
        session["account_authentication_methods"] = [{"method": "mfa", "at": time.time() - seconds_ago}]
        session.save()

    signed(600)
    answer = browser.get("/staff/settings/team/invite/")
    assert answer["Location"].startswith("/account/reauthenticate/?next=/staff/settings/team/invite/")
    facts = {"name": "Sam Roe", "email": "sam@agency.invalid", "role": "gate"}
    assert browser.post("/staff/settings/team/invite/", facts)["Location"] == "/staff/settings/team/"
    signed(3600)
    assert "/account/reauthenticate/" in browser.post("/staff/settings/team/invite/", facts)["Location"]


def test_who_does_not_keep_access_sees_names_and_roles_only() -> None:
    place = make.facility()
    make.member(RoleName.GATE, facility=place)
    browser = signed_in(make.member(RoleName.COORDINATOR, facility=place))
    page = browser.get("/staff/settings/team/").content.decode()
    assert "@" not in page.split("<main")[1].split("</main")[0]
    assert browser.get("/staff/settings/team/invite/").status_code == 403


def test_a_forgotten_password_is_answered_by_mail_with_a_link_used_once() -> None:
    member = make.member(RoleName.COORDINATOR, facility=make.facility())
    with scope.system("test", readonly=True):
        address = User.objects.get(pk=member.user_id).email
    Client().post("/account/password/reset/", {"email": address})
    path = path_of(str(newest(address).data))
    browser = Client()
    assert browser.post(path, {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert browser.get(path).status_code == 410


def test_the_whole_agency_is_set_up_by_who_works_for_all_of_it() -> None:
    place = make.facility()
    with scope.system("test"):
        Agency.objects.create(name="A", jurisdiction=place.jurisdiction, timezone=place.timezone)
    inside = signed_in(make.member(RoleName.ADMINISTRATOR, facility=place))
    assert inside.get("/staff/settings/agency/").status_code == 404
    assert inside.get("/staff/settings/facilities/new/").status_code == 404
    browser = signed_in(make.member(RoleName.ADMINISTRATOR, agency_wide=True))
    page = browser.get("/staff/settings/agency/").content.decode()
    assert "Your word for" in page
    facts = {
        "name": "Elm House",
        "short_name": "Elm",
        "kind": "prison",
        "population": "all",
        "jurisdiction": place.jurisdiction,
        "timezone": place.timezone,
    }
    assert browser.post("/staff/settings/facilities/new/", facts)["Location"] == "/staff/settings/"
    assert "Elm House" in browser.get("/staff/settings/").content.decode()
