"""Training and orientation: dates with seats, booked and canceled by those who come."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import ALWAYS, Guard, Rule, Tier, my_visitor, own_facility, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.visitors.models.clearances import Visitor


class TrainingDate(Coded, Recorded):
    """A date on which a requirement can be met at a facility. ``taken`` is counted by the database."""

    facility = models.ForeignKey(
        "places.Facility", models.PROTECT, related_name="training_dates", verbose_name=_("facility")
    )
    requirement = models.CharField(_("requirement"), max_length=40)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    place = models.CharField(_("place"), max_length=120)
    seats = models.PositiveSmallIntegerField(_("seats"))
    taken = models.PositiveSmallIntegerField(default=0, editable=False)
    cancelled_at = models.DateTimeField(_("canceled at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_visitors", own_facility())),
            Audience.VISITOR: Rule(read=ALWAYS),
            Audience.PARTNER: Rule(read=ALWAYS),
        },
    )

    class Meta:
        verbose_name = _("training date")
        verbose_name_plural = _("training dates")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="training_ends_after_start",
                violation_error_message=_("The training must end after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(taken__lte=F("seats")),
                name="training_is_full",
                violation_error_message=_("Every seat on this date is taken."),
            ),
        ]
        indexes = [models.Index(fields=["facility", "starts_at"], name="training_by_facility")]

    @property
    def free(self) -> int:
        """Seats that nobody has yet."""
        return max(0, self.seats - self.taken)


class TrainingSeat(Coded, Recorded):
    """A visitor's seat on a training date."""

    class State(models.TextChoices):
        BOOKED = "booked", _("Booked")
        CANCELLED = "cancelled", _("Canceled")
        ATTENDED = "attended", _("Attended")
        MISSED = "missed", _("Missed")

    training = models.ForeignKey(
        TrainingDate, models.CASCADE, related_name="bookings", verbose_name=_("training date")
    )
    visitor = models.ForeignKey(
        Visitor, models.CASCADE, related_name="training_seats", verbose_name=_("visitor")
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.BOOKED)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read="EXISTS (SELECT 1 FROM visitors_trainingdate t WHERE t.id = training_id AND "
                + own_facility("t.facility_id")
                + ")",
                write=permitted(
                    "manage_visitors",
                    "EXISTS (SELECT 1 FROM visitors_trainingdate t WHERE t.id = training_id AND "
                    + own_facility("t.facility_id")
                    + ")",
                ),
            ),
            Audience.VISITOR: Rule(read=my_visitor()),
            Audience.PARTNER: Rule(read=my_visitor()),
        },
    )

    class Meta:
        verbose_name = _("seat on a training date")
        verbose_name_plural = _("seats on training dates")
        constraints = [
            models.UniqueConstraint(
                fields=["training", "visitor"],
                condition=~Q(state="cancelled"),
                name="training_seat_once",
                violation_error_message=_("There already is a seat on this date."),
            ),
        ]
