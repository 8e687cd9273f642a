"""Visitors: who may come in, until when, and every decision about it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.errors import Reason, Refused
from throughgate.base.ui import Crumb
from throughgate.people.queries import find
from throughgate.places.models import Facility
from throughgate.programs.models import Facilitator, SessionStatus
from throughgate.visitors import actions, journeys, queries
from throughgate.visitors.models import CLEARED, Clearance, Conflict, Visitor, VisitorKeepApart
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms import visitors as forms
from throughgate.www.staff.shell import (
    Place,
    Refusable,
    attempt,
    done,
    edit,
    found,
    language_words,
    own,
    place_of,
    run_now,
    sent,
    show,
    staff,
)

SIZE = 50
DAY = dt.timedelta(days=1)
EXPECTED_DAYS = 120


def home() -> Crumb:
    """The way back to the visitors."""
    return Crumb(_("Visitors"), reverse("staff:visitors"))


@staff(Permission.VIEW_GATE_LIST)
def visitors(request: HttpRequest) -> HttpResponse:
    """Everybody who comes in here, with how long their clearance holds."""
    place = place_of(request)
    form = forms.VisitorFilter(request.GET, place=place)
    number = request.GET.get("page", "1")
    where = None if form.asked.get("everywhere") else place.facility
    rows, total = queries.visitor_list(
        actor_of(request),
        form.asked.get("q", ""),
        facility=where,
        page=int(number) if number.isdecimal() else 1,
        size=SIZE,
    )
    context = {
        "form": form,
        "rows": [(row, held) for row, held in zip(rows, _held(rows, place), strict=True)],
        "page": Paginator(range(total), SIZE).get_page(number),
        "soon": len(_expiring(actor_of(request), place.facility, 60)),
        "waiting": len(journeys.applications(actor_of(request), place.facility, "staff")),
    }
    return show(request, "visitors", "visitors", context)


def _held(rows: list[Visitor], place: Place) -> list[Clearance | None]:
    """The clearance of each visitor here that counts most: one in force, else the latest decision."""
    by_visitor: dict[int, Clearance] = {}
    for each in Clearance.objects.filter(visitor__in=rows, facility=place.facility).order_by("pk"):
        before = by_visitor.get(each.visitor_id)
        if before is None or before.status not in CLEARED or each.status in CLEARED:
            by_visitor[each.visitor_id] = each
    return [by_visitor.get(row.pk) for row in rows]


def _expected(facility: Facility) -> dict[tuple[int, int], list[dt.date]]:
    """On which days visitors are expected here in the coming weeks."""
    found_days: dict[tuple[int, int], list[dt.date]] = defaultdict(list)
    now = timezone.now()
    rows = Facilitator.objects.filter(
        session__facility=facility,
        session__status=SessionStatus.PLANNED,
        session__starts_at__range=(now, now + EXPECTED_DAYS * DAY),
        active=True,
    ).values_list("visitor_id", "session__starts_at")
    for visitor, starts in rows.order_by("session__starts_at"):
        found_days[visitor, facility.pk].append(starts.astimezone(facility.zone).date())
    return found_days


def _expiring(by: Actor, facility: Facility, within: int) -> list[queries.Expiring]:
    rows = queries.expiring(by, within, _expected(facility))
    return [row for row in rows if row.clearance.facility_id == facility.pk]


@staff(Permission.VIEW_GATE_LIST)
def expiring(request: HttpRequest) -> HttpResponse:
    """Clearances that run out, those first that end before the visitor's next session."""
    place = place_of(request)
    context = {
        "rows": _expiring(actor_of(request), place.facility, 90),
        "lines": journeys.lapsing(actor_of(request), place.facility, 90),
        "crumbs": [home(), Crumb(_("Expiring"))],
    }
    return show(request, "visitors_expiring", "visitors", context)


