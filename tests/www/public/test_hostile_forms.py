"""Hostile posts at every public form: spam, floods, control characters, lies, bombs, wrong encodings.

Only clear answers may come back: never an error of ours. Some hundreds every day; the full strength of 10,000
with ``THROUGHGATE_HOSTILE=10000``.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

import factories as make
from throughgate.base.bodies import plain_type
from throughgate.base.uploads.models import Upload
from throughgate.partners.enquiries import actions, arriving
from throughgate.partners.models import Enquiry, EnquiryDraft, EnquiryMessage

pytestmark = pytest.mark.django_db
STRENGTH = int(os.environ.get("THROUGHGATE_HOSTILE", "300"))
CLEAR = {200, 302, 400, 404, 405, 409, 410, 413, 429}
FORM = "application/x-www-form-urlencoded"

ODD = (
    "", " ", "\x00", "a\x00b", "\x1b[31m", "\x7f", "\u202egnp.exe", "\ufeff", "\u200b" * 50, "\ud7ff", "ﷺ" * 300,
    "𝕳" * 200, "Z̸̡̢͕͇" * 100, "<script>alert(1)</script>", "{{ 7*7 }}", "{% load x %}", "%s%n%x", "../../../etc/passwd",
    "'; DROP TABLE partners_enquiry; --", "\\", "\r\nBcc: all@example.org", "A" * 5000, "A" * 200_000, "0x41", "-1",
    "1e309", "NaN", "null", "true", "[]", "{}", "９９９", "javascript:alert(1)", "http://[::1", "\t" * 1000,
    "buy SEO backlinks casino viagra http://a http://b http://c http://d",
)  # fmt: skip
FIELDS = (
    "organization_name", "organization_kind", "city", "website", "offer", "needs", "for_whom", "languages", "evidence",
    "facility", "how_often", "when", "cost", "conflict", "name", "email", "phone", "language", "heard", "roles",
    "about", "adult", "mode", "times", "sector", "work", "jobs", "starts", "hours", "text", "file", "do",
    "step", "company_fax",
)  # fmt: skip


def bomb(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", b"0" * size)
    return out.getvalue()


BOMB, GZIP = bomb(3_000_000), gzip.compress(b"0" * 3_000_000)
FILES = (
    ("a.pdf", BOMB, "application/pdf"), ("a.zip", BOMB, "application/zip"), ("a.txt", GZIP, "text/plain"),
    ("a.png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 64, "image/png"), ("a.jpg", b"\xff\xd8\xff" + b"\0" * 64, "image/jpeg"),
    ("a.pdf", b"%PDF-1.7 /JavaScript %%EOF", "application/pdf"), ("a.svg", b"<svg onload=alert(1)>", "image/svg+xml"),
    ("a.html", b"<script>", "text/html"), ("", b"", ""), ("../../x.pdf", b"MZ\x90\0", "application/pdf"),
    ("a" * 3000 + ".pdf", b"%PDF-", "application/pdf"), ("a\x00.pdf", b"text", "text/plain"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()
    make.facility()


@pytest.fixture
def doors() -> list[str]:
    """Every place that takes a form from a stranger."""
    draft = Client().post("/get-involved/organization/", {
        "organization_name": "X", "organization_kind": "nonprofit", "city": "Y",
    })["Location"].split("?")[0]  # fmt: skip
    row = arriving.arrive(
        kind="individual", facility=None, name="Ada", email="a@b.org", phone="", language="en",
        organization_name="", needs=[], answers={}, free_texts=["Hello"], sender="", seconds=100,
    )  # fmt: skip
    return [
        "/get-involved/organization/", "/get-involved/individual/", "/get-involved/employer/", "/get-involved/x/",
        draft, *(f"{draft}?step={step}" for step in ("2", "3", "4", "5", "9", "later", "-1", "%00", "١")),
        actions.status_path(row), "/l/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/", "/i18n/setlang/",
    ]  # fmt: skip


def fields(dice: random.Random) -> dict[str, Any]:
    return {name: dice.choice(ODD) for name in dice.sample(FIELDS, dice.randrange(1, 20))}


def plain(browser: Client, door: str, dice: random.Random) -> Any:
    return browser.post(door, fields(dice))


def with_file(browser: Client, door: str, dice: random.Random) -> Any:
    name, content, declared = dice.choice(FILES)
    file = SimpleUploadedFile(name or "x", content, declared)
    return browser.post(door, {"text": "Hello", **fields(dice), "file": file})


def raw(browser: Client, door: str, dice: random.Random) -> Any:
    body = bytes(dice.randrange(256) for _ in range(dice.randrange(400)))
    declared = dice.choice((
        FORM, f"{FORM}; charset=hex", f"{FORM}; charset=utf-16", f"{FORM}; charset=\x01", "text/plain", "",
        "multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=" + "y" * 300,
        "application/json", "a/b" * 500,
    ))  # fmt: skip
    return browser.generic("POST", door, body, content_type=declared)


def torn(browser: Client, door: str, dice: random.Random) -> Any:
    """A form of several parts that says things of itself which are not so."""
    charset = dice.choice(("", "; charset=hex", "; charset=rot13", "; charset=utf-7", "; charset=nonsense"))
    encoding = dice.choice(("base64", "quoted-printable", "binary", "x"))
    name = dice.choice(("text", "file", "na\x00me", "a" * 2000, "\xff"))
    called = dice.choice(("a.pdf", "", "..", "a\\b"))
    part = (
        f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{called}"\r\n'
        f"Content-Type: {dice.choice(('text/plain', 'application/pdf', '///'))}{charset}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n{dice.choice(ODD)}\r\n"
    ).encode("utf-8", "replace")
    body = part * dice.randrange(1, 5) + dice.choice((b"--x--\r\n", b"--x", b""))
    return browser.generic("POST", door, body, content_type=f"multipart/form-data; boundary=x{charset}")


def many(browser: Client, door: str, dice: random.Random) -> Any:
    count = dice.choice((50, 1500))
    pairs = [(dice.choice(FIELDS), str(number)) for number in range(count)]
    return browser.generic("POST", door, urlencode(pairs).encode(), content_type=FORM)


def bytes_of_nobody(browser: Client, door: str, dice: random.Random) -> Any:
    """Fields in encodings that are not ours."""
    text = dice.choice(("señora", "日本", "\u202e")).encode(dice.choice(("utf-16", "utf-8", "utf-32")))
    return browser.generic(
        "POST", door, b"name=" + text + b"&offer=%FF%FE%00&email=%C0%AF", content_type=FORM
    )


ATTACKS: tuple[Callable[[Client, str, random.Random], Any], ...] = (
    plain, plain, with_file, raw, torn, many, bytes_of_nobody,
)  # fmt: skip


def test_hostile_posts_get_clear_answers_and_nothing_else(
    doors: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each attack reaches the forms: the brake on floods has a test of its own below.
    monkeypatch.setattr("throughgate.www.public.involved.too_fast", lambda request: False)
    monkeypatch.setattr("throughgate.www.public.answers.too_fast", lambda request: False)
    monkeypatch.setattr("throughgate.www.entry.follow.MOST_A_MINUTE", 10**9)
    dice, seen, wrong = random.Random(20261122), Counter[int](), []
    browser = Client(raise_request_exception=False)
    # As the server runs it: names of encodings are judged before the framework sees them.
    inner = browser.handler
    browser.handler = lambda environ: inner(  # type: ignore[assignment,method-assign]
        {**environ, "CONTENT_TYPE": plain_type(environ.get("CONTENT_TYPE", ""))}
    )
    for number in range(STRENGTH):
        attack, door = dice.choice(ATTACKS), dice.choice(doors)
        answer = attack(browser, door, dice)
        seen[answer.status_code] += 1
        if answer.status_code not in CLEAR:
            wrong.append((number, attack.__name__, door.split("/")[1], answer.status_code))
        if answer.status_code == 200 and b"<script>alert(1)</script>" in answer.content:
            wrong.append((number, attack.__name__, "typed markup came back as markup", 200))
    assert not wrong, wrong[:10]
    assert seen[400] > STRENGTH // 10
    assert not Upload.objects.exclude(kind="text").exists()
    for row in Enquiry.objects.all():
        assert row.name.isprintable()
    for message in EnquiryMessage.objects.all():
        assert "\x00" not in message.body


def test_a_flood_is_slowed_down_in_words_and_makes_nothing() -> None:
    browser = Client()
    with override_settings():
        answers = [
            browser.post("/get-involved/employer/", {"organization_name": "X", "sector": "food", "city": "Y"})
            for _ in range(34)
        ]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert "wait a minute" in refused[0].content.decode()
    assert EnquiryDraft.objects.count() <= 30


def test_the_trap_and_the_pace_hold_an_enquiry_back_without_a_word() -> None:
    browser = Client()
    path = browser.post("/get-involved/individual/", {
        "roles": ["other"], "about": "Buy SEO backlinks, casino, first page of Google", "adult": "yes",
        "company_fax": "filled",
    })["Location"].split("?")[0]  # fmt: skip
    browser.post(f"{path}?step=2", {"mode": "online", "times": ["evening"], "conflict": "no"})
    browser.post(f"{path}?step=3", {"name": "Bot", "email": "bot@spam.example", "language": "en"})
    sent = browser.post(f"{path}?step=4", {})
    row = Enquiry.objects.get()
    assert row.status == "held"
    assert {"trap", "words", "quick"} <= set(row.signs)
    assert "a coordinator reads it" in browser.get(sent["Location"]).content.decode()
