"""Where things happen: the agency, its facilities, their units, rooms, counts, movements and regimes."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import ALWAYS, Guard, Rule, Tier, own_facility, permitted, seen
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience

EVERYONE_READS = {
    audience: Rule(read=ALWAYS)
    for audience in (
        Audience.STAFF,
        Audience.PARTNER,
        Audience.VISITOR,
        Audience.PARTICIPANT,
        Audience.EMPLOYER,
        Audience.PUBLIC,
        Audience.AUTH,
        Audience.EMERGENCY,
        Audience.AUDITOR,
    )
}

# Staff keep their own facility's furniture; partners and participants read where and when.
FACILITY_FURNITURE = Guard(
    tier=Tier.OPERATIONAL,
    rules={
        Audience.STAFF: Rule(
            read=own_facility(),
            write=permitted("manage_facility", own_facility()),
            delete=permitted("manage_facility", own_facility()),
        ),
        Audience.PARTNER: Rule(read=ALWAYS),
        Audience.VISITOR: Rule(read=ALWAYS),
        Audience.PARTICIPANT: Rule(read=ALWAYS),
        Audience.EMERGENCY: Rule(read=ALWAYS),
    },
)


# The agency's own settings are for those who work for all of it.
EVERYWHERE = "EXISTS (SELECT 1 FROM tg.live_membership() m WHERE m.agency_wide)"


class Weekday(models.IntegerChoices):
    """ISO weekdays less one, as Python's ``date.weekday()``."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class DayPart(models.TextChoices):
    """The parts of the day in which people are moved; lists are printed for one of them ([P-270])."""

    MORNING = "am", _("Morning")
    AFTERNOON = "pm", _("Afternoon")
    EVENING = "ed", _("Evening")


class Agency(models.Model):
    """The jurisdiction that this deployment serves: its name, policy chain and own words for things."""

    name = models.CharField(_("name"), max_length=120)
    jurisdiction = models.CharField(
        _("jurisdiction"), max_length=20, help_text=_("Which policy packs apply, such as US-CA.")
    )
    timezone = models.CharField(_("time zone"), max_length=40, default="UTC")
    labels = models.JSONField(
        _("own words"), default=dict, blank=True, help_text=_("Neutral term to local label.")
    )
    demonstration = models.BooleanField(_("holds invented people only"), default=False)

    guard = Guard(
        tier=Tier.PUBLIC,
        rules={
            **EVERYONE_READS,
            Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_access", EVERYWHERE)),
        },
    )

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")


class FacilityKind(models.TextChoices):
    PRISON = "prison", _("Prison")
    JAIL = "jail", _("Jail")
    REENTRY_CENTER = "reentry_center", _("Reentry center")
    COMMUNITY_OFFICE = "community_office", _("Community office, after release")


class Facility(Coded):
    """A place of custody, or the office that goes on with people after release."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    short_name = models.CharField(_("short name"), max_length=30)
    kind = models.CharField(_("kind"), max_length=20, choices=FacilityKind)
    population = models.CharField(
        _("who lives here"),
        max_length=10,
        choices=[("men", _("Men")), ("women", _("Women")), ("all", _("Everyone"))],
        default="all",
    )
    jurisdiction = models.CharField(_("jurisdiction"), max_length=20)
    timezone = models.CharField(_("time zone"), max_length=40)
    address = models.CharField(_("address"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    gate_instructions = models.TextField(_("what visitors should know at the gate"), blank=True)
    external_code = models.CharField(_("code in the custody system"), max_length=30, unique=True, null=True)
    active = models.BooleanField(_("in use"), default=True)

    guard = Guard(
        tier=Tier.PUBLIC,
        rules={
            **EVERYONE_READS,
            Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_facility", own_facility("id"))),
        },
    )

    class Meta:
        verbose_name = _("facility")
        verbose_name_plural = _("facilities")

    @property
    def zone(self) -> ZoneInfo:
        """The facility's time zone; every date rule takes its local date."""
        return ZoneInfo(self.timezone)

    def now(self) -> dt.datetime:
        """This moment on the facility's clock."""
        return timezone.now().astimezone(self.zone)

    def today(self) -> dt.date:
        """Today's date in the facility."""
        return self.now().date()

    def at(self, day: dt.date, time: dt.time) -> dt.datetime:
        """A local day and time as a moment."""
        return dt.datetime.combine(day, time, tzinfo=self.zone)


