"""A participant's own pages: my week, my place in line, my hours, who sees what, and asking."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.access.models import AccessGrant
from throughgate.base import pdf
from throughgate.base.errors import Reason, Refused
from throughgate.people.actions.consents import revoke_consent
from throughgate.people.models import Consent, Participant
from throughgate.people.queries.page import lookers
from throughgate.programs.actions import line as actions
from throughgate.programs.models import LIVE_COHORT, OPEN_WAIT, Call, Program, SessionStatus, WaitlistEntry
from throughgate.programs.queries import credit, lists, seats
from throughgate.www.doors import actor_of, not_found, participant
from throughgate.www.participant.looks import looks

WEEK = 7
# How far ahead a projection looks: the longest plan that a person is shown ([P-241]).
AHEAD = dt.timedelta(days=180)
# Who has looked: the newest lines, out of at most so many events of the last year.
RECENT_LOOKS = 30
MOST_EVENTS = 5000
LOOKED_SINCE = dt.timedelta(days=365)


def me_of(request: HttpRequest) -> Participant:
    me = (
        Participant.objects.select_related("facility", "unit")
        .filter(pk=actor_of(request).participant_id or 0)
        .first()
    )
    not_found(me is not None)
    assert me is not None
    return me


@participant()
def week(request: HttpRequest) -> HttpResponse:
    """Where I am called in the next seven days."""
    me = me_of(request)
    first = me.facility.today()
    calls = (
        Call.objects.filter(
            participant=me,
            starts_at__gte=me.facility.at(first, dt.time()),
            starts_at__lt=me.facility.at(first + dt.timedelta(days=WEEK), dt.time()),
        )
        .select_related("session__room", "session__cohort__program")
        .order_by("starts_at")
    )
    days: dict[dt.date, list[Call]] = {}
    for call in calls:
        if call.status == Call.Status.CALLED or _cancelled(call):
            days.setdefault(call.starts_at.astimezone(me.facility.zone).date(), []).append(call)
    context = {"me": me, "days": list(days.items()), "today": first, "door": "week"}
    return render(request, "participant/week.html", context)


def _cancelled(call: Call) -> bool:
    return call.session is not None and call.session.status == SessionStatus.CANCELLED


@participant()
@require_POST
def slip(request: HttpRequest) -> HttpResponse:
    """My week on paper."""
    me = me_of(request)
    first = me.facility.today()
    paper = pdf.render(
        "slips",
        {
            "title": _("My week"),
            "facility": me.facility.name,
            "window": first,
            "printed_at": me.facility.now(),
            "slips": lists.timetable([me], first, WEEK),
            "across": 1,
            "height_mm": 120,
        },
    )
    return HttpResponse(
        paper, content_type="application/pdf", headers={"Content-Disposition": 'inline; filename="week.pdf"'}
    )


@participant()
def line(request: HttpRequest) -> HttpResponse:
    """What I have, where I stand in line and why, and what else there is."""
    mine = seats.own(actor_of(request))
    here = _running(mine.person).exclude(pk__in=_taken(mine))
    return render(request, "participant/line.html", {"mine": mine, "here": here, "door": "line"})


def _running(me: Participant) -> QuerySet[Program]:
    """What has open groups in the person's facility."""
    return (
        Program.objects.filter(listed=True, cohorts__facility=me.facility, cohorts__status__in=LIVE_COHORT)
        .distinct()
        .order_by("name")
    )


def _taken(mine: seats.Places) -> set[int]:
    """Programs in which the person has a seat, or for which they stand in line."""
    seated = {row.program.pk for row in mine.places if row.current}
    return seated | {row.entry.program_id for row in mine.line}


@participant()
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a place in a program that runs here."""
    me = me_of(request)
    programs = _running(me)
    reasons: tuple[Reason, ...] = ()
    if request.method == "POST":
        program = programs.filter(code=request.POST.get("program", "")).first()
        not_found(program is not None)
        assert program is not None
        try:
            actions.request_place(by=actor_of(request), participant=me, program=program)
        except Refused as refused:
            reasons = refused.reasons
        else:
            messages.success(
                request, _("You asked for %(name)s. You get an answer.") % {"name": program.local_name}
            )
            return redirect("participant:line")
    context = {
        "programs": programs.exclude(pk__in=_taken(seats.own(actor_of(request)))),
        "chosen": request.POST.get("program") or request.GET.get("program", ""),
        "reasons": reasons,
        "door": "ask",
    }
    return render(request, "participant/ask.html", context, status=409 if reasons else 200)


@participant()
@require_POST
def step(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """I still want this place, or I no longer want it."""
    entry = WaitlistEntry.objects.filter(
        code=code, participant=actor_of(request).participant_id or 0, status__in=OPEN_WAIT
    ).first()
    not_found(entry is not None and verb in {"keep", "leave"})
    assert entry is not None
    if verb == "keep":
        actions.reconfirm(by=actor_of(request), entry=entry)
        messages.success(request, _("Good. You keep your place in line."))
    else:
        actions.withdraw(by=actor_of(request), entry=entry)
        messages.success(request, _("You left the line. Your date of asking is kept if you come back."))
    return redirect("participant:line")


@participant()
def goals(request: HttpRequest) -> HttpResponse:
    """My goals: kept by the plan, which begins with a talk."""
    return render(request, "participant/goals.html", {"me": me_of(request), "door": "goals"})


@participant()
def papers(request: HttpRequest) -> HttpResponse:
    """My hours and credit so far, what I may still earn, and what I completed."""
    me = me_of(request)
    mine = seats.own(actor_of(request))
    context = {
        "me": me,
        "totals": credit.totals(me),
        "projections": credit.project(me, me.facility.today() + AHEAD),
        "places": mine.places,
        "door": "papers",
    }
    return render(request, "participant/papers.html", context)


@participant()
def sharing(request: HttpRequest) -> HttpResponse:
    """Who may see what of me, what I agreed to, and who has looked."""
    me = me_of(request)
    context = {
        "me": me,
        "grants": AccessGrant.objects.filter(participant=me)
        .select_related("organization")
        .order_by("organization__name", "id"),
        "consents": Consent.objects.filter(participant=me)
        .select_related("organization")
        .order_by("revoked_at", "-given_at"),
        "looks": looks(
            lookers(me, since=me.facility.now() - LOOKED_SINCE, limit=MOST_EVENTS),
            me.facility.zone,
            RECENT_LOOKS,
        ),
        "now": me.facility.now(),
        "door": "sharing",
    }
    return render(request, "participant/sharing.html", context)


@participant()
@require_POST
def revoke(request: HttpRequest, code: str) -> HttpResponse:
    """Take a consent back; what it opened closes with this click."""
    consent = Consent.objects.filter(
        code=code, participant=actor_of(request).participant_id or 0, revoked_at__isnull=True
    ).first()
    not_found(consent is not None)
    assert consent is not None
    revoke_consent(by=actor_of(request), consent=consent)
    messages.success(request, _("Taken back. They can no longer see it."))
    return redirect("participant:sharing")
