"""The steps to a clearance: each requirement, who answered as a referee, and what was declared.

A step keeps that something was shown, to whom and until when it counts. There is no place for the paper, the
record behind a decision, or a copy of an identity document ([A-5]).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, my_visitor, own_facility, permitted, seen
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.visitors.models.clearances import Clearance, Visitor

MINE = (
    "EXISTS (SELECT 1 FROM visitors_clearance c WHERE c.id = clearance_id AND "
    + my_visitor("c.visitor_id")
    + ")"
)
HERE = (
    "EXISTS (SELECT 1 FROM visitors_clearance c WHERE c.id = clearance_id AND "
    + own_facility("c.facility_id")
    + ")"
)


class Stage(models.TextChoices):
    APPLICATION = "application", _("Application")
    APPROVAL = "approval", _("Approval")
    ONBOARDING = "onboarding", _("Onboarding")


class Step(Coded, Recorded):
    """One requirement of one clearance.

    It holds on a day when it is waived, or was done and has not run out (with its grace), or is not due yet;
    one that the rules no longer ask (``asked`` false) always holds. ``until`` empty: without an end. ``claimed_on``
    is what the visitor says; it counts for nothing until somebody has seen it.
    """

    clearance = models.ForeignKey(
        Clearance, models.CASCADE, related_name="steps", verbose_name=_("clearance")
    )
    requirement = models.CharField(_("requirement"), max_length=40)
    stage = models.CharField(_("stage"), max_length=11, choices=Stage)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    asked = models.BooleanField(_("still asked"), default=True)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    claimed_on = models.DateField(_("the visitor says since"), null=True, blank=True)
    sent_back = models.CharField(_("what is missing, for the visitor"), max_length=200, blank=True)
    done_on = models.DateField(_("done on"), null=True, blank=True)
    until = models.DateField(_("counts until"), null=True, blank=True)
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=0)
    decided_by = models.CharField(_("recorded by"), max_length=120, blank=True)
    authority = models.CharField(_("who made the decision"), max_length=120, blank=True)
    waived_on = models.DateField(_("waived on"), null=True, blank=True)
    waived_until = models.DateField(_("waived until"), null=True, blank=True)
    waived_by = models.CharField(_("waived by"), max_length=120, blank=True)
    waived_because = models.CharField(_("why it is waived"), max_length=200, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=HERE, write=permitted("manage_visitors", HERE)),
            Audience.VISITOR: Rule(read=MINE),
            Audience.PARTNER: Rule(read=MINE),
        },
    )

    class Meta:
        verbose_name = _("step to a clearance")
        verbose_name_plural = _("steps to clearances")
        constraints = [
            models.UniqueConstraint(fields=["clearance", "requirement"], name="step_once"),
            models.CheckConstraint(
                condition=Q(done_on__isnull=True, until__isnull=True)
                | Q(done_on__isnull=False, until__isnull=True)
                | Q(done_on__isnull=False, until__gte=models.F("done_on")),
                name="step_counts_from_when_it_was_done",
                violation_error_message=_("It cannot have run out before it was done."),
            ),
            models.CheckConstraint(
                condition=Q(waived_on__isnull=True, waived_by="", waived_because="")
                | (Q(waived_on__isnull=False) & ~Q(waived_by="") & ~Q(waived_because="")),
                name="step_waiver_has_a_reason",
                violation_error_message=_("Say why it is waived."),
            ),
        ]


class Reference(Coded, Recorded):
    """Somebody whom the applicant names. They answer through a link, without an account."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="references", verbose_name=_("step"))
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"))
    relation = models.CharField(_("how they know the applicant"), max_length=120)
    asked_at = models.DateTimeField(_("asked at"), null=True, blank=True)
    times_asked = models.PositiveSmallIntegerField(_("times asked"), default=0)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read=permitted("manage_visitors", seen("visitors_step", "step_id")),
                write=permitted("manage_visitors", seen("visitors_step", "step_id")),
            ),
            Audience.VISITOR: Rule(read=seen("visitors_step", "step_id")),
            Audience.PARTNER: Rule(read=seen("visitors_step", "step_id")),
        },
    )

    class Meta:
        verbose_name = _("reference")
        verbose_name_plural = _("references")
        constraints = [
            models.UniqueConstraint(
                fields=["step", "email"],
                condition=Q(withdrawn_at__isnull=True),
                name="reference_once",
                violation_error_message=_("This person is named already."),
            ),
        ]


class ReferenceAnswer(Recorded):
    """What a referee wrote, in confidence: only those who decide at that facility read it, never the applicant.

    ``answers`` is a list of {"question", "words"} in the words of the pack it was asked under.
    """

    reference = models.OneToOneField(Reference, models.CASCADE, related_name="answer")
    answers = models.JSONField(_("answers"))

    guard = Guard(
        tier=Tier.PROTECTED,
        rules={
            Audience.STAFF: Rule(
                read=permitted("manage_visitors", seen("visitors_reference", "reference_id")),
            )
        },
    )

    class Meta:
        verbose_name = _("answer of a referee")
        verbose_name_plural = _("answers of referees")


class Conflict(Coded, Recorded):
    """A tie to somebody inside, or to the facility, that a visitor declared ([P-181] to [P-183]).

    Security settles it: nobody is meant, the two are kept apart, or it bars the visitor from this facility. Whom
    it is about stands in the keep-apart order alone, which the visitor does not see.
    """

    class Kind(models.TextChoices):
        KIN = "kin", _("Family")
        FRIEND = "friend", _("Close friend")
        CORRESPONDENT = "correspondent", _("We write or phone each other")
        VISITING_LIST = "visiting_list", _("I am on somebody's visiting list")
        STAFF = "staff", _("I work here or for a contractor here")

    class State(models.TextChoices):
        OPEN = "open", _("Waits for a look by security")
        NOBODY = "nobody", _("Looked at: nothing follows")
        APART = "apart", _("Looked at: you will not be in one session")
        BARS = "bars", _("Looked at: you cannot be a visitor here")

    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="conflicts", verbose_name=_("visitor"))
    facility = models.ForeignKey(
        "places.Facility", models.PROTECT, related_name="+", verbose_name=_("facility")
    )
    kind = models.CharField(_("kind"), max_length=14, choices=Kind)
    about = models.CharField(_("with whom, in the visitor's words"), max_length=200)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.OPEN)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_keep_apart", own_facility()),
                write=permitted("edit_keep_apart", own_facility()),
            ),
            Audience.VISITOR: Rule(read=my_visitor()),
            Audience.PARTNER: Rule(read=my_visitor()),
        },
    )

    class Meta:
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True)
                | ~Q(state="open") & Q(decided_at__isnull=False),
                name="conflict_decision_is_paired",
            ),
        ]
