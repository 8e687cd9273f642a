"""The Django application of the audit trail."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Tables of the trail; the triggers that fill them come from :mod:`throughgate.base.audit.sql`."""

    name = "throughgate.base.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
