"""Visitors: everyone from outside who is cleared to come in. We hold the decision, never the record ([A-5])."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import (
    ALWAYS,
    Guard,
    Rule,
    Tier,
    my_visitor,
    own_facility,
    own_organization,
    permitted,
    seen,
    seen_participant,
)
from throughgate.base.models import Coded, Recorded
from throughgate.base.names import sort_name
from throughgate.base.scope import Audience
from throughgate.visitors.models.days import DaySet


class VisitorKind(models.TextChoices):
    VOLUNTEER = "volunteer", _("Volunteer")
    MENTOR = "mentor", _("Mentor")
    TUTOR = "tutor", _("Tutor")
    FACILITATOR = "facilitator", _("Facilitator")
    PARTNER_STAFF = "partner_staff", _("Partner staff")
    FAITH = "faith", _("Faith visitor")


class Visitor(Coded, Recorded):
    """A person from outside who comes in, for an organization or on their own."""

    organization = models.ForeignKey(
        "partners.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="visitors",
        verbose_name=_("organization"),
    )
    kind = models.CharField(_("kind"), max_length=14, choices=VisitorKind)
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    sort_name = models.CharField(max_length=170, editable=False)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    id_document = models.CharField(
        _("kind of identity document shown at the gate"), max_length=40, default="driver license", blank=True
    )
    left_on = models.DateField(_("left on"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_visitors")),
            Audience.PARTNER: Rule(read=own_organization()),
            Audience.VISITOR: Rule(read=my_visitor("id")),
        },
    )

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        indexes = [models.Index(fields=["sort_name", "id"], name="visitor_by_name")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the name order column true."""
        self.sort_name = sort_name(self.last_name, self.first_name)
        super().save(*args, **kwargs)

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


class ClearanceStatus(models.TextChoices):
    APPLIED = "applied", _("Applied")
    PROVISIONAL = "provisional", _("Provisional")
    APPROVED = "approved", _("Approved")
    SUSPENDED = "suspended", _("Suspended")
    ENDED = "ended", _("Ended")
    REFUSED = "refused", _("Refused")


CLEARED = (ClearanceStatus.PROVISIONAL, ClearanceStatus.APPROVED)


class ClearanceLevel(models.TextChoices):
    ESCORTED = "escorted", _("Escorted")
    UNESCORTED = "unescorted", _("Unescorted")


class Source(models.TextChoices):
    PUBLIC = "public", _("The public form")
    INVITED = "invited", _("An invitation")
    STAFF = "staff", _("Entered by staff")
    VISITOR = "visitor", _("The visitor's own page")
    PAPER = "paper", _("Decided on paper before")


class Clearance(Coded, Recorded):
    """May this visitor come into this facility, how, and in which days ([P-15], [P-16]).

    While it is ``applied`` it is the application. ``pack`` is the rule pack whose requirements are its steps
    (empty: taken over as it was). ``ready`` is worked out by the database alone and is what every list and
    every booking asks: the days on which the decision and every requirement hold together.
    """

    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="clearances", verbose_name=_("visitor"))
    facility = models.ForeignKey(
        "places.Facility", models.PROTECT, related_name="clearances", verbose_name=_("facility")
    )
    status = models.CharField(_("status"), max_length=12, choices=ClearanceStatus)
    level = models.CharField(
        _("level"), max_length=12, choices=ClearanceLevel, default=ClearanceLevel.ESCORTED
    )
    valid = DateRangeField(_("valid from and until"), null=True, blank=True)
    ready = DaySet(_("days on which everything holds"), null=True, blank=True, editable=False)
    role = models.CharField(_("comes as"), max_length=14, choices=VisitorKind, blank=True)
    grade = models.CharField(_("grade"), max_length=20, blank=True)
    pack = models.CharField(_("rules"), max_length=60, blank=True)
    source = models.CharField(_("came by"), max_length=8, choices=Source, default=Source.STAFF)
    enquiry = models.CharField(_("enquiry"), max_length=8, blank=True)
    applied_on = models.DateField(_("applied on"), null=True, blank=True)
    provisional_since = models.DateField(_("provisional since"), null=True, blank=True)
    renewal_asked_on = models.DateField(_("renewal asked on"), null=True, blank=True)
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=0)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=own_facility(), write=permitted("manage_visitors", own_facility())),
            Audience.PARTNER: Rule(read=seen("visitors_visitor", "visitor_id")),
            Audience.VISITOR: Rule(read=my_visitor()),
        },
    )

    class Meta:
        verbose_name = _("clearance")
        verbose_name_plural = _("clearances")
        constraints = [
            models.CheckConstraint(
                condition=~Q(status__in=[s.value for s in CLEARED]) | Q(valid__isnull=False),
                name="clearance_says_until_when",
                violation_error_message=_("Say from when until when the clearance holds."),
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by="")
                | (Q(decided_at__isnull=False) & ~Q(decided_by="")),
                name="clearance_decision_is_paired",
            ),
            ExclusionConstraint(
                name="clearance_one_at_a_time",
                expressions=[
                    ("visitor", RangeOperators.EQUAL),
                    ("facility", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=[s.value for s in CLEARED]),
                violation_error_message=_("This visitor already has a clearance here in those days."),
            ),
        ]
        indexes = [models.Index(fields=["facility", "status"], name="clearance_by_facility")]

    @property
    def last_day(self) -> Any:
        """The last day that counts; the stored range ends the day after. None when there is none."""
        upper = self.valid.upper if self.valid else None
        return upper - dt.timedelta(days=1) if upper else None

    def holds_on(self, day: dt.date) -> bool:
        """Whether it lets its visitor in on a local day, as the database worked it out when the row was read."""
        return any(day in span for span in self.ready or ())


class ClearanceNote(Recorded):
    """The restricted reason of a decision; never shown to the visitor or the partner ([P-41])."""

    clearance = models.OneToOneField(Clearance, models.CASCADE, related_name="restricted")
    text = models.TextField(_("restricted reason"))

    guard = Guard(
        tier=Tier.PROTECTED,
        rules={
            Audience.STAFF: Rule(
                read=permitted("edit_keep_apart", seen("visitors_clearance", "clearance_id")),
                write=permitted("edit_keep_apart", seen("visitors_clearance", "clearance_id")),
            )
        },
    )

    class Meta:
        verbose_name = _("restricted reason")
        verbose_name_plural = _("restricted reasons")


class VisitorKeepApart(Coded, Recorded):
    """A visitor and a participant who must not meet in a session: kin, correspondent, harm ([P-181])."""

    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="+", verbose_name=_("visitor"))
    participant = models.ForeignKey(
        "people.Participant", models.CASCADE, related_name="+", verbose_name=_("participant")
    )
    reason = models.CharField(
        _("reason"),
        max_length=20,
        choices=[
            ("kin", _("Family")),
            ("friend", _("Close friend")),
            ("correspondent", _("Correspondent")),
            ("visiting_list", _("On the visiting list")),
            ("victim", _("One harmed the other")),
            ("conduct", _("Conduct between them")),
            ("other", _("Other, see note")),
        ],
    )
    note = models.TextField(_("restricted note"), blank=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)

    guard = Guard(
        tier=Tier.PROTECTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_keep_apart", seen_participant()),
                write=permitted("edit_keep_apart", seen_participant()),
            )
        },
    )

    class Meta:
        verbose_name = _("keep-apart order with a visitor")
        verbose_name_plural = _("keep-apart orders with visitors")
        constraints = [
            models.UniqueConstraint(
                fields=["visitor", "participant"],
                condition=Q(ends_on__isnull=True),
                name="visitor_keep_apart_once",
            )
        ]
