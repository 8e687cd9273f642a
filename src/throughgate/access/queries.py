"""Who is signing in, in which roles."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from throughgate.access.actor import Actor, permissions_of
from throughgate.access.models import BreakGlass, Membership, User
from throughgate.access.permissions import Permission
from throughgate.access.roles import ROLES, RoleName
from throughgate.base import scope
from throughgate.base.scope import Audience


def live_memberships(user: User) -> list[Membership]:
    """The user's memberships in force, oldest first; empty for someone who may not sign in."""
    if not user.is_active:
        return []
    return list(
        Membership.objects.filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=Now()), user=user, starts_at__lte=Now()
        )
        .select_related("facility", "organization")
        .order_by("starts_at", "id")
    )


def actor_for(user: User, membership: Membership) -> Actor:
    """The actor that this user is in this membership."""
    role = RoleName(membership.role)
    facility_ids: frozenset[int] = frozenset()
    if membership.agency_wide:
        facility_model = apps.get_model("places", "Facility")
        facility_ids = frozenset(facility_model.objects.order_by("id").values_list("id", flat=True))
    elif membership.facility_id:
        facility_ids = frozenset([membership.facility_id])
    place = membership.facility or membership.organization
    return Actor(
        name=membership.person_name,
        audience=ROLES[role].audience,
        user_id=user.pk,
        membership_id=membership.pk,
        role=role,
        facility_ids=facility_ids,
        organization_id=membership.organization_id,
        participant_id=membership.participant_id,
        visitor_id=membership.visitor_id,
        place=place.name if place else "",
        language=user.language,
        permissions=permissions_of(role),
    )


def works_everywhere(by: Actor) -> bool:
    """Whether the actor works for the whole agency, read from their membership as it stands now."""
    if by.is_system:
        return True
    with scope.as_role(Audience.JOB):
        return Membership.objects.filter(pk=by.membership_id or 0, agency_wide=True).exists()


def openings_for(by: Actor) -> QuerySet[BreakGlass]:
    """Emergency openings that the actor may review: of people of their facilities, or by colleagues there.

    Evaluate it as the system: the person and the colleague may be in two facilities.
    """
    rows = BreakGlass.objects.all()
    if by.audience != Audience.STAFF:
        return rows if by.can(Permission.REVIEW_ACCESS) else rows.none()
    return rows.filter(
        Q(participant__facility__in=by.facility_ids) | Q(membership__facility__in=by.facility_ids)
    )


def waiting_for_review(by: Actor) -> list[BreakGlass]:
    """Emergency openings that nobody has reviewed yet, oldest first, for those who review ([A-50])."""
    if not by.can(Permission.REVIEW_ACCESS):
        return []
    with scope.as_role(Audience.JOB, purpose="review of emergency access"):
        rows = openings_for(by).filter(reviewed_at=None).select_related("membership__facility")
        return list(rows.order_by("open", "pk"))


def open_now(by: Actor, participant_id: int) -> BreakGlass | None:
    """The actor's own opening of this record, while it lasts."""
    return BreakGlass.objects.filter(
        membership=by.membership_id, participant=participant_id, open__contains=timezone.now()
    ).first()