class Unit(Coded):
    """A housing unit: the place that an unlock list is made for."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="units", verbose_name=_("facility"))
    name = models.CharField(_("name"), max_length=40)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    beds = models.PositiveSmallIntegerField(_("beds"), default=0)

    guard = FACILITY_FURNITURE

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "name"],
                name="unit_name_once_per_facility",
                violation_error_message=_("This facility already has a unit of that name."),
            )
        ]


class Room(Coded):
    """A room that sessions take place in; the database refuses two sessions in it at once."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="rooms", verbose_name=_("facility"))
    name = models.CharField(_("name"), max_length=60)
    capacity = models.PositiveSmallIntegerField(_("seats"))
    step_free = models.BooleanField(_("step-free"), default=False)
    has_screen = models.BooleanField(_("screen or video link"), default=False)
    active = models.BooleanField(_("in use"), default=True)

    guard = FACILITY_FURNITURE

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "name"],
                name="room_name_once_per_facility",
                violation_error_message=_("This facility already has a room of that name."),
            ),
            models.CheckConstraint(condition=Q(capacity__gt=0), name="room_has_seats"),
        ]


class CountTime(models.Model):
    """A standing count: nobody moves while it runs."""

    facility = models.ForeignKey(
        Facility, models.CASCADE, related_name="count_times", verbose_name=_("facility")
    )
    starts = models.TimeField(_("starts"))
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=30)
    weekdays = ArrayField(models.SmallIntegerField(choices=Weekday), verbose_name=_("days"))

    guard = FACILITY_FURNITURE

    class Meta:
        verbose_name = _("count time")
        verbose_name_plural = _("count times")


class MovementWindow(models.Model):
    """When people may be moved to a part of the day's sessions."""

    facility = models.ForeignKey(
        Facility, models.CASCADE, related_name="movement_windows", verbose_name=_("facility")
    )
    part = models.CharField(_("part of the day"), max_length=2, choices=DayPart)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))
    weekdays = ArrayField(models.SmallIntegerField(choices=Weekday), verbose_name=_("days"))

    guard = FACILITY_FURNITURE

    class Meta:
        verbose_name = _("movement window")
        verbose_name_plural = _("movement windows")
        constraints = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="movement_window_closes_after_opening",
                violation_error_message=_("The window must close after it opens."),
            )
        ]


class ClosedDay(models.Model):
    """A day on which this facility runs no programs, beside the holidays of its policy pack."""

    facility = models.ForeignKey(
        Facility, models.CASCADE, related_name="closed_days", verbose_name=_("facility")
    )
    day = models.DateField(_("day"))
    name = models.CharField(_("why"), max_length=80)

    guard = FACILITY_FURNITURE

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        constraints = [models.UniqueConstraint(fields=["facility", "day"], name="closed_day_once")]


class RegimeKind(models.TextChoices):
    MODIFIED = "modified", _("Modified regime")
    LOCKDOWN = "lockdown", _("Lockdown")


class RegimePeriod(Coded, Recorded):
    """A lockdown or modified regime as one event with a scope and a time.

    Several facilities locked down by one button share ``event``, so that pressing it again changes
    nothing. The restricted reason is kept apart, in :class:`RegimeReason`.
    """

    event = models.UUIDField(_("event"))
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="regimes", verbose_name=_("facility"))
    units = models.ManyToManyField(Unit, blank=True, verbose_name=_("units"), related_name="regimes")
    kind = models.CharField(_("kind"), max_length=10, choices=RegimeKind)
    cause = models.CharField(_("cause"), max_length=40, help_text=_("A cancellation reason of the pack."))
    public_reason = models.CharField(_("what others are told"), max_length=200)
    during = DateTimeRangeField(_("from and until"))
    declared_by = models.CharField(_("declared by"), max_length=120)
    first_until = models.DateTimeField(_("first announced until"))
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_by = models.CharField(_("lifted by"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=own_facility(), write=permitted("declare_regime", own_facility())),
            Audience.PARTNER: Rule(read=ALWAYS),
            Audience.VISITOR: Rule(read=ALWAYS),
            Audience.PARTICIPANT: Rule(read=ALWAYS),
        },
    )

    class Meta:
        verbose_name = _("regime period")
        verbose_name_plural = _("regime periods")
        constraints = [
            models.UniqueConstraint(fields=["event", "facility"], name="regime_once_per_event"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by="")
                | (Q(lifted_at__isnull=False) & ~Q(lifted_by="")),
                name="regime_lift_is_paired",
            ),
        ]


class RegimeReason(models.Model):
    """Why security really restricted the regime; for security and review only ([P-41])."""

    regime = models.OneToOneField(RegimePeriod, models.CASCADE, related_name="restricted")
    text = models.TextField(_("restricted reason"))

    guard = Guard(
        tier=Tier.PROTECTED,
        rules={
            Audience.STAFF: Rule(
                read=permitted("declare_regime", seen("places_regimeperiod", "regime_id")),
                write=permitted("declare_regime", seen("places_regimeperiod", "regime_id")),
            )
        },
    )

    class Meta:
        verbose_name = _("restricted reason")
        verbose_name_plural = _("restricted reasons")
