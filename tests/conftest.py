"""The strictness kit: a real PostgreSQL, the application's own rights, and nothing let through.

Every test database is cloned from a template that migrations and guards made, so that a test starts in
milliseconds. Tests run as the login of the application; to arrange facts they act as the system.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cluster import admin, clone, make_template, point_at
from throughgate.base.paths import var_dir

_ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("THROUGHGATE_SHARED") or _ROOT.parent / "shared")


def pytest_configure() -> None:
    """Keep to the tests' own data folder, and leave out WhiteNoise, which scans its files for each client."""
    from django.conf import settings

    settings.DATA_DIR = var_dir()
    settings.SECRET_KEY = os.environ["SECRET_KEY"]
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]


@pytest.fixture(scope="session")
def template_database(django_db_blocker: pytest.FixtureRequest) -> str:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        return make_template()


@pytest.fixture(scope="session")
def django_db_setup(template_database: str, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """One database a test process, cloned from the template; a test's work is rolled back."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        clone(template_database, name)
        point_at(name)
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        from django.db import connections

        connections.close_all()
        with admin() as connection, contextlib.suppress(psycopg.Error):
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def live_database(
    template_database: str, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[str]:
    """A database of its own for tests that need real commits and several connections; dropped afterwards."""
    from django.db import connections

    before = connections["default"].settings_dict["NAME"]
    name = f"live_{os.getpid()}_{os.urandom(4).hex()}"
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        clone(template_database, name)
        point_at(name)
        try:
            yield name
        finally:
            connections.close_all()
            point_at(before)
            with admin() as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Database tests use both connections of the application: requests, and the audit's own."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker is not None and "databases" not in marker.kwargs:
            item.add_marker(
                pytest.mark.django_db(*marker.args, **{**marker.kwargs, "databases": ["default", "audit"]}),
                append=False,
            )


@pytest.fixture(autouse=True)
def _speak_english() -> Iterator[None]:
    """Every test begins in English, whatever language the one before it chose."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _arrange_as_system(request: pytest.FixtureRequest) -> Iterator[None]:
    """Facts are arranged by the system; requests and ``acting(...)`` change to somebody for their time."""
    if request.node.get_closest_marker("django_db") is None or "live_database" in request.fixturenames:
        yield
        return
    request.getfixturevalue("db")
    from throughgate.base import scope

    with scope.system("test arrangement"):
        yield


@pytest.fixture
def shared() -> Path:
    """The folder of real data for acceptance; tests that need it skip where it is absent."""
    if not (SHARED / "real").is_dir():
        pytest.skip("the real data for acceptance is not here")
    return SHARED
