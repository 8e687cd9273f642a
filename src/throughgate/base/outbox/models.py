"""Messages that leave the house, written in the transaction that causes them and sent afterwards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience


class Message(Coded, Recorded):
    """One e-mail or text message to one address. ``key`` makes sure that it exists once.

    Nothing sensitive stands in a message: times, places and session names that lists may carry, never a
    participant's name. ``facility_id`` is the place it concerns, for those who may see what was sent.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        TEXT = "text", _("Text message")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        DROPPED = "dropped", _("No longer true")
        FAILED = "failed", _("Could not be sent")

    key = models.CharField(max_length=200, unique=True)
    channel = models.CharField(_("by"), max_length=5, choices=Channel)
    address = models.CharField(_("to"), max_length=250)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    template = models.CharField(_("template"), max_length=60)
    data = models.JSONField(default=dict)
    recheck = models.CharField(max_length=60, blank=True)
    facility_id = models.BigIntegerField(null=True, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    body = models.TextField(_("text"), blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    trouble = models.CharField(_("why not"), max_length=250, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_messages", "facility_id = ANY((SELECT tg.facility_ids())::bigint[])")
            )
        },
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False), name="message_sent_has_time"
            )
        ]
        indexes = [models.Index(fields=["facility_id", "-recorded_at"], name="message_by_facility")]
