"""Proposals for filling seats: what the allocation engine would do, and what people decided about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, own_facility, permitted, seen_participant
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.programs.models.cohorts import Cohort

SEEN = seen_participant()


class PlanState(models.TextChoices):
    WAITING = "waiting", _("Being made")
    READY = "ready", _("To decide")
    CLOSED = "closed", _("Decided")
    FAILED = "failed", _("Not made")


class SeatPlan(Coded, Recorded):
    """A proposal for the free seats of a facility, or of one cohort. It enrolls nobody.

    ``figures`` hold what the plan and today's rule would each reach, ``gaps`` need by need who waits for how
    many seats; both are numbers only. ``value``, ``bound`` and ``gap`` are the engine's ([F-1], [F-3]).
    """

    facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    cohort = models.ForeignKey(
        Cohort, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only this cohort")
    )
    work = models.ForeignKey("works.Work", models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(_("state"), max_length=8, choices=PlanState, default=PlanState.WAITING)
    asked_by = models.CharField(_("asked by"), max_length=120)
    seed = models.BigIntegerField(_("seed of the lottery"))
    weights_version = models.CharField(_("version of the weights"), max_length=60, blank=True)
    input_digest = models.CharField(_("digest of the input"), max_length=64, blank=True)
    digest = models.CharField(_("digest of the plan"), max_length=64, blank=True)
    value = models.FloatField(_("worth"), null=True, blank=True)
    bound = models.FloatField(_("bound"), null=True, blank=True)
    gap = models.FloatField(_("proven gap"), null=True, blank=True)
    figures = models.JSONField(default=dict)
    gaps = models.JSONField(default=list)
    why_failed = models.TextField(_("why it was not made"), blank=True)
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=120, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", own_facility()), write=permitted("enroll", own_facility())
            )
        },
    )

    class Meta:
        verbose_name = _("proposal for seats")
        verbose_name_plural = _("proposals for seats")
        constraints = [
            models.UniqueConstraint(
                fields=["facility"],
                condition=Q(state="waiting"),
                name="seat_plan_one_at_a_time",
                violation_error_message=_("A proposal for this facility is being made."),
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(why_failed=""), name="seat_plan_failed_for_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["facility", "-recorded_at"], name="seat_plan_by_facility")]


class ProposalStatus(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    CHANGED = "changed", _("Given to someone else")
    NOT_PROPOSED = "not_proposed", _("Only by today's rule")


class SeatProposal(Coded, Recorded):
    """One person and one cohort of a proposal, with the facts that speak for it and what was decided.

    ``facts`` are what stands behind it (needs, waiting, release, places in line), never a keep-apart order.
    ``margin`` is what the seat is worth for this person above its price. Rows that only today's rule would
    seat are kept for comparison; they are never decided.
    """

    plan = models.ForeignKey(SeatPlan, models.CASCADE, related_name="proposals")
    participant = models.ForeignKey(
        "people.Participant", models.PROTECT, related_name="+", verbose_name=_("participant")
    )
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="+", verbose_name=_("cohort"))
    status = models.CharField(
        _("status"), max_length=12, choices=ProposalStatus, default=ProposalStatus.PROPOSED
    )
    by_today = models.BooleanField(_("today's rule would do the same"), default=False)
    facts = models.JSONField(default=dict)
    worth = models.FloatField(_("worth"), default=0)
    price = models.FloatField(_("price"), default=0)
    reason = models.CharField(_("reason"), max_length=250, blank=True)
    refusal = models.TextField(_("why it could not be done"), blank=True)
    instead = models.ForeignKey(
        "people.Participant", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("who got the seat"),
    )  # fmt: skip
    enrollment = models.ForeignKey(
        "programs.Enrollment", models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(read=permitted("view_restricted", SEEN), write=permitted("enroll", SEEN))
        },
    )

    class Meta:
        verbose_name = _("proposed seat")
        verbose_name_plural = _("proposed seats")
        constraints = [
            models.UniqueConstraint(fields=["plan", "participant", "cohort"], name="seat_proposal_once"),
            models.CheckConstraint(
                condition=~Q(status__in=["declined", "changed"]) | ~Q(reason=""),
                name="seat_proposal_no_has_reason",
                violation_error_message=_("Say why."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "not_proposed"], decided_by="", decided_at__isnull=True)
                | (
                    Q(status__in=["accepted", "declined", "changed"], decided_at__isnull=False)
                    & ~Q(decided_by="")
                ),
                name="seat_proposal_decision_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(status="changed") | Q(instead__isnull=False),
                name="seat_proposal_change_names_whom",
            ),
        ]
        indexes = [models.Index(fields=["plan", "cohort"], name="seat_proposal_by_cohort")]

    @property
    def margin(self) -> float:
        """Worth above the price of the seat."""
        return self.worth - self.price
