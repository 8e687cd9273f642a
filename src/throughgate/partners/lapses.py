"""What of this room lapses: agreements."""

from __future__ import annotations

from collections.abc import Iterator

from throughgate.base.lapses import Lapse, Recipient, Window, source
from throughgate.partners.models import Agreement


@source("agreement")
def agreements(window: Window) -> Iterator[Lapse]:
    """Agreements that end and were not terminated before, for the organization; the last of each kind with it."""
    rows = (
        Agreement.objects.filter(terminated_on__isnull=True, valid__endswith__isnull=False)
        .select_related("organization")
        .prefetch_related("facilities")
    )
    last = {(row.organization_id, row.kind, row.title): row for row in rows.order_by("valid", "pk")}
    for row in last.values():
        until = row.valid.upper - row.valid.upper.resolution
        if until not in window:
            continue
        places = list(row.facilities.all())
        org = row.organization
        yield Lapse(
            kind="agreement",
            key=row.code,
            until=until,
            title=row.title,
            recipients=[Recipient(key=f"organization {org.code}", address=org.email, name=org.name)],
            url=f"/staff/partners/{org.code}/",
            facility_ids=[place.pk for place in places],
            about=org.name,
            subject=f"organization {org.code}",
            jurisdiction=places[0].jurisdiction if places else "",
            zone=places[0].timezone if places else "",
        )
