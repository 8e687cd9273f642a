"""Emergency access to one record, and the review that follows it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access import actions as access_actions
from throughgate.access import queries as access
from throughgate.access.permissions import Permission as P
from throughgate.access.reading import note_read
from throughgate.base import scope
from throughgate.base.codes import clean
from throughgate.base.scope import Audience
from throughgate.base.ui import Crumb
from throughgate.people.models import Participant
from throughgate.www.doors import actor_of, freshly, not_found
from throughgate.www.staff.forms import people as forms
from throughgate.www.staff.person_actions import home
from throughgate.www.staff.shell import attempt, done, edit, found, language_words, sent, show, staff


@staff(P.BREAK_GLASS)
@freshly
def emergency_open(request: HttpRequest, code: str) -> HttpResponse:
    """Open a record of another facility in an emergency: a typed reason, one hour, looked at afterwards."""
    actor = actor_of(request)
    with scope.as_role(Audience.JOB, purpose="emergency: is there such a record"):
        who = Participant.objects.filter(code=clean(code)).only("pk", "code").first()
    not_found(who is not None)
    assert who is not None
    url = reverse("staff:emergency", args=[who.code])
    if access.open_now(actor, who.pk) is not None:
        return _emergency_page(request, who.pk)
    form = forms.EmergencyForm(sent(request))
    if attempt(
        request, form, lambda data: access_actions.open_break_glass(by=actor, participant=who, **data)
    ):
        return done(request, _("The record is open to you for one hour."), url)
    return edit(
        request,
        form,
        door="people",
        title=_("Open a record in an emergency"),
        lede=_("It opens for one hour, for reading. Somebody else reviews it within 72 hours."),
        button=_("Open the record for one hour"),
        danger=True,
        cancel_url=reverse("staff:people"),
        crumbs=[home()],
    )


def _emergency_page(request: HttpRequest, participant_id: int) -> HttpResponse:
    opening: Any = access.open_now(actor_of(request), participant_id)
    note_read(request, [participant_id], f"emergency: {opening.reason}"[:200])
    with scope.as_role(Audience.EMERGENCY, purpose="emergency"):
        who = found(Participant.objects.select_related("facility", "profile"), pk=participant_id)
        context = {
            "who": who,
            "language": language_words(who.language),
            "profile": getattr(who, "profile", None),
            "identifiers": list(who.identifiers.order_by("-primary", "system")),
            "access_needs": list(who.access_needs.order_by("kind")),
            "absences": list(who.absences.order_by("-during")[:5]),
            "needs": list(who.needs.order_by("-as_of")[:10]),
            "calls": list(who.calls.filter(status="called").order_by("-starts_at")[:10]),
            "stays": list(who.stays.select_related("facility").order_by("-during")[:5]),
        }
    crumbs = [home(), Crumb(_("Emergency"))]
    return show(request, "emergency", "people", {**context, "opening": opening, "crumbs": crumbs})


@staff(P.REVIEW_ACCESS)
def reviews(request: HttpRequest) -> HttpResponse:
    """Emergency openings that somebody else has to look at."""
    crumbs = [Crumb(_("Settings"), reverse("staff:settings")), Crumb(_("Access reviews"))]
    rows = access.waiting_for_review(actor_of(request))
    note_read(request, [row.participant_id for row in rows], "emergency access")
    return show(request, "reviews", "settings", {"rows": rows, "crumbs": crumbs})


@staff(P.REVIEW_ACCESS)
def review(request: HttpRequest, code: str) -> HttpResponse:
    """Review one emergency opening."""
    # The colleague may work in another facility, where a reviewer sees no memberships: asked as a whole.
    opening = next((row for row in access.waiting_for_review(actor_of(request)) if row.code == code), None)
    not_found(opening is not None)
    assert opening is not None
    note_read(request, [opening.participant_id], "emergency access")
    form = forms.FindingForm(sent(request))
    url = reverse("staff:reviews")
    actor = actor_of(request)
    if attempt(
        request, form, lambda data: access_actions.review_break_glass(by=actor, opening=opening, **data)
    ):
        return done(request, _("Reviewed."), url)
    return edit(
        request,
        form,
        door="settings",
        title=_("Review an emergency opening"),
        lede=f"{opening.membership.person_name}: {opening.reason}",
        button=_("Record the review"),
        cancel_url=url,
        crumbs=[Crumb(_("Access reviews"), url)],
    )
