"""The partner's own workspace: where they stand, profile, documents, agreements, offers, messages, team."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.access import actions as access
from throughgate.access.models import Membership
from throughgate.access.permissions import Permission
from throughgate.base import links
from throughgate.base.outbox.actions import send
from throughgate.base.ui import Crumb
from throughgate.base.uploads import actions as uploads
from throughgate.partners import actions, prints
from throughgate.partners.actions import SignatureFacts
from throughgate.partners.models import (
    Agreement,
    AgreementState,
    Document,
    DocumentState,
    Letter,
    Organization,
    Proposal,
    ProposalState,
    Side,
    SignedHow,
)
from throughgate.partners.queries import partnership, waiting
from throughgate.partners.queries import proposals as proposal_queries
from throughgate.places.models import Facility
from throughgate.programs.queries import partner as program_queries
from throughgate.www.doors import actor_of, not_found, partner
from throughgate.www.partner import forms
from throughgate.www.staff.shell import attempt, sent

LEAD = Permission.MANAGE_OWN_TEAM


def own_organization(request: HttpRequest) -> Organization:
    """The organization of the one who asks, or 404."""
    row = Organization.objects.filter(pk=actor_of(request).organization_id or 0).first()
    not_found(row is not None)
    assert row is not None
    return row


def due(request: HttpRequest) -> list[tuple[waiting.Waits, str]]:
    """What waits on the organization, with the page where it is done."""
    row = Organization.objects.filter(pk=actor_of(request).organization_id or 0).first()
    if row is None:
        return []
    rows = waiting.of_organization(row, None, timezone.localdate())
    return [
        (each, reverse(each.partner_page[0], args=each.partner_page[1]))
        for each in rows
        if each.side == waiting.THEM
    ]


def _form_page(
    request: HttpRequest,
    form: Any,
    *,
    door: str,
    title: str,
    button: str,
    cancel: str,
    lede: str = "",
    formset: Any = None,
) -> HttpResponse:
    context = {
        "form": form,
        "formset": formset,
        "title": title,
        "lede": lede,
        "button": button,
        "cancel_url": cancel,
        "door": door,
        "crumbs": [Crumb(_("Back"), cancel), Crumb(title)],
    }
    return render(request, "partner/form.html", context, status=409 if form.reasons else 200)


@partner()
def organization(request: HttpRequest) -> HttpResponse:
    """Where we stand: the stage, what is looked at, documents, and what waits on whom."""
    each, today = own_organization(request), timezone.localdate()
    rows = waiting.of_organization(each, None, today)
    context = {
        "organization": each,
        "standing": partnership.standing(each),
        "papers": partnership.papers(each, today),
        "due": due(request),
        "theirs": [row for row in rows if row.side == waiting.US],
        "lead": actor_of(request).can(LEAD),
        "door": "organization",
    }
    return render(request, "partner/organization.html", context)


@partner(LEAD)
def profile(request: HttpRequest) -> HttpResponse:
    """Change how to reach us, and what we say of ourselves."""
    each = own_organization(request)
    start = {name: getattr(each, name) for name in forms.ProfileForm.base_fields}
    form = forms.ProfileForm(sent(request), initial=start)
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.save_organization(by=by, organization=each, **data)):
        messages.success(request, _("Saved."))
        return redirect("partner:organization")
    return _form_page(
        request,
        form,
        door="organization",
        title=_("Change what we know of you"),
        button=_("Save"),
        cancel=reverse("partner:organization"),
    )


def _kinds() -> list[tuple[str, str]]:
    return [(kind.code, str(kind.label)) for kind in partnership.paper_kinds().values()]


@partner(LEAD)
def document_new(request: HttpRequest) -> HttpResponse:
    """Send a document of our own accord."""
    return _document(request, own_organization(request), None)


@partner()
def document(request: HttpRequest, code: str) -> HttpResponse:
    """A document that was asked for: send it; or what became of it."""
    each = own_organization(request)
    row = Document.objects.filter(organization=each, code=code).first()
    not_found(row is not None)
    assert row is not None
    return _document(request, each, row)


def _document(request: HttpRequest, each: Organization, row: Document | None) -> HttpResponse:
    by, kinds = actor_of(request), partnership.paper_kinds()
    open_ = row is None or row.state in {DocumentState.ASKED, DocumentState.RETURNED, DocumentState.SENT}
    form = None
    if open_ and by.can(LEAD):
        form = forms.UploadForm(sent(request), request.FILES or None, kinds=_kinds() if row is None else None)
        if attempt(
            request, form, lambda data: actions.send_document(by=by, organization=each, document=row, **data)
        ):
            messages.success(request, _("Thank you. Somebody looks at it, and you hear from us."))
            return redirect("partner:organization")
    context = {
        "row": row,
        "paper": partnership.paper_of(row, kinds, timezone.localdate()) if row else None,
        "form": form,
        "door": "organization",
        "crumbs": [Crumb(_("Our organization"), reverse("partner:organization")), Crumb(_("Document"))],
    }
    return render(request, "partner/document.html", context, status=409 if form and form.reasons else 200)


@partner()
def document_file(request: HttpRequest, code: str) -> HttpResponse:
    """The file of one of our documents."""
    row = Document.objects.filter(organization=own_organization(request), code=code).first()
    not_found(row is not None and bool(row.file_code))
    assert row is not None
    answer = uploads.answer(row.file_code)
    not_found(answer is not None)
    assert answer is not None
    return answer


@partner()
def agreements(request: HttpRequest) -> HttpResponse:
    """What we signed, and what waits for our signature."""
    each, today = own_organization(request), timezone.localdate()
    rows = (
        Agreement.objects.filter(organization=each)
        .exclude(state=AgreementState.WITHDRAWN)
        .select_related("following")
        .prefetch_related("facilities")
        .order_by("-valid", "id")
    )
    shown = [(row, *partnership.agreement_word(row, today)) for row in rows]
    return render(request, "partner/agreements.html", {"rows": shown, "door": "agreements"})


def _agreement(request: HttpRequest, code: str) -> Agreement:
    rows = Agreement.objects.filter(organization=own_organization(request)).select_related("organization")
    row = rows.filter(code=code).first()
    not_found(row is not None)
    assert row is not None
    return row


@partner()
def agreement(request: HttpRequest, code: str) -> HttpResponse:
    """One agreement: read it, and sign it when it waits for us."""
    row, by = _agreement(request, code), actor_of(request)
    form = None
    if row.state == AgreementState.SIGNING and not row.signed_by_them and by.can(LEAD):
        form = forms.SignForm(sent(request), initial={"name": by.name})
        if attempt(request, form, lambda data: actions.sign(
            by=by, agreement=row, side=Side.THEM, signature=signature_of(data, SignedHow.SIGNED_IN)
        )):  # fmt: skip
            messages.success(request, _("Signed. Thank you."))
            return redirect("partner:agreement", code=row.code)
    context = {
        **agreement_context(row),
        "form": form,
        "door": "agreements",
        "crumbs": [Crumb(_("Agreements"), reverse("partner:agreements")), Crumb(row.title)],
    }
    return render(request, "partner/agreement.html", context, status=409 if form and form.reasons else 200)


def agreement_context(row: Agreement) -> dict[str, Any]:
    """What the page of an agreement shows, to those who lead and to those who follow a link."""
    last, word, tone = partnership.agreement_word(row, timezone.localdate())
    return {
        "row": row,
        "last": last,
        "word": word,
        "tone": tone,
        "facilities": list(row.facilities.order_by("name")),
        "signatures": list(row.signatures.order_by("signed_on", "pk")),
    }


def signature_of(data: dict[str, Any], how: str) -> SignatureFacts:
    """What a signed form says."""
    statement = _("I have read this agreement, and I sign it for the organization.")
    return SignatureFacts(name=data["name"], office=data["office"], statement=statement, how=how)


@partner()
def agreement_print(request: HttpRequest, code: str) -> HttpResponse:
    """The agreement on paper."""
    return prints.response(_agreement(request, code))


def _facilities(each: Organization) -> Any:
    """Where the organization may offer something and write to: every facility that is there."""
    return Facility.objects.filter(active=True).order_by("name")


@partner()
def offers(request: HttpRequest) -> HttpResponse:
    """What we run, and what we offer, with whose turn it is."""
    by = actor_of(request)
    rows = (
        Proposal.objects.filter(organization=by.organization_id)
        .select_related("facility", "organization")
        .prefetch_related("steps")
        .order_by("-pk")
    )
    context = {
        "cohorts": program_queries.cohorts(by),
        "proposals": [
            (row, proposal_queries.next_act(row), proposal_queries.STATE_TONES[row.state]) for row in rows
        ],
        "lead": by.can(LEAD),
        "door": "offers",
    }
    return render(request, "partner/offers.html", context)


@partner(LEAD)
def offer_new(request: HttpRequest) -> HttpResponse:
    """Offer something to a facility in a few words."""
    each, by = own_organization(request), actor_of(request)
    form = forms.OfferForm(sent(request), facilities=_facilities(each))
    times = forms.TimeForms(sent(request), prefix="t")
    made: dict[str, Proposal] = {}

    def offer(data: dict[str, Any]) -> None:
        made["row"] = actions.make_offer(by=by, organization=each, times=forms.slots_of(times), **data)

    if (
        request.method == "POST"
        and all([times.is_valid(), form.is_valid()])
        and attempt(request, form, offer)
    ):
        messages.success(request, _("Your offer is with the facility's coordinator."))
        return redirect("partner:proposal", code=made["row"].code)
    return _form_page(
        request,
        form,
        formset=times,
        door="offers",
        title=_("Offer something"),
        lede=_("A few words are enough to begin. The coordinator answers by a day that you will see."),
        button=_("Send the offer"),
        cancel=reverse("partner:offers"),
    )


def _proposal(request: HttpRequest, code: str) -> Proposal:
    rows = Proposal.objects.filter(organization=own_organization(request))
    row = rows.select_related("organization", "facility").filter(code=code).first()
    not_found(row is not None)
    assert row is not None
    return row


WRITTEN = (ProposalState.OFFERED, ProposalState.DRAFTING, ProposalState.RETURNED)


@partner()
def proposal(request: HttpRequest, code: str) -> HttpResponse:
    """One of our proposals: what it says, the way it goes, what was decided, whose turn it is."""
    row, by = _proposal(request, code), actor_of(request)
    lead = by.can(LEAD)
    context = {
        "row": row,
        "page": proposal_queries.page(row),
        "may_write": lead and row.state in WRITTEN,
        "may_submit": lead and row.state in {ProposalState.DRAFTING, ProposalState.RETURNED},
        "may_withdraw": lead
        and row.state not in {ProposalState.RUNNING, ProposalState.DECLINED, ProposalState.WITHDRAWN},
        "door": "offers",
        "crumbs": [Crumb(_("Offers"), reverse("partner:offers")), Crumb(row.title)],
    }
    return render(request, "partner/proposal.html", context)


@partner(LEAD)
def proposal_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Write a proposal further; it is kept, and sent when it is whole."""
    row, by = _proposal(request, code), actor_of(request)
    kind = forms.OfferForm if row.state == ProposalState.OFFERED else forms.ProposalForm
    names = [name for name in kind.base_fields if name != "facility"]
    form = kind(sent(request), initial={name: getattr(row, name) for name in names})
    wished = [
        {"weekday": each.weekday, "starts": each.starts, "ends": each.ends}
        for each in row.times.order_by("weekday", "starts")
    ]
    times = forms.TimeForms(sent(request), prefix="t", initial=wished)
    back = reverse("partner:proposal", args=[row.code])

    def save(data: dict[str, Any]) -> None:
        actions.save_proposal(by=by, proposal=row, times=forms.slots_of(times), **data)

    if request.method == "POST" and all([times.is_valid(), form.is_valid()]) and attempt(request, form, save):
        messages.success(request, _("Saved. Send it when it is whole."))
        return redirect(back)
    return _form_page(
        request,
        form,
        formset=times,
        door="offers",
        title=row.title,
        lede=_("Everything may be left open until you send it."),
        button=_("Save"),
        cancel=back,
    )


