"""Runs of a program in a facility, and their weekly times."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import ALWAYS, Guard, Rule, Tier, own_facility, own_organization, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.places.models import Facility, Room, Weekday
from throughgate.programs.models.catalog import Program


class CohortStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    OPEN = "open", _("Taking people")
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


LIVE_COHORT = (CohortStatus.OPEN, CohortStatus.RUNNING)

COHORT_RULES = {
    Audience.STAFF: Rule(read=own_facility(), write=permitted("manage_programs", own_facility())),
    Audience.PARTNER: Rule(read=own_organization()),
    Audience.VISITOR: Rule(read=ALWAYS),
    Audience.PARTICIPANT: Rule(read=ALWAYS),
}


class Cohort(Coded, Recorded):
    """One run of a program: a group with seats, a room and weekly times.

    ``seats_taken`` and ``seats_overridden`` are kept by a trigger on enrollments; the check constraint on
    them is what makes "full" true for two people who ask in the same instant.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="cohorts", verbose_name=_("program"))
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="cohorts", verbose_name=_("facility"))
    organization = models.ForeignKey(
        "partners.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="cohorts",
        verbose_name=_("partner"),
    )
    agreement = models.ForeignKey(
        "partners.Agreement", models.PROTECT, null=True, blank=True, verbose_name=_("agreement")
    )
    name = models.CharField(_("name"), max_length=120)
    room = models.ForeignKey(Room, models.PROTECT, null=True, blank=True, verbose_name=_("usual room"))
    capacity = models.PositiveSmallIntegerField(_("seats"))
    minimum = models.PositiveSmallIntegerField(_("fewest people to run"), default=1)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    status = models.CharField(_("status"), max_length=10, choices=CohortStatus, default=CohortStatus.PLANNED)
    needs_officer = models.BooleanField(_("an officer must be present"), default=True)
    seats_taken = models.PositiveSmallIntegerField(default=0, editable=False)
    seats_overridden = models.PositiveSmallIntegerField(default=0, editable=False)

    guard = Guard(tier=Tier.OPERATIONAL, rules=COHORT_RULES)

    class Meta:
        verbose_name = _("cohort")
        verbose_name_plural = _("cohorts")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="cohort_ends_after_start",
                violation_error_message=_("The last day cannot be before the first."),
            ),
            models.CheckConstraint(
                condition=Q(seats_taken__lte=F("capacity") + F("seats_overridden")),
                name="cohort_is_full",
                violation_error_message=_("Every seat is taken."),
            ),
        ]
        indexes = [models.Index(fields=["facility", "status", "starts_on"], name="cohort_by_facility")]

    @property
    def free_seats(self) -> int:
        """Seats that nobody has yet."""
        return max(0, self.capacity - self.seats_taken + self.seats_overridden)


class WeeklySlot(models.Model):
    """A weekly time of a cohort; dated sessions are made from it, skipping holidays and closed days."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="slots", verbose_name=_("cohort"))
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    room = models.ForeignKey(Room, models.PROTECT, null=True, blank=True, verbose_name=_("room"))

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read="EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = cohort_id)",
                write=permitted(
                    "manage_programs", "EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = cohort_id)"
                ),
                delete=permitted(
                    "manage_programs", "EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = cohort_id)"
                ),
            ),
            Audience.PARTNER: Rule(read="EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = cohort_id)"),
            Audience.VISITOR: Rule(read=ALWAYS),
            Audience.PARTICIPANT: Rule(read=ALWAYS),
        },
    )

    class Meta:
        verbose_name = _("weekly time")
        verbose_name_plural = _("weekly times")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="weekly_slot_ends_after_start",
                violation_error_message=_("The time must end after it starts."),
            ),
            models.UniqueConstraint(fields=["cohort", "weekday", "starts"], name="weekly_slot_once"),
        ]
