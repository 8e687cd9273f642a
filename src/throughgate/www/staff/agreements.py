"""Agreements: drafting, sending for signature, signing, printing, the next version, the early end."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb
from throughgate.partners import actions, prints
from throughgate.partners.actions import SignatureFacts
from throughgate.partners.models import Agreement, Organization
from throughgate.partners.queries.partnership import DAY, agreement_word
from throughgate.places.models import Facility
from throughgate.www.doors import actor_of
from throughgate.www.staff.forms import partners as partner_forms
from throughgate.www.staff.forms import partnerships as forms
from throughgate.www.staff.partnerships import crumbs, organization_of, page_of
from throughgate.www.staff.shell import attempt, done, edit, found, here, run_now, sent, show, staff

KEEP = Permission.MANAGE_PARTNERS


def _row(code: str, agreement: str) -> tuple[Organization, Agreement]:
    each = organization_of(code)
    return each, found(each.agreements.select_related("previous", "following"), code=agreement)


def _url(each: Organization, row: Agreement) -> str:
    return reverse("staff:agreement", args=[each.code, row.code])


@staff()
def agreement(request: HttpRequest, code: str, agreement: str) -> HttpResponse:
    """One agreement: its terms, who signed, and what can be done next."""
    each, row = _row(code, agreement)
    last, word, tone = agreement_word(row, here(request).today())
    context = {
        "organization": each,
        "row": row,
        "last": last,
        "word": word,
        "tone": tone,
        "signatures": row.signatures.order_by("signed_on", "pk"),
        "following": getattr(row, "following", None),
        "crumbs": [*crumbs(each), Crumb(row.title)],
    }
    return show(request, "partnerships/agreement", "partners", context)


@staff(KEEP)
def agreement_edit(request: HttpRequest, code: str, agreement: str = "") -> HttpResponse:
    """Draft an agreement, or change a draft."""
    each = organization_of(code)
    row = found(each.agreements, code=agreement) if agreement else None
    facilities = Facility.objects.filter(pk__in=actor_of(request).facility_ids).order_by("name")
    form = forms.DraftForm(sent(request), initial=_start(each, row), facilities=facilities)
    kept: dict[str, Agreement] = {}

    def save(data: dict[str, Any]) -> None:
        kept["row"] = actions.save_agreement(by=actor_of(request), organization=each, agreement=row, **data)

    if attempt(request, form, save):
        return done(request, _("The draft is saved."), _url(each, kept["row"]))
    return edit(
        request,
        form,
        door="partners",
        title=_("Change the draft") if row else _("Draft an agreement"),
        lede=each.name,
        button=_("Save the draft"),
        cancel_url=_url(each, row) if row else page_of(each),
        crumbs=crumbs(each),
    )


def _start(each: Organization, row: Agreement | None) -> dict[str, Any]:
    if row is None:
        return {"notice_days": 30, "parties": each.name}
    names = ("kind", "title", "notice_days", "parties", "terms")
    return {
        **{name: getattr(row, name) for name in names},
        "programs": "\n".join(row.programs),
        "facilities": list(row.facilities.order_by("pk").values_list("pk", flat=True)),
        "first": row.valid.lower,
        "until": row.valid.upper - DAY if row.valid.upper else None,
    }


@staff(KEEP)
def agreement_send(request: HttpRequest, code: str, agreement: str) -> HttpResponse:
    """Send it for signature: from now on the text stands."""
    each, row = _row(code, agreement)
    form = forms.SendForm(sent(request))
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.send_for_signature(by=by, agreement=row, **data)):
        return done(request, _("Sent. They can read and sign it without an account."), _url(each, row))
    return edit(
        request,
        form,
        door="partners",
        title=_("Send for signature"),
        lede=row.title,
        button=_("Send it"),
        cancel_url=_url(each, row),
        notes=[_("The text stands from now on; a change is a new draft.")],
        crumbs=crumbs(each),
    )


@staff(KEEP)
def agreement_sign(request: HttpRequest, code: str, agreement: str) -> HttpResponse:
    """Sign for the agency, or write down what was signed on paper."""
    each, row = _row(code, agreement)
    start = {"on": here(request).today(), "side": "us", "how": "paper"}
    form = forms.SignForm(sent(request), initial=start)
    by = actor_of(request)

    def sign(data: dict[str, Any]) -> None:
        side = data.pop("side")
        actions.sign(by=by, agreement=row, side=side, signature=SignatureFacts(**data))

    if attempt(request, form, sign):
        return done(request, _("The signature is kept."), _url(each, row))
    return edit(
        request,
        form,
        door="partners",
        title=_("Write down a signature"),
        lede=row.title,
        button=_("Keep the signature"),
        cancel_url=_url(each, row),
        crumbs=crumbs(each),
    )


@staff(KEEP)
def agreement_next(request: HttpRequest, code: str, agreement: str) -> HttpResponse:
    """Begin the next version: to change it, or to renew it."""
    each, row = _row(code, agreement)
    if request.method != "POST":
        raise Http404
    by, made = actor_of(request), {"row": row}

    def begin() -> None:
        made["row"] = actions.new_version(by=by, agreement=row)

    response = run_now(request, begin, _("A draft of the next version is there."), _url(each, row))
    if made["row"] is not row:
        response["Location"] = reverse("staff:agreement_edit", args=[each.code, made["row"].code])
    return response


@staff(KEEP)
def agreement_withdraw(request: HttpRequest, code: str, agreement: str) -> HttpResponse:
    """Drop a draft, or take one back that is out for signature."""
    each, row = _row(code, agreement)
    if request.method != "POST":
        raise Http404
    by = actor_of(request)
    words = _("Taken back.")
    return run_now(request, lambda: actions.withdraw_agreement(by=by, agreement=row), words, page_of(each))


@staff(KEEP)
def agreement_end(request: HttpRequest, code: str, agreement: str) -> HttpResponse:
    """End an agreement before its day."""
    each, row = _row(code, agreement)
    form = partner_forms.TerminateForm(sent(request), initial={"on": here(request).today()})
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.terminate_agreement(by=by, agreement=row, **data)):
        return done(request, _("The agreement ends on that day."), _url(each, row))
    return edit(
        request,
        form,
        door="partners",
        title=_("End the agreement early"),
        lede=f"{each.name}: {row.title}",
        button=_("End the agreement"),
        danger=True,
        cancel_url=_url(each, row),
        crumbs=crumbs(each),
    )


@staff()
def agreement_print(request: HttpRequest, code: str, agreement: str) -> HttpResponse:
    """The agreement on paper, with its signatures or lines for them."""
    _each, row = _row(code, agreement)
    return prints.response(row)
