"""Prints for corridors and desks: tagged PDF (PDF/UA-1), black on white, made by Typst.

Everything that is printed travels as JSON and is set as plain text, so no name or note can become markup.
docs/components.md shows what each template reads.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import fontpkg_public_sans
import segno
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from throughgate.base.templatetags.when import day, moment

FOLDER = Path(__file__).resolve().parent / "typst"

# Template -> what its data must hold.
NEEDS: Mapping[str, frozenset[str]] = {
    "list": frozenset({"title", "facility", "columns", "groups"}),
    "slips": frozenset({"title", "facility", "slips"}),
    "letter": frozenset({"title", "facility", "body"}),
    "answers": frozenset({"title", "facility", "slips"}),
    "report": frozenset(
        {"title", "facility", "facts", "tag", "sentence", "how_sure", "why_not", "hundreds", "sure", "gauge"}
        | {"can_say", "cannot_say", "measure", "counted", "whom", "cost", "limits", "annex", "labels"}
    ),
    "agreement": frozenset({"title", "facility", "facts", "terms", "signatures"}),
}


def render(template: str, data: Mapping[str, Any], *, lang: str = "en") -> bytes:
    """The PDF made from ``template`` (a key of NEEDS) and its data.

    Dates and times may be given as such and are written as the pages write them, in the current time zone.
    ``return_code`` is also drawn as a QR code. Raises ValueError when the data lacks something.
    """
    if template not in NEEDS:
        raise ValueError(f"There is no print {template!r}; choose one of {', '.join(NEEDS)}.")
    missing = NEEDS[template] - data.keys()
    if missing:
        raise ValueError(f"The print {template!r} also needs: {', '.join(sorted(missing))}.")
    _check_rows(data)
    with translation.override(lang):
        payload = json.dumps(_complete(data, lang), default=_plain)
    return _compile(template, payload)


def _check_rows(data: Mapping[str, Any]) -> None:
    """A row that is too short would silently shift every cell after it."""
    width = len(data.get("columns", ()))
    for group in data.get("groups", ()):
        for number, row in enumerate(group["rows"], 1):
            if len(row) != width:
                title = group.get("title", "")
                raise ValueError(f"Row {number} of {title!r} has {len(row)} cells for {width} columns.")


def _complete(data: Mapping[str, Any], lang: str) -> dict[str, Any]:
    short = lang.split("-", maxsplit=1)[0]
    complete = {"printed_at": timezone.now(), **data, "lang": short, "words": _words()}
    code = data.get("return_code")
    if code:
        complete["return_svg"] = _qr(str(data.get("return_url") or code))
    return complete


def _words() -> dict[str, str]:
    return {
        "page": _("Page {page} of {pages}"),
        "printed": _("Printed"),
        "version": _("Version"),
        "destroy_by": _("Destroy by"),
        "return_code": _("Return code"),
        "reference": _("Reference"),
        "notes": _("Notes"),
        "nobody": _("Nobody."),
    }


def _qr(content: str) -> str:
    out = io.BytesIO()
    segno.make(content, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False, svgns=True)
    return out.getvalue().decode()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Promise | Decimal):
        return str(value)
    raise TypeError(f"A print takes texts, numbers and dates, not {type(value).__name__}.")


@cache
def _fonts() -> Any:
    """The typeface, read once for the life of the process."""
    import typst  # noqa: PLC0415  (80 MB that only printing needs)

    folder = str(fontpkg_public_sans.ROOT / "files")
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])


def _compile(template: str, payload: str) -> bytes:
    import typst  # noqa: PLC0415

    pdf = typst.compile(
        FOLDER / f"{template}.typ",
        root=FOLDER,
        format="pdf",
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": payload},
        pdf_standards="ua-1",
        timestamp=int(timezone.now().timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise TypeError("Typst gave no document.")
    return pdf
