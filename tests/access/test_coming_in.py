"""Signing in, staying signed in, and what people without a role or a second factor reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

import factories as make
from acting import signed_in
from throughgate.access.roles import RoleName
from throughgate.policies import library

pytestmark = pytest.mark.django_db


def test_health_answers_without_anybody() -> None:
    assert Client().get("/healthz").json() == {"ok": True}
    assert Client().get("/readyz").json() == {"ok": True}


def test_numbers_for_monitoring_name_nobody_and_stay_on_this_machine() -> None:
    make.participant(make.facility(), last_name="Hiddenname")
    page = Client().get("/metrics").content.decode()
    assert "throughgate_audit_rows_unsealed" in page
    assert len(page.splitlines()) >= 10
    assert "Hiddenname" not in page
    assert Client(REMOTE_ADDR="192.0.2.7").get("/metrics").status_code == 403


def test_a_stranger_is_sent_to_sign_in() -> None:
    response = Client().get("/start/")
    assert response.status_code == 302
    assert response["Location"] == "/account/login/"


def test_the_sign_in_page_shows_and_signing_up_is_closed() -> None:
    assert b"password" in Client().get("/account/login/").content
    assert b"password1" not in Client().get("/account/signup/").content


def test_without_a_second_factor_staff_reach_only_its_set_up() -> None:
    browser = signed_in(make.member(RoleName.COORDINATOR, facility=make.facility()))
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password"}]
    session.save()
    response = browser.get("/start/")
    assert response.status_code == 302
    assert response["Location"].startswith("/account/2fa/")


def test_personas_exist_only_in_the_demonstration(settings: pytest.FixtureRequest) -> None:
    assert Client().get("/be/").status_code == 404
    settings.DEMO = True  # type: ignore[attr-defined]
    assert Client().get("/be/").status_code == 200


def test_a_click_becomes_a_marked_persona_and_nobody_else(settings: pytest.FixtureRequest) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    place = make.facility()
    marked = make.member(RoleName.COORDINATOR, facility=place)
    marked.user.email = "dana@demo.throughgate.invalid"
    marked.user.save()
    other = make.member(RoleName.COORDINATOR, facility=place)
    assert Client().post(f"/be/{other.code}/").status_code == 404
    browser = Client()
    assert browser.post(f"/be/{marked.code}/").status_code == 302
    assert browser.get("/start/").status_code == 302


@pytest.mark.parametrize(("field", "ago"), [("begun", 13 * 3600), ("last", 31 * 60)])
def test_sessions_end_after_half_an_hour_idle_and_twelve_hours(field: str, ago: int) -> None:
    browser = signed_in(make.member(RoleName.COORDINATOR, facility=make.facility()))
    session = browser.session
    session[field] = session.get(field, 0) - ago if field in session else 1
    session.save()
    assert browser.get("/start/")["Location"] == "/account/login/"


def test_a_deployments_own_pack_says_how_long_a_sign_in_lasts(
    settings: pytest.FixtureRequest, tmp_path: Path
) -> None:
    shipped = Path(library.__file__).parent / "packs" / "sign-in" / "default.toml"
    own = shipped.read_text(encoding="utf-8").replace('id = "sign-in-default"', 'id = "sign-in-own"')
    own = own.replace("version = 1", 'version = 1\nreplaces = ["sign-in-default"]')
    own = own.replace("idle_minutes = 30", "idle_minutes = 5")
    own = own.replace('["staff", "partner", "visitor", "employer"]', '["partner"]')
    (tmp_path / "sign-in").mkdir()
    (tmp_path / "sign-in" / "own.toml").write_text(own, encoding="utf-8")
    member = make.member(RoleName.COORDINATOR, facility=make.facility())
    settings.POLICY_DIR = str(tmp_path)  # type: ignore[attr-defined]
    library.reload()
    try:
        browser = signed_in(member)
        session = browser.session
        session["account_authentication_methods"] = [{"method": "password"}]
        session.save()
        assert browser.get("/switch/").status_code == 200  # this pack asks staff for no second factor
        session = browser.session
        session["last"] = session["last"] - 6 * 60
        session.save()
        assert browser.get("/start/")["Location"] == "/account/login/"
    finally:
        settings.POLICY_DIR = ""  # type: ignore[attr-defined]
        library.reload()


def test_the_auditor_needs_a_second_factor_though_no_pack_names_them() -> None:
    browser = signed_in(make.member(RoleName.AUDITOR, agency_wide=True))
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password"}]
    session.save()
    assert browser.get("/audit/")["Location"].startswith("/account/2fa/")


def test_pages_of_someone_signed_in_are_kept_by_no_cache() -> None:
    browser = signed_in(make.member(RoleName.COORDINATOR, facility=make.facility()))
    assert "no-store" in browser.get("/switch/")["Cache-Control"]
