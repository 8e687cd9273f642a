"""Settings: facilities and what stands in them, the rules in force, the team, messages sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.access.permissions import Permission
from throughgate.access.queries import works_everywhere
from throughgate.base.outbox.models import Message
from throughgate.base.ui import Confirmation, Crumb
from throughgate.places import actions
from throughgate.places.models import (
    Agency,
    ClosedDay,
    CountTime,
    Facility,
    MovementWindow,
    Room,
    Unit,
    Weekday,
)
from throughgate.policies import queries as policies
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms import places as forms
from throughgate.www.staff.shell import Refusable, attempt, done, edit, found, here, sent, show, staff

PER_PAGE = 50


def home() -> Crumb:
    """The way back to the settings."""
    return Crumb(_("Settings"), reverse("staff:settings"))


@dataclass(frozen=True)
class Furniture:
    """One kind of thing that stands in a facility: how to keep it and what to call it."""

    model: type[models.Model]
    form: type[Refusable]
    save: Callable[..., Any]
    remove: Callable[..., Any]
    argument: str
    order: tuple[str, ...]
    add: Any
    change: Any
    take_out: Any


FURNITURE: dict[str, Furniture] = {
    "units": Furniture(
        Unit,
        forms.UnitForm,
        actions.save_unit,
        actions.remove_unit,
        "unit",
        ("position", "name"),
        gettext_lazy("Add a unit"),
        gettext_lazy("Change this unit"),
        gettext_lazy("Remove this unit"),
    ),
    "rooms": Furniture(
        Room,
        forms.RoomForm,
        actions.save_room,
        actions.remove_room,
        "room",
        ("name",),
        gettext_lazy("Add a room"),
        gettext_lazy("Change this room"),
        gettext_lazy("Remove this room"),
    ),
    "counts": Furniture(
        CountTime,
        forms.CountForm,
        actions.save_count_time,
        actions.remove_count_time,
        "count_time",
        ("starts", "id"),
        gettext_lazy("Add a count"),
        gettext_lazy("Change this count"),
        gettext_lazy("Remove this count"),
    ),
    "windows": Furniture(
        MovementWindow,
        forms.WindowForm,
        actions.save_movement_window,
        actions.remove_movement_window,
        "window",
        ("opens", "id"),
        gettext_lazy("Add a movement window"),
        gettext_lazy("Change this movement window"),
        gettext_lazy("Remove this movement window"),
    ),
    "closed-days": Furniture(
        ClosedDay,
        forms.ClosedDayForm,
        actions.save_closed_day,
        actions.remove_closed_day,
        "closed_day",
        ("day",),
        gettext_lazy("Add a closed day"),
        gettext_lazy("Change this closed day"),
        gettext_lazy("Remove this closed day"),
    ),
}


def key_of(row: models.Model) -> str:
    """The name of a row in an address: its code, or a short digest where it has none."""
    code = getattr(row, "code", "")
    return code or salted_hmac(f"throughgate.{row._meta.label}", str(row.pk)).hexdigest()[:12]


@staff()
def home_page(request: HttpRequest) -> HttpResponse:
    """Everything that can be set up here, and for whom."""
    actor = actor_of(request)
    facilities = Facility.objects.filter(pk__in=actor.facility_ids).order_by("name")
    context = {
        "facilities": facilities,
        "imports_url": _maybe("staff:imports"),
        "whole_agency": works_everywhere(actor) and actor.can(Permission.MANAGE_ACCESS),
    }
    return show(request, "settings", "settings", context)


def _maybe(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _facility(request: HttpRequest, code: str) -> Facility:
    return found(Facility.objects.filter(pk__in=actor_of(request).facility_ids), code=code)


@staff()
def facility(request: HttpRequest, code: str) -> HttpResponse:
    """A facility: units, rooms, counts, movement windows and closed days."""
    each = _facility(request, code)
    furniture = {kind.replace("-", "_"): _rows(each, kind) for kind in FURNITURE}
    context = {
        "subject": each,
        "may_edit": actor_of(request).can(Permission.MANAGE_FACILITY, each),
        "crumbs": [home(), Crumb(each.name)],
        **furniture,
    }
    return show(request, "facility", "settings", context)


def _rows(each: Facility, kind: str) -> list[Any]:
    what = FURNITURE[kind]
    rows: list[Any] = list(what.model._default_manager.filter(facility=each).order_by(*what.order))
    for row in rows:
        row.edit_url = reverse("staff:furniture_edit", args=[each.code, kind, key_of(row)])
        row.days = days_in_words(getattr(row, "weekdays", []))
    return rows


def days_in_words(days: list[int]) -> str:
    """Days of the week as people say them."""
    chosen = sorted(set(days))
    if chosen == list(range(7)):
        return _("every day")
    if chosen == list(range(5)):
        return _("Monday to Friday")
    return ", ".join(str(Weekday(day).label) for day in chosen)


@staff()
def facility_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change what is known about a facility."""
    each = _facility(request, code)
    actor = actor_of(request)
    actor.require(Permission.MANAGE_FACILITY, each)
    names = forms.FacilityForm.base_fields
    form = forms.FacilityForm(
        sent(request), initial={name: getattr(each, name) for name in names}, facility=each
    )
    url = reverse("staff:facility", args=[each.code])
    if attempt(request, form, lambda data: actions.save_facility(by=actor, facility=each, **data)):
        return done(request, _("%(name)s is saved.") % {"name": each.name}, url)
    return edit(
        request,
        form,
        door="settings",
        title=_("Change %(name)s") % {"name": each.name},
        button=_("Save this facility"),
        cancel_url=url,
        crumbs=[home(), Crumb(each.name, url)],
    )


