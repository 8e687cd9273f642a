"""The partner's pages: what is on, who is coming, who came, and how it went."""

from __future__ import annotations

import datetime as dt

import icalendar
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from throughgate.access.models import Membership
from throughgate.access.permissions import Permission
from throughgate.access.queries import actor_for, live_memberships
from throughgate.access.reading import note_read
from throughgate.base import codes, scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience, Context
from throughgate.base.ui import Crumb
from throughgate.partners.models import Organization
from throughgate.programs.actions import attendance
from throughgate.programs.actions.lists import print_list
from throughgate.programs.models import Call
from throughgate.programs.queries import lists
from throughgate.programs.queries import partner as queries
from throughgate.www.doors import actor_of, everyone, not_found, partner
from throughgate.www.marking import grid, marks_from
from throughgate.www.partner.workspace import due

AHEAD = dt.timedelta(days=7)
SALT = "partner calendar"


@partner()
def today(request: HttpRequest) -> HttpResponse:
    """What is on in the next seven days, and what still wants marks."""
    by, now = actor_of(request), timezone.now()
    context = {
        "coming": queries.sessions(by, now - dt.timedelta(hours=3), now + AHEAD),
        "to_mark": queries.to_mark(by),
        "due": due(request),
        "calendar": _calendar_address(request),
        "door": "today",
    }
    return render(request, "partner/today.html", context)


@partner()
def sessions(request: HttpRequest) -> HttpResponse:
    """Six weeks back, eight weeks ahead."""
    now = timezone.now()
    rows = queries.sessions(actor_of(request), now - dt.timedelta(weeks=6), now + dt.timedelta(weeks=8))
    context = {
        "coming": [row for row in rows if row.session.ends_at >= now],
        "past": [row for row in reversed(rows) if row.session.ends_at < now],
        "door": "sessions",
    }
    return render(request, "partner/sessions.html", context)


@partner()
def session(request: HttpRequest, code: str) -> HttpResponse:
    """One session: is it on, who is coming, and the attendance of everyone at once."""
    by = actor_of(request)
    row = queries.session(by, codes.clean(code))
    not_found(row is not None)
    assert row is not None
    reasons: tuple[Reason, ...] = ()
    if request.method == "POST":
        try:
            done = attendance.mark(by=by, session=row.session, marks=marks_from(request.POST.dict()))
        except Refused as refused:
            reasons = refused.reasons
        else:
            words = ngettext("%(n)d person marked.", "%(n)d people marked.", done.new + done.changed)
            messages.success(request, words % {"n": done.new + done.changed})
            return redirect("partner:session", code=row.session.code)
    shown = grid(row.session, request.POST if reasons else None)
    calls = Call.objects.filter(session=row.session, status=Call.Status.CALLED).order_by("id")
    note_read(request, calls.values_list("participant_id", flat=True), "name, attendance")
    context = {
        "row": row,
        "session": row.session,
        "grid": shown,
        "reasons": reasons,
        "begun": row.session.starts_at <= timezone.now(),
        "door": "sessions",
        "crumbs": [
            Crumb(_("Sessions"), reverse("partner:sessions")),
            Crumb(row.session.cohort.program.name),
        ],
    }
    return render(request, "partner/session.html", context, status=409 if reasons else 200)


