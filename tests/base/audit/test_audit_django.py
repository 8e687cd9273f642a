"""The Django side: own transactions on a second connection, the two logs, and the command."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections
from trail_cluster import act

from throughgate.base.audit import commands, reads, seal, transactions

NOTE = "INSERT INTO note (participant_id) VALUES (1)"


@pytest.fixture
def django_trail(trail, monkeypatch, tmp_path, django_db_blocker) -> Iterator[object]:
    """The trail as Django sees it: an alias of its own, someone acting, files in a fresh folder."""
    alias = "audit_under_test"
    monkeypatch.setattr(transactions, "ALIAS", alias)
    monkeypatch.setattr(
        transactions, "_telling", lambda: {"role": "tg_staff", "app.context": "staff|7|70|care|r|0"}
    )
    monkeypatch.setenv("THROUGHGATE_DATA", str(tmp_path / "data"))
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "trail",
        "HOST": trail.folder,
        "USER": "tg_web",
    }
    monkeypatch.setitem(connections.settings, alias, connections.configure_settings(
        {"default": database, alias: database})[alias])  # fmt: skip
    with django_db_blocker.unblock():
        yield trail
        connections[alias].close()
        del connections[alias]


def command(*words: str) -> tuple[int, str]:
    out = io.StringIO()
    return commands.verify(list(words), out), out.getvalue()


def test_a_read_is_on_record_before_the_answer_goes_out(django_trail, admin) -> None:
    reads.log_read("person page", [6, 5, 6], "name, dates", 2)
    found = admin.execute("SELECT actor, audience, view, participant_ids, fields, count FROM audit_read")
    assert found.fetchall() == [(7, "staff", "person page", [5, 6], "name, dates", 2)]


def test_a_read_that_cannot_be_written_raises(django_trail, admin) -> None:
    admin.execute("ALTER TABLE audit_read ADD CONSTRAINT broken CHECK (false) NOT VALID")
    with pytest.raises(Error):
        reads.log_read("person page", [5], "name", 1)


def test_a_refusal_stays_when_the_request_rolls_back(django_trail, admin) -> None:
    with django_trail.connect("tg_web", autocommit=False) as request:
        act(request)
        request.execute(NOTE)
        reads.log_denied("see_dates", "person page", "no grant", 5)
        request.rollback()
    assert admin.execute("SELECT count(*) FROM note").fetchone() == (0,)
    assert admin.execute("SELECT actor, permission, participant_id FROM audit_denied").fetchall() == [
        (7, "see_dates", 5)
    ]


def test_role_and_context_end_with_their_transaction(django_trail) -> None:
    with transactions.own_transaction() as cursor:
        cursor.execute("SELECT current_user::text")
        assert cursor.fetchone() == ("tg_staff",)
    with connections[transactions.ALIAS].cursor() as cursor:
        cursor.execute("SELECT current_user::text, coalesce(current_setting('app.context', true), '')")
        assert cursor.fetchone() == ("tg_web", "")


def test_nobody_acting_is_an_error_and_not_an_anonymous_row(django_trail, monkeypatch) -> None:
    monkeypatch.setattr(transactions, "_telling", transactions._nobody)
    with pytest.raises(ImproperlyConfigured, match="tell_with"):
        reads.log_read("person page", [5], "name", 1)


def test_the_command_tells_a_whole_trail_from_a_broken_one(django_trail, admin) -> None:
    django_trail.write(NOTE, NOTE)
    made = seal.run_once()
    assert [checkpoint.rows for checkpoint in made] == [2]
    assert seal.run_once() == []
    django_trail.write(NOTE)
    code, text = command()
    assert code == 0
    assert "3 event" in text and "Not sealed yet: 1 rows" in text and "The trail is whole." in text
    code, text = command("--seal-first")
    assert (code, "Every row is sealed." in text) == (0, True)
    admin.execute("UPDATE audit_event SET actor = 1 WHERE id = 2")
    code, text = command()
    assert code == 1
    assert "TAMPERED [changed] the content of event 2 does not fit its hash." in text


def test_how_far_behind_the_sealer_is(django_trail) -> None:
    assert seal.waiting() == seal.Waiting(0, 0.0)
    django_trail.write(NOTE, NOTE, "SELECT tg.log_read('page', '{1}', 'name', 1)")
    behind = seal.waiting()
    assert (behind.rows, 0 < behind.seconds < 60) == (3, True)
    seal.run_once()
    assert seal.waiting().rows == 0


def test_the_command_with_a_copy_of_anchor_and_key_elsewhere(django_trail, admin, tmp_path) -> None:
    django_trail.write(NOTE)
    seal.run_once()
    folder = tmp_path / "data" / "audit"
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes((folder / "anchor.jsonl").read_bytes())
    (key,) = (folder / "public").glob("*.pem")
    assert command("--anchor", str(copy), "--public-key", str(key))[0] == 0
    admin.execute("TRUNCATE audit_seal, audit_event")
    (folder / "anchor.jsonl").unlink()
    assert command()[0] == 0  # whoever can empty both is found only by the copy
    assert command("--anchor", str(copy))[0] == 1
    code, text = command("--public-key", str(tmp_path / "none.pem"))
    assert (code, "cannot be read" in text) == (2, True)


def test_the_command_declares_a_restore(django_trail, admin) -> None:
    for _ in range(2):
        django_trail.write(NOTE)
        seal.run_once()
    assert command("--restored", "a drill") == (
        0,
        "Database and anchor agree; there is nothing to declare.\n",
    )
    admin.execute("DELETE FROM audit_event WHERE id = 2")
    admin.execute("DELETE FROM audit_seal WHERE seq = 2")
    code, text = command("--seal-first")
    assert (code, "--restored" in text) == (2, True)
    assert command("--restored", " ")[0] == 2
    assert command("--restored", "a drill") == (0, "Noted: seals 2 to 2 are given up. Sealing goes on.\n")
    code, text = command("--seal-first")
    assert code == 0
    assert "(a drill)" in text
