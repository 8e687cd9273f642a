"""The base as a Django application (template tags, static files) and the router of its connections."""

from __future__ import annotations

from django.apps import AppConfig


class BaseConfig(AppConfig):
    name = "throughgate.base"
    label = "base"

    def ready(self) -> None:
        """Let the audit's own transactions know who is acting."""
        from throughgate.base import scope
        from throughgate.base.audit import transactions

        transactions.tell_with(scope.told)


class Router:
    """Everything is read and written on ``default``; only the owner's connection migrates."""

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        """Migrations run as the owner, never as the login of the application."""
        return db == "owner"

    def allow_relation(self, obj1: object, obj2: object, **hints: object) -> bool:
        """All aliases are the same database."""
        return True
