"""Studies for the auditor: plans before results, every run, what was published and withdrawn. Reading only."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.base.scope import Audience
from throughgate.base.ui import Crumb, Word
from throughgate.outcomes.models import Publication, RunState, Study, StudyRun
from throughgate.outcomes.queries import reports
from throughgate.www.doors import not_found, page
from throughgate.www.impact_words import TAGS


@dataclass(frozen=True)
class Line:
    """One run of a study, with whether its plan came before it."""

    run: StudyRun
    tag: Word | None
    registered_before: bool


@dataclass(frozen=True)
class Row:
    """A study with every run there ever was and everything that was public of it."""

    study: Study
    versions: int
    lines: tuple[Line, ...]
    publications: tuple[Publication, ...]


@page(Audience.AUDITOR, permission=Permission.VIEW_AUDIT)
def studies(request: HttpRequest) -> HttpResponse:
    """Every study: how many plans, when registered, every run with its verdict, and publications."""
    rows = [_row(each) for each in Study.objects.order_by("title", "id")]
    return render(request, "auditor/studies.html", {"rows": rows, "door": "studies"})


def _row(study: Study) -> Row:
    runs = study.runs.defer("result", "files").select_related("version").order_by("number")
    public = Publication.objects.filter(run__study=study).defer("content").order_by("id")
    return Row(study, study.versions.count(), tuple(_line(run) for run in runs), tuple(public))


def _line(run: StudyRun) -> Line:
    registered = run.version.registered_at
    return Line(run, TAGS.get(run.answer), registered is not None and registered <= run.recorded_at)


@page(Audience.AUDITOR, permission=Permission.VIEW_AUDIT)
def report(request: HttpRequest, code: str) -> HttpResponse:
    """The report of a run, as its readers see it."""
    run = StudyRun.objects.select_related("study").filter(code=code, state=RunState.DONE).first()
    not_found(run is not None)
    assert run is not None
    context = {
        "run": run,
        "page": reports.page(run.result),
        "standing": reports.standing_sentence(run.result),
        "invented": reports.is_invented(run.result),
        "door": "studies",
        "crumbs": [Crumb(_("Studies"), reverse("audit:studies")), Crumb(run.study.title)],
    }
    return render(request, "auditor/report.html", context)
