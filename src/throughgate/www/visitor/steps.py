"""What a visitor does about their own steps: agree, tell, name references, book a date, declare a tie, renew, leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.base.codes import clean
from throughgate.base.ui import Confirmation
from throughgate.visitors import actions, journeys, rules
from throughgate.visitors.models import Clearance, Reference, Step, TrainingDate, TrainingSeat, Visitor
from throughgate.visitors.steps import requirement_of
from throughgate.www.doors import actor_of, not_found, visitor
from throughgate.www.staff.shell import Refusable, attempt, found, run_now, sent
from throughgate.www.visitor import forms


def me(request: HttpRequest) -> Visitor:
    """The visitor who is signed in, or 404."""
    return found(Visitor.objects, pk=actor_of(request).visitor_id or 0)


def _back() -> str:
    return reverse("visitor:requirements")


@visitor()
def requirements(request: HttpRequest) -> HttpResponse:
    """Every step, facility by facility, with what I can do now."""
    who = me(request)
    mine = journeys.mine(who)
    open_now = [each for each in mine if each.clearance.status in rules.OPEN]
    return render(
        request,
        "visitor/requirements.html",
        {
            "me": who,
            "journeys": mine,
            "dates": journeys.bookable(who, open_now),
            "conflicts": who.conflicts.select_related("facility").order_by("-pk"),
            "door": "requirements",
        },
    )


def _step(request: HttpRequest, code: str) -> Step:
    rows = Step.objects.filter(clearance__visitor=actor_of(request).visitor_id or 0)
    return found(rows.select_related("clearance__facility", "clearance__visitor"), code=clean(code))


def _form(
    request: HttpRequest,
    form: Refusable,
    verb: Callable[[dict[str, Any]], Any],
    *,
    title: str,
    button: str,
    words: str,
    lede: str = "",
) -> HttpResponse:
    """One form of a visitor: run its verb, say what happened, and go back to the steps."""
    if attempt(request, form, verb):
        messages.success(request, words)
        return HttpResponseRedirect(_back())
    context = {
        "form": form,
        "title": title,
        "button": button,
        "lede": lede,
        "door": "requirements",
        "back": _back(),
    }
    return render(request, "visitor/form.html", context)


@visitor()
def step(request: HttpRequest, code: str) -> HttpResponse:
    """Agree to something, or say since when it is there."""
    row, by = _step(request, code), actor_of(request)
    asked = requirement_of(row)
    title = str(asked.label)
    lede = str(asked.help or "")
    if asked.proof == "agree":
        return _form(
            request,
            Refusable(sent(request)),
            lambda data: actions.claim_step(by=by, step=row),
            title=title,
            lede=lede,
            button=_("I have read it and agree"),
            words=_("Thank you. This step is done."),
        )
    not_found(asked.proof == "seen")
    form = forms.ClaimForm(sent(request), initial={"on": row.clearance.facility.today()})
    return _form(
        request,
        form,
        lambda data: actions.claim_step(by=by, step=row, on=data["on"]),
        title=title,
        lede=lede,
        button=_("I have it"),
        words=_("Noted. It is done once the facility has seen it."),
    )


@visitor()
def references(request: HttpRequest, code: str) -> HttpResponse:
    """Name somebody; they are asked by e-mail."""
    row, by = _step(request, code), actor_of(request)
    not_found(requirement_of(row).proof == "reference")
    return _form(
        request,
        forms.ReferenceForm(sent(request)),
        lambda data: actions.name_reference(by=by, step=row, **data),
        title=_("Name a reference"),
        lede=_("We write to them today. What they answer is read by the facility only, not by you."),
        button=_("Ask them"),
        words=_("They are asked by e-mail."),
    )


@visitor()
@require_POST
def reference_now(request: HttpRequest, code: str, act: str) -> HttpResponseRedirect:
    """Ask a reference again, or take one back."""
    by = actor_of(request)
    rows = Reference.objects.filter(step__clearance__visitor=by.visitor_id or 0)
    row = found(rows.select_related("step__clearance"), code=clean(code))
    not_found(act in ("again", "withdraw"))
    if act == "again":
        verb: Callable[[], Any] = lambda: actions.ask_again(by=by, reference=row)  # noqa: E731
    else:
        verb = lambda: actions.withdraw_reference(by=by, reference=row)  # noqa: E731
    words = _("They are asked again.") if act == "again" else _("Taken back. Name somebody else.")
    return run_now(request, verb, words, _back())


@visitor()
@require_POST
def training_book(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Take a seat on a date."""
    row = found(TrainingDate.objects.select_related("facility"), code=clean(code))
    who = me(request)
    return run_now(
        request,
        lambda: actions.book_training(by=actor_of(request), training=row, visitor=who),
        _("You have a seat. We wrote you the place and time."),
        _back(),
    )


