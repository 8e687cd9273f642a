"""What of this room lapses: clearances."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from throughgate.base.lapses import Lapse, Recipient, Window, source
from throughgate.visitors.models import CLEARED, Clearance


@source("clearance")
def clearances(window: Window) -> Iterator[Lapse]:
    """Clearances that end, for the visitor; the last of each at a facility."""
    rows = Clearance.objects.filter(
        status__in=CLEARED, visitor__left_on__isnull=True, valid__endswith__isnull=False
    ).select_related("visitor", "facility")
    last = {(row.visitor_id, row.facility_id): row for row in rows.order_by("valid", "pk")}
    for row in last.values():
        assert row.valid is not None and row.valid.upper is not None
        until, who, place = row.valid.upper - row.valid.upper.resolution, row.visitor, row.facility
        if until not in window:
            continue
        yield Lapse(
            kind="clearance",
            key=row.code,
            until=until,
            title=_("Clearance of %(name)s for %(place)s") % {"name": who.name, "place": place.name},
            recipients=[
                Recipient(
                    key=f"visitor {who.code}",
                    address=who.email,
                    name=who.name,
                    language=who.language,
                    zone=place.timezone,
                )
            ],
            url=f"/staff/visitors/{who.code}/",
            facility_ids=[place.pk],
            about=who.name,
            subject=f"visitor {who.code}",
            jurisdiction=place.jurisdiction,
            zone=place.timezone,
        )
