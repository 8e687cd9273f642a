"""Partnerships: what waits on whom, vetting and stages, documents, and the thread with an organization."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb
from throughgate.base.uploads import actions as uploads
from throughgate.partners import actions
from throughgate.partners.models import (
    Document,
    DocumentState,
    Letter,
    Organization,
    OrganizationStatus,
    VettingItem,
)
from throughgate.partners.queries import partnership, waiting
from throughgate.partners.rules import stages
from throughgate.www.doors import actor_of, not_found
from throughgate.www.partner.forms import LetterForm
from throughgate.www.staff.forms import partnerships as forms
from throughgate.www.staff.shell import attempt, done, edit, found, here, place_of, run_now, sent, show, staff

KEEP = Permission.MANAGE_PARTNERS


def crumbs(each: Organization) -> list[Crumb]:
    """The way back to an organization."""
    return [Crumb(_("Partners"), reverse("staff:partners")), Crumb(each.name, page_of(each))]


def page_of(each: Organization) -> str:
    """The address of an organization's page."""
    return reverse("staff:organization", args=[each.code])


def organization_of(code: str) -> Organization:
    """The organization of this code, or 404."""
    return found(Organization.objects, code=code)


def linked(rows: list[waiting.Waits]) -> list[tuple[waiting.Waits, str]]:
    """What waits, with the page where it is done."""
    return [(row, reverse(row.staff_page[0], args=row.staff_page[1])) for row in rows]


@staff(KEEP)
def waiting_list(request: HttpRequest) -> HttpResponse:
    """What waits on us and what waits on them, in every partnership of my facilities."""
    rows = waiting.of_staff(actor_of(request), here(request).today())
    context = {
        "us": linked([row for row in rows if row.side == waiting.US]),
        "them": linked([row for row in rows if row.side == waiting.THEM]),
        "crumbs": [Crumb(_("Partners"), reverse("staff:partners")), Crumb(_("What waits on whom"))],
    }
    return show(request, "partnerships/waiting", "partners", context)


@staff(KEEP)
def vetting_begin(request: HttpRequest, code: str = "") -> HttpResponse:
    """Take an organization on for vetting: a new one, or one that is known."""
    each = organization_of(code) if code else None
    form = forms.BeginForm(sent(request), known=each is not None)
    made: dict[str, Any] = {}

    def begin(data: dict[str, Any]) -> None:
        known: dict[str, Any] = {"organization": each} if each else {}
        made["vetting"] = actions.begin_vetting(by=actor_of(request), facility=here(request), **known, **data)

    if attempt(request, form, begin):
        org = made["vetting"].organization
        return done(request, _("Vetting has begun."), reverse("staff:vetting", args=[org.code]))
    return edit(
        request,
        form,
        door="partners",
        title=_("Begin vetting"),
        lede=each.name if each else _("The list of what is looked at follows from the kind of organization."),
        button=_("Begin vetting"),
        cancel_url=page_of(each) if each else reverse("staff:partners"),
        crumbs=crumbs(each) if each else [Crumb(_("Partners"), reverse("staff:partners"))],
    )


@staff(KEEP)
def vetting(request: HttpRequest, code: str) -> HttpResponse:
    """The vetting list of an organization, and the steps that may follow."""
    each = organization_of(code)
    standing = partnership.standing(each)
    not_found(standing.vetting is not None)
    context = {
        "organization": each,
        "standing": standing,
        "steps": steps_of(each),
        "crumbs": [*crumbs(each), Crumb(_("Vetting"))],
    }
    return show(request, "partnerships/vetting", "partners", context)


def steps_of(each: Organization) -> list[tuple[Any, str, bool]]:
    """What may follow the stage of an organization: the button, its address, whether it is the hard way."""
    found_: list[tuple[Any, str, bool]] = []
    for to, step in stages.TABLE[each.status].items():
        if to == stages.VETTING:
            url = reverse("staff:vetting_begin_known", args=[each.code])
        else:
            url = reverse("staff:stage", args=[each.code, to])
        found_.append((step.button, url, to in {stages.ENDED, stages.DECLINED, stages.SUSPENDED}))
    return found_


