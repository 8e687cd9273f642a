"""Fill seats: ask for a proposal, watch it being made, decide seat by seat, keep the record."""

from __future__ import annotations

from typing import Any, Literal, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base import ui
from throughgate.base.errors import Refused
from throughgate.base.ui import Crumb
from throughgate.people.models import NeedDomain
from throughgate.policies.queries import seat_weights
from throughgate.programs.actions import plans as verbs
from throughgate.programs.models import PlanState, SeatPlan, SeatProposal
from throughgate.programs.queries import plans as queries
from throughgate.programs.queries.plan_figures import coverage, leaving_words, percent, promise, reached
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms.fill import AskForm, InsteadForm, WhyForm
from throughgate.www.staff.programs import home
from throughgate.www.staff.shell import (
    Place,
    attempt,
    done,
    edit,
    here,
    language_words,
    own,
    place_of,
    sent,
    show,
    staff,
)

READ = "needs, release date, waiting, proposed seats"
GROUP_WORDS = {"language": language_words, "leaving": leaving_words}


def fill_crumbs() -> list[Crumb]:
    """The way to the pages below Fill seats."""
    return [home(), Crumb(_("Fill seats"), reverse("staff:fill"))]


@staff(Permission.ENROLL)
def index(request: HttpRequest) -> HttpResponse:
    """Ask for a proposal; the latest ones of this facility."""
    facility, actor, place = here(request), actor_of(request), place_of(request)
    form = AskForm(sent(request), facility=facility, several=place.several)
    made: list[SeatPlan] = []

    def ask(_data: dict[str, Any]) -> None:
        if form.everywhere:
            made.extend(verbs.ask_everywhere(by=actor, facilities=place.choices))
        else:
            made.append(verbs.ask(by=actor, facility=facility, **form.chosen))

    if attempt(request, form, ask):
        together = form.everywhere and len(made) > 1
        return HttpResponseRedirect(
            reverse("staff:fill_together", args=[made[0].code]) if together else plan_url(made[0])
        )
    context = {
        "form": form,
        "plans": queries.recent(facility),
        "being_made": queries.being_made(facility),
        "facilities": _facilities(place),
        "crumbs": [home(), Crumb(_("Fill seats"))],
    }
    return show(request, "fill", "programs", context)


def _facilities(place: Place) -> list[ui.NavItem]:
    """The actor's facilities, each with how many seats wait for a decision there."""
    waiting = queries.undecided([each.pk for each in place.choices]) if place.several else {}
    return [
        ui.NavItem(
            each.short_name, f"{reverse('staff:fill')}?facility={each.code}", each.pk == place.facility.pk,
            count=waiting.get(each.pk),
        )
        for each in place.choices
    ]  # fmt: skip


def plan_url(plan: SeatPlan) -> str:
    """The page of a proposal."""
    return reverse("staff:fill_plan", args=[plan.code])


def plan_of(request: HttpRequest, code: str) -> SeatPlan:
    """The proposal of that code in one of the actor's facilities, or 404."""
    rows = SeatPlan.objects.select_related("facility", "cohort", "program", "work", "previous")
    return own(actor_of(request), rows, code)


@staff(Permission.ENROLL)
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """A proposal: how far it is, seat by seat with reasons, beside today's rules, and where seats lack.

    One made by the week shows its changes only, unless all is asked for by ``?show=all``.
    """
    each = plan_of(request, code)
    found = queries.shown(each)
    note_read(request, found.people, READ)
    labels = dict(NeedDomain.choices)
    changes_only = bool(each.previous_id and each.weekly and request.GET.get("show") != "all")
    word, checked = promise(each)
    context = {
        "plan": each,
        "found": found,
        "rows": found.new if changes_only else found.seats,
        "changes_only": changes_only,
        "work": _work(each),
        "silent": queries.silent(each, timezone.now()),
        "open": each.state == PlanState.READY,
        "gaps": [{**row, "label": labels.get(row["need"], row["need"])} for row in each.gaps],
        "reached": reached(each),
        "groups": coverage(each.figures.get("groups", {}), GROUP_WORDS),
        "changes": _changes(each),
        "promise": word,
        "promise_words": checked,
        "gap": percent(each.gap or 0),
        "crumbs": [*fill_crumbs(), Crumb(each.code)],
    }
    return show(request, "fill_plan", "programs", context)


