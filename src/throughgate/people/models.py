"""Participants and what custody tells us about them. Tiers are separate tables ([A-3])."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import (
    Guard,
    Rule,
    Tier,
    granted,
    in_emergency,
    myself,
    not_blocked,
    own_facility,
    own_organization,
    permitted,
    seen_participant,
)
from throughgate.base.models import Coded, Recorded
from throughgate.base.names import sort_name
from throughgate.base.scope import Audience

NOT_BLOCKED = not_blocked("id")


class Whereabouts(models.TextChoices):
    """Where a participant is, as far as the programs need to know."""

    INSIDE = "inside", _("Inside")
    AWAY = "away", _("Temporarily away")
    COMMUNITY = "community", _("In the community")
    DIED = "died", _("Died")
    CLOSED = "closed", _("Record closed")


class Participant(Coded, Recorded):
    """A person inside, or the same person after release. Names and place only: the operational tier.

    ``facility`` is the place that holds the person now, or the office that goes on with them after
    release; the row policies follow it, so that sight moves with custody ([A-30], [A-42]).
    """

    facility = models.ForeignKey(
        "places.Facility", models.PROTECT, related_name="participants", verbose_name=_("facility")
    )
    unit = models.ForeignKey(
        "places.Unit",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="participants",
        verbose_name=_("unit"),
    )
    cell = models.CharField(_("cell or bed"), max_length=20, blank=True)
    whereabouts = models.CharField(_("where"), max_length=10, choices=Whereabouts, default=Whereabouts.INSIDE)
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    preferred_name = models.CharField(_("preferred name"), max_length=80, blank=True)
    sort_name = models.CharField(max_length=170, editable=False)
    language = models.CharField(_("language"), max_length=8, default="en")
    interpreter = models.BooleanField(_("needs an interpreter"), default=False)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        participant="id",
        rules={
            Audience.STAFF: Rule(
                read=f"{own_facility()} AND {NOT_BLOCKED}",
                write=permitted("edit_people", f"{own_facility()} AND {NOT_BLOCKED}"),
            ),
            Audience.PARTNER: Rule(read=granted("id", Tier.OPERATIONAL)),
            Audience.PARTICIPANT: Rule(read=myself("id")),
            Audience.EMERGENCY: Rule(read=in_emergency("id")),
        },
    )

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        indexes = [
            models.Index(fields=["facility", "sort_name", "id"], name="participant_by_name"),
            models.Index(fields=["facility", "unit", "cell"], name="participant_by_unit"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the name order column true; without ICU the database orders by bytes."""
        self.sort_name = sort_name(self.last_name, self.first_name)
        super().save(*args, **kwargs)

    @property
    def name(self) -> str:
        """First and last name, the preferred one first where there is one."""
        return f"{self.preferred_name or self.first_name} {self.last_name}"

    @property
    def list_name(self) -> str:
        """Last name first, as official lists have it."""
        return f"{self.last_name}, {self.first_name}"


SEEN = seen_participant()
# Facts below belong to a participant: staff who hold the person, the treating or teaching partner with a
# live grant of the tier, and the person.
OPERATIONAL = {
    Audience.STAFF: Rule(
        read=SEEN, write=permitted("edit_people", SEEN), delete=permitted("edit_people", SEEN)
    ),
    Audience.PARTNER: Rule(read=granted("participant_id", Tier.OPERATIONAL)),
    Audience.PARTICIPANT: Rule(read=myself()),
}
RESTRICTED = {
    Audience.STAFF: Rule(
        read=permitted("view_restricted", SEEN),
        write=permitted("edit_people", SEEN),
        delete=permitted("edit_people", SEEN),
    ),
    Audience.PARTICIPANT: Rule(read=myself()),
}


