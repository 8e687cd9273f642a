"""What an organization answers by a link, without an account: sending a document, signing an agreement."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from throughgate.access.actor import Actor
from throughgate.base import links
from throughgate.partners import actions
from throughgate.partners.models import Agreement, AgreementState, Document, DocumentState, Side, SignedHow
from throughgate.partners.queries import partnership
from throughgate.www.partner import forms
from throughgate.www.partner.workspace import agreement_context, signature_of
from throughgate.www.staff.shell import attempt, sent


def _somebody(name: str) -> Actor:
    """Whoever follows the link: the link was the right to act, the words say on whose behalf."""
    return Actor.anonymous() if not name else Actor(name=name, audience=Actor.anonymous().audience)


@links.answers("partner document")
def document(request: HttpRequest, link: links.Followed) -> HttpResponse:
    """Send the document that was asked for."""
    row = Document.objects.select_related("organization").get(code=link.subject)
    open_ = row.state in {DocumentState.ASKED, DocumentState.RETURNED}
    form = forms.UploadForm(sent(request), request.FILES or None)
    by = _somebody(row.organization.name)

    @transaction.atomic
    def send(data: dict[str, Any]) -> None:
        actions.send_document(by=by, organization=row.organization, document=row, by_link=True, **data)
        link.spend()

    if open_ and attempt(request, form, send):
        return render(request, "partner/link_done.html", {"what": "document", "row": row})
    context = {
        "row": row,
        "paper": partnership.paper_of(row, partnership.paper_kinds(), timezone.localdate()),
        "form": form if open_ else None,
    }
    return render(request, "partner/link_document.html", context, status=409 if form.reasons else 200)


@links.answers("partner agreement")
def agreement(request: HttpRequest, link: links.Followed) -> HttpResponse:
    """Read an agreement and sign it for the organization."""
    row = Agreement.objects.select_related("organization").get(code=link.subject)
    open_ = row.state == AgreementState.SIGNING and not row.signed_by_them
    form = forms.SignForm(sent(request))

    @transaction.atomic
    def sign(data: dict[str, Any]) -> None:
        actions.sign(
            by=_somebody(data["name"]),
            agreement=row,
            side=Side.THEM,
            signature=signature_of(data, SignedHow.LINK),
            by_link=True,
        )
        link.spend()

    if open_ and attempt(request, form, sign):
        return render(request, "partner/link_done.html", {"what": "agreement", "row": row})
    context = {**agreement_context(row), "form": form if open_ else None}
    return render(request, "partner/link_agreement.html", context, status=409 if form.reasons else 200)
