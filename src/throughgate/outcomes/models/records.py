"""What happened to people: justice events, supervision, departures, and what went well.

Single rows are protected. Only staff whose role evaluates read them, of people whom they may see; partners,
employers and the public never do, and emergency access does not open them. Everybody else reads totals.
A row is known by its source and the key that the source gives it: rows that look alike may be two events
or two people, and are never taken for one ([T-18]).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, permitted, seen_participant
from throughgate.base.models import Recorded
from throughgate.base.scope import Audience

# Records come in by imports, which write as the system; those who evaluate read.
RECORDS = Guard(
    tier=Tier.PROTECTED,
    participant="participant_id",
    rules={Audience.STAFF: Rule(read=permitted("evaluate", seen_participant()))},
)


class FromSource(Recorded):
    """A fact that a source told: whom it is about, where it comes from, and which import brought it."""

    participant = models.ForeignKey("people.Participant", models.CASCADE, related_name="%(class)ss")
    source = models.CharField(_("source"), max_length=60)
    source_key = models.CharField(_("key in the source"), max_length=120)
    load_code = models.CharField(_("import"), max_length=8, blank=True)

    class Meta:
        abstract = True


class EventKind(models.TextChoices):
    ARREST = "arrest", _("Arrest")
    CONVICTION = "conviction", _("Conviction")
    INCARCERATION = "incarceration", _("Return to prison")


class Nature(models.TextChoices):
    """Why it happened; the two are always shown apart ([T-6])."""

    NEW_CRIME = "new_crime", _("New crime")
    TECHNICAL = "technical", _("Technical violation")


class JusticeEvent(FromSource):
    """An arrest, conviction or return to prison, with the day of the event and, when known, of the offense.

    An event for an offense from before release says nothing about life after it ([T-14]).
    """

    kind = models.CharField(_("what"), max_length=14, choices=EventKind)
    on = models.DateField(_("day"))
    offense_on = models.DateField(_("day of the offense"), null=True, blank=True)
    nature = models.CharField(_("why"), max_length=10, choices=Nature)
    seriousness = models.PositiveSmallIntegerField(_("seriousness, 1 is least"), null=True, blank=True)

    guard = RECORDS

    class Meta:
        verbose_name = _("justice event")
        verbose_name_plural = _("justice events")
        constraints = [
            models.UniqueConstraint(fields=["source", "source_key"], name="justice_event_once"),
            models.CheckConstraint(
                condition=Q(offense_on__isnull=True) | Q(offense_on__lte=F("on")),
                name="justice_event_after_offense",
                violation_error_message=_("The offense cannot be after the event."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "on"], name="justice_event_by_person")]


class SupervisionKind(models.TextChoices):
    PAROLE = "parole", _("Parole or conditional release")
    PROBATION = "probation", _("Probation")
    OTHER = "other", _("Other supervision")


class SupervisionSpell(FromSource):
    """A time under supervision; ``jurisdiction`` says where, when it is not the agency's own."""

    kind = models.CharField(_("kind"), max_length=10, choices=SupervisionKind)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    jurisdiction = models.CharField(_("where"), max_length=12, blank=True)

    guard = RECORDS

    class Meta:
        verbose_name = _("time under supervision")
        verbose_name_plural = _("times under supervision")
        constraints = [
            models.UniqueConstraint(fields=["source", "source_key"], name="supervision_once"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="supervision_ends_after_start",
                violation_error_message=_("Supervision cannot end before it begins."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "starts_on"], name="supervision_by_person")]


class DepartureKind(models.TextChoices):
    """Why somebody can no longer be followed: neither a return nor a success ([T-5])."""

    DEATH = "death", _("Died")
    REMOVAL = "removal", _("Removed from the country")
    TRANSFER = "transfer", _("Moved to another jurisdiction")


class Departure(FromSource):
    """A death, removal or departure after release."""

    kind = models.CharField(_("what"), max_length=10, choices=DepartureKind)
    on = models.DateField(_("day"))

    guard = RECORDS

    class Meta:
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="departure_once")]
        indexes = [models.Index(fields=["participant", "on"], name="departure_by_person")]


class PositiveKind(models.TextChoices):
    """What goes well is counted on the same machinery as what does not."""

    EMPLOYMENT = "employment", _("Work")
    HOUSING = "housing", _("Stable housing")
    EDUCATION = "education", _("Education or credential")
    HEALTH = "health", _("Health care")
    FAMILY = "family", _("Family")


class PositiveOutcome(FromSource):
    """Something that went well after release; ``value`` may be hours, wages or months, as the source says."""

    kind = models.CharField(_("what"), max_length=10, choices=PositiveKind)
    on = models.DateField(_("day"))
    value = models.DecimalField(_("value"), max_digits=12, decimal_places=2, null=True, blank=True)

    guard = RECORDS

    class Meta:
        verbose_name = _("positive outcome")
        verbose_name_plural = _("positive outcomes")
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="positive_once")]
        indexes = [models.Index(fields=["participant", "on"], name="positive_by_person")]
