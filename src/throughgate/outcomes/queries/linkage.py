"""Reading rosters and what their linkage is worth."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from throughgate.outcomes.models import Decision, Roster, RosterRecord
from throughgate.people.models import Participant


def rosters() -> list[Roster]:
    """Rosters that the actor may see, newest first."""
    return list(Roster.objects.select_related("organization", "work").order_by("-id"))


def roster(code: str) -> Roster | None:
    """A roster by its code, if the actor may see it."""
    return Roster.objects.select_related("organization", "work").filter(code=code).first()


def to_decide(roster: Roster) -> list[tuple[RosterRecord, list[tuple[Participant, float]]]]:
    """Rows that a person decides, with the participants who may be meant and the probability of each.

    Only participants whom the actor may see are shown; who decides must see them.
    """
    rows = list(
        RosterRecord.objects.filter(roster=roster, decision=Decision.OPEN, participant__isnull=True).order_by(
            "line"
        )
    )
    ids = {pk for row in rows for pk, _share in row.candidates}
    people = {
        each.pk: each
        for each in Participant.objects.filter(pk__in=ids).select_related("profile").order_by("id")
    }
    return [
        (row, [(people[pk], float(share)) for pk, share in row.candidates if pk in people]) for row in rows
    ]


def linkage_facts(code: str) -> dict[str, Any]:
    """What a study says of a roster: its [linkage], and people handed in and found.

    ``wrong_percent`` is estimated by the model; ``missed_percent`` is everybody who was not found, since
    nobody can know which of them are not in the records at all.
    """
    found = Roster.objects.get(code=code)
    told = found.quality
    return {
        "linkage": {
            "method": _("%(method)s on names, date of birth and sex")
            % {"method": told.get("method", "Splink")},
            "wrong_percent": round(100 * (1 - float(told.get("precision", 1))), 1),
            "missed_percent": round(100 * float(told.get("unlinked_share", 0)), 1),
        },
        "submitted": int(told.get("submitted", 0)),
        "linked": int(told.get("linked", 0)),
    }
