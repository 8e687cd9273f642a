"""A mentor's or tutor's own pages: what I offer, proposals, whom I meet, meetings, ending well, my hours letter."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.access.reading import note_read
from throughgate.base import pdf
from throughgate.base.errors import Refused
from throughgate.base.templatetags.when import day as day_words
from throughgate.base.templatetags.when import hours as hours_words
from throughgate.mentoring import actions, queries, words
from throughgate.mentoring.models import Match, MatchStatus, MentorProfile
from throughgate.visitors.models import Visitor
from throughgate.www.doors import actor_of, not_found, visitor
from throughgate.www.matching import EndForm, MeetingForm, OfferForm

YEAR = dt.timedelta(days=365)


def _me(request: HttpRequest) -> Visitor:
    me = Visitor.objects.filter(pk=actor_of(request).visitor_id or 0).first()
    not_found(me is not None)
    assert me is not None
    return me


def _match(request: HttpRequest, code: str) -> Match:
    row = (
        Match.objects.select_related("facility", "visitor")
        .filter(code=code, visitor=actor_of(request).visitor_id or 0)
        .first()
    )
    not_found(row is not None)
    assert row is not None
    note_read(request, [row.participant_id], "mentoring match")
    return row


@visitor()
def matches(request: HttpRequest) -> HttpResponse:
    """Whom I meet, who is proposed to me, and what I offer."""
    me = _me(request)
    rows = list(
        Match.objects.filter(visitor=me)
        .select_related("facility")
        .annotate(minutes=Sum("meetings__minutes"))
        .order_by("-proposed_on", "-pk")
    )
    note_read(request, [row.participant_id for row in rows], "mentoring matches")
    context = {
        "proposed": [row for row in rows if row.status == MatchStatus.PROPOSED],
        "active": [row for row in rows if row.status == MatchStatus.ACTIVE],
        "past": [row for row in rows if row.status == MatchStatus.ENDED],
        "offer": MentorProfile.objects.filter(visitor=me).first(),
        "given": queries.hours(me.pk, timezone.localdate() - YEAR, timezone.localdate()),
        "door": "hours",
    }
    return render(request, "visitor/matches.html", context)


@visitor()
def offer(request: HttpRequest) -> HttpResponse:
    """What I offer as a mentor or tutor."""
    me, house = _me(request), queries.house_rules()
    row = MentorProfile.objects.filter(visitor=me).first()
    start = OfferForm.start(row) or {"languages": [me.language], "kinds": ["mentor"], "open": True}
    form = OfferForm(request.POST if request.method == "POST" else None, initial=start, house=house)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_offer(by=actor_of(request), visitor=me, house=house, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused.reasons)
        else:
            messages.success(request, _("Kept. We write to you when somebody could go well with you."))
            return redirect("visitor:matches")
    return render(request, "visitor/offer.html", {"form": form, "door": "hours"})


@visitor()
def match(request: HttpRequest, code: str) -> HttpResponse:
    """One match: why, my answer, our meetings, and a meeting to write down in three taps."""
    row = _match(request, code)
    form = MeetingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.log_meeting(by=actor_of(request), match=row, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused.reasons)
        else:
            messages.success(request, _("Written down. Thank you."))
            return redirect("visitor:match", code=code)
    context = {
        "match": row,
        "why": words.say(row.reasons, queries.rules_of(row.facility)),
        "meetings": row.meetings.order_by("-on", "-pk"),
        "form": form,
        "door": "hours",
    }
    return render(request, "visitor/match.html", context)


@visitor()
@require_POST
def step(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Say yes or no to a proposal, or to going on after release."""
    row = _match(request, code)
    verbs = {"yes": actions.answer, "no": actions.answer, "go-on": actions.go_on, "stop": actions.go_on}
    not_found(verb in verbs)
    verbs[verb](by=actor_of(request), match=row, yes=verb in {"yes", "go-on"})
    messages.success(request, _("Thank you for your answer."))
    return redirect("visitor:matches")


@visitor()
def end(request: HttpRequest, code: str) -> HttpResponse:
    """End it well: why, a last meeting, a word of thanks."""
    row = _match(request, code)
    form = EndForm(request.POST if request.method == "POST" else None, house=queries.rules_of(row.facility))
    if request.method == "POST" and form.is_valid():
        try:
            actions.end(by=actor_of(request), match=row, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused.reasons)
        else:
            messages.success(request, _("It is ended. Thank you for all you gave."))
            return redirect("visitor:matches")
    return render(request, "visitor/match_end.html", {"match": row, "form": form, "door": "hours"})


@visitor()
def letter(request: HttpRequest) -> HttpResponse:
    """A letter about the hours I gave as a mentor or tutor in the last year. It names nobody else."""
    me, today = _me(request), timezone.localdate()
    given = queries.hours(me.pk, today - YEAR, today)
    paper = pdf.render(
        "letter",
        {
            "title": _("Hours given"),
            "facility": me.organization.name if me.organization else "",
            "date": today,
            "recipient": [me.name],
            "body": letter_words(me.name, given, today - YEAR, today),
        },
        lang=(get_language() or "en").split("-", maxsplit=1)[0],
    )
    return HttpResponse(
        paper, content_type="application/pdf", headers={"Content-Disposition": 'inline; filename="hours.pdf"'}
    )


def letter_words(name: str, given: queries.Hours, start: dt.date, until: dt.date) -> list[str]:
    """The sentences of the letter."""
    facts = {
        "name": name,
        "hours": hours_words(given.minutes),
        "meetings": given.meetings,
        "people": given.people,
        "start": day_words(start),
        "until": day_words(until),
    }
    return [
        _("%(name)s gave %(hours)s as a mentor or tutor between %(start)s and %(until)s.") % facts,
        _("These were %(meetings)s meetings with %(people)s people, as they were written down at the time.")
        % facts,
        _("Time on the way is not counted. Thank you."),
    ]
