"""The one address behind every no-account link of a mail."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from throughgate import www
from throughgate.base import limits, links, scope
from throughgate.base.links import Closed
from throughgate.base.scope import Audience
from throughgate.www.doors import everyone

# A person follows a few links; a machine that guesses tokens is slowed down long before it could matter.
MOST_A_MINUTE = 120


# The token is the authority, no cookie is: a browser without cookies can answer, and no other site can guess it.
@csrf_exempt
@everyone()
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show what the link asks (GET) or take the answer (POST); say what to do when it holds no more."""
    _discover()
    if not limits.allow("link", limits.address_of(request), most=MOST_A_MINUTE, seconds=60):
        return _private(HttpResponse(_("Too many links at once. Wait a minute."), "text/plain", 429))
    found = links.find(token, lock=request.method == "POST")
    if isinstance(found, Closed):
        return _private(closed(request, found))
    with scope.as_role(Audience.JOB, purpose=f"link {found.purpose}"):
        return _private(links.ANSWERS[found.purpose](request, found))


def closed(request: HttpRequest, found: Closed) -> HttpResponse:
    """Why a link leads no further, and what to do now."""
    status = 404 if found.why == "unknown" else 410
    return render(request, "entry/link_closed.html", {"why": found.why}, status=status)


def _private(response: HttpResponseBase) -> HttpResponseBase:
    """Nothing keeps such a page, lists it, or tells its address to another site."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@cache
def _discover() -> None:
    """Load the ``answers`` module of every audience's pages, where links are answered."""
    for audience in pkgutil.iter_modules(www.__path__):
        if audience.ispkg:
            package = importlib.import_module(f"throughgate.www.{audience.name}")
            if any(each.name == "answers" for each in pkgutil.iter_modules(package.__path__)):
                importlib.import_module(f"throughgate.www.{audience.name}.answers")