@staff(KEEP)
def item(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Say of one thing on the list how it stands."""
    each = organization_of(code)
    row = found(VettingItem.objects.filter(vetting__organization=each).select_related("vetting"), code=item)
    line = next(line for line in partnership.checklist(row.vetting) if line.row.pk == row.pk)
    start = {
        "state": row.state,
        "words": row.words,
        "document": row.document.code if row.document else None,
        "on": row.decided_on or here(request).today(),
        "valid_until": row.valid_until,
    }
    papers = each.documents.filter(state=DocumentState.ACCEPTED).order_by("-valid_until", "pk")
    form = forms.ItemForm(sent(request), initial=start, documents=papers)
    back = reverse("staff:vetting", args=[each.code])
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.settle_item(by=by, item=row, **data)):
        return done(request, _("Saved."), back)
    notes = [] if line.asked.waivable else [_("The rules do not let anybody waive this.")]
    return edit(
        request,
        form,
        door="partners",
        title=line.label,
        lede=str(line.asked.hint),
        button=_("Save"),
        cancel_url=back,
        notes=notes,
        crumbs=[*crumbs(each), Crumb(_("Vetting"), back)],
    )


@staff(KEEP)
def stage(request: HttpRequest, code: str, to: str) -> HttpResponse:
    """Take a partnership to its next stage."""
    each = organization_of(code)
    step = stages.TABLE[each.status].get(to)
    if to not in set(OrganizationStatus) or to == stages.VETTING:
        raise Http404
    form = forms.MoveForm(sent(request), restricted=to == stages.DECLINED)
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.move(by=by, organization=each, to=to, **data)):
        return done(request, _("Saved; the organization is told."), page_of(each))
    hard = to in {stages.ENDED, stages.DECLINED, stages.SUSPENDED}
    notes = []
    if to in {stages.ENDED, stages.DECLINED}:
        notes = [_("Nobody of the organization can sign in any more; what is open with it is closed.")]
    return edit(
        request,
        form,
        door="partners",
        title=step.button if step else _("This stage cannot follow"),
        lede=each.name,
        button=step.button if step else _("Try again"),
        danger=hard,
        cancel_url=page_of(each),
        notes=notes,
        crumbs=crumbs(each),
    )


def _kinds() -> list[tuple[str, str]]:
    return [(kind.code, str(kind.label)) for kind in partnership.paper_kinds().values()]


@staff(KEEP)
def document_ask(request: HttpRequest, code: str) -> HttpResponse:
    """Ask an organization for a document; a link goes out that needs no account."""
    each = organization_of(code)
    old = each.documents.filter(code=request.GET.get("replaces", "")).first()
    start = {"kind": old.kind if old else request.GET.get("kind", "")}
    form = forms.AskForm(sent(request), initial=start, kinds=_kinds())
    by = actor_of(request)
    if attempt(
        request, form, lambda data: actions.ask_document(by=by, organization=each, replaces=old, **data)
    ):
        return done(request, _("Asked for. They can send it without an account."), page_of(each))
    return edit(
        request,
        form,
        door="partners",
        title=_("Ask for a document"),
        lede=each.name,
        button=_("Send the request"),
        cancel_url=page_of(each),
        crumbs=crumbs(each),
    )


@staff(KEEP)
def document_record(request: HttpRequest, code: str) -> HttpResponse:
    """Write down a document that we hold ourselves."""
    each = organization_of(code)
    form = forms.RecordForm(sent(request), request.FILES or None, kinds=_kinds())
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.record_document(by=by, organization=each, **data)):
        return done(request, _("The document is kept."), page_of(each))
    context = {
        "form": form,
        "title": _("Write down a document"),
        "lede": each.name,
        "cancel_url": page_of(each),
        "button": _("Save"),
        "crumbs": [*crumbs(each), Crumb(_("Write down a document"))],
    }
    return show(request, "partnerships/upload", "partners", context)


@staff(KEEP)
def document(request: HttpRequest, code: str, document: str) -> HttpResponse:
    """One document: what it is, and accepting it or sending it back."""
    each = organization_of(code)
    row = found(each.documents.select_related("replaces"), code=document)
    today = here(request).today()
    form = forms.LookForm(
        sent(request), initial={"valid_from": row.valid_from, "valid_until": row.valid_until}
    )
    if attempt(request, form, lambda data: _look(request, row, data)):
        return done(request, _("Saved."), page_of(each))
    context = {
        "organization": each,
        "row": row,
        "paper": partnership.paper_of(row, partnership.paper_kinds(), today),
        "form": form if row.state == DocumentState.SENT else None,
        "replacement": Document.objects.filter(replaces=row).first(),
        "crumbs": [*crumbs(each), Crumb(_("Document"))],
    }
    return show(request, "partnerships/document", "partners", context)


def _look(request: HttpRequest, row: Document, data: dict[str, Any]) -> None:
    by = actor_of(request)
    if data["choice"] == "accept":
        actions.accept_document(
            by=by, document=row, valid_from=data["valid_from"], valid_until=data["valid_until"]
        )
    else:
        actions.return_document(by=by, document=row, words=data["words"])


@staff(KEEP)
def document_withdraw(request: HttpRequest, code: str, document: str) -> HttpResponse:
    """No longer ask for a document."""
    each = organization_of(code)
    row = found(each.documents, code=document)
    if request.method != "POST":
        raise Http404
    by = actor_of(request)
    words = _("No longer asked for.")
    return run_now(request, lambda: actions.withdraw_document(by=by, document=row), words, page_of(each))


@staff(KEEP)
def document_file(request: HttpRequest, code: str, document: str) -> HttpResponse:
    """The file of a document, as a download."""
    row = found(organization_of(code).documents, code=document)
    answer = uploads.answer(row.file_code) if row.file_code else None
    not_found(answer is not None)
    assert answer is not None
    return answer


@staff(KEEP)
def letters(request: HttpRequest, code: str) -> HttpResponse:
    """The thread with an organization, for this facility."""
    each, by, place = organization_of(code), actor_of(request), place_of(request).facility
    form = LetterForm(sent(request))
    back = reverse("staff:letters", args=[each.code])
    if attempt(
        request, form, lambda data: actions.write_letter(by=by, organization=each, facility=place, **data)
    ):
        actions.read_letters(by=by, organization=each, facility=place)
        return done(request, _("Sent."), back)
    rows = Letter.objects.filter(organization=each, facility=place).order_by("recorded_at", "pk")
    context = {
        "organization": each,
        "rows": rows,
        "unread": [row for row in rows if row.side == "them" and row.read_at is None],
        "form": form,
        "crumbs": [*crumbs(each), Crumb(_("Messages"))],
    }
    return show(request, "partnerships/letters", "partners", context)


@staff(KEEP)
def letters_read(request: HttpRequest, code: str) -> HttpResponse:
    """Note that what they wrote was read."""
    each, by = organization_of(code), actor_of(request)
    if request.method != "POST":
        raise Http404
    place = here(request)
    return run_now(
        request,
        lambda: actions.read_letters(by=by, organization=each, facility=place),
        _("Marked as read."),
        reverse("staff:letters", args=[each.code]),
    )
