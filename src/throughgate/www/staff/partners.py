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
from throughgate.partners.models import Agreement, Organization, OrganizationStatus, Service
from throughgate.partners.queries import DirectoryFilters
from throughgate.places.models import Facility, Weekday
from throughgate.programs.models import Program
from throughgate.visitors.models import Visitor
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms import partners as forms
from throughgate.www.staff.programs import need_words
from throughgate.www.staff.shell import attempt, done, edit, found, place_of, sent, show, staff

DAY = dt.timedelta(days=1)


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
        "ending": queries.agreements_ending(actor_of(request)),
    }
    return show(request, "partners", "partners", context)


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
        "agreements": [(row, *_state(row, today)) for row in page.agreements],
        "programs": Program.objects.filter(organization=each).order_by("name"),
        "people": people.order_by("sort_name", "id")[:40],
        "crumbs": [home(), Crumb(each.name)],
    }
    return show(request, "organization", "partners", context)


def _state(row: Agreement, today: dt.date) -> tuple[dt.date | None, str, str]:
    """An agreement's last day, its word and tone."""
    last = row.valid.upper - DAY if row.valid.upper else None
    if row.terminated_on and row.terminated_on <= today:
        return last, _("Ended early"), "done"
    if last is not None and last < today:
        return last, _("Over"), "late"
    if row.valid.lower and row.valid.lower > today:
        return last, _("To come"), "wait"
    if last is not None and (last - today).days <= row.notice_days:
        return last, _("Ends soon"), "wait"
    return last, _("In force"), "good"


@staff(Permission.MANAGE_PARTNERS)
def organization_edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """Add an organization, or change one."""
    each = _organization(code) if code else None
    names = forms.OrganizationForm.base_fields
    start = {name: getattr(each, name) for name in names} if each else {"status": OrganizationStatus.LISTED}
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
def agreement_edit(request: HttpRequest, code: str, agreement: str = "") -> HttpResponse:
    """Add what was signed with an organization, or change it."""
    each = _organization(code)
    row = found(Agreement.objects.filter(organization=each), code=agreement) if agreement else None
    facilities = Facility.objects.filter(pk__in=actor_of(request).facility_ids).order_by("name")
    form = forms.AgreementForm(sent(request), initial=_agreement(row), facilities=facilities)

    def save(data: dict[str, Any]) -> None:
        actions.save_agreement(by=actor_of(request), organization=each, agreement=row, **data)

    if attempt(request, form, save):
        return done(request, _("The agreement is saved."), _url(each))
    end = reverse("staff:agreement_end", args=[each.code, row.code]) if row else ""
    return edit(
        request,
        form,
        door="partners",
        title=_("Change the agreement") if row else _("Add an agreement"),
        lede=each.name,
        button=_("Save the agreement"),
        cancel_url=_url(each),
        crumbs=[home(), Crumb(each.name, _url(each))],
        remove=(_("End it early"), end),
    )


def _agreement(row: Agreement | None) -> dict[str, Any]:
    if row is None:
        return {"notice_days": 30}
    names = ("kind", "title", "notice_days", "signed_by_us", "signed_by_them")
    return {
        **{name: getattr(row, name) for name in names},
        "facilities": list(row.facilities.order_by("pk").values_list("pk", flat=True)),
        "first": row.valid.lower,
        "until": row.valid.upper - DAY if row.valid.upper else None,
    }


@staff(Permission.MANAGE_PARTNERS)
def agreement_end(request: HttpRequest, code: str, agreement: str) -> HttpResponse:
    """End an agreement before its day."""
    each = _organization(code)
    row = found(Agreement.objects.filter(organization=each), code=agreement)
    form = forms.TerminateForm(sent(request), initial={"on": place_of(request).facility.today()})
    if attempt(
        request, form, lambda data: actions.terminate_agreement(by=actor_of(request), agreement=row, **data)
    ):
        return done(request, _("The agreement ends on that day."), _url(each))
    return edit(
        request,
        form,
        door="partners",
        title=_("End the agreement early"),
        lede=f"{each.name}: {row.title}",
        button=_("End the agreement"),
        danger=True,
        cancel_url=_url(each),
        crumbs=[home(), Crumb(each.name, _url(each))],
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
