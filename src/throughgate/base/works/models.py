"""A piece of long work as its pages show it; it survives closing the tab."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience


class Work(Coded, Recorded):
    """An import, export, allocation or study on its way. ``done`` of ``total`` ``unit``."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    kind = models.CharField(max_length=40)
    label = models.CharField(_("what"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    asked_by = models.CharField(_("asked by"), max_length=120)
    membership_id = models.BigIntegerField(null=True, blank=True)
    arguments = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    reason = models.TextField(_("why it failed"), blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read="membership_id = (SELECT tg.membership_id())",
                write="membership_id = (SELECT tg.membership_id())",
            )
        },
    )

    class Meta:
        verbose_name = _("long work")
        verbose_name_plural = _("long works")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(reason=""), name="work_failed_for_a_reason"
            )
        ]
