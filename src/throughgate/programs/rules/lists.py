"""What changed on an official list since it was printed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """One line of a list: a key that stays the same while the line is about the same thing, its group
    (unit, room, gate) and its cells in the order of the columns."""

    key: str
    group: str
    cells: tuple[str, ...]

    def digest(self) -> str:
        """Changes when anything that the line says changes; says nothing by itself."""
        text = "\x1f".join((self.group, *self.cells))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Changes:
    """Lines that came, left or say something else than on paper."""

    added: list[Line] = field(default_factory=list)
    changed: list[Line] = field(default_factory=list)
    gone: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.gone)

    @property
    def count(self) -> int:
        """How many lines differ from the paper."""
        return len(self.added) + len(self.changed) + self.gone


def digests(lines: Iterable[Line]) -> dict[str, str]:
    """What is kept of a printed list."""
    return {line.key: line.digest() for line in lines}


def changes_since(printed: Mapping[str, str], lines: Iterable[Line]) -> Changes:
    """Compare the list as it is now with the digests of a print."""
    now = {line.key: line for line in lines}
    return Changes(
        added=[line for key, line in now.items() if key not in printed],
        changed=[line for key, line in now.items() if key in printed and printed[key] != line.digest()],
        gone=sum(1 for key in printed if key not in now),
    )
