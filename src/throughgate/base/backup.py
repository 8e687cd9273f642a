"""``throughgate backup FILE`` and ``throughgate restore FILE``: the whole embedded database in one file.

The file is a zip of ``database.dump`` (pg_dump's custom format) and ``contents.json`` (when, from which
versions, and how many rows each table had in the very snapshot that was dumped). Both commands connect as the
superuser: anybody else is held by row security, and could leave rows out. A restore fills a second database,
counts its rows, and only then lets it take the place of the old one: one that fails changes nothing.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import IO, Any, Final

import psycopg
from psycopg import sql

from throughgate.base import env, localpg
from throughgate.base.paths import database_dir, var_dir
from throughgate.base.supervisor import only_one
from throughgate.base.trouble import Trouble

DATABASE: Final = "throughgate"
_NEW: Final = "throughgate_restoring"
_OLD: Final = "throughgate_replaced"
_FORMAT: Final = 1
_DUMP: Final = "database.dump"
_CONTENTS: Final = "contents.json"
_TABLES: Final = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence = 'p'
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Contents:
    """What a backup holds. ``taken`` is an ISO time in UTC; ``rows`` counts by "schema.table"."""

    format: int
    taken: str
    throughgate: str
    postgresql: int
    rows: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def backup(server: localpg.Server, file: Path, database: str = DATABASE) -> Contents:
    """Write one consistent state of the database to ``file`` (mode 0600), also while people work.

    The file appears whole or not at all. Raises Trouble when the database is empty or pg_dump fails.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        with _connect(server, database) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            contents = Contents(
                format=_FORMAT,
                taken=datetime.now(UTC).isoformat(timespec="seconds"),
                throughgate=_version(),
                postgresql=connection.info.server_version // 10000,
                rows=_count(connection),
            )
            if not contents.rows:
                raise Trouble("the database has no tables yet, so there is nothing to back up.")
            with _private(part) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
                with archive.open(_DUMP, "w", force_zip64=True) as member:
                    _pump("pg_dump", server, database, ["-Fc", f"--snapshot={snapshot}"], sink=member)
                archive.writestr(_CONTENTS, json.dumps(asdict(contents), indent=1))
        os.replace(part, file)
    except OSError as problem:
        raise Trouble(f"{file} could not be written: {problem.strerror}.") from problem
    finally:
        part.unlink(missing_ok=True)
    return contents


def read_contents(file: Path) -> Contents:
    """What a backup file says it holds. Raises Trouble when it is not a backup that this version can read."""
    try:
        with zipfile.ZipFile(file) as archive:
            said: dict[str, Any] = json.loads(archive.read(_CONTENTS))
            archive.getinfo(_DUMP)
    except FileNotFoundError:
        raise Trouble(f"there is no file {file}.") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as problem:
        raise Trouble(f"{file} is not a Throughgate backup, or it is damaged ({problem}).") from problem
    if said.get("format") != _FORMAT:
        raise Trouble(
            f"{file} was written by another version of Throughgate ({said.get('throughgate', '?')})."
        )
    return Contents(**said)


def restore(
    server: localpg.Server,
    file: Path,
    *,
    replace: bool,
    create: Callable[[localpg.Server, str], None],
    database: str = DATABASE,
) -> Contents:
    """Put the backup in place of the database and return what it held.

    ``create`` makes an empty database of a name, and the roles that its tables belong to. Raises Trouble,
    having changed nothing, when the database holds tables already (unless ``replace``), when the file is
    damaged or from a newer PostgreSQL, or when not every row arrived.
    """
    contents = read_contents(file)
    with _connect(server, "postgres") as admin:
        _refuse_newer(contents, admin.info.server_version // 10000)
        exists = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if exists and not replace:
            _refuse_full(server, database)
        _drop(admin, _NEW)
        try:
            create(server, _NEW)
            _fill(server, file)
            with _connect(server, _NEW) as connection:
                _refuse_missing_rows(contents.rows, _count(connection))
            _drop(admin, _OLD)
            with admin.transaction():
                if exists:
                    _rename(admin, database, _OLD)
                _rename(admin, _NEW, database)
        except BaseException:
            _drop(admin, _NEW)
            raise
        _drop(admin, _OLD)
    return contents


def main_backup(arguments: list[str]) -> int:
    """Write the whole database to one file. Work may go on meanwhile."""
    parser = argparse.ArgumentParser(prog="throughgate backup", description=main_backup.__doc__)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--overwrite", action="store_true", help="write over an existing file")
    options = parser.parse_args(arguments)
    if options.file.exists() and not options.overwrite:
        raise Trouble(f"{options.file} exists; choose another name or add --overwrite.")
    contents = backup(_embedded(), options.file)
    size = options.file.stat().st_size / 1e6
    _say(f"Wrote {options.file}: {contents.total:,} rows of {len(contents.rows)} tables, {size:,.1f} MB.")
    _say(f"It holds personal data. Keep it encrypted, and apart from the keys in {var_dir()}.")
    return 0


def main_restore(arguments: list[str]) -> int:
    """Read the whole database from a backup file. Nothing may run meanwhile."""
    parser = argparse.ArgumentParser(prog="throughgate restore", description=main_restore.__doc__)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "--replace", action="store_true", help="let it take the place of the data that is there"
    )
    options = parser.parse_args(arguments)
    from throughgate.base.setup import create_database  # noqa: PLC0415 - needs Django, which a backup does not

    with only_one(var_dir(), "a restore"):
        contents = restore(_embedded(), options.file, replace=options.replace, create=create_database)
        _say(f"Restored the state of {contents.taken}: {contents.total:,} rows, all counted.")
        # Brings the tables up to this version, and gives the database this installation's keys.
        done = subprocess.run([sys.executable, "-m", "throughgate", "setup"], check=False)
    _say(
        "The audit trail is older now than its anchor; say why: throughgate verify-audit --restored 'REASON'"
    )
    return done.returncode


