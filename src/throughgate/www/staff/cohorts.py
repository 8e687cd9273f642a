"""Cohorts: seats, people, weekly times and dated sessions of one run of a program."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb
from throughgate.people.models import Participant
from throughgate.policies import queries as policies
from throughgate.programs.actions import cohorts, seats
from throughgate.programs.models import SEATED, Cohort, Enrollment, Program, WeeklySlot
from throughgate.programs.queries.line import seat_filling
from throughgate.programs.queries.seats import cohort_page
from throughgate.visitors.models import CLEARED, Visitor
from throughgate.www.doors import actor_of
from throughgate.www.staff.forms.line import SeatForm
from throughgate.www.staff.forms.programs import (
    CohortForm,
    FinishForm,
    MakeSessionsForm,
    SlotForms,
    UsualForm,
)
from throughgate.www.staff.programs import home
from throughgate.www.staff.shell import (
    Refusable,
    attempt,
    done,
    edit,
    found,
    here,
    own,
    sent,
    show,
    staff,
    tried,
)

READ = "places, hours, release date"


def _cohort(request: HttpRequest, code: str) -> Cohort:
    rows = Cohort.objects.select_related("program", "facility", "organization", "room")
    return own(actor_of(request), rows, code)


def _url(each: Cohort) -> str:
    return reverse("staff:cohort", args=[each.code])


def _crumbs(each: Cohort) -> list[Crumb]:
    program = reverse("staff:program", args=[each.program.code])
    return [home(), Crumb(each.program.name, program)]


@staff()
def cohort(request: HttpRequest, code: str) -> HttpResponse:
    """A cohort: its seats and people, weekly times, leaders and sessions to come."""
    actor = actor_of(request)
    each = _cohort(request, code)
    crumbs = [*_crumbs(each), Crumb(each.name)]
    if not actor.can(Permission.VIEW_RESTRICTED, each.facility_id):
        slots = WeeklySlot.objects.filter(cohort=each).select_related("room").order_by("weekday", "starts")
        coming = each.sessions.filter(starts_at__gte=each.facility.now()).select_related("room")
        context = {"cohort": each, "slots": slots, "coming": coming.order_by("starts_at")[:12]}
        return show(request, "cohort_facts", "programs", {**context, "crumbs": crumbs})
    page = cohort_page(actor, code)
    note_read(request, page.people, READ)
    reasons = policies.leaving(each.facility.jurisdiction, each.facility.today()).data.reasons
    for row in page.ended:
        reason = reasons.get(row.enrollment.end_reason)
        row.enrollment.end_words = str(reason.label) if reason else row.enrollment.end_reason  # type: ignore[attr-defined]
    return show(request, "cohort", "programs", {"page": page, "cohort": page.cohort, "crumbs": crumbs})


@staff(Permission.MANAGE_PROGRAMS)
def cohort_new(request: HttpRequest, code: str) -> HttpResponse:
    """A new run of a program in the facility that was chosen."""
    program = found(Program.objects.select_related("organization"), code=code)
    facility = here(request)
    start = {
        "name": program.name,
        "capacity": program.group_max,
        "minimum": program.group_min,
        "organization": program.organization_id,
        "needs_officer": True,
    }
    form = CohortForm(sent(request), initial=start, facility=facility)

    def save(data: dict[str, Any]) -> None:
        data["saved"] = cohorts.save_cohort(by=actor_of(request), program=program, facility=facility, **data)

    if attempt(request, form, save):
        saved = form.cleaned_data["saved"]
        url = reverse("staff:cohort_slots", args=[saved.code])
        return done(request, _("%(name)s is set up. Give it weekly times.") % {"name": saved.name}, url)
    up = reverse("staff:program", args=[program.code])
    return edit(
        request,
        form,
        door="programs",
        title=_("Start a cohort of %(name)s") % {"name": program.name},
        lede=facility.name,
        button=_("Set up this cohort"),
        cancel_url=up,
        crumbs=[home(), Crumb(program.name, up)],
    )


@staff(Permission.MANAGE_PROGRAMS)
def cohort_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a cohort."""
    each = _cohort(request, code)
    start = {name: getattr(each, name) for name in CohortForm.base_fields}
    form = CohortForm(sent(request), initial=start, facility=each.facility)
    if attempt(request, form, lambda data: cohorts.save_cohort(by=actor_of(request), cohort=each, **data)):
        return done(request, _("%(name)s is saved.") % {"name": each.name}, _url(each))
    return edit(
        request,
        form,
        door="programs",
        title=_("Change %(name)s") % {"name": each.name},
        button=_("Save this cohort"),
        cancel_url=_url(each),
        crumbs=[*_crumbs(each), Crumb(each.name, _url(each))],
        remove=(_("End this cohort"), reverse("staff:cohort_finish", args=[each.code])),
    )


