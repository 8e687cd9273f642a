"""My mentor or tutor: what I wish for, who is proposed to me, whom I meet, and going on after release."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.base.errors import Refused
from throughgate.mentoring import actions, queries, words
from throughgate.mentoring.models import Match, MatchStatus, Wish
from throughgate.people.models import Participant
from throughgate.www.doors import actor_of, not_found, participant
from throughgate.www.matching import EndForm, SideForm


def _me(request: HttpRequest) -> Participant:
    me = (
        Participant.objects.select_related("facility")
        .filter(pk=actor_of(request).participant_id or 0)
        .first()
    )
    not_found(me is not None)
    assert me is not None
    return me


def _match(request: HttpRequest, code: str) -> Match:
    row = (
        Match.objects.select_related("facility")
        .filter(code=code, participant=actor_of(request).participant_id or 0)
        .first()
    )
    not_found(row is not None)
    assert row is not None
    return row


@participant()
def mentor(request: HttpRequest) -> HttpResponse:
    """Whom I meet or could meet, and what I wish for."""
    me = _me(request)
    house = queries.rules_of(me.facility)
    rows = list(
        Match.objects.filter(participant=me).select_related("facility").order_by("-proposed_on", "-pk")
    )
    context = {
        "proposed": [
            (row, words.say(row.reasons, house)) for row in rows if row.status == MatchStatus.PROPOSED
        ],
        "active": [row for row in rows if row.status == MatchStatus.ACTIVE],
        "thanks": [row for row in rows if row.status == MatchStatus.ENDED and row.thanks],
        "wish": Wish.objects.filter(participant=me).exclude(status=Wish.Status.WITHDRAWN).first(),
        "door": "mentor",
    }
    return render(request, "participant/mentor.html", context)


@participant()
def wish(request: HttpRequest) -> HttpResponse:
    """What I wish for."""
    me = _me(request)
    row = Wish.objects.filter(participant=me).exclude(status=Wish.Status.WITHDRAWN).first()
    start = SideForm.start(row) or {"languages": [me.language], "kinds": ["mentor"]}
    form = SideForm(
        request.POST if request.method == "POST" else None, initial=start, house=queries.rules_of(me.facility)
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_wish(by=actor_of(request), participant=me, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused.reasons)
        else:
            messages.success(request, _("Kept. You hear when somebody could go well with you."))
            return redirect("participant:mentor")
    return render(request, "participant/mentor_wish.html", {"form": form, "wish": row, "door": "mentor"})


@participant()
@require_POST
def unwish(request: HttpRequest) -> HttpResponse:
    """I no longer look for anybody."""
    row = Wish.objects.filter(participant=_me(request), status=Wish.Status.OPEN).first()
    not_found(row is not None)
    assert row is not None
    actions.withdraw_wish(by=actor_of(request), wish=row)
    messages.success(request, _("Taken back. You can ask again at any time."))
    return redirect("participant:mentor")


@participant()
@require_POST
def step(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Say yes or no to a proposal, or to going on after release."""
    row = _match(request, code)
    verbs = {"yes": actions.answer, "no": actions.answer, "go-on": actions.go_on, "stop": actions.go_on}
    not_found(verb in verbs)
    verbs[verb](by=actor_of(request), match=row, yes=verb in {"yes", "go-on"})
    messages.success(request, _("Thank you for your answer."))
    return redirect("participant:mentor")


@participant()
def end(request: HttpRequest, code: str) -> HttpResponse:
    """End it well."""
    row = _match(request, code)
    form = EndForm(request.POST if request.method == "POST" else None, house=queries.rules_of(row.facility))
    if request.method == "POST" and form.is_valid():
        try:
            actions.end(by=actor_of(request), match=row, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused.reasons)
        else:
            messages.success(request, _("It is ended. You can ask for somebody else at any time."))
            return redirect("participant:mentor")
    return render(request, "participant/mentor_end.html", {"match": row, "form": form, "door": "mentor"})


@participant()
@require_POST
def worry(request: HttpRequest, code: str) -> HttpResponse:
    """Tell the coordinator that something worries me. They are told at once."""
    actions.raise_concern(
        by=actor_of(request), match=_match(request, code), worry=request.POST.get("worry", "")[:1000]
    )
    messages.success(request, _("The coordinator has been told."))
    return redirect("participant:mentor")
