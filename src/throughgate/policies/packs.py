"""The head every rule pack has, whatever its kind, and how a file is read."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from .reading import PolicyError, Problem, Table
from .words import Label

T = TypeVar("T")
NOT_VERIFIED = "not verified"
JURISDICTION = re.compile(r"default|[A-Z]{2}(-[A-Z0-9]{1,8})*")
IDENTIFIER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MARKS = {
    "R": "read in the source",
    "S": "seen in an excerpt",
    "B": "only believed",
    "ours": "proposed by this product",
    "local": "set by the agency itself",
    "invented": "invented for demonstration",
}


@dataclass(frozen=True)
class Authority:
    """Who says so: a law, a policy, an agency; and where to read it. The link may be empty."""

    text: str
    link: str


@dataclass(frozen=True)
class Verification:
    """Who compared the pack with its authority, and on which day. `on` is None when nobody has."""

    by: str
    on: dt.date | None

    @property
    def done(self) -> bool:
        """Whether anybody has."""
        return self.on is not None


@dataclass(frozen=True)
class Pack(Generic[T]):
    """One dated rule pack. `data` holds the rules of its kind; `raw` the same as plain values, to compare.

    It holds from `effective_from` through `effective_to`, both included; None means until further notice.
    """

    id: str
    kind: str
    jurisdiction: str
    title: Label
    version: int
    effective_from: dt.date
    effective_to: dt.date | None
    authority: Authority
    verified: Verification
    mark: str
    references: tuple[str, ...]
    disclaimer: Label
    note: Label | None
    replaces: tuple[str, ...]
    file: str
    data: T
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    def covers(self, on: dt.date) -> bool:
        """Whether it holds on a day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    @property
    def cite(self) -> str:
        """How a record names it: "attendance-default v1"."""
        return f"{self.id} v{self.version}"

    @property
    def invented(self) -> bool:
        """Whether it is made up for a demonstration and must be labeled so wherever it shows."""
        return self.mark == "invented"

    @property
    def mark_meaning(self) -> str:
        """What the evidence mark says, in words."""
        return MARKS[self.mark]


def read_pack(file: Path, kinds: Mapping[str, Callable[[Table], Any]]) -> Pack[Any]:
    """Reads one file.

    Raises PolicyError with every problem in it, each with file and key.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError([Problem(file.name, "", f"cannot be read as UTF-8 text: {error}")]) from error
    return parse_pack(text, f"{file.parent.name}/{file.name}", kinds)


def parse_pack(text: str, file: str, kinds: Mapping[str, Callable[[Table], Any]]) -> Pack[Any]:
    """Reads the text of a pack; `file` is only the name used in messages.

    Raises PolicyError with every problem in it.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([Problem(file, "", f"is not valid TOML: {error}")]) from error
    problems: list[Problem] = []
    top = Table(raw, file, "", problems)
    pack = _read(top, raw, file, kinds)
    top.finish()
    if problems or pack is None:
        raise PolicyError(problems)
    return pack


def _read(
    top: Table, raw: dict[str, Any], file: str, kinds: Mapping[str, Callable[[Table], Any]]
) -> Pack[Any] | None:
    head = top.table("pack")
    identifier = head.text("id")
    if identifier and not IDENTIFIER.fullmatch(identifier):
        head.wrong("id", "must be small letters, digits and single hyphens, such as attendance-us-ny")
    kind = head.choice("kind", sorted(kinds))
    jurisdiction = head.text("jurisdiction")
    if jurisdiction and not JURISDICTION.fullmatch(jurisdiction):
        head.wrong("jurisdiction", 'must be "default" or a code such as US, US-NY or GB-EAW')
    starts, ends = head.day("effective_from"), head.maybe_day("effective_to")
    if ends is not None and ends < starts:
        head.wrong("effective_to", f"lies before effective_from ({starts})")
    title, version = head.label("title"), head.whole("version", at_least=1)
    note, replaces = head.maybe_label("note"), head.texts("replaces", default=())
    disclaimer = head.label("disclaimer")
    head.finish()
    authority, verified = _authority(top.table("authority")), _verification(top.table("verified"))
    evidence = top.table("evidence")
    mark, references = evidence.choice("mark", list(MARKS)), evidence.texts("references")
    evidence.finish()
    if mark in {"R", "S"} and not authority.link and "authority" in top:
        top.wrong("authority.link", f"is needed for the evidence mark {mark}: say where it was read")
    if kind not in kinds or head.text("kind", "") != kind:
        return None  # which keys belong here is unknown without the kind
    return Pack(
        id=identifier,
        kind=kind,
        jurisdiction=jurisdiction,
        title=title,
        version=version,
        effective_from=starts,
        effective_to=ends,
        authority=authority,
        verified=verified,
        mark=mark,
        references=references,
        disclaimer=disclaimer,
        note=note,
        replaces=replaces,
        file=file,
        data=kinds[kind](top),
        raw=raw,
    )


def _authority(table: Table) -> Authority:
    text, link = table.text("text"), table.text("link", "")
    if link and not link.startswith("https://"):
        table.wrong("link", "must start with https:// or be left out")
    table.finish()
    return Authority(text, link)


def _verification(table: Table) -> Verification:
    by, on = table.text("by"), table.maybe_day("on")
    if by == NOT_VERIFIED and on is not None:
        table.wrong("on", f'must be left out while by = "{NOT_VERIFIED}"')
    if by and by != NOT_VERIFIED and on is None:
        table.wrong("on", f'is missing: say on which day, or write by = "{NOT_VERIFIED}"')
    table.finish()
    return Verification(by, on)
