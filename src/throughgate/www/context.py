"""What every page knows: who is acting, which doors they have, and whether this is a demonstration."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from throughgate.access.actor import Actor
from throughgate.www.doors import navigation


def page(request: HttpRequest) -> dict[str, Any]:
    """Context for every template."""
    actor: Actor = getattr(request, "actor", None) or Actor.anonymous()
    try:
        search_url = reverse("staff:find")
    except NoReverseMatch:
        search_url = ""
    return {
        "actor": actor if actor.signed_in else None,
        "demo": settings.DEMO,
        "navigation": SimpleLazyObject(lambda: navigation(actor)),
        "search_url": search_url,
    }
