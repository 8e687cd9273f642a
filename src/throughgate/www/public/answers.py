"""The page of the one who asked: where it stands, what happens next and by when, every message, a place to write."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.base import links
from throughgate.base.errors import Refused
from throughgate.base.links import Closed, Followed
from throughgate.partners.enquiries import actions, queries, rules
from throughgate.partners.enquiries.queries import Standing
from throughgate.partners.models.enquiries import EnquiryStatus
from throughgate.www.doors import by_link
from throughgate.www.entry.follow import closed
from throughgate.www.public.involved import slow_down, too_fast
from throughgate.www.public.steps import Words, read_back


class ReplyForm(forms.Form):
    """Writing back."""

    text = Words(label=gettext_lazy("Your message"), max_length=actions.LONGEST_TEXT)
    file = forms.FileField(
        label=gettext_lazy("A file, if you have one"),
        required=False,
        allow_empty_file=True,
        max_length=500,
        help_text=gettext_lazy("PDF, photo (JPEG or PNG) or plain text, up to 10 MB."),
    )


@links.answers(actions.STATUS_LINK)
def status(request: HttpRequest, link: Followed) -> HttpResponse:
    """Where it stands (GET); write back or take it back (POST)."""
    found = queries.standing(link.subject)
    if found is None:
        return closed(request, Closed("withdrawn"))
    form = ReplyForm()
    if request.method == "POST":
        if too_fast(request):
            return slow_down(request)
        if request.POST.get("do") == "withdraw":
            return _withdraw(request, link, found)
        form = ReplyForm(request.POST, request.FILES)
        if form.is_valid() and _replied(link, found, form):
            messages.success(request, _("We have your message."))
            return HttpResponseRedirect(request.path)
    stands, follows = rules.STANDS[EnquiryStatus(found.enquiry.status)]
    # Somebody held back quietly is told the same day as everybody else would be.
    due = found.enquiry.due_on
    if found.enquiry.status in (EnquiryStatus.HELD, EnquiryStatus.SPAM):
        due = queries.due_day(found.place, found.enquiry.arrived_at.date())
    context = {
        "enquiry": found.enquiry,
        "thread": found.messages,
        "answers": read_back(found.enquiry.kind, _said(found)),
        "stands": stands,
        "follows": follows,
        "due": due,
        "late": rules.overdue(due, queries.today_at(found.place)),
        "form": form,
        "may_withdraw": rules.follows(found.enquiry.status, "withdraw") is not None,
        "until": link.expires_at,
    }
    with timezone.override(found.place.zone if found.place else None):
        return render(request, "public/status.html", context, status=400 if form.errors else 200)


def _said(found: Standing) -> dict[str, object]:
    row = found.enquiry
    own = {"organization_name": row.organization_name, "needs": row.needs}
    return {**row.answers, **own, "facility": row.facility.code if row.facility else ""}


def _replied(link: Followed, found: Standing, form: ReplyForm) -> bool:
    try:
        actions.reply(
            by=by_link(link),
            enquiry=found.enquiry,
            text=form.cleaned_data["text"],
            file=form.cleaned_data["file"] or None,
        )
    except Refused as refused:
        for reason in refused.reasons:
            words = f"{reason.text} {reason.remedy}".strip()
            form.add_error(reason.field if reason.field in form.fields else None, words)
        return False
    return True


def _withdraw(request: HttpRequest, link: Followed, found: Standing) -> HttpResponse:
    try:
        actions.withdraw(by=by_link(link), enquiry=found.enquiry)
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, f"{reason.text} {reason.remedy}".strip())
    else:
        messages.success(request, _("You took it back. Nothing more happens."))
    return HttpResponseRedirect(request.path)