@visitor()
@require_POST
def training_cancel(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Give a seat back."""
    rows = TrainingSeat.objects.filter(visitor=actor_of(request).visitor_id or 0)
    seat = found(rows.select_related("training"), code=clean(code))
    return run_now(
        request,
        lambda: actions.cancel_seat(by=actor_of(request), seat=seat),
        _("Your seat is free for somebody else."),
        _back(),
    )


@visitor()
def conflict(request: HttpRequest) -> HttpResponse:
    """Declare a tie to somebody inside."""
    who, by = me(request), actor_of(request)
    return _form(
        request,
        forms.TieForm(sent(request)),
        lambda data: actions.declare_conflict(by=by, visitor=who, **data),
        title=_("Declare a tie"),
        lede=_(
            "Family, a close friend, somebody you write to or visit. Telling us keeps both of you safe; most ties "
            "only mean that you are not in the same session."
        ),
        button=_("Declare it"),
        words=_("Thank you. The facility looks at it and you see here what follows."),
    )


@visitor()
def another(request: HttpRequest) -> HttpResponse:
    """Apply at a further facility; what was shown already counts."""
    who, by = me(request), actor_of(request)
    taken = {each.clearance.facility_id for each in journeys.mine(who) if each.clearance.status in rules.OPEN}
    return _form(
        request,
        forms.AnotherForm(sent(request), taken=taken),
        lambda data: actions.ask_for_facility(by=by, visitor=who, facility=data["facility"]),
        title=_("Come to another facility"),
        lede=_(
            "Each facility decides for itself. What you have shown already counts there too where its rules say so."
        ),
        button=_("Apply there"),
        words=_("You have applied. The steps of that facility are below."),
    )


@visitor()
@require_POST
def renew(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Ask for the next period of a clearance."""
    rows = Clearance.objects.filter(visitor=actor_of(request).visitor_id or 0)
    row = found(rows.select_related("facility"), code=clean(code))
    return run_now(
        request,
        lambda: actions.ask_for_renewal(by=actor_of(request), clearance=row),
        _("You have asked for renewal. Finish the steps that run out, and the facility decides."),
        _back(),
    )


@visitor()
def leave(request: HttpRequest) -> HttpResponse:
    """Say that I no longer come."""
    who, by = me(request), actor_of(request)
    if request.method == "POST":
        return run_now(
            request,
            lambda: actions.leave(by=by, visitor=who),
            _("Thank you for everything. Your hours stay here for you."),
            reverse("visitor:hours"),
        )
    question = Confirmation(
        title=_("I no longer come"),
        consequences=[
            _("From today you are on no gate list."),
            _("Your seats on training dates are given back."),
            _("The coordinator sees for which sessions somebody else is needed."),
            _("Your hours letter stays here."),
        ],
        button=_("Say that I no longer come"),
        cancel_url=_back(),
        layout="layouts/visitor.html",
    )
    return render(request, "patterns/confirm.html", {"confirmation": question, "door": "requirements"})
