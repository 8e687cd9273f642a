"""Every address is guarded, and answers every role as its guard says ([G-1]).

The test walks the address table, so a new page is in it without anybody's doing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

import factories as make
from acting import signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import ROLES, RoleName
from throughgate.base.scope import Audience

pytestmark = pytest.mark.django_db

# Addresses without a guard of ours: sign-in (its own role), the language switch, health checks.
OTHERS = ("account/", "i18n/", "healthz", "readyz", "metrics")
# What a guarded page may answer to someone it is meant for: shown, sent on, wrong method, or refused in words.
MEANT = {200, 302, 400, 403, 404, 405, 409}


def addresses() -> Iterator[tuple[str, URLPattern]]:
    """Every address with its pattern, as "staff/week/" or "staff/sessions/<str:code>/"."""

    def walk(prefix: str, patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, URLPattern]]:
        for each in patterns:
            if isinstance(each, URLResolver):
                yield from walk(prefix + str(each.pattern), each.url_patterns)
            else:
                yield prefix + str(each.pattern), each

    yield from walk("", get_resolver().url_patterns)


@cache
def ours() -> tuple[tuple[str, URLPattern], ...]:
    return tuple((path, pattern) for path, pattern in addresses() if not path.startswith(OTHERS))


def test_no_address_is_without_a_guard() -> None:
    bare = [path for path, pattern in ours() if not hasattr(pattern.callback, "audiences")]
    assert bare == []


def member_of(role: RoleName) -> Membership:
    place = make.facility()
    audience = ROLES[role].audience
    if audience in {Audience.PARTNER, Audience.EMPLOYER}:
        return make.member(role, organization=make.organization())
    if audience == Audience.PARTICIPANT:
        return make.member(role, participant=make.participant(place))
    if audience == Audience.VISITOR:
        return make.member(role, visitor=make.visitor(place))
    return make.member(role, facility=place)


@cache
def fillings() -> dict[str, str]:
    """For addresses with a part to fill: a code of something that nobody here may see."""
    return {"code": "ZZZZZZZ2", "kind": "gate"}


def filled(path: str) -> str:
    """An address with its open parts filled by a code that leads nowhere."""
    pieces = path.split("<")
    out = [pieces[0]]
    for piece in pieces[1:]:
        kind, rest = piece.split(">", 1)
        converter, _, name = kind.rpartition(":")
        value = (
            "1"
            if converter == "int"
            else "2027-01-04"
            if converter == "date"
            else fillings().get(name, "ZZZZZZZ2")
        )
        out.append(value + rest)
    return "/" + "".join(out).replace("^", "").replace("$", "").replace("\\Z", "")


@pytest.mark.parametrize("role", list(RoleName))
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_role_gets_what_the_guard_says(role: RoleName, method: str) -> None:
    member = member_of(role)
    browser = signed_in(member)
    audience = ROLES[role].audience
    wrong = []
    for path, pattern in ours():
        meant: tuple[Audience, ...] = getattr(pattern.callback, "audiences", ())
        response = getattr(browser, method)(filled(path))
        if audience in meant or Audience.PUBLIC in meant:
            fine = response.status_code in MEANT
        else:
            fine = response.status_code in {404, 405}
        if not fine:
            wrong.append((path, response.status_code))
    assert wrong == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_sent_to_sign_in(method: str) -> None:
    wrong = []
    for path, pattern in ours():
        if Audience.PUBLIC in getattr(pattern.callback, "audiences", ()):
            continue
        response = getattr(Client(), method)(filled(path))
        if response.status_code not in {302, 405} or (
            response.status_code == 302 and not response["Location"].startswith("/account/login/")
        ):
            wrong.append((path, response.status_code))
    assert wrong == []


@pytest.mark.parametrize("state", ["ended", "not yet", "user closed"])
def test_a_membership_that_does_not_hold_is_a_stranger(state: str) -> None:
    member = member_of(RoleName.COORDINATOR)
    browser = signed_in(member)
    if state == "user closed":
        member.user.is_active = False
        member.user.save()
    else:
        field = "ends_at" if state == "ended" else "starts_at"
        moment = member.starts_at if state == "ended" else member.starts_at.replace(year=2099)
        type(member).objects.filter(pk=member.pk).update(**{field: moment})
    for path, pattern in ours():
        if Audience.PUBLIC not in getattr(pattern.callback, "audiences", ()):
            assert browser.get(filled(path)).status_code in {302, 405}, path
