"""What every page knows: who is acting, which doors they have, and whether this is a demonstration."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    """Context for every template."""
    return {"actor": getattr(request, "actor", None), "demo": settings.DEMO}
