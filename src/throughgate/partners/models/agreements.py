"""What an organization and the agency signed ([P-122]), in versions that no longer change once they are signed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import ALWAYS, Guard, Rule, Tier, own_organization, permitted, seen
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.partners.models.organizations import Organization


class AgreementKind(models.TextChoices):
    MOU = "mou", _("Memorandum of understanding")
    SERVICE = "service", _("Service agreement")
    DATA = "data", _("Data-sharing agreement")
    RESEARCH = "research", _("Research agreement")


class AgreementState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SIGNING = "signing", _("Being signed")
    SIGNED = "signed", _("Signed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Agreement(Coded, Recorded):
    """What an organization and the agency signed, for which facilities and programs, until when.

    A signed one is kept as it was signed (a trigger sees to it): a change is the next ``version``. Only signed
    ones hold. ``programs`` are named as the paper names them; empty means all that the facilities agree to.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="agreements", verbose_name=_("organization")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=AgreementKind)
    title = models.CharField(_("title"), max_length=200)
    state = models.CharField(_("state"), max_length=10, choices=AgreementState, default=AgreementState.SIGNED)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    previous = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="following", verbose_name=_("follows")
    )
    parties = models.TextField(_("parties"), blank=True)
    terms = models.TextField(_("what each side does"), blank=True)
    facilities = models.ManyToManyField("places.Facility", verbose_name=_("facilities"))
    programs = ArrayField(
        models.CharField(max_length=120), verbose_name=_("programs"), default=list, blank=True
    )
    valid = DateRangeField(_("valid from and until"))
    notice_days = models.PositiveSmallIntegerField(_("notice (days)"), default=30)
    signed_by_us = models.CharField(_("signed for the agency"), max_length=120, blank=True)
    signed_by_them = models.CharField(_("signed for the organization"), max_length=120, blank=True)
    terminated_on = models.DateField(_("terminated on"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_partners")),
            Audience.PARTNER: Rule(read=f"{own_organization()} AND state <> 'draft'"),
        },
    )

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")


class Side(models.TextChoices):
    US = "us", _("For the agency")
    THEM = "them", _("For the organization")


class SignedHow(models.TextChoices):
    PAPER = "paper", _("On paper")
    LINK = "link", _("By the link in a message")
    SIGNED_IN = "signed_in", _("Signed in")


class Signature(Recorded):
    """One side's signature: whose, what they are, when, and the words they agreed to. Never changed."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="signatures")
    side = models.CharField(_("side"), max_length=4, choices=Side)
    name = models.CharField(_("name"), max_length=120)
    office = models.CharField(_("office"), max_length=120, blank=True)
    signed_on = models.DateField(_("signed on"))
    statement = models.TextField(_("statement"))
    how = models.CharField(_("how"), max_length=10, choices=SignedHow)
    noted_by = models.CharField(_("written down by"), max_length=120)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read=ALWAYS,
                write=permitted("manage_partners", seen("partners_agreement", "agreement_id")),
                insert_only=True,
            ),
            Audience.PARTNER: Rule(read=seen("partners_agreement", "agreement_id")),
        },
    )

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "side"],
                name="signature_once_a_side",
                violation_error_message=_("This side has signed already."),
            )
        ]
