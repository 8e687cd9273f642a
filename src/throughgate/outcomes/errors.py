"""Turning the engine's refusals into reasons that a page can show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from throughgate.base.errors import Reason, Refused
from throughgate.engines.impact.errors import StudyError


@contextmanager
def answering() -> Iterator[None]:
    """What the engine refuses becomes :class:`Refused`, in the engine's own words."""
    try:
        yield
    except StudyError as problem:
        raise Refused(Reason("study", str(problem))) from problem
