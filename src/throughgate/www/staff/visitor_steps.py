"""Applications and the steps to a clearance: what waits on whom, and one click for what is usual."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.errors import Reason, Refused
from throughgate.base.ui import Crumb
from throughgate.people.queries import find
from throughgate.visitors import actions, journeys
from throughgate.visitors.models import (
    Clearance,
    ClearanceLevel,
    Conflict,
    Reference,
    ReferenceAnswer,
    Step,
    Visitor,
)
from throughgate.visitors.steps import requirement_of, rules_here, rules_of
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms import steps as forms
from throughgate.www.staff.shell import (
    attempt,
    done,
    edit,
    found,
    own,
    place_of,
    run_now,
    sent,
    show,
    staff,
)
from throughgate.www.staff.visitors import home


def _url(who: Visitor) -> str:
    return reverse("staff:visitor", args=[who.code])


def _crumbs(who: Visitor) -> list[Crumb]:
    return [home(), Crumb(who.name, _url(who))]


@staff(Permission.MANAGE_VISITORS)
def applications(request: HttpRequest) -> HttpResponse:
    """Who has applied here, how far they are, and who has to do something next."""
    place = place_of(request)
    form = forms.WaitingFilter(request.GET, place=place)
    rows = journeys.applications(actor_of(request), place.facility, form.asked.get("waits", ""))
    pack = rules_here(place.facility)
    return show(
        request,
        "applications",
        "visitors",
        {
            "form": form,
            "rows": [
                (row, [(journeys.PARTIES[party], n) for party, n in row.waits], dict(row.waits))
                for row in rows
            ],
            "pack": pack,
            "crumbs": [home(), Crumb(_("Applications"))],
        },
    )


@staff(Permission.MANAGE_VISITORS)
def application_new(request: HttpRequest) -> HttpResponse:
    """Open an application for somebody, and invite them to see their own steps."""
    facility = place_of(request).facility
    form = forms.ApplicationForm(sent(request), facility=facility, initial={"language": "en"})

    def begin(data: dict[str, Any]) -> None:
        data["made"] = actions.begin_application(
            by=actor_of(request), facility=facility, source="invited", **data
        )

    if attempt(request, form, begin):
        made = form.cleaned_data["made"]
        words = _("%(name)s has an application at %(place)s and was told.")
        return done(request, words % {"name": made.visitor.name, "place": facility.name}, _url(made.visitor))
    return edit(
        request,
        form,
        door="visitors",
        title=_("Open an application"),
        lede=facility.name,
        button=_("Open and invite"),
        cancel_url=reverse("staff:applications"),
        crumbs=[home(), Crumb(_("Applications"), reverse("staff:applications"))],
    )


def _step(request: HttpRequest, code: str) -> Step:
    rows = Step.objects.select_related("clearance__visitor", "clearance__facility")
    return own(actor_of(request), rows, code, "clearance__facility")


@staff(Permission.MANAGE_VISITORS)
@require_POST
def step_now(request: HttpRequest, code: str, act: str) -> HttpResponseRedirect:
    """What needs no words: seen today, taken back."""
    step, by = _step(request, code), actor_of(request)
    verbs = {
        "seen": (lambda: actions.record_step(by=by, step=step), _("Recorded.")),
        "undo": (
            lambda: actions.undo_step(by=by, step=step),
            _("The record is taken back. The gate list follows."),
        ),
        "unwaive": (lambda: actions.take_back_waiver(by=by, step=step), _("It is asked again.")),
    }
    not_found(act in verbs)
    verb, words = verbs[act]
    return run_now(request, verb, words, _url(step.clearance.visitor))


@staff(Permission.MANAGE_VISITORS)
def step_form(request: HttpRequest, code: str, act: str) -> HttpResponse:
    """Record with a day, waive with a reason, or send back with words."""
    step, by = _step(request, code), actor_of(request)
    not_found(act in ("record", "waive", "back"))
    asked, who = requirement_of(step), step.clearance.visitor
    today = step.clearance.facility.today()
    form: Any
    if act == "record":
        form = forms.RecordForm(
            sent(request), check=asked.proof == "check", initial={"on": step.claimed_on or today}
        )
        title, words = _("Record: %(what)s"), _("Recorded.")
    elif act == "waive":
        form, title, words = (
            forms.WaiveForm(sent(request)),
            _("Waive: %(what)s"),
            _("Waived, with your reason."),
        )
    else:
        form, title, words = (
            forms.SendBackForm(sent(request)),
            _("Send back: %(what)s"),
            _("The visitor is told."),
        )
    verbs: dict[str, Any] = {
        "record": lambda data: actions.record_step(by=by, step=step, **data),
        "waive": lambda data: actions.waive_step(by=by, step=step, **data),
        "back": lambda data: actions.send_back(by=by, step=step, **data),
    }
    if attempt(request, form, verbs[act]):
        return done(request, words, _url(who))
    title = title % {"what": asked.label}
    return edit(
        request,
        form,
        door="visitors",
        title=title,
        lede=f"{who.name}, {step.clearance.facility.name}",
        button=title,
        cancel_url=_url(who),
        crumbs=_crumbs(who),
    )


def _clearance(request: HttpRequest, code: str) -> Clearance:
    return own(actor_of(request), Clearance.objects.select_related("visitor", "facility"), code)


@staff(Permission.MANAGE_VISITORS)
@require_POST
def clearance_now(request: HttpRequest, code: str, act: str) -> HttpResponseRedirect:
    """Approve as the rules say, or renew for the next period, in one click."""
    row, by = _clearance(request, code), actor_of(request)
    not_found(act in ("approve", "renew"))
    verb = (
        (lambda: _approve(by, row))
        if act == "approve"
        else (lambda: actions.renew_clearance(by=by, clearance=row))
    )
    words = _("%(name)s may come in.") % {"name": row.visitor.name}
    return run_now(request, verb, words, _url(row.visitor))


def _approve(by: Any, row: Clearance) -> Clearance:
    """From today for the months of the rules; provisional where the rules begin so."""
    known = rules_of(row)
    if known is None:
        raise Refused(
            Reason("no_rules", _("No rules say for how long."), _("Grant it with its days instead."))
        )
    today = row.facility.today()
    return actions.grant_clearance(
        by=by,
        visitor=row.visitor,
        facility=row.facility,
        first=today,
        until=known.until(today),
        level=row.level or ClearanceLevel.ESCORTED,
        provisional=known.provisional_months > 0,
    )


@staff(Permission.MANAGE_VISITORS)
def clearance_regular(request: HttpRequest, code: str) -> HttpResponse:
    """From provisional to regular."""
    row, by = _clearance(request, code), actor_of(request)
    form = forms.RegularForm(sent(request), initial={"level": row.level})
    if attempt(request, form, lambda data: actions.make_regular(by=by, clearance=row, **data)):
        return done(
            request, _("%(name)s is a regular visitor.") % {"name": row.visitor.name}, _url(row.visitor)
        )
    return edit(
        request,
        form,
        door="visitors",
        title=_("Make %(name)s a regular visitor") % {"name": row.visitor.name},
        lede=row.facility.name,
        button=_("Make regular"),
        cancel_url=_url(row.visitor),
        crumbs=_crumbs(row.visitor),
    )


@staff(Permission.MANAGE_VISITORS)
def references(request: HttpRequest, code: str) -> HttpResponse:
    """What the referees of one application wrote, in confidence, for those who decide."""
    step = _step(request, code)
    rows = list(Reference.objects.filter(step=step, withdrawn_at__isnull=True).order_by("pk"))
    answers = {each.reference_id: each.answers for each in ReferenceAnswer.objects.filter(reference__in=rows)}
    return show(
        request,
        "references",
        "visitors",
        {
            "step": step,
            "who": step.clearance.visitor,
            "rows": [(row, answers.get(row.pk, [])) for row in rows],
            "crumbs": [*_crumbs(step.clearance.visitor), Crumb(_("References"))],
        },
    )


@staff(Permission.MANAGE_VISITORS)
@require_POST
def reference_now(request: HttpRequest, code: str, act: str) -> HttpResponseRedirect:
    """Ask a referee again, or take one back."""
    by = actor_of(request)
    rows = Reference.objects.select_related("step__clearance__visitor")
    row = own(by, rows, code, "step__clearance__facility")
    not_found(act in ("again", "withdraw"))
    if act == "again":
        return run_now(
            request,
            lambda: actions.ask_again(by=by, reference=row),
            _("%(name)s is asked again.") % {"name": row.name},
            _url(row.step.clearance.visitor),
        )
    return run_now(
        request,
        lambda: actions.withdraw_reference(by=by, reference=row),
        _("Taken back; another can be named."),
        _url(row.step.clearance.visitor),
    )


@staff(Permission.MANAGE_VISITORS)
def visitor_conflict(request: HttpRequest, code: str) -> HttpResponse:
    """Write down a tie that the visitor told about."""
    who, place = found(Visitor.objects, code=code), place_of(request)
    form = forms.ConflictForm(sent(request))
    if attempt(
        request,
        form,
        lambda data: actions.declare_conflict(
            by=actor_of(request), visitor=who, facility=place.facility, **data
        ),
    ):
        return done(request, _("Security looks at it before anything is decided here."), _url(who))
    return edit(
        request,
        form,
        door="visitors",
        title=_("A conflict of interest of %(name)s") % {"name": who.name},
        lede=place.facility.name,
        button=_("Write it down"),
        cancel_url=_url(who),
        crumbs=_crumbs(who),
    )


@staff(Permission.EDIT_KEEP_APART)
def conflict_settle(request: HttpRequest, code: str) -> HttpResponse:
    """Security decides what follows from a declared tie."""
    by = actor_of(request)
    row = own(by, Conflict.objects.select_related("visitor", "facility"), code)
    form = forms.SettleForm(sent(request))

    def settle(data: dict[str, Any]) -> None:
        person = None
        if data["state"] == Conflict.State.APART and data["person"].strip():
            people = find(by, data["person"]).mine
            if len(people) != 1:
                text = _("No one person here has this number or code.")
                raise Refused(Reason("nobody", text, _("Type it exactly."), field="person"))
            person = people[0]
            note_read(request, [person.pk], "a conflict of interest")
        actions.settle_conflict(by=by, conflict=row, state=data["state"], participant=person)

    if attempt(request, form, settle):
        return done(request, _("Decided. Booking and the gate list follow at once."), _url(row.visitor))
    return edit(
        request,
        form,
        door="visitors",
        title=_("%(name)s: %(kind)s") % {"name": row.visitor.name, "kind": row.get_kind_display()},
        lede=row.about,
        button=_("Decide"),
        cancel_url=_url(row.visitor),
        crumbs=_crumbs(row.visitor),
    )


@staff(Permission.MANAGE_VISITORS)
def visitor_leave(request: HttpRequest, code: str) -> HttpResponse:
    """Somebody no longer comes; they are thanked."""
    who = found(Visitor.objects, code=code)
    form = forms.LeaveForm(sent(request), initial={"on": place_of(request).facility.today()})
    if attempt(request, form, lambda data: actions.leave(by=actor_of(request), visitor=who, **data)):
        return done(
            request,
            _("%(name)s is on no list from that day on, and is thanked.") % {"name": who.name},
            _url(who),
        )
    return edit(
        request,
        form,
        door="visitors",
        title=_("%(name)s no longer comes") % {"name": who.name},
        lede=_(
            "Seats on training dates are given back. Sessions that they lead show that somebody is missing."
        ),
        button=_("Write it down and thank them"),
        cancel_url=_url(who),
        crumbs=_crumbs(who),
    )