class Identifier(Recorded):
    """A number that some system gave the person; (system, value) names one person only."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="identifiers")
    system = models.CharField(_("system"), max_length=30)
    value = models.CharField(_("number"), max_length=60)
    verified_by = models.CharField(_("verified by"), max_length=120, blank=True)
    primary = models.BooleanField(_("the one printed on lists"), default=False)

    guard = Guard(tier=Tier.OPERATIONAL, participant="participant_id", rules=OPERATIONAL)

    class Meta:
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        constraints = [
            models.UniqueConstraint(
                fields=["system", "value"],
                name="identifier_names_one_person",
                violation_error_message=_("Another participant already has this number."),
            ),
            models.UniqueConstraint(
                fields=["participant"], condition=Q(primary=True), name="identifier_one_primary"
            ),
        ]


class AccessNeed(models.Model):
    """What a session must offer so that the person can take part; the need, never the diagnosis."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="access_needs")
    kind = models.CharField(
        _("need"),
        max_length=20,
        choices=[
            ("step_free", _("Step-free room")),
            ("large_print", _("Large print")),
            ("hearing", _("Hearing support")),
            ("easy_read", _("Easy reading and extra time")),
            ("interpreter", _("Interpreter")),
            ("seating", _("Seating or breaks")),
            ("other", _("Other")),
        ],
    )
    note = models.CharField(_("what helps"), max_length=200, blank=True)

    guard = Guard(tier=Tier.OPERATIONAL, participant="participant_id", rules=OPERATIONAL)

    class Meta:
        verbose_name = _("access need")
        verbose_name_plural = _("access needs")
        constraints = [models.UniqueConstraint(fields=["participant", "kind"], name="access_need_once")]


class CustodyLevel(models.TextChoices):
    MINIMUM = "minimum", _("Minimum")
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    CLOSE = "close", _("Close")
    MAXIMUM = "maximum", _("Maximum")


class Profile(models.Model):
    """Restricted facts: birth date, custody level, education, the release date in force ([A-43])."""

    participant = models.OneToOneField(Participant, models.CASCADE, related_name="profile", primary_key=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=12, blank=True)
    race_ethnicity = models.CharField(_("race and ethnicity"), max_length=40, blank=True)
    custody_level = models.CharField(_("custody level"), max_length=10, choices=CustodyLevel, blank=True)
    reading_level = models.DecimalField(
        _("reading level (grade)"), max_digits=3, decimal_places=1, null=True, blank=True
    )
    has_diploma = models.BooleanField(_("has a diploma or GED"), null=True, blank=True)
    last_misconduct_on = models.DateField(_("last misconduct finding"), null=True, blank=True)
    release_on = models.DateField(_("expected release"), null=True, blank=True)
    release_source = models.CharField(_("source of the date"), max_length=60, blank=True)
    release_as_of = models.DateField(_("as of"), null=True, blank=True)
    release_unknown_reason = models.CharField(_("why unknown"), max_length=100, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            **RESTRICTED,
            Audience.PARTNER: Rule(read=granted("participant_id", Tier.RESTRICTED)),
        },
    )

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        indexes = [models.Index(fields=["release_on"], name="profile_by_release")]


class NeedDomain(models.TextChoices):
    """What programs are for; the thirteen areas of the First Step Act and the councils' practical ones."""

    EDUCATION = "education", _("Education")
    WORK = "work", _("Work and vocation")
    COGNITION = "cognition", _("Thinking and problem solving")
    ANGER = "anger", _("Anger and hostility")
    SUBSTANCE = "substance", _("Substance use")
    MENTAL_HEALTH = "mental_health", _("Mental health")
    TRAUMA = "trauma", _("Trauma")
    FAMILY = "family", _("Family and parenting")
    PEERS = "peers", _("Friends and support")
    FINANCE = "finance", _("Money")
    HEALTH = "health", _("Health")
    HOUSING = "housing", _("Housing")
    LEISURE = "leisure", _("Recreation and arts")
    IDENTITY = "identity", _("Identity papers")


CLINICAL_DOMAINS = frozenset({NeedDomain.SUBSTANCE, NeedDomain.MENTAL_HEALTH, NeedDomain.TRAUMA})