@staff(Permission.MANAGE_FACILITY)
def facility_new(request: HttpRequest) -> HttpResponse:
    """Add a facility, for who works for the whole agency."""
    not_found(works_everywhere(actor_of(request)))
    place = here(request)
    start = {"jurisdiction": place.jurisdiction, "timezone": place.timezone}
    form = forms.FacilityForm(sent(request), initial=start, facility=place)
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.save_facility(by=by, **data)):
        words = _("%(name)s is there. Give it its units and rooms.") % form.cleaned_data
        return done(request, words, reverse("staff:settings"))
    return edit(
        request,
        form,
        door="settings",
        title=_("Add a facility"),
        button=_("Add this facility"),
        cancel_url=reverse("staff:settings"),
        crumbs=[home(), Crumb(_("Add a facility"))],
    )


@staff(Permission.MANAGE_ACCESS)
def agency(request: HttpRequest) -> HttpResponse:
    """The agency's name, rules and zone, and its own words for things."""
    not_found(works_everywhere(actor_of(request)))
    row = found(Agency.objects.order_by("pk"))
    start = {**{name: getattr(row, name) for name in actions.AGENCY_FACTS}, **forms.words_of(row)}
    form = forms.AgencyForm(sent(request), initial=start, agency=row)
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.save_agency(by=by, **form.facts(data))):
        return done(request, _("Saved."), reverse("staff:settings"))
    return edit(
        request,
        form,
        door="settings",
        title=_("The agency"),
        lede=_("What everybody here goes by. A word left empty stays as this product says it."),
        button=_("Save"),
        cancel_url=reverse("staff:settings"),
        crumbs=[home(), Crumb(_("The agency"))],
    )


def _what(request: HttpRequest, code: str, kind: str, key: str) -> tuple[Facility, Furniture, Any]:
    """The facility, the kind of thing, and the thing itself (None for a new one)."""
    each = _facility(request, code)
    actor_of(request).require(Permission.MANAGE_FACILITY, each)
    not_found(kind in FURNITURE)
    what = FURNITURE[kind]
    row = None
    if key:
        row = next((r for r in _rows(each, kind) if key_of(r) == key), None)
        not_found(row is not None)
    return each, what, row


