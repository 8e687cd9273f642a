"""Official lists: looked at, printed with a version, and taken back from paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.base import codes, ui
from throughgate.people.models import Participant, Whereabouts
from throughgate.places.models import DayPart, Facility, Unit
from throughgate.programs.actions.lists import print_list, print_slips
from throughgate.programs.models import ListKind, PrintedList, Session
from throughgate.programs.queries import lists
from throughgate.programs.queries.lists import OfficialList
from throughgate.www.doors import actor_of, staff

# Lists of a day that stand on the overview, with the permission each needs to be seen.
OFFERED: dict[str, tuple[ListKind, Permission]] = {
    "call-out": (ListKind.CALL_OUT, Permission.VIEW_PEOPLE),
    "unlock": (ListKind.UNLOCK, Permission.VIEW_PEOPLE),
    "gate": (ListKind.GATE, Permission.VIEW_GATE_LIST),
}
WEEK = 7


class WhenForm(forms.Form):
    """Which facility, day and part of the day; plain GET."""

    facility = forms.ChoiceField(label=gettext_lazy("Facility"), required=False)
    day = forms.DateField(label=gettext_lazy("Day"), required=False, widget=ui.DateInput)
    part = forms.ChoiceField(
        label=gettext_lazy("Part of the day"),
        required=False,
        choices=[("", gettext_lazy("The whole day")), *DayPart.choices],
    )
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), required=False)

    def __init__(
        self, *args: object, facilities: list[Facility], units: list[Unit], **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        facility, unit = self.fields["facility"], self.fields["unit"]
        assert isinstance(facility, forms.ChoiceField)
        assert isinstance(unit, forms.ChoiceField)
        facility.choices = [(f.code, f.name) for f in facilities]
        unit.choices = [("", _("Every unit")), *((u.code, u.name) for u in units)]


def _facilities(request: HttpRequest) -> list[Facility]:
    ids = actor_of(request).facility_ids
    found = list(Facility.objects.filter(pk__in=ids, active=True).order_by("name"))
    if not found:
        raise Http404
    return found


def _choice(request: HttpRequest) -> tuple[WhenForm, Facility, dt.date, str, Unit | None]:
    """What the filter asks for, with sensible answers where it says nothing."""
    facilities = _facilities(request)
    given = request.GET if request.method == "GET" else request.POST
    facility = next((f for f in facilities if f.code == given.get("facility")), facilities[0])
    units = list(Unit.objects.filter(facility=facility).order_by("position", "name"))
    start = {"facility": facility.code, "day": facility.today(), "part": ""}
    form = WhenForm({**start, **{key: given[key] for key in given}}, facilities=facilities, units=units)
    form.is_valid()
    chosen = form.cleaned_data
    unit = next((u for u in units if u.code == chosen.get("unit")), None)
    return form, facility, chosen.get("day") or facility.today(), chosen.get("part") or "", unit


def _make(kind: str, facility: Facility, day: dt.date, part: str, unit: Unit | None) -> OfficialList:
    makers: dict[str, Callable[[], OfficialList]] = {
        "call-out": lambda: lists.call_out(facility, day, part),
        "unlock": lambda: lists.unlock(facility, day, part, unit),
        "gate": lambda: lists.gate(facility, day),
    }
    return makers[kind]()


@staff(Permission.PRINT_LISTS)
def index(request: HttpRequest) -> HttpResponse:
    """Every list of a day: how many lines, which version is on paper, what changed since."""
    form, facility, day, part, unit = _choice(request)
    rows = []
    for kind, (_kind, permission) in OFFERED.items():
        if actor_of(request).can(permission):
            listing = _make(kind, facility, day, part, unit)
            printed = lists.latest_print(listing)
            changes = lists.changed_since_print(listing, printed)
            rows.append({"kind": kind, "listing": listing, "printed": printed, "changes": changes})
    context = {"form": form, "facility": facility, "day": day, "rows": rows, "door": "today"}
    return render(request, "staff/lists/index.html", context)


@staff(Permission.PRINT_LISTS)
def one(request: HttpRequest, kind: str) -> HttpResponse:
    """One list as it stands now, with what changed since it was printed on top."""
    _allowed(request, kind)
    form, facility, day, part, unit = _choice(request)
    listing = _make(kind, facility, day, part, unit)
    printed = lists.latest_print(listing)
    context = {
        "form": form,
        "facility": facility,
        "kind": kind,
        "listing": listing,
        "printed": printed,
        "changes": lists.changed_since_print(listing, printed),
        "door": "today",
        "crumbs": [ui.Crumb(_("Lists"), reverse("staff:lists")), ui.Crumb(listing.title)],
    }
    return render(request, "staff/lists/list.html", context)


@staff(Permission.PRINT_LISTS)
@require_POST
def print_one(request: HttpRequest, kind: str) -> HttpResponse:
    """Print a list: a new version when it says something new."""
    _allowed(request, kind)
    _form, facility, day, part, unit = _choice(request)
    listing = _make(kind, facility, day, part, unit)
    printed, paper = print_list(by=actor_of(request), listing=listing)
    return _paper(paper, f"{kind}-{day}-v{printed.version}")


@staff(Permission.PRINT_LISTS)
@require_POST
def print_many_slips(request: HttpRequest, kind: str) -> HttpResponse:
    """Movement slips of a day, or next week's timetable slips of a unit."""
    actor_of(request).require(Permission.VIEW_PEOPLE)
    _form, facility, day, part, unit = _choice(request)
    listing = lists.call_out(facility, day, part)
    if kind == "movement":
        made, title = lists.slips(facility, day, part), _("Movement slips")
    else:
        people = Participant.objects.filter(facility=facility, whereabouts=Whereabouts.INSIDE)
        people = people.filter(unit=unit) if unit else people
        made = lists.timetable(list(people.select_related("facility").order_by("sort_name", "id")), day, WEEK)
        title = _("Timetables")
    paper = print_slips(by=actor_of(request), listing=listing, slips=made, title=title)
    return _paper(paper, f"{kind}-{day}")


