"""The two ways the engine says no."""

from __future__ import annotations


class StudyError(ValueError):
    """The input cannot be used as it stands. The message says what is wrong and what to do about it."""


class NotFair(StudyError):
    """The question cannot be answered fairly from this data. `guard` names the check that stopped it."""

    def __init__(self, guard: str, message: str) -> None:
        super().__init__(message)
        self.guard = guard
