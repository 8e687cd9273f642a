"""Sessions in the database, read and written by sign-in's own role in short transactions of their own."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions

from throughgate.base import scope
from throughgate.base.scope import Audience


class SessionStore(DatabaseSessions):
    """Django's database sessions, each access in the ``tg_auth`` role."""

    def load(self) -> dict[str, Any]:
        """The stored data, empty when the session is gone."""
        with scope.as_role(Audience.AUTH, purpose="session"):
            return super().load()

    def exists(self, session_key: str) -> bool:
        """Whether a session of that key is stored."""
        with scope.as_role(Audience.AUTH, purpose="session"):
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        """Write the data, making the session first when it is new."""
        with scope.as_role(Audience.AUTH, purpose="session"):
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        """Forget the session."""
        with scope.as_role(Audience.AUTH, purpose="session"):
            super().delete(session_key)
