"""Who is not free at a time: called elsewhere, or away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from throughgate.people.models import Absence, Participant, Whereabouts
from throughgate.programs.models import Call


def not_free(people: Collection[int], starts: dt.datetime, ends: dt.datetime, but: int = 0) -> set[int]:
    """The ids of those people who cannot come between two moments; ``but`` is a session that does not count."""
    called = Call.objects.filter(
        participant__in=people, status=Call.Status.CALLED, starts_at__lt=ends, ends_at__gt=starts
    ).exclude(session=but)
    away = Absence.objects.filter(participant__in=people, during__overlap=(starts, ends))
    gone = Participant.objects.filter(pk__in=people).exclude(
        whereabouts__in=(Whereabouts.INSIDE, Whereabouts.AWAY)
    )
    return {
        *called.values_list("participant_id", flat=True),
        *away.values_list("participant_id", flat=True),
        *gone.values_list("pk", flat=True),
    }
