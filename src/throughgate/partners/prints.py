"""An agreement as a tagged PDF: what was agreed, and who signed or where to sign."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from throughgate.base import pdf
from throughgate.base.templatetags.when import day
from throughgate.partners.models import Agreement, Side
from throughgate.partners.queries.partnership import DAY


def render(row: Agreement) -> bytes:
    """The PDF of an agreement as it stands."""
    last = row.valid.upper - DAY if row.valid.upper else None
    facilities = ", ".join(row.facilities.order_by("name").values_list("name", flat=True))
    signed = {each.side: each for each in row.signatures.all()}
    facts = [
        [_("Kind"), row.get_kind_display()],
        [_("Version"), str(row.version)],
        [_("Parties"), row.parties or row.organization.name],
        [_("Facilities"), facilities],
        [_("Programs"), ", ".join(row.programs) or _("All that the facilities agree to")],
        [_("From"), day(row.valid.lower)],
        [_("Until"), day(last) if last else ""],
        [_("Notice"), _("%(n)s days") % {"n": row.notice_days}],
    ]
    return pdf.render(
        "agreement",
        {
            "title": row.title,
            "facility": row.organization.name,
            "state": row.get_state_display(),
            "facts": facts,
            "terms_title": _("What each side does"),
            "terms": [part.strip() for part in row.terms.split("\n") if part.strip()],
            "signatures_title": _("Signatures"),
            "signatures": [_signature(side, signed.get(side)) for side in Side.values],
            "reference": row.code,
        },
        lang=get_language() or "en",
    )


def _signature(side: str, row: Any) -> dict[str, Any]:
    lines = [[_("Name"), ""], [_("Office"), ""], [_("Day"), ""], [_("Signature"), ""]]
    if row is not None:
        lines = [
            [_("Name"), row.name],
            [_("Office"), row.office],
            [_("Day"), day(row.signed_on)],
            [_("How"), row.get_how_display()],
            [_("Statement"), row.statement],
        ]
    return {"side": str(Side(side).label), "lines": lines, "signed": row is not None}


def response(row: Agreement) -> HttpResponse:
    """The PDF, shown in the browser's own reader."""
    name = f"agreement-{row.code}-v{row.version}.pdf"
    return HttpResponse(
        render(row),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