@staff(Permission.VIEW_PEOPLE)
@require_POST
def print_roster(request: HttpRequest, code: str) -> HttpResponse:
    """The roster of a session, with its return code."""
    session = (
        Session.objects.select_related("facility", "cohort__program", "room")
        .filter(code=codes.clean(code))
        .first()
    )
    if session is None:
        raise Http404
    printed, paper = print_list(by=actor_of(request), listing=lists.roster(session), session=session)
    return _paper(paper, f"roster-{session.code}-v{printed.version}")


class ReturnForm(forms.Form):
    """The code at the head of a paper roster."""

    code = forms.CharField(
        label=gettext_lazy("Return code"),
        help_text=gettext_lazy("Eight letters and digits at the head of the roster."),
        max_length=12,
    )

    def clean_code(self) -> str:
        """A code with a slip of the pen is told at once."""
        if not codes.is_code(self.cleaned_data["code"]):
            raise forms.ValidationError(
                _("This is no return code. Look again at the eight letters and digits beside the square.")
            )
        return codes.clean(self.cleaned_data["code"])


@staff(Permission.MARK_ATTENDANCE)
def paper_back(request: HttpRequest) -> HttpResponse:
    """A paper roster comes back: its code leads to the attendance of its session."""
    form = ReturnForm(request.GET if "code" in request.GET else None)
    if form.is_bound and form.is_valid():
        printed = PrintedList.objects.filter(code=form.cleaned_data["code"], kind=ListKind.ROSTER).first()
        if printed is not None and printed.session is not None:
            address = reverse("staff:session", args=[printed.session.code])
            return redirect(f"{address}?paper={printed.code}#attendance")
        form.add_error("code", _("No roster of your facility has this code."))
    return render(request, "staff/lists/return.html", {"form": form, "door": "today"})


def _allowed(request: HttpRequest, kind: str) -> None:
    if kind not in OFFERED:
        raise Http404
    actor_of(request).require(OFFERED[kind][1])


def _paper(paper: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        paper,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )
