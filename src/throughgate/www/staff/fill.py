"""Fill seats: ask for a proposal, watch it being made, decide seat by seat, keep the record."""

from __future__ import annotations

from typing import Any, Literal, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base import ui
from throughgate.base.errors import Refused
from throughgate.base.ui import Crumb
from throughgate.exchange.files import write_csv
from throughgate.people.models import NeedDomain
from throughgate.programs.actions import plans as verbs
from throughgate.programs.models import PlanState, SeatPlan, SeatProposal
from throughgate.programs.queries import plans as queries
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms.fill import AskForm, InsteadForm, WhyForm
from throughgate.www.staff.programs import home
from throughgate.www.staff.shell import attempt, done, edit, here, own, sent, show, staff

READ = "needs, release date, waiting, proposed seats"


def _home() -> list[Crumb]:
    return [home(), Crumb(_("Fill seats"), reverse("staff:fill"))]


@staff(Permission.ENROLL)
def index(request: HttpRequest) -> HttpResponse:
    """Ask for a proposal; the latest ones of this facility."""
    facility, actor = here(request), actor_of(request)
    form = AskForm(sent(request), facility=facility)
    made: list[SeatPlan] = []

    def ask(data: dict[str, Any]) -> None:
        made.append(verbs.ask(by=actor, facility=facility, cohort=data["cohort"]))

    if attempt(request, form, ask):
        return HttpResponseRedirect(_url(made[0]))
    context = {
        "form": form,
        "plans": queries.recent(facility),
        "being_made": queries.being_made(facility),
        "crumbs": [home(), Crumb(_("Fill seats"))],
    }
    return show(request, "fill", "programs", context)


def _url(plan: SeatPlan) -> str:
    return reverse("staff:fill_plan", args=[plan.code])


def _plan(request: HttpRequest, code: str) -> SeatPlan:
    return own(actor_of(request), SeatPlan.objects.select_related("facility", "cohort", "work"), code)


@staff(Permission.ENROLL)
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """A proposal: how far it is, seat by seat with reasons, beside today's rule, and where seats lack."""
    each = _plan(request, code)
    found = queries.shown(each)
    note_read(request, found.people, READ)
    labels = dict(NeedDomain.choices)
    context = {
        "plan": each,
        "found": found,
        "work": _work(each),
        "open": each.state == PlanState.READY,
        "gaps": [{**row, "label": labels.get(row["need"], row["need"])} for row in each.gaps],
        "shares": _shares(each),
        "crumbs": [*_home(), Crumb(each.code)],
    }
    return show(request, "fill_plan", "programs", context)


def _shares(plan: SeatPlan) -> list[tuple[str, str, str]]:
    """What the plan and today's rule reach, line by line, in words."""
    ours, theirs = plan.figures.get("plan"), plan.figures.get("today")
    if not ours or not theirs:
        return []

    def percent(part: float) -> str:
        return f"{100 * part:.1f} %"

    return [
        (_("Seats given"), str(ours["seats"]), str(theirs["seats"])),
        (_("People with a new seat"), str(ours["people"]), str(theirs["people"])),
        (_("Need met, of those in line"), percent(ours["need_met"]), percent(theirs["need_met"])),
        (_("In line and with any seat"), percent(ours["any_seat"]), percent(theirs["any_seat"])),
    ]


def _work(plan: SeatPlan) -> ui.Work | None:
    """The progress panel. How far it is, only whoever asked sees; colleagues see that it is on its way."""
    if plan.state not in {PlanState.WAITING, PlanState.FAILED}:
        return None
    work, waiting = plan.work, plan.state == PlanState.WAITING
    state = work.state if work else "waiting" if waiting else "failed"
    return ui.Work(
        code=plan.code,
        label=work.label if work else _("Proposal for seats"),
        state=cast(Literal["waiting", "running", "done", "failed"], state),
        done=work.done if work else 0,
        total=(work.total or 0) if work else 0,
        started=work.started_at if work else None,
        finished=work.finished_at if work else None,
        unit=work.unit if work else "",
        reason=plan.why_failed,
        poll_url=_url(plan) if waiting else "",
    )


