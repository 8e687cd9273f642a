"""Imports: give a file, look at what it would do row by row, decide doubts, apply, watch."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base import ui
from throughgate.base.errors import Refused
from throughgate.exchange import actions, out, queries
from throughgate.exchange.custody.columns import schema_text
from throughgate.exchange.files import write_csv
from throughgate.exchange.models import RECORDS, Import, Kind, State, What
from throughgate.www.doors import actor_of, not_found, staff

P = ParamSpec("P")
TONES: dict[str, ui.Tone] = {
    What.NEW: "good",
    What.CHANGED: "wait",
    What.UNCHANGED: "done",
    What.REFUSED: "late",
    What.CONFLICT: "late",
    What.CHECKED: "done",
}


def importer(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """A page for who brings files in: directories and extracts, or records of what became of people."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        by = actor_of(request)
        if not by.can(Permission.EVALUATE):
            by.require(Permission.IMPORT_DATA)
        return view(request, *args, **kwargs)

    return staff()(cast(Callable[..., HttpResponseBase], guarded))


def kinds_for(by: Actor) -> list[tuple[str, str]]:
    """What this actor may bring in."""
    wanted = [
        kind for kind in Kind if by.can(Permission.EVALUATE if kind in RECORDS else Permission.IMPORT_DATA)
    ]
    return [(kind.value, str(kind.label)) for kind in wanted]


class FileForm(forms.Form):
    """A file with where it comes from."""

    kind = forms.ChoiceField(label=gettext_lazy("What is it?"), choices=Kind.choices)
    source = forms.CharField(
        label=gettext_lazy("Where does it come from?"),
        max_length=60,
        help_text=gettext_lazy("The same name each time, such as HB-DOC or county directory."),
    )
    as_of = forms.DateField(
        label=gettext_lazy("Which day does it speak of?"),
        required=False,
        widget=ui.DateInput,
        help_text=gettext_lazy("For everything but a directory: the day it was made."),
    )
    system = forms.CharField(
        label=gettext_lazy("Whose numbers do people have in it?"),
        max_length=30,
        required=False,
        help_text=gettext_lazy(
            "The name of the custody system; leave it empty when it is the source itself."
        ),
    )
    covers = forms.CharField(
        label=gettext_lazy("Which jurisdictions would be seen?"),
        max_length=200,
        required=False,
        help_text=gettext_lazy(
            "For justice events, such as US-HB, US-XX. What is not seen looks like success."
        ),
    )
    lag_days = forms.IntegerField(
        label=gettext_lazy("After how many days is everything in it?"),
        min_value=0,
        max_value=3650,
        required=False,
        help_text=gettext_lazy("For justice events and their like; studies wait so long."),
    )
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("CSV, Excel, HSDS JSON, or HSDS tables as ZIP.")
    )

    def __init__(self, *args: Any, by: Actor) -> None:
        super().__init__(*args)
        kinds = kinds_for(by)
        cast(forms.ChoiceField, self.fields["kind"]).choices = kinds
        if not any(kind in RECORDS for kind, _label in kinds):
            del self.fields["covers"], self.fields["lag_days"]

    def clean_covers(self) -> list[str] | None:
        """The jurisdictions as a list; None when nothing was said."""
        given = str(self.cleaned_data["covers"]).replace(";", ",")
        return [part.strip() for part in given.split(",") if part.strip()] or None


class RowsForm(forms.Form):
    """Which rows to show; plain GET."""

    what = forms.ChoiceField(label=gettext_lazy("What they do"), required=False)
    q = forms.CharField(label=gettext_lazy("Name or number"), required=False)

    def __init__(self, *args: Any, load: Import) -> None:
        super().__init__(*args)
        total = load.total
        choices = [(what.value, f"{what.label} ({total[what]})") for what in queries.ORDER if total[what]]
        cast(forms.ChoiceField, self.fields["what"]).choices = [("", _("All rows")), *choices]


@importer
def index(request: HttpRequest) -> HttpResponse:
    """Imports, newest first."""
    page = queries.recent(int(request.GET.get("page", "1")) if request.GET.get("page", "1").isdigit() else 1)
    return render(request, "staff/imports/index.html", {"page": page, "door": "settings"})


