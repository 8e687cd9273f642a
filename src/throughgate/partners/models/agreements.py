"""What an organization and the agency signed ([P-122])."""

from __future__ import annotations

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import ALWAYS, Guard, Rule, Tier, own_organization, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.partners.models.organizations import Organization


class AgreementKind(models.TextChoices):
    MOU = "mou", _("Memorandum of understanding")
    SERVICE = "service", _("Service agreement")
    DATA = "data", _("Data-sharing agreement")
    RESEARCH = "research", _("Research agreement")


class Agreement(Coded, Recorded):
    """What an organization and the agency signed, for which facilities, until when ([P-122])."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="agreements", verbose_name=_("organization")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=AgreementKind)
    title = models.CharField(_("title"), max_length=200)
    facilities = models.ManyToManyField("places.Facility", verbose_name=_("facilities"))
    valid = DateRangeField(_("valid from and until"))
    notice_days = models.PositiveSmallIntegerField(_("notice (days)"), default=30)
    signed_by_us = models.CharField(_("signed for the agency"), max_length=120, blank=True)
    signed_by_them = models.CharField(_("signed for the organization"), max_length=120, blank=True)
    terminated_on = models.DateField(_("terminated on"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_partners")),
            Audience.PARTNER: Rule(read=own_organization()),
        },
    )

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
