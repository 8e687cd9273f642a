"""The thread of messages between an organization and a facility's coordinators."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, own_facility, own_organization, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.partners.models.agreements import Side
from throughgate.partners.models.organizations import Organization
from throughgate.places.models import Facility


class Letter(Coded, Recorded):
    """One message of a thread; what was said stays. ``read_at`` is when the other side first opened it."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="letters")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+", verbose_name=_("facility"))
    side = models.CharField(_("side"), max_length=4, choices=Side)
    by = models.CharField(_("by"), max_length=120)
    words = models.TextField(_("message"))
    read_at = models.DateTimeField(null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=permitted("manage_partners", own_facility())),
            Audience.PARTNER: Rule(read=own_organization()),
        },
    )

    class Meta:
        verbose_name = _("message of a thread")
        verbose_name_plural = _("messages of threads")
        ordering = ("recorded_at", "id")
        indexes = [models.Index(fields=["organization", "facility", "recorded_at"], name="letter_by_thread")]
