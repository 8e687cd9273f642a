"""Dated sessions, who leads them, and what became of them."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, my_visitor, own_facility, own_organization, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.places.models import Facility, RegimePeriod, Room
from throughgate.programs.models.cohorts import Cohort


class SessionStatus(models.TextChoices):
    """What became of the session itself, apart from what became of each person ([P-4])."""

    PLANNED = "planned", _("Planned")
    HELD = "held", _("Held")
    PARTLY_HELD = "partly_held", _("Partly held")
    CANCELLED = "cancelled", _("Cancelled")


class SessionKind(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    MAKE_UP = "make_up", _("Make-up")
    ONE_TO_ONE = "one_to_one", _("One to one")


class Session(Coded, Recorded):
    """One dated session of a cohort: the centre of the wheel ([P-1])."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="sessions", verbose_name=_("cohort"))
    facility = models.ForeignKey(
        Facility, models.PROTECT, related_name="sessions", verbose_name=_("facility")
    )
    organization = models.ForeignKey(
        "partners.Organization", models.PROTECT, null=True, blank=True, related_name="sessions"
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="sessions", verbose_name=_("room")
    )
    number = models.PositiveSmallIntegerField(_("number in the cohort"), default=1)
    title = models.CharField(_("title"), max_length=120, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=SessionKind, default=SessionKind.SCHEDULED)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    during = models.GeneratedField(
        expression=Func(F("starts_at"), F("ends_at"), Value("[)"), function="tstzrange"),
        output_field=DateTimeRangeField(),
        db_persist=True,
    )
    planned_for = models.DateTimeField(
        _("weekly time it was made for"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Stays when the session is moved, so that making sessions again makes no second one."),
    )
    status = models.CharField(
        _("what became of it"), max_length=12, choices=SessionStatus, default=SessionStatus.PLANNED
    )
    officer = models.CharField(_("officer or escort"), max_length=80, blank=True)
    reason = models.CharField(_("cancellation reason of the pack"), max_length=40, blank=True)
    public_words = models.CharField(_("what those concerned are told"), max_length=200, blank=True)
    settled_by = models.CharField(_("outcome recorded by"), max_length=120, blank=True)
    settled_at = models.DateTimeField(_("outcome recorded at"), null=True, blank=True)
    minutes_held = models.PositiveSmallIntegerField(_("minutes held"), null=True, blank=True)
    regime = models.ForeignKey(
        RegimePeriod, models.PROTECT, null=True, blank=True, related_name="sessions", verbose_name=_("regime")
    )
    makes_up_for = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="make_ups", verbose_name=_("makes up for")
    )
    # Kept by a trigger on attendance, so that totals outlive the people's move to another facility.
    called = models.PositiveSmallIntegerField(default=0, editable=False)
    recorded = models.PositiveSmallIntegerField(default=0, editable=False)
    attended = models.PositiveSmallIntegerField(default=0, editable=False)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read=own_facility(),
                write="(SELECT tg.has_permission('manage_sessions') OR tg.has_permission('mark_attendance'))"
                f" AND {own_facility()}",
            ),
            Audience.PARTNER: Rule(
                read=own_organization(),
                write=permitted("mark_attendance", own_organization()),
            ),
            # Spelled out with the table: a bare "id" would mean the inner table's.
            Audience.VISITOR: Rule(
                read="EXISTS (SELECT 1 FROM programs_facilitator f WHERE f.session_id = programs_session.id"
                " AND f.visitor_id = (SELECT tg.visitor_id()))"
            ),
            Audience.PARTICIPANT: Rule(
                read="EXISTS (SELECT 1 FROM programs_call c WHERE c.session_id = programs_session.id"
                " AND c.participant_id = (SELECT tg.participant_id()))"
            ),
        },
    )

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="session_ends_after_start",
                violation_error_message=_("The session must end after it starts."),
            ),
            ExclusionConstraint(
                name="session_room_is_taken",
                expressions=[("room", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=~Q(status="cancelled") & Q(room__isnull=False),
                violation_error_message=_("The room is taken at that time."),
            ),
            models.UniqueConstraint(
                fields=["cohort", "planned_for"],
                name="session_once_per_weekly_time",
                violation_error_message=_("This session was already made."),
            ),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | ~Q(reason=""),
                name="session_cancelled_for_a_reason",
                violation_error_message=_("Say why the session was cancelled."),
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_by="")
                | (Q(settled_at__isnull=False) & ~Q(settled_by="")),
                name="session_outcome_is_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["facility", "starts_at"], name="session_by_facility"),
            models.Index(fields=["organization", "starts_at"], name="session_by_organization"),
            models.Index(fields=["cohort", "starts_at"], name="session_by_cohort"),
        ]


