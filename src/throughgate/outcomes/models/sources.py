"""How far each source of records reaches: without it no follow-up can be called over."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, permitted
from throughgate.base.models import Recorded
from throughgate.base.scope import Audience


class RecordKind(models.TextChoices):
    """What a source tells about."""

    CUSTODY = "custody", _("Custody and releases")
    JUSTICE = "justice", _("Arrests, convictions, returns to prison")
    SUPERVISION = "supervision", _("Supervision")
    DEPARTURE = "departure", _("Deaths, removals, departures")
    POSITIVE = "positive", _("Work, housing, education and more")


class SourceCoverage(Recorded):
    """One kind of records from one source: the day they were taken, how late they arrive, what they cover.

    ``covers`` lists the jurisdictions whose events would be seen (such as US-HB); events elsewhere look
    like success and are told as such ([T-15]).
    """

    source = models.CharField(_("source"), max_length=60)
    kind = models.CharField(_("what it tells"), max_length=12, choices=RecordKind)
    since = models.DateField(_("complete from"), null=True, blank=True)
    extracted_on = models.DateField(_("taken on"))
    lag_days = models.PositiveSmallIntegerField(_("days until everything is in it"), default=0)
    covers = ArrayField(
        models.CharField(max_length=12), verbose_name=_("jurisdictions"), default=list, blank=True
    )
    told_by = models.CharField(_("told by"), max_length=120)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={Audience.STAFF: Rule(read=permitted("view_reports"), write=permitted("evaluate"))},
    )

    class Meta:
        verbose_name = _("coverage of a source")
        verbose_name_plural = _("coverage of sources")
        constraints = [
            models.UniqueConstraint(fields=["source", "kind"], name="coverage_once_per_source"),
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(since__lte=F("extracted_on")),
                name="coverage_begins_before_it_ends",
                violation_error_message=_("Records cannot begin after the day they were taken."),
            ),
        ]

    @property
    def complete_until(self) -> dt.date:
        """Last day on which an event would surely be in the records."""
        return self.extracted_on - dt.timedelta(days=self.lag_days)
