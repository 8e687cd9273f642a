"""Agreements: drafted, signed by both sides, and from then on kept; a change or a renewal is the next version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base import links, saving, scope
from throughgate.base.errors import Decision, Reason
from throughgate.base.scope import Audience
from throughgate.partners import rules
from throughgate.partners.actions.common import DAY, allow, house_rules, keeps, own, refuse, today
from throughgate.partners.models import Agreement, AgreementState, Organization, Side, Signature, SignedHow
from throughgate.partners.notices import tell_leads
from throughgate.places.models import Facility

S = AgreementState
LINK = "partner agreement"


@dataclass(frozen=True, kw_only=True)
class SignatureFacts:
    """Who signed, what they are, on which day, and the words they agreed to."""

    name: str
    office: str = ""
    on: dt.date | None = None
    statement: str = ""
    how: str = SignedHow.PAPER


@transaction.atomic
def save_agreement(
    *,
    by: Actor,
    organization: Organization,
    agreement: Agreement | None = None,
    kind: str,
    title: str,
    facilities: Sequence[Facility],
    first: dt.date | None,
    until: dt.date | None,
    notice_days: int = 30,
    parties: str = "",
    terms: str = "",
    programs: Sequence[str] = (),
) -> Agreement:
    """Draft an agreement or change a draft: for which facilities and programs, from one day until another.

    The actor must keep partners at every facility that it names, before and after. What is out for signature
    or signed is not changed any more.
    """
    before = list(agreement.facilities.order_by("pk")) if agreement is not None else []
    keeps(by, [*before, *facilities])
    allow(rules.sound_agreement(first, until, facilities))
    row = Agreement(state=S.DRAFT) if agreement is None else _held(agreement)
    if agreement is not None and row.organization_id != organization.pk:
        raise refuse(
            "other_organization",
            _("This agreement belongs to another organization."),
            _("Make a new agreement."),
            field="organization",
        )
    if row.state != S.DRAFT:
        raise refuse(
            "signed",
            _("This is no draft any more: what is signed stays as it was signed."),
            _("Make a new version."),
        )
    assert first is not None and until is not None  # the rule above refuses open ends
    row.organization, row.kind, row.title, row.notice_days = organization, kind, title.strip(), notice_days
    row.parties, row.terms = parties.strip(), terms.strip()
    row.programs = [name for name in dict.fromkeys(each.strip() for each in programs) if name]
    row.valid = (first, until + DAY)
    saving.save(row)
    row.facilities.set(facilities)
    return row


def _held(agreement: Agreement) -> Agreement:
    return (
        Agreement.objects.select_for_update(of=("self",)).select_related("organization").get(pk=agreement.pk)
    )


def _facilities(row: Agreement) -> list[Facility]:
    return list(row.facilities.order_by("pk"))


@transaction.atomic
def send_for_signature(*, by: Actor, agreement: Agreement, email: str = "") -> Agreement:
    """Freeze a draft and send the organization a link to read and sign it, to ``email`` or to who leads for it.

    Sent again it gets a fresh link; the one before no longer opens.
    """
    row = _held(agreement)
    keeps(by, _facilities(row))
    if row.state not in {S.DRAFT, S.SIGNING}:
        raise refuse("no_draft", _("This agreement is not open for signature."))
    _leave_draft(row)
    if not row.signatures.filter(side=Side.THEM).exists():
        links.withdraw(purpose=LINK, subject=row.code)
        path = links.offer(purpose=LINK, subject=row.code, days=house_rules().data.link_days)
        tell_leads(
            row.organization,
            "partner_agreement",
            f"partner agreement {row.code} {path[-12:]}",
            {"organization": row.organization.name, "title": row.title, "link": links.address(path)},
            extra=[email.strip()],
        )
    return row


def _leave_draft(row: Agreement) -> None:
    if row.state == S.DRAFT:
        if row.previous is not None and row.previous.terminated_on is not None:
            raise refuse(
                "previous_ended", _("The version before was ended early."), _("Make a new agreement.")
            )
        row.state = S.SIGNING
        saving.save(row)


@transaction.atomic
def sign(
    *, by: Actor, agreement: Agreement, side: str, signature: SignatureFacts, by_link: bool = False
) -> Agreement:
    """One side signs, or staff write down what was signed on paper. With both it holds, and no longer changes.

    The organization's lead signs for their side, who followed the link too (``by_link``); staff who keep partners
    at every facility that it names sign for the agency and note what came on paper.
    """
    with scope.as_role(Audience.JOB):
        row = _held(agreement)
        places = _facilities(row)
    if by_link or by.audience == Audience.PARTNER:
        if not by_link:
            own(by, row.organization_id)
        if side != Side.THEM:
            raise refuse("other_side", _("You sign for your own side."))
    else:
        keeps(by, places)
    with scope.as_role(Audience.JOB, purpose="signature"):
        if row.state == S.DRAFT and signature.how == SignedHow.PAPER:
            _leave_draft(row)
        allow(_may_sign(row, side, signature))
        saving.save(
            Signature(
                agreement=row,
                side=side,
                name=signature.name.strip(),
                office=signature.office.strip(),
                signed_on=signature.on or today(),
                statement=signature.statement.strip() or _("Signed on paper."),
                how=signature.how,
                noted_by=by.name,
            )
        )
        words = ", ".join(filter(None, (signature.name.strip(), signature.office.strip())))[:120]
        if side == Side.US:
            row.signed_by_us = words
        else:
            row.signed_by_them = words
            if not by_link:  # who followed the link uses it up
                links.withdraw(purpose=LINK, subject=row.code)
        if row.signed_by_us and row.signed_by_them:
            row.state = S.SIGNED
        saving.save(row)
        if row.state == S.SIGNED and row.previous_id is not None:
            _follow(row)
    if row.state == S.SIGNED:
        tell_leads(
            row.organization,
            "partner_agreement_signed",
            f"partner agreement {row.code} signed",
            {
                "organization": row.organization.name,
                "title": row.title,
                "link": links.address(reverse("partner:agreement", args=[row.code])),
            },
        )
    return row


def _may_sign(row: Agreement, side: str, signature: SignatureFacts) -> Decision:
    reasons = []
    if row.state != S.SIGNING:
        reasons.append(Reason("not_open", _("This agreement is not open for signature.")))
    if row.signatures.filter(side=side).exists():
        reasons.append(Reason("signed_already", _("This side has signed already.")))
    if not signature.name.strip():
        reasons.append(Reason("no_name", _("Give the name of the one who signs."), field="name"))
    if signature.on is not None and signature.on > today():
        reasons.append(Reason("future", _("That day lies in the future."), field="on"))
    if signature.how != SignedHow.PAPER and not signature.statement.strip():
        reasons.append(Reason("no_statement", _("Say that you agree."), field="statement"))
    return Decision(tuple(reasons))


def _follow(row: Agreement) -> None:
    """The version before holds until the day this one begins."""
    before = row.previous
    assert before is not None
    starts = row.valid.lower
    if before.valid.upper is None or starts < before.valid.upper:
        before.terminated_on = min(filter(None, (before.terminated_on, max(starts, before.valid.lower))))
        saving.save(before)


@transaction.atomic
def new_version(
    *, by: Actor, agreement: Agreement, first: dt.date | None = None, until: dt.date | None = None
) -> Agreement:
    """A draft of the next version, with everything as it stands: to change it, or to renew it.

    Without days it begins when this one ends and lasts as long.
    """
    row = _held(agreement)
    places = _facilities(row)
    keeps(by, places)
    if row.state != S.SIGNED:
        raise refuse(
            "not_signed", _("Only what is signed has a next version."), _("Change the draft itself.")
        )
    if Agreement.objects.filter(previous=row).exclude(state=S.WITHDRAWN).exists():
        raise refuse("has_next", _("There is a next version already."), _("Go on with that one."))
    Agreement.objects.filter(previous=row).update(previous=None)
    lower, upper = row.valid.lower, row.valid.upper or today()
    begins = first or max(upper, today())
    made = Agreement(
        organization=row.organization,
        kind=row.kind,
        title=row.title,
        state=S.DRAFT,
        version=row.version + 1,
        previous=row,
        parties=row.parties,
        terms=row.terms,
        programs=list(row.programs),
        notice_days=row.notice_days,
        valid=(begins, (until + DAY) if until else begins + (upper - (lower or upper))),
    )
    saving.save(made)
    made.facilities.set(places)
    return made


@transaction.atomic
def withdraw_agreement(*, by: Actor, agreement: Agreement) -> Agreement:
    """Drop a draft, or take one back that is out for signature."""
    row = _held(agreement)
    keeps(by, _facilities(row))
    if row.state == S.SIGNED:
        raise refuse("signed", _("It is signed."), _("End it early instead."))
    row.state = S.WITHDRAWN
    saving.save(row)
    links.withdraw(purpose=LINK, subject=row.code)
    return row


@transaction.atomic
def terminate_agreement(*, by: Actor, agreement: Agreement, on: dt.date) -> Agreement:
    """End an agreement early; on that day it no longer holds."""
    row = _held(agreement)
    keeps(by, _facilities(row))
    if row.valid.lower is not None and on < row.valid.lower:
        raise refuse("before_start", _("The agreement starts later than that."), field="on")
    row.terminated_on = on
    saving.save(row)
    return row
