"""What is known about a person, beyond who they are and where: needs, access needs, unit, profile."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.saving import save, set_facts
from throughgate.base.scope import Audience
from throughgate.people.actions.held import held, tell
from throughgate.people.actions.identity import PROFILE_FACTS
from throughgate.people.models import (
    CLINICAL_DOMAINS,
    AccessNeed,
    ChangeKind,
    Need,
    Participant,
    Profile,
)
from throughgate.places.models import Unit

PERSON_FACTS = frozenset({"first_name", "last_name", "preferred_name", "language", "interpreter"})


@transaction.atomic
def save_person(*, by: Actor, participant: Participant, **facts: Any) -> Participant:
    """Correct names, language and profile facts (:data:`PERSON_FACTS`, ``PROFILE_FACTS``)."""
    person = held(by, participant, Permission.EDIT_PEOPLE)
    set_facts(person, {k: v for k, v in facts.items() if k not in PROFILE_FACTS}, PERSON_FACTS)
    save(person)
    of_profile = {k: v for k, v in facts.items() if k in PROFILE_FACTS}
    if of_profile:
        profile = Profile.objects.filter(participant=person).first() or Profile(participant=person)
        set_facts(profile, of_profile, PROFILE_FACTS)
        save(profile)
    return person


@transaction.atomic
def move_unit(*, by: Actor, participant: Participant, unit: Unit | None, cell: str = "") -> Participant:
    """Move a person to another unit or cell of the same facility; the same place again changes nothing."""
    person = held(by, participant, Permission.MOVE_PEOPLE)
    if unit is not None and unit.facility_id != person.facility_id:
        raise Refused(
            Reason(
                "unit_elsewhere",
                _("This unit belongs to another facility."),
                _("Choose a unit here, or record a transfer."),
                field="unit",
            )
        )
    if (person.unit_id, person.cell) == (unit.pk if unit else None, cell.strip()):
        return person
    person.unit, person.cell = unit, cell.strip()
    with scope.as_role(Audience.JOB, purpose="unit move"):
        save(person)
        words = _("Moved to %(unit)s %(cell)s.") % {"unit": unit.name if unit else "–", "cell": person.cell}
        tell(person, ChangeKind.UNIT_MOVED, words, person.facility)
    return person


@transaction.atomic
def record_need(
    *, by: Actor, participant: Participant, domain: str, level: int, as_of: dt.date, tool: str = ""
) -> Need:
    """Write down an assessed need (level 1 to 3) with its tool. The same day again corrects it.

    Clinical areas are refused: they belong to the treating partner and the person's consent ([A-44]).
    """
    person = held(by, participant, Permission.EDIT_PEOPLE)
    reasons = []
    if domain in CLINICAL_DOMAINS:
        reasons.append(
            Reason(
                "clinical_need",
                _("Needs in this area are clinical and are not kept here."),
                _("The treating partner keeps them, with the person's consent."),
                field="domain",
            )
        )
    if as_of > person.facility.today():
        reasons.append(Reason("as_of_in_the_future", _("The day has not come yet."), field="as_of"))
    if reasons:
        raise Refused(reasons)
    need = Need.objects.filter(participant=person, domain=domain, as_of=as_of).first()
    need = need or Need(participant=person, domain=domain, as_of=as_of)
    need.level, need.tool = level, tool
    save(need)
    return need


@transaction.atomic
def record_access_need(*, by: Actor, participant: Participant, kind: str, note: str = "") -> AccessNeed:
    """Write down what a session must offer so that the person can take part; once a kind."""
    person = held(by, participant, Permission.EDIT_PEOPLE)
    need = AccessNeed.objects.filter(participant=person, kind=kind).first()
    need = need or AccessNeed(participant=person, kind=kind)
    need.note = note
    save(need)
    return need


@transaction.atomic
def remove_access_need(*, by: Actor, participant: Participant, kind: str) -> None:
    """Take an access need away; nothing happens when it is not there."""
    person = held(by, participant, Permission.EDIT_PEOPLE)
    AccessNeed.objects.filter(participant=person, kind=kind).delete()
