"""Who is signing in, in which roles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from throughgate.access.actor import Actor, permissions_of
from throughgate.access.models import BreakGlass, Membership, User
from throughgate.access.permissions import Permission
from throughgate.access.roles import ROLES, Role, RoleName
from throughgate.base import scope
from throughgate.base.lapses import Recipient
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


@dataclass(frozen=True)
class Member:
    """Somebody with a role here, as the team page shows them. Address and state only for who keeps access."""

    membership: Membership
    role: Role
    email: str = ""
    waiting: bool = False


def team(by: Actor, facility_id: int) -> list[Member]:
    """Who has a live role in this facility or in the whole agency; who was invited and has not come in yet."""
    live = Q(ends_at=None) | Q(ends_at__gt=Now())
    here = Q(facility=facility_id) | Q(agency_wide=True)
    if not by.can(Permission.MANAGE_ACCESS, facility_id):
        rows = Membership.objects.filter(live, facility=facility_id)
        return [Member(row, ROLES[RoleName(row.role)]) for row in rows.order_by("role", "person_name")]
    with scope.as_role(Audience.JOB, purpose="team"):
        rows = Membership.objects.filter(live, here).select_related("user").order_by("role", "person_name")
        return [
            Member(row, ROLES[RoleName(row.role)], row.user.email, not row.user.has_usable_password())
            for row in rows
        ]


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


@dataclass(frozen=True)
class Desk:
    """Members of staff who may do one thing, by facility; those of the whole agency under 0."""

    by_facility: Mapping[int, Sequence[Recipient]]

    def at(self, facility_ids: Collection[int] = ()) -> list[Recipient]:
        """Whom to write to about these facilities: who may do it there, else who may everywhere. No query."""
        found = {each.key: each for pk in sorted(facility_ids) for each in self.by_facility.get(pk, ())}
        return list(found.values()) or list(self.by_facility.get(0, ()))


def desk(*permissions: Permission, zone: str = "") -> Desk:
    """Who among staff may do all of these, to be written to. One query; runs as the system."""
    roles = [
        name
        for name, role in ROLES.items()
        if role.permissions.issuperset(permissions) and role.audience == Audience.STAFF
    ]
    rows = (
        Membership.objects.filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=Now()),
            role__in=roles,
            starts_at__lte=Now(),
            user__is_active=True,
        )
        .select_related("user")
        .order_by("pk")
    )
    found: dict[int, list[Recipient]] = {}
    for row in rows:
        someone = Recipient(
            key=f"user {row.user.code}",
            address=row.user.email,
            name=row.person_name,
            language=row.user.language,
            zone=zone,
            inside=True,
        )
        found.setdefault(row.facility_id or 0, []).append(someone)
    return Desk(found)


def notice_keys() -> list[str]:
    """Under which keys the one who acts is written to; the database reads them from the live membership."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tg.my_notices()")
        row = cursor.fetchone()
    return list(row[0]) if row and row[0] else []
