"""When somebody gets a message: at once, after their night, with the next digest, or not at all. Pure.

All moments are aware; nights and digests are read on the clock of the person's own time zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

DAY = dt.timedelta(days=1)
AT_ONCE, DAILY, WEEKLY = "at_once", "daily", "weekly"
RHYTHMS = (AT_ONCE, DAILY, WEEKLY)
NOW, LATER, DIGEST, OFF = "now", "later", "digest", "off"


@dataclass(frozen=True)
class Topic:
    """What a message is about: may it be off, and how often it comes when the person has not said."""

    code: str
    label: Mapping[str, str]
    may_be_off: bool = False
    rhythm: str = AT_ONCE


@dataclass(frozen=True, kw_only=True)
class House:
    """What holds for those who have not chosen: the night, the hour and the weekday (0 is Monday) of digests."""

    quiet_from: dt.time
    quiet_until: dt.time
    digest_at: dt.time
    digest_weekday: int
    topics: Mapping[str, Topic] = field(default_factory=dict)

    def topic(self, code: str) -> Topic:
        """The topic of a code; what the house does not know may not be off and comes at once."""
        return self.topics.get(code) or Topic(code, {"en": code})


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How one person wants messages. Without a ``zone`` their night is unknown and nothing waits for it.

    ``rhythm`` empty is the topic's own. ``quiet`` is the night's begin and end, None is no night.
    """

    zone: str = ""
    rhythm: str = ""
    quiet: tuple[dt.time, dt.time] | None = None
    off: frozenset[str] = frozenset()

    def clock(self) -> ZoneInfo:
        """The clock that digests follow."""
        return ZoneInfo(self.zone or "UTC")


@dataclass(frozen=True)
class Plan:
    """What becomes of a message: ``now``, ``later`` or in a ``digest`` at a moment, or ``off``."""

    how: str
    at: dt.datetime | None = None


def plan(
    *,
    habits: Habits,
    house: House,
    topic: str,
    urgent: bool,
    now: dt.datetime,
    deadline: dt.datetime | None = None,
) -> Plan:
    """How a message goes. What is urgent goes at once whatever the hour; what cannot wait for the next digest
    (``deadline``) goes before it; everything else respects the night."""
    about = house.topic(topic)
    if urgent:
        return Plan(NOW)
    if about.may_be_off and topic in habits.off:
        return Plan(OFF)
    if (habits.rhythm or about.rhythm) != AT_ONCE:
        at = next_digest(habits, house, weekly=(habits.rhythm or about.rhythm) == WEEKLY, now=now)
        if deadline is None or at < deadline:
            return Plan(DIGEST, at)
    wakes = night_ends(habits, now)
    return Plan(LATER, wakes) if wakes else Plan(NOW)


def night_ends(habits: Habits, now: dt.datetime) -> dt.datetime | None:
    """When the night that it is now will be over; None by day, and for those without a night."""
    if habits.quiet is None or not habits.zone or habits.quiet[0] == habits.quiet[1]:
        return None
    begins, ends = habits.quiet
    local = now.astimezone(habits.clock())
    time = local.time()
    at_night = begins <= time < ends if begins < ends else time >= begins or time < ends
    if not at_night:
        return None
    day = local.date() + DAY if begins > ends and time >= begins else local.date()
    return _moment(day, ends, habits.clock())


def next_digest(habits: Habits, house: House, *, weekly: bool, now: dt.datetime) -> dt.datetime:
    """The next moment at which this person's digest goes, always after ``now`` and never at night."""
    clock = habits.clock()
    day = now.astimezone(clock).date()
    while True:
        at = _moment(day, house.digest_at, clock)
        if at > now and (not weekly or day.weekday() == house.digest_weekday):
            return night_ends(habits, at) or at
        day += DAY


def _moment(day: dt.date, time: dt.time, clock: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, time, clock).astimezone(dt.UTC)
