"""All packs of a deployment: which one holds where and when."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .kinds import KINDS
from .packs import Pack, read_pack
from .reading import PolicyError, Problem

SHIPPED = Path(__file__).parent / "packs"
LOOK_AGAIN_SECONDS = 20.0
DAY = dt.timedelta(days=1)


class NoPolicy(LookupError):
    """No pack of a kind holds for a jurisdiction on a day."""


def chain(jurisdiction: str) -> tuple[str, ...]:
    """From the nearest to the farthest: "US-HB" gives US-HB, US, default."""
    parts = [] if jurisdiction == "default" else jurisdiction.split("-")
    return (*("-".join(parts[:length]) for length in range(len(parts), 0, -1)), "default")


@dataclass(frozen=True)
class Gap:
    """Days between two packs of one kind and jurisdiction on which neither holds, both ends included."""

    kind: str
    jurisdiction: str
    starts: dt.date
    ends: dt.date
    before: str
    after: str


@dataclass(frozen=True)
class Library:
    """Every pack, shipped and local, checked against each other; sorted by kind, jurisdiction and day.

    `retired` are packs that another one replaces from its first day on; they keep their name for old records.
    """

    packs: tuple[Pack[Any], ...]
    retired: tuple[Pack[Any], ...] = ()
    problems: tuple[Problem, ...] = ()

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], tuple[Pack[Any], ...]]:
        found: dict[tuple[str, str], list[Pack[Any]]] = {}
        for pack in self.packs:
            found.setdefault((pack.kind, pack.jurisdiction), []).append(pack)
        return {place: tuple(packs) for place, packs in found.items()}

    def find(self, kind: str, jurisdiction: str, on: dt.date) -> Pack[Any] | None:
        """The pack that holds, the nearest jurisdiction first; None when there is none.

        Raises KeyError for an unknown kind.
        """
        if kind not in KINDS:
            raise KeyError(f"{kind!r} is no kind of rule pack; there are {', '.join(sorted(KINDS))}")
        for place in chain(jurisdiction):
            for pack in self._by_place.get((kind, place), ()):
                if pack.covers(on):
                    return pack
        return None

    def in_force(self, kind: str, jurisdiction: str, on: dt.date) -> Pack[Any]:
        """The pack that holds. Raises NoPolicy, saying where one was looked for."""
        pack = self.find(kind, jurisdiction, on)
        if pack is None:
            looked = ", ".join(chain(jurisdiction))
            raise NoPolicy(
                f"No {kind} rules hold on {on} for {jurisdiction} (looked at {looked}). "
                "Add a rule pack that covers this day."
            )
        return pack

    def get(self, identifier: str) -> Pack[Any]:
        """The pack of that id, retired ones too, for what a record cites. Raises KeyError."""
        for pack in (*self.packs, *self.retired):
            if pack.id == identifier:
                return pack
        raise KeyError(f"There is no rule pack {identifier!r}")

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """Every gap between neighbors; a wider jurisdiction may still cover those days."""
        return tuple(
            Gap(kind, place, before.effective_to + DAY, after.effective_from - DAY, before.id, after.id)
            for (kind, place), packs in self._by_place.items()
            for before, after in pairwise(packs)
            if before.effective_to is not None and before.effective_to + DAY < after.effective_from
        )


def load(folders: Iterable[Path]) -> Library:
    """Reads every `<folder>/<kind>/*.toml` and checks the packs against each other.

    Raises PolicyError with every problem of every file: unreadable, unknown keys, the same id twice,
    overlapping days, a file in the folder of another kind.
    """
    packs: list[Pack[Any]] = []
    problems: list[Problem] = []
    for file in _files(folders):
        try:
            pack = read_pack(file, KINDS)
        except PolicyError as error:
            problems += error.problems
            continue
        if pack.kind != file.parent.name:
            message = f"the file lies in the folder {file.parent.name}; move it to {pack.kind}"
            problems.append(Problem(pack.file, "pack.kind", message))
        packs.append(pack)
    problems += _same_ids(packs)
    current, retired, unknown = _replace(packs)
    problems += unknown + _overlaps(current)
    if problems:
        raise PolicyError(problems)
    return Library(tuple(sorted(current, key=_order)), tuple(sorted(retired, key=_order)))


def _files(folders: Iterable[Path]) -> list[Path]:
    # A file beside the kinds' folders is read too, so that it is told to move rather than passed over.
    return [file for folder in folders for file in sorted([*folder.glob("*.toml"), *folder.glob("*/*.toml")])]


def _order(pack: Pack[Any]) -> tuple[str, str, dt.date]:
    return (pack.kind, pack.jurisdiction, pack.effective_from)


def _same_ids(packs: Sequence[Pack[Any]]) -> list[Problem]:
    seen: dict[str, str] = {}
    problems = []
    for pack in packs:
        if pack.id in seen:
            message = f"{pack.id!r} is taken by {seen[pack.id]}; choose another id"
            problems.append(Problem(pack.file, "pack.id", message))
        seen.setdefault(pack.id, pack.file)
    return problems


def _replace(packs: Sequence[Pack[Any]]) -> tuple[list[Pack[Any]], list[Pack[Any]], list[Problem]]:
    """Ends every replaced pack the day before its successor starts; one that never held is retired."""
    by_id = {pack.id: pack for pack in packs}
    retired: list[Pack[Any]] = []
    problems: list[Problem] = []
    for successor in packs:
        for identifier in successor.replaces:
            old = by_id.get(identifier)
            if old is None or (old.kind, old.jurisdiction) != (successor.kind, successor.jurisdiction):
                message = f"{identifier!r} is no pack of the same kind and jurisdiction"
                problems.append(Problem(successor.file, "pack.replaces", message))
            elif old.effective_from >= successor.effective_from:
                retired.append(by_id.pop(identifier))
            elif old.effective_to is None or old.effective_to >= successor.effective_from:
                by_id[identifier] = replace(old, effective_to=successor.effective_from - DAY)
    return list(by_id.values()), retired, problems


def _last_day(pack: Pack[Any]) -> dt.date:
    return pack.effective_to or dt.date.max


def _overlaps(packs: Sequence[Pack[Any]]) -> list[Problem]:
    problems = []
    ordered = sorted(packs, key=_order)
    for place in {(pack.kind, pack.jurisdiction) for pack in ordered}:
        latest: Pack[Any] | None = None
        for pack in (pack for pack in ordered if (pack.kind, pack.jurisdiction) == place):
            if latest and _last_day(latest) >= pack.effective_from:
                until = latest.effective_to or "further notice"
                message = (
                    f"starts on {pack.effective_from} while {latest.id} ({latest.file}) holds for the same "
                    f'place until {until}; end that one earlier or write replaces = ["{latest.id}"]'
                )
                problems.append(Problem(pack.file, "pack.effective_from", message))
            if latest is None or _last_day(pack) > _last_day(latest):
                latest = pack
    return problems


def folders() -> tuple[Path, ...]:
    """The shipped packs, then the deployment's own (setting POLICY_DIR, environment THROUGHGATE_POLICY_DIR).

    Raises PolicyError when the named folder does not exist.
    """
    try:
        named = getattr(settings, "POLICY_DIR", "")
    except ImproperlyConfigured:  # used as a plain library, without settings
        named = ""
    named = named or os.environ.get("THROUGHGATE_POLICY_DIR")
    if not named:
        return (SHIPPED,)
    own = Path(named)
    if not own.is_dir():
        raise PolicyError([Problem(str(own), "", "THROUGHGATE_POLICY_DIR names no folder that exists")])
    return (SHIPPED, own)


class _Shelf:
    """The library of this process, read again when a file of the deployment changes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._library: Library | None = None
        self._seen: object = None
        self._looked = 0.0

    def library(self) -> Library:
        now = time.monotonic()
        if self._library is not None and now - self._looked < LOOK_AGAIN_SECONDS:
            return self._library
        with self._lock:
            self._looked = now
            try:
                places = folders()
                seen = [(str(file), file.stat().st_mtime_ns) for file in _files(places)]
                if self._library is None or seen != self._seen:
                    self._seen = seen
                    self._library = load(places)
            except PolicyError as error:
                if self._library is None:
                    raise
                # Keep working by the last good rules, and say so.
                self._library = replace(self._library, problems=error.problems)
            return self._library

    def forget(self) -> None:
        with self._lock:
            self._library = None


_shelf = _Shelf()


def library() -> Library:
    """The packs of this deployment. A changed file is noticed within seconds.

    Raises PolicyError when the packs cannot be used at the start. Later, a broken file leaves the last good
    rules in force and stands in `library().problems`.
    """
    return _shelf.library()


def reload() -> None:
    """Forgets what was read; the next question reads every file again."""
    _shelf.forget()


def in_force(kind: str, jurisdiction: str, on: dt.date) -> Pack[Any]:
    """The pack of a kind that holds for a jurisdiction on a day, the nearest first: US-HB, US, default.

    Raises NoPolicy when there is none.
    """
    return library().in_force(kind, jurisdiction, on)
