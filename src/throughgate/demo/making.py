"""What the makers share: the seed, the day, codes that come out the same again, and bulk writing."""

from __future__ import annotations

import datetime as dt
import random
import sys
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models.expressions import DatabaseDefault
from django.utils import timezone

from throughgate.base.codes import ALPHABET, LENGTH, check_character

if TYPE_CHECKING:
    from throughgate.demo.partners import Partners
    from throughgate.demo.people import People
    from throughgate.demo.places import Places

M = TypeVar("M", bound=models.Model)
DAY = dt.timedelta(days=1)
ZONE = ZoneInfo("America/New_York")
BATCH = 5000


@dataclass
class Build:
    """One building of the demonstration.

    ``size`` scales the number of people and ``back`` is how many days of history there are; both are the
    demonstration's own unless a test wants less.
    """

    seed: int
    today: dt.date
    size: float = 1.0
    back: int = 364
    quiet: bool = True
    names: set[tuple[str, str]] = field(default_factory=set)
    _codes: set[str] = field(default_factory=set)
    _started: float = field(default_factory=time.monotonic)
    _coder: random.Random = field(init=False)
    places: Places = field(init=False)
    partners: Partners = field(init=False)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        self._coder = self.random("codes")

    def random(self, part: str) -> random.Random:
        """The chance of one part of the build, so that a change in one part leaves the others as they were."""
        return random.Random(zlib.crc32(f"{self.seed}/{part}".encode()))  # noqa: S311 - invented data

    def code(self) -> str:
        """A public code as :func:`throughgate.base.codes.new_code` makes it, but from the seed."""
        while True:
            body = "".join(self._coder.choices(ALPHABET, k=LENGTH - 1))
            if body not in self._codes:
                self._codes.add(body)
                return body + check_character(body)

    def count(self, wanted: int, least: int = 1) -> int:
        """A number of things at this size."""
        return max(least, round(wanted * self.size))

    def day(self, days: int) -> dt.date:
        """The day so many days from today."""
        return self.today + dt.timedelta(days=days)

    def say(self, words: str) -> None:
        """A line of progress on the terminal."""
        if not self.quiet:
            sys.stdout.write(f"  {time.monotonic() - self._started:5.1f} s  {words}\n")
            sys.stdout.flush()


def at(day: dt.date, time_: dt.time) -> dt.datetime:
    """A local day and time of the agency as a moment."""
    return dt.datetime.combine(day, time_, tzinfo=ZONE)


def save(rows: Iterable[M]) -> list[M]:
    """Write rows of one model in bulk; their ids are set."""
    given = list(rows)
    if not given:
        return given
    model = type(given[0])
    # Values that the database would fill in keep Django from sending whole columns at once.
    now = timezone.now()
    clocks = [
        each.attname
        for each in model._meta.concrete_fields
        if isinstance(each, models.DateTimeField) and each.has_db_default()
    ]
    for row in given:
        for name in clocks:
            if isinstance(getattr(row, name), DatabaseDefault):
                setattr(row, name, now)
    manager: models.Manager[M] = model._default_manager
    return manager.bulk_create(given, batch_size=BATCH)


def weighted(random_: random.Random, choices: Sequence[tuple[str, float]]) -> str:
    """One of several words by weight."""
    return random_.choices([word for word, _ in choices], [weight for _, weight in choices])[0]


def office_hour(random_: random.Random) -> dt.time:
    """A time of the working day."""
    return dt.time(random_.randint(8, 16), random_.choice((0, 10, 20, 30, 40, 50)))
