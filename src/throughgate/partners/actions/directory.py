"""Organizations, and what they do where and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import saving
from throughgate.base.errors import Forbidden, Reason, Refused
from throughgate.base.scope import Audience
from throughgate.partners import rules
from throughgate.partners.models import Location, OpeningHours, Organization, Service, ServicePlace
from throughgate.people.models import NeedDomain

OWN_FACTS = frozenset({"alternate_name", "description", "website", "email", "phone"})
ORGANIZATION_FACTS = OWN_FACTS | {"name", "kind", "status", "part2", "listed", "source", "source_id"}
SERVICE_FACTS = frozenset(
    {
        *("name", "name_es", "description", "description_es", "status", "needs", "categories", "languages"),
        *("eligibility", "fees", "how_to_apply", "phone", "email", "url", "last_verified"),
        *("source", "source_id"),
    }
)
LOCATION_FACTS = frozenset(
    {
        *("name", "address_1", "address_2", "city", "region", "postal_code", "country"),
        *("latitude", "longitude", "source", "source_id"),
    }
)


@transaction.atomic
def save_organization(*, by: Actor, organization: Organization | None = None, **facts: Any) -> Organization:
    """Add or change an organization; ``facts`` are :data:`ORGANIZATION_FACTS`.

    A partner's lead changes how to reach their own organization (:data:`OWN_FACTS`), and nothing else.
    """
    if by.audience == Audience.PARTNER:
        by.require(Permission.MANAGE_OWN_TEAM)
        if organization is None or organization.pk != by.organization_id or set(facts) - OWN_FACTS:
            raise Forbidden(
                _("You may change how to reach your own organization; ask the facility for anything else."),
                Permission.MANAGE_PARTNERS.value,
            )
    else:
        by.require(Permission.MANAGE_PARTNERS)
    row = Organization() if organization is None else Organization.objects.get(pk=organization.pk)
    if not by.is_system and facts.get("status", row.status) != row.status:
        raise Refused(
            Reason(
                "by_its_stage",
                _("The stage of a partnership is not typed in."),
                _("Use the buttons on the organization's page."),
                field="status",
            )
        )
    saving.set_facts(row, facts, ORGANIZATION_FACTS)
    saving.save(row)
    return row


@transaction.atomic
def save_service(
    *, by: Actor, organization: Organization, service: Service | None = None, **facts: Any
) -> Service:
    """Add or change what an organization offers; ``facts`` are :data:`SERVICE_FACTS`. Search follows by itself."""
    by.require(Permission.MANAGE_PARTNERS)
    row = Service() if service is None else Service.objects.get(pk=service.pk)
    row.organization = organization
    saving.set_facts(row, facts, SERVICE_FACTS)
    _check(row, rules.sound_needs(row.needs, NeedDomain.values))
    row.save()
    return row


@transaction.atomic
def save_location(*, by: Actor, location: Location | None = None, **facts: Any) -> Location:
    """Add or change a place where services are given; ``facts`` are :data:`LOCATION_FACTS`, any may be missing."""
    by.require(Permission.MANAGE_PARTNERS)
    row = Location() if location is None else Location.objects.get(pk=location.pk)
    saving.set_facts(row, facts, LOCATION_FACTS)
    saving.save(row)
    return row


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Open on a weekday (Monday 0) from and until; ``note`` is for what does not fit."""

    weekday: int | None = None
    opens: dt.time | None = None
    closes: dt.time | None = None
    note: str = ""


@transaction.atomic
def place_service(
    *, by: Actor, service: Service, location: Location, phone: str = "", hours: Sequence[Hours] | None = None
) -> ServicePlace:
    """Say that a service is given at a place, and when it is open there (``hours`` replaces those known).

    Hours that close before they open are kept as given and marked as doubtful.
    """
    by.require(Permission.MANAGE_PARTNERS)
    place = ServicePlace.objects.filter(service=service, location=location).first()
    place = place or ServicePlace(service=service, location=location)
    place.phone = phone
    saving.save(place)
    if hours is not None:
        OpeningHours.objects.filter(service=service, location=location).delete()
        for each in hours:
            doubtful = each.opens is not None and each.closes is not None and each.closes <= each.opens
            saving.save(
                OpeningHours(
                    service=service,
                    location=location,
                    weekday=each.weekday,
                    opens=each.opens,
                    closes=each.closes,
                    note=each.note,
                    doubtful=doubtful,
                )
            )
    return place


def _check(row: models.Model, reasons: list[Reason]) -> None:
    try:
        saving.check(row, trusted={"search"})
    except Refused as refused:
        reasons = reasons + list(refused.reasons)
    _allow(reasons)


def _allow(reasons: list[Reason]) -> None:
    if reasons:
        raise Refused(reasons)
