"""What organizations do, where and when, shaped after HSDS 3.1 to take in and give out a whole directory ([S-1])."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.models import Coded, Recorded
from throughgate.partners.models.organizations import DIRECTORY, Organization


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
        indexes = [
            GinIndex(fields=["search"], name="service_search"),
            models.Index(fields=["name", "id"], condition=Q(status="active"), name="service_by_name"),
        ]


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
