"""What the base asks of the rule packs; the settings name these, since the base knows no room above it."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from throughgate.base.lapses.rules import Steps
from throughgate.base.outbox.rules import House

from . import queries


def notice_rules(on: dt.date) -> House:
    """The notices rules of this deployment in force on a day."""
    return queries.notices(settings.JURISDICTION, on).data


def reminder_steps(kind: str, jurisdiction: str, on: dt.date) -> Steps:
    """How many days before its end a kind of thing is reminded of, with its name in every language.

    A kind that the pack does not name follows the one it calls ``other``.
    """
    reminders = queries.reminders(jurisdiction or settings.JURISDICTION, on).data.reminders
    found = reminders.get(kind) or reminders["other"]
    return Steps(kind, found.days_before, dict(found.label.by_language))
