"""Organizations that offer something: who they are, what they do where and when, and on what agreement.

Shaped after HSDS 3.1 (organization, service, location, service at location, schedule), so that a county's
directory comes in and goes out whole ([S-1]).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import ALWAYS, Guard, Rule, Tier, own_organization, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience

# The directory is public: everybody reads what is listed, coordinators keep it.
_READERS = (
    Audience.PARTNER,
    Audience.VISITOR,
    Audience.PARTICIPANT,
    Audience.EMPLOYER,
    Audience.PUBLIC,
    Audience.EMERGENCY,
    Audience.AUDITOR,
    Audience.AUTH,
)
DIRECTORY = Guard(
    tier=Tier.PUBLIC,
    rules={
        **{audience: Rule(read=ALWAYS) for audience in _READERS},
        Audience.STAFF: Rule(
            read=ALWAYS, write=permitted("manage_partners"), delete=permitted("manage_partners")
        ),
    },
)


class OrganizationKind(models.TextChoices):
    NONPROFIT = "nonprofit", _("Non-profit")
    FAITH = "faith", _("Faith group")
    COLLEGE = "college", _("College or school")
    CLINIC = "clinic", _("Clinic or health service")
    EMPLOYER = "employer", _("Employer or union")
    GOVERNMENT = "government", _("Government")
    ARTS = "arts", _("Arts or sport")
    OTHER = "other", _("Other")


class OrganizationStatus(models.TextChoices):
    LISTED = "listed", _("In the directory")
    ACTIVE = "active", _("Working with us")
    SUSPENDED = "suspended", _("Suspended")
    ENDED = "ended", _("Ended")


class Organization(Coded, Recorded):
    """A community organization: from a line in the directory to a partner with an agreement."""

    name = models.CharField(_("name"), max_length=250)
    alternate_name = models.CharField(_("also known as"), max_length=250, blank=True)
    kind = models.CharField(
        _("kind"), max_length=12, choices=OrganizationKind, default=OrganizationKind.OTHER
    )
    status = models.CharField(
        _("status"), max_length=10, choices=OrganizationStatus, default=OrganizationStatus.LISTED
    )
    description = models.TextField(_("description"), blank=True)
    website = models.CharField(_("website"), max_length=500, blank=True)
    email = models.CharField(_("e-mail"), max_length=250, blank=True)
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    # The fact of taking part in a substance-use program is itself protected (42 CFR Part 2, [A-29]).
    part2 = models.BooleanField(_("substance-use treatment program"), default=False)
    source = models.CharField(_("directory it came from"), max_length=60, blank=True)
    source_id = models.CharField(_("identifier there"), max_length=80, blank=True)

    guard = Guard(
        tier=Tier.PUBLIC,
        rules={
            **DIRECTORY.rules,
            Audience.PARTNER: Rule(read=ALWAYS, write=permitted("manage_own_team", own_organization("id"))),
        },
    )

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id"],
                condition=~Q(source_id=""),
                name="organization_once_per_source",
            )
        ]
        indexes = [models.Index(fields=["status", "name"], name="organization_by_status")]


class Location(Coded):
    """A place where services are given; parts may be missing, as they are in real directories."""

    name = models.CharField(_("name"), max_length=250, blank=True)
    address_1 = models.CharField(_("address"), max_length=250, blank=True)
    address_2 = models.CharField(_("address, second line"), max_length=250, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("state"), max_length=60, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, default="US")
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    source = models.CharField(max_length=60, blank=True)
    source_id = models.CharField(max_length=80, blank=True)

    guard = DIRECTORY

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id"], condition=~Q(source_id=""), name="location_once_per_source"
            )
        ]


class Service(Coded, Recorded):
    """Something an organization does for people, in its own words, in English and Spanish."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="services", verbose_name=_("organization")
    )
    name = models.CharField(_("name"), max_length=300)
    name_es = models.CharField(_("name in Spanish"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True)
    description_es = models.TextField(_("description in Spanish"), blank=True)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=[
            ("active", _("Running")),
            ("inactive", _("Not running")),
            ("defunct", _("Ended")),
            ("closed", _("Temporarily closed")),
        ],
        default="active",
    )
    needs = ArrayField(models.CharField(max_length=20), verbose_name=_("needs"), default=list, blank=True)
    categories = ArrayField(
        models.CharField(max_length=120), verbose_name=_("categories"), default=list, blank=True
    )
    languages = ArrayField(
        models.CharField(max_length=40), verbose_name=_("languages"), default=list, blank=True
    )
    eligibility = models.TextField(_("who can come"), blank=True)
    fees = models.TextField(_("fees"), blank=True)
    how_to_apply = models.TextField(_("how to apply"), blank=True)
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    email = models.CharField(_("e-mail"), max_length=250, blank=True)
    url = models.CharField(_("website"), max_length=500, blank=True)
    last_verified = models.DateField(_("last verified"), null=True, blank=True)
    source = models.CharField(max_length=60, blank=True)
    source_id = models.CharField(max_length=80, blank=True)
    search = SearchVectorField(null=True, editable=False)

    guard = DIRECTORY

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id"], condition=~Q(source_id=""), name="service_once_per_source"
            )
        ]
        indexes = [GinIndex(fields=["search"], name="service_search")]


class ServicePlace(models.Model):
    """A service at a location."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="places")
    location = models.ForeignKey(Location, models.CASCADE, related_name="service_places")
    phone = models.CharField(_("phone there"), max_length=60, blank=True)
    source_id = models.CharField(max_length=80, blank=True)

    guard = DIRECTORY

    class Meta:
        verbose_name = _("service at a location")
        verbose_name_plural = _("services at locations")
        constraints = [models.UniqueConstraint(fields=["service", "location"], name="service_place_once")]


class OpeningHours(models.Model):
    """When a service is open. Times stand as the source gave them; ``doubtful`` says they cannot be right."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="hours")
    location = models.ForeignKey(Location, models.CASCADE, null=True, blank=True, related_name="+")
    weekday = models.PositiveSmallIntegerField(_("day"), null=True, blank=True)
    opens = models.TimeField(_("opens"), null=True, blank=True)
    closes = models.TimeField(_("closes"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    doubtful = models.BooleanField(_("looks wrong at the source"), default=False)

    guard = DIRECTORY

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")


class AgreementKind(models.TextChoices):
    MOU = "mou", _("Memorandum of understanding")
    SERVICE = "service", _("Service agreement")
    DATA = "data", _("Data-sharing agreement")
    RESEARCH = "research", _("Research agreement")


class Agreement(Coded, Recorded):
    """What an organization and the agency signed, for which facilities, until when ([P-122])."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="agreements", verbose_name=_("organization")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=AgreementKind)
    title = models.CharField(_("title"), max_length=200)
    facilities = models.ManyToManyField("places.Facility", verbose_name=_("facilities"))
    valid = DateRangeField(_("valid from and until"))
    notice_days = models.PositiveSmallIntegerField(_("notice (days)"), default=30)
    signed_by_us = models.CharField(_("signed for the agency"), max_length=120, blank=True)
    signed_by_them = models.CharField(_("signed for the organization"), max_length=120, blank=True)
    terminated_on = models.DateField(_("terminated on"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_partners")),
            Audience.PARTNER: Rule(read=own_organization()),
        },
    )

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
