"""Partners: the directory, one organization with what it offers, and what was signed with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb
from throughgate.partners import actions, queries
from throughgate.partners.models import Organization, OrganizationStatus, Service
from throughgate.partners.queries import DirectoryFilters, partnership, proposals, waiting
from throughgate.places.models import Weekday
from throughgate.programs.models import Program
from throughgate.visitors.models import Visitor
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff import partnerships
from throughgate.www.staff.forms import partners as forms
from throughgate.www.staff.programs import need_words
from throughgate.www.staff.shell import attempt, done, edit, found, place_of, sent, show, staff


def home() -> Crumb:
    """The way back to the directory."""
    return Crumb(_("Partners"), reverse("staff:partners"))


@staff()
def partners(request: HttpRequest) -> HttpResponse:
    """Who works with us, and the directory with its search."""
    form = forms.DirectoryFilter(request.GET, choices=queries.directory_choices())
    asked = form.cleaned_data if form.is_valid() else {}
    number = request.GET.get("page", "1")
    filters = DirectoryFilters(
        **{name: asked.get(name, "") for name in ("need", "city", "language", "kind")},
        page=int(number) if number.isdecimal() else 1,
    )
    found_there = queries.search_directory(asked.get("q", ""), get_language() or "en", filters)
    working = Organization.objects.filter(status=OrganizationStatus.ACTIVE).order_by("name")
    context = {
        "form": form,
        "directory": found_there,
        "page": Paginator(range(found_there.total), queries.PAGE).get_page(found_there.page),
        "working": [] if any(asked.values()) else working[:60],
        "coming": [] if any(asked.values()) else _coming(),
        "to_decide": len(waiting.to_decide(actor_of(request))),
        "ending": queries.agreements_ending(actor_of(request)),
    }
    return show(request, "partners", "partners", context)


def _coming() -> list[Organization]:
    stages = [OrganizationStatus.VETTING, OrganizationStatus.APPROVED, OrganizationStatus.SUSPENDED]
    return list(Organization.objects.filter(status__in=stages).order_by("status", "name")[:40])


def _organization(code: str) -> Organization:
    return found(Organization.objects, code=code)


def _url(each: Organization) -> str:
    return reverse("staff:organization", args=[each.code])


@staff()
def organization(request: HttpRequest, code: str) -> HttpResponse:
    """An organization: what it offers, what was signed, its programs and its people."""
    page = queries.organization_page(code, actor_of(request))
    not_found(page is not None)
    assert page is not None
    each, today = page.organization, place_of(request).facility.today()
    services: list[Any] = page.services
    for service in services:
        service.need_words = need_words(service)
        for hours in service.hours.all():
            hours.day_words = str(Weekday(hours.weekday).label) if hours.weekday in Weekday.values else ""
    people = Visitor.objects.none()
    if actor_of(request).can(Permission.VIEW_GATE_LIST):
        people = Visitor.objects.filter(organization=each, left_on__isnull=True)
    context = {
        "organization": each,
        "services": services,
        "agreements": [(row, *partnership.agreement_word(row, today)) for row in page.agreements],
        **_partnership(request, each, today),
        "programs": Program.objects.filter(organization=each).order_by("name"),
        "people": people.order_by("sort_name", "id")[:40],
        "crumbs": [home(), Crumb(each.name)],
    }
    return show(request, "organization", "partners", context)


def _partnership(request: HttpRequest, each: Organization, today: dt.date) -> dict[str, Any]:
    """How far we are with an organization: stage, list, documents, proposals, and what waits on whom."""
    by = actor_of(request)
    rows = each.proposals.select_related("organization", "facility").prefetch_related("steps").order_by("-pk")
    keeps = by.can(Permission.MANAGE_PARTNERS)
    standing = partnership.standing(each)
    return {
        "standing": standing,
        "steps": partnerships.steps_of(each),
        "papers": partnership.papers(each, today) if keeps else [],
        "notes": list(standing.vetting.notes.all()) if keeps and standing.vetting else [],
        "waits": partnerships.linked(waiting.of_organization(each, by.facility_ids, today)) if keeps else [],
        "proposals": [(row, proposals.next_act(row), proposals.STATE_TONES[row.state]) for row in rows],
    }


@staff(Permission.MANAGE_PARTNERS)
def organization_edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """Add an organization, or change one."""
    each = _organization(code) if code else None
    names = forms.OrganizationForm.base_fields
    start = {name: getattr(each, name) for name in names} if each else {"listed": True}
    form = forms.OrganizationForm(sent(request), initial=start)

    def save(data: dict[str, Any]) -> None:
        data["saved"] = actions.save_organization(by=actor_of(request), organization=each, **data)

    if attempt(request, form, save):
        saved = form.cleaned_data["saved"]
        return done(request, _("%(name)s is saved.") % {"name": saved.name}, _url(saved))
    return edit(
        request,
        form,
        door="partners",
        title=_("Change %(name)s") % {"name": each.name} if each else _("Add an organization"),
        button=_("Save this organization"),
        cancel_url=_url(each) if each else reverse("staff:partners"),
        crumbs=[home()],
    )


@staff(Permission.MANAGE_PARTNERS)
def service_edit(request: HttpRequest, code: str, service: str = "") -> HttpResponse:
    """Add something an organization does, or change it."""
    each = _organization(code)
    row = found(Service.objects.filter(organization=each), code=service) if service else None
    names = forms.ServiceForm.base_fields
    start = {name: getattr(row, name) for name in names} if row else {"status": "active"}
    form = forms.ServiceForm(sent(request), initial=start)

    def save(data: dict[str, Any]) -> None:
        actions.save_service(by=actor_of(request), organization=each, service=row, **data)

    if attempt(request, form, save):
        return done(request, _("Saved; the search knows it."), _url(each))
    return edit(
        request,
        form,
        door="partners",
        title=_("Change what they offer") if row else _("Add what they offer"),
        lede=each.name,
        button=_("Save"),
        cancel_url=_url(each),
        crumbs=[home(), Crumb(each.name, _url(each))],
    )
