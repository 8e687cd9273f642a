"""Mentoring and tutoring for coordinators: who waits, who is proposed and why, concerns, and how matches go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb
from throughgate.mentoring import actions, queries, words
from throughgate.mentoring.models import Concern, Match, MatchStatus, Wish
from throughgate.people.models import Participant
from throughgate.visitors.models import Visitor
from throughgate.www.doors import actor_of, not_found
from throughgate.www.matching import EndForm, SideForm
from throughgate.www.staff.shell import (
    Refusable,
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


def home() -> Crumb:
    """The way back to the list."""
    return Crumb(gettext_lazy("Mentoring and tutoring"), reverse("staff:mentoring"))


class WishForm(SideForm, Refusable):
    """A participant's wish, written down by staff."""


class StaffEndForm(EndForm, Refusable):
    """The end of a match, written down by staff."""


class SeenForm(Refusable):
    """What was done about a concern."""

    done = forms.CharField(
        label=gettext_lazy("What was done"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


@staff(Permission.MANAGE_VISITORS)
def mentoring(request: HttpRequest) -> HttpResponse:
    """Concerns first, then who waits with whom the engine would choose, then how matches go."""
    actor, facility = actor_of(request), place_of(request).facility
    actor.require(Permission.VIEW_RESTRICTED, facility)
    house = queries.rules_of(facility)
    waiting = [
        (each, words.say([{"code": w.code, "about": w.about} for w in each.pair.why], house, inward=True))
        if each.pair
        else (each, [])
        for each in queries.suggestions(actor, facility)
    ]
    rows = list(queries.matches(facility))
    concerns = list(queries.open_concerns(facility))
    shown = [each.wish.participant_id for each, _why in waiting]
    shown += [each.participant_id for each in rows] + [each.participant_id for each in concerns]
    note_read(request, shown, "mentoring wishes, matches, concerns")
    context = {
        "waiting": waiting,
        "open": [row for row in rows if row.status in {MatchStatus.PROPOSED, MatchStatus.ACTIVE}],
        "past": [row for row in rows if row.status == MatchStatus.ENDED][:20],
        "concerns": concerns,
        "house": house,
        "crumbs": [Crumb(gettext_lazy("Visitors"), reverse("staff:visitors")), Crumb(home().label)],
    }
    return show(request, "mentoring", "visitors", context)


@staff(Permission.MANAGE_VISITORS)
def fitting(request: HttpRequest, code: str) -> HttpResponse:
    """Everybody who fits one participant, the best first, each with its reasons."""
    actor = actor_of(request)
    wish = own(actor, Wish.objects.select_related("participant__facility"), code, "participant__facility")
    note_read(request, [wish.participant_id], "mentoring wish")
    house = queries.rules_of(wish.participant.facility)
    rows = [
        (visitor, words.say([{"code": w.code, "about": w.about} for w in pair.why], house, inward=True))
        for visitor, pair in queries.fitting(actor, wish)
    ]
    context = {"wish": wish, "rows": rows, "crumbs": [home(), Crumb(wish.participant.name)]}
    return show(request, "mentoring_fitting", "visitors", context)


@staff(Permission.MANAGE_VISITORS)
@require_POST
def propose(request: HttpRequest, code: str, visitor: str) -> HttpResponse:
    """Propose a mentor to a participant; both are asked."""
    actor = actor_of(request)
    wish = own(actor, Wish.objects.select_related("participant__facility"), code, "participant__facility")
    who = found(Visitor.objects.all(), code=visitor)
    return run_now(
        request,
        lambda: actions.propose(by=actor, wish=wish, visitor=who),
        _("Proposed. %(name)s has been written to; please ask the participant.") % {"name": who.name},
        reverse("staff:mentoring"),
    )


@staff(Permission.MANAGE_VISITORS)
def match(request: HttpRequest, code: str) -> HttpResponse:
    """One match: its reasons, answers, meetings and concerns."""
    actor = actor_of(request)
    row = own(actor, Match.objects.select_related("visitor", "participant", "facility"), code)
    note_read(request, [row.participant_id], "mentoring match, meetings, concerns")
    context = {
        "match": row,
        "why": words.say(row.reasons, queries.rules_of(row.facility), inward=True),
        "meetings": row.meetings.order_by("-on", "-pk"),
        "concerns": row.concerns.order_by("-recorded_at"),
        "crumbs": [home(), Crumb(row.visitor.name)],
    }
    return show(request, "match", "visitors", context)


@staff(Permission.MANAGE_VISITORS)
@require_POST
def step(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Write down the participant's answer: to the proposal, or to going on after release."""
    actor = actor_of(request)
    row = own(actor, Match.objects.all(), code)
    verbs: dict[str, Any] = {
        "yes": actions.answer,
        "no": actions.answer,
        "go-on": actions.go_on,
        "stop": actions.go_on,
    }
    not_found(verb in verbs)
    return run_now(
        request,
        lambda: verbs[verb](by=actor, match=row, yes=verb in {"yes", "go-on"}),
        _("The answer is written down."),
        reverse("staff:match", args=[code]),
    )


@staff(Permission.MANAGE_VISITORS)
def end(request: HttpRequest, code: str) -> HttpResponse:
    """End a match."""
    row = own(actor_of(request), Match.objects.select_related("visitor", "facility"), code)
    form = StaffEndForm(sent(request), house=queries.rules_of(row.facility))
    url = reverse("staff:match", args=[code])
    if attempt(request, form, lambda data: actions.end(by=actor_of(request), match=row, **data)):
        return done(request, _("The match is ended."), url)
    return edit(
        request,
        form,
        door="visitors",
        title=_("End the match with %(name)s") % {"name": row.visitor.name},
        button=_("End it"),
        cancel_url=url,
        crumbs=[home()],
    )


@staff(Permission.MANAGE_VISITORS)
def concern(request: HttpRequest, code: str) -> HttpResponse:
    """Read a concern, and say what was done."""
    row = own(actor_of(request), Concern.objects.select_related("match__visitor", "participant"), code)
    note_read(request, [row.participant_id], "mentoring concern")
    form = SeenForm(sent(request))
    url = reverse("staff:mentoring")
    if attempt(request, form, lambda data: actions.see_concern(by=actor_of(request), concern=row, **data)):
        return done(request, _("Kept. The one who raised it may be told in person."), url)
    return edit(
        request,
        form,
        door="visitors",
        title=_("Concern of %(name)s") % {"name": row.raised_by},
        lede=_("About the match of %(mentor)s and %(person)s.")
        % {"mentor": row.match.visitor.name, "person": row.participant.name},
        notes=[row.text or _("Nothing was written. Please ask."), *([row.done] if row.done else [])],
        button=_("I have looked at it"),
        cancel_url=url,
        crumbs=[home()],
    )


@staff(Permission.EDIT_PEOPLE)
def wish(request: HttpRequest, code: str) -> HttpResponse:
    """Write down what a participant wishes for."""
    actor = actor_of(request)
    person = own(actor, Participant.objects.select_related("facility"), code)
    note_read(request, [person.pk], "mentoring wish")
    row = Wish.objects.filter(participant=person).exclude(status=Wish.Status.WITHDRAWN).first()
    start = SideForm.start(row) or {"languages": [person.language], "kinds": ["mentor"]}
    form = WishForm(sent(request), initial=start, house=queries.rules_of(person.facility))
    url = reverse("staff:person", args=[code])
    if attempt(request, form, lambda data: actions.save_wish(by=actor, participant=person, **data)):
        return done(request, _("The wish is written down."), url)
    return edit(
        request,
        form,
        door="people",
        title=_("A mentor or tutor for %(name)s") % {"name": person.name},
        button=_("Keep this wish"),
        cancel_url=url,
        crumbs=[Crumb(person.name, url)],
    )