class Need(Recorded):
    """An assessed need outside the clinical domains, with its tool and date ([P-140])."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="needs")
    domain = models.CharField(_("area"), max_length=20, choices=NeedDomain)
    level = models.PositiveSmallIntegerField(
        _("level"), choices=[(1, _("Low")), (2, _("Moderate")), (3, _("High"))]
    )
    as_of = models.DateField(_("as of"))
    tool = models.CharField(_("tool and version"), max_length=60, blank=True)

    guard = Guard(tier=Tier.RESTRICTED, participant="participant_id", rules=RESTRICTED)

    class Meta:
        verbose_name = _("need")
        verbose_name_plural = _("needs")
        constraints = [
            models.UniqueConstraint(fields=["participant", "domain", "as_of"], name="need_once_a_day")
        ]


class Stay(Recorded):
    """A spell in one facility; spells of one person never overlap."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="stays")
    facility = models.ForeignKey("places.Facility", models.PROTECT, verbose_name=_("facility"))
    during = DateRangeField(_("from and until"))
    reason_in = models.CharField(_("reason for arriving"), max_length=30)
    reason_out = models.CharField(_("reason for leaving"), max_length=30, blank=True)
    source = models.CharField(_("source"), max_length=60)

    guard = Guard(tier=Tier.RESTRICTED, participant="participant_id", rules=RESTRICTED)

    class Meta:
        verbose_name = _("stay")
        verbose_name_plural = _("stays")
        constraints = [
            ExclusionConstraint(
                name="stay_in_one_place_at_a_time",
                expressions=[
                    ("participant", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("The person already has a stay in those days."),
            )
        ]


class Absence(Recorded):
    """A temporary absence: court, hospital, furlough. Places wait; nobody is called out."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="absences")
    kind = models.CharField(
        _("kind"),
        max_length=12,
        choices=[
            ("court", _("Court")),
            ("hospital", _("Hospital")),
            ("furlough", _("Furlough")),
            ("segregation", _("Segregation")),
            ("other", _("Other")),
        ],
    )
    during = DateTimeRangeField(_("from and until"))

    guard = Guard(tier=Tier.OPERATIONAL, participant="participant_id", rules=OPERATIONAL)

    class Meta:
        verbose_name = _("temporary absence")
        verbose_name_plural = _("temporary absences")


class DateKind(models.TextChoices):
    EARLIEST = "earliest", _("Earliest release")
    PROJECTED = "projected", _("Projected release")
    PAROLE = "parole", _("Parole eligibility")
    MAXIMUM = "maximum", _("End of sentence")


class ReleaseDate(Recorded):
    """A release date as custody gave it, never computed by us; history stays ([P-7])."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="release_dates")
    kind = models.CharField(_("kind"), max_length=10, choices=DateKind)
    on = models.DateField(_("date"), null=True, blank=True)
    unknown_reason = models.CharField(_("why unknown"), max_length=100, blank=True)
    source = models.CharField(_("source"), max_length=60)
    as_of = models.DateField(_("as of"))
    superseded_at = models.DateTimeField(null=True, blank=True)

    guard = Guard(tier=Tier.RESTRICTED, participant="participant_id", rules=RESTRICTED)

    class Meta:
        verbose_name = _("release date")
        verbose_name_plural = _("release dates")
        constraints = [
            models.CheckConstraint(
                condition=Q(on__isnull=False, unknown_reason="")
                | (Q(on__isnull=True) & ~Q(unknown_reason="")),
                name="release_date_known_or_reason",
                violation_error_message=_("Give the date, or say why it is not known."),
            ),
            models.UniqueConstraint(
                fields=["participant", "kind"],
                condition=Q(superseded_at__isnull=True),
                name="release_date_one_in_force",
            ),
        ]


EITHER = f"({seen_participant('first_id')} OR {seen_participant('second_id')})"


class KeepApart(Coded, Recorded):
    """Two participants who must not be in the same room; used by booking as a yes or no ([A-45])."""

    first = models.ForeignKey(Participant, models.CASCADE, related_name="+", verbose_name=_("person"))
    second = models.ForeignKey(Participant, models.CASCADE, related_name="+", verbose_name=_("other person"))
    reason = models.CharField(
        _("reason"),
        max_length=20,
        choices=[
            ("gang", _("Group conflict")),
            ("assault", _("Assault between them")),
            ("witness", _("Witness or co-defendant")),
            ("victim", _("One harmed the other")),
            ("family", _("Family conflict")),
            ("threat", _("Threat")),
            ("other", _("Other, see note")),
        ],
    )
    note = models.TextField(_("restricted note"), blank=True)
    source = models.CharField(_("source"), max_length=60)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.PROTECTED,
        participant="first_id",
        rules={
            Audience.STAFF: Rule(
                # Whoever holds either of the two reads the order; both facilities must keep it.
                read=permitted("view_keep_apart", EITHER),
                write=permitted("edit_keep_apart", EITHER),
            )
        },
    )

    class Meta:
        verbose_name = _("keep-apart order")
        verbose_name_plural = _("keep-apart orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(first__lt=F("second")),
                name="keep_apart_two_people_in_order",
                violation_error_message=_("Name two different people."),
            ),
            models.UniqueConstraint(
                fields=["first", "second"],
                condition=Q(ends_on__isnull=True),
                name="keep_apart_once",
                violation_error_message=_("There already is an order about these two people."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="keep_apart_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["second", "first"], name="keep_apart_by_second")]


class Consent(Coded, Recorded):
    """What the person agreed to share with whom, in which words, until when ([A-22] to [A-28], [A-51])."""

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="consents")
    organization = models.ForeignKey(
        "partners.Organization", models.PROTECT, null=True, blank=True, verbose_name=_("recipient")
    )
    recipient_words = models.CharField(_("recipient, in words"), max_length=200)
    purpose = models.CharField(_("purpose"), max_length=200)
    what = models.TextField(_("what may be shared"))
    tier = models.SmallIntegerField(_("how sensitive"), choices=[(1, "1"), (2, "2"), (3, "3"), (4, "4")])
    fields = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    form_version = models.CharField(_("form version"), max_length=40)
    text_sha256 = models.CharField(_("hash of the text that was signed"), max_length=64)
    language = models.CharField(_("language"), max_length=8)
    channel = models.CharField(
        _("how it was signed"),
        max_length=10,
        choices=[("paper", _("On paper")), ("kiosk", _("On a kiosk")), ("spoken", _("Read aloud"))],
    )
    witness = models.CharField(_("witness"), max_length=120)
    given_at = models.DateTimeField(_("given at"), db_default=Now())
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            **RESTRICTED,
            Audience.PARTNER: Rule(read=f"{own_organization()} AND {not_blocked()}"),
        },
    )

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("given_at")), name="consent_expires_after_given"
            )
        ]


