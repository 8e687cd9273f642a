"""The PostgreSQL server of the tests, in a data folder of their own; None when DATABASE_URL names another."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg

os.environ.setdefault("THROUGHGATE_DATA", str(Path(__file__).resolve().parents[1] / "var" / "test"))
os.environ.setdefault("SECRET_KEY", "tests only, never a deployment")

from throughgate.base import localpg
from throughgate.base.paths import database_dir

SERVER = None if os.environ.get("DATABASE_URL") else localpg.ensure(database_dir())


def admin(dbname: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    """A connection as the server's administrator, for making and dropping test databases only."""
    assert SERVER is not None
    return psycopg.connect(**SERVER.conninfo(dbname=dbname), autocommit=True)  # type: ignore[arg-type]


def point_at(name: str) -> None:
    """Let every connection of this process use another database of the test server."""
    from django.db import connections

    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        if SERVER is not None:
            connections[alias].settings_dict["HOST"] = str(SERVER.socket)


def _lock(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.execute("SELECT pg_advisory_lock(7240)")


def make_template() -> str:
    """The template database for this state of the code; made once and kept."""
    from django.conf import settings  # noqa: F401

    from throughgate.base import setup

    name = f"tg_template_{setup.fingerprint()}"
    with admin() as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        _lock(connection)
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not known:
            for (old,) in connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'tg_template_%' OR datname LIKE 'tg_build_%'"
            ).fetchall():
                connection.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
            build = name.replace("template", "build")
            setup.create_database(SERVER, build)  # type: ignore[arg-type]
            point_at(build)
            setup.migrate()
            point_at(name)
            connection.execute(f'ALTER DATABASE "{build}" RENAME TO "{name}"')
    return name


def clone(template: str, name: str) -> None:
    """A fresh copy of the template."""
    with admin() as connection:
        _lock(connection)
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