@staff()
def furniture_edit(request: HttpRequest, code: str, kind: str, key: str = "") -> HttpResponse:
    """Add or change a unit, room, count, movement window or closed day."""
    each, what, row = _what(request, code, kind, key)
    start = {name: getattr(row, name) for name in what.form.base_fields} if row else None
    form = what.form(sent(request), initial=start)
    url = reverse("staff:facility", args=[each.code]) + f"#{kind}"
    mine = {what.argument: row} if row and kind != "closed-days" else {}
    by = actor_of(request)
    if attempt(request, form, lambda data: what.save(by=by, facility=each, **mine, **data)):
        return done(request, _("Saved."), url)
    remove = reverse("staff:furniture_remove", args=[each.code, kind, key]) if row else ""
    return edit(
        request,
        form,
        door="settings",
        title=what.change if row else what.add,
        button=_("Save"),
        cancel_url=url,
        crumbs=[home(), Crumb(each.name, url)],
        remove=(what.take_out, remove),
    )


@staff()
def furniture_remove(request: HttpRequest, code: str, kind: str, key: str) -> HttpResponse:
    """Ask, then remove a thing that is no longer there."""
    each, what, row = _what(request, code, kind, key)
    url = reverse("staff:facility", args=[each.code]) + f"#{kind}"
    form = Refusable(sent(request))
    if attempt(request, form, lambda data: what.remove(by=actor_of(request), **{what.argument: row})):
        return done(request, _("Removed."), url)
    confirmation = Confirmation(
        title=what.take_out,
        consequences=[
            _("Lists and sessions to come no longer know it."),
            _("What happened stays as it was."),
        ],
        button=what.take_out,
        cancel_url=url,
        form=form,
        crumbs=[home(), Crumb(each.name, url)],
    )
    return render(request, "patterns/confirm.html", {"confirmation": confirmation, "door": "settings"})


@staff()
def rules(request: HttpRequest) -> HttpResponse:
    """Which rules are in force here, and what changes when."""
    place = here(request)
    context = {
        "rows": policies.overview(place.jurisdiction, place.today()),
        "problems": policies.problems(),
        "crumbs": [home(), Crumb(_("Rules in force"))],
    }
    return show(request, "rules", "settings", context)


@staff()
def rule(request: HttpRequest, kind: str) -> HttpResponse:
    """One kind of rule over time: who says so, who checked it, and each change."""
    not_found(kind in policies.KIND_NAMES)
    place = here(request)
    periods = policies.timeline(kind, place.jurisdiction)
    name = policies.KIND_NAMES[kind]
    context = {
        "name": name,
        "periods": [(period, period.covers(place.today())) for period in reversed(periods)],
        "crumbs": [home(), Crumb(_("Rules in force"), reverse("staff:rules")), Crumb(name)],
    }
    return show(request, "rule", "settings", context)


@staff(Permission.VIEW_MESSAGES)
def messages_sent(request: HttpRequest) -> HttpResponse:
    """What was sent to whom about this facility, and what could not be."""
    rows = Message.objects.filter(facility_id=here(request).pk).order_by("-recorded_at", "-id")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "crumbs": [home(), Crumb(_("Messages sent"))]}
    return show(request, "messages", "settings", context)


@staff(Permission.VIEW_MESSAGES)
def message(request: HttpRequest, code: str) -> HttpResponse:
    """One message as it was sent."""
    each = found(Message.objects.filter(facility_id__in=actor_of(request).facility_ids), code=code)
    crumbs = [
        home(),
        Crumb(_("Messages sent"), reverse("staff:messages")),
        Crumb(each.subject or each.template),
    ]
    return show(request, "message", "settings", {"message": each, "crumbs": crumbs})
