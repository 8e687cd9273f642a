"""Programs: the catalog, what a program asks, and the forms to change both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility
from throughgate.programs.actions import catalog
from throughgate.programs.models import (
    LIVE_COHORT,
    OPEN_WAIT,
    Cohort,
    EligibilityRule,
    Program,
    WaitlistEntry,
)
from throughgate.programs.rules.eligibility import Condition
from throughgate.www.doors import actor_of
from throughgate.www.staff.forms.programs import ConditionForms, ProgramFilter, ProgramForm
from throughgate.www.staff.shell import done, found, here, sent, show, staff, tried

PER_PAGE = 50


def home() -> Crumb:
    """The way back to the catalog."""
    return Crumb(_("Programs"), reverse("staff:programs"))


@staff()
def programs(request: HttpRequest) -> HttpResponse:
    """The catalog, with what runs here and how many wait."""
    form = ProgramFilter(request.GET)
    page: Any = Paginator(_catalog(here(request), form), PER_PAGE).get_page(request.GET.get("page"))
    waiting = _waiting(page.object_list) if actor_of(request).can(Permission.VIEW_RESTRICTED) else None
    for each in page.object_list:
        each.need_words = need_words(each)
        each.waiting = waiting.get(each.pk, 0) if waiting is not None else None
    return show(
        request, "programs", "programs", {"form": form, "page": page, "count_line": waiting is not None}
    )


def need_words(each: Program) -> list[str]:
    """The needs that a program addresses, as people say them."""
    labels = dict(NeedDomain.choices)
    return [str(labels.get(need, need)) for need in each.needs]


def _catalog(facility: Facility, form: ProgramFilter) -> QuerySet[Program]:
    live = Q(cohorts__facility=facility, cohorts__status__in=LIVE_COHORT)
    rows = (
        Program.objects.select_related("organization")
        .annotate(
            running=Count("cohorts", filter=live),
            seats=Sum("cohorts__capacity", filter=live),
            free=Sum(
                F("cohorts__capacity") - F("cohorts__seats_taken") + F("cohorts__seats_overridden"),
                filter=live,
            ),
        )
        .order_by("name", "id")
    )
    asked = form.cleaned_data if form.is_valid() else {}
    if words := asked.get("q"):
        rows = rows.filter(
            Q(name__icontains=words)
            | Q(name_es__icontains=words)
            | Q(summary__icontains=words)
            | Q(organization__name__icontains=words)
        )
    if need := asked.get("need"):
        rows = rows.filter(needs__contains=[need])
    if asked.get("here") == "running":
        rows = rows.filter(running__gt=0)
    if asked.get("here") == "waiting":
        waiting = WaitlistEntry.objects.filter(status__in=OPEN_WAIT, participant__facility=facility)
        rows = rows.filter(pk__in=waiting.values("program"))
    return rows


def _waiting(programs: Iterable[Program]) -> dict[int, int]:
    rows = (
        WaitlistEntry.objects.filter(program__in=[each.pk for each in programs], status__in=OPEN_WAIT)
        .values("program")
        .annotate(n=Count("pk"))
        .order_by("program")
    )
    return {row["program"]: row["n"] for row in rows}


@staff()
def program(request: HttpRequest, code: str) -> HttpResponse:
    """One program: what it is, whom it is for, and its cohorts here."""
    each: Any = found(Program.objects.select_related("organization"), code=code)
    each.need_words = need_words(each)
    cohorts = (
        Cohort.objects.filter(program=each, facility__in=actor_of(request).facility_ids)
        .select_related("facility", "room")
        .order_by("-starts_on", "id")
    )
    context = {
        "program": each,
        "cohorts": cohorts[:40],
        "conditions": EligibilityRule.objects.filter(program=each).order_by("-required", "id"),
        "prerequisites": [p.required for p in each.prerequisites.select_related("required").order_by("id")],
        "in_line": _waiting([each]).get(each.pk, 0)
        if actor_of(request).can(Permission.VIEW_RESTRICTED)
        else None,
        "crumbs": [home(), Crumb(each.name)],
    }
    return show(request, "program", "programs", context)


@staff(Permission.MANAGE_PROGRAMS)
def program_edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """Add a program to the catalog, or change one."""
    each = found(Program.objects, code=code) if code else None
    form = ProgramForm(sent(request), initial=_start(each), program=each)
    conditions = ConditionForms(sent(request), initial=_conditions(each), prefix="c")
    if (
        request.method == "POST"
        and all([form.is_valid(), conditions.is_valid()])
        and tried(form, lambda: _save(request, each, form, conditions))
    ):
        saved = form.cleaned_data["saved"]
        return done(request, _("%(name)s is saved.") % {"name": saved.name}, _url(saved))
    title = _("Change %(name)s") % {"name": each.name} if each else _("Add a program")
    context = {
        "form": form,
        "formset": conditions,
        "title": title,
        "button": _("Save this program"),
        "cancel_url": _url(each) if each else reverse("staff:programs"),
        "lede": "",
        "formset_title": _("Whom it is for"),
        "formset_lede": _("One condition a row. A row without anything to look at is left out."),
        "crumbs": [home(), Crumb(title)],
    }
    return show(request, "form_rows", "programs", context)


def _url(each: Program) -> str:
    return reverse("staff:program", args=[each.code])


def _start(each: Program | None) -> dict[str, Any]:
    if each is None:
        return {"listed": True, "group_min": 1}
    names = set(ProgramForm.base_fields) - {"prerequisites"}
    required = each.prerequisites.order_by("id").values_list("required_id", flat=True)
    return {**{name: getattr(each, name) for name in names}, "prerequisites": list(required)}


def _conditions(each: Program | None) -> list[dict[str, Any]]:
    if each is None:
        return []
    names = ("fact", "test", "value", "almost", "words", "words_es", "required")
    return list(EligibilityRule.objects.filter(program=each).order_by("id").values(*names))


def _save(request: HttpRequest, each: Program | None, form: ProgramForm, conditions: Any) -> None:
    rows = [row for row in conditions.cleaned_data if row.get("fact")]
    values = {name: form.cleaned_data[name] for name in ProgramForm.base_fields}
    form.cleaned_data["saved"] = catalog.save_program(
        by=actor_of(request), program=each, eligibility=[Condition(**row) for row in rows], **values
    )
