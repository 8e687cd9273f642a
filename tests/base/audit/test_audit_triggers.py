"""What the triggers write down, and what nobody may do to it."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row
from trail_cluster import act, audited, connect, table_sql

from throughgate.base.audit import models, sql


def events(connection: psycopg.Connection) -> list[dict]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM audit_event ORDER BY id").fetchall()


def write(connection: psycopg.Connection, statement: str, *values: object) -> None:
    connection.execute(statement, values)


def test_insert_update_and_delete_leave_their_changes_and_nothing_else(web, admin) -> None:
    write(web, "INSERT INTO note (participant_id, words) VALUES (5, 'first')")
    write(web, "UPDATE note SET words = 'second'")
    write(web, "DELETE FROM note")
    web.commit()
    inserted, updated, deleted = events(admin)
    assert [row["op"] for row in (inserted, updated, deleted)] == ["I", "U", "D"]
    assert inserted["diff"] == {"id": [None, 1], "participant_id": [None, 5], "words": [None, "first"]}
    assert updated["diff"] == {"words": ["first", "second"]}
    assert deleted["diff"] == {"id": [1, None], "participant_id": [5, None], "words": ["second", None]}
    assert {row["participant_id"] for row in (inserted, updated, deleted)} == {5}
    assert {(row["table_name"], row["pk_value"], row["tier"]) for row in (inserted, deleted)} == {
        ("note", "1", 1)
    }


def test_a_row_names_the_hand_the_capacity_and_the_reason(web, admin) -> None:
    act(web, "staff|7|70|care|req-1|0|grant 12|10.1.2.3")
    write(web, "INSERT INTO note (participant_id) VALUES (5)")
    web.commit()
    (row,) = events(admin)
    assert (row["actor"], row["membership"], row["audience"]) == (7, 70, "staff")
    assert (row["purpose"], row["basis"], row["request_id"]) == ("care", "grant 12", "req-1")
    assert (str(row["ip"]), row["login"], len(row["leaf"])) == ("10.1.2.3", "tg_web", 32)
    system = admin.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    assert (row["epoch"],) == system


def test_a_change_past_the_application_still_names_the_login(folder, database, admin) -> None:
    with connect(folder, database) as direct:
        direct.execute("INSERT INTO note (participant_id) VALUES (5)")
    (row,) = events(admin)
    assert (row["login"], row["actor"], row["audience"]) == ("admin", None, None)


def test_sensitive_values_are_hashed_and_hidden_columns_always(web, admin) -> None:
    write(web, "INSERT INTO diagnosis (participant_id, code, given_name) VALUES (5, 'F10', 'F10')")
    write(web, "INSERT INTO diagnosis (participant_id, code) VALUES (5, 'F10')")
    write(web, "UPDATE diagnosis SET given_name = 'Ada' WHERE id = 1")
    write(web, "INSERT INTO note (participant_id, words, secret) VALUES (5, 'open', 'hush')")
    web.commit()
    first, second, third, note = (row["diff"] for row in events(admin))
    assert first["participant_id"] == [None, 5]
    hashes = {first["code"][1], first["given_name"][1], second["code"][1]}
    assert len(hashes) == 3  # the same value looks different in another column or record
    assert all(value.startswith("hmac:") for value in hashes)
    assert list(third) == ["given_name"]
    assert third["given_name"][0] == first["given_name"][1]  # and the same in the same place
    assert note["words"] == [None, "open"]
    assert note["secret"][1].startswith("hmac:")
    assert "F10" not in str(events(admin)) and "hush" not in str(events(admin))


def test_a_long_text_is_told_by_size_and_hash(web, admin) -> None:
    write(web, "INSERT INTO note (participant_id, words) VALUES (5, %s)", "long " * 2000)
    web.commit()
    assert events(admin)[0]["diff"]["words"][1]["bytes"] == 10_002


def test_a_rolled_back_write_leaves_nothing(web, admin) -> None:
    write(web, "INSERT INTO note (participant_id) VALUES (5)")
    web.rollback()
    assert events(admin) == []


def test_a_write_that_cannot_be_audited_does_not_happen(web, admin) -> None:
    admin.execute("ALTER TABLE audit_event ADD CONSTRAINT broken CHECK (false) NOT VALID")
    with pytest.raises(errors.CheckViolation):
        write(web, "INSERT INTO note (participant_id) VALUES (5)")
    web.rollback()
    assert admin.execute("SELECT count(*) FROM note").fetchone() == (0,)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Apia", "America/St_Johns"])
def test_time_zone_and_style_do_not_change_what_is_written(web, admin, zone) -> None:
    web.execute("SELECT set_config('timezone', %s, true), set_config('datestyle', 'SQL, DMY', true)", [zone])
    write(web, "INSERT INTO note (participant_id, due) VALUES (5, '2026-03-01T12:00:00Z')")
    web.commit()
    assert events(admin)[0]["diff"]["due"] == [None, "2026-03-01T12:00:00+00:00"]


TRAIL = ["audit_event", "audit_read", "audit_denied", "audit_seal"]
ATTACKS = ["UPDATE {} SET xid = 0", "DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"]


@pytest.mark.parametrize("table", TRAIL)
@pytest.mark.parametrize("role", ["tg_staff", "tg_job", "tg_auditor", "tg_auditlog"])
def test_no_role_changes_the_trail(folder, database, table, role) -> None:
    with connect(folder, database, "tg_web", autocommit=False) as connection:
        for attack in ATTACKS:
            act(connection, role=role)
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(attack.format(table).replace("xid", "epoch"))
            connection.rollback()


@pytest.mark.parametrize("table", TRAIL)
def test_even_an_administrator_is_refused_while_the_triggers_stand(folder, database, table) -> None:
    with connect(folder, database) as direct, pytest.raises(errors.InsufficientPrivilege):
        direct.execute(f"TRUNCATE {table}")


@pytest.mark.parametrize("role", ["tg_staff", "tg_participant", "tg_job", "tg_public"])
def test_the_trail_is_closed_to_readers_other_than_the_auditor(folder, database, role) -> None:
    with connect(folder, database, "tg_web", autocommit=False) as connection:
        for statement in (*(f"SELECT 1 FROM {table}" for table in TRAIL), "SELECT 1 FROM tg.secret"):
            act(connection, role=role)
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement)
            connection.rollback()


def test_the_sealer_sees_hashes_but_no_content_and_the_auditor_no_keys(folder, database) -> None:
    with connect(folder, database, "tg_web", autocommit=False) as connection:
        act(connection, role="tg_auditlog")
        connection.execute("SELECT id, xid, epoch, leaf FROM audit_event")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT diff FROM audit_event")
        connection.rollback()
        act(connection, role="tg_auditor")
        connection.execute("SELECT * FROM audit_event")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM tg.secret")


def test_truncating_an_audited_table_is_refused(folder, database) -> None:
    with connect(folder, database) as direct, pytest.raises(errors.InsufficientPrivilege, match="one by one"):
        direct.execute("TRUNCATE note")


def test_installing_again_changes_nothing(folder, database, web, admin) -> None:
    with connect(folder, database) as direct:
        before = direct.execute("SELECT ipad FROM tg.secret WHERE name = 'audit'").fetchone()
        direct.execute("SET ROLE tg_owner")
        for statement in [*sql.install_functions(), *audited()]:
            direct.execute(statement)
        assert direct.execute("SELECT ipad FROM tg.secret WHERE name = 'audit'").fetchone() == before
    write(web, "INSERT INTO note (participant_id) VALUES (5)")
    web.commit()
    assert len(events(admin)) == 1


@pytest.mark.parametrize("name", ['a"b', "Note", "a; drop", "", "a'b"])
def test_odd_names_are_refused(name) -> None:
    with pytest.raises(ValueError, match="plain lower-case"):
        sql.install_trigger(name, 1, None)
    with pytest.raises(ValueError, match="plain lower-case"):
        sql.install_trigger("note", 1, "participant_id", hidden=[name])


def test_reads_and_refusals_are_written_with_their_context(web, admin) -> None:
    web.execute("SELECT tg.log_read('person page', '{5,6}', 'name, dates', 2)")
    web.execute("SELECT tg.log_denied('see_dates', 'person page', 'no live grant', 5)")
    web.commit()
    read = admin.execute("SELECT actor, view, participant_ids, fields, count FROM audit_read").fetchone()
    assert read == (7, "person page", [5, 6], "name, dates", 2)
    denied = admin.execute("SELECT actor, permission, view, reason, participant_id FROM audit_denied")
    assert denied.fetchone() == (7, "see_dates", "person page", "no live grant", 5)


def test_who_looked_at_a_record(web) -> None:
    write(web, "INSERT INTO note (participant_id, words) VALUES (5, 'a')")
    web.execute("SELECT tg.log_read('call-out', '{4,5}', 'name', 2)")
    web.execute("SELECT tg.log_read('call-out', '{4}', 'name', 1)")
    rows = web.execute("SELECT kind, place, op, fields FROM tg.lookers(5)").fetchall()
    assert rows == [("read", "call-out", None, "name"), ("write", "note", "I", "id, participant_id, words")]
    with pytest.raises(errors.InsufficientPrivilege, match="may not see"):
        web.execute("SELECT * FROM tg.lookers(1000)")


def test_the_tables_are_those_of_the_models() -> None:
    assert sum(statement.startswith("CREATE TABLE") for statement in table_sql()) == 4


@pytest.mark.parametrize(
    ("stream", "model"), [("event", models.Event), ("read", models.ReadEvent), ("denied", models.DeniedEvent)]
)
def test_every_column_but_the_hash_itself_is_in_the_hash(stream, model) -> None:
    columns = {field.column for field in model._meta.fields} - {"leaf"}
    text = sql.canonical(stream, "e.")
    assert {
        column for column in columns if f"e.{column}" not in text.replace(")", " ").replace(",", " ").split()
    } == (set())
