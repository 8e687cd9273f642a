"""Why a person has or has not a seat, where need goes unmet, and what people say against a decision."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, myself, own_facility, permitted, seen_participant
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.programs.models.catalog import Program
from throughgate.programs.models.cohorts import Cohort
from throughgate.programs.models.plans import PlanState, SeatPlan

SEEN = seen_participant()


class SeatAnswer(models.Model):
    """Why one proposal gave, or did not give, a person in line a seat in a cohort ([F-9]).

    ``told`` are the obstacles in the order in which they are told: what lies with the person's own plan by its
    kind; "price" or "tie" where the seats went to others; and one word, "unavailable", for all that is not
    told, so that a keep-apart order reads like a closed group. ``own`` names the person's own cohorts that are
    in the way, by code. ``worth``, ``last`` and ``price`` are in units of weighted need met; ``place`` counts
    among those who fit and got no seat.
    """

    plan = models.ForeignKey(SeatPlan, models.CASCADE, related_name="answers")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="+")
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="+")
    seated = models.BooleanField(default=False)
    told = models.JSONField(default=list)
    own = models.JSONField(default=list)
    worth = models.FloatField(default=0)
    last = models.FloatField(default=0)
    price = models.FloatField(default=0)
    place = models.PositiveIntegerField(null=True, blank=True)
    fit = models.PositiveIntegerField(default=0)
    seats = models.PositiveIntegerField(default=0)
    next_starts = models.JSONField(default=list)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={Audience.STAFF: Rule(read=permitted("view_restricted", SEEN))},
    )

    class Meta:
        verbose_name = _("answer to why")
        verbose_name_plural = _("answers to why")
        constraints = [
            models.UniqueConstraint(fields=["plan", "participant", "cohort"], name="seat_answer_once")
        ]
        indexes = [
            models.Index(fields=["cohort", "-plan"], name="seat_answer_by_cohort"),
            models.Index(fields=["participant", "-plan"], name="seat_answer_by_person"),
        ]


class GapMap(Coded, Recorded):
    """Where need goes unmet in a facility, and what one more weekly course would be worth ([F-7], [F-8]).

    ``cells`` are need by time to release; ``asks`` the next partners to ask, best first, each worth what it
    adds after those before it; all numbers and names of organizations, nothing about a person.
    """

    facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    work = models.ForeignKey("works.Work", models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(_("state"), max_length=8, choices=PlanState, default=PlanState.WAITING)
    asked_by = models.CharField(_("asked by"), max_length=120)
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)
    cells = models.JSONField(default=list)
    asks = models.JSONField(default=list)
    figures = models.JSONField(default=dict)
    why_failed = models.TextField(_("why it was not made"), blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", own_facility()), write=permitted("enroll", own_facility())
            )
        },
    )

    class Meta:
        verbose_name = _("gap map")
        verbose_name_plural = _("gap maps")
        constraints = [
            models.UniqueConstraint(
                fields=["facility"],
                condition=Q(state="waiting"),
                name="gap_map_one_at_a_time",
                violation_error_message=_("The map of this facility is being made."),
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(why_failed=""), name="gap_map_failed_for_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["facility", "-recorded_at"], name="gap_map_by_facility")]


class Contested(models.TextChoices):
    """What an appeal is about: a fact or a rule, never the calculation ([F-10])."""

    NEED = "need", _("What it says I need")
    DATE = "date", _("My release date")
    SCHOOL = "school", _("My reading level or diploma")
    CONDUCT = "conduct", _("My write-ups")
    LEVEL = "level", _("My custody level")
    TIME = "time", _("The times do not work for me")
    LINE = "line", _("My place in line")
    RULE = "rule", _("The rule is not fair")
    OTHER = "other", _("Something else")


class AppealOutcome(models.TextChoices):
    CORRECTED = "corrected", _("A fact was corrected")
    CHANGED = "changed", _("The decision was changed")
    STANDS = "stands", _("The decision stands")
    PASSED = "passed", _("Passed to whoever decides it")


OPEN_APPEAL = ""


class SeatAppeal(Coded, Recorded):
    """A participant says that a fact or a rule behind a decision about a seat is wrong. It must be answered.

    ``due_on`` comes from the deadlines pack; without an ``outcome`` it is open.
    """

    participant = models.ForeignKey(
        "people.Participant", models.PROTECT, related_name="+", verbose_name=_("participant")
    )
    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"))
    about = models.CharField(_("what is wrong"), max_length=8, choices=Contested)
    words = models.TextField(_("in your own words"), max_length=2000)
    entered_by = models.CharField(_("entered by"), max_length=120)
    made_on = models.DateField(_("made on"))
    due_on = models.DateField(_("answer by"))
    outcome = models.CharField(
        _("what came of it"), max_length=9, choices=AppealOutcome, blank=True, default=OPEN_APPEAL
    )
    answer = models.TextField(_("answer, for the person"), max_length=2000, blank=True)
    answered_by = models.CharField(_("answered by"), max_length=120, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", SEEN), write=permitted("manage_waitlist", SEEN)
            ),
            Audience.PARTICIPANT: Rule(read=myself(), write=f"{myself()} AND outcome = ''", insert_only=True),
        },
    )

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "program"],
                condition=Q(outcome=""),
                name="seat_appeal_one_open",
                violation_error_message=_("An appeal about this program is open already."),
            ),
            models.CheckConstraint(
                condition=Q(outcome="", answer="", answered_by="", answered_at__isnull=True)
                | (~Q(outcome="") & ~Q(answer="") & ~Q(answered_by="") & Q(answered_at__isnull=False)),
                name="seat_appeal_answer_is_whole",
                violation_error_message=_("Give the answer and what came of it."),
            ),
        ]
        indexes = [models.Index(fields=["outcome", "due_on"], name="seat_appeal_by_clock")]
