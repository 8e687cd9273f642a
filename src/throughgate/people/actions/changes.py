"""Changes in circumstances: seen, and said so."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Forbidden
from throughgate.people.models import Change


@transaction.atomic
def acknowledge_change(*, by: Actor, change: Change) -> Change:
    """Say that somebody in the facility knows. Once is enough: a second time changes nothing."""
    by.require(Permission.VIEW_RESTRICTED, change.facility_id)
    row = Change.objects.select_for_update(of=("self",)).filter(pk=change.pk).first()
    if row is None:
        raise Forbidden("This change is not yours to acknowledge.", Permission.VIEW_RESTRICTED.value)
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = timezone.now(), by.name
        row.save(update_fields=["acknowledged_at", "acknowledged_by"])
    return row
