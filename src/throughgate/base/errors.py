"""The two ways a verb can say no: you may not, or it cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True)
class Reason:
    """Why something is refused: a stable code, words for people, and what would put it right."""

    code: str
    text: Text
    remedy: Text = ""
    # Whether someone with the right permission may overrule it with a reason of their own.
    overridable: bool = False
    # The name of the fact that is wrong, when one is: a form shows the reason beside its field.
    field: str = ""


class Refused(Exception):
    """A rule says no. Carries every reason at once, never only the first."""

    def __init__(self, reasons: Iterable[Reason] | Reason) -> None:
        self.reasons = (reasons,) if isinstance(reasons, Reason) else tuple(reasons)
        super().__init__("; ".join(str(reason.text) for reason in self.reasons))


class Forbidden(Exception):
    """The actor may not do this, whatever the facts are. ``permission`` is the one that was missing."""

    def __init__(self, message: str, permission: str = "") -> None:
        self.permission = permission
        super().__init__(message)


@dataclass(frozen=True)
class Decision:
    """What a pure rule answers: the reasons against, none when it is allowed."""

    reasons: tuple[Reason, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether anything stands against it."""
        return bool(self.reasons)

    @property
    def overridable(self) -> bool:
        """Whether every reason may be overruled by someone with the right permission."""
        return all(reason.overridable for reason in self.reasons)