@partner(LEAD)
def proposal_submit(request: HttpRequest, code: str) -> HttpResponse:
    """Send a proposal its way, with answers where there were questions."""
    row, by = _proposal(request, code), actor_of(request)
    form = forms.SubmitForm(sent(request), questions=row.state == ProposalState.RETURNED)
    back = reverse("partner:proposal", args=[row.code])
    if attempt(request, form, lambda data: actions.submit_proposal(by=by, proposal=row, **data)):
        messages.success(request, _("Sent. You see on its page whose turn it is."))
        return redirect(back)
    return _form_page(
        request,
        form,
        door="offers",
        title=_("Send the proposal"),
        lede=row.title,
        button=_("Send the proposal"),
        cancel=back,
    )


@partner(LEAD)
@require_POST
def proposal_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Take a proposal back."""
    row = _proposal(request, code)
    actions.withdraw_proposal(by=actor_of(request), proposal=row)
    messages.success(request, _("Taken back."))
    return redirect("partner:offers")


@partner()
def threads(request: HttpRequest) -> HttpResponse:
    """The threads with each facility."""
    each = own_organization(request)
    mine = Facility.objects.filter(
        Q(pk__in=Letter.objects.filter(organization=each).order_by().values("facility"))
        | Q(pk__in=each.vettings.order_by().values("facility"))
        | Q(pk__in=each.proposals.order_by().values("facility"))
        | Q(pk__in=each.agreements.order_by().values("facilities"))
    )
    unread = set(
        Letter.objects.filter(organization=each, side=Side.US, read_at=None)
        .order_by()
        .values_list("facility_id", flat=True)
    )
    rows = [(facility, facility.pk in unread) for facility in mine.order_by("name")]
    return render(request, "partner/threads.html", {"rows": rows, "door": "letters"})


@partner()
def letters(request: HttpRequest, code: str) -> HttpResponse:
    """The thread with a facility's coordinators."""
    each, by = own_organization(request), actor_of(request)
    facility = _facilities(each).filter(code=code).first()
    not_found(facility is not None)
    form = forms.LetterForm(sent(request))
    if attempt(
        request, form, lambda data: actions.write_letter(by=by, organization=each, facility=facility, **data)
    ):
        actions.read_letters(by=by, organization=each, facility=facility)
        messages.success(request, _("Sent."))
        return redirect("partner:letters", code=code)
    rows = list(Letter.objects.filter(organization=each, facility=facility).order_by("recorded_at", "pk"))
    context = {
        "facility": facility,
        "rows": rows,
        "unread": [row for row in rows if row.side == Side.US and row.read_at is None],
        "form": form,
        "door": "letters",
        "crumbs": [Crumb(_("Messages"), reverse("partner:threads")), Crumb(facility.name)],
    }
    return render(request, "partner/letters.html", context, status=409 if form.reasons else 200)