@staff(Permission.MANAGE_PROGRAMS)
def cohort_slots(request: HttpRequest, code: str) -> HttpResponse:
    """The weekly times of a cohort."""
    each = _cohort(request, code)
    now = WeeklySlot.objects.filter(cohort=each).order_by("weekday", "starts")
    start = [{"weekday": s.weekday, "starts": s.starts, "ends": s.ends, "room": s.room_id} for s in now]
    form = Refusable(sent(request))
    rows = SlotForms(sent(request), initial=start, prefix="s", form_kwargs={"facility": each.facility})
    drafts: list[cohorts.SlotDraft] = []
    if request.method == "POST" and all([form.is_valid(), rows.is_valid()]):
        filled = [row for row in rows.cleaned_data if row.get("weekday") is not None]
        drafts = [cohorts.SlotDraft(**row) for row in filled]
        if tried(form, lambda: cohorts.save_slots(by=actor_of(request), cohort=each, slots=drafts)):
            return done(request, _("The weekly times are saved. Now make the sessions."), _url(each))
    title = _("Weekly times of %(name)s") % {"name": each.name}
    context = {
        "form": form,
        "formset": rows,
        "title": title,
        "lede": _("Sessions that were already made stay; move or cancel them one by one."),
        "button": _("Save the weekly times"),
        "cancel_url": _url(each),
        "formset_title": _("Weekly times"),
        "formset_lede": _("A row without a day is left out."),
        "crumbs": [*_crumbs(each), Crumb(each.name, _url(each)), Crumb(title)],
    }
    return show(request, "form_rows", "programs", context)


@staff(Permission.MANAGE_SESSIONS)
def cohort_usual(request: HttpRequest, code: str) -> HttpResponse:
    """Who usually leads, and who covers."""
    each = _cohort(request, code)
    usual = list(each.usual_facilitators.order_by("id"))
    start = {
        "leaders": [row.visitor_id for row in usual if not row.cover],
        "covers": [row.visitor_id for row in usual if row.cover],
    }
    cleared = Visitor.objects.filter(
        clearances__facility=each.facility, clearances__status__in=CLEARED, left_on__isnull=True
    ).distinct()
    form = UsualForm(sent(request), initial=start, visitors=cleared.order_by("sort_name", "id"))
    if attempt(request, form, lambda data: cohorts.set_usual(by=actor_of(request), cohort=each, **data)):
        return done(request, _("Sessions made from now on are led by them."), _url(each))
    return edit(
        request,
        form,
        door="programs",
        title=_("Who leads %(name)s") % {"name": each.name},
        button=_("Save who leads"),
        cancel_url=_url(each),
        crumbs=[*_crumbs(each), Crumb(each.name, _url(each))],
    )


@staff(Permission.MANAGE_SESSIONS)
def cohort_make(request: HttpRequest, code: str) -> HttpResponse:
    """Make dated sessions from the weekly times; says what was left out and why."""
    each = _cohort(request, code)
    form = MakeSessionsForm(sent(request), initial={"through": each.ends_on})
    if request.method == "POST" and form.is_valid():
        made: list[cohorts.Made] = []
        through = form.cleaned_data["through"]
        if tried(
            form,
            lambda: made.append(cohorts.make_sessions(by=actor_of(request), cohort=each, through=through)),
        ):
            crumbs = [*_crumbs(each), Crumb(each.name, _url(each)), Crumb(_("Sessions made"))]
            context = {"made": made[0], "cohort": each, "crumbs": crumbs}
            return show(request, "cohort_made", "programs", context)
    return edit(
        request,
        form,
        door="programs",
        title=_("Make the sessions of %(name)s") % {"name": each.name},
        lede=_(
            "From its weekly times, without holidays and closed days. Safe to do again: what is there stays."
        ),
        button=_("Make the sessions"),
        cancel_url=_url(each),
        crumbs=[*_crumbs(each), Crumb(each.name, _url(each))],
    )


