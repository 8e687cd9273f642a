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
