"""Copies the code's role table into the database, where row policies ask it."""

from __future__ import annotations

from throughgate.access.models import RolePermission
from throughgate.access.roles import ROLES


def store_role_permissions() -> None:
    """Make the stored table equal to the code's; run as the owner at set-up."""
    wanted = {
        (role.name.value, permission.value) for role in ROLES.values() for permission in role.permissions
    }
    rows = RolePermission.objects.using("owner")
    stored = set(rows.values_list("role", "permission"))
    for role, permission in stored - wanted:
        rows.filter(role=role, permission=permission).delete()
    rows.bulk_create([RolePermission(role=r, permission=p) for r, p in sorted(wanted - stored)])
