"""What a room says of a thing that lapses, and the registry of those that say it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Somebody to remind. ``key`` tells them apart from all others and never changes: ``"visitor ABCD2345"``,
    ``"organization ..."``, ``"user ..."``; without an address the reminder is noted as one nobody got.

    ``zone`` is their time zone by its IANA name, for quiet hours, where it is known. ``inside`` says that they
    can open the staff page that puts it right; others get the message alone.
    """

    key: str
    address: str = ""
    name: str = ""
    language: str = "en"
    zone: str = ""
    inside: bool = False


@dataclass(frozen=True)
class Hit:
    """What goes wrong when nobody acts: on which day, in words safe for a message; ``url`` for staff."""

    on: dt.date
    what: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """One thing that stops holding after ``until``, its last good day.

    ``kind`` is a code of the reminders pack; ``key`` names the thing within its kind and stays the same while
    it is renewed (a code). ``title`` is said in messages and on the staff page: names of visitors,
    organizations and programs, never of participants. ``url`` is the staff page that puts it right.
    ``facility_ids`` are the places it concerns; empty means the whole agency. ``about`` says whose it is
    (an organization's or a visitor's name) and ``subject`` is that one's key ("visitor ABCD2345",
    "organization ..."), by which a room above finds what the lapse will hit. ``zone`` is the clock on which
    days are counted; ``final`` marks what cannot be renewed and only ends.
    """

    kind: str
    key: str
    until: dt.date
    title: str
    recipients: Sequence[Recipient] = ()
    url: str = ""
    hits: Sequence[Hit] = ()
    facility_ids: Sequence[int] = ()
    about: str = ""
    subject: str = ""
    jurisdiction: str = ""
    zone: str = ""
    final: bool = False


@dataclass(frozen=True)
class Window:
    """The days asked about, both included; ``first`` lies in the past, so that what has lapsed is said too."""

    first: dt.date
    last: dt.date

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


Source = Callable[[Window], Iterable[Lapse]]
Foresight = Callable[[Sequence[Lapse]], Mapping[str, Sequence[Hit]]]

EVERY = "*"
SOURCES: dict[str, list[Source]] = {}
FORESIGHTS: dict[str, list[Foresight]] = {}


# Asked for every lapse that names nobody of the staff: whose work it is to see to it.
STEWARDS: list[Callable[[Sequence[Lapse]], Mapping[str, Sequence[Recipient]]]] = []


def source(kind: str) -> Callable[[Source], Source]:
    """Register a generator of the lapses of ``kind`` whose ``until`` lies in the window it is given.

    It must yield what holds or held and nothing replaced it; what was renewed, ended or withdrawn is left out.
    """

    def register(function: Source) -> Source:
        SOURCES.setdefault(kind, []).append(function)
        return function

    return register


def hits(kind: str) -> Callable[[Foresight], Foresight]:
    """Register what the lapses of ``kind`` will hit, by their key; for rooms above the one that owns them.

    The kind :data:`EVERY` is asked about all of them, a kind at a time.
    """

    def register(function: Foresight) -> Foresight:
        FORESIGHTS.setdefault(kind, []).append(function)
        return function

    return register