class ChangeKind(models.TextChoices):
    """Events that must move data ([P-327])."""

    RECEIVED = "received", _("Arrived")
    TRANSFERRED = "transferred", _("Transferred")
    RELEASED = "released", _("Released")
    RETURNED = "returned", _("Returned")
    AWAY = "away", _("Temporarily away")
    DATE_MOVED = "date_moved", _("Release date moved")
    UNIT_MOVED = "unit_moved", _("Moved unit or cell")
    KEEP_APART = "keep_apart", _("Keep-apart order changed")
    IDENTITY = "identity", _("Identity to check")
    DIED = "died", _("Died")


class Change(Coded, Recorded):
    """A change in circumstances that someone in the facility should know about and acknowledge."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="changes")
    facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    kind = models.CharField(_("what"), max_length=12, choices=ChangeKind)
    summary = models.CharField(_("summary"), max_length=250)
    happened_at = models.DateTimeField(_("happened at"), db_default=Now())
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, blank=True)
    acknowledged_by = models.CharField(_("acknowledged by"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", f"{own_facility()} AND {SEEN}"),
                write=permitted("view_restricted", f"{own_facility()} AND {SEEN}"),
            )
        },
    )

    class Meta:
        verbose_name = _("change in circumstances")
        verbose_name_plural = _("changes in circumstances")
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by="")
                | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by="")),
                name="change_acknowledgement_is_paired",
            )
        ]
        indexes = [models.Index(fields=["facility", "acknowledged_at", "-happened_at"], name="change_inbox")]
