"""Places in line and places in cohorts: decide, withdraw, pause, leave a time out, end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb
from throughgate.policies import queries as policies
from throughgate.programs.actions import line as verbs
from throughgate.programs.actions import moves, seats
from throughgate.programs.models import Continuation, Enrollment, Program, WaitlistEntry, WeeklySlot
from throughgate.programs.queries import line as queries
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms.line import ContinueForm, EndForm, PauseForm, StepForm
from throughgate.www.staff.programs import home
from throughgate.www.staff.settings import key_of
from throughgate.www.staff.shell import (
    attempt,
    done,
    edit,
    found,
    here,
    own,
    run_now,
    sent,
    show,
    staff,
)

# Steps with a place in line that ask for a reason: title, button, whether the reason is needed, the verb.
STEPS: dict[str, tuple[Any, Any, bool, Callable[..., Any]]] = {
    "decline": (gettext_lazy("Decline the request"), gettext_lazy("Decline"), True, verbs.decline),
    "withdraw": (
        gettext_lazy("The person no longer wants it"),
        gettext_lazy("Withdraw the request"),
        False,
        verbs.withdraw,
    ),
    "remove": (gettext_lazy("Take out of the line"), gettext_lazy("Take out"), True, verbs.remove),
    "put-back": (gettext_lazy("Put back in line"), gettext_lazy("Put back"), True, verbs.put_back),
}
AT_ONCE: dict[str, tuple[Any, Callable[..., Any]]] = {
    "approve": (gettext_lazy("%(name)s stands in line."), verbs.approve),
    "reconfirm": (gettext_lazy("%(name)s still wants the place, as of today."), verbs.reconfirm),
}


@staff(Permission.MANAGE_WAITLIST)
def line(request: HttpRequest, code: str) -> HttpResponse:
    """Everybody in line for a program here: to decide, in line, asleep."""
    program = found(Program.objects, code=code)
    facility = here(request)
    whole = queries.line(by=actor_of(request), program=program, facility=facility)
    note_read(request, whole.people, "release date, needs, place in line")
    context = {
        "line": whole,
        "program": program,
        "usual": queries.usual_wait(program, facility),
        "crumbs": [
            home(),
            Crumb(program.name, reverse("staff:program", args=[code])),
            Crumb(_("The line")),
        ],
    }
    return show(request, "line", "programs", context)


def _entry(request: HttpRequest, code: str) -> WaitlistEntry:
    rows = WaitlistEntry.objects.select_related("participant__facility", "program")
    return own(actor_of(request), rows, code, "participant__facility")


def _line_url(entry: WaitlistEntry) -> str:
    return reverse("staff:line", args=[entry.program.code])


@staff(Permission.MANAGE_WAITLIST)
def entry(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """One step with a place in line that needs words for the person."""
    not_found(step in STEPS)
    each = _entry(request, code)
    note_read(request, [each.participant_id], "place in line")
    title, button, needed, verb = STEPS[step]
    form = StepForm(sent(request), needed=needed)
    if attempt(request, form, lambda data: verb(by=actor_of(request), entry=each, **data)):
        return done(request, _("Saved."), _line_url(each))
    return edit(
        request,
        form,
        door="programs",
        title=title,
        lede=f"{each.participant.name} · {each.program.name}",
        button=button,
        cancel_url=_line_url(each),
        crumbs=[home(), Crumb(each.program.name, _line_url(each))],
    )


@staff(Permission.MANAGE_WAITLIST)
@require_POST
def entry_now(request: HttpRequest, code: str, step: str) -> HttpResponseRedirect:
    """One step with a place in line that needs no words."""
    not_found(step in AT_ONCE)
    each = _entry(request, code)
    words, verb = AT_ONCE[step]
    said = words % {"name": each.participant.name}
    return run_now(request, lambda: verb(by=actor_of(request), entry=each), said, _line_url(each))


def _seat(request: HttpRequest, code: str) -> Enrollment:
    rows = Enrollment.objects.select_related("participant", "cohort__facility", "cohort__program")
    return own(actor_of(request), rows, code, "cohort__facility")


def _reasons(seat: Enrollment) -> list[tuple[str, str]]:
    facility = seat.cohort.facility
    reasons = policies.leaving(facility.jurisdiction, facility.today()).data.reasons
    return [(code, str(reason.label)) for code, reason in reasons.items()]


@staff(Permission.ENROLL)
def place(request: HttpRequest, code: str) -> HttpResponse:
    """A person's place: pause it, leave single times out, end it."""
    seat = _seat(request, code)
    note_read(request, [seat.participant_id], "places")
    today = seat.cohort.facility.today()
    end = EndForm(None, initial={"on": today}, reasons=_reasons(seat))
    return _place_page(request, seat, end, PauseForm(None, initial={"start": today}))


