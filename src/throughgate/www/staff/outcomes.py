"""Outcomes: what can honestly be said today, and what cannot yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count, F, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.access.permissions import Permission
from throughgate.base.ui import Column, Table
from throughgate.places.models import Facility
from throughgate.programs.models import Session, SessionStatus
from throughgate.programs.queries.lost import lost_hours
from throughgate.www.staff.impact import list_studies
from throughgate.www.staff.shell import HereFilter, Place, place_of, show, staff

HELD = (SessionStatus.HELD, SessionStatus.PARTLY_HELD)
WEEKS = 4


class OutcomesFilter(HereFilter):
    """How far back."""

    weeks = forms.TypedChoiceField(
        label=gettext_lazy("Time"),
        coerce=int,
        required=False,
        choices=[
            (4, gettext_lazy("The last 4 weeks")),
            (13, gettext_lazy("The last 13 weeks")),
            (52, gettext_lazy("The last 52 weeks")),
        ],
    )


@dataclass(frozen=True)
class Counted:
    """Sessions and people of a time, with what nobody knows named as unknown."""

    sessions: int
    held: int
    cancelled: int
    unknown: int
    called: int
    recorded: int
    attended: int

    @property
    def share(self) -> int | None:
        """Those who came of those recorded, in percent; None when nothing is recorded."""
        return round(100 * self.attended / self.recorded) if self.recorded else None

    @property
    def not_recorded(self) -> int:
        """People called to sessions that were not cancelled, about whom nobody said anything."""
        return max(0, self.called - self.recorded)


def count(facilities: list[Facility], since: dt.datetime, until: dt.datetime) -> Counted:
    """Counts from the sessions alone: nobody has to be seen for it."""
    open_ones = ~Q(status=SessionStatus.CANCELLED)
    row: dict[str, Any] = Session.objects.filter(
        facility__in=facilities, ends_at__gte=since, ends_at__lt=until
    ).aggregate(
        sessions=Count("pk"),
        held=Count("pk", filter=Q(status__in=HELD)),
        cancelled=Count("pk", filter=Q(status=SessionStatus.CANCELLED)),
        unknown=Count("pk", filter=Q(status=SessionStatus.PLANNED)),
        called=Sum(F("called"), filter=open_ones),
        recorded=Sum(F("recorded"), filter=open_ones),
        attended=Sum(F("attended"), filter=open_ones),
    )
    return Counted(**{name: value or 0 for name, value in row.items()})


@staff(Permission.VIEW_REPORTS)
def outcomes(request: HttpRequest) -> HttpResponse:
    """Hours held and lost by cause, attendance with its unknowns, and what is not measured yet."""
    place = place_of(request)
    form = OutcomesFilter({"weeks": WEEKS, **request.GET.dict()}, place=place)
    facilities = _facilities(request, place)
    weeks = form.asked.get("weeks") or WEEKS
    until = place.facility.now()
    since = until - dt.timedelta(weeks=weeks)
    lost = lost_hours(facilities, since, until)
    context = {
        "form": form,
        "counted": count(facilities, since, until),
        "lost_total": sum(each.hours for each in lost),
        "lost": Table(
            _("Person-hours lost, by cause"),
            [
                Column(_("Cause")),
                Column(_("Whose doing")),
                Column(_("Sessions"), True),
                Column(_("Hours"), True),
            ],
            [[each.label, each.cause_words, each.sessions, f"{each.hours:.0f}"] for each in lost],
        ),
        "facilities": facilities,
        "since": since,
        "studies": list_studies(),
    }
    return show(request, "outcomes", "outcomes", context)


def _facilities(request: HttpRequest, place: Place) -> list[Facility]:
    """The facility that was asked for; all of one's own where none was."""
    return [place.facility] if "facility" in request.GET or not place.several else list(place.choices)
