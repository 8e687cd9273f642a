"""Being somebody in a test: at the level of verbs, and in the browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.test import Client

from throughgate.access.actor import Actor
from throughgate.access.models import Membership
from throughgate.access.queries import actor_for
from throughgate.base import scope
from throughgate.base.scope import Audience


def actor_of(membership: Membership) -> Actor:
    """The actor that this membership makes."""
    return actor_for(membership.user, membership)


@contextmanager
def acting(membership: Membership, *, readonly: bool = False) -> Iterator[Actor]:
    """Run the block in the database role and context of a membership."""
    actor = actor_of(membership)
    with scope.enter(actor.context(), readonly=readonly):
        yield actor


def signed_in(membership: Membership, client: Client | None = None) -> Client:
    """A test client signed in as this membership, second factor and all."""
    browser = client or Client()
    with scope.as_role(Audience.AUTH):
        browser.force_login(membership.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = browser.session
        session["membership"] = membership.pk
        session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time()}]
        session.save()
    return browser