def _changes(plan: SeatPlan) -> dict[str, Any] | None:
    """How many people would change since the proposal before, of how many, and whether that is within the limit."""
    known = plan.figures.get("changes")
    if not known or not known["of"]:
        return None
    limit = seat_weights(plan.facility.jurisdiction, plan.facility.today()).data.most_changed
    share = known["people"] / known["of"]
    return {**known, "share": percent(share), "limit": percent(limit), "within": share <= limit}


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
        poll_url=plan_url(plan) if waiting else "",
    )


@staff(Permission.ENROLL)
@require_POST
def accept(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Give all proposed seats, or those that were ticked."""
    each = plan_of(request, code)
    chosen = None if "all" in request.POST else request.POST.getlist("seat")
    try:
        given, refused = verbs.accept(by=actor_of(request), plan=each, codes=chosen)
    except Refused as no:
        for reason in no.reasons:
            messages.error(request, f"{reason.text} {reason.remedy}".strip())
        return HttpResponseRedirect(plan_url(each))
    words = ngettext("%(n)d seat given.", "%(n)d seats given.", given) % {"n": given}
    if refused:
        text = ngettext(
            "%(n)d could not be given; the reasons stand with it.",
            "%(n)d could not be given; the reasons stand with them.",
            refused,
        )
        words += " " + text % {"n": refused}
    return done(request, words, plan_url(each))


@staff(Permission.ENROLL)
def close(request: HttpRequest, code: str) -> HttpResponse:
    """Decline all that is undecided, for one reason."""
    each = plan_of(request, code)
    form = WhyForm(sent(request))
    if attempt(request, form, lambda data: verbs.close(by=actor_of(request), plan=each, **data)):
        return done(request, _("The proposal is closed."), plan_url(each))
    return edit(
        request,
        form,
        door="programs",
        title=_("Decline the rest"),
        lede=_("Every seat that is undecided is declined. The people stay in line."),
        button=_("Decline the rest"),
        cancel_url=plan_url(each),
        crumbs=[*fill_crumbs(), Crumb(each.code, plan_url(each))],
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
        return done(request, _("Declined. The person stays in line."), plan_url(each.plan))
    return _decision(request, form, each, _("Decline this seat"))


@staff(Permission.ENROLL)
def change(request: HttpRequest, code: str) -> HttpResponse:
    """Give a proposed seat to someone else in line."""
    each = _seat(request, code)
    form = InsteadForm(sent(request), proposal=each)
    others = form.fields["participant"].queryset  # type: ignore[attr-defined]
    note_read(request, others.values_list("pk", flat=True), "place in line")
    if attempt(request, form, lambda data: verbs.change(by=actor_of(request), proposal=each, **data)):
        return done(request, _("The seat went to someone else; the reason is kept."), plan_url(each.plan))
    return _decision(request, form, each, _("Give the seat to someone else"))


def _decision(request: HttpRequest, form: WhyForm, each: SeatProposal, title: str) -> HttpResponse:
    return edit(
        request,
        form,
        door="programs",
        title=title,
        lede=f"{each.participant.name} · {each.cohort.name}",
        button=title,
        cancel_url=plan_url(each.plan),
        crumbs=[*fill_crumbs(), Crumb(each.plan.code, plan_url(each.plan))],
    )


@staff(Permission.ENROLL)
@require_POST
def again(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Start a proposal that broke off again."""
    each = plan_of(request, code)
    try:
        made = verbs.again(by=actor_of(request), plan=each)
    except Refused as no:
        for reason in no.reasons:
            messages.error(request, f"{reason.text} {reason.remedy}".strip())
        return HttpResponseRedirect(plan_url(each))
    return done(request, _("Started again."), plan_url(made))
