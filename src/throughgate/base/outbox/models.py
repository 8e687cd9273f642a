"""Messages that leave the house, written in the transaction that causes them and sent afterwards."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
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
    ``person`` is whose preferences hold; ``thread`` the matter, whose mails a reader sees as one conversation.
    What waits for a moment says so in ``not_before``; what waits for a digest is ``held`` until one takes it.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        TEXT = "text", _("Text message")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        DROPPED = "dropped", _("No longer true")
        OFF = "off", _("Not wanted by the person")
        FAILED = "failed", _("Could not be sent")

    key = models.CharField(max_length=200, unique=True)
    channel = models.CharField(_("by"), max_length=5, choices=Channel)
    address = models.CharField(_("to"), max_length=250)
    name = models.CharField(_("name"), max_length=120, blank=True)
    person = models.CharField(_("person"), max_length=80, blank=True)
    thread = models.CharField(_("matter"), max_length=120, blank=True)
    topic = models.CharField(_("about"), max_length=20, blank=True)
    urgent = models.BooleanField(_("cannot wait"), default=False)
    zone = models.CharField(_("time zone"), max_length=60, blank=True)
    deadline = models.DateTimeField(_("of no use after"), null=True, blank=True)
    not_before = models.DateTimeField(_("goes at"), null=True, blank=True)
    held = models.BooleanField(_("waits for a digest"), default=False)
    digest = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
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
            ),
            models.CheckConstraint(
                condition=Q(held=False) | Q(not_before__isnull=False), name="message_held_until_when"
            ),
        ]
        indexes = [
            models.Index(fields=["facility_id", "-recorded_at"], name="message_by_facility"),
            models.Index(fields=["not_before"], condition=Q(status="waiting"), name="message_waiting"),
            models.Index(fields=["address", "thread"], condition=~Q(thread=""), name="message_by_thread"),
        ]


_MINE = "person = ANY((SELECT tg.my_notices())::text[])"
_OWN = Rule(read=_MINE, write=_MINE)


class Preference(Recorded):
    """How one person wants messages: where, in which language, how often, and when not.

    ``person`` is the key under which rooms write to them ("user ...", "visitor ...", "organization ..."), so
    that nobody can change another's by borrowing an address. What is urgent ignores rhythm and night.
    """

    class Rhythm(models.TextChoices):
        USUAL = "", _("As usual for each kind of notice")
        AT_ONCE = "at_once", _("Each one at once")
        DAILY = "daily", _("Once a day, together")
        WEEKLY = "weekly", _("Once a week, together")

    person = models.CharField(max_length=80, unique=True)
    channel = models.CharField(_("how"), max_length=5, choices=Message.Channel, default=Message.Channel.EMAIL)
    phone = models.CharField(_("mobile phone"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    zone = models.CharField(_("time zone"), max_length=60, blank=True)
    rhythm = models.CharField(_("how often"), max_length=8, choices=Rhythm, blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    off = ArrayField(models.CharField(max_length=20), verbose_name=_("not wanted"), default=list, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={
            audience: _OWN
            for audience in (
                Audience.STAFF,
                Audience.PARTNER,
                Audience.VISITOR,
                Audience.PARTICIPANT,
                Audience.EMPLOYER,
                Audience.AUDITOR,
            )
        },
    )

    class Meta:
        verbose_name = _("notice preference")
        verbose_name_plural = _("notice preferences")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="preference_night_is_paired",
                violation_error_message=_("Say when the quiet hours begin and when they end."),
            ),
            models.CheckConstraint(
                condition=~Q(channel="text") | ~Q(phone=""),
                name="preference_text_has_phone",
                violation_error_message=_("Give the mobile phone for text messages."),
            ),
        ]
