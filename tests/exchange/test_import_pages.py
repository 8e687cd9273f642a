"""The pages of imports: give a file, look, decide, apply; and what is refused at the door."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest
from arrive import text
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from extract import COLUMNS
from test_custody import row, table
from test_directory import service

import factories as make
from acting import signed_in
from throughgate.access.roles import RoleName
from throughgate.exchange import pipeline
from throughgate.exchange.models import Import
from throughgate.people.models import Participant
from throughgate.places.models import Facility

pytestmark = pytest.mark.django_db


@pytest.fixture
def ridge() -> Facility:
    return make.facility(external_code="RIDGE")


@pytest.fixture
def browser(ridge: Facility) -> Client:
    return signed_in(make.member(RoleName.COORDINATOR, facility=ridge))


def upload(browser: Client, content: bytes, name: str = "extract.csv", **given: Any) -> Any:
    facts = {"kind": "custody", "source": "HB-DOC", "as_of": "2026-11-01", **given}
    return browser.post(reverse("staff:import_new"), {**facts, "file": SimpleUploadedFile(name, content)})


def the_import() -> Import:
    return Import.objects.get()


def test_a_file_is_given_looked_at_and_applied(browser: Client) -> None:
    answer = upload(browser, table(row(), row(person_ref="B2", birth_date="")))
    assert answer.status_code == 302, answer.content.decode()
    assert b"Waiting to start" in browser.get(answer["Location"]).content
    pipeline.read(the_import().code)
    page = browser.get(answer["Location"]).content.decode()
    assert "birth_date" in page
    assert "is empty" in page
    assert "Write 1 row" in page
    only = browser.get(answer["Location"], {"what": "new"}).content.decode()
    assert "is empty" not in only
    assert "Brooks" in only
    assert browser.post(reverse("staff:import_apply", args=[the_import().code])).status_code == 302
    pipeline.apply(the_import().code)
    assert "Applied" in browser.get(answer["Location"]).content.decode()
    assert Participant.objects.get().last_name == "Brooks"
    assert browser.get(reverse("staff:imports")).status_code == 200


def test_the_preview_comes_as_a_table_without_formulas(browser: Client) -> None:
    upload(browser, table(row(last_name="=HYPERLINK(1)"), row(person_ref="@B2", last_name="+King")))
    pipeline.read(the_import().code)
    answer = browser.get(reverse("staff:import_preview", args=[the_import().code]))
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(lines) == 3
    assert not [cell for line in lines for cell in line if cell[:1] in "=+-@" and cell]


def test_showing_a_persons_change_is_in_the_read_log(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(browser, table(row()))
    pipeline.read(the_import().code)
    browser.post(reverse("staff:import_apply", args=[the_import().code]))
    pipeline.apply(the_import().code)
    upload(browser, table(row(projected_release_date="2029-01-01")), as_of="2026-11-08")
    load = Import.objects.order_by("-id")[0]
    pipeline.read(load.code)
    noted: list[tuple[Any, ...]] = []
    monkeypatch.setattr("throughgate.base.audit.reads.log_read", lambda *told: noted.append(told))
    for name in ("staff:import", "staff:import_preview"):
        assert "2029-01-01" in browser.get(reverse(name, args=[load.code])).content.decode()
        assert noted.pop() == (name, [Participant.objects.get().pk], "names, release dates", 1)


def test_a_doubt_is_decided_on_the_page(browser: Client) -> None:
    upload(browser, table(row(), row(person_ref="B2")))
    load = the_import()
    pipeline.read(load.code)
    page = browser.get(reverse("staff:import", args=[load.code])).content.decode()
    assert "Another person" in page
    for line in (2, 3):
        answer = browser.post(reverse("staff:import_decide", args=[load.code, line]), {"decision": "other"})
        assert answer.status_code == 302
        pipeline.compare_again(load.code)
    assert the_import().total["new"] == 2


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("service.csv", b"0" * 30_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("e.csv", b"", "empty"),
        ("e.csv", b"%PDF-1.7 something", "not a table"),
        ("e.csv", b"\x7fELF\x02\x01\x01", "not a table"),
        ("e.xlsx", b"person_ref,last_name\n1,2\n", "The name says .xlsx"),
        ("e.csv", json.dumps([{}]).encode(), "The name says .csv"),
        ("e.zip", bomb(), "would unpack"),
        ("e.zip", b"PK\x03\x04 cut off", "damaged"),
    ],
)
def test_files_that_lie_are_refused_at_the_door(
    browser: Client, name: str, content: bytes, words: str
) -> None:
    answer = upload(browser, content, name)
    assert answer.status_code == 200
    assert words in answer.content.decode() or not content
    assert not Import.objects.exists()


def test_a_missing_column_is_named_with_what_would_do(browser: Client) -> None:
    upload(browser, text([name for name in COLUMNS if name != "birth_date"], []))
    pipeline.read(the_import().code)
    page = browser.get(reverse("staff:import", args=[the_import().code])).content.decode()
    assert "birth_date" in page
    assert "date_of_birth" in page


def test_a_directory_needs_the_keeping_of_partners(ridge: Facility) -> None:
    browser = signed_in(make.member(RoleName.CLASSIFICATION, facility=ridge))
    answer = upload(browser, json.dumps([service()]).encode(), "d.json", kind="directory")
    assert answer.status_code == 403


def test_nobody_else_finds_an_import(browser: Client, ridge: Facility) -> None:
    upload(browser, table(row()))
    pipeline.read(the_import().code)
    address = reverse("staff:import", args=[the_import().code])
    other = signed_in(make.member(RoleName.COORDINATOR, facility=make.facility()))
    assert other.get(address).status_code == 404
    assert signed_in(make.member(RoleName.CASE_MANAGER, facility=ridge)).get(address).status_code == 403


def test_a_preview_is_thrown_away(browser: Client) -> None:
    upload(browser, table(row()))
    load = pipeline.read(the_import().code)
    assert browser.post(reverse("staff:import_discard", args=[load.code])).status_code == 302
    assert the_import().state == "discarded"
    assert the_import().options["as_of"] == str(dt.date(2026, 11, 1))