@importer
def columns(request: HttpRequest) -> HttpResponse:
    """The Table Schema of a custody extract."""
    response = HttpResponse(schema_text(), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="custody-extract.schema.json"'
    return response


@importer
def new(request: HttpRequest) -> HttpResponse:
    """Give a file; it is read in the background."""
    form = FileForm(request.POST or None, request.FILES or None, by=actor_of(request))
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        upload: UploadedFile[bytes] = facts["file"]
        try:
            load = actions.receive(
                by=actor_of(request),
                kind=facts["kind"],
                file_name=upload.name or "file",
                content=iter(upload.chunks()),
                source=facts["source"],
                as_of=facts["as_of"] if facts["kind"] != Kind.DIRECTORY else None,
                system=facts["system"],
                lag_days=facts.get("lag_days"),
                covers=facts.get("covers"),
            )
        except Refused as refused:
            for reason in refused.reasons:
                form.add_error(None, f"{reason.text} {reason.remedy}".strip())
        else:
            return redirect("staff:import", code=load.code)
    crumbs = [ui.Crumb(_("Imports"), reverse("staff:imports")), ui.Crumb(_("New import"))]
    context = {
        "form": form,
        "crumbs": crumbs,
        "door": "settings",
        "may_evaluate": actor_of(request).can(Permission.EVALUATE),
    }
    return render(request, "staff/imports/new.html", context)


def _load(code: str) -> Import:
    load = queries.one(code)
    not_found(load is not None)
    assert load is not None
    return load


def read_from(load: Import) -> str:
    """Which facts of people the rows of an import show, for the log of who read what."""
    return "justice and outcome records" if load.kind in RECORDS else "names, release dates"


def _work(load: Import) -> ui.Work | None:
    work = load.work
    if work is None or load.state not in (State.READING, State.APPLYING):
        return None
    return ui.Work(
        code=work.code,
        label=work.label,
        state=cast(Literal["waiting", "running", "done", "failed"], work.state),
        done=work.done,
        total=work.total or 0,
        started=work.started_at,
        finished=work.finished_at,
        unit=work.unit,
        reason=work.reason,
        poll_url=reverse("staff:import", args=[load.code]),
    )


@importer
def one(request: HttpRequest, code: str) -> HttpResponse:
    """An import: how far it is, or row by row what it does, with filters."""
    load = _load(code)
    form = RowsForm(request.GET, load=load)
    form.is_valid()
    chosen = form.cleaned_data
    page = queries.rows(load, chosen.get("what", ""), chosen.get("q", ""), request.GET.get("page", 1))
    note_read(request, out.people_in(page.object_list), read_from(load))
    lines = [
        {
            "row": row,
            "word": ui.Word(What(row.what).label, TONES[row.what]),
            "decisions": actions.possible_decisions(row) if load.state == State.READY else [],
            "diff": [(name, *pair) for name, pair in sorted(row.diff.items())],
        }
        for row in page.object_list
    ]
    total = load.total
    context = {
        "load": load,
        "work": _work(load),
        "form": form,
        "page": page,
        "lines": lines,
        "totals": [(what, what.label, total[what]) for what in queries.ORDER],
        "ready": load.state == State.READY,
        "writes": total[What.NEW] + total[What.CHANGED],
        "crumbs": [ui.Crumb(_("Imports"), reverse("staff:imports")), ui.Crumb(load.file_name)],
        "door": "settings",
    }
    return render(request, "staff/imports/import.html", context)


@importer
def preview(request: HttpRequest, code: str) -> HttpResponse:
    """The whole preview as a table, guarded against formulas."""
    load = _load(code)
    rows = list(load.rows.order_by("line", "id"))
    note_read(request, out.people_in(rows), read_from(load))
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{load.code}.csv"'
    write_csv(response, out.PREVIEW, (out.preview_row(row) for row in rows))
    return response


@importer
@require_POST
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """Begin to write what the preview found."""
    load = actions.apply(by=actor_of(request), load=_load(code))
    return redirect("staff:import", code=load.code)


@importer
@require_POST
def discard(request: HttpRequest, code: str) -> HttpResponse:
    """Throw a preview away."""
    actions.discard(by=actor_of(request), load=_load(code))
    return redirect("staff:imports")


@importer
@require_POST
def decide(request: HttpRequest, code: str, line: int) -> HttpResponse:
    """Say who the person of a row is."""
    load = _load(code)
    row = load.rows.select_related("load").filter(line=line).order_by("id").first()
    not_found(row is not None)
    assert row is not None
    actions.decide(by=actor_of(request), row=row, decision=request.POST.get("decision", ""))
    return redirect("staff:import", code=load.code)
