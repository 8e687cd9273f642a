"""Many programs side by side, and counts for funders."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.base import pdf
from throughgate.base.ui import Column, Crumb, Table
from throughgate.exchange.files import write_csv
from throughgate.outcomes.models import RunState, StudyRun
from throughgate.outcomes.queries import portfolio as many
from throughgate.outcomes.queries import returns
from throughgate.places.models import Facility
from throughgate.policies.library import library
from throughgate.www.staff.forms.impact import ReturnForm
from throughgate.www.staff.impact import DOOR, home
from throughgate.www.staff.shell import here, place_of, show, staff


@staff(Permission.VIEW_REPORTS)
def portfolio(request: HttpRequest) -> HttpResponse:
    """All programs with a finished study, in the order of their names."""
    newest: dict[int, StudyRun] = {}
    rows = StudyRun.objects.filter(state=RunState.DONE, study__archived_at__isnull=True).select_related(
        "study"
    )
    for run in rows.order_by("study_id", "number"):
        newest[run.study_id] = run
    told = [
        many.Told(run.result["program"], reverse("staff:report", args=[run.code]), run.result)
        for run in newest.values()
    ]
    context = {
        "groups": many.groups(told),
        "evidence": _evidence(here(request)),
        "crumbs": [*home(), Crumb(_("All programs"))],
    }
    return show(request, "impact/portfolio", DOOR, context)


BASE = 0.43  # of 100 people who return within three years in the review most often cited: only to translate effects


def _evidence(facility: Facility) -> Table:
    """What reviews of earlier studies found, as points where 43 of 100 return otherwise."""
    pack = library().find("effects", facility.jurisdiction, facility.today())
    rows = []
    for each in pack.data.reviews.values() if pack else ():
        value, se = each.in_points(BASE)
        between = f"{100 * (value - 1.96 * se):+.1f} – {100 * (value + 1.96 * se):+.1f}"
        rows.append([str(each.label), f"{100 * value:+.1f}", between, each.as_of, each.source])
    columns = [
        Column(_("Kind of program")),
        Column(_("Points, where 43 of 100 return otherwise"), True),
        Column(_("Probably between"), True),
        Column(_("As of")),
        Column(_("Source")),
    ]
    return Table(_("Reviews of earlier studies"), columns, rows)


def _made(request: HttpRequest) -> tuple[ReturnForm, returns.Return]:
    place = place_of(request)
    form = ReturnForm(request.GET or None, place=place)
    since, until = form.period(place.facility.today())
    chosen = [place.facility] if "facility" in request.GET or not place.several else list(place.choices)
    return form, returns.make(chosen, since, until)


@staff(Permission.VIEW_REPORTS)
def funder(request: HttpRequest) -> HttpResponse:
    """The counts that funders ask for, with their definitions; the last whole quarter unless days are given."""
    form, made = _made(request)
    query = {"since": made.since.isoformat(), "until": made.until.isoformat()}
    if "facility" in request.GET:
        query["facility"] = request.GET["facility"]
    if not form.is_bound:
        form = ReturnForm(query | {"facility": here(request).code}, place=place_of(request))
    rows = [
        [kind.label, kind.served, kind.places, kind.hours, kind.ended, kind.completed] for kind in made.kinds
    ]
    context = {
        "form": form,
        "made": made,
        "query": f"?{urlencode(query)}",
        "kinds": Table(_("Services by kind"), returns.columns(_("Kind")), rows),
        "crumbs": [home()[0], Crumb(_("Return for a funder"))],
    }
    return show(request, "impact/returns", DOOR, context)


@staff(Permission.VIEW_REPORTS)
def funder_csv(request: HttpRequest) -> HttpResponse:
    """The return as a table."""
    _form, made = _made(request)
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="return-{made.since}-{made.until}.csv"'
    write_csv(response, list(returns.CSV_COLUMNS), returns.as_rows(made))
    return response


@staff(Permission.VIEW_REPORTS)
def funder_pdf(request: HttpRequest) -> HttpResponse:
    """The return on paper."""
    _form, made = _made(request)
    response = HttpResponse(pdf.render("list", returns.for_print(made)), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="return-{made.since}-{made.until}.pdf"'
    return response