class Facilitator(Recorded):
    """A visitor who leads a session, regularly or as cover; a trigger refuses who is not cleared then."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="facilitators")
    visitor = models.ForeignKey(
        "visitors.Visitor", models.PROTECT, related_name="facilitations", verbose_name=_("visitor")
    )
    during = DateTimeRangeField(editable=False)
    cover = models.BooleanField(_("as cover"), default=False)
    active = models.BooleanField(_("coming"), default=True)
    arrived_at = models.DateTimeField(_("came in at"), null=True, blank=True)
    left_at = models.DateTimeField(_("went out at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read="EXISTS (SELECT 1 FROM programs_session s WHERE s.id = session_id)",
                write="(SELECT tg.has_permission('manage_sessions') OR tg.has_permission('view_gate_list'))"
                " AND EXISTS (SELECT 1 FROM programs_session s WHERE s.id = session_id)",
                delete=permitted(
                    "manage_sessions", "EXISTS (SELECT 1 FROM programs_session s WHERE s.id = session_id)"
                ),
            ),
            Audience.PARTNER: Rule(read="EXISTS (SELECT 1 FROM programs_session s WHERE s.id = session_id)"),
            Audience.VISITOR: Rule(read=my_visitor()),
        },
    )

    class Meta:
        verbose_name = _("facilitator")
        verbose_name_plural = _("facilitators")
        constraints = [
            models.UniqueConstraint(fields=["session", "visitor"], name="facilitator_once"),
            ExclusionConstraint(
                name="facilitator_in_one_place",
                expressions=[("visitor", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(active=True),
                violation_error_message=_("This visitor leads another session at that time."),
            ),
        ]


class UsualFacilitator(models.Model):
    """Who usually leads a cohort, and who covers; new sessions are staffed from here ([P-125])."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="usual_facilitators")
    visitor = models.ForeignKey(
        "visitors.Visitor", models.PROTECT, related_name="+", verbose_name=_("visitor")
    )
    cover = models.BooleanField(_("as cover"), default=False)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read="EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = cohort_id)",
                write=permitted(
                    "manage_sessions", "EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = cohort_id)"
                ),
                delete=permitted(
                    "manage_sessions", "EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = cohort_id)"
                ),
            ),
            Audience.PARTNER: Rule(read="EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = cohort_id)"),
            Audience.VISITOR: Rule(read=my_visitor()),
        },
    )

    class Meta:
        verbose_name = _("usual facilitator")
        verbose_name_plural = _("usual facilitators")
        constraints = [models.UniqueConstraint(fields=["cohort", "visitor"], name="usual_facilitator_once")]


class RegimeEffect(Recorded):
    """What one regime did to one session: its state before, minutes lost, and whether it came back."""

    regime = models.ForeignKey(RegimePeriod, models.CASCADE, related_name="effects")
    session = models.ForeignKey(Session, models.CASCADE, related_name="regime_effects")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    status_before = models.CharField(max_length=12, choices=SessionStatus)
    people = models.PositiveSmallIntegerField(_("people called"))
    lost_minutes = models.PositiveIntegerField(_("person-minutes lost"))
    credit_protected = models.BooleanField(_("credit kept by the policy pack"), default=False)
    restored_at = models.DateTimeField(_("given back at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=own_facility(), write=permitted("declare_regime", own_facility())),
            Audience.PARTNER: Rule(read="EXISTS (SELECT 1 FROM programs_session s WHERE s.id = session_id)"),
        },
    )

    class Meta:
        verbose_name = _("effect of a regime")
        verbose_name_plural = _("effects of regimes")
        constraints = [models.UniqueConstraint(fields=["regime", "session"], name="regime_effect_once")]
