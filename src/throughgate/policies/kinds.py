"""Every kind of rule pack and how its own part is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import attendance
from .reading import Table

KINDS: dict[str, Callable[[Table], Any]] = {
    "attendance": attendance.read,
}
