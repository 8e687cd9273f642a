"""What every verb about a person begins with: do you hold them, and may you do this where they are."""

from __future__ import annotations

from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Decision, Forbidden, Refused
from throughgate.base.scope import Audience
from throughgate.people.models import Change, ChangeKind, Participant
from throughgate.places.models import Facility


def held(by: Actor, participant: Participant, permission: Permission) -> Participant:
    """The participant as they stand now, locked until the verb ends.

    Raises Forbidden when the actor does not see them (another facility, or blocked) or lacks the permission
    at the facility that holds them now, whatever the object in hand says.
    """
    facility_id = Participant.objects.filter(pk=participant.pk).values_list("facility_id", flat=True).first()
    if facility_id is None:
        raise Forbidden(_("You do not hold this person's record."), permission.value)
    by.require(permission, facility_id)
    locked = lock(participant.pk)
    by.require(permission, locked.facility_id)
    return locked


def lock(participant_id: int) -> Participant:
    """The participant, locked, read as the system; call it only after the permission was checked."""
    with scope.as_role(Audience.JOB):
        return (
            Participant.objects.select_for_update(of=("self",))
            .select_related("facility", "unit")
            .get(pk=participant_id)
        )


def allow(decision: Decision) -> None:
    """Raise Refused with every reason of a decision that says no."""
    if decision.refused:
        raise Refused(decision.reasons)


def tell(participant: Participant, kind: ChangeKind, summary: str, *facilities: Facility) -> list[Change]:
    """A change in circumstances for each facility, once. Run as the system: one of them may not be ours."""
    places = {facility.pk: facility for facility in facilities}
    return [
        Change.objects.create(participant=participant, facility=place, kind=kind, summary=summary[:250])
        for place in places.values()
    ]
