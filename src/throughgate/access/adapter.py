"""How sign-in behaves here: by invitation only, and mail goes through the outbox like all other mail."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves: people are invited into a role."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed; the front door for those who want to help is another one."""
        return False

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """People sign in with their e-mail address; there is no user name."""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors named after this site."""

    def get_totp_issuer(self) -> str:
        """What the authenticator app shows."""
        return "Throughgate"
