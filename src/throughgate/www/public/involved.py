"""Get involved: forms in short steps, kept as they are filled, resumed by a link, read back before they are sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from throughgate.base import limits, links, scope
from throughgate.base.errors import Refused
from throughgate.base.links import Closed, Followed
from throughgate.base.scope import Audience
from throughgate.base.ui import Crumb
from throughgate.partners.enquiries import arriving, queries
from throughgate.partners.enquiries.actions import status_path
from throughgate.partners.models import EnquiryDraft
from throughgate.places.models import Facility
from throughgate.programs.queries import public
from throughgate.www.doors import everyone, not_found
from throughgate.www.entry.follow import closed
from throughgate.www.public import search
from throughgate.www.public.steps import JOURNEYS, Journey, Step, free_texts, read_back


@everyone()
def involved(request: HttpRequest) -> HttpResponse:
    """Three ways to help, and whom to ask."""
    context = {"facilities": public.facilities(), "door": "involved", **search.alternates(request)}
    return render(request, "public/involved.html", context)


# No cookie gives these forms any right, so there is nothing another site could borrow: a browser that keeps no
# cookies can send them, and one that was open for days loses nothing.
@csrf_exempt
@everyone()
def begin(request: HttpRequest, kind: str) -> HttpResponse:
    """The first step; once it is sent, everything is kept and goes on at its own link."""
    journey = JOURNEYS.get(kind)
    not_found(journey is not None)
    assert journey is not None
    chosen = request.GET.get("facility", "")[:8]
    if request.method != "POST":
        form = journey.steps[0](initial={"facility": chosen})
        return _step(request, journey, 1, form)
    if too_fast(request):
        return slow_down(request)
    form = journey.steps[0](request.POST)
    if not form.is_valid():
        return _step(request, journey, 1, form)
    answers = {"facility": chosen, **form.answers(), **_trap(form)}
    with scope.as_role(Audience.JOB, purpose="keep an unsent form"):
        _draft, path = arriving.begin(
            kind=kind, answers=answers, language=get_language() or "en", sender=_sender(request)
        )
    return HttpResponseRedirect(f"{path}?step=2")


@links.answers(arriving.DRAFT_LINK)
def fill(request: HttpRequest, link: Followed) -> HttpResponse:
    """The other steps of a form that is kept, saving it for later, reading it back, and sending it."""
    draft = EnquiryDraft.objects.filter(code=link.subject, expires_at__gt=timezone.now()).first()
    if draft is None:
        return closed(request, Closed("expired"))
    journey = JOURNEYS[draft.kind]
    asked = request.GET.get("step", "")
    if request.method == "POST" and too_fast(request):
        return slow_down(request)
    if asked == "later":
        return _later(request, draft)
    number = int(asked) if asked.isdecimal() and len(asked) < 3 else _first_open(journey, draft)
    if number > len(journey.steps) or number < 1:
        return _review(request, journey, draft)
    return _fill(request, journey, draft, number)


def _fill(request: HttpRequest, journey: Journey, draft: EnquiryDraft, number: int) -> HttpResponse:
    if request.method != "POST":
        start = {"language": draft.language, **draft.answers}
        return _step(request, journey, number, journey.steps[number - 1](initial=start), draft)
    form = journey.steps[number - 1](request.POST)
    sound = form.is_valid()
    # What is sound is kept even when something else on the page is not.
    arriving.keep(draft=draft, answers={**form.answers(), **_trap(form)})
    if request.POST.get("do") == "later":
        return HttpResponseRedirect(f"{request.path}?step=later")
    if not sound:
        return _step(request, journey, number, form, draft)
    return HttpResponseRedirect(f"{request.path}?step={number + 1}")


def _step(
    request: HttpRequest, journey: Journey, number: int, form: Step, draft: EnquiryDraft | None = None
) -> HttpResponse:
    context = {
        "journey": journey,
        "form": form,
        "number": number,
        "total": len(journey.steps) + 1,
        "draft": draft,
        "back": f"?step={number - 1}" if number > 1 else "",
        "door": "involved",
        "crumbs": [Crumb(_("Get involved"), reverse("public:involved")), Crumb(journey.title)],
    }
    return render(request, "public/step.html", context, status=400 if form.errors else 200)


class LaterForm(forms.Form):
    """Where to mail the link of an unsent form."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=250,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


def _later(request: HttpRequest, draft: EnquiryDraft) -> HttpResponse:
    form = LaterForm(
        request.POST if request.method == "POST" else None, initial={"email": draft.answers.get("email", "")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            arriving.mail_back(draft=draft, email=form.cleaned_data["email"], path=request.path)
        except Refused as refused:
            for reason in refused.reasons:
                form.add_error("email", f"{reason.text} {reason.remedy}")
        else:
            messages.success(request, _("The link is on its way to you. You can close this page."))
            return HttpResponseRedirect(f"{request.path}?step=later")
    context = {"form": form, "draft": draft, "door": "involved"}
    return render(request, "public/later.html", context, status=400 if form.errors else 200)


def _review(request: HttpRequest, journey: Journey, draft: EnquiryDraft) -> HttpResponse:
    wrong = _first_open(journey, draft)
    if wrong <= len(journey.steps):
        return HttpResponseRedirect(f"{request.path}?step={wrong}")
    if request.method == "POST":
        return HttpResponseRedirect(_send(journey, draft))
    context = {
        "journey": journey,
        "answers": read_back(draft.kind, draft.answers),
        "total": len(journey.steps) + 1,
        "draft": draft,
        "door": "involved",
    }
    return render(request, "public/review.html", context)


def _send(journey: Journey, draft: EnquiryDraft) -> str:
    """Hand the form to the coordinators; returns the path of its page."""
    said: dict[str, Any] = {}
    for step in journey.steps:
        form = step(draft.answers)
        form.is_valid()
        said |= form.answers()
    reach = {name: str(said.pop(name, "") or "") for name in ("name", "email", "phone", "language")}
    facility = Facility.objects.filter(code=said.pop("facility", "") or "", active=True).first()
    enquiry = arriving.arrive(
        kind=draft.kind,
        facility=facility,
        organization_name=str(said.pop("organization_name", "") or ""),
        needs=said.pop("needs", None) or [],
        answers=said,
        free_texts=free_texts(draft.kind, draft.answers),
        sender=draft.sender,
        seconds=(timezone.now() - draft.recorded_at).total_seconds(),
        trap=bool(draft.answers.get("trap")),
        **reach,
    )
    arriving.discard(draft)
    return status_path(enquiry)


def _first_open(journey: Journey, draft: EnquiryDraft) -> int:
    """The first step that is not complete; one past the last when all are."""
    for number, step in enumerate(journey.steps, start=1):
        if not step(draft.answers).is_valid():
            return number
    return len(journey.steps) + 1


def _trap(form: Step) -> dict[str, Any]:
    return {"trap": True} if form.data.get("company_fax") else {}


def _sender(request: HttpRequest) -> str:
    return limits.fingerprint(limits.address_of(request))


def too_fast(request: HttpRequest) -> bool:
    """Whether more forms come from this address than people can send."""
    most = queries.rules_for(queries.place_for(None)).posts_a_minute
    return not limits.allow("form", limits.address_of(request), most=most, seconds=60)


def slow_down(request: HttpRequest) -> HttpResponse:
    """A clear no to a flood; what is typed stays in the browser."""
    return render(request, "public/slow_down.html", {"door": "involved"}, status=429)
