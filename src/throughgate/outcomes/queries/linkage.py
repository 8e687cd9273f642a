"""Reading rosters and what their linkage is worth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.scope import Audience
from throughgate.outcomes.models import Decision, Roster, RosterRecord, RosterState
from throughgate.people.models import Participant, Profile


def rosters() -> list[Roster]:
    """Rosters that the actor may see, newest first."""
    return list(Roster.objects.select_related("organization", "work").order_by("-id"))


def roster(code: str) -> Roster | None:
    """A roster by its code, if the actor may see it."""
    return Roster.objects.select_related("organization", "work").filter(code=code).first()


@dataclass(frozen=True)
class Meant:
    """Somebody who may be meant by a row: how likely, and whether the dates of birth agree (None: not known)."""

    person: Participant
    share: float
    same_birth: bool | None


def to_decide(roster: Roster) -> list[tuple[RosterRecord, list[Meant]]]:
    """Rows that a person decides, with the participants who may be meant.

    Only participants whom the actor may see are shown. Their dates of birth are compared and not told.
    """
    rows = list(
        RosterRecord.objects.filter(
            roster=roster, roster__state=RosterState.LINKED, decision=Decision.OPEN
        ).order_by("line")
    )
    ids = {pk for row in rows for pk, _share in row.candidates}
    people = {each.pk: each for each in Participant.objects.filter(pk__in=ids).order_by("id")}
    with scope.as_role(Audience.JOB, purpose="compare dates of birth"):
        born = dict(
            Profile.objects.filter(participant__in=people)
            .order_by("participant_id")
            .values_list("participant_id", "birth_date")
        )
    return [
        (row, [_meant(row, people[pk], share, born) for pk, share in row.candidates if pk in people])
        for row in rows
    ]


def _meant(row: RosterRecord, person: Participant, share: float, born: Mapping[int, dt.date | None]) -> Meant:
    here = born.get(person.pk)
    same = None if here is None or row.birth_date is None else here == row.birth_date
    return Meant(person, float(share), same)


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
