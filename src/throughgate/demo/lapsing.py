"""What lapses in the demonstration, with the reminders that were given so far. Runs last."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from throughgate.base.lapses import actions
from throughgate.base.lapses.models import Reminder
from throughgate.demo.making import DAY, Build, at, save


def make(build: Build) -> None:
    """Fill the list of what lapses, as the hourly look would, and note the reminders of the past."""
    now = max(timezone.now(), at(build.today, dt.time(8)))
    seen = actions.look(now)
    actions.keep(seen, now)
    save(
        Reminder(
            kind=lapse.kind,
            ref=lapse.key,
            until=lapse.until,
            step=step,
            person=to.key,
            name=to.name,
            told=bool(to.address),
            facility_ids=sorted(lapse.facility_ids),
            recorded_at=min(now, at(lapse.until - max(step, -1) * DAY, dt.time(8))),
        )
        for lapse, step in actions.due(seen, now)
        for to in {each.key: each for each in lapse.recipients}.values()
    )