@staff(Permission.VIEW_GATE_LIST)
def visitor(request: HttpRequest, code: str) -> HttpResponse:
    """A visitor: clearances facility by facility, and when they come next."""
    page = queries.visitor_page(code)
    not_found(page is not None)
    assert page is not None
    who, clearances = page
    actor = actor_of(request)
    coming = (
        Facilitator.objects.filter(
            visitor=who,
            active=True,
            session__ends_at__gt=timezone.now(),
            session__facility__in=actor.facility_ids,
        )
        .exclude(session__status=SessionStatus.CANCELLED)
        .select_related("session__cohort__program", "session__room", "session__facility")
        .order_by("session__starts_at")[:15]
    )
    context = {
        "who": who,
        "language": language_words(who.language),
        "clearances": [journeys.journey(each) for each in clearances],
        "coming": coming,
        "apart": _apart(request, who),
        "conflicts": _conflicts(actor, who),
        "dates": _dates(actor, who, clearances),
        "own_ids": actor.facility_ids,
        "crumbs": [home(), Crumb(who.name)],
    }
    return show(request, "visitor", "visitors", context)


def _conflicts(actor: Actor, who: Visitor) -> list[Conflict]:
    """What the visitor declared, for those who decide about it."""
    if not actor.can(Permission.VIEW_KEEP_APART):
        return []
    rows = Conflict.objects.filter(visitor=who, facility__in=actor.facility_ids).select_related("facility")
    return list(rows.order_by("state", "-pk"))


def _dates(actor: Actor, who: Visitor, clearances: list[Clearance]) -> list[journeys.Bookable]:
    """Training dates here that would meet a step which is still to do."""
    if not actor.can(Permission.MANAGE_VISITORS):
        return []
    found_dates = journeys.bookable(who, [journeys.journey(each) for each in clearances])
    return [each for each in found_dates if each.training.facility_id in actor.facility_ids][:6]


def _apart(request: HttpRequest, who: Visitor) -> list[VisitorKeepApart]:
    """Orders about this visitor, for the two roles that may know."""
    if not actor_of(request).can(Permission.VIEW_KEEP_APART):
        return []
    rows = list(
        VisitorKeepApart.objects.filter(visitor=who, ends_on__isnull=True)
        .select_related("participant")
        .order_by("-starts_on", "-pk")
    )
    note_read(request, [row.participant_id for row in rows], "keep-apart orders with visitors")
    return rows


def _visitor(code: str) -> Visitor:
    return found(Visitor.objects.select_related("organization"), code=code)


def _url(who: Visitor) -> str:
    return reverse("staff:visitor", args=[who.code])


@staff(Permission.MANAGE_VISITORS)
def visitor_edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """Add somebody who comes in, or change them."""
    who = _visitor(code) if code else None
    names = forms.VisitorForm.base_fields
    start: dict[str, Any] = {name: getattr(who, name) for name in names} if who else {"language": "en"}
    if who:
        start["organization"] = who.organization_id
    form = forms.VisitorForm(sent(request), initial=start)

    def save(data: dict[str, Any]) -> None:
        data["saved"] = actions.save_visitor(by=actor_of(request), visitor=who, **data)

    if attempt(request, form, save):
        saved = form.cleaned_data["saved"]
        return done(request, _("%(name)s is saved.") % {"name": saved.name}, _url(saved))
    return edit(
        request,
        form,
        door="visitors",
        title=_("Change %(name)s") % {"name": who.name} if who else _("Add a visitor"),
        lede="" if who else _("This gives no clearance yet; that is a decision of its own."),
        button=_("Save this visitor"),
        cancel_url=_url(who) if who else reverse("staff:visitors"),
        crumbs=[home()],
    )


