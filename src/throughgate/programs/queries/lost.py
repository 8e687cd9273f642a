"""Hours that people lost because sessions did not take place, and whose doing that was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.programs.models import Session, SessionStatus

CAUSES: dict[str, str | Promise] = {
    "institution": _("The facility"),
    "partner": _("The partner"),
    "person": _("The person"),
    "none": _("Nobody"),
}


@dataclass
class Lost:
    """What was lost for one reason: person-hours, and in how many sessions."""

    reason: str
    label: str
    cause: str
    hours: float = 0
    sessions: int = 0

    @property
    def cause_words(self) -> str:
        """Whose doing it was."""
        return str(CAUSES.get(self.cause, self.cause))


def lost_hours(facilities: Iterable[Facility], since: dt.datetime, until: dt.datetime) -> list[Lost]:
    """Person-hours lost between two moments by reason of the cancellations pack, the most first. One query.

    Counts everybody who was called: to a cancelled session its whole length, to a partly held one what was
    missing. Needs no right to see any person.
    """
    places = {facility.pk: facility for facility in facilities}
    rows = (
        Session.objects.filter(
            facility__in=places,
            starts_at__gte=since,
            starts_at__lt=until,
            status__in=(SessionStatus.CANCELLED, SessionStatus.PARTLY_HELD),
        )
        .order_by("pk")
        .values_list(
            "facility_id", "status", "reason", "starts_at", "ends_at", "minutes_held", "called", "recorded"
        )
    )
    found: dict[str, Lost] = {}
    for facility_id, status, reason, starts, ends, held, called, recorded in rows:
        facility = places[facility_id]
        known = policies.cancellations(facility.jurisdiction, starts.date()).data.reasons.get(reason)
        label = str(known.label) if known else str(_("Ended early"))
        lost = found.setdefault(reason, Lost(reason, label, known.attributable_to if known else "none"))
        hours = (ends - starts).total_seconds() / 3600
        if status == SessionStatus.PARTLY_HELD:
            hours -= (held or 0) / 60
        # A cancelled session has released its people; each of them keeps the mark.
        lost.hours += hours * max(called, recorded)
        lost.sessions += 1
    return sorted(found.values(), key=lambda each: -each.hours)
