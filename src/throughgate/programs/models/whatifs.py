"""What would change: a question about seats, its answer beside things as they are, and for whom."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, own_facility, permitted, seen_participant
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience

SEEN = seen_participant()


class WhatIfKind(models.TextChoices):
    INSTRUCTOR = "instructor", _("One more instructor")
    ROOMS = "rooms", _("Rooms closed")
    EVENINGS = "evenings", _("A program at another time")
    PARTNER = "partner", _("A new partner")


class WhatIfState(models.TextChoices):
    WAITING = "waiting", _("Being worked out")
    READY = "ready", _("Answered")
    FAILED = "failed", _("Not answered")


class WhatIf(Coded, Recorded):
    """A question about a facility's seats and its answer; it changes nothing and proposes nobody.

    ``change`` is the question in plain values, ``figures`` and ``needs`` the answer: the plan as things are and
    as they would be, made from the same facts with the same weights and seed.
    """

    facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    kind = models.CharField(_("what"), max_length=12, choices=WhatIfKind)
    name = models.CharField(_("name"), max_length=160)
    change = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=8, choices=WhatIfState, default=WhatIfState.WAITING)
    work = models.ForeignKey("works.Work", models.SET_NULL, null=True, blank=True, related_name="+")
    asked_by = models.CharField(_("asked by"), max_length=120)
    seed = models.BigIntegerField(_("seed of the lottery"))
    weights_version = models.CharField(_("version of the weights"), max_length=60, blank=True)
    figures = models.JSONField(default=dict)
    needs = models.JSONField(default=list)
    why_failed = models.TextField(_("why it was not answered"), blank=True)
    tries = models.PositiveSmallIntegerField(_("times begun"), default=0)
    heard_at = models.DateTimeField(_("last heard of"), null=True, blank=True)
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", own_facility()), write=permitted("enroll", own_facility())
            )
        },
    )

    class Meta:
        verbose_name = _("what if")
        verbose_name_plural = _("what ifs")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(why_failed=""), name="what_if_failed_for_a_reason"
            )
        ]
        indexes = [models.Index(fields=["facility", "-recorded_at"], name="what_if_by_facility")]


class WhatIfEffect(models.Model):
    """Somebody whom a what-if would give or take seats; ``before`` and ``after`` name the cohorts proposed."""

    what_if = models.ForeignKey(WhatIf, models.CASCADE, related_name="effects")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="+")
    gains = models.BooleanField(_("gains"))
    needs = ArrayField(models.CharField(max_length=20), default=list, verbose_name=_("needs"))
    before = ArrayField(models.CharField(max_length=120), default=list, verbose_name=_("as things are"))
    after = ArrayField(models.CharField(max_length=120), default=list, verbose_name=_("as they would be"))

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={Audience.STAFF: Rule(read=permitted("view_restricted", SEEN))},
    )

    class Meta:
        verbose_name = _("effect on a person")
        verbose_name_plural = _("effects on people")
        constraints = [models.UniqueConstraint(fields=["what_if", "participant"], name="what_if_effect_once")]
