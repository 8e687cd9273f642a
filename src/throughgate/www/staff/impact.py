"""Studies: what they say, how one is defined, registered and run, and the report of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.base import pdf, ui
from throughgate.base.errors import Reason, Refused
from throughgate.base.ui import Crumb
from throughgate.base.works.models import Work
from throughgate.exchange.files import write_csv
from throughgate.outcomes import actions as verbs
from throughgate.outcomes import rules
from throughgate.outcomes.models import Basis, Publication, RunState, Study, StudyRun, StudyVersion
from throughgate.outcomes.queries import measures, reports
from throughgate.policies.library import library
from throughgate.policies.packs import Pack
from throughgate.policies.worth import CostRules, cost_section
from throughgate.www.doors import actor_of, not_found
from throughgate.www.impact_words import TAGS
from throughgate.www.staff.forms.impact import ColumnsForm, FileForm, PlanForm
from throughgate.www.staff.shell import attempt, done, here, place_of, run_now, sent, show, staff

DOOR = "outcomes"
USUAL = "reincarceration_36"


@dataclass(frozen=True)
class Row:
    """A study in the list: its verdict in words, or how far it has come."""

    study: Study
    url: str
    run: StudyRun | None
    tag: ui.Word | None
    sentence: str
    stage: str | Promise
    public: bool


def home() -> list[Crumb]:
    """The way from Outcomes to the studies."""
    return [Crumb(_("Outcomes"), reverse("staff:outcomes")), Crumb(_("Studies"), reverse("staff:studies"))]


def tag_of(run: StudyRun | None) -> ui.Word | None:
    """The verdict of a run as a word in a tint; none where it has none."""
    return TAGS.get(run.answer) if run else None


@staff(Permission.VIEW_REPORTS)
def studies(request: HttpRequest) -> HttpResponse:
    """Every study with its verdict in words; none is hidden because of what it says."""
    crumbs = [home()[0], Crumb(_("Studies"))]
    return show(request, "impact/studies", DOOR, {"rows": list_studies(), "crumbs": crumbs})


def list_studies() -> list[Row]:
    """Every study that is not put away, by its title."""
    return [_row(each) for each in Study.objects.filter(archived_at__isnull=True).order_by("title", "id")]


def _row(study: Study) -> Row:
    runs = study.runs.defer("result", "files").order_by("-number")
    answered = runs.filter(state=RunState.DONE).first()
    return Row(
        study=study,
        url=reverse("staff:report", args=[answered.code])
        if answered
        else reverse("staff:study", args=[study.code]),
        run=runs.first(),
        tag=tag_of(answered),
        sentence=answered.sentence if answered else "",
        stage=_stage(study, runs.first()),
        public=Publication.objects.filter(run__study=study, withdrawn_at__isnull=True).exists(),
    )


def _stage(study: Study, run: StudyRun | None) -> str | Promise:
    if run is not None:
        return run.get_state_display()
    version = newest(study)
    if version is None:
        return _("No plan yet")
    return _("Registered") if version.registered_at else _("Planned")


def newest(study: Study) -> StudyVersion | None:
    """The newest plan of a study."""
    return study.versions.select_related("work").order_by("-number").first()


def the_study(code: str) -> Study:
    """The study of a code that the actor may see, or 404."""
    found = Study.objects.select_related("program").filter(code=code).first()
    not_found(found is not None)
    assert found is not None
    return found


# --- defining ---


def _costs(request: HttpRequest) -> Pack[CostRules] | None:
    facility = here(request)
    return library().find("costs", facility.jurisdiction, facility.today())


def _plan_form(request: HttpRequest, basis: str, initial: dict[str, Any] | None = None) -> PlanForm:
    pack = _costs(request)
    return PlanForm(
        sent(request),
        basis=basis,
        facilities=place_of(request).choices,
        costs=pack.data if pack else None,
        initial=initial or {"measure": USUAL},
    )


def _definition(data: dict[str, Any], basis: str, pack: Pack[CostRules] | None) -> dict[str, Any]:
    """The plan as a study file holds it."""
    chosen = next(each for each in measures() if each.name == data["measure"])
    study: dict[str, Any] = {
        "title": data["title"],
        "program": data["words"],
        "margin_points": data["margin_points"],
        "plausible_points": data["plausible_points"],
    }
    if data["event"]:
        study["event"] = data["event"]
    trial = {
        name: data[name]
        for name in ("eligibility", "time_zero", "strategy", "compared_with", "outcome", "arm", "place")
    }
    trial["estimand"] = "ATT"
    if data["time_zero"] == "landmark":
        trial["landmark"] = data["landmark"]
    plan: dict[str, Any] = {"study": study, "trial": trial}
    if pack is not None and data["cost"] in pack.data.programs:
        plan["costs"] = cost_section(pack, pack.data.programs[data["cost"]].per_participant)
    if basis == Basis.LIVE:
        study["subgroups"] = data["subgroups"]
        plan["cohort"] = {
            "program": data["program"].code,
            "since": data["since"],
            "until": data["until"],
            "measure": data["measure"],
            "facilities": data["facilities"],
            "least_days_inside": data["least_days_inside"] or 0,
        }
        plan["covariates"] = {name: {"measured": "before"} for name in data["covariates"]}
        return plan
    study |= {
        "event": data["event"] or chosen.title,
        "measure": chosen.sentence,
        "window": chosen.window,
        "unit": chosen.unit,
        "counts_technical": not chosen.new_crime_only,
    }
    return plan


def _initial(version: StudyVersion) -> dict[str, Any]:
    """What the form shows of a plan that is to be changed."""
    plan = version.definition
    study, trial, cohort = plan["study"], plan["trial"], plan.get("cohort", {})
    chosen = cohort.get("measure") or next(
        (each.name for each in measures() if each.sentence == study.get("measure")), ""
    )
    return {
        "title": study["title"],
        "words": study["program"],
        "event": study.get("event", ""),
        "measure": chosen,
        "program": cohort.get("program") or (version.study.program.code if version.study.program else ""),
        **{name: cohort.get(name) for name in ("since", "until", "facilities", "least_days_inside")},
        **trial,
        "covariates": list(plan.get("covariates", {})),
        "subgroups": study.get("subgroups", []),
        "margin_points": study.get("margin_points", 3),
        "plausible_points": study.get("plausible_points", 13),
    }


@staff(Permission.EVALUATE)
def study_new(request: HttpRequest) -> HttpResponse:
    """Define a study: where its people come from, then its plan in five parts."""
    basis = request.GET.get("basis", "")
    if basis not in Basis.values:
        crumbs = [*home(), Crumb(_("Define a study"))]
        return show(request, "impact/study_basis", DOOR, {"crumbs": crumbs})
    form, pack, made = _plan_form(request, basis), _costs(request), []

    def define(data: dict[str, Any]) -> None:
        study = verbs.define(
            by=actor_of(request),
            title=data["title"],
            basis=basis,
            definition=_definition(data, basis, pack),
            program=data["program"],
        )
        made.append(study)

    if attempt(request, form, define):
        return done(request, _("The plan is kept. Nothing is computed yet."), _url(made[0]))
    return _plan_page(request, form, _("Define a study"), reverse("staff:studies"), home())


def _plan_page(
    request: HttpRequest, form: PlanForm, title: str, cancel_url: str, crumbs: list[Crumb]
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "parts": list(form.parts()),
        "sentences": measures(),
        "cancel_url": cancel_url,
        "crumbs": [*crumbs, Crumb(title)],
    }
    return show(request, "impact/study_plan", DOOR, context)


@staff(Permission.EVALUATE)
def study_revise(request: HttpRequest, code: str) -> HttpResponse:
    """Another version of the plan; the earlier ones stay on record."""
    study = the_study(code)
    version = newest(study)
    not_found(version is not None)
    assert version is not None
    form, pack = _plan_form(request, study.basis, _initial(version)), _costs(request)

    def revise(data: dict[str, Any]) -> None:
        plan = _definition(data, study.basis, pack)
        if study.basis == Basis.FILE:
            plan |= {
                k: version.definition[k]
                for k in ("columns", "roles", "covariates")
                if k in version.definition
            }
            plan["study"]["subgroups"] = version.definition["study"].get("subgroups", [])
        verbs.revise(by=actor_of(request), study=study, definition=plan)

    if attempt(request, form, revise):
        return done(request, _("The new version of the plan is kept."), _url(study))
    return _plan_page(
        request, form, _("Change the plan"), _url(study), [*home(), Crumb(study.title, _url(study))]
    )


def _url(study: Study) -> str:
    return reverse("staff:study", args=[study.code])


# --- one study ---


@staff(Permission.VIEW_REPORTS)
def study(request: HttpRequest, code: str) -> HttpResponse:
    """A study: its plan in words, what it could find, registration, and every run there ever was."""
    found = the_study(code)
    version = newest(found)
    runs = list(found.runs.defer("result", "files").select_related("work").order_by("-number"))
    file = found.files.filter(removed_at__isnull=True).order_by("-id").first() if _may(request) else None
    context = {
        "study": found,
        "version": version,
        "versions": found.versions.defer("definition", "check_result").order_by("-number"),
        "runs": [(run, tag_of(run)) for run in runs],
        "work": _work(found, version, runs),
        "card": _card(version),
        "facts": _facts(version),
        "measure": _measure(version),
        "told": _told(version),
        "file": file,
        "file_form": FileForm(),
        "live": found.basis == Basis.LIVE,
        "mapped": bool(version and (found.basis == Basis.LIVE or version.definition.get("roles"))),
        "ready": found.basis == Basis.LIVE or bool(file and version and version.definition.get("roles")),
        "checked": bool(version and version.checked_at and "refused" not in version.check_result),
        "crumbs": [*home(), Crumb(found.title)],
    }
    return show(request, "impact/study", DOOR, context)


def _told(version: StudyVersion | None) -> dict[str, Any]:
    """What was told before running, with the smallest difference in points."""
    told = dict(version.check_result) if version else {}
    if told.get("detectable") is not None:
        told["points"] = f"{100 * told['detectable']:.1f}"
    return told


def _may(request: HttpRequest) -> bool:
    return actor_of(request).can(Permission.EVALUATE)


CARD = {
    "eligibility": gettext_lazy("Who could have taken part"),
    "time_zero": gettext_lazy("Counted from"),
    "landmark": gettext_lazy("Landmark, days after release"),
    "strategy": gettext_lazy("Taking part means"),
    "arm": gettext_lazy("Participants are those who"),
    "compared_with": gettext_lazy("The others had"),
    "outcome": gettext_lazy("Outcome"),
    "place": gettext_lazy("The program takes place"),
    "estimand": gettext_lazy("Effect asked for"),
}
CARD_WORDS = {
    "ATT": gettext_lazy("on the people who took part"),
    "release": gettext_lazy("the day of release"),
}


def _card(version: StudyVersion | None) -> list[tuple[Any, Any]]:
    trial = version.definition.get("trial", {}) if version else {}
    return [
        (label, CARD_WORDS.get(str(trial[name]), trial[name]))
        for name, label in CARD.items()
        if trial.get(name)
    ]


def _facts(version: StudyVersion | None) -> list[Any]:
    names = version.definition.get("covariates", {}) if version else {}
    return [rules.COVARIATES[name].label if name in rules.COVARIATES else name for name in names]


def _measure(version: StudyVersion | None) -> str:
    if version is None:
        return ""
    told = version.definition["study"].get("measure")
    named = version.definition.get("cohort", {}).get("measure")
    return told or next((each.sentence for each in measures() if each.name == named), "")


def _work(study: Study, version: StudyVersion | None, runs: list[StudyRun]) -> ui.Work | None:
    """The progress of what is going on now. How far it is, only whoever asked sees."""
    going = next((run for run in runs if run.state in {RunState.WAITING, RunState.RUNNING}), None)
    work = going.work if going else version.work if version else None
    checking = work is not None and work.state in {Work.State.WAITING, Work.State.RUNNING}
    if going is None and not checking:
        return None
    state = work.state if work else "waiting"
    return ui.Work(
        code=study.code,
        label=work.label if work else _("Running %(title)s") % {"title": study.title},
        state=cast(Literal["waiting", "running", "done", "failed"], state),
        done=work.done if work else 0,
        total=(work.total or 0) if work else 0,
        started=work.started_at if work else None,
        finished=work.finished_at if work else None,
        unit=work.unit if work else "",
        reason=work.reason if work else "",
        poll_url=_url(study),
    )


@staff(Permission.EVALUATE)
@require_POST
def study_file(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Hand in a data file."""
    found = the_study(code)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        raise Refused(Reason("file", _("Choose a file first."), field="file"))
    upload: UploadedFile[bytes] = form.cleaned_data["file"]

    def give() -> None:
        verbs.give_file(
            by=actor_of(request), study=found, file_name=upload.name or "file", content=iter(upload.chunks())
        )

    return run_now(request, give, _("The file is here; its columns are being found."), _url(found))


