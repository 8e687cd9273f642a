"""A visitor's own pages: where my clearance stands, when I come, whether it is on, my hours."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from throughgate.base import pdf
from throughgate.base.templatetags.when import day as when_day
from throughgate.base.templatetags.when import hours as duration
from throughgate.programs.models import Facilitator, SessionStatus
from throughgate.visitors import journeys, queries
from throughgate.visitors.models import Visitor
from throughgate.www.doors import actor_of, not_found, visitor


def _me(request: HttpRequest) -> Visitor:
    me = Visitor.objects.filter(pk=actor_of(request).visitor_id or 0).first()
    not_found(me is not None)
    assert me is not None
    return me


def _visits(me: Visitor) -> list[Facilitator]:
    return list(
        Facilitator.objects.filter(visitor=me, active=True)
        .select_related("session__facility", "session__room", "session__cohort__program")
        .order_by("session__starts_at")
    )


def _stopped(me: Visitor, row: Facilitator) -> list[str]:
    """Why I am not on the gate list of a visit, nothing when I am. The same rule as the list itself."""
    facility = row.session.facility
    day = row.session.starts_at.astimezone(facility.zone).date()
    return [str(reason.text) for reason in queries.gate_ready(me, facility, day).reasons]


@visitor()
def home(request: HttpRequest) -> HttpResponse:
    """Where I stand, and my next visit: is it on?"""
    me = _me(request)
    now = timezone.now()
    coming = [row for row in _visits(me) if row.session.ends_at > now]
    mine = journeys.mine(me)
    context = {
        "me": me,
        "journeys": mine,
        "next": coming[0] if coming else None,
        "stopped": _stopped(me, coming[0]) if coming else (),
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


def _held(me: Visitor) -> tuple[list[Facilitator], int]:
    """The visits that took place, oldest first, and their minutes."""
    now = timezone.now()
    held = [
        row
        for row in _visits(me)
        if row.session.ends_at <= now
        and row.session.status in {SessionStatus.HELD, SessionStatus.PARTLY_HELD}
    ]
    return held, sum(_minutes(row) for row in held)


def _minutes(row: Facilitator) -> int:
    session = row.session
    if session.minutes_held is not None:
        return session.minutes_held
    return int((session.ends_at - session.starts_at).total_seconds() // 60)


@visitor()
def hours(request: HttpRequest) -> HttpResponse:
    """Hours of the visits that took place."""
    held, minutes = _held(_me(request))
    return render(
        request,
        "visitor/hours.html",
        {"minutes": minutes, "visits": len(held), "rows": held[::-1], "door": "hours"},
    )


@visitor()
def letter(request: HttpRequest) -> HttpResponse:
    """The hours letter, as a tagged PDF."""
    me = _me(request)
    held, minutes = _held(me)
    not_found(bool(held))
    document = pdf.render("letter", hours_letter(me, held, minutes), lang=get_language() or "en")
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="hours.pdf"'
    return response


def hours_letter(me: Visitor, held: list[Facilitator], minutes: int) -> dict[str, Any]:
    """What the letter says: hours by program and facility, and thanks; of participants nothing."""
    by_program: dict[str, int] = defaultdict(int)
    for row in held:
        by_program[f"{row.session.cohort.program.list_label}, {row.session.facility.name}"] += _minutes(row)
    zone = held[-1].session.facility.zone
    names = {
        "name": me.name,
        "hours": duration(minutes),
        "visits": len(held),
        "first": when_day(held[0].session.starts_at, zone),
        "last": when_day(held[-1].session.starts_at, zone),
    }
    return {
        "title": _("Hours given"),
        "facility": held[-1].session.facility.name,
        "recipient": [me.name],
        "date": held[-1].session.facility.today(),
        "body": [
            _("%(name)s gave %(hours)s in %(visits)s visits between %(first)s and %(last)s.") % names,
            [f"{place}: {duration(spent)}" for place, spent in by_program.items()],
            _("Only sessions that took place are counted. We thank you for your time."),
        ],
        "signed": [held[-1].session.facility.name],
    }
