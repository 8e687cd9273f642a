"""The small facility of these tests."""

from __future__ import annotations

import pytest
from staff_world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build()
