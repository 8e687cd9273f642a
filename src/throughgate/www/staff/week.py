"""The week board: every session of a facility's week with its light, the reasons, and what helps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb, DateInput, Day, Slot, Word
from throughgate.places.models import DayPart
from throughgate.programs.actions.staffing import confirm_officer
from throughgate.programs.models import Session
from throughgate.programs.queries.cover import officers_of
from throughgate.programs.queries.week import Row, Week, week
from throughgate.www.doors import actor_of
from throughgate.www.staff.shell import (
    HereFilter,
    Place,
    Refusable,
    a_day,
    attempt,
    done,
    place_of,
    sent,
    show,
    staff,
)

LIGHTS: dict[str, Word] = {
    "green": Word(gettext_lazy("Ready"), "good"),
    "amber": Word(gettext_lazy("At risk"), "wait"),
    "red": Word(gettext_lazy("Cannot run"), "late"),
    "done": Word(gettext_lazy("Done"), "done"),
}
STATES: dict[str, Word] = {
    "planned": Word(gettext_lazy("Attendance missing"), "late"),
    "held": Word(gettext_lazy("Held"), "done"),
    "partly_held": Word(gettext_lazy("Partly held"), "done"),
    "cancelled": Word(gettext_lazy("Cancelled"), "done"),
}


def state(row: Row) -> Word:
    """The word of a session: its light while it is to come, what became of it afterwards."""
    if row.readiness.light != "done":
        return LIGHTS[row.readiness.light]
    if row.status == "planned" and row.called and row.recorded >= row.called:
        return Word(_("Marked"), "done")
    return STATES[row.status]


class WeekFilter(HereFilter):
    """What narrows the board."""

    start = forms.CharField(required=False, widget=forms.HiddenInput)
    part = forms.ChoiceField(
        label=gettext_lazy("Part of the day"),
        required=False,
        choices=[("", gettext_lazy("The whole day")), *DayPart.choices],
    )
    program = forms.ChoiceField(label=gettext_lazy("Program"), required=False)
    light = forms.ChoiceField(
        label=gettext_lazy("Readiness"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            ("risk", gettext_lazy("Needs somebody")),
            ("red", gettext_lazy("Cannot run")),
            ("amber", gettext_lazy("At risk")),
            ("green", gettext_lazy("Ready")),
            ("done", gettext_lazy("Done")),
        ],
    )

    def __init__(self, *args: Any, place: Place, titles: list[str], **kwargs: Any) -> None:
        super().__init__(*args, place=place, **kwargs)
        programs: Any = self.fields["program"]
        programs.choices = [("", _("Every program")), *((title, title) for title in titles)]


@dataclass(frozen=True)
class Fix:
    """One click that helps, with the words of what it helps against."""

    text: str
    label: str
    url: str


@dataclass(frozen=True)
class AtRisk:
    """A session that needs somebody, with its reasons."""

    row: Row
    url: str
    fixes: tuple[Fix, ...]


def at_risk(row: Row) -> AtRisk:
    """A board row with the addresses of what helps."""
    fixes = tuple(
        Fix(reason.text, reason.remedy_label, reverse(reason.remedy_url_name, args=reason.args))
        for reason in row.readiness.reasons
    )
    return AtRisk(row, reverse("staff:session", args=[row.code]), fixes)


@staff()
def board(request: HttpRequest) -> HttpResponse:
    """The week of a facility, side by side, and first what needs somebody."""
    place = place_of(request)
    facility = place.facility
    found = week(actor_of(request), facility, a_day(request.GET.get("start"), facility.today()))
    form = WeekFilter(request.GET, place=place, titles=sorted({row.title for row in found.rows}))
    wanted = [row for row in found.rows if _wanted(row, form.asked)]
    risks = [at_risk(row) for row in wanted if row.readiness.at_risk]
    context = {
        "form": form,
        "week": found,
        "days": _days(found, wanted),
        "risks": sorted(risks, key=lambda each: each.row.readiness.light != "red"),
        "shown": len(wanted),
        "before": _link(request, found.start - dt.timedelta(days=7)),
        "after": _link(request, found.start + dt.timedelta(days=7)),
        "this_week": _link(request, facility.today()),
        "last": found.start + dt.timedelta(days=6),
    }
    return show(request, "week", "week", context)


class DayFilter(HereFilter):
    """Which day."""

    day = forms.DateField(label=gettext_lazy("Day"), required=False, widget=DateInput())


@staff(Permission.MANAGE_SESSIONS)
def officers(request: HttpRequest) -> HttpResponse:
    """Which officer or post is at each session of a day: the whole day on one page, one click."""
    facility = place_of(request).facility
    day = a_day(request.GET.get("day") or request.POST.get("day"), facility.today() + dt.timedelta(days=1))
    rows = list(officers_of(facility, day))
    form = Refusable(sent(request))
    asked = f"{reverse('staff:officers')}?day={day.isoformat()}"
    if attempt(request, form, lambda data: _confirm(request, rows)):
        return done(request, _("The officers are confirmed."), asked)
    context = {
        "form": form,
        "filter": DayFilter({"day": day, **request.GET.dict()}, place=place_of(request)),
        "day": day,
        "rows": [(row, request.POST.get(f"officer-{row.code}", row.officer)) for row in rows],
        "missing": sum(not row.officer for row in rows),
        "crumbs": [Crumb(_("Week"), reverse("staff:week")), Crumb(_("Officers of a day"))],
    }
    return show(request, "officers", "week", context)


def _confirm(request: HttpRequest, rows: list[Session]) -> None:
    """Write down each officer that was named or changed; an empty field leaves the session as it is."""
    for row in rows:
        named = request.POST.get(f"officer-{row.code}", "").strip()
        if named and named != row.officer:
            confirm_officer(by=actor_of(request), session=row, officer=named)


def _wanted(row: Row, asked: dict[str, Any]) -> bool:
    light = asked.get("light")
    return (
        (not asked.get("part") or row.part == asked["part"])
        and (not asked.get("program") or row.title == asked["program"])
        and (not light or row.readiness.light == light or (light == "risk" and row.readiness.at_risk))
    )


def _days(found: Week, wanted: list[Row]) -> list[Day]:
    days = [
        Day(
            day.date,
            [_slot(row) for row in wanted if row.starts.date() == day.date],
            today=day.today,
            note=day.note,
        )
        for day in found.days
    ]
    weekend = days[5:]
    return days if any(day.slots or day.today for day in weekend) else days[:5]


def _slot(row: Row) -> Slot:
    who = _("%(called)d of %(seats)d called") % {"called": row.called, "seats": row.seats}
    detail = " · ".join(part for part in (row.room, who) if part)
    return Slot(
        f"{row.starts:%H:%M}",
        f"{row.ends:%H:%M}",
        row.title,
        reverse("staff:session", args=[row.code]),
        detail,
        state(row),
    )


def _link(request: HttpRequest, start: dt.date) -> str:
    asked = {key: str(value) for key, value in request.GET.items() if value and key not in {"start", "page"}}
    return "?" + urlencode({**asked, "start": start.isoformat()})
