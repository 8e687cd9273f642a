"""My day: what needs this member of staff now, each thing with the one click that settles it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb, DateInput, Word
from throughgate.programs.queries.attendance import daily_summary, missing_attendance
from throughgate.programs.queries.today import Item, Section, today
from throughgate.www.doors import actor_of
from throughgate.www.staff.shell import HereFilter, a_day, here, place_of, show, staff

WORDS: dict[str, Word] = {
    "red": Word(gettext_lazy("Now"), "late"),
    "amber": Word(gettext_lazy("Soon"), "wait"),
    "green": Word(gettext_lazy("In time"), "good"),
}
# Lists of a day are pages that take their facility from the question, not from the address.
LISTS = {"staff:call_out": "call-out", "staff:gate_list": "gate"}
SHOWN = 6


@dataclass(frozen=True)
class Shown:
    """A section as the page shows it: the first few, and the rest behind one click."""

    section: Section
    first: list[tuple[Item, str, Word]]
    rest: list[tuple[Item, str, Word]]


def address(item: Item) -> str:
    """Where an item's one click leads; a list of the day is asked by its facility."""
    if item.url or not item.url_name:
        return item.url or reverse("staff:lapses")
    if item.url_name in LISTS:
        return (
            reverse("staff:list", args=[LISTS[item.url_name]]) + "?" + urlencode({"facility": item.args[0]})
        )
    try:
        return reverse(item.url_name, args=item.args)
    except NoReverseMatch:
        return reverse(item.url_name)


def _word(item: Item, now: dt.date) -> Word:
    """How soon, in a word; what is due today says so."""
    due = item.due.date() if isinstance(item.due, dt.datetime) else item.due
    if item.light == "green" and due == now:
        return Word(gettext_lazy("Today"), "info")
    if due is None:
        return Word(gettext_lazy("For information"), "done")
    return WORDS.get(item.light, WORDS["green"])


@staff()
def my_day(request: HttpRequest) -> HttpResponse:
    """What needs me now, in order."""
    place = place_of(request)
    chosen = place.facility if "facility" in request.GET or not place.several else None
    page = today(actor_of(request), facility=chosen)
    note_read(request, page.participant_ids, "release date, changes")
    shown = []
    for section in page.sections:
        rows = [(item, address(item), _word(item, place.facility.today())) for item in section.items]
        shown.append(Shown(section, rows[:SHOWN], rows[SHOWN:]))
    # Lost hours are for information: nobody has to settle them.
    needs_you = sum(section.total for section in page.sections if section.code != "lost")
    context = {
        "page": page,
        "needs_you": needs_you,
        "shown": shown,
        "quiet": [each for each in shown if not each.first],
    }
    return show(request, "today", "today", context)


@staff(Permission.MARK_ATTENDANCE)
def missing(request: HttpRequest) -> HttpResponse:
    """Sessions that are over and whose attendance nobody has recorded."""
    rows = missing_attendance(actor_of(request))
    return show(request, "missing", "today", {"rows": rows, "crumbs": [*home(), Crumb(_missing_words())]})


def _missing_words() -> Any:
    return gettext_lazy("Attendance not recorded")


def home() -> list[Crumb]:
    """The way back to my day."""
    return [Crumb(gettext_lazy("Today"), reverse("staff:today"))]


class SummaryFilter(HereFilter):
    """Which day."""

    day = forms.DateField(label=gettext_lazy("Day"), required=False, widget=DateInput())


@staff(Permission.VIEW_RESTRICTED)
def summary(request: HttpRequest) -> HttpResponse:
    """The day's attendance: attended, absent, not recorded and cancelled, by part of the day."""
    place = place_of(request)
    day = a_day(request.GET.get("day"), here(request).today())
    asked = {**request.GET.dict(), "day": day.isoformat()}
    context = {
        "form": SummaryFilter(asked, place=place),
        "summary": daily_summary(actor_of(request), place.facility, day),
        "day": day,
        "before": (day - dt.timedelta(days=1)).isoformat(),
        "after": (day + dt.timedelta(days=1)).isoformat(),
        "crumbs": [*home(), Crumb(gettext_lazy("The day's attendance"))],
    }
    return show(request, "summary", "today", context)
