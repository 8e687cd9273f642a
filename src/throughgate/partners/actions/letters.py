"""The thread between an organization and a facility's coordinators."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.access.roles import RoleName
from throughgate.base import links, saving, scope
from throughgate.base.errors import Forbidden
from throughgate.base.scope import Audience
from throughgate.partners.actions.common import keeps, refuse
from throughgate.partners.models import Letter, Organization, Side
from throughgate.partners.notices import tell_leads, tell_staff
from throughgate.places.models import Facility

LONGEST = 4000


@transaction.atomic
def write_letter(*, by: Actor, organization: Organization, facility: Facility, words: str) -> Letter:
    """Add a message to the thread; the other side is told that there is one, never what it says."""
    side = _side(by, organization, facility)
    text = words.strip()
    if not text:
        raise refuse("empty", _("Write something first."), field="words")
    if len(text) > LONGEST:
        raise refuse(
            "too_long",
            _("A message holds %(n)s characters at most.") % {"n": LONGEST},
            _("Send the rest as a second one."),
            field="words",
        )
    with scope.as_role(Audience.JOB, purpose="message of a thread"):
        row = Letter(organization=organization, facility=facility, side=side, by=by.name, words=text)
        saving.save(row)
    data = {"organization": organization.name, "facility": facility.name}
    key = f"partner letter {row.code}"
    if side == Side.US:
        data["link"] = links.address(reverse("partner:letters", args=[facility.code]))
        tell_leads(organization, "partner_letter", key, data)
    else:
        data["link"] = links.address(reverse("staff:letters", args=[organization.code]))
        tell_staff(facility, [RoleName.COORDINATOR], "partner_letter", key, data)
    return row


@transaction.atomic
def read_letters(*, by: Actor, organization: Organization, facility: Facility) -> int:
    """Note that what the other side wrote was read; gives how many were new."""
    other = Side.THEM if _side(by, organization, facility) == Side.US else Side.US
    with scope.as_role(Audience.JOB, purpose="thread read"):
        return Letter.objects.filter(
            organization=organization, facility=facility, side=other, read_at=None
        ).update(read_at=Now())


def _side(by: Actor, organization: Organization, facility: Facility) -> str:
    if by.audience == Audience.PARTNER:
        if by.organization_id != organization.pk:
            raise Forbidden(_("This belongs to another organization."), Permission.MANAGE_OWN_TEAM.value)
        return Side.THEM
    keeps(by, [facility])
    return Side.US
