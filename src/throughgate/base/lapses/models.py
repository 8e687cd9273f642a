"""What lapses, as it was last seen, and every reminder that was given."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier
from throughgate.base.models import Recorded
from throughgate.base.scope import Audience

# Those who keep partners, visitors or programs at one of its places; what concerns no place, all of them.
_MAY = " OR ".join(
    f"(SELECT tg.has_permission('{name}'))"
    for name in ("manage_partners", "manage_visitors", "manage_programs", "manage_sessions")
)
_HERE = "(cardinality(facility_ids) = 0 OR facility_ids && (SELECT tg.facility_ids())::bigint[])"
_SEEN = {Audience.STAFF: Rule(read=f"({_MAY}) AND {_HERE}")}


class Lapsing(models.Model):
    """A thing that stops holding soon, or did lately, as the last look found it. Made anew by every look."""

    kind = models.CharField(_("kind"), max_length=20)
    ref = models.CharField(max_length=60)
    until = models.DateField(_("last day"))
    title = models.CharField(_("what"), max_length=250)
    about = models.CharField(_("whose"), max_length=250, blank=True)
    url = models.CharField(max_length=250, blank=True)
    facility_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    step = models.SmallIntegerField(null=True, blank=True)
    light = models.CharField(_("how urgent"), max_length=5)
    first_hit = models.DateField(_("first thing it hits"), null=True, blank=True)
    hits = models.JSONField(_("what it will hit"), default=list, blank=True)
    hits_count = models.PositiveIntegerField(default=0)

    # It is derived from facts that are audited themselves, and written anew by every look.
    guard = Guard(tier=Tier.OPERATIONAL, rules=_SEEN, audited=False)

    class Meta:
        verbose_name = _("thing that lapses")
        verbose_name_plural = _("things that lapse")
        constraints = [models.UniqueConstraint(fields=["kind", "ref"], name="lapsing_once")]
        indexes = [
            models.Index(fields=["until"], name="lapsing_by_day"),
            GinIndex(fields=["facility_ids"], name="lapsing_by_place"),
        ]


class Reminder(Recorded):
    """Somebody was reminded of one end of one thing at one step; the key keeps it from happening twice.

    ``told`` is false when there was no address: nobody was reminded, and the page says so.
    """

    kind = models.CharField(_("kind"), max_length=20)
    ref = models.CharField(max_length=60)
    until = models.DateField(_("last day"))
    step = models.SmallIntegerField(_("days before"))
    person = models.CharField(max_length=80)
    name = models.CharField(_("to"), max_length=250, blank=True)
    told = models.BooleanField(_("had an address"))
    facility_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)

    guard = Guard(tier=Tier.OPERATIONAL, rules=_SEEN)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(fields=["kind", "ref", "until", "step", "person"], name="reminder_once")
        ]
