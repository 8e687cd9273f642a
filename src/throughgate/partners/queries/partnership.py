"""Where a partnership stands: the vetting list, papers, agreements, and what waits on whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.partners.models import (
    Agreement,
    AgreementState,
    Document,
    DocumentState,
    ItemState,
    Organization,
    OrganizationStatus,
    Vetting,
    VettingItem,
)
from throughgate.partners.rules import stages, vetting
from throughgate.policies import queries as policies
from throughgate.policies.partnerships import PaperKind
from throughgate.policies.partnerships import VettingItem as Asked

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Line:
    """One thing on a vetting list as it stands today; ``state`` may also be "expired"."""

    row: VettingItem
    asked: Asked
    state: str

    @property
    def label(self) -> str:
        """What it is, in the reader's language."""
        return str(self.asked.label)

    @property
    def word(self) -> str:
        """Its state in words."""
        return _("Expired") if self.state == vetting.EXPIRED else str(ItemState(self.state).label)

    @property
    def tone(self) -> str:
        """Its state as a tint."""
        return {"done": "good", "waived": "info", "expired": "late", "todo": "wait"}.get(self.state, "done")

    def blocks(self, before: str) -> bool:
        """Whether it stands in the way of the approval, or of the start."""
        return self.asked.before == before and self.state not in {vetting.DONE, vetting.WAIVED}


def checklist(row: Vetting, today: dt.date | None = None) -> list[Line]:
    """The list of a vetting, in order, by the pack it was begun under."""
    day = today or row.facility.today()
    items = policies.pack(row.rules).data.items
    return [
        Line(each, items[each.item], vetting.standing(each.state, each.valid_until, day))
        for each in row.items.select_related("document").order_by("position")
    ]


def holds_agreement(organization: Organization, day: dt.date | None = None) -> bool:
    """Whether anything signed with an organization holds on a day; sharing data alone is not enough."""
    on = day or timezone.localdate()
    return (
        Agreement.objects.filter(
            Q(terminated_on__isnull=True) | Q(terminated_on__gt=on),
            organization=organization,
            state=AgreementState.SIGNED,
            kind__in=["mou", "service"],
            valid__endswith__gt=on,
        )
        .order_by()
        .exists()
    )


def paper_kinds() -> dict[str, PaperKind]:
    """The kinds of documents that the house knows."""
    return dict(policies.vetting(settings.JURISDICTION, timezone.localdate()).data.papers)


@dataclass(frozen=True)
class Paper:
    """A document as a page shows it: its kind in words, its standing, and how many days are left."""

    row: Document
    kind: str
    word: str
    tone: str
    days_left: int | None


def papers(organization: Organization, today: dt.date) -> list[Paper]:
    """An organization's documents, what needs somebody first; those replaced or dropped are left out."""
    kinds = paper_kinds()
    rows = (
        organization.documents.exclude(state=DocumentState.WITHDRAWN)
        .exclude(replacement__state=DocumentState.ACCEPTED)
        .order_by("pk")
    )
    shown = [paper_of(row, kinds, today) for row in rows]
    order = {"asked": 1, "sent": 0, "returned": 1, "accepted": 2}
    return sorted(shown, key=lambda each: (order[each.row.state], each.row.valid_until or dt.date.max))


def paper_of(row: Document, kinds: dict[str, PaperKind], today: dt.date) -> Paper:
    """One document as a page shows it."""
    kind = str(kinds[row.kind].label) if row.kind in kinds else row.kind
    left = (row.valid_until - today).days if row.valid_until is not None else None
    if row.state != DocumentState.ACCEPTED:
        tone = {"sent": "info", "asked": "wait", "returned": "wait"}.get(row.state, "done")
        return Paper(row, kind, str(DocumentState(row.state).label), tone, left)
    if left is not None and left < 0:
        return Paper(row, kind, _("Expired"), "late", left)
    soon = policies.reminders(settings.JURISDICTION, today).data.reminders["document"]
    if row.valid_until is not None and soon.stage(row.valid_until, today) is not None:
        return Paper(row, kind, _("Ends soon"), "wait", left)
    return Paper(row, kind, _("In force"), "good", left)


@dataclass(frozen=True)
class Standing:
    """Where a partnership stands, for its page."""

    organization: Organization
    vetting: Vetting | None
    lines: list[Line]
    steps: list[tuple[str, stages.Step]]
    history: list[Any] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """How many things of the list are settled."""
        return sum(1 for line in self.lines if line.state in {vetting.DONE, vetting.WAIVED})

    @property
    def current(self) -> bool:
        """Whether the list still matters: while vetted, approved, or while something on it has expired."""
        return self.vetting is not None and (
            self.organization.status in {OrganizationStatus.VETTING, OrganizationStatus.APPROVED}
            or any(line.state == vetting.EXPIRED for line in self.lines)
            or self.settled < len(self.lines)
        )


def standing(organization: Organization) -> Standing:
    """The stage, the latest vetting with its list, what may follow, and what happened."""
    latest = organization.vettings.select_related("facility").order_by("-pk").first()
    return Standing(
        organization=organization,
        vetting=latest,
        lines=checklist(latest) if latest is not None else [],
        steps=list(stages.TABLE[organization.status].items()),
        history=list(organization.stages.order_by("-recorded_at", "-pk")),
    )


def agreement_word(row: Agreement, today: dt.date) -> tuple[dt.date | None, str, str]:
    """An agreement's last day, its word and tone."""
    last = row.valid.upper - DAY if row.valid.upper else None
    if row.state != AgreementState.SIGNED:
        tone = {"signing": "wait", "draft": "info"}.get(row.state, "done")
        return last, str(AgreementState(row.state).label), tone
    if row.terminated_on and row.terminated_on <= today:
        following = getattr(row, "following", None)
        replaced = following is not None and following.state == AgreementState.SIGNED
        return last, _("Replaced") if replaced else _("Ended early"), "done"
    if last is not None and last < today:
        return last, _("Over"), "late"
    if row.valid.lower and row.valid.lower > today:
        return last, _("To come"), "wait"
    soon = policies.reminders(settings.JURISDICTION, today).data.reminders["agreement"]
    if last is not None and soon.stage(last, today) is not None:
        return last, _("Ends soon"), "wait"
    return last, _("In force"), "good"
