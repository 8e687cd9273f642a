"""No-account links: one purpose, one answer, an end; looking changes nothing; what is kept leads nowhere."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base import links, scope
from throughgate.base.errors import Refused
from throughgate.base.links.models import Link
from throughgate.base.outbox.actions import deliver, send
from throughgate.base.outbox.models import Message
from throughgate.base.scope import Audience, Context

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _answers() -> Iterator[None]:
    """A view that writes on every request it gets: on GET the database itself must refuse that."""
    cache.clear()

    @links.answers("test greet")
    def greet(request: HttpRequest, link: links.Followed) -> HttpResponse:
        if request.method == "POST":
            link.spend()
            return HttpResponse(f"thanks {link.subject}")
        return HttpResponse(f"hello {link.subject}")

    @links.answers("test greedy")
    def greedy(request: HttpRequest, link: links.Followed) -> HttpResponse:
        link.spend()
        return HttpResponse("spent by looking")

    yield
    links.ANSWERS.pop("test greet")
    links.ANSWERS.pop("test greedy")
    cache.clear()


def test_a_link_is_shown_often_and_answered_once() -> None:
    path = links.offer(purpose="test greet", subject="ABC", days=3)
    browser = Client(enforce_csrf_checks=True)
    for _ in range(3):
        assert browser.get(path).content == b"hello ABC"
        assert browser.head(path).status_code == 200
    assert browser.post(path).content == b"thanks ABC"
    for answer in (browser.get(path), browser.post(path)):
        assert answer.status_code == 410
        assert "already used" in answer.content.decode()


def test_a_link_for_many_uses_stays_open_until_its_day() -> None:
    path = links.offer(purpose="test greet", subject="ABC", days=3, single_use=False)
    assert [Client().post(path).status_code for _ in range(3)] == [200, 200, 200]
    Link.objects.update(recorded_at=timezone.now() - 4 * DAY, expires_at=timezone.now() - DAY)
    answer = Client().get(path)
    assert answer.status_code == 410
    assert "new link" in answer.content.decode()


def test_looking_cannot_write_whatever_the_view_tries() -> None:
    path = links.offer(purpose="test greedy", subject="ABC", days=3)
    row = Link.objects.get()
    with pytest.raises(DatabaseError), scope.public(readonly=True):
        found = links.find(path.split("/")[2])
        assert isinstance(found, links.Followed)
        found.spend()
    row.refresh_from_db()
    assert row.used_at is None


@pytest.mark.parametrize("token", ["x", "A" * 32, "é" * 32, "A" * 500, "..", "%00" * 4])
def test_an_unknown_link_says_what_to_do(token: str) -> None:
    answer = Client().get(f"/l/{token}/")
    assert answer.status_code == 404


def test_a_withdrawn_link_says_that_it_was_settled() -> None:
    path = links.offer(purpose="test greet", subject="ABC", days=3)
    other = links.offer(purpose="test greet", subject="DEF", days=3)
    assert links.withdraw(purpose="test greet", subject="ABC") == 1
    assert "settled another way" in Client().get(path).content.decode()
    assert Client().get(other).status_code == 200


def test_only_a_hash_is_kept_and_no_page_tells_the_address_on() -> None:
    path = links.offer(purpose="test greet", subject="ABC", days=3)
    token = path.split("/")[2]
    row = Link.objects.get()
    assert token not in str(row.__dict__)
    assert links.hash_of(token) == row.token_hash
    answer = Client().get(path)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]


def test_two_answers_at_once_are_one() -> None:
    path = links.offer(purpose="test greet", subject="ABC", days=3)
    first = links.find(path.split("/")[2])
    second = links.find(path.split("/")[2])
    assert isinstance(first, links.Followed)
    assert isinstance(second, links.Followed)
    first.spend()
    with pytest.raises(Refused, match="already used"):
        second.spend()


@pytest.mark.parametrize("audience", [each for each in Audience if each != Audience.JOB])
def test_no_audience_reads_the_table(audience: Audience) -> None:
    links.offer(purpose="test greet", subject="ABC", days=3)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        scope.enter(Context(audience=audience)),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM links_link")


def test_a_coordinator_follows_a_link_as_anybody_would() -> None:
    member = make.member(RoleName.COORDINATOR, facility=make.facility())
    path = links.offer(purpose="test greet", subject="ABC", days=3)
    with acting(member):
        found = links.find(path.split("/")[2])
    assert isinstance(found, links.Followed)


def test_knocking_without_end_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("throughgate.base.limits.now", lambda: 1_000_000_000.0)
    monkeypatch.setattr("throughgate.www.entry.follow.MOST_A_MINUTE", 8)
    browser = Client()
    answers = [browser.get(f"/l/{'A' * 32}/").status_code for _ in range(11)]
    assert answers == [404] * 8 + [429] * 3


def test_a_link_of_no_days_or_of_years_is_a_mistake_of_ours() -> None:
    for days in (0, -1, 401):
        with pytest.raises(ValueError, match="days"):
            links.offer(purpose="test greet", subject="ABC", days=days)


def test_what_is_kept_of_a_mail_holds_no_working_link(mailoutbox: list[object]) -> None:
    path = links.offer(purpose="test greet", subject="ABC", days=3)
    data = {"program": links.address(path), "place": "x", "before": "x", "when": "x", "room": "x"}
    send(key="k", address="a@example.org", template="session_moved", data=data)
    message = Message.objects.get()
    deliver(code=message.code)
    message.refresh_from_db()
    assert not re.search(links.IN_TEXT, message.body + str(message.data))
    assert links.HIDDEN in message.body
    assert path in mailoutbox[0].body  # type: ignore[attr-defined]
