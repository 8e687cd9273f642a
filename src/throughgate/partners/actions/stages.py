"""From being taken on to the end of a partnership: vetting, and every step from one stage to the next."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access import actions as access
from throughgate.access.actor import Actor
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import links, saving, scope
from throughgate.base.scope import Audience
from throughgate.partners.actions.common import DAY, allow, hold, keeps, refuse
from throughgate.partners.actions.directory import ORGANIZATION_FACTS
from throughgate.partners.models import (
    Agreement,
    AgreementState,
    Document,
    DocumentState,
    ItemState,
    Organization,
    OrganizationStatus,
    Outcome,
    Proposal,
    ProposalEvent,
    ProposalState,
    StageChange,
    Vetting,
    VettingItem,
    VettingNote,
)
from throughgate.partners.notices import LIVE, tell_leads
from throughgate.partners.queries.partnership import checklist, holds_agreement
from throughgate.partners.rules import stages, vetting
from throughgate.places.models import Facility
from throughgate.policies import queries as policies

S = OrganizationStatus


@transaction.atomic
def begin_vetting(
    *,
    by: Actor,
    facility: Facility,
    organization: Organization | None = None,
    contact_name: str = "",
    contact_email: str = "",
    enquiry: str = "",
    **organization_facts: Any,
) -> Vetting:
    """Take an organization on for vetting, by the rules in force at the facility that looks after it.

    A new one is made from ``organization_facts`` (name, kind, ...), unlisted until it works with us; or
    ``organization`` is one of the directory, one that comes back, or one that is vetted again. ``enquiry`` is
    the code of what they wrote. The contact can sign in from now on and sees this organization alone.
    """
    keeps(by, [facility])
    day = facility.today()
    if organization is None:
        row = Organization(status=S.LISTED, listed=False)
        saving.set_facts(row, organization_facts, ORGANIZATION_FACTS - {"status", "listed"})
        saving.save(row)
    else:
        row = hold(organization)
    allow(stages.may_step(row.status, S.VETTING, stages.Standing()))
    pack = policies.vetting(facility.jurisdiction, day)
    made = Vetting(
        organization=row,
        facility=facility,
        enquiry=enquiry,
        contact_name=contact_name.strip(),
        contact_email=contact_email.strip().lower(),
        rules=pack.id,
        began_on=day,
        began_by=by.name,
        decide_by=day + pack.data.decide_days * DAY,
    )
    saving.save(made)
    VettingItem.objects.bulk_create(
        VettingItem(
            vetting=made,
            item=item.code,
            position=number,
            state=ItemState.NOT_DUE if item.before == "start" else ItemState.TODO,
        )
        for number, item in enumerate(pack.data.checklist(row.kind), 1)
    )
    _change(by, row, S.VETTING, "")
    if made.contact_email:
        _invite(row, made.contact_name or row.name, made.contact_email)
    return made


def _invite(organization: Organization, name: str, address: str) -> None:
    """Let the contact in as the organization's lead; the system gives the role, whoever took them on."""
    with scope.as_role(Audience.JOB, purpose="first contact of an organization"):
        member = access.invite(
            by=Actor.system("vetting"),
            email=address,
            name=name,
            role=RoleName.PARTNER_LEAD,
            organization=organization,
        )
    tell_leads(
        organization,
        "partner_invited",
        f"partner invited {member.code}",
        {"organization": organization.name, "link": links.address(reverse("partner:organization"))},
    )


@transaction.atomic
def settle_item(
    *,
    by: Actor,
    item: VettingItem,
    state: str,
    words: str = "",
    valid_until: dt.date | None = None,
    document: Document | None = None,
    on: dt.date | None = None,
) -> VettingItem:
    """Say of one thing on the list that it is done (with what showed it), waived (why), to do, or not due yet.

    Without ``valid_until`` what was done holds as long as its document, else as long as the rules say.
    """
    row = (
        VettingItem.objects.select_for_update(of=("self",))
        .select_related("vetting__facility")
        .get(pk=item.pk)
    )
    facility = row.vetting.facility
    keeps(by, [facility])
    if row.vetting.outcome not in {Outcome.OPEN, Outcome.APPROVED}:
        raise refuse("closed", _("This vetting is closed."), _("Begin it again to look at things anew."))
    pack = policies.pack(row.vetting.rules).data.items[row.item]
    day = on or facility.today()
    if document is not None and document.organization_id != row.vetting.organization_id:
        raise refuse("other_document", _("This document belongs to another organization."), field="document")
    if document is not None and document.state != DocumentState.ACCEPTED:
        raise refuse("not_accepted", _("Nobody accepted this document yet."), field="document")
    until = valid_until
    if until is None and state == vetting.DONE:
        until = document.valid_until if document and document.valid_until else pack.until(day)
    allow(
        vetting.sound(
            vetting.Looked(
                state=state,
                words=words,
                valid_until=until,
                on=day,
                today=facility.today(),
                waivable=pack.waivable,
                before=pack.before,
            )
        )
    )
    decided = state in {vetting.DONE, vetting.WAIVED}
    row.state, row.words, row.document = state, words.strip(), document if state == vetting.DONE else None
    row.valid_until = until if state == vetting.DONE else None
    row.decided_on, row.decided_by = (day, by.name) if decided else (None, "")
    saving.save(row)
    return row


