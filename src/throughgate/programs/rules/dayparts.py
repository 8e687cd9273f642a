"""Which part of the day a time belongs to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from throughgate.places.models import DayPart

NOON, EVENING = dt.time(12), dt.time(17)


def day_part(start: dt.time, windows: Iterable[tuple[str, dt.time, dt.time]] = ()) -> DayPart:
    """The part of the day of a local time of start.

    ``windows`` are the facility's movement windows of that weekday as (part, opens, closes): the last one
    that has opened by then decides. Without any it is noon and five o'clock.
    """
    opened = [(opens, part) for part, opens, _ in windows if opens <= start]
    if opened:
        return DayPart(max(opened)[1])
    if start < NOON:
        return DayPart.MORNING
    return DayPart.AFTERNOON if start < EVENING else DayPart.EVENING
