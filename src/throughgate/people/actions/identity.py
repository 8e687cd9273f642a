"""Who somebody is: registering, and the numbers that systems gave them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.saving import save, set_facts
from throughgate.base.scope import Audience
from throughgate.people import rules
from throughgate.people.actions.held import allow, held, tell
from throughgate.people.models import ChangeKind, Identifier, Participant, Profile, Stay
from throughgate.people.rules import Event, Identity, Match, MoveFacts
from throughgate.places.models import Facility, Unit

NAME_FACTS = frozenset({"preferred_name", "language", "interpreter", "cell"})
PROFILE_FACTS = frozenset(
    {
        "birth_date",
        "sex",
        "race_ethnicity",
        "custody_level",
        "reading_level",
        "has_diploma",
        "last_misconduct_on",
    }
)


@transaction.atomic
def register(
    *,
    by: Actor,
    facility: Facility,
    first_name: str,
    last_name: str,
    identifiers: Sequence[tuple[str, str]],
    on: dt.date,
    reason: str,
    source: str,
    unit: Unit | None = None,
    **facts: Any,
) -> Participant:
    """Write down somebody who has arrived: name, numbers as (system, value), profile, stay.

    The first identifier is the one printed on lists. ``facts`` are those of :data:`NAME_FACTS` and
    :data:`PROFILE_FACTS`. Refuses somebody who is already known by number, name and date of birth. When a
    number belongs to somebody else, nobody is merged by guess: the person is registered without it and a
    change of kind "identity" goes to both facilities, for a person to decide.
    """
    by.require(Permission.EDIT_PEOPLE, facility)
    allow(
        rules.can_move(
            Event.TRANSFER,
            MoveFacts(
                whereabouts=rules.INSIDE,
                today=facility.today(),
                on=on,
                reason=reason,
                target_in_use=facility.active,
                target_is_office=facility.kind == "community_office",
                unit_fits=unit is None or unit.facility_id == facility.pk,
            ),
        )
    )
    numbers = _clean_numbers(identifiers)
    wanted = Identity(first_name=first_name, last_name=last_name, birth_date=facts.get("birth_date"))
    taken = _taken(numbers)
    if rules.match_identity(wanted, _identities(taken)) is Match.SAME:
        raise Refused(
            Reason(
                "already_known",
                _("Somebody with this number, name and date of birth is already registered."),
                _("Find the record and note a transfer or a return instead."),
                field="identifiers",
            )
        )
    person = Participant(
        facility=facility, unit=unit, first_name=first_name.strip(), last_name=last_name.strip()
    )
    set_facts(person, {k: v for k, v in facts.items() if k not in PROFILE_FACTS}, NAME_FACTS)
    save(person)
    profile = Profile(participant=person)
    set_facts(profile, {k: v for k, v in facts.items() if k in PROFILE_FACTS}, PROFILE_FACTS)
    save(profile)
    save(Stay(participant=person, facility=facility, during=(on, None), reason_in=reason, source=source))
    free = [number for number in numbers if number not in taken]
    for position, (system, value) in enumerate(free):
        save(
            Identifier(
                participant=person,
                system=system,
                value=value,
                primary=position == 0,
                verified_by="" if by.is_system else by.name,
            )
        )
    for number, holder in taken.items():
        _conflict(number, person, holder)
    with scope.as_role(Audience.JOB):
        tell(person, ChangeKind.RECEIVED, _("Arrived at %(place)s.") % {"place": facility.name}, facility)
    return person


@transaction.atomic
def add_identifier(
    *,
    by: Actor,
    participant: Participant,
    system: str,
    value: str,
    verified_by: str = "",
    primary: bool = False,
) -> Identifier | None:
    """Give a person another number; None when somebody else has it and a person must now decide.

    The same number again is no change. ``primary`` makes it the one that is printed on lists.
    """
    person = held(by, participant, Permission.EDIT_PEOPLE)
    numbers = _clean_numbers([(system, value)])
    taken = _taken(numbers)
    for number, holder in taken.items():
        if holder.pk != person.pk:
            _conflict(number, person, holder)
            return None
    found = Identifier.objects.filter(system=numbers[0][0], value=numbers[0][1]).first()
    number_row = found or Identifier(participant=person, system=numbers[0][0], value=numbers[0][1])
    number_row.verified_by = verified_by or number_row.verified_by
    if primary and not number_row.primary:
        Identifier.objects.filter(participant=person, primary=True).update(primary=False)
        number_row.primary = True
    save(number_row)
    return number_row


@transaction.atomic
def reassign_identifier(*, by: Actor, identifier: Identifier, to: Participant, reason: str) -> Identifier:
    """A person has looked and decided: this number belongs to somebody else. Needs both records and a reason.

    Also ends the open questions about it at both facilities.
    """
    if not reason.strip():
        raise Refused(Reason("no_reason", _("Say how you know whose number this is."), field="reason"))
    owner = held(by, identifier.participant, Permission.EDIT_PEOPLE)
    target = held(by, to, Permission.EDIT_PEOPLE)
    identifier.participant, identifier.primary, identifier.verified_by = target, False, by.name
    if not Identifier.objects.filter(participant=target, primary=True).exists():
        identifier.primary = True
    save(identifier)
    words = _("Number %(number)s was given to another record: %(why)s") % {
        "number": f"{identifier.system} {identifier.value}",
        "why": reason,
    }
    with scope.as_role(Audience.JOB):
        tell(owner, ChangeKind.IDENTITY, words, owner.facility)
    return identifier


def _clean_numbers(identifiers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Trimmed, once each, in the order given. Refuses half a number."""
    numbers = list(dict.fromkeys((system.strip(), value.strip()) for system, value in identifiers))
    if any(not system or not value for system, value in numbers):
        raise Refused(
            Reason(
                "half_a_number",
                _("A number needs the system that gave it and the number itself."),
                field="identifiers",
            )
        )
    return numbers


def _taken(numbers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Participant]:
    """Which of these numbers belong to whom, anywhere; read as the system, shown to nobody."""
    found: dict[tuple[str, str], Participant] = {}
    with scope.as_role(Audience.JOB):
        for number in numbers:
            row = (
                Identifier.objects.filter(system=number[0], value=number[1])
                .select_related("participant__facility", "participant__profile")
                .first()
            )
            if row is not None:
                found[number] = row.participant
    return found


def _identities(taken: dict[tuple[str, str], Participant]) -> list[Identity]:
    people = {holder.pk: holder for holder in taken.values()}
    return [
        Identity(
            first_name=holder.first_name,
            last_name=holder.last_name,
            birth_date=holder.profile.birth_date if hasattr(holder, "profile") else None,
        )
        for holder in people.values()
    ]


def _conflict(number: tuple[str, str], newcomer: Participant, holder: Participant) -> None:
    """Tell both facilities that one number came with two people, without telling either who the other is."""
    words = _("Number %(number)s came with two different people. Find out whose it is.") % {
        "number": f"{number[0]} {number[1]}"
    }
    with scope.as_role(Audience.JOB):
        tell(newcomer, ChangeKind.IDENTITY, words, newcomer.facility)
        tell(holder, ChangeKind.IDENTITY, words, holder.facility)
