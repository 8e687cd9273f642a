"""Places in programs: the waitlist, enrollments, their pauses, and what was carried over."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import (
    Guard,
    Rule,
    Tier,
    granted,
    myself,
    own_organization,
    permitted,
    seen,
    seen_participant,
)
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.programs.models.catalog import Program
from throughgate.programs.models.cohorts import Cohort
from throughgate.programs.models.sessions import Session

SEEN = seen_participant()


class WaitStatus(models.TextChoices):
    PENDING = "pending", _("Asked for")
    APPROVED = "approved", _("In line")
    DECLINED = "declined", _("Declined")
    ENROLLED = "enrolled", _("Got a place")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REMOVED = "removed", _("Removed")


OPEN_WAIT = (WaitStatus.PENDING, WaitStatus.APPROVED)


class RequestedBy(models.TextChoices):
    """Who asked ([P-144])."""

    SELF = "self", _("The person")
    CASE_MANAGER = "case_manager", _("Case manager")
    BOARD = "board", _("Classification board")
    EDUCATION = "education", _("Education")
    WORKSHOP = "workshop", _("Workshop")
    MENTAL_HEALTH = "mental_health", _("Mental health")
    UNIT = "unit", _("Unit staff")
    RECEPTION = "reception", _("Reception")
    PEER = "peer", _("Peer worker")
    OTHER = "other", _("Other")


class WaitlistEntry(Coded, Recorded):
    """A place in line for a program. It belongs to the person and moves with them ([P-148])."""

    participant = models.ForeignKey(
        "people.Participant", models.PROTECT, related_name="waitlist", verbose_name=_("participant")
    )
    program = models.ForeignKey(Program, models.PROTECT, related_name="waitlist", verbose_name=_("program"))
    status = models.CharField(_("status"), max_length=10, choices=WaitStatus, default=WaitStatus.PENDING)
    requested_on = models.DateField(_("asked on"))
    requested_by = models.CharField(_("asked by"), max_length=14, choices=RequestedBy)
    confirmed_on = models.DateField(_("still wanted, as of"))
    note = models.CharField(_("note"), max_length=250, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    # Shown to the person, so it is written for the person.
    reason = models.CharField(_("reason, for the person"), max_length=250, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", SEEN), write=permitted("manage_waitlist", SEEN)
            ),
            Audience.PARTICIPANT: Rule(read=myself(), write=myself()),
        },
    )

    class Meta:
        verbose_name = _("waitlist entry")
        verbose_name_plural = _("waitlist entries")
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "program"],
                condition=Q(status__in=[s.value for s in OPEN_WAIT]),
                name="waitlist_once_per_program",
                violation_error_message=_("The person is already in line for this program."),
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["declined", "removed"]) | ~Q(reason=""),
                name="waitlist_no_comes_with_reason",
                violation_error_message=_("Say why, in words for the person."),
            ),
        ]
        indexes = [models.Index(fields=["program", "status", "requested_on"], name="waitlist_in_order")]


class EnrollmentStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Paused")
    ENDED = "ended", _("Ended")


SEATED = (EnrollmentStatus.ACTIVE, EnrollmentStatus.SUSPENDED)


class Enrollment(Coded, Recorded):
    """A person's seat in a cohort, from the day they start to the reason they left."""

    participant = models.ForeignKey(
        "people.Participant", models.PROTECT, related_name="enrollments", verbose_name=_("participant")
    )
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="enrollments", verbose_name=_("cohort"))
    organization = models.ForeignKey(
        "partners.Organization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    entry = models.OneToOneField(
        WaitlistEntry, models.PROTECT, null=True, blank=True, related_name="enrollment"
    )
    status = models.CharField(
        _("status"), max_length=10, choices=EnrollmentStatus, default=EnrollmentStatus.ACTIVE
    )
    starts_on = models.DateField(_("starts"))
    ends_on = models.DateField(_("planned end"))
    ended_on = models.DateField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=40, blank=True)
    end_note = models.CharField(_("note on the end"), max_length=250, blank=True)
    enrolled_by = models.CharField(_("seated by"), max_length=120)
    override_reason = models.CharField(_("why a refusal was overruled"), max_length=250, blank=True)
    over_capacity = models.BooleanField(_("beyond the seats"), default=False)
    carried_hours = models.DecimalField(
        _("hours carried from another facility"), max_digits=6, decimal_places=2, default=0
    )

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=f"(SELECT tg.has_permission('view_restricted')) AND {SEEN}",
                write=permitted("enroll", f"{SEEN} AND {seen('programs_cohort', 'cohort_id')}"),
            ),
            Audience.PARTNER: Rule(
                read=f"{own_organization()} AND {granted('participant_id', Tier.OPERATIONAL)}"
            ),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "cohort"],
                condition=Q(status__in=[s.value for s in SEATED]),
                name="enrollment_one_seat_per_cohort",
                violation_error_message=_("The person already has a seat in this cohort."),
            ),
            models.CheckConstraint(
                condition=(Q(status="ended") & Q(ended_on__isnull=False) & ~Q(end_reason=""))
                | (~Q(status="ended") & Q(ended_on__isnull=True, end_reason="")),
                name="enrollment_end_has_day_and_reason",
                violation_error_message=_("An ended place needs its day and reason."),
            ),
            models.CheckConstraint(
                condition=Q(over_capacity=False) | ~Q(override_reason=""),
                name="enrollment_over_capacity_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["cohort", "status"], name="enrollment_by_cohort"),
            models.Index(fields=["participant", "status"], name="enrollment_by_person"),
        ]


