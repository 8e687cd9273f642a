"""A small cluster with a trail of its own: tampering needs an administrator, which the product never is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.conf import settings

sys.path.insert(0, str(Path(__file__).parent))

import trail_cluster


def pytest_configure() -> None:
    if not settings.configured and not apps.ready:
        import django

        django.setup()


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
