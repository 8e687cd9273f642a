"""Telling people of a partnership that something waits for them. Messages say what, never about whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.outbox.actions import send
from throughgate.base.scope import Audience
from throughgate.partners.models import Organization
from throughgate.places.models import Facility

LIVE = Q(ends_at=None) | Q(ends_at__gt=Now())


def leads(organization: Organization) -> list[Membership]:
    """Who leads for an organization now, with their address. Runs as the system."""
    return list(
        Membership.objects.filter(LIVE, organization=organization, role=RoleName.PARTNER_LEAD)
        .select_related("user")
        .order_by("pk")
    )


def staff_of(facility: Facility, roles: Collection[str]) -> list[Membership]:
    """Who has one of these roles at a facility, or for all of them, with their address. Runs as the system."""
    return list(
        Membership.objects.filter(LIVE, Q(facility=facility) | Q(agency_wide=True), role__in=list(roles))
        .select_related("user")
        .order_by("pk")
    )


def tell_leads(
    organization: Organization, template: str, key: str, data: Mapping[str, Any], extra: Iterable[str] = ()
) -> None:
    """Write to those who lead for an organization; to ``extra`` addresses too, where nobody can sign in yet."""
    with scope.as_role(Audience.JOB, purpose="tell a partner"):
        people = [(each.user.email, each.person_name, each.user.language) for each in leads(organization)]
        known = {address for address, _name, _language in people}
        people += [
            (address, organization.name, "en") for address in extra if address and address not in known
        ]
        _send(people, template, key, data)


def tell_staff(
    facility: Facility, roles: Collection[str], template: str, key: str, data: Mapping[str, Any]
) -> None:
    """Write to those of a facility who have one of these roles."""
    with scope.as_role(Audience.JOB, purpose="tell the staff"):
        people = [
            (each.user.email, each.person_name, each.user.language) for each in staff_of(facility, roles)
        ]
        _send(people, template, key, data, facility.pk)


def _send(
    people: Iterable[tuple[str, str, str]],
    template: str,
    key: str,
    data: Mapping[str, Any],
    facility_id: int | None = None,
) -> None:
    for address, name, language in people:
        send(
            key=f"{key} {address}",
            address=address,
            name=name,
            language=language,
            template=template,
            data=data,
            facility_id=facility_id,
        )
