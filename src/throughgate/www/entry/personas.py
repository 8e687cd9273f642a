"""The demonstration's invented people, one of each kind, whom a click can be."""

from __future__ import annotations

from dataclasses import dataclass

from throughgate.access.models import Membership
from throughgate.access.roles import ROLES, RoleName
from throughgate.base import scope
from throughgate.base.scope import Audience

# The demonstration marks the accounts that may be entered by a click with this domain.
DOMAIN = "@demo.throughgate.invalid"


@dataclass(frozen=True)
class Persona:
    """Someone to be in the demonstration: who, as what, where, and what to try."""

    code: str
    name: str
    role: str
    description: str
    place: str


def personas() -> list[Persona]:
    """Everyone in the demonstration whom a click can be, in the order of the roles."""
    order = {name.value: position for position, name in enumerate(RoleName)}
    with scope.enter(scope.Context(audience=Audience.AUTH, purpose="personas"), readonly=True):
        rows = list(
            Membership.objects.filter(user__email__endswith=DOMAIN, ends_at__isnull=True)
            .select_related("facility", "organization")
            .order_by("id")
        )
    rows.sort(key=lambda row: order[row.role])
    return [_persona(row) for row in rows]


def _persona(row: Membership) -> Persona:
    role = ROLES[RoleName(row.role)]
    place = row.facility.name if row.facility else (row.organization.name if row.organization else "")
    return Persona(row.code, row.person_name, str(role.display_name), str(role.description), place)
