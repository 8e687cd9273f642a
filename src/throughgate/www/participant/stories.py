"""My story: read every word, say yes, take it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.stories import actions, rules
from throughgate.stories.models import Story
from throughgate.www.doors import actor_of, not_found, participant


@participant()
def stories(request: HttpRequest) -> HttpResponse:
    """What was written down with me, and whether it is public."""
    rows = Story.objects.filter(participant=actor_of(request).participant_id or 0).select_related(
        "participant"
    )
    shown = [
        (row, rules.shown_name(row.naming, actions.known_of(row.participant), row.own_name))
        for row in rows.order_by("-recorded_at", "-pk")
    ]
    return render(request, "participant/stories.html", {"stories": shown, "door": "sharing"})


@participant()
@require_POST
def story_step(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Yes to every word, or take it back."""
    row = Story.objects.filter(code=code, participant=actor_of(request).participant_id or 0).first()
    not_found(row is not None and verb in {"yes", "back"})
    assert row is not None
    if verb == "yes":
        actions.agree(by=actor_of(request), story=row)
        messages.success(request, _("You said yes. Your coordinator can publish it; you can take it back."))
    else:
        actions.take_down(by=actor_of(request), story=row)
        messages.success(request, _("Taken back. Nobody can read it any more."))
    return redirect("participant:stories")
