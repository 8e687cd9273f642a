"""What fits me, what is missing and how to get it, my place in line; on the screen and on paper; and saying no."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.base.errors import Reason, Refused
from throughgate.programs.actions.appeals import appeal as make_appeal
from throughgate.programs.models import Contested, Program
from throughgate.programs.queries import answer_slips
from throughgate.programs.queries.telling import page
from throughgate.programs.rules.slips import headings, labels
from throughgate.programs.rules.telling import appeal_words, day
from throughgate.www.doors import actor_of, not_found, participant
from throughgate.www.participant.views import me_of


@participant()
def fits(request: HttpRequest) -> HttpResponse:
    """Every program here: what fits, what is missing and how to get it, and where I stand in line."""
    told = page(me_of(request))
    context = {
        "sections": [(kind, heading, told.of(kind)) for kind, heading in headings().items() if told.of(kind)],
        "labels": labels(),
        "appeal_words": appeal_words(),
        "door": "line",
    }
    return render(request, "participant/fits.html", context)


@participant()
@require_POST
def fits_slip(request: HttpRequest) -> HttpResponse:
    """The same on paper, in the language of the page."""
    me = me_of(request)
    paper = answer_slips.render([me], me.facility, language=(get_language() or "en")[:2])
    return HttpResponse(
        paper,
        content_type="application/pdf",
        headers={"Content-Disposition": 'inline; filename="programs.pdf"'},
    )


@participant()
def appeal(request: HttpRequest, code: str) -> HttpResponse:
    """Say that a fact or a rule about me and a program is wrong. Someone has to answer."""
    me = me_of(request)
    program = Program.objects.filter(code=code).first()
    not_found(program is not None)
    assert program is not None
    reasons: tuple[Reason, ...] = ()
    if request.method == "POST":
        about, words = request.POST.get("about", ""), request.POST.get("words", "")
        try:
            made = make_appeal(
                by=actor_of(request), participant=me, program=program, about=about, words=words
            )
        except Refused as refused:
            reasons = refused.reasons
        else:
            said = _("You said it. You get an answer by %(day)s.") % {"day": day(made.due_on)}
            messages.success(request, said)
            return redirect("participant:fits")
    context = {
        "program": program,
        "choices": Contested.choices,
        "chosen": request.POST.get("about", ""),
        "words": request.POST.get("words", ""),
        "reasons": reasons,
        "lines": appeal_words()[2:],
        "door": "line",
    }
    return render(request, "participant/appeal.html", context, status=409 if reasons else 200)
