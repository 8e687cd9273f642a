"""Printing an official list: every print has a version, so that paper can be told from what is true now."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import pdf
from throughgate.programs.models import ListKind, PrintedList, Session
from throughgate.programs.queries.lists import OfficialList, latest_print
from throughgate.programs.rules.lists import digests

# Landscape lists have more columns than fit across.
WIDE = frozenset({ListKind.GATE, ListKind.UNLOCK, ListKind.CALL_OUT})
PENCIL_LINES = 3


@transaction.atomic
def print_list(
    *, by: Actor, listing: OfficialList, session: Session | None = None
) -> tuple[PrintedList, bytes]:
    """Record a print of the list as it stands now and make its PDF.

    A print that says the same as the last keeps its version. Needs ``Permission.PRINT_LISTS`` at the
    facility; a partner may print the rosters of its own sessions.
    """
    if listing.kind == ListKind.ROSTER and by.can(Permission.MARK_ATTENDANCE):
        by.require(Permission.MARK_ATTENDANCE, listing.facility)
    else:
        by.require(Permission.PRINT_LISTS, listing.facility)
    printed = _record(by, listing, session)
    return printed, pdf.render("list", paper(listing, printed))


@transaction.atomic
def print_slips(*, by: Actor, listing: OfficialList, slips: list[dict[str, object]], title: str) -> bytes:
    """Movement or timetable slips as a PDF, many a page. Needs ``Permission.PRINT_LISTS``."""
    by.require(Permission.PRINT_LISTS, listing.facility)
    return pdf.render(
        "slips",
        {
            "title": title,
            "facility": listing.facility.name,
            "window": listing.window,
            "printed_at": listing.facility.now(),
            "slips": slips,
        },
    )


def _record(by: Actor, listing: OfficialList, session: Session | None) -> PrintedList:
    lines = digests(listing.lines)
    last = latest_print(listing, session)
    if last is not None and last.lines == lines:
        return last
    return PrintedList.objects.create(
        kind=listing.kind,
        facility=listing.facility,
        session=session,
        day=listing.day,
        part=listing.part,
        version=last.version + 1 if last else 1,
        lines=lines,
        printed_by=by.name,
        printed_at=timezone.now(),
    )


def paper(listing: OfficialList, printed: PrintedList) -> dict[str, object]:
    """What the print template reads."""
    blank = [None] * (len(listing.columns) - (len(listing.lines[0].cells) if listing.lines else 0))
    data: dict[str, object] = {
        "title": listing.title,
        "facility": listing.facility.name,
        "window": listing.window,
        "version": str(printed.version),
        "printed_at": listing.facility.now(),
        "landscape": listing.kind in WIDE,
        "columns": [{"label": c.label, "kind": c.kind, "width": c.width} for c in listing.columns],
        "groups": [
            {"title": title, "note": note, "rows": [[*line.cells, *blank] for line in lines]}
            for title, note, lines in listing.groups or [("", "", [])]
        ],
        "facts": [list(fact) for fact in listing.facts],
        "warning": listing.warning,
    }
    if listing.kind == ListKind.ROSTER:
        data["return_code"] = printed.code
        data["notes_lines"] = PENCIL_LINES
        data["foot"] = [[_("Guests"), ""], [_("Headcount at start"), ""], [_("Headcount at end"), ""]]
        data["destroy_by"] = listing.day
    return data