@partner()
@require_POST
def letters_read(request: HttpRequest, code: str) -> HttpResponse:
    """Note that what the facility wrote was read."""
    each = own_organization(request)
    facility = _facilities(each).filter(code=code).first()
    not_found(facility is not None)
    actions.read_letters(by=actor_of(request), organization=each, facility=facility)
    return redirect("partner:letters", code=code)


@partner(LEAD)
def invite(request: HttpRequest) -> HttpResponse:
    """Let a colleague in."""
    each, by = own_organization(request), actor_of(request)
    form = forms.InviteForm(sent(request))
    if attempt(request, form, lambda data: _invited(each, access.invite(by=by, organization=each, **data))):
        messages.success(request, _("Invited. They sign in with that e-mail address."))
        return redirect("partner:team")
    return _form_page(
        request,
        form,
        door="team",
        title=_("Invite a colleague"),
        button=_("Invite"),
        cancel=reverse("partner:team"),
    )


def _invited(each: Organization, member: Membership) -> None:
    """The invitation in their mailbox."""
    email = member.user.email
    send(
        key=f"partner invited {member.code}",
        address=email,
        name=member.person_name,
        template="partner_colleague",
        data={"organization": each.name, "link": links.address(reverse("partner:today"))},
    )


@partner(LEAD)
def hand_over(request: HttpRequest, code: str) -> HttpResponse:
    """Give a role to the one who takes over, when somebody leaves."""
    each, by = own_organization(request), actor_of(request)
    row = Membership.objects.filter(code=code, organization=each, ends_at__isnull=True).first()
    not_found(row is not None)
    assert row is not None
    form = forms.HandOverForm(sent(request))
    if attempt(request, form, lambda data: _invited(each, access.hand_over(by=by, membership=row, **data))):
        messages.success(
            request, _("Handed over. %(name)s can no longer sign in.") % {"name": row.person_name}
        )
        return redirect("/" if row.pk == by.membership_id else "partner:team")
    return _form_page(
        request,
        form,
        door="team",
        title=_("Hand over"),
        lede=_("%(name)s can no longer sign in for you from then on.") % {"name": row.person_name},
        button=_("Hand over"),
        cancel=reverse("partner:team"),
    )
