"""What a partner offers, and the way it goes until it is approved ([P-119], [P-124], [P-129])."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, own_facility, own_organization, permitted, seen
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.partners.models.organizations import Organization
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility, Weekday

_HANGS = seen("partners_proposal", "proposal_id")


class ProposalState(models.TextChoices):
    OFFERED = "offered", _("Offered")
    DRAFTING = "drafting", _("Being written")
    REVIEW = "review", _("Being looked at")
    RETURNED = "returned", _("Questions to answer")
    APPROVED = "approved", _("Approved")
    RUNNING = "running", _("Became a program")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Proposal(Coded, Recorded):
    """A program as a partner offers it to one facility: first in a few words, then whole.

    ``rules`` and ``chain`` name the pack and the way it goes; ``program_code`` is the program it became.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="proposals")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+", verbose_name=_("facility"))
    state = models.CharField(_("state"), max_length=10, choices=ProposalState, default=ProposalState.OFFERED)
    title = models.CharField(_("title"), max_length=120)
    title_es = models.CharField(_("title in Spanish"), max_length=120, blank=True)
    summary = models.TextField(_("what it is"))
    summary_es = models.TextField(_("what it is, in Spanish"), blank=True)
    whom = models.TextField(_("for whom"), blank=True)
    needs = ArrayField(
        models.CharField(max_length=20, choices=NeedDomain),
        verbose_name=_("needs addressed"),
        default=list,
        blank=True,
    )
    cost = models.CharField(_("what it costs, and who pays"), max_length=200, blank=True)
    earliest = models.DateField(_("earliest start"), null=True, blank=True)
    weeks = models.PositiveSmallIntegerField(_("weeks"), null=True, blank=True)
    dose_hours = models.DecimalField(
        _("hours in full"), max_digits=6, decimal_places=1, null=True, blank=True
    )
    group_min = models.PositiveSmallIntegerField(_("smallest group"), null=True, blank=True)
    group_max = models.PositiveSmallIntegerField(_("largest group"), null=True, blank=True)
    curriculum = models.TextField(_("curriculum and version"), blank=True)
    evidence = models.TextField(_("what shows that it works"), blank=True)
    leaders = models.TextField(_("who leads it, with which training"), blank=True)
    prerequisites = models.TextField(_("what people need before, and who cannot come"), blank=True)
    materials = models.TextField(_("materials brought in"), blank=True)
    space = models.TextField(_("space and equipment"), blank=True)
    cover = models.TextField(_("staff cover"), blank=True)
    measures = models.TextField(_("how you will know that it helped"), blank=True)
    credit = models.CharField(_("credit or pay asked for"), max_length=200, blank=True)
    credential = models.CharField(_("what one earns"), max_length=120, blank=True)
    part2 = models.BooleanField(_("substance-use treatment"), default=False)
    rules = models.CharField(max_length=60, blank=True)
    chain = models.CharField(_("way it goes"), max_length=30, blank=True)
    due_on = models.DateField(_("answer due on"), null=True, blank=True)
    # What was submitted last, so that a change after an approval can be told.
    submitted = models.JSONField(default=dict, blank=True, editable=False)
    submitted_on = models.DateField(_("submitted on"), null=True, blank=True)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    began_on = models.DateField(_("program began on"), null=True, blank=True)
    program_code = models.CharField(_("program"), max_length=8, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=own_facility(), write=permitted("manage_partners", own_facility())),
            Audience.PARTNER: Rule(read=own_organization()),
        },
    )

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        constraints = [
            models.CheckConstraint(
                condition=Q(group_min__isnull=True)
                | Q(group_max__isnull=True)
                | (Q(group_max__gte=F("group_min")) & Q(group_min__gt=0)),
                name="proposal_group_size_in_order",
                violation_error_message=_("The largest group cannot be smaller than the smallest."),
            )
        ]
        indexes = [models.Index(fields=["facility", "state"], name="proposal_by_state")]


class WishedTime(models.Model):
    """A weekly time that would suit the partner; the facility's own times are made from it."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="times")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={Audience.STAFF: Rule(read=_HANGS), Audience.PARTNER: Rule(read=_HANGS)},
    )

    class Meta:
        verbose_name = _("wished time")
        verbose_name_plural = _("wished times")
        ordering = ("weekday", "starts")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="wished_time_in_order",
                violation_error_message=_("It ends before it begins."),
            ),
            models.UniqueConstraint(fields=["proposal", "weekday", "starts"], name="wished_time_once"),
        ]


class StepState(models.TextChoices):
    WAITING = "waiting", _("Not its turn yet")
    OPEN = "open", _("Waiting for a decision")
    APPROVED = "approved", _("Approved")
    RETURNED = "returned", _("Sent back with questions")
    DECLINED = "declined", _("Declined")


class ProposalStep(Coded):
    """One approval of a proposal, made from its chain when it is submitted."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="steps")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    step = models.CharField(_("step of the chain"), max_length=30)
    stage = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    roles = ArrayField(models.CharField(max_length=20))
    days = models.PositiveSmallIntegerField()
    after_months = models.PositiveSmallIntegerField(null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=StepState, default=StepState.WAITING)
    opened_on = models.DateField(_("open since"), null=True, blank=True)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    words = models.TextField(_("in words"), blank=True)
    evidence = models.TextField(_("what shows it"), blank=True)
    checked = ArrayField(models.CharField(max_length=30), default=list, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=own_facility(), write=permitted("decide_proposals", own_facility())),
            Audience.PARTNER: Rule(read=_HANGS),
        },
    )

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ("position",)
        constraints = [models.UniqueConstraint(fields=["proposal", "step"], name="proposal_step_once")]
        indexes = [models.Index(fields=["facility", "state"], name="proposal_step_by_state")]


class ProposalEvent(Recorded):
    """Something that happened to a proposal, for both sides to read. Written by the verbs alone."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="events")
    what = models.CharField(
        max_length=12,
        choices=[
            ("offered", _("Offered")),
            ("taken_up", _("Taken up")),
            ("submitted", _("Submitted")),
            ("answered", _("Answered and sent again")),
            ("approved", _("Approved")),
            ("returned", _("Sent back with questions")),
            ("declined", _("Declined")),
            ("withdrawn", _("Withdrawn")),
            ("running", _("Became a program")),
        ],
    )
    step = models.CharField(max_length=30, blank=True)
    by = models.CharField(_("by"), max_length=120)
    words = models.TextField(blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={Audience.STAFF: Rule(read=_HANGS), Audience.PARTNER: Rule(read=_HANGS)},
    )

    class Meta:
        verbose_name = _("event of a proposal")
        verbose_name_plural = _("events of proposals")
        ordering = ("recorded_at", "id")
