"""Finding somebody: by name among one's own people; elsewhere by exact number, or name and birth date ([A-52])."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from throughgate.access.actor import Actor
from throughgate.people.models import Participant
from throughgate.people.search import Wanted, read_words

MOST = 25


@dataclass(frozen=True)
class Card:
    """The least that tells people of other facilities apart: given name and an initial, place, year of birth.

    ``participant_id`` is for the read log and for verbs, never for a page.
    """

    participant_id: int
    code: str
    name: str
    facility: str
    whereabouts: str
    birth_year: int | None


@dataclass(frozen=True)
class Found:
    """``mine`` are full records that the actor holds, ``elsewhere`` at most five cards."""

    mine: list[Participant]
    elsewhere: list[Card]
    more: bool

    @property
    def participant_ids(self) -> list[int]:
        """Everybody shown, for ``note_read``: each hit is logged."""
        return [person.pk for person in self.mine] + [card.participant_id for card in self.elsewhere]


NOBODY = Found([], [], more=False)


def find(by: Actor, words: str) -> Found:
    """Find people by code, number, or name (with a date of birth, such as 1990-02-03 or 2/3/1990, anywhere).

    Names alone find people in the actor's own facilities only. The page must log every hit with
    ``note_read(request, found.participant_ids, "search")``.
    """
    wanted = read_words(words)
    if wanted.empty:
        return NOBODY
    mine = list(_own(by, wanted))
    shown = {person.pk for person in mine}
    elsewhere = [card for card in _elsewhere(wanted) if card.participant_id not in shown]
    return Found(mine[:MOST], elsewhere, more=len(mine) > MOST)


def _own(by: Actor, wanted: Wanted) -> list[Participant]:
    rows = Participant.objects.select_related("facility", "unit")
    if not by.is_system:
        rows = rows.filter(facility_id__in=by.facility_ids)
    match = Q(pk__in=[])
    if wanted.exact:
        match |= Q(identifiers__value=wanted.exact) | Q(code=wanted.code or wanted.exact.upper())
    if wanted.names:
        every = Q()
        for name in wanted.names:
            every &= Q(sort_name__regex=rf"(^|[ ,'-]){re.escape(name)}")
        if wanted.born:
            every &= Q(profile__birth_date=wanted.born)
        match |= every
    return list(rows.filter(match).distinct().order_by("sort_name", "pk")[: MOST + 1])


def _elsewhere(wanted: Wanted) -> list[Card]:
    if not (wanted.exact or (wanted.full_name and wanted.born)):
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, code, name, facility, whereabouts, birth_year FROM tg.find_participant(%s, %s, %s)"
            " WHERE NOT mine",
            [wanted.code or wanted.exact, wanted.full_name, wanted.born],
        )
        return [Card(*row) for row in cursor.fetchall()]
