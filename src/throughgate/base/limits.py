"""How often one address may knock, counted in this process's memory.

A brake on floods, not a wall: with several processes an address gets the limit in each of them. What must
hold exactly is counted in the database by the room it concerns.
"""

from __future__ import annotations

import hashlib
import hmac
from time import time as now

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The network address that asks. Behind ``THROUGHGATE_PROXIES`` proxies of ours, the one they name."""
    hops = int(getattr(settings, "PROXIES", 0))
    if hops:
        named = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(named) >= hops and named[-hops]:
            return named[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))


def fingerprint(address: str) -> str:
    """A keyed hash of a network address: equal for the same sender, and no address to anybody else."""
    key = hmac.new(settings.SECRET_KEY.encode(), b"throughgate network address", hashlib.sha256).digest()
    return hmac.new(key, address.encode(errors="replace"), hashlib.sha256).hexdigest()[:32]


def allow(what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one knock of ``who`` at ``what``; False once there were more than ``most`` in this span."""
    key = f"limit:{what}:{fingerprint(who)}:{int(now() // seconds)}"
    cache.add(key, 0, timeout=seconds)
    try:
        return int(cache.incr(key)) <= most
    except ValueError:  # the cache threw it out in between
        return True
