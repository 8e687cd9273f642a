"""Every request runs as somebody, in one transaction, with that somebody's rights in the database."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone, translation

from throughgate.access.actor import Actor
from throughgate.access.models import User
from throughgate.access.queries import actor_for, live_memberships
from throughgate.access.reading import noted_reads
from throughgate.base import scope
from throughgate.base.audit import reads
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.scope import Audience, Context
from throughgate.policies import queries as policies
from throughgate.policies.house import SignInRules

log = logging.getLogger("throughgate.access")
Handler = Callable[[HttpRequest], HttpResponse]

RENEW_AFTER_SECONDS = 60
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class PrivateByDefault:
    """No shared cache or back button keeps a page of someone who was signed in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        actor: Actor | None = getattr(request, "actor", None)
        if actor is not None and actor.signed_in and not request.path.startswith(settings.STATIC_URL):
            response["Cache-Control"] = "no-store, private"
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response


class _Undo(Exception):
    """Leaves the transaction without keeping what it wrote."""


class ActingAs:
    """Finds out who asks, then runs the view as them: role, signed context, read-only when nothing may change.

    A view that raises leaves nothing behind. Pages of tier 2 and up are sent only once the read log holds
    them ([A-65]). Pages of sign-in itself run in sign-in's own role.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        if request.path.startswith(settings.STATIC_URL) or _without_scope(request):
            return self.get_response(request)
        if request.path.startswith("/account/"):
            request.actor = Actor.anonymous()  # type: ignore[attr-defined]
            return self._run(
                request, Context(audience=Audience.AUTH, purpose="sign-in", request_id=request_id)
            )
        actor = _identify(request)
        request.actor = actor  # type: ignore[attr-defined]
        step = _still_to_do(request, actor)
        if step is not None:
            return step
        readonly = request.method in SAFE_METHODS
        with translation.override(_language(request, actor)):
            return self._run(request, actor.context(request_id), readonly=readonly)

    def _run(self, request: HttpRequest, context: Context, *, readonly: bool = False) -> HttpResponse:
        response: HttpResponse | None = None
        try:
            with scope.enter(context, readonly=readonly):
                response = self.get_response(request)
                if getattr(request, "failed", False) or response.status_code >= 500:
                    raise _Undo
                people, fields = noted_reads(request)
                if people and response.status_code < 400:
                    reads.log_read(_view_name(request), people, fields, len(people))
        except _Undo:
            pass
        assert response is not None
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn the two kinds of "no" into pages that say what to do; everything else stays an error."""
        request.failed = True  # type: ignore[attr-defined]
        if isinstance(exception, Forbidden):
            if scope.current() is not None:
                reads.log_denied(exception.permission, _view_name(request), "permission")
            return render(request, "errors/403.html", {"message": str(exception)}, status=403)
        if isinstance(exception, Refused):
            return render(request, "errors/refused.html", {"reasons": exception.reasons}, status=409)
        return None


def _without_scope(request: HttpRequest) -> bool:
    """Health checks answer without a database role."""
    return request.path in {"/healthz", "/readyz", "/metrics"}


def _view_name(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return request.path[:80]
    return match.view_name[:80]


def _identify(request: HttpRequest) -> Actor:
    """The actor of this session, or an anonymous one; ends sessions that are too old or idle."""
    with scope.enter(Context(audience=Audience.AUTH, purpose="who asks")):
        user = request.user
        if not isinstance(user, User) or not user.is_authenticated:
            return Actor.anonymous()
        now = int(time.time())
        begun = request.session.setdefault("begun", now)
        last = request.session.get("last", now)
        rules = _sign_in_rules()
        if now - begun > rules.longest.total_seconds() or now - last > rules.idle.total_seconds():
            auth.logout(request)
            return Actor.anonymous()
        if now - last > RENEW_AFTER_SECONDS or "last" not in request.session:
            request.session["last"] = now
        memberships = live_memberships(user)
        chosen = request.session.get("membership")
        membership = next((m for m in memberships if m.pk == chosen), memberships[0] if memberships else None)
        if membership is None:
            return Actor.anonymous()
        return actor_for(user, membership)


def _sign_in_rules() -> SignInRules:
    return policies.sign_in(settings.JURISDICTION, timezone.localdate()).data


def _still_to_do(request: HttpRequest, actor: Actor) -> HttpResponse | None:
    """Whoever needs a second factor sets it up before anything else ([A-8])."""
    if not actor.signed_in or not _sign_in_rules().needs_second_factor(actor.audience):
        return None
    if request.session.get("persona") and settings.DEMO:
        return None
    methods: list[dict[str, Any]] = request.session.get("account_authentication_methods", [])
    if any(record.get("method") in {"mfa", "socialaccount"} for record in methods):
        return None
    return HttpResponseRedirect(reverse("mfa_index"))


def _language(request: HttpRequest, actor: Actor) -> str:
    # An address may name its language, so that search engines and letters can point at either.
    named = request.GET.get("lang", "") if request.method in SAFE_METHODS else ""
    if named in dict(settings.LANGUAGES):
        return named
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    if cookie in dict(settings.LANGUAGES):
        return str(cookie)
    return actor.language if actor.signed_in else translation.get_language() or settings.LANGUAGE_CODE