@partner(Permission.MARK_ATTENDANCE)
@require_POST
def roster(request: HttpRequest, code: str) -> HttpResponse:
    """The paper roster of one of the partner's sessions, with its return code."""
    by = actor_of(request)
    row = queries.session(by, codes.clean(code))
    not_found(row is not None)
    assert row is not None
    printed, paper = print_list(by=by, listing=lists.roster(row.session), session=row.session)
    calls = Call.objects.filter(session=row.session, status=Call.Status.CALLED).order_by("id")
    note_read(request, calls.values_list("participant_id", flat=True), "roster")
    name = f"roster-{row.session.code}-v{printed.version}.pdf"
    return HttpResponse(
        paper, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


@partner()
def participants(request: HttpRequest) -> HttpResponse:
    """Everyone who has a seat with us now."""
    rows = queries.people(actor_of(request))
    note_read(request, [row.participant_id for row in rows], "name, program")
    return render(request, "partner/participants.html", {"rows": rows, "door": "participants"})


@partner()
def results(request: HttpRequest) -> HttpResponse:
    """Our own figures, with what is unknown named."""
    by = actor_of(request)
    context = {
        "figures": queries.figures(by, timezone.localdate()),
        "waiting": queries.waiting(by, timezone.localdate()),
        "organization": Organization.objects.filter(pk=by.organization_id or 0).first(),
        "door": "results",
    }
    return render(request, "partner/results.html", context)


@partner()
def team(request: HttpRequest) -> HttpResponse:
    """Who of us can sign in."""
    by = actor_of(request)
    rows = Membership.objects.filter(organization=by.organization_id, ends_at__isnull=True)
    return render(
        request,
        "partner/team.html",
        {
            "rows": rows.order_by("person_name", "id"),
            "may_end": by.can(Permission.MANAGE_OWN_TEAM),
            "door": "team",
        },
    )


@partner(Permission.MANAGE_OWN_TEAM)
@require_POST
def end_membership(request: HttpRequest, code: str) -> HttpResponse:
    """End a colleague's access; it takes effect with their next click."""
    by = actor_of(request)
    row = Membership.objects.filter(code=code, organization=by.organization_id, ends_at__isnull=True).first()
    not_found(row is not None)
    assert row is not None
    if row.pk == by.membership_id:
        messages.error(request, _("You cannot end your own access. Ask a colleague who leads the team."))
        return redirect("partner:team")
    row.ends_at, row.ended_reason = timezone.now(), _("ended by %(name)s") % {"name": by.name}
    row.save(update_fields=["ends_at", "ended_reason"])
    messages.success(request, _("%(name)s can no longer sign in for you.") % {"name": row.person_name})
    return redirect("partner:team")


def _calendar_address(request: HttpRequest) -> str:
    token = signing.dumps(actor_of(request).membership_id, salt=SALT)
    return request.build_absolute_uri(reverse("partner:calendar", args=[token]))


@everyone()
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The partner's sessions for a calendar program: times, places and names of programs, no person.

    The signed address stands for one membership; it stops working the moment that ends.
    """
    try:
        membership_id = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise Http404 from None
    with scope.enter(Context(audience=Audience.AUTH, purpose="calendar")):
        membership = Membership.objects.select_related("user").filter(pk=membership_id).first()
        live = membership is not None and any(
            m.pk == membership_id for m in live_memberships(membership.user)
        )
        not_found(live)
        assert membership is not None
        by = actor_for(membership.user, membership)
    now = timezone.now()
    with scope.enter(by.context(purpose="calendar"), readonly=True):
        rows = queries.sessions(by, now - dt.timedelta(weeks=4), now + dt.timedelta(weeks=16))
    return HttpResponse(_ical(rows), content_type="text/calendar; charset=utf-8")


def _ical(rows: list[queries.SessionRow]) -> bytes:
    made = icalendar.Calendar()
    made.add("prodid", "-//Throughgate//sessions//EN")
    made.add("version", "2.0")
    for row in rows:
        event = icalendar.Event()
        event.add("uid", f"{row.session.code}@throughgate")
        event.add("dtstamp", row.session.recorded_at)
        event.add("dtstart", row.session.starts_at)
        event.add("dtend", row.session.ends_at)
        event.add("summary", row.session.cohort.program.list_label)
        room = row.session.room.name if row.session.room else ""
        event.add("location", ", ".join(filter(None, (row.session.facility.name, room))))
        event.add("status", "CONFIRMED" if row.on else "CANCELLED")
        made.add_component(event)
    return bytes(made.to_ical())