@staff(Permission.ENROLL)
@require_POST
def accept(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Give all proposed seats, or those that were ticked."""
    each = _plan(request, code)
    chosen = None if "all" in request.POST else request.POST.getlist("seat")
    try:
        given, refused = verbs.accept(by=actor_of(request), plan=each, codes=chosen)
    except Refused as no:
        for reason in no.reasons:
            messages.error(request, f"{reason.text} {reason.remedy}".strip())
        return HttpResponseRedirect(_url(each))
    words = ngettext("%(n)d seat given.", "%(n)d seats given.", given) % {"n": given}
    if refused:
        text = ngettext(
            "%(n)d could not be given; the reasons stand with it.",
            "%(n)d could not be given; the reasons stand with them.",
            refused,
        )
        words += " " + text % {"n": refused}
    return done(request, words, _url(each))


@staff(Permission.ENROLL)
def close(request: HttpRequest, code: str) -> HttpResponse:
    """Decline all that is undecided, for one reason."""
    each = _plan(request, code)
    form = WhyForm(sent(request))
    if attempt(request, form, lambda data: verbs.close(by=actor_of(request), plan=each, **data)):
        return done(request, _("The proposal is closed."), _url(each))
    return edit(
        request,
        form,
        door="programs",
        title=_("Decline the rest"),
        lede=_("Every seat that is undecided is declined. The people stay in line."),
        button=_("Decline the rest"),
        cancel_url=_url(each),
        crumbs=[*_home(), Crumb(each.code, _url(each))],
    )


def _seat(request: HttpRequest, code: str) -> SeatProposal:
    rows = SeatProposal.objects.select_related("plan__facility", "participant", "cohort__program")
    each = own(actor_of(request), rows, code, "plan__facility")
    not_found(each.plan.state == PlanState.READY)
    note_read(request, [each.participant_id], READ)
    return each


@staff(Permission.ENROLL)
def decline(request: HttpRequest, code: str) -> HttpResponse:
    """Leave one proposed seat ungiven."""
    each = _seat(request, code)
    form = WhyForm(sent(request))
    if attempt(request, form, lambda data: verbs.decline(by=actor_of(request), proposal=each, **data)):
        return done(request, _("Declined. The person stays in line."), _url(each.plan))
    return _decision(request, form, each, _("Decline this seat"))


@staff(Permission.ENROLL)
def change(request: HttpRequest, code: str) -> HttpResponse:
    """Give a proposed seat to someone else in line."""
    each = _seat(request, code)
    form = InsteadForm(sent(request), proposal=each)
    others = form.fields["participant"].queryset  # type: ignore[attr-defined]
    note_read(request, others.values_list("pk", flat=True), "place in line")
    if attempt(request, form, lambda data: verbs.change(by=actor_of(request), proposal=each, **data)):
        return done(request, _("The seat went to someone else; the reason is kept."), _url(each.plan))
    return _decision(request, form, each, _("Give the seat to someone else"))


def _decision(request: HttpRequest, form: WhyForm, each: SeatProposal, title: str) -> HttpResponse:
    return edit(
        request,
        form,
        door="programs",
        title=title,
        lede=f"{each.participant.name} · {each.cohort.name}",
        button=title,
        cancel_url=_url(each.plan),
        crumbs=[*_home(), Crumb(each.plan.code, _url(each.plan))],
    )


@staff(Permission.ENROLL)
def record(request: HttpRequest, code: str) -> HttpResponse:
    """The decision record as a table, guarded against formulas."""
    each = _plan(request, code)
    found = queries.shown(each)
    note_read(request, found.people, READ)
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="seats-{each.code}.csv"'
    write_csv(response, queries.RECORD, queries.record(found))
    return response