def _place_page(request: HttpRequest, seat: Enrollment, end: EndForm, pause: PauseForm) -> HttpResponse:
    today = seat.cohort.facility.today()
    pauses = [p for p in seat.suspensions.filter(during__endswith__gt=today).order_by("during")]
    pauses += list(seat.suspensions.filter(during__endswith__isnull=True).order_by("during"))
    left_out = {(e.weekday, e.starts): e.reason for e in seat.exclusions.order_by("id")}
    slots: list[Any] = list(WeeklySlot.objects.filter(cohort=seat.cohort).order_by("weekday", "starts"))
    for slot in slots:
        slot.left_out, slot.key = left_out.get((slot.weekday, slot.starts), ""), key_of(slot)
    person = reverse("staff:person", args=[seat.participant.code])
    context = {
        "seat": seat,
        "end_words": dict(_reasons(seat)).get(seat.end_reason, seat.end_reason),
        "end_form": end,
        "pause_form": pause,
        "pauses": pauses,
        "slots": slots,
        **{f"{name}_url": reverse(f"staff:place_{name}", args=[seat.code]) for name in _DOINGS},
        "crumbs": [
            home(),
            Crumb(seat.cohort.name, reverse("staff:cohort", args=[seat.cohort.code])),
            Crumb(seat.participant.name, person),
            Crumb(_("Place")),
        ],
    }
    return show(request, "place", "programs", context)


_DOINGS = ("end", "pause", "resume", "slot")


def _url(seat: Enrollment) -> str:
    return reverse("staff:place", args=[seat.code])


@staff(Permission.ENROLL)
def place_end(request: HttpRequest, code: str) -> HttpResponse:
    """End a place."""
    seat = _seat(request, code)
    note_read(request, [seat.participant_id], "places")
    form = EndForm(sent(request), reasons=_reasons(seat))
    if attempt(
        request, form, lambda data: seats.end_enrollment(by=actor_of(request), enrollment=seat, **data)
    ):
        words = _("%(name)s's place has ended.") % {"name": seat.participant.name}
        return done(request, words, reverse("staff:cohort", args=[seat.cohort.code]))
    return _place_page(request, seat, form, PauseForm())


@staff(Permission.ENROLL)
def place_pause(request: HttpRequest, code: str) -> HttpResponse:
    """Pause a place."""
    seat = _seat(request, code)
    note_read(request, [seat.participant_id], "places")
    form = PauseForm(sent(request))
    if attempt(request, form, lambda data: seats.suspend(by=actor_of(request), enrollment=seat, **data)):
        return done(request, _("The place is paused. The seat stays."), _url(seat))
    return _place_page(request, seat, EndForm(reasons=_reasons(seat)), form)


@staff(Permission.ENROLL)
@require_POST
def place_resume(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """End a pause as of today."""
    seat = _seat(request, code)
    words = _("The pause has ended; the person is called again.")
    return run_now(request, lambda: seats.resume(by=actor_of(request), enrollment=seat), words, _url(seat))


@staff(Permission.ENROLL)
@require_POST
def place_slot(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Leave one weekly time out for this person, or call them to it again."""
    seat = _seat(request, code)
    slots = WeeklySlot.objects.filter(cohort=seat.cohort).order_by("id")
    slot = next((each for each in slots if key_of(each) == request.POST.get("slot")), None)
    not_found(slot is not None)
    assert slot is not None
    by, back_in = actor_of(request), "back_in" in request.POST
    reason = request.POST.get("reason", "")
    if back_in:
        return run_now(
            request,
            lambda: seats.include_slot(by=by, enrollment=seat, slot=slot),
            _("The person is called to this time again."),
            _url(seat),
        )
    return run_now(
        request,
        lambda: seats.exclude_slot(by=by, enrollment=seat, slot=slot, reason=reason),
        _("This time is left out."),
        _url(seat),
    )


@staff(Permission.ENROLL)
def carried(request: HttpRequest, code: str) -> HttpResponse:
    """Decide what becomes of something that came along from another facility."""
    rows = Continuation.objects.select_related("participant", "program", "to_facility", "from_facility")
    each = own(actor_of(request), rows, code, "to_facility")
    note_read(request, [each.participant_id], "places")
    form = ContinueForm(sent(request), program=each.program, facility=each.to_facility)
    url = reverse("staff:person", args=[each.participant.code])
    if attempt(
        request, form, lambda data: moves.continue_place(by=actor_of(request), continuation=each, **data)
    ):
        return done(request, _("Decided."), url)
    return edit(
        request,
        form,
        door="people",
        title=_("Go on with %(name)s?") % {"name": each.program.name},
        lede=_("%(person)s brought from %(facility)s: %(detail)s")
        % {
            "person": each.participant.name,
            "facility": each.from_facility.name,
            "detail": each.detail,
        },
        button=_("Decide"),
        cancel_url=url,
        crumbs=[Crumb(each.participant.name, url)],
    )
