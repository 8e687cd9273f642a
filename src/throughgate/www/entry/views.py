"""Coming in: the start page, choosing a role, and the demonstration's personas."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from throughgate.access.models import Membership, User
from throughgate.access.queries import live_memberships
from throughgate.base import scope
from throughgate.base.scope import Audience, Context
from throughgate.www.doors import actor_of, everyone, start_address
from throughgate.www.entry.personas import DOMAIN, personas

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@everyone()
def start(request: HttpRequest) -> HttpResponse:
    """Send whoever asks to their first door."""
    actor = actor_of(request)
    if not actor.signed_in:
        return redirect("entry:be" if settings.DEMO else settings.LOGIN_URL)
    return redirect(start_address(actor))


@everyone()
@require_GET
def be(request: HttpRequest) -> HttpResponse:
    """The personas of the demonstration; anywhere else this page does not exist."""
    if not settings.DEMO:
        raise Http404
    return render(request, "entry/be.html", {"personas": personas()})


@everyone()
@require_POST
def become(request: HttpRequest, code: str) -> HttpResponse:
    """Sign in as a persona. Only in the demonstration, and only as its marked accounts."""
    if not settings.DEMO:
        raise Http404
    with scope.enter(Context(audience=Audience.AUTH, purpose="become a persona")):
        membership = get_object_or_404(
            Membership.objects.select_related("user"), code=code, user__email__endswith=DOMAIN
        )
        login(request, membership.user, backend=BACKEND)
        request.session["persona"] = True
        request.session["membership"] = membership.pk
    return redirect("entry:start")


@everyone()
def switch(request: HttpRequest) -> HttpResponse:
    """Choose in which of one's roles to act."""
    with scope.enter(Context(audience=Audience.AUTH, purpose="choose a role")):
        user = request.user
        memberships = live_memberships(user) if isinstance(user, User) else []
    if request.method == "POST":
        chosen = next((m for m in memberships if m.code == request.POST.get("membership")), None)
        if chosen is None:
            raise Http404
        request.session["membership"] = chosen.pk
        return redirect("entry:start")
    return render(request, "entry/switch.html", {"memberships": memberships})