@transaction.atomic
def move(
    *, by: Actor, organization: Organization, to: str, words: str = "", restricted: str = ""
) -> Organization:
    """Take a partnership to another stage; ``rules.stages`` says which may follow and what each needs.

    ``words`` are for the organization; ``restricted`` says for the staff alone why it was not taken on. Declining
    and ending close what is open and let nobody of the organization in from the next statement on.
    """
    keeps(by)
    row = hold(organization)
    if to == S.VETTING:
        raise TypeError("vetting begins with begin_vetting")
    latest = row.vettings.order_by("-pk").select_related("facility").first()
    if latest is not None:
        keeps(by, [latest.facility])
    list_ = checklist(latest) if latest is not None else []
    allow(
        stages.may_step(
            row.status,
            to,
            stages.Standing(
                words=words,
                open_before_approval=[each.label for each in list_ if each.blocks("approval")],
                open_before_start=[each.label for each in list_ if each.blocks("start")],
                agreement=holds_agreement(row),
            ),
        )
    )
    if latest is not None and latest.outcome == Outcome.OPEN:
        _decide(by, latest, to)
    if restricted.strip() and latest is not None:
        saving.save(VettingNote(vetting=latest, words=restricted.strip(), written_by=by.name))
    _change(by, row, to, words)
    if to in {S.ENDED, S.DECLINED}:
        _tell_stage(row, words)
        _close(by, row)
    elif to != S.LISTED:
        _tell_stage(row, words)
    return row


def _decide(by: Actor, row: Vetting, to: str) -> None:
    outcomes = {S.APPROVED: Outcome.APPROVED, S.DECLINED: Outcome.DECLINED, S.ENDED: Outcome.WITHDRAWN}
    row.outcome = outcomes[S(to)]
    row.decided_on, row.decided_by = row.facility.today(), by.name
    saving.save(row)


def _change(by: Actor, row: Organization, to: str, words: str) -> None:
    saving.save(
        StageChange(organization=row, before=row.status, after=to, changed_by=by.name, words=words.strip())
    )
    row.status = to
    if to == S.ACTIVE:
        row.listed = True
    saving.save(row)


def _tell_stage(row: Organization, words: str) -> None:
    number = StageChange.objects.filter(organization=row).count()
    tell_leads(
        row,
        "partner_stage",
        f"partner stage {row.code} {number}",
        {"organization": row.name, "stage": row.status, "words": words.strip()},
        extra=[each.contact_email for each in row.vettings.order_by("-pk")[:1]],
    )


def _close(by: Actor, row: Organization) -> None:
    """Close everything open of an organization that leaves: accounts, requests, proposals, agreements."""
    now = timezone.now()
    with scope.as_role(Audience.JOB, purpose="partnership ended"):
        Membership.objects.filter(LIVE, organization=row).update(
            ends_at=now, ended_reason=_("the partnership ended")
        )
        asked = Document.objects.filter(
            organization=row, state__in=[DocumentState.ASKED, DocumentState.SENT, DocumentState.RETURNED]
        )
        for document in asked:
            links.withdraw(purpose="partner document", subject=document.code)
        asked.update(state=DocumentState.WITHDRAWN)
        open_ = Proposal.objects.filter(organization=row).exclude(
            state__in=[ProposalState.RUNNING, ProposalState.DECLINED, ProposalState.WITHDRAWN]
        )
        ProposalEvent.objects.bulk_create(
            ProposalEvent(proposal=each, what="withdrawn", by=by.name, words=_("The partnership ended."))
            for each in open_
        )
        open_.update(state=ProposalState.WITHDRAWN)
        papers = Agreement.objects.filter(organization=row)
        for paper in papers.filter(state=AgreementState.SIGNING):
            links.withdraw(purpose="partner agreement", subject=paper.code)
        papers.filter(state__in=[AgreementState.DRAFT, AgreementState.SIGNING]).update(
            state=AgreementState.WITHDRAWN
        )
        day = timezone.localdate()
        for paper in papers.filter(state=AgreementState.SIGNED, terminated_on=None):
            if paper.valid.upper is None or paper.valid.upper > day:
                paper.terminated_on = max(day, paper.valid.lower or day)
                paper.save(update_fields=["terminated_on"])
