"""Why a person has or has not a seat; the same on paper for the person; and what people say against it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb
from throughgate.people.models import Participant
from throughgate.programs.actions import appeals as verbs
from throughgate.programs.models import Cohort, SeatAnswer, SeatAppeal, SeatPlan, SeatProposal
from throughgate.programs.queries import answer_slips
from throughgate.programs.queries import appeals as appeal_queries
from throughgate.programs.queries import why as queries
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms.insight import AnswerForm, PaperForm
from throughgate.www.staff.programs import home
from throughgate.www.staff.shell import attempt, done, edit, found, here, own, place_of, sent, show, staff

READ = "needs, release date, waiting, proposed seats"


def _cohort(request: HttpRequest, code: str) -> Cohort:
    """The cohort of that code, or of the proposed seat of that code."""
    rows = Cohort.objects.select_related("program", "facility")
    row = SeatProposal.objects.filter(code=code).values_list("cohort__code", flat=True).first()
    return own(actor_of(request), rows, row or code)


def _crumbs(cohort: Cohort) -> list[Crumb]:
    link = reverse("staff:cohort", args=[cohort.code])
    return [home(), Crumb(cohort.name, link), Crumb(_("Who gets a seat, and why"))]


@staff(Permission.MANAGE_WAITLIST)
def fill_why(request: HttpRequest, code: str, person: str = "") -> HttpResponse:
    """Why a person has or has not a seat in a cohort; without a person, everybody in line for it.

    ``code`` is a cohort's, or a proposed seat's: then the page is about the person of that seat. The person may
    also be named first.
    """
    actor_of(request).require(Permission.VIEW_RESTRICTED)
    if person and Cohort.objects.filter(code=person).exists():
        code, person = person, code
    cohort = _cohort(request, code)
    if not person:
        row = SeatProposal.objects.filter(code=code).select_related("participant").first()
        if row is None:
            return _everybody(request, cohort)
        person = row.participant.code
    who = found(Participant.objects.select_related("unit", "facility"), code=person)
    page = queries.why(who, cohort)
    note_read(request, page.people, READ)
    link = reverse("staff:fill_why", args=[cohort.code])
    crumbs = [*_crumbs(cohort)[:-1], Crumb(_("Who gets a seat, and why"), link), Crumb(who.name)]
    return show(request, "insight/why", "programs", {"why": page, "crumbs": crumbs})


def _everybody(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    page = queries.cohort_why(cohort)
    note_read(request, page.people, READ)
    return show(request, "insight/cohort_why", "programs", {"page": page, "crumbs": _crumbs(cohort)})


@staff(Permission.MANAGE_WAITLIST)
def why_slip(request: HttpRequest, code: str) -> HttpResponse:
    """A person's answers on paper, in their language."""
    actor_of(request).require(Permission.VIEW_RESTRICTED)
    rows = Participant.objects.select_related("facility", "unit", "profile")
    who = own(actor_of(request), rows, code)
    note_read(request, [who.pk], READ)
    return _paper(answer_slips.render([who], who.facility), f"answers-{who.code}")


@staff(Permission.ENROLL)
def fill_slips(request: HttpRequest, code: str) -> HttpResponse:
    """The answers of everybody whom a proposal looked at on paper, a page each, in their languages.

    With ``?who=given`` only of those who got one of its seats.
    """
    plan = own(actor_of(request), SeatPlan.objects.select_related("facility"), code)
    rows = SeatProposal.objects.filter(plan=plan, enrollment__isnull=False)
    given = Q(pk__in=rows.values("enrollment__participant"))
    asked = Q(pk__in=SeatAnswer.objects.filter(plan=plan).values("participant"))
    people = list(
        Participant.objects.filter(
            given if request.GET.get("who") == "given" else asked, facility=plan.facility
        )
        .select_related("facility", "unit", "profile")
        .order_by("unit__name", "sort_name", "id")
    )
    not_found(bool(people))
    note_read(request, [each.pk for each in people], READ)
    return _paper(answer_slips.render(people, plan.facility), f"answers-{plan.code}")


def _paper(paper: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        paper,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )


@staff(Permission.MANAGE_WAITLIST)
def appeals(request: HttpRequest) -> HttpResponse:
    """What people say is wrong, by the day it has to be answered."""
    actor_of(request).require(Permission.VIEW_RESTRICTED)
    place = place_of(request)
    page = appeal_queries.appeals_at([place.facility.pk], place.facility.today())
    note_read(request, page.people, "waiting, places in line")
    return show(
        request, "insight/appeals", "programs", {"page": page, "crumbs": [home(), Crumb(_("Appeals"))]}
    )


def _appeals_crumb() -> list[Crumb]:
    return [home(), Crumb(_("Appeals"), reverse("staff:appeals"))]


@staff(Permission.MANAGE_WAITLIST)
def appeal(request: HttpRequest, code: str) -> HttpResponse:
    """One appeal: what the person says, the facts beside it, and the answer."""
    actor_of(request).require(Permission.VIEW_RESTRICTED)
    rows = SeatAppeal.objects.select_related("participant__facility", "participant__unit", "program")
    each = own(actor_of(request), rows, code, "participant__facility")
    note_read(request, [each.participant_id], "waiting, places in line")
    form = AnswerForm(sent(request))
    if attempt(request, form, lambda data: verbs.answer(by=actor_of(request), appeal=each, **data)):
        return done(request, _("Answered. The person reads it on their page."), reverse("staff:appeals"))
    context = {
        "appeal": each,
        "form": form,
        "cohorts": Cohort.objects.filter(
            program=each.program_id, facility=each.participant.facility_id, ends_on__gte=here(request).today()
        ).order_by("starts_on", "id"),
        "crumbs": [*_appeals_crumb(), Crumb(each.participant.name)],
    }
    return show(request, "insight/appeal", "programs", context)


@staff(Permission.MANAGE_WAITLIST)
def appeal_paper(request: HttpRequest) -> HttpResponse | HttpResponseRedirect:
    """Enter an appeal that came in on paper."""
    form = PaperForm(sent(request), facility=here(request))

    def enter(data: dict[str, Any]) -> None:
        note_read(request, [data["participant"].pk], "places in line")
        verbs.appeal(by=actor_of(request), **data)

    if attempt(request, form, enter):
        return done(request, _("Entered. The clock runs from today."), reverse("staff:appeals"))
    return edit(
        request,
        form,
        door="programs",
        title=_("An appeal from paper"),
        lede=_("Write down what the person wrote. They get an answer like everybody else."),
        button=_("Enter it"),
        cancel_url=reverse("staff:appeals"),
        crumbs=_appeals_crumb(),
    )
