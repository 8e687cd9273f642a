"""Notices: which topics there are, which of them may be off, and the night and digest hour of a house. [P-270]"""

from __future__ import annotations

import datetime as dt

from throughgate.base.outbox import rules as outbox

from .reading import Table

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read(top: Table) -> outbox.House:
    """Reads what is particular to a notices pack."""
    night, digest = top.table("night"), top.table("digest")
    house = outbox.House(
        quiet_from=night.clock("from"),
        quiet_until=night.clock("until"),
        digest_at=digest.clock("at"),
        digest_weekday=WEEKDAYS.index(digest.choice("weekly_on", WEEKDAYS)),
        topics=top.coded("topics", _topic),
    )
    night.finish()
    digest.finish()
    if _at_night(house.digest_at, house):
        digest.wrong("at", "lies in the night; digests go by day")
    return house


def _at_night(time: dt.time, house: outbox.House) -> bool:
    begins, ends = house.quiet_from, house.quiet_until
    return begins <= time < ends if begins < ends else time >= begins or time < ends


def _topic(table: Table) -> outbox.Topic:
    return outbox.Topic(
        code=table.text("code"),
        label=dict(table.label("label").by_language),
        may_be_off=table.flag("may_be_off"),
        rhythm=table.choice("rhythm", outbox.RHYTHMS),
    )
