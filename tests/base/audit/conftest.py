"""A small cluster with a trail of its own: tampering needs an administrator, which the product never is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from throughgate.base.audit import anchor
from throughgate.base.audit.keys import Places, public_keys, signer
from throughgate.base.audit.seal import Checkpoint, catch_up, seal_finished
from throughgate.base.audit.verify import Result, Verifier

sys.path.insert(0, str(Path(__file__).parent))

import trail_cluster


@pytest.fixture(scope="session")
def folder() -> Iterator[str]:
    """The socket folder of a running cluster that holds a template database."""
    with trail_cluster.cluster() as place:
        trail_cluster.build(place, "template_trail")
        yield place


@pytest.fixture
def database(folder: str) -> Iterator[str]:
    """A fresh database, copied from the template."""
    with trail_cluster.connect(folder, "postgres") as admin:
        admin.execute("DROP DATABASE IF EXISTS trail WITH (FORCE)")
        admin.execute("CREATE DATABASE trail TEMPLATE template_trail STRATEGY file_copy")
    yield "trail"


@pytest.fixture
def admin(folder: str, database: str) -> Iterator[psycopg.Connection]:
    """An administrator with triggers off: the adversary of the tamper tests."""
    with trail_cluster.connect(folder, database) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


@pytest.fixture
def web(folder: str, database: str) -> Iterator[psycopg.Connection]:
    """The application's own login, acting as a member of staff in the open transaction."""
    with trail_cluster.connect(folder, database, "tg_web", autocommit=False) as connection:
        trail_cluster.act(connection)
        yield connection


class Trail:
    """A trail under test: its files, its sealer and its verification, without Django's connections."""

    def __init__(self, folder: str, database: str, files: Path) -> None:
        self.folder, self.database = folder, database
        self.where = Places(files / "key.pem", files / "public", files / "anchor.jsonl")

    def connect(self, user: str = "admin", **options: Any) -> psycopg.Connection:
        return trail_cluster.connect(self.folder, self.database, user, **options)

    def write(self, *statements: str) -> None:
        """Run statements as a member of staff, each in a transaction of its own."""
        with self.connect("tg_web", autocommit=False) as connection:
            for statement in statements:
                trail_cluster.act(connection)
                connection.execute(statement)
                connection.commit()

    def seal(self, **options: Any) -> list[Checkpoint]:
        with self.connect("tg_web", autocommit=False) as connection, connection.cursor() as cursor:
            trail_cluster.act(cursor, "", "tg_auditlog")
            catch_up(cursor, self.where, signer(self.where))
            made = seal_finished(cursor, signer(self.where), **options)
            connection.commit()
            trail_cluster.act(cursor, "", "tg_auditlog")
            catch_up(cursor, self.where, signer(self.where))
            return made

    def verify(self) -> Result:
        with self.connect("tg_web", autocommit=False) as connection:
            trail_cluster.act(connection, "", "tg_auditor")
            return Verifier(connection, public_keys(self.where), anchor.story(self.where.anchor)).run()


@pytest.fixture
def trail(folder: str, database: str, tmp_path: Path) -> Trail:
    """An empty trail with its own key and anchor."""
    return Trail(folder, database, tmp_path)
