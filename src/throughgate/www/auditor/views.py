"""The auditor's pages: what was written, read and refused, and whether the trail is sealed. Reading only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from throughgate.access.permissions import Permission
from throughgate.base import ui
from throughgate.base.audit.models import DeniedEvent, Event, ReadEvent, Seal
from throughgate.base.scope import Audience
from throughgate.www.doors import page

PAGE = 50
MOST = 2000
STREAMS = [("event", _("Written")), ("read", _("Read")), ("denied", _("Refused"))]


class TrailForm(forms.Form):
    """Which part of the trail."""

    stream = forms.ChoiceField(label=_("What"), choices=STREAMS, required=False)
    table = forms.CharField(label=_("Table or page"), required=False, max_length=80)
    membership = forms.IntegerField(label=_("Membership number"), required=False, min_value=1)
    day = forms.DateField(label=_("Day"), required=False, widget=ui.DateInput)


@page(Audience.AUDITOR, permission=Permission.VIEW_AUDIT)
def trail(request: HttpRequest) -> HttpResponse:
    """The trail, newest first, with its filter; at most the newest two thousand lines of an answer."""
    form = TrailForm(request.GET or None)
    chosen = form.cleaned_data if form.is_valid() else {}
    rows = _rows(chosen.get("stream") or "event", chosen)
    found = Paginator(rows[:MOST], PAGE).get_page(request.GET.get("page"))
    last = Seal.objects.order_by("-seq").first()
    context = {
        "form": form,
        "stream": chosen.get("stream") or "event",
        "page": found,
        "capped": found.paginator.count == MOST,
        "last_seal": last,
        "door": "audit",
    }
    return render(request, "auditor/trail.html", context)


def _rows(
    stream: str, chosen: dict[str, Any]
) -> QuerySet[Event] | QuerySet[ReadEvent] | QuerySet[DeniedEvent]:
    rows: QuerySet[Event] | QuerySet[ReadEvent] | QuerySet[DeniedEvent]
    if stream == "read":
        rows, name = ReadEvent.objects.all(), "view"
    elif stream == "denied":
        rows, name = DeniedEvent.objects.all(), "view"
    else:
        rows, name = Event.objects.all(), "table_name"
    if chosen.get("table"):
        rows = rows.filter(**{name: chosen["table"]})
    if chosen.get("membership"):
        rows = rows.filter(membership=chosen["membership"])
    if chosen.get("day"):
        rows = rows.filter(at__date=chosen["day"])
    return rows.order_by("-id")
