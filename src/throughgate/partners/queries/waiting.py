"""What waits on whom: the next act of every partnership, for coordinators, for those who approve, and for partners."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.roles import ROLES, RoleName
from throughgate.partners.models import (
    Agreement,
    AgreementState,
    Document,
    DocumentState,
    Letter,
    Organization,
    OrganizationStatus,
    Proposal,
    ProposalState,
    ProposalStep,
    Side,
    StepState,
    Vetting,
)
from throughgate.partners.queries.partnership import DAY, checklist, paper_kinds
from throughgate.partners.rules import vetting as vetting_rules
from throughgate.policies import queries as policies
from throughgate.policies.partnerships import ChainStep

US, THEM = "us", "them"


@dataclass(frozen=True)
class Waits:
    """One thing that waits: on which side, what, on whom, until when, and the pages where it is done."""

    organization: Organization
    side: str
    what: str
    who: str
    due: dt.date | None
    staff_page: tuple[str, tuple[str, ...]]
    partner_page: tuple[str, tuple[str, ...]]


def of_staff(by: Actor, today: dt.date) -> list[Waits]:
    """Everything that waits in partnerships of the actor's facilities, what is due soonest first."""
    ids = list(by.facility_ids)
    ours = Organization.objects.filter(
        Q(vettings__facility__in=ids) | Q(agreements__facilities__in=ids) | Q(proposals__facility__in=ids)
    ).exclude(status__in=[OrganizationStatus.ENDED, OrganizationStatus.DECLINED])
    return _sorted(_everything(ours.order_by("pk").distinct(), ids, today))


def of_organization(
    organization: Organization, facility_ids: Collection[int] | None, today: dt.date
) -> list[Waits]:
    """Everything that waits with one organization; at these facilities, or at all."""
    only = Organization.objects.filter(pk=organization.pk)
    return _sorted(_everything(only, facility_ids, today))


def _sorted(rows: Iterator[Waits]) -> list[Waits]:
    return sorted(rows, key=lambda each: (each.due or dt.date.max, each.organization.name, each.what))


def _everything(
    organizations: QuerySet[Organization], facility_ids: Collection[int] | None, today: dt.date
) -> Iterator[Waits]:
    known = {each.pk: each for each in organizations}
    yield from _vettings(known, facility_ids, today)
    yield from _documents(known)
    yield from _agreements(known, today)
    yield from _proposals(known, facility_ids)
    yield from _letters(known, facility_ids)


def _coordinator() -> str:
    return str(ROLES[RoleName.COORDINATOR].display_name)


def _vettings(
    known: dict[int, Organization], facility_ids: Collection[int] | None, today: dt.date
) -> Iterator[Waits]:
    rows = Vetting.objects.filter(organization__in=known, outcome="open").select_related("facility")
    if facility_ids is not None:
        rows = rows.filter(facility__in=facility_ids)
    for row in rows.order_by("pk"):
        lines = [line for line in checklist(row, today) if line.asked.before == "approval"]
        done = sum(1 for line in lines if line.state in {vetting_rules.DONE, vetting_rules.WAIVED})
        words = _("Vetting: %(done)s of %(all)s settled") % {"done": done, "all": len(lines)}
        if done == len(lines):
            words = _("Everything is settled: decide")
        each = known[row.organization_id]
        yield Waits(
            each, US, words, _coordinator(), row.decide_by,
            ("staff:vetting", (each.code,)), ("partner:organization", ()),
        )  # fmt: skip


def _documents(known: dict[int, Organization]) -> Iterator[Waits]:
    kinds = paper_kinds()
    rows = Document.objects.filter(
        organization__in=known, state__in=[DocumentState.ASKED, DocumentState.RETURNED, DocumentState.SENT]
    )
    for row in rows.order_by("pk"):
        each = known[row.organization_id]
        label = str(kinds[row.kind].label) if row.kind in kinds else row.kind
        pages = ("staff:document", (each.code, row.code)), ("partner:document", (row.code,))
        if row.state == DocumentState.SENT:
            words = _("Look at: %(kind)s") % {"kind": label}
            yield Waits(each, US, words, _coordinator(), row.sent_on, *pages)
        else:
            yield Waits(each, THEM, _("Send: %(kind)s") % {"kind": label}, each.name, row.needed_by, *pages)


