"""``throughgate doctor``: looks at what an installation stands on, and says what to do."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from throughgate.base import env, localpg, pgbinaries, supervisor
from throughgate.base.paths import database_dir, var_dir
from throughgate.base.trouble import Trouble

_SPACE_NEEDED: Final = 2 * 10**9  # bytes; below this a busy week or a backup may fill the disk
_SILENT_AFTER: Final = 60  # seconds without a heartbeat, after which a worker counts as gone
_OLDEST_PYTHON: Final = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``remedy`` is empty when it is well."""

    subject: str
    state: str
    remedy: str = ""


def main(arguments: list[str]) -> int:
    """Look for trouble and say what to do about it. Exit code 1 when there is any."""
    argparse.ArgumentParser(prog="throughgate doctor", description=main.__doc__).parse_args(arguments)
    found = list(examine())
    for finding in found:
        mark = "!!" if finding.remedy else "ok"
        sys.stdout.write(f"{mark}  {finding.subject:<12} {finding.state}\n")
        if finding.remedy:
            sys.stdout.write(f"    {'':<12} -> {finding.remedy}\n")
    return int(any(finding.remedy for finding in found))


def examine() -> Iterator[Finding]:
    """Look at one thing after the other. A database that was down is started, and stopped again after."""
    yield _python()
    yield _disk()
    yield _running()
    if env.text("DATABASE_URL"):
        yield from _inside()
        return
    was_down = localpg.status(database_dir()).state != "up"
    try:
        yield _programs()
        server = localpg.ensure(database_dir())
    except Trouble as trouble:
        yield Finding("database", "cannot be started", str(trouble))
        return
    try:
        yield from _cluster(server)
        yield from _inside()
    finally:
        if was_down:
            localpg.stop(database_dir())


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    remedy = (
        "" if sys.version_info >= _OLDEST_PYTHON else "Install Python 3.11 or later, then run `make setup`."
    )
    return Finding("python", version, remedy)


def _disk() -> Finding:
    folder = var_dir()
    present = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(present).free
    state = f"{folder}, {free / 1e9:,.1f} GB free"
    if not os.access(present, os.W_OK):
        return Finding("data folder", f"{state}, not writable", "Run as its owner, or use --data.")
    tight = free < _SPACE_NEEDED
    return Finding(
        "data folder", state, "Make room on that disk, or move the folder to another." if tight else ""
    )


def _running() -> Finding:
    address = supervisor.running_at(var_dir())
    return Finding(
        "supervisor", f"runs at {address}" if address else "not running (`throughgate run` starts it)"
    )


def _programs() -> Finding:
    binaries = pgbinaries.find_binaries()
    return Finding("postgresql", f"{binaries.version} ({binaries.source}, {binaries.folder})")


def _cluster(server: localpg.Server) -> Iterator[Finding]:
    with psycopg.connect(**server.conninfo()) as connection:  # type: ignore[arg-type]
        (checksums, bad, size) = connection.execute(
            "SELECT current_setting('data_checksums'), sum(checksum_failures), "
            "sum(pg_database_size(datname))::float8 FROM pg_stat_database WHERE datname IS NOT NULL"
        ).fetchone() or ("off", 0, 0)
    yield Finding("database", f"up in {server.home}, {size / 1e6:,.0f} MB, checksums {checksums}")
    if bad:
        remedy = "The disk has damaged it. Stop it, and restore the last backup to another disk."
        yield Finding("disk faults", f"{bad} damaged pages", remedy)


def _inside() -> Iterator[Finding]:
    """What only Django and the application's own connection can tell."""
    import django  # noqa: PLC0415 - after the database is up, because settings ask where it is
    from django.db import connections  # noqa: PLC0415

    django.setup()
    try:
        with connections["default"].cursor() as cursor:
            yield _role(cursor)
    except Exception as problem:  # whatever the driver or the server says is the finding
        yield Finding("sign-in", f"{problem}".strip().splitlines()[0], "Run `throughgate setup`.")
        return
    pending, unknown = _migrations()
    if unknown:
        remedy = "The database is from a newer version of Throughgate: install that one."
        yield Finding("migrations", f"{len(unknown)} unknown ({unknown[0]})", remedy)
    else:
        remedy = "Run `throughgate setup`." if pending else ""
        yield Finding("migrations", f"{len(pending)} pending" if pending else "all applied", remedy)
    yield _worker()


def _role(cursor: Any) -> Finding:
    cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    name, is_super, bypasses = cursor.fetchone()
    if is_super or bypasses:
        return Finding("sign-in", f"as {name}", "Row security does not hold this role. Use tg_web.")
    return Finding("sign-in", f"as {name}, held by row security")


def _migrations() -> tuple[list[str], list[str]]:
    from django.db import connections  # noqa: PLC0415
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415

    loader = MigrationLoader(connections["owner"])
    names = {f"{app}.{name}" for app, name in loader.disk_migrations}
    applied = {f"{app}.{name}" for app, name in loader.applied_migrations}
    replaced = {f"{app}.{name}" for m in loader.disk_migrations.values() for app, name in m.replaces}
    return sorted(names - applied), sorted(applied - names - replaced)


def _worker() -> Finding:
    from django.db import connections  # noqa: PLC0415

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('procrastinate_workers') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return Finding("worker", "no queue yet", "Run `throughgate setup`.")
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
        (age,) = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at < now()"
        )
        (late,) = cursor.fetchone()
    waiting = f"{late} jobs wait" if late else "no job waits"
    if age is not None and age <= _SILENT_AFTER:
        return Finding("worker", f"heard {age:.0f} s ago, {waiting}")
    silent = "never heard" if age is None else f"silent for {age:.0f} s"
    needed = supervisor.running_at(var_dir()) is not None or late
    return Finding("worker", f"{silent}, {waiting}", "Start it: `throughgate run`." if needed else "")
