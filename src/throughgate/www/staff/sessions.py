"""The page of a dated session: facts, people, attendance in under a minute, and everything one may do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb, Event
from throughgate.places.models import Room
from throughgate.policies import queries as policies
from throughgate.programs.actions import attendance, staffing
from throughgate.programs.actions import sessions as verbs
from throughgate.programs.actions.attendance import Mark
from throughgate.programs.models import Cohort, PrintedList, Session, SessionStatus
from throughgate.programs.queries import lists
from throughgate.programs.queries.cover import can_lead, free_rooms, unmarked
from throughgate.programs.queries.makeups import propose_make_ups
from throughgate.programs.queries.sessions import SessionPage, session_page
from throughgate.programs.rules.lists import Changes
from throughgate.visitors.models import Visitor
from throughgate.www.doors import actor_of, not_found
from throughgate.www.marking import grid, marks_from
from throughgate.www.staff.forms import sessions as forms
from throughgate.www.staff.shell import attempt, done, edit, own, run_now, sent, show, staff, tried


def _session(request: HttpRequest, code: str) -> Session:
    rows = Session.objects.select_related("cohort__program", "facility", "room", "organization")
    return own(actor_of(request), rows, code)


def _url(session: Session) -> str:
    return reverse("staff:session", args=[session.code])


def name_of(session: Session) -> str:
    """What a session is called."""
    return session.title or session.cohort.program.name


def _crumbs(session: Session, *more: Crumb) -> list[Crumb]:
    cohort = reverse("staff:cohort", args=[session.cohort.code])
    return [Crumb(_("Week"), reverse("staff:week")), Crumb(session.cohort.name, cohort), *more]


@staff()
def session(request: HttpRequest, code: str) -> HttpResponse:
    """One session: what it lacks, who leads, who is called, who came."""
    return _page(request, _session(request, code), forms.MarksForm())


def _page(request: HttpRequest, each: Session, form: forms.MarksForm) -> HttpResponse:
    actor = actor_of(request)
    page = session_page(actor, each.code)
    sees_people = actor.can(Permission.VIEW_PEOPLE, each.facility_id)
    if sees_people and any(row.mark for row in page.people):
        note_read(request, page.participant_ids, "attendance")
    begun = each.starts_at.astimezone(each.facility.zone).date() <= each.facility.today()
    can_mark = page.may["mark"] and each.status != SessionStatus.CANCELLED
    marking = can_mark and begun and bool(page.people)
    words = {mark.code: str(mark.label) for mark in page.marks}
    context = {
        "page": page,
        "session": page.session,
        "name": name_of(each),
        "sees_people": sees_people,
        "words": words,
        "roster": [(row, words.get(row.mark, row.mark)) for row in page.people],
        "fixes": _fixes(page),
        "fixes_tone": "late" if page.row.readiness.light == "red" else "wait",
        "form": form,
        "grid": grid(each, request.POST if form.is_bound else None) if marking else None,
        "begun": begun,
        "history": [Event(event.what, event.at, event.who) for event in page.history],
        "reason": _reason(each),
        "paper": _paper(request, each) if marking else None,
        "crumbs": _crumbs(each, Crumb(name_of(each))),
    }
    return show(request, "session", "week", context)


def _paper(request: HttpRequest, each: Session) -> tuple[PrintedList, Changes] | None:
    """The paper roster that came back, by its return code, and what changed since it was printed."""
    printed = PrintedList.objects.filter(code=request.GET.get("paper", ""), session=each).first()
    if printed is None:
        return None
    return printed, lists.changed_since_print(lists.roster(each), printed)


def _fixes(page: SessionPage) -> list[tuple[str, str, str]]:
    return [
        (reason.text, reason.remedy_label, reverse(reason.remedy_url_name, args=reason.args))
        for reason in page.row.readiness.reasons
    ]


def _reason(each: Session) -> str:
    """Why a session was cancelled, as staff say it."""
    reasons = policies.cancellations(each.facility.jurisdiction, each.facility.today()).data.reasons
    return str(reasons[each.reason].label) if each.reason in reasons else each.reason


@staff(Permission.MARK_ATTENDANCE)
@require_POST
def session_attendance(request: HttpRequest, code: str) -> HttpResponse:
    """Record who came, everybody at once; with "rest" everybody without a mark gets that one."""
    each = _session(request, code)
    form = forms.MarksForm(request.POST)
    said: list[attendance.Marked] = []

    def mark() -> None:
        marks = marks_from(request.POST)
        if rest := request.POST.get("rest", ""):
            named = {each.participant for each in marks}
            marks += [Mark(participant=who, code=rest) for who in unmarked(each) if who not in named]
        by, why = actor_of(request), form.cleaned_data["why"]
        said.append(attendance.mark(by=by, session=each, marks=marks, why=why))

    if form.is_valid() and tried(form, mark):
        return done(request, _marked_words(said[0]), _url(each))
    return _page(request, each, form)


def _marked_words(said: attendance.Marked) -> str:
    count = said.new + said.changed
    words = ngettext("%(n)d mark saved.", "%(n)d marks saved.", count) % {"n": count}
    if said.missing:
        words += " " + ngettext(
            "%(n)d person has no mark yet.", "%(n)d people have no mark yet.", said.missing
        ) % {"n": said.missing}
    return words


@staff()
def session_outcome(request: HttpRequest, code: str) -> HttpResponse:
    """Record that a session took place, and for how long."""
    each = _session(request, code)
    form = forms.OutcomeForm(sent(request), initial={"minutes": each.minutes_held})
    if attempt(request, form, lambda data: verbs.hold(by=actor_of(request), session=each, **data)):
        return done(request, _("Recorded that it took place."), _url(each))
    return _form(request, each, form, _("It took place"), _("Record that it took place"))


def _form(
    request: HttpRequest, each: Session, form: Any, title: str, button: str, **more: Any
) -> HttpResponse:
    local = each.starts_at.astimezone(each.facility.zone)
    lede = more.pop("lede", f"{name_of(each)} · {local:%d %b %Y, %H:%M}")
    return edit(
        request,
        form,
        door="week",
        title=title,
        lede=lede,
        button=button,
        cancel_url=_url(each),
        crumbs=_crumbs(each, Crumb(name_of(each), _url(each))),
        **more,
    )


@staff(Permission.MANAGE_SESSIONS)
def session_cancel(request: HttpRequest, code: str) -> HttpResponse:
    """Cancel a session for a reason; everybody concerned is told once."""
    each = _session(request, code)
    reasons = policies.cancellations(each.facility.jurisdiction, each.facility.today()).data.reasons
    form = forms.CancelForm(
        sent(request), reasons=[(code, str(reason.label)) for code, reason in reasons.items()]
    )
    if attempt(request, form, lambda data: verbs.cancel(by=actor_of(request), session=each, **data)):
        return done(request, _("The session is cancelled; those concerned are told."), _url(each))
    told = ngettext(
        "%(n)d person is called. Those who lead it and their organization get a message.",
        "%(n)d people are called. Those who lead it and their organization get a message.",
        each.called,
    )
    return _form(
        request,
        each,
        form,
        _("Cancel this session"),
        _("Cancel this session"),
        danger=True,
        notes=[told % {"n": each.called}],
    )


@staff(Permission.MANAGE_SESSIONS)
def session_undo(request: HttpRequest, code: str) -> HttpResponse:
    """Take a cancellation back while that is possible."""
    each = _session(request, code)
    form = forms.UndoForm(sent(request))
    if not actor_of(request).can(Permission.OVERRIDE_BOOKING, each.facility):
        del form.fields["override"]
    back: list[Any] = []
    if attempt(
        request,
        form,
        lambda data: back.append(verbs.undo_cancel(by=actor_of(request), session=each, **data)),
    ):
        for words in back[0].missing:
            messages.warning(request, words)
        return done(request, _("The session takes place after all."), _url(each))
    return _form(request, each, form, _("It takes place after all"), _("Take the cancellation back"))


@staff(Permission.MANAGE_SESSIONS)
def session_move(request: HttpRequest, code: str) -> HttpResponse:
    """Another time or room."""
    each = _session(request, code)
    free = free_rooms(each, each.starts_at, each.ends_at)
    form = forms.MoveForm(sent(request), initial=forms.begin_at(each), facility=each.facility, free=free)
    if not actor_of(request).can(Permission.OVERRIDE_BOOKING, each.facility):
        del form.fields["override"]

    def move(data: dict[str, Any]) -> None:
        starts, ends = form.moments
        verbs.move(
            by=actor_of(request),
            session=each,
            starts_at=starts,
            ends_at=ends,
            room=data["room"],
            override=data.get("override", ""),
        )

    if attempt(request, form, move):
        return done(request, _("The session has its new time and room."), _url(each))
    return _form(request, each, form, _("Move this session"), _("Move this session"))


def _book(
    request: HttpRequest, form: Any, verb: Callable[[dict[str, Any]], verbs.Scheduled]
) -> HttpResponseRedirect | None:
    """Book a session; say what it still lacks, and go to it. None when it was not sent or refused."""
    made: list[verbs.Scheduled] = []
    if not attempt(request, form, lambda data: made.append(verb(data))):
        return None
    for words in made[0].missing:
        messages.warning(request, words)
    called = ngettext("%(n)d person is called.", "%(n)d people are called.", made[0].called)
    return done(request, _("Booked.") + " " + called % {"n": made[0].called}, _url(made[0].session))


@staff(Permission.MANAGE_SESSIONS)
def session_make_up(request: HttpRequest, code: str) -> HttpResponse:
    """Book a make-up for a session that was lost: one of the best free times, or another."""
    each = _session(request, code)
    form = forms.WhenForm(sent(request), initial=forms.begin_at(each), facility=each.facility)

    def book(data: dict[str, Any]) -> verbs.Scheduled:
        starts, ends = form.moments
        return verbs.book_make_up(
            by=actor_of(request), session=each, starts_at=starts, ends_at=ends, room=data["room"]
        )

    booked = _book(request, form, book)
    if booked:
        return booked
    proposals = propose_make_ups(each)
    rooms = Room.objects.in_bulk([proposal.room for proposal in proposals if proposal.room])
    context = {
        "session": each,
        "name": name_of(each),
        "form": form,
        "proposals": [(proposal, rooms.get(proposal.room or 0)) for proposal in proposals],
        "cancel_url": _url(each),
        "crumbs": _crumbs(each, Crumb(name_of(each), _url(each)), Crumb(_("Book a make-up"))),
    }
    return show(request, "session_make_up", "week", context)


@staff(Permission.MANAGE_SESSIONS)
def session_staffing(request: HttpRequest, code: str) -> HttpResponse:
    """Who leads, who covers, which officer is there."""
    each = _session(request, code)
    page = session_page(actor_of(request), each.code)
    coming = [leader for leader in page.leaders if leader.coming]
    leaders = Visitor.objects.filter(code__in=[leader.code for leader in coming]).order_by("sort_name", "id")
    is_officer = request.POST.get("do") == "officer"
    officer = forms.OfficerForm(sent(request) if is_officer else None, initial={"officer": each.officer})
    lead = forms.LeadForm(None if is_officer else sent(request), visitors=can_lead(each), leaders=leaders)
    by = actor_of(request)
    if is_officer and attempt(
        request, officer, lambda data: staffing.confirm_officer(by=by, session=each, **data)
    ):
        return done(request, _("The officer is confirmed."), _url(each))
    if not is_officer and attempt(
        request, lead, lambda data: staffing.assign_cover(by=by, session=each, **data)
    ):
        words = _("%(name)s comes.") % {"name": lead.cleaned_data["visitor"].name}
        return done(request, words, _url(each))
    context = {
        "leaders": coming,
        "session": each,
        "name": name_of(each),
        "officer_form": officer,
        "lead_form": lead,
        "crumbs": _crumbs(each, Crumb(name_of(each), _url(each)), Crumb(_("Who leads"))),
    }
    return show(request, "session_staffing", "week", context)


@staff(Permission.MANAGE_SESSIONS)
@require_POST
def session_without(request: HttpRequest, code: str, visitor: str) -> HttpResponseRedirect:
    """A visitor does not come to this session after all."""
    each = _session(request, code)
    row = each.facilitators.filter(visitor__code=visitor).select_related("visitor").first()
    not_found(row is not None)
    assert row is not None
    words = _("%(name)s is not expected any more.") % {"name": row.visitor.name}
    return run_now(
        request,
        lambda: staffing.remove_facilitator(by=actor_of(request), session=each, visitor=row.visitor),
        words,
        reverse("staff:session_staffing", args=[each.code]),
    )


@staff(Permission.MANAGE_SESSIONS)
def session_new(request: HttpRequest, code: str) -> HttpResponse:
    """One more session of a cohort, beside its weekly times."""
    cohort = own(
        actor_of(request), Cohort.objects.select_related("facility", "program", "organization"), code
    )
    start = {"day": cohort.facility.today(), "room": cohort.room_id}
    form = forms.SessionForm(sent(request), initial=start, facility=cohort.facility)

    def book(data: dict[str, Any]) -> verbs.Scheduled:
        starts, ends = form.moments
        by, room, title = actor_of(request), data["room"], data["title"]
        return verbs.schedule(by=by, cohort=cohort, starts_at=starts, ends_at=ends, room=room, title=title)

    booked = _book(request, form, book)
    url = reverse("staff:cohort", args=[cohort.code])
    return booked or edit(
        request,
        form,
        door="week",
        title=_("One more session of %(name)s") % {"name": cohort.name},
        button=_("Add this session"),
        cancel_url=url,
        crumbs=[Crumb(cohort.name, url)],
    )
