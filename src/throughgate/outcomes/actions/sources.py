"""Saying how far a source of records reaches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.outcomes.models import RecordKind, SourceCoverage


@transaction.atomic
def cover(
    *,
    by: Actor,
    source: str,
    kind: str,
    extracted_on: dt.date,
    lag_days: int | None = None,
    since: dt.date | None = None,
    covers: Sequence[str] | None = None,
) -> SourceCoverage:
    """Say up to which day a source's records of one kind reach. The newest extract stands; an older one is no news.

    ``lag_days``, ``since`` and ``covers`` stay as they were when not given. Refuses a day that has not come.
    """
    by.require(Permission.EVALUATE)
    if kind not in RecordKind.values:
        raise Refused(Reason("kind", _("This kind of records is not known."), field="kind"))
    if extracted_on > timezone.localtime().date():
        raise Refused(Reason("future", _("Records cannot be taken on a day to come."), field="extracted_on"))
    here = SourceCoverage.objects.select_for_update().filter(source=source.strip(), kind=kind).first()
    row = here or SourceCoverage(source=source.strip(), kind=kind, extracted_on=extracted_on)
    row.extracted_on = max(row.extracted_on, extracted_on)
    row.told_by = by.name
    if lag_days is not None:
        row.lag_days = lag_days
    if since is not None:
        row.since = since
    if covers is not None:
        row.covers = sorted({place.strip().upper() for place in covers if place.strip()})
    with refusing():
        row.save()
    return row
