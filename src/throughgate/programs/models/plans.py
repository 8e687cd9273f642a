"""Proposals for filling seats: what the allocation engine would do, and what people decided about it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import SYSTEM, Guard, Rule, Tier, own_facility, permitted, seen, seen_participant
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.programs.models.catalog import Program
from throughgate.programs.models.cohorts import Cohort

SEEN = seen_participant()
OF_A_SEEN_PLAN = permitted("view_restricted", seen("programs_seatplan", "plan_id"))
BY_AUDITOR = Rule(read=permitted("view_audit"))


class PlanState(models.TextChoices):
    WAITING = "waiting", _("Being made")
    READY = "ready", _("To decide")
    CLOSED = "closed", _("Decided")
    REPLACED = "replaced", _("Replaced by a newer one")
    FAILED = "failed", _("Not made")


class PlanScope(models.TextChoices):
    """For which free seats a proposal is; one for the agency is a proposal at each facility, made together."""

    COHORT = "cohort", _("One cohort")
    PROGRAM = "program", _("One program")
    FACILITY = "facility", _("All free seats here")
    AGENCY = "agency", _("All free seats of the agency")


class TodaysRule(models.TextChoices):
    """How seats are given without a proposal; a proposal stands beside each."""

    FIRST_COME = "first_come", _("First come")
    EARLIEST_RELEASE = "earliest_release", _("Earliest release")
    NEED_THEN_RELEASE = "need_then_release", _("Need, then release")


class SeatPlan(Coded, Recorded):
    """A proposal for the free seats of a facility, a program there, or one cohort. It enrolls nobody.

    ``round`` joins the proposals that were asked for together, for the agency. ``previous`` is the one before,
    whose seats count a little more ([F-5]). ``figures`` hold what the plan and each of today's rules reach, and
    what changed since; ``gaps`` need by need who waits for how many seats; all are numbers only. ``value``,
    ``bound`` and ``gap`` are the engine's ([F-1], [F-3]). ``heard_at`` is the last sign of whoever makes it.
    """

    facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    scope = models.CharField(_("for"), max_length=8, choices=PlanScope, default=PlanScope.FACILITY)
    round = models.UUIDField(_("asked for together"), default=uuid.uuid4, db_index=True)
    weekly = models.BooleanField(_("made by the week"), default=False)
    previous = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    program = models.ForeignKey(
        Program, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only this program")
    )
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
    tries = models.PositiveSmallIntegerField(_("times begun"), default=0)
    heard_at = models.DateTimeField(_("last heard of"), null=True, blank=True)
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=120, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", own_facility()), write=permitted("enroll", own_facility())
            ),
            Audience.AUDITOR: BY_AUDITOR,
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
            models.CheckConstraint(
                condition=Q(scope="cohort", cohort__isnull=False, program__isnull=True)
                | Q(scope="program", cohort__isnull=True, program__isnull=False)
                | Q(scope__in=["facility", "agency"], cohort__isnull=True, program__isnull=True),
                name="seat_plan_says_for_what",
            ),
        ]
        indexes = [models.Index(fields=["facility", "-recorded_at"], name="seat_plan_by_facility")]

    @property
    def whole(self) -> bool:
        """Whether it is for every free seat of its facility."""
        return self.scope in {PlanScope.FACILITY, PlanScope.AGENCY}

    @property
    def words(self) -> str:
        """For which seats it is, in words; reads the cohort or program."""
        if self.cohort:
            return self.cohort.name
        return self.program.name if self.program else str(PlanScope(self.scope).label)


class ProposalStatus(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    CHANGED = "changed", _("Given to someone else")
    NOT_PROPOSED = "not_proposed", _("Only by today's rule")


class SeatProposal(Coded, Recorded):
    """One person and one cohort of a proposal, with the facts that speak for it and what was decided.

    ``facts`` are what stands behind it (needs, waiting, release, places in line), never a keep-apart order.
    ``margin`` is what the seat is worth for this person above its price. ``by_rules`` names which of today's
    rules would give the same seat. Rows that only they would seat are kept for comparison; they are never
    decided. A decision is made once: the database lets nobody change it (``seats.sql``).
    """

    plan = models.ForeignKey(SeatPlan, models.PROTECT, related_name="proposals")
    participant = models.ForeignKey(
        "people.Participant", models.PROTECT, related_name="+", verbose_name=_("participant")
    )
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="+", verbose_name=_("cohort"))
    status = models.CharField(
        _("status"), max_length=12, choices=ProposalStatus, default=ProposalStatus.PROPOSED
    )
    by_rules = ArrayField(
        models.CharField(max_length=20, choices=TodaysRule), default=list, blank=True,
        verbose_name=_("today's rules that would do the same"),
    )  # fmt: skip
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
            Audience.STAFF: Rule(read=permitted("view_restricted", SEEN), write=permitted("enroll", SEEN)),
            Audience.AUDITOR: BY_AUDITOR,
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

    @property
    def by_today(self) -> bool:
        """Whether the rule of first come would give this seat too."""
        return TodaysRule.FIRST_COME in self.by_rules


class SeatRecord(models.Model):
    """What a proposal was made from, written once with it and never changed ([F-11]).

    ``data`` holds digests, weights, prices, the lottery's ledger, the seats of the plan and of today's rules,
    by codes; ``sha256`` is over its canonical JSON. What people decided stands on the proposed seats.
    """

    plan = models.OneToOneField(SeatPlan, models.PROTECT, related_name="record", primary_key=True)
    data = models.JSONField(encoder=DjangoJSONEncoder)
    sha256 = models.CharField(max_length=64)

    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={Audience.STAFF: Rule(read=OF_A_SEEN_PLAN), Audience.AUDITOR: BY_AUDITOR},
        job=Rule(read=SYSTEM, write=SYSTEM, insert_only=True),
    )

    class Meta:
        verbose_name = _("decision record")
        verbose_name_plural = _("decision records")


class SeatAudit(models.Model):
    """How a plan and today's rules reach groups that no decision may look at: sex, race. Auditors alone read it.

    ``groups`` maps group, label to people and, by plan and rule, the share of need met and with a seat.
    """

    plan = models.OneToOneField(SeatPlan, models.PROTECT, related_name="audit", primary_key=True)
    groups: models.JSONField[Any, Any] = models.JSONField(default=dict)

    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={Audience.AUDITOR: BY_AUDITOR},
        job=Rule(read=SYSTEM, write=SYSTEM, insert_only=True),
    )

    class Meta:
        verbose_name = _("audit of a proposal")
        verbose_name_plural = _("audits of proposals")