# --- pieces ---


def _embedded() -> localpg.Server:
    if env.text("DATABASE_URL"):
        raise Trouble(
            "DATABASE_URL names a server of your own. Back it up there, as a superuser: pg_dump -Fc; "
            "any other role is held by row security."
        )
    return localpg.ensure(database_dir())


def _connect(server: localpg.Server, database: str) -> psycopg.Connection[tuple[Any, ...]]:
    try:
        return psycopg.connect(**server.conninfo(dbname=database), autocommit=True)  # type: ignore[arg-type]
    except psycopg.OperationalError as problem:
        raise Trouble(f"the database cannot be opened: {problem}. `throughgate setup` makes it.") from problem


def _count(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[str, int]:
    rows = {}
    for schema, table in connection.execute(_TABLES).fetchall():
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        (rows[f"{schema}.{table}"],) = connection.execute(query).fetchone() or (0,)
    return rows


def _fill(server: localpg.Server, file: Path) -> None:
    with zipfile.ZipFile(file) as archive, archive.open(_DUMP) as member:
        _pump("pg_restore", server, _NEW, ["--exit-on-error", "--single-transaction"], source=member)


def _pump(
    program: str,
    server: localpg.Server,
    database: str,
    options: list[str],
    *,
    source: IO[bytes] | None = None,
    sink: IO[bytes] | None = None,
) -> None:
    """Run pg_dump into ``sink``, or pg_restore from ``source``."""
    where = [
        "-h",
        str(server.socket),
        "-p",
        server.conninfo()["port"],
        "-U",
        localpg.SUPERUSER,
        "-d",
        database,
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    command = [str(server.binaries() / program), *where, *options]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - our own program and options
            command,
            env=environment,
            stdin=subprocess.PIPE if source else subprocess.DEVNULL,
            stdout=subprocess.PIPE if sink else subprocess.DEVNULL,
            stderr=said,
        ) as process,
    ):
        try:
            if sink and process.stdout:
                shutil.copyfileobj(process.stdout, sink, 1 << 20)
            if source and process.stdin:
                with contextlib.suppress(BrokenPipeError), process.stdin:  # it says why on its standard error
                    shutil.copyfileobj(source, process.stdin, 1 << 20)
            code = process.wait()
        except BaseException as problem:
            process.kill()
            if isinstance(problem, zipfile.BadZipFile):
                raise Trouble(f"the backup is damaged ({problem}). Nothing was changed.") from problem
            raise
        said.seek(0)
        if code:
            raise Trouble(f"{program} failed: {said.read().decode(errors='replace').strip()}")


def _refuse_newer(contents: Contents, major: int) -> None:
    if contents.postgresql > major:
        raise Trouble(
            f"the backup is from PostgreSQL {contents.postgresql} and this is {major}, which cannot read it. "
            "Name newer programs in PG_BIN. Nothing was changed."
        )


def _refuse_full(server: localpg.Server, database: str) -> None:
    with _connect(server, database) as connection:
        rows = _count(connection)
    if rows:
        raise Trouble(
            f"the database holds {sum(rows.values()):,} rows in {len(rows)} tables already. Back it up, then "
            "add --replace. Nothing was changed."
        )


def _refuse_missing_rows(expected: dict[str, int], found: dict[str, int]) -> None:
    wrong = [
        f"{table} ({found.get(table, 0)} of {count})"
        for table, count in expected.items()
        if found.get(table) != count
    ]
    if wrong:
        raise Trouble(f"not every row arrived: {', '.join(wrong[:5])}. Nothing was changed.")


def _drop(admin: psycopg.Connection[tuple[Any, ...]], database: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _rename(admin: psycopg.Connection[tuple[Any, ...]], old: str, new: str) -> None:
    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [old])
    admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


@contextlib.contextmanager
def _private(file: Path) -> Iterator[IO[bytes]]:
    """A new file that only we may read, safely on the disk at the end."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())


def _version() -> str:
    try:
        return metadata.version("throughgate")
    except metadata.PackageNotFoundError:
        return "source"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
