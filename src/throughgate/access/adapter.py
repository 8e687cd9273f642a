"""How sign-in behaves here: by invitation only, and mail goes through the outbox like all other mail."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from throughgate.access import inviting
from throughgate.base import scope
from throughgate.base.outbox.actions import send
from throughgate.base.scope import Audience


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves: people are invited into a role."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed; the front door for those who want to help is another one."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Through the outbox. A forgotten password is answered with a link of ours, which is used once."""
        user = context.get("user")
        if "password_reset_url" in context and user is not None:
            with scope.as_role(Audience.JOB, purpose="forgotten password"):
                context = {**context, "password_reset_url": inviting.link_for(user)}
        mail = self.render_mail(template_prefix, email, context)
        send(
            key=f"account {secrets.token_hex(16)}",
            address=email,
            template="account",
            data={"subject": mail.subject, "text": mail.body},
            urgent=True,
        )

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """People sign in with their e-mail address; there is no user name."""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors named after this site."""

    def get_totp_issuer(self) -> str:
        """What the authenticator app shows."""
        return "Throughgate"
