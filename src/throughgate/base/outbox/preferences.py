"""How a person wants messages, and what holds for those who have not said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from throughgate.base import scope
from throughgate.base.outbox import rules
from throughgate.base.outbox.models import Message, Preference
from throughgate.base.scope import Audience


def house() -> rules.House:
    """What the notices pack in force says; the packs are a room above, so the settings name them."""
    found: rules.House = import_string(settings.NOTICE_RULES)(timezone.localdate())
    return found


def preference_of(person: str) -> Preference | None:
    """What somebody chose; None when they have not, or when it is not known who they are."""
    return Preference.objects.filter(person=person).first() if person else None


def habits_of(person: str, zone: str = "") -> rules.Habits:
    """The habits that hold for somebody: their own, or the house's night on the clock of ``zone``."""
    chosen, usual = preference_of(person), house()
    if chosen is None:
        return rules.Habits(zone=zone, quiet=(usual.quiet_from, usual.quiet_until))
    return rules.Habits(
        zone=chosen.zone or zone,
        rhythm=chosen.rhythm,
        quiet=(chosen.quiet_from, chosen.quiet_until)
        if chosen.quiet_from is not None and chosen.quiet_until is not None
        else None,
        off=frozenset(chosen.off),
    )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chose on their page; ``quiet`` None is no quiet hours."""

    channel: str = Message.Channel.EMAIL
    phone: str = ""
    language: str = ""
    zone: str = ""
    rhythm: str = ""
    quiet: tuple[dt.time, dt.time] | None = None
    off: Collection[str] = ()


@transaction.atomic
def choose(people: Collection[str], choice: Choice) -> None:
    """Keep what somebody chose, for every key they are written to under, and decide anew about what waits.

    The row policy lets each person write only their own keys. Topics that may not be off stay on.
    """
    from throughgate.base.outbox.actions import resettle  # noqa: PLC0415 - it asks back here

    may = {code for code, topic in house().topics.items() if topic.may_be_off}
    values = {
        "channel": choice.channel,
        "phone": choice.phone,
        "language": choice.language,
        "zone": choice.zone,
        "rhythm": choice.rhythm,
        "quiet_from": choice.quiet[0] if choice.quiet else None,
        "quiet_until": choice.quiet[1] if choice.quiet else None,
        "off": sorted(set(choice.off) & may),
    }
    for person in people:
        Preference.objects.update_or_create(person=person, defaults=values)
    with scope.as_role(Audience.JOB, purpose="notice preferences changed"):
        for person in people:
            resettle(person)


def turn_off(person: str, topic: str) -> bool:
    """Stop one topic for somebody who followed the link in a mail. Runs as the system; whether it may be off."""
    usual = house()
    if not usual.topic(topic).may_be_off:
        return False
    row, _new = Preference.objects.get_or_create(
        person=person, defaults={"quiet_from": usual.quiet_from, "quiet_until": usual.quiet_until}
    )
    row.off = sorted({*row.off, topic})
    row.save(update_fields=["off"])
    return True
