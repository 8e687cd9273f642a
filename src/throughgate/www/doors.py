"""Guards of pages, and the doors each audience has (the map of LOOK)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.links import Followed
from throughgate.base.scope import Audience
from throughgate.base.ui import NavItem

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


# A form that was opened with a fresh sign-in may be sent a while later, so that nothing typed is lost.
TO_SEND_SECONDS = 15 * 60


def freshly(view: View[P]) -> View[P]:
    """Only for who has signed in, or proved it again, within the last minutes: acts that give or take rights."""

    @wraps(view)
    def fresh(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.session.get("persona") and settings.DEMO:
            return view(request, *args, **kwargs)
        records = request.session.get("account_authentication_methods", [])
        last = max((float(record.get("at", 0)) for record in records), default=0.0)
        allowed = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + (
            TO_SEND_SECONDS if request.method == "POST" else 0
        )
        if time.time() - last < allowed:
            return view(request, *args, **kwargs)
        back = (
            request.get_full_path() if request.method == "GET" else request.headers.get("Referer", "/start/")
        )
        return redirect_to_login(urlsplit(back).path, reverse("account_reauthenticate"))

    return fresh  # type: ignore[return-value]


def actor_of(request: HttpRequest) -> Actor:
    """The one who asks, as the middleware found out."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def by_link(link: Followed) -> Actor:
    """The one who follows a no-account link: the system acting for the name that the link was offered to."""
    return replace(Actor.system(f"link {link.purpose}"), name=str(link.data.get("name") or _("by link")))


def page(*audiences: Audience, permission: Permission | None = None) -> Callable[[View[P]], View[P]]:
    """Guard a view: only these audiences find it, and only with the permission they get in.

    Someone who has not signed in is asked to; for another audience the page does not exist.
    """

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            actor = actor_of(request)
            if Audience.PUBLIC not in audiences and not actor.signed_in:
                return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
            if actor.audience not in audiences and Audience.PUBLIC not in audiences:
                raise Http404
            if permission is not None:
                actor.require(permission)
            return view(request, *args, **kwargs)

        guarded.audiences = audiences  # type: ignore[attr-defined]
        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard


def staff(permission: Permission | None = None) -> Callable[[View[P]], View[P]]:
    """A page for members of staff."""
    return page(Audience.STAFF, permission=permission)


def partner(permission: Permission | None = None) -> Callable[[View[P]], View[P]]:
    """A page for partner organizations."""
    return page(Audience.PARTNER, permission=permission)


def visitor() -> Callable[[View[P]], View[P]]:
    """A page for visitors: volunteers, mentors, tutors, facilitators."""
    return page(Audience.VISITOR, Audience.PARTNER)


def participant() -> Callable[[View[P]], View[P]]:
    """A page for participants."""
    return page(Audience.PARTICIPANT)


def everyone() -> Callable[[View[P]], View[P]]:
    """A public page."""
    return page(Audience.PUBLIC)


DOORS: dict[Audience, tuple[tuple[str, Any, str, Permission | None], ...]] = {
    Audience.STAFF: (
        ("today", gettext_lazy("Today"), "staff:today", None),
        ("week", gettext_lazy("Week"), "staff:week", None),
        ("people", gettext_lazy("People"), "staff:people", Permission.VIEW_PEOPLE),
        ("programs", gettext_lazy("Programs"), "staff:programs", None),
        ("partners", gettext_lazy("Partners"), "staff:partners", None),
        ("visitors", gettext_lazy("Visitors"), "staff:visitors", Permission.VIEW_GATE_LIST),
        ("outcomes", gettext_lazy("Outcomes"), "staff:outcomes", Permission.VIEW_REPORTS),
        ("settings", gettext_lazy("Settings"), "staff:settings", None),
    ),
    Audience.PARTNER: (
        ("today", gettext_lazy("Today"), "partner:today", None),
        ("sessions", gettext_lazy("Sessions"), "partner:sessions", None),
        ("participants", gettext_lazy("Participants"), "partner:participants", None),
        ("offers", gettext_lazy("Offers"), "partner:offers", None),
        ("team", gettext_lazy("Team"), "partner:team", None),
        ("agreements", gettext_lazy("Agreements"), "partner:agreements", None),
        ("results", gettext_lazy("Results"), "partner:results", None),
        ("letters", gettext_lazy("Messages"), "partner:threads", None),
        ("organization", gettext_lazy("Our organization"), "partner:organization", None),
    ),
    Audience.VISITOR: (
        ("home", gettext_lazy("Home"), "visitor:home", None),
        ("visits", gettext_lazy("Visits"), "visitor:visits", None),
        ("requirements", gettext_lazy("Requirements"), "visitor:requirements", None),
        ("hours", gettext_lazy("Matches and hours"), "visitor:hours", None),
    ),
    Audience.PARTICIPANT: (
        ("week", gettext_lazy("My week"), "participant:week", None),
        ("line", gettext_lazy("Programs and my place in line"), "participant:line", None),
        ("goals", gettext_lazy("My goals"), "participant:goals", None),
        ("mentor", gettext_lazy("My mentor or tutor"), "participant:mentor", None),
        ("papers", gettext_lazy("My papers"), "participant:papers", None),
        ("sharing", gettext_lazy("Who sees what"), "participant:sharing", None),
        ("ask", gettext_lazy("Ask"), "participant:ask", None),
    ),
    Audience.AUDITOR: (
        ("audit", gettext_lazy("Audit trail"), "audit:trail", None),
        ("seats", gettext_lazy("Decisions about seats"), "audit:seats", None),
        ("studies", gettext_lazy("Studies"), "audit:studies", None),
    ),
    Audience.PUBLIC: (
        ("home", gettext_lazy("Home"), "public:home", None),
        ("runs", gettext_lazy("What runs here"), "public:programs", None),
        ("directory", gettext_lazy("Directory"), "public:directory", None),
        ("involved", gettext_lazy("Get involved"), "public:involved", None),
        ("results", gettext_lazy("Results"), "public:results", None),
        ("stories", gettext_lazy("Stories"), "public:stories", None),
    ),
}


def navigation(actor: Actor) -> list[NavItem]:
    """The doors of this actor, in the order of the map; a door whose room is not built is not shown."""
    doors = []
    for key, label, name, permission in DOORS.get(actor.audience, DOORS[Audience.PUBLIC]):
        if permission is not None and not actor.can(permission):
            continue
        try:
            doors.append(NavItem(label=label, url=reverse(name), key=key))
        except NoReverseMatch:
            continue
    return doors


def start_address(actor: Actor) -> str:
    """Where someone lands after signing in: their first door."""
    doors = navigation(actor)
    return doors[0].url if doors else "/"


def not_found(condition: bool) -> None:
    """Answer 404 unless the thing is there and theirs to see; the two are never told apart."""
    if not condition:
        raise Http404(_("There is no such page, or it is not yours to see."))


__all__ = [
    "actor_of",
    "by_link",
    "everyone",
    "navigation",
    "not_found",
    "page",
    "participant",
    "partner",
    "staff",
    "start_address",
    "visitor",
]
