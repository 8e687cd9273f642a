"""What of this room lapses: agreements, and documents that were accepted until a day."""

from __future__ import annotations

from collections.abc import Iterator

from throughgate.base.lapses import Lapse, Recipient, Window, source
from throughgate.partners.models import Agreement, AgreementState, Document, DocumentState, OrganizationStatus
from throughgate.partners.queries.partnership import paper_kinds

GONE = (OrganizationStatus.ENDED, OrganizationStatus.DECLINED)


@source("agreement")
def agreements(window: Window) -> Iterator[Lapse]:
    """Signed agreements that end, were not terminated before and have no signed version after them."""
    rows = (
        Agreement.objects.filter(
            state=AgreementState.SIGNED, terminated_on__isnull=True, valid__endswith__isnull=False
        )
        .exclude(following__state=AgreementState.SIGNED)
        .exclude(organization__status__in=GONE)
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
            url=f"/staff/partners/{org.code}/agreements/{row.code}/",
            facility_ids=[place.pk for place in places],
            about=org.name,
            subject=f"organization {org.code}",
            jurisdiction=places[0].jurisdiction if places else "",
            zone=places[0].timezone if places else "",
        )


@source("document")
def documents(window: Window) -> Iterator[Lapse]:
    """Accepted documents that end and that nothing accepted has replaced, for the organization."""
    kinds = paper_kinds()
    rows = (
        Document.objects.filter(state=DocumentState.ACCEPTED, valid_until__range=(window.first, window.last))
        .exclude(replacement__state=DocumentState.ACCEPTED)
        .exclude(organization__status__in=GONE)
        .select_related("organization")
    )
    for row in rows.order_by("valid_until", "pk"):
        org = row.organization
        if row.valid_until is None:
            continue
        yield Lapse(
            kind="document",
            key=row.code,
            until=row.valid_until,
            title=row.title or (str(kinds[row.kind].label) if row.kind in kinds else row.kind),
            recipients=[Recipient(key=f"organization {org.code}", address=org.email, name=org.name)],
            url=f"/staff/partners/{org.code}/documents/{row.code}/",
            about=org.name,
            subject=f"organization {org.code}",
        )