class Suspension(Recorded):
    """A pause of a place: nobody is called, the seat stays."""

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="suspensions")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="+")
    during = DateRangeField(_("from and until"))
    reason = models.CharField(_("reason"), max_length=40)
    with_pay = models.BooleanField(_("with pay or credit"), default=False)
    automatic = models.BooleanField(_("made by the system on an absence"), default=False)
    by_name = models.CharField(_("by"), max_length=120)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(read=permitted("view_restricted", SEEN), write=permitted("enroll", SEEN)),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        constraints = [
            ExclusionConstraint(
                name="suspension_one_at_a_time",
                expressions=[
                    ("enrollment", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("The place is already paused in those days."),
            )
        ]


class SlotExclusion(Recorded):
    """A weekly time of the cohort that this person cannot come to; they keep their seat ([P-149])."""

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="exclusions")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="+")
    weekday = models.PositiveSmallIntegerField(_("day"))
    starts = models.TimeField(_("from"))
    reason = models.CharField(_("reason"), max_length=120)
    by_name = models.CharField(_("by"), max_length=120)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", SEEN),
                write=permitted("enroll", SEEN),
                delete=permitted("enroll", SEEN),
            ),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("time the person cannot come")
        verbose_name_plural = _("times the person cannot come")
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "weekday", "starts"], name="slot_exclusion_once")
        ]


class Continuation(Coded, Recorded):
    """Something a receiving facility should go on with after a transfer or release ([P-3])."""

    class Kind(models.TextChoices):
        PLACE = "place", _("Place in a program")
        LINE = "line", _("Place in line")
        HOURS = "hours", _("Hours so far")
        CREDIT = "credit", _("Credit so far")

    class Status(models.TextChoices):
        OPEN = "open", _("To decide")
        CONTINUED = "continued", _("Goes on here")
        KEPT = "kept", _("Kept for later")
        UNAVAILABLE = "unavailable", _("Not available here")

    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="continuations")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"))
    from_facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    to_facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    enrollment = models.ForeignKey(Enrollment, models.PROTECT, null=True, blank=True, related_name="+")
    entry = models.ForeignKey(WaitlistEntry, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(_("what"), max_length=8, choices=Kind)
    detail = models.CharField(_("how far"), max_length=250)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.OPEN)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(read=permitted("view_restricted", SEEN), write=permitted("enroll", SEEN)),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("thing to continue")
        verbose_name_plural = _("things to continue")
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by="", status="open")
                | (Q(decided_at__isnull=False) & ~Q(decided_by="") & ~Q(status="open")),
                name="continuation_decision_is_paired",
            )
        ]


class Call(Recorded):
    """One person called to one place at one time. The exclusion constraint is why nobody is called twice.

    Without a session it is another appointment (court, health, visit) that lists and booking must respect.
    """

    class Status(models.TextChoices):
        CALLED = "called", _("Called")
        WITHDRAWN = "withdrawn", _("Not called")

    participant = models.ForeignKey(
        "people.Participant", models.PROTECT, related_name="calls", verbose_name=_("participant")
    )
    session = models.ForeignKey(Session, models.CASCADE, null=True, blank=True, related_name="calls")
    enrollment = models.ForeignKey(Enrollment, models.CASCADE, null=True, blank=True, related_name="calls")
    label = models.CharField(_("called to"), max_length=80, blank=True)
    place = models.CharField(_("place"), max_length=80, blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    during = models.GeneratedField(
        expression=Func(F("starts_at"), F("ends_at"), Value("[)"), function="tstzrange"),
        output_field=DateTimeRangeField(),
        db_persist=True,
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CALLED)
    why_not = models.CharField(_("why not called"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=SEEN,
                write="(SELECT tg.has_permission('enroll') OR tg.has_permission('manage_sessions')"
                f" OR tg.has_permission('edit_people')) AND {SEEN}"
                f" AND (session_id IS NULL OR {seen('programs_session', 'session_id')})",
                delete=permitted("enroll", SEEN),
            ),
            Audience.PARTNER: Rule(
                read="EXISTS (SELECT 1 FROM programs_session s WHERE s.id = session_id)"
                f" AND {granted('participant_id', Tier.OPERATIONAL)}"
            ),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        constraints = [
            ExclusionConstraint(
                name="call_to_one_place_at_a_time",
                expressions=[("participant", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(status="called"),
                violation_error_message=_("The person is called elsewhere at that time."),
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="call_ends_after_start"),
            models.CheckConstraint(
                condition=Q(session__isnull=False) | ~Q(label=""), name="call_says_where_to"
            ),
            models.UniqueConstraint(
                fields=["participant", "session"],
                condition=Q(session__isnull=False),
                name="call_once_per_session",
            ),
        ]
        indexes = [
            models.Index(fields=["session", "status"], name="call_by_session"),
            models.Index(fields=["participant", "starts_at"], name="call_by_person"),
            models.Index(fields=["starts_at"], name="call_by_time"),
        ]
