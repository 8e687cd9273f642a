"""Imports: give a file, look at what it would do row by row, decide doubts, apply, watch."""

from __future__ import annotations

from typing import Any, Literal, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base import ui
from throughgate.base.errors import Refused
from throughgate.exchange import actions, out, queries
from throughgate.exchange.custody.columns import schema_text
from throughgate.exchange.files import write_csv
from throughgate.exchange.models import Import, Kind, State, What
from throughgate.www.doors import actor_of, not_found, staff

TONES: dict[str, ui.Tone] = {
    What.NEW: "good",
    What.CHANGED: "wait",
    What.UNCHANGED: "done",
    What.REFUSED: "late",
    What.CONFLICT: "late",
    What.CHECKED: "done",
}


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
        help_text=gettext_lazy("For a custody extract: the day it was made."),
    )
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("CSV, Excel, HSDS JSON, or HSDS tables as ZIP.")
    )


class RowsForm(forms.Form):
    """Which rows to show; plain GET."""

    what = forms.ChoiceField(label=gettext_lazy("What they do"), required=False)
    q = forms.CharField(label=gettext_lazy("Name or number"), required=False)

    def __init__(self, *args: Any, load: Import) -> None:
        super().__init__(*args)
        total = load.total
        choices = [(what.value, f"{what.label} ({total[what]})") for what in queries.ORDER if total[what]]
        cast(forms.ChoiceField, self.fields["what"]).choices = [("", _("All rows")), *choices]


@staff(Permission.IMPORT_DATA)
def index(request: HttpRequest) -> HttpResponse:
    """Imports, newest first."""
    page = queries.recent(int(request.GET.get("page", "1")) if request.GET.get("page", "1").isdigit() else 1)
    return render(request, "staff/imports/index.html", {"page": page, "door": "settings"})


@staff(Permission.IMPORT_DATA)
def columns(request: HttpRequest) -> HttpResponse:
    """The Table Schema of a custody extract."""
    response = HttpResponse(schema_text(), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="custody-extract.schema.json"'
    return response


@staff(Permission.IMPORT_DATA)
def new(request: HttpRequest) -> HttpResponse:
    """Give a file; it is read in the background."""
    form = FileForm(request.POST or None, request.FILES or None)
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
                as_of=facts["as_of"] if facts["kind"] == Kind.CUSTODY else None,
            )
        except Refused as refused:
            for reason in refused.reasons:
                form.add_error(None, f"{reason.text} {reason.remedy}".strip())
        else:
            return redirect("staff:import", code=load.code)
    crumbs = [ui.Crumb(_("Imports"), reverse("staff:imports")), ui.Crumb(_("New import"))]
    return render(request, "staff/imports/new.html", {"form": form, "crumbs": crumbs, "door": "settings"})


def _load(code: str) -> Import:
    load = queries.one(code)
    not_found(load is not None)
    assert load is not None
    return load


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


@staff(Permission.IMPORT_DATA)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """An import: how far it is, or row by row what it does, with filters."""
    load = _load(code)
    form = RowsForm(request.GET, load=load)
    form.is_valid()
    chosen = form.cleaned_data
    page = queries.rows(load, chosen.get("what", ""), chosen.get("q", ""), request.GET.get("page", 1))
    note_read(request, out.people_in(page.object_list), "names, release dates")
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


@staff(Permission.IMPORT_DATA)
def preview(request: HttpRequest, code: str) -> HttpResponse:
    """The whole preview as a table, guarded against formulas."""
    load = _load(code)
    rows = list(load.rows.order_by("line", "id"))
    note_read(request, out.people_in(rows), "names, release dates")
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{load.code}.csv"'
    write_csv(response, out.PREVIEW, (out.preview_row(row) for row in rows))
    return response


@staff(Permission.IMPORT_DATA)
@require_POST
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """Begin to write what the preview found."""
    load = actions.apply(by=actor_of(request), load=_load(code))
    return redirect("staff:import", code=load.code)


@staff(Permission.IMPORT_DATA)
@require_POST
def discard(request: HttpRequest, code: str) -> HttpResponse:
    """Throw a preview away."""
    actions.discard(by=actor_of(request), load=_load(code))
    return redirect("staff:imports")


@staff(Permission.IMPORT_DATA)
@require_POST
def decide(request: HttpRequest, code: str, line: int) -> HttpResponse:
    """Say who the person of a row is."""
    load = _load(code)
    row = load.rows.select_related("load").filter(line=line).order_by("id").first()
    not_found(row is not None)
    assert row is not None
    actions.decide(by=actor_of(request), row=row, decision=request.POST.get("decision", ""))
    return redirect("staff:import", code=load.code)
