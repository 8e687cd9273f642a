"""A demonstration built once for a module, in a database of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cluster import admin, clone, point_at
from throughgate.demo.build import build
from throughgate.demo.making import Build

SMALL = {"size": 0.1, "back": 40}


@contextmanager
def built(template: str, blocker: object, **given: float) -> Iterator[Build]:
    """A fresh database with a demonstration in it; dropped afterwards."""
    from django.db import connections

    before = connections["default"].settings_dict["NAME"]
    name = f"live_{os.getpid()}_{os.urandom(4).hex()}"
    with blocker.unblock():  # type: ignore[attr-defined]
        clone(template, name)
        point_at(name)
        try:
            yield build(**given)  # type: ignore[arg-type]
        finally:
            connections.close_all()
            point_at(before)
            with admin() as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def small(template_database: str, django_db_setup: None, django_db_blocker: object) -> Iterator[Build]:
    """A tenth of the people, and six weeks."""
    with built(template_database, django_db_blocker, **SMALL) as made:
        yield made


@pytest.fixture(scope="module")
def whole(template_database: str, django_db_setup: None, django_db_blocker: object) -> Iterator[Build]:
    """The demonstration itself."""
    with built(template_database, django_db_blocker) as made:
        yield made