@staff(Permission.EVALUATE)
def study_columns(request: HttpRequest, code: str) -> HttpResponse:
    """Say which column of the file is what."""
    found = the_study(code)
    version, file = newest(found), found.files.filter(removed_at__isnull=True).order_by("-id").first()
    not_found(version is not None and file is not None)
    assert version is not None and file is not None
    form = ColumnsForm(sent(request), headings=file.headings, plan=version.definition)

    def keep(_data: dict[str, Any]) -> None:
        mapped = form.mapped()
        plan = {**version.definition, **{k: mapped[k] for k in ("columns", "roles", "covariates")}}
        plan["study"] = {**version.definition["study"], "subgroups": mapped["subgroups"]}
        verbs.revise(by=actor_of(request), study=found, definition=plan)

    if attempt(request, form, keep):
        return done(request, _("Every column has its meaning. The plan has a new version."), _url(found))
    context = {
        "study": found,
        "file": file,
        "form": form,
        "rows": list(form.rows()),
        "cancel_url": _url(found),
        "crumbs": [*home(), Crumb(found.title, _url(found)), Crumb(_("Columns"))],
    }
    return show(request, "impact/study_columns", DOOR, context)


@staff(Permission.EVALUATE)
@require_POST
def study_do(request: HttpRequest, code: str, verb: str) -> HttpResponseRedirect:
    """The steps behind one button: look at what it could find, register, run, put away."""
    found, actor = the_study(code), actor_of(request)
    steps = {
        "check": (verbs.check, _("It is being worked out what this study could find.")),
        "register": (verbs.register, _("The plan is registered.")),
        "run": (verbs.run, _("The study is being run.")),
        "archive": (verbs.archive, _("The study is put away; nothing of it is lost.")),
    }
    not_found(verb in steps)
    act, words = steps[verb]
    return run_now(request, lambda: act(by=actor, study=found), words, _url(found))  # type: ignore[operator]