@staff(Permission.MANAGE_VISITORS)
def clearance_grant(request: HttpRequest, code: str) -> HttpResponse:
    """Let a visitor in: grant, renew, or give a suspended clearance back."""
    who, place = _visitor(code), place_of(request)
    today = place.facility.today()
    start = {
        "facility": request.GET.get("at") or place.facility.pk,
        "level": "escorted",
        "first": today,
        "until": today + dt.timedelta(days=365),
    }
    rows = Facility.objects.filter(pk__in=[each.pk for each in place.choices]).order_by("name")
    form = forms.ClearanceForm(sent(request), initial=start, facilities=rows)
    if attempt(
        request, form, lambda data: actions.grant_clearance(by=actor_of(request), visitor=who, **data)
    ):
        return done(request, _("%(name)s may come in.") % {"name": who.name}, _url(who))
    return edit(
        request,
        form,
        door="visitors",
        title=_("Let %(name)s in") % {"name": who.name},
        lede=_("A new clearance, or a longer one: the first day of one that still holds stays."),
        button=_("Grant the clearance"),
        cancel_url=_url(who),
        crumbs=[home(), Crumb(who.name, _url(who))],
    )


@staff(Permission.MANAGE_VISITORS)
@require_POST
def clearance_apply(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Note that a visitor wants to come into this facility."""
    who, facility = _visitor(code), place_of(request).facility
    return run_now(
        request,
        lambda: actions.apply_for_clearance(by=actor_of(request), visitor=who, facility=facility),
        _("The application is noted; it waits for a decision."),
        _url(who),
    )


def _clearance(request: HttpRequest, code: str) -> Clearance:
    return own(actor_of(request), Clearance.objects.select_related("visitor", "facility"), code)


@staff(Permission.MANAGE_VISITORS)
def clearance_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Suspend, refuse or end a clearance; the reason is restricted."""
    each, by = _clearance(request, code), actor_of(request)
    who = each.visitor
    steps: dict[str, tuple[type[Refusable], str, Any]] = {
        "suspend": (
            forms.SuspendForm,
            _("Suspend the clearance of %(name)s"),
            lambda data: actions.suspend_clearance(by=by, visitor=who, facility=each.facility, **data),
        ),
        "refuse": (
            forms.StopForm,
            _("Refuse the clearance of %(name)s"),
            lambda data: actions.refuse_clearance(by=by, clearance=each, **data),
        ),
        "end": (
            forms.StopForm,
            _("End the clearance of %(name)s"),
            lambda data: actions.end_clearance(by=by, clearance=each, **data),
        ),
    }
    not_found(step in steps)
    form_class, title, verb = steps[step]
    form = form_class(sent(request))
    if attempt(request, form, verb):
        return done(request, _("Decided. The gate list follows at once."), _url(who))
    return edit(
        request,
        form,
        door="visitors",
        title=title % {"name": who.name},
        lede=each.facility.name,
        button=title % {"name": who.name},
        danger=True,
        cancel_url=_url(who),
        crumbs=[home(), Crumb(who.name, _url(who))],
    )


@staff(Permission.EDIT_KEEP_APART)
def visitor_apart(request: HttpRequest, code: str) -> HttpResponse:
    """Order that a visitor and a participant never meet in a session."""
    who, by = _visitor(code), actor_of(request)
    form = forms.VisitorApartForm(sent(request))

    def order(data: dict[str, Any]) -> None:
        people = find(by, data.pop("person")).mine
        if len(people) != 1:
            text = _("No one person here has this number or code.")
            raise Refused(Reason("nobody", text, _("Type it exactly."), field="person"))
        actions.add_visitor_keep_apart(by=by, visitor=who, participant=people[0], **data)

    if attempt(request, form, lambda data: order(dict(data))):
        return done(request, _("The order stands; booking refuses the two in one session."), _url(who))
    return edit(
        request,
        form,
        door="visitors",
        title=_("Keep %(name)s apart from a participant") % {"name": who.name},
        button=_("Order it"),
        cancel_url=_url(who),
        crumbs=[home(), Crumb(who.name, _url(who))],
    )


@staff(Permission.EDIT_KEEP_APART)
@require_POST
def visitor_apart_end(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """End such an order today."""
    rows = VisitorKeepApart.objects.select_related("visitor", "participant")
    order = own(actor_of(request), rows, code, "participant__facility")
    return run_now(
        request,
        lambda: actions.end_visitor_keep_apart(by=actor_of(request), order=order),
        _("The order ends today."),
        _url(order.visitor),
    )