@staff(Permission.MANAGE_PROGRAMS)
def cohort_finish(request: HttpRequest, code: str) -> HttpResponse:
    """End a cohort: who completed it, and why it ends."""
    each = _cohort(request, code)
    actor = actor_of(request)
    actor.require(Permission.ENROLL, each.facility_id)
    seated = list(
        Enrollment.objects.filter(cohort=each, status__in=SEATED)
        .select_related("participant")
        .order_by("participant__sort_name", "id")
    )
    note_read(request, [row.participant_id for row in seated], READ)
    today = each.facility.today()
    reasons = policies.leaving(each.facility.jurisdiction, today).data.reasons
    form = FinishForm(
        sent(request),
        initial={"on": min(today, each.ends_on), "reason": "duration_ended"},
        reasons=[(code, str(reason.label)) for code, reason in reasons.items() if code != "completed"],
        people=[(row.code, row.participant.list_name) for row in seated],
    )

    def finish(data: dict[str, Any]) -> None:
        completed = [row for row in seated if row.code in data["completed"]]
        cohorts.finish_cohort(
            by=actor, cohort=each, on=data["on"], completed=completed, reason=data["reason"]
        )

    if attempt(request, form, finish):
        return done(request, _("%(name)s has ended.") % {"name": each.name}, _url(each))
    return edit(
        request,
        form,
        door="programs",
        title=_("End %(name)s") % {"name": each.name},
        lede=ngettext(
            "%(count)d person still has a place.", "%(count)d people still have a place.", len(seated)
        )
        % {"count": len(seated)},
        button=_("End this cohort"),
        danger=True,
        cancel_url=_url(each),
        crumbs=[*_crumbs(each), Crumb(each.name, _url(each))],
    )


@staff(Permission.MANAGE_WAITLIST)
def cohort_seats(request: HttpRequest, code: str) -> HttpResponse:
    """The line for a cohort's seats: who fits, who almost does, and everything that stands against."""
    each = _cohort(request, code)
    line = seat_filling(by=actor_of(request), cohort=each)
    note_read(request, line.people, "release date, needs, place in line")
    only = request.GET.get("show", "")
    rows = [
        row
        for row in line.waiting
        if not only or (only == "fits" and row.fits) or (only == "almost" and row.almost is not None)
    ]
    context = {
        "line": line,
        "cohort": each,
        "rows": rows,
        "only": only,
        "fits": sum(row.fits for row in line.waiting),
        "crumbs": [*_crumbs(each), Crumb(each.name, _url(each)), Crumb(_("Fill seats"))],
    }
    return show(request, "cohort_seats", "programs", context)


@staff(Permission.ENROLL)
def cohort_seat(request: HttpRequest, code: str, person: str) -> HttpResponse:
    """Give one person a seat; everything that stands against it is said before anybody decides."""
    each = _cohort(request, code)
    actor = actor_of(request)
    who = own(actor, Participant.objects.select_related("facility", "unit"), person)
    note_read(request, [who.pk], READ)
    form = SeatForm(sent(request))
    if not actor.can(Permission.OVERRIDE_BOOKING, each.facility_id):
        del form.fields["override"]
    back = reverse("staff:cohort_seats", args=[each.code])
    if attempt(request, form, lambda data: seats.enroll(by=actor, participant=who, cohort=each, **data)):
        words = _("%(name)s has a seat in %(cohort)s.") % {"name": who.name, "cohort": each.name}
        return done(request, words, back)
    context = {
        "cohort": each,
        "who": who,
        "form": form,
        "assessment": seats.assess(by=actor, participant=who, cohort=each),
        "cancel_url": back,
        "crumbs": [
            *_crumbs(each),
            Crumb(each.name, _url(each)),
            Crumb(_("Fill seats"), back),
            Crumb(who.name),
        ],
    }
    return show(request, "cohort_seat", "programs", context)
