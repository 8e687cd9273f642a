"""People: the case list by next thing due, finding somebody, and one person's page."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb, Event, NavItem
from throughgate.partners.models import Organization
from throughgate.people import queries
from throughgate.people.models import Participant
from throughgate.people.queries import CaseFilters, PersonPage
from throughgate.places.models import Unit
from throughgate.policies import queries as policies
from throughgate.programs.models import Attendance, Call, LedgerLine, Program
from throughgate.programs.queries import credit
from throughgate.programs.queries.seats import places_of
from throughgate.visitors.models import Visitor
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms.people import CaseFilter
from throughgate.www.staff.person_actions import DOINGS, home
from throughgate.www.staff.settings import key_of
from throughgate.www.staff.shell import language_words, place_of, show, staff

READ = "person page: release date, needs, custody level, places"
SHOWN = 40


@staff(Permission.VIEW_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody here, sorted by the next thing due; for those who see no dates, by name."""
    place = place_of(request)
    units = list(Unit.objects.filter(facility=place.facility).order_by("position", "name"))
    form = CaseFilter(request.GET, place=place, units=units)
    if not actor_of(request).can(Permission.VIEW_RESTRICTED, place.facility):
        return _by_name(request, form, units)
    cases = queries.case_list(actor_of(request), _filters(request, form, units))
    note_read(request, [row.participant.pk for row in cases.rows], "release date, what is due")
    page = Paginator(range(cases.total), 50).get_page(cases.page)
    return show(request, "people", "people", {"form": form, "cases": cases, "page": page})


def _filters(request: HttpRequest, form: CaseFilter, units: list[Unit]) -> CaseFilters:
    asked = form.asked
    unit = next((each.pk for each in units if each.code == asked.get("unit")), None)
    number = request.GET.get("page", "1")
    return CaseFilters(
        facility_id=place_of(request).facility.pk,
        unit_id=unit,
        kind=asked.get("kind", ""),
        within_days=asked.get("within"),
        words=asked.get("words", ""),
        page=int(number) if number.isdecimal() else 1,
    )


def _by_name(request: HttpRequest, form: CaseFilter, units: list[Unit]) -> HttpResponse:
    for name in ("kind", "within"):
        del form.fields[name]
    rows = Participant.objects.filter(facility=place_of(request).facility).select_related("unit")
    asked = form.asked
    for word in asked.get("words", "").lower().split():
        rows = rows.filter(sort_name__contains=word)
    if unit := asked.get("unit"):
        rows = rows.filter(unit__code=unit)
    page = Paginator(rows.order_by("sort_name", "id"), 50).get_page(request.GET.get("page"))
    return show(request, "people_names", "people", {"form": form, "page": page})


@staff()
def find(request: HttpRequest) -> HttpResponse:
    """Find a person, program, partner or visitor; each only for those who may see it."""
    words = " ".join(request.GET.get("q", "").split())
    actor = actor_of(request)
    context: dict[str, Any] = {"words": words, "search_words": words, "people": None, "visitors": []}
    context["programs"] = context["partners"] = []
    if words:
        if actor.can(Permission.VIEW_PEOPLE):
            context["people"] = found = queries.find(actor, words)
            note_read(request, found.participant_ids, "search")
        named = Q(name__icontains=words) | Q(name_es__icontains=words)
        context["programs"] = list(Program.objects.filter(named).order_by("name")[:10])
        partner = Q(name__icontains=words) | Q(alternate_name__icontains=words)
        context["partners"] = list(Organization.objects.filter(partner).order_by("name")[:10])
        if actor.can(Permission.VIEW_GATE_LIST):
            rows = Visitor.objects.select_related("organization")
            for word in words.lower().split():
                rows = rows.filter(sort_name__contains=word)
            context["visitors"] = list(rows.order_by("sort_name", "id")[:10])
    context["crumbs"] = [Crumb(_("Find"))]
    return show(request, "find", "", context)


TABS = ("overview", "programs", "sessions", "hours", "history", "looked")


@staff(Permission.VIEW_PEOPLE)
def person(request: HttpRequest, code: str, tab: str = "overview") -> HttpResponse:
    """One person: what is due, programs, sessions, hours and credit, history, and who looked."""
    not_found(tab in TABS)
    actor = actor_of(request)
    page = queries.person_page(actor, code)
    not_found(page is not None and page.participant.facility_id in actor.facility_ids)
    assert page is not None
    who = page.participant
    sees = actor.can(Permission.VIEW_RESTRICTED, who.facility_id)
    not_found(sees or tab == "overview")
    note_read(request, [who.pk], READ if sees else "name, unit, calls")
    if page.keep_apart:
        # The page tells of the others on these orders as well.
        pairs = {pk for order in page.keep_apart for pk in (order.first_id, order.second_id)}
        note_read(request, pairs, "keep-apart orders")
    context = {
        "page": page,
        "who": who,
        "language": language_words(who.language),
        "number": next((each for each in page.identifiers if each.primary), None),
        "sees": sees,
        "tab": tab,
        "tabs": _tabs(who) if sees else [],
        "crumbs": [home(), Crumb(who.list_name)],
        **_OF_TAB[tab](request, page),
    }
    return show(request, f"person_{tab}", "people", context)


