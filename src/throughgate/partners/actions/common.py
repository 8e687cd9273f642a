"""What the verbs of partners share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Decision, Forbidden, Reason, Refused
from throughgate.base.scope import Audience
from throughgate.partners.models import Organization
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.policies.packs import Pack
from throughgate.policies.partnerships import VettingRules

DAY = dt.timedelta(days=1)


def today(facility: Facility | None = None) -> dt.date:
    """The local day at a facility, or of the server where no facility is meant."""
    return facility.today() if facility is not None else timezone.localdate()


def house_rules(on: dt.date | None = None) -> Pack[VettingRules]:
    """The vetting rules of the house, for what belongs to no facility: kinds of documents, how long links hold."""
    return policies.vetting(settings.JURISDICTION, on or today())


def allow(*decisions: Decision) -> None:
    """Raise Refused with everything that stands against it."""
    reasons = [reason for decision in decisions for reason in decision.reasons]
    if reasons:
        raise Refused(reasons)


def refuse(code: str, text: str, remedy: str = "", field: str = "") -> Refused:
    """A refusal of one reason."""
    return Refused(Reason(code, text, remedy, field=field))


def keeps(by: Actor, facilities: Sequence[Facility] = ()) -> None:
    """Raise Forbidden unless the actor keeps partners, at every one of these facilities."""
    by.require(Permission.MANAGE_PARTNERS)
    for facility in facilities:
        by.require(Permission.MANAGE_PARTNERS, facility)


def own(by: Actor, organization_id: int) -> None:
    """Raise Forbidden unless the actor leads for this organization."""
    by.require(Permission.MANAGE_OWN_TEAM)
    if by.audience != Audience.PARTNER or by.organization_id != organization_id:
        raise Forbidden(_("This belongs to another organization."), Permission.MANAGE_OWN_TEAM.value)


def own_or_kept(by: Actor, organization_id: int, facilities: Sequence[Facility] = ()) -> None:
    """Let the organization's own lead do it, or staff who keep partners there."""
    if by.audience == Audience.PARTNER:
        own(by, organization_id)
    else:
        keeps(by, facilities)


def hold(organization: Organization) -> Organization:
    """The organization as it stands now; others who would change its stage wait for us."""
    return Organization.objects.select_for_update(of=("self",)).get(pk=organization.pk)
