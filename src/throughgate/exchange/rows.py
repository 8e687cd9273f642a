"""Rows of an import in the making."""

from __future__ import annotations

from collections.abc import Iterable

from throughgate.base.errors import Reason
from throughgate.exchange.models import Import, ImportRow, What


def told(reason: Reason) -> dict[str, str]:
    """A reason as it is stored: its code, its words and what would put it right."""
    return {"code": reason.code, "text": plain(str(reason.text)), "remedy": plain(str(reason.remedy))}


def plain(text: str) -> str:
    """Text that the database can hold, whatever bytes it came from."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def staged(
    load: Import,
    line: int,
    *,
    thing: str,
    key: str,
    label: str = "",
    reasons: Iterable[Reason] = (),
    notes: Iterable[str] = (),
) -> ImportRow:
    """A row that was read: checked, or refused when there are reasons."""
    against = [told(reason) for reason in reasons]
    return ImportRow(
        load=load,
        line=line,
        thing=thing,
        key=plain(key)[:120],
        label=plain(label)[:300],
        what=What.REFUSED if against else What.CHECKED,
        reasons=against,
        notes=list(notes),
    )


def refuse_row(row: ImportRow, reason: Reason, what: What = What.REFUSED) -> None:
    """Turn a row down (or hand it to a person), keeping earlier reasons."""
    row.what = what
    row.diff = {}
    if not any(each["code"] == reason.code for each in row.reasons):
        row.reasons = [*row.reasons, told(reason)]
