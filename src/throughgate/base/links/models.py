"""What is kept of a link: a hash, what it is for, and when it ended. Never the link itself."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Tier
from throughgate.base.models import Recorded


class Link(Recorded):
    """One offered link. Only the system reads and writes this table; nobody's role sees a row."""

    token_hash = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(_("for"), max_length=60)
    subject = models.CharField(_("about"), max_length=120)
    data = models.JSONField(default=dict)
    single_use = models.BooleanField(_("for one answer"), default=True)
    expires_at = models.DateTimeField(_("until"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    guard = Guard(tier=Tier.RESTRICTED)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("recorded_at")),
                name="link_ends_after_offer",
                violation_error_message=_("A link cannot end before it is offered."),
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(single_use=True), name="link_used_once_only"
            ),
        ]
        indexes = [models.Index(fields=["purpose", "subject"], name="link_by_subject")]