def _agreements(known: dict[int, Organization], today: dt.date) -> Iterator[Waits]:
    rows = (
        Agreement.objects.filter(organization__in=known)
        .exclude(state=AgreementState.WITHDRAWN)
        .select_related("following")
    )
    for row in rows.order_by("pk"):
        each = known[row.organization_id]
        pages = ("staff:agreement", (each.code, row.code)), ("partner:agreement", (row.code,))
        what = {"title": row.title}
        if row.state == AgreementState.DRAFT:
            words = _("Finish and send for signature: %(title)s") % what
            yield Waits(each, US, words, _coordinator(), row.valid.lower, *pages)
        elif row.state == AgreementState.SIGNING:
            if not row.signed_by_them:
                yield Waits(each, THEM, _("Sign: %(title)s") % what, each.name, row.valid.lower, *pages)
            if not row.signed_by_us:
                words = _("Sign for the agency: %(title)s") % what
                yield Waits(each, US, words, _coordinator(), row.valid.lower, *pages)
        elif row.terminated_on is None and getattr(row, "following", None) is None and row.valid.upper:
            last = row.valid.upper - DAY
            soon = policies.reminders(settings.JURISDICTION, today).data.reminders["agreement"]
            if last >= today and soon.stage(last, today) is not None:
                words = _("Renew: %(title)s, which ends") % what
                yield Waits(each, US, words, _coordinator(), last, *pages)


def _proposals(known: dict[int, Organization], facility_ids: Collection[int] | None) -> Iterator[Waits]:
    rows = Proposal.objects.filter(organization__in=known).prefetch_related("steps")
    if facility_ids is not None:
        rows = rows.filter(facility__in=facility_ids)
    for row in rows.order_by("pk"):
        each = known[row.organization_id]
        pages = ("staff:proposal", (row.code,)), ("partner:proposal", (row.code,))
        what = {"title": row.title}
        if row.state == ProposalState.OFFERED:
            yield Waits(each, US, _("Answer the offer: %(title)s") % what, _coordinator(), row.due_on, *pages)
        elif row.state == ProposalState.DRAFTING:
            yield Waits(each, THEM, _("Finish the proposal: %(title)s") % what, each.name, row.due_on, *pages)
        elif row.state == ProposalState.RETURNED:
            yield Waits(each, THEM, _("Answer questions: %(title)s") % what, each.name, row.due_on, *pages)
        elif row.state == ProposalState.APPROVED:
            words = _("Make the program: %(title)s") % what
            yield Waits(each, US, words, _coordinator(), row.decided_on, *pages)
        for step in row.steps.all():
            if step.state == StepState.OPEN and row.state in {ProposalState.REVIEW, ProposalState.RUNNING}:
                words = f"{step_of(row, step).label}: {row.title}"
                yield Waits(each, US, words, deciders(step), step.due_on, *pages)


def _letters(known: dict[int, Organization], facility_ids: Collection[int] | None) -> Iterator[Waits]:
    rows = Letter.objects.filter(organization__in=known, read_at=None).select_related("facility")
    if facility_ids is not None:
        rows = rows.filter(facility__in=facility_ids)
    seen: set[tuple[int, int, str]] = set()
    for row in rows.order_by("pk"):
        thread = (row.organization_id, row.facility_id, row.side)
        if thread in seen:
            continue
        seen.add(thread)
        each = known[row.organization_id]
        side = US if row.side == Side.THEM else THEM
        who = _coordinator() if side == US else each.name
        yield Waits(
            each, side, _("Read a new message"), who, row.recorded_at.date(),
            ("staff:letters", (each.code,)), ("partner:letters", (row.facility.code,)),
        )  # fmt: skip


def step_of(proposal: Proposal, step: ProposalStep) -> ChainStep:
    """What the pack says of a stored step."""
    said: ChainStep = policies.pack(proposal.rules).data.chains[proposal.chain].steps[step.step]
    return said


def deciders(step: ProposalStep) -> str:
    """Who decides a step, as people say it."""
    names = [str(ROLES[RoleName(role)].display_name) for role in step.roles if role in set(RoleName)]
    return " / ".join(names)


def to_decide(by: Actor) -> list[ProposalStep]:
    """Steps that wait for a decision of this actor's role at their facilities, what is due soonest first."""
    if by.role is None:
        return []
    return list(
        ProposalStep.objects.filter(
            facility__in=by.facility_ids,
            state=StepState.OPEN,
            roles__contains=[by.role.value],
            proposal__state__in=[ProposalState.REVIEW, ProposalState.RUNNING],
        )
        .select_related("proposal__organization", "facility")
        .order_by("due_on", "pk")
    )
