"""The team: who has which role here, inviting, handing over and ending roles."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.access import actions, queries
from throughgate.access.models import Membership
from throughgate.access.permissions import Permission as P
from throughgate.base import scope
from throughgate.base.scope import Audience
from throughgate.base.ui import Crumb
from throughgate.www.doors import actor_of, freshly
from throughgate.www.staff.forms import team as forms
from throughgate.www.staff.settings import home
from throughgate.www.staff.shell import Refusable, attempt, done, edit, found, here, sent, show, staff, tried


def crumbs(last: str = "") -> list[Crumb]:
    """The way here."""
    if not last:
        return [home(), Crumb(_("Team"))]
    return [home(), Crumb(_("Team"), reverse("staff:team")), Crumb(last)]


@staff()
def team(request: HttpRequest) -> HttpResponse:
    """Who has which role here."""
    people = queries.team(actor_of(request), here(request).pk)
    return show(request, "team", "settings", {"people": people, "crumbs": crumbs()})


@staff(P.MANAGE_ACCESS)
@freshly
def invite(request: HttpRequest) -> HttpResponse:
    """Give somebody a role in this facility, or in the whole agency; they get a mail with a link."""
    actor, place = actor_of(request), here(request)
    form = forms.InviteForm(sent(request), everywhere=queries.works_everywhere(actor))

    def verb(data: dict[str, str]) -> Membership:
        where = {"agency_wide": True} if data.pop("where", "") == "agency" else {"facility": place}
        return actions.invite(by=actor, **data, **where)  # type: ignore[arg-type]

    if attempt(request, form, verb):
        words = _("%(name)s is invited. The mail with the link is on its way.") % form.cleaned_data
        return done(request, words, reverse("staff:team"))
    return edit(
        request,
        form,
        door="settings",
        title=_("Invite somebody"),
        lede=_("To %(place)s. They choose a password by a link that works once.") % {"place": place.name},
        button=_("Send the invitation"),
        cancel_url=reverse("staff:team"),
        crumbs=crumbs(_("Invite somebody")),
    )


def _member(request: HttpRequest, code: str) -> Membership:
    """A role that stands here; for who keeps access, also one of the whole agency."""
    place = here(request).pk
    rows = [each.membership for each in queries.team(actor_of(request), place)]
    with scope.as_role(Audience.JOB, purpose="team"):
        return found(Membership.objects.filter(pk__in=[row.pk for row in rows]), code=code)


@staff(P.MANAGE_ACCESS)
@require_POST
@freshly
def invite_again(request: HttpRequest, code: str) -> HttpResponse:
    """A new link for somebody who has not come in yet."""
    row, form = _member(request, code), Refusable(request.POST)
    if tried(form, lambda: actions.invite_again(by=actor_of(request), membership=row)):
        return done(
            request,
            _("A new link is on its way to %(name)s.") % {"name": row.person_name},
            reverse("staff:team"),
        )
    return edit(
        request,
        form,
        door="settings",
        title=_("Invite again"),
        button=_("Try again"),
        cancel_url=reverse("staff:team"),
        crumbs=crumbs(_("Invite again")),
    )


@staff(P.MANAGE_ACCESS)
@freshly
def end(request: HttpRequest, code: str) -> HttpResponse:
    """Take a role away, from the next click on."""
    row = _member(request, code)
    form = forms.EndForm(sent(request))
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.end_membership(by=by, membership=row, **data)):
        words = _("%(name)s no longer has this role.") % {"name": row.person_name}
        return done(request, words, reverse("staff:team"))
    return edit(
        request,
        form,
        door="settings",
        title=_("End the role of %(name)s") % {"name": row.person_name},
        lede=_("It ends at once. What they wrote and signed stays."),
        button=_("End this role"),
        cancel_url=reverse("staff:team"),
        crumbs=crumbs(row.person_name),
        danger=True,
    )


@staff(P.MANAGE_ACCESS)
@freshly
def hand_over(request: HttpRequest, code: str) -> HttpResponse:
    """Give the role to the one who takes over, and end it for the one who leaves."""
    row = _member(request, code)
    form = forms.HandOverForm(sent(request))
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.hand_over(by=by, membership=row, **data)):
        words = _("%(name)s has the role now.") % form.cleaned_data
        return done(request, words, reverse("staff:team"))
    return edit(
        request,
        form,
        door="settings",
        title=_("Hand over the role of %(name)s") % {"name": row.person_name},
        lede=_("The one who takes over is invited; the other role ends at the same moment."),
        button=_("Hand over"),
        cancel_url=reverse("staff:team"),
        crumbs=crumbs(row.person_name),
    )