def _tabs(who: Participant) -> list[NavItem]:
    labels = {
        "overview": _("Overview"),
        "programs": _("Programs"),
        "sessions": _("Sessions"),
        "hours": _("Hours and credit"),
        "history": _("History"),
        "looked": _("Who looked"),
    }
    first = reverse("staff:person", args=[who.code])
    urls = {tab: reverse("staff:person_tab", args=[who.code, tab]) for tab in TABS[1:]}
    return [NavItem(label, urls.get(tab, first), key=tab) for tab, label in labels.items()]


def _overview(request: HttpRequest, page: PersonPage) -> dict[str, Any]:
    who = page.participant
    calls = (
        Call.objects.filter(participant=who, status=Call.Status.CALLED, ends_at__gt=timezone.now())
        .select_related("session__cohort__program", "session__room")
        .order_by("starts_at")[:8]
    )
    context: dict[str, Any] = {
        "calls": calls,
        "places": None,
        "carried": [],
        "current": [],
        "open_changes": [],
        "doings": _doings(request, who),
    }
    absences: list[Any] = page.absences
    for absence in absences:
        absence.key = key_of(absence)
    _name_others(page)
    if actor_of(request).can(Permission.VIEW_RESTRICTED, who.facility_id):
        places = places_of(actor_of(request), who)
        context["places"] = places
        context["current"] = [row for row in places.places if row.current]
        context["carried"] = [
            each
            for each in places.to_continue
            if each.status == "open" and each.to_facility_id == who.facility_id
        ]
        context["open_changes"] = [each for each in page.changes if each.acknowledged_at is None]
    return context


def _doings(request: HttpRequest, who: Participant) -> list[tuple[Any, str]]:
    """What the actor may do for this person, with its address."""
    actor = actor_of(request)
    return [
        (doing.title, reverse("staff:person_do", args=[who.code, what]))
        for what, doing in DOINGS.items()
        if actor.can(doing.permission, who.facility_id)
    ]


def _name_others(page: PersonPage) -> None:
    """The other name on each keep-apart order, where the actor may see that person."""
    orders: list[Any] = page.keep_apart
    pairs = {order.pk: {order.first_id, order.second_id} - {page.participant.pk} for order in orders}
    ids = {pk for pair in pairs.values() for pk in pair}
    names = {each.pk: each.list_name for each in Participant.objects.filter(pk__in=ids).order_by("pk")}
    for order in orders:
        order.other_name = next((names[pk] for pk in pairs[order.pk] if pk in names), "")


def _programs(request: HttpRequest, page: PersonPage) -> dict[str, Any]:
    who = page.participant
    reasons = policies.leaving(who.facility.jurisdiction, page.today).data.reasons
    places = places_of(actor_of(request), who)
    ends = {code: str(reason.label) for code, reason in reasons.items()}
    rows = [(row, ends.get(row.seat.enrollment.end_reason, "")) for row in places.places]
    return {"places": places, "rows": rows}


def _sessions(request: HttpRequest, page: PersonPage) -> dict[str, Any]:
    who = page.participant
    marks = policies.attendance(who.facility.jurisdiction, page.today).data.marks
    words = {code: str(mark.label) for code, mark in marks.items()}
    recorded = (
        Attendance.objects.filter(participant=who)
        .select_related("session__cohort__program")
        .order_by("-session__starts_at", "-pk")
    )
    counted = Attendance.objects.filter(participant=who).values("code").annotate(n=Count("pk")).order_by("-n")
    coming = (
        Call.objects.filter(participant=who, status=Call.Status.CALLED, starts_at__gt=timezone.now())
        .select_related("session__cohort__program", "session__room")
        .order_by("starts_at")[:SHOWN]
    )
    return {
        "coming": coming,
        "recorded": [(row, words.get(row.code, row.code)) for row in recorded[:SHOWN]],
        "counted": [(words.get(row["code"], row["code"]), row["n"]) for row in counted],
    }


def _hours(request: HttpRequest, page: PersonPage) -> dict[str, Any]:
    who = page.participant
    horizon = (page.profile.release_on if page.profile else None) or page.today
    lines = (
        LedgerLine.objects.filter(participant=who)
        .select_related("enrollment", "session")
        .order_by("-on", "-pk")[:SHOWN]
    )
    return {
        "totals": credit.totals(who),
        "lines": [(line, credit.evidence_words(line)) for line in lines],
        "projections": credit.project(who, horizon),
        "horizon": horizon,
    }


def _history(request: HttpRequest, page: PersonPage) -> dict[str, Any]:
    events = [
        Event(f"{change.get_kind_display()}: {change.summary}", change.happened_at, change.acknowledged_by)
        for change in page.changes
    ]
    return {"events": events}


def _looked(request: HttpRequest, page: PersonPage) -> dict[str, Any]:
    tables = {model._meta.db_table: str(model._meta.verbose_name) for model in apps.get_models()}
    rows = queries.lookers(page.participant)
    return {"lookers": [(row, tables.get(row.what, row.what)) for row in rows]}


_OF_TAB = {
    "overview": _overview,
    "programs": _programs,
    "sessions": _sessions,
    "hours": _hours,
    "history": _history,
    "looked": _looked,
}
