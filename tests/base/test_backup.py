"""A backup holds everything, and a restore that fails changes nothing."""

import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from throughgate.base import backup, localpg
from throughgate.base.trouble import Trouble


@pytest.fixture(scope="module")
def server() -> Iterator[localpg.Server]:
    folder = Path(tempfile.mkdtemp(prefix="tg-"))
    folder.chmod(0o755)
    yield localpg.ensure(folder / "db")
    localpg.stop(folder / "db")
    shutil.rmtree(folder)


def _create(server: localpg.Server, name: str) -> None:
    with psycopg.connect(**server.conninfo(), autocommit=True) as admin:
        admin.execute("DO $$ BEGIN CREATE ROLE keeper NOLOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER keeper").format(sql.Identifier(name)))


@pytest.fixture
def database(server: localpg.Server) -> Iterator[str]:
    """A database whose rows nobody but a superuser sees: row security is forced and no policy allows any."""
    _create(server, "kept")
    with psycopg.connect(**server.conninfo(dbname="kept"), autocommit=True) as connection:
        connection.execute("SET ROLE keeper; CREATE TABLE person (name text); CREATE TABLE visit (n int)")
        connection.execute("INSERT INTO person SELECT 'P' || n FROM generate_series(1, 500) n")
        connection.execute("ALTER TABLE person ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    yield "kept"
    with psycopg.connect(**server.conninfo(), autocommit=True) as admin:
        admin.execute("DROP DATABASE kept WITH (FORCE)")


def _people(server: localpg.Server) -> int:
    with psycopg.connect(**server.conninfo(dbname="kept")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM person").fetchone() or (0,)
        return int(count)


def _restore(server: localpg.Server, file: Path, *, replace: bool = True) -> backup.Contents:
    return backup.restore(server, file, replace=replace, create=_create, database="kept")


def _leftovers(server: localpg.Server) -> set[str]:
    with psycopg.connect(**server.conninfo()) as admin:
        rows = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'throughgate%'")
        return {name for (name,) in rows}


def test_everything_comes_back_with_its_guards(server: localpg.Server, database: str, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    contents = backup.backup(server, file, database)
    assert contents.rows == {"public.person": 500, "public.visit": 0}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["all.backup"]
    with psycopg.connect(**server.conninfo(dbname=database)) as connection:
        connection.execute("TRUNCATE person")
    assert _restore(server, file) == contents
    with psycopg.connect(**server.conninfo(dbname=database)) as connection:
        assert _people(server) == 500
        query = "SELECT relrowsecurity, relforcerowsecurity, relowner::regrole::text FROM pg_class"
        row = connection.execute(f"{query} WHERE relname = 'person'").fetchone()
    assert row == (True, True, "keeper")
    assert _leftovers(server) == set()


def test_a_full_database_is_not_replaced_by_chance(
    server: localpg.Server, database: str, tmp_path: Path
) -> None:
    backup.backup(server, tmp_path / "b", database)
    with pytest.raises(Trouble, match=r"holds 500 rows in 2 tables.*--replace"):
        _restore(server, tmp_path / "b", replace=False)
    assert _people(server) == 500


def test_an_empty_database_is_filled_without_asking(
    server: localpg.Server, database: str, tmp_path: Path
) -> None:
    backup.backup(server, tmp_path / "b", database)
    with psycopg.connect(**server.conninfo(dbname=database)) as connection:
        connection.execute("DROP TABLE person, visit")
    _restore(server, tmp_path / "b", replace=False)
    assert _people(server) == 500


def test_an_empty_database_is_not_a_backup(server: localpg.Server, database: str, tmp_path: Path) -> None:
    with psycopg.connect(**server.conninfo(dbname=database)) as connection:
        connection.execute("DROP TABLE person, visit")
    with pytest.raises(Trouble, match="nothing to back up"):
        backup.backup(server, tmp_path / "b", database)
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_changes_nothing(server: localpg.Server, database: str, tmp_path: Path) -> None:
    file = tmp_path / "b"
    backup.backup(server, file, database)
    content = bytearray(file.read_bytes())
    place = content.index(b"P250\n") if b"P250\n" in content else len(content) // 3
    content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(Trouble):
        _restore(server, file)
    assert _people(server) == 500
    assert _leftovers(server) == set()


def test_rows_that_did_not_arrive_are_noticed(server: localpg.Server, database: str, tmp_path: Path) -> None:
    backup.backup(server, tmp_path / "b", database)
    with zipfile.ZipFile(tmp_path / "b") as old, zipfile.ZipFile(tmp_path / "c", "w") as new:
        new.writestr("database.dump", old.read("database.dump"))
        new.writestr("contents.json", old.read("contents.json").replace(b"500", b"501"))
    with pytest.raises(Trouble, match=r"public.person \(500 of 501\)"):
        _restore(server, tmp_path / "c")
    assert _people(server) == 500
    assert _leftovers(server) == set()


@pytest.mark.parametrize("content", [b"", b"not a backup"])
def test_other_files_are_refused_in_clear_words(
    server: localpg.Server, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(Trouble, match="not a Throughgate backup"):
        _restore(server, tmp_path / "x")
    with pytest.raises(Trouble, match="no file"):
        _restore(server, tmp_path / "y")


def test_a_newer_postgresql_is_refused(server: localpg.Server, database: str, tmp_path: Path) -> None:
    backup.backup(server, tmp_path / "b", database)
    with zipfile.ZipFile(tmp_path / "b") as old, zipfile.ZipFile(tmp_path / "c", "w") as new:
        new.writestr("database.dump", old.read("database.dump"))
        text = old.read("contents.json").decode()
        new.writestr("contents.json", text.replace('"postgresql": 1', '"postgresql": 9'))
    with pytest.raises(Trouble, match=r"from PostgreSQL 9\d and this is 1\d"):
        _restore(server, tmp_path / "c")