# --- the report of a run ---


def the_run(code: str) -> StudyRun:
    """A finished run that the actor may see, or 404."""
    found = StudyRun.objects.select_related("study", "version").filter(code=code, state=RunState.DONE).first()
    not_found(found is not None)
    assert found is not None
    return found


@staff(Permission.VIEW_REPORTS)
def report(request: HttpRequest, code: str) -> HttpResponse:
    """One page for one program: did it help, how sure are we, and what may be said."""
    run = the_run(code)
    publication = Publication.objects.filter(run=run, withdrawn_at__isnull=True).first()
    context = {
        "run": run,
        "page": reports.page(run.result),
        "standing": reports.standing_sentence(run.result),
        "invented": reports.is_invented(run.result),
        "publication": publication,
        "crumbs": [*home(), Crumb(run.study.title, _url(run.study)), Crumb(_("Report"))],
    }
    return show(request, "impact/report", DOOR, context)


@staff(Permission.VIEW_REPORTS)
def report_pdf(request: HttpRequest, code: str) -> HttpResponse:
    """The report on paper."""
    return print_of(the_run(code), here(request).name)


def print_of(run: StudyRun, facility: str) -> HttpResponse:
    """The report of a run as a tagged PDF."""
    note = _("Invented for the demonstration.") if reports.is_invented(run.result) else ""
    data = reports.for_print(
        run.result, facility=facility, reference=f"{run.study.code} · {run.number}", note=note
    )
    response = HttpResponse(pdf.render("report", data), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="study-{run.code}.pdf"'
    return response


@staff(Permission.VIEW_REPORTS)
def report_data(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The report as data: everything on the page and every specification."""
    run = the_run(code)
    not_found(kind in {"json", "csv"})
    if kind == "json":
        response = HttpResponse(reports.as_json(run.result), content_type="application/json; charset=utf-8")
    else:
        response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
        write_csv(response, list(reports.CSV_COLUMNS), reports.as_rows(run.result))
    response["Content-Disposition"] = f'attachment; filename="study-{run.code}.{kind}"'
    return response
