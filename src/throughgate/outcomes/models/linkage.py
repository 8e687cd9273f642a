"""Rosters that partners hand in, and who in them is who here, with how sure that is."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, permitted, seen
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience

OWN = permitted("evaluate", "facility_ids <> '{}' AND facility_ids <@ (SELECT tg.facility_ids())::bigint[]")
OF_OWN = permitted("evaluate", seen("outcomes_roster", "roster_id"))


class RosterState(models.TextChoices):
    WAITING = "waiting", _("Waiting to be linked")
    LINKING = "linking", _("Being linked")
    LINKED = "linked", _("Linked")
    FAILED = "failed", _("Could not be linked")


class Roster(Coded, Recorded):
    """The people whom a partner served, as the partner wrote them down.

    ``quality`` carries ``precision``, ``recall`` (both estimated by the model), ``unlinked_share``,
    ``submitted``, ``linked`` and ``to_decide``; it goes into the [linkage] part of a study.
    """

    organization = models.ForeignKey(
        "partners.Organization", models.PROTECT, related_name="+", verbose_name=_("partner")
    )
    program_name = models.CharField(_("program"), max_length=120)
    file_name = models.CharField(_("file"), max_length=200)
    digest = models.CharField(_("SHA-256 of the file"), max_length=64)
    state = models.CharField(_("state"), max_length=8, choices=RosterState, default=RosterState.WAITING)
    quality = models.JSONField(_("quality"), default=dict)
    refused = models.JSONField(_("rows refused"), default=list)
    facility_ids = ArrayField(models.BigIntegerField(), default=list)
    given_by = models.CharField(_("handed in by"), max_length=120)
    work = models.ForeignKey("works.Work", models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.TextField(_("why it failed"), blank=True)

    guard = Guard(tier=Tier.OPERATIONAL, rules={Audience.STAFF: Rule(read=OWN, write=OWN)})

    class Meta:
        verbose_name = _("roster")
        verbose_name_plural = _("rosters")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(reason=""), name="roster_failed_for_a_reason"
            )
        ]


class Decision(models.TextChoices):
    """How a row of a roster came to be somebody, or nobody, here."""

    OPEN = "", _("Not decided")
    SURE = "sure", _("Found by the model")
    SAME = "same", _("Decided by a person: the same")
    NOBODY = "nobody", _("Not found here")


class RosterRecord(models.Model):
    """One person of a roster with the participants who may be meant.

    ``candidates`` lists participant id and probability, best first. Between the two thresholds of the
    linkage a person decides; above it the model links, below it nobody is linked.
    """

    roster = models.ForeignKey(Roster, models.CASCADE, related_name="records")
    line = models.PositiveIntegerField(_("line"))
    reference = models.CharField(_("partner's number"), max_length=60, blank=True)
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=12, blank=True)
    started_on = models.DateField(_("started"), null=True, blank=True)
    completed = models.BooleanField(_("completed"), null=True, blank=True)
    hours = models.DecimalField(_("hours"), max_digits=8, decimal_places=2, null=True, blank=True)
    candidates = models.JSONField(_("who may be meant"), default=list)
    participant = models.ForeignKey(
        "people.Participant", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    probability = models.FloatField(_("probability"), null=True, blank=True)
    decision = models.CharField(_("decision"), max_length=6, choices=Decision, blank=True, default="")
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)

    # The partner's own writing about people, most of whom are not linked yet: those who evaluate, alone.
    guard = Guard(
        tier=Tier.PROTECTED,
        participant="participant_id",
        rules={Audience.STAFF: Rule(read=OF_OWN, write=OF_OWN)},
    )

    class Meta:
        verbose_name = _("person of a roster")
        verbose_name_plural = _("people of rosters")
        constraints = [
            models.UniqueConstraint(fields=["roster", "line"], name="roster_line_once"),
            models.CheckConstraint(
                condition=Q(decision__in=["", "nobody"], participant__isnull=True)
                | Q(decision__in=["sure", "same"]),
                name="roster_link_is_decided",
            ),
        ]
        indexes = [models.Index(fields=["roster", "decision"], name="roster_to_decide")]
