"""A visitor's own pages: where my clearance stands, when I come, whether it is on, my hours."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from throughgate.programs.models import Facilitator, SessionStatus
from throughgate.visitors.models import CLEARED, Clearance, Visitor
from throughgate.www.doors import actor_of, not_found, visitor

# A clearance that ends within these days is worth acting on; the reminders themselves follow the pack.
SOON = dt.timedelta(days=60)


@dataclass(frozen=True)
class Standing:
    """One clearance in words: does it hold today, does it end soon."""

    clearance: Clearance
    holds: bool
    last_day: dt.date | None
    soon: bool


def _me(request: HttpRequest) -> Visitor:
    me = Visitor.objects.filter(pk=actor_of(request).visitor_id or 0).first()
    not_found(me is not None)
    assert me is not None
    return me


def _standings(me: Visitor) -> list[Standing]:
    made = []
    for row in (
        Clearance.objects.filter(visitor=me).select_related("facility").order_by("facility__name", "-id")
    ):
        today = row.facility.today()
        last = row.valid.upper - dt.timedelta(days=1) if row.valid and row.valid.upper else None
        holds = row.status in CLEARED and row.valid is not None and today in row.valid
        made.append(Standing(row, holds, last, bool(holds and last and last - today <= SOON)))
    return made


def _visits(me: Visitor) -> list[Facilitator]:
    return list(
        Facilitator.objects.filter(visitor=me, active=True)
        .select_related("session__facility", "session__room", "session__cohort__program")
        .order_by("session__starts_at")
    )


@visitor()
def home(request: HttpRequest) -> HttpResponse:
    """Where I stand, and my next visit: is it on?"""
    me = _me(request)
    now = timezone.now()
    coming = [row for row in _visits(me) if row.session.ends_at > now]
    context = {
        "me": me,
        "standings": _standings(me),
        "next": coming[0] if coming else None,
        "later": coming[1:4],
        "door": "home",
    }
    return render(request, "visitor/home.html", context)


@visitor()
def visits(request: HttpRequest) -> HttpResponse:
    """Every visit, coming and past."""
    me = _me(request)
    now = timezone.now()
    rows = _visits(me)
    context = {
        "coming": [row for row in rows if row.session.ends_at > now],
        "past": [row for row in reversed(rows) if row.session.ends_at <= now],
        "door": "visits",
    }
    return render(request, "visitor/visits.html", context)


@visitor()
def requirements(request: HttpRequest) -> HttpResponse:
    """My clearances, facility by facility."""
    return render(
        request,
        "visitor/requirements.html",
        {"standings": _standings(_me(request)), "door": "requirements"},
    )


@visitor()
def hours(request: HttpRequest) -> HttpResponse:
    """Hours of the visits that took place."""
    now = timezone.now()
    held = [
        row
        for row in _visits(_me(request))
        if row.session.ends_at <= now
        and row.session.status in {SessionStatus.HELD, SessionStatus.PARTLY_HELD}
    ]
    minutes = sum(
        row.session.minutes_held
        if row.session.minutes_held is not None
        else int((row.session.ends_at - row.session.starts_at).total_seconds() // 60)
        for row in held
    )
    return render(
        request,
        "visitor/hours.html",
        {"minutes": minutes, "visits": len(held), "rows": held[::-1], "door": "hours"},
    )
