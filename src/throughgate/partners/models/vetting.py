"""What is looked at before an organization is taken on: who looked, what showed it, until when ([P-121])."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, own_facility, own_organization, permitted, seen
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.partners.models.documents import Document
from throughgate.partners.models.organizations import Organization
from throughgate.places.models import Facility

_KEPT = f"(SELECT tg.has_permission('manage_partners')) OR {own_facility()}"
_HANGS = seen("partners_vetting", "vetting_id")


class Outcome(models.TextChoices):
    OPEN = "open", _("Open")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Not taken on")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Vetting(Coded, Recorded):
    """One vetting of an organization, by the rules of a dated pack; who comes again is vetted anew."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="vettings")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+", verbose_name=_("facility"))
    enquiry = models.CharField(_("enquiry it came from"), max_length=12, blank=True)
    contact_name = models.CharField(_("contact"), max_length=120, blank=True)
    contact_email = models.EmailField(_("contact's e-mail"), blank=True)
    rules = models.CharField(_("rules"), max_length=60)
    began_on = models.DateField(_("began on"))
    began_by = models.CharField(_("begun by"), max_length=120)
    decide_by = models.DateField(_("to be decided by"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.OPEN)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=_KEPT, write=permitted("manage_partners", own_facility())),
            Audience.PARTNER: Rule(read=own_organization()),
        },
    )

    class Meta:
        verbose_name = _("vetting")
        verbose_name_plural = _("vettings")
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(outcome="open"),
                name="vetting_one_open",
                violation_error_message=_("This organization is being vetted already."),
            )
        ]


class ItemState(models.TextChoices):
    TODO = "todo", _("To do")
    DONE = "done", _("Done")
    WAIVED = "waived", _("Waived")
    NOT_DUE = "not_due", _("Not due yet")


class VettingItem(Coded):
    """One thing on the list. That it has expired follows from ``valid_until`` and is written nowhere."""

    vetting = models.ForeignKey(Vetting, models.CASCADE, related_name="items")
    item = models.CharField(_("item of the pack"), max_length=30)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(_("state"), max_length=8, choices=ItemState, default=ItemState.TODO)
    words = models.TextField(_("what showed it, or why not"), blank=True)
    document = models.ForeignKey(
        Document, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("document")
    )
    valid_until = models.DateField(_("holds until"), null=True, blank=True)
    decided_on = models.DateField(_("on"), null=True, blank=True)
    decided_by = models.CharField(_("by"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=_HANGS, write=permitted("manage_partners", _HANGS)),
            Audience.PARTNER: Rule(read=_HANGS),
        },
    )

    class Meta:
        verbose_name = _("item of a vetting")
        verbose_name_plural = _("items of a vetting")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["vetting", "item"], name="vetting_item_once"),
            models.CheckConstraint(
                condition=~Q(state="waived") | ~Q(words=""),
                name="vetting_waived_with_reason",
                violation_error_message=_("Say why it is waived."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["todo", "not_due"])
                | (Q(decided_on__isnull=False) & ~Q(decided_by="")),
                name="vetting_item_says_who_and_when",
                violation_error_message=_("Say who looked, and when."),
            ),
        ]


class VettingNote(Recorded):
    """Why an organization was not taken on, in words that it does not see ([P-121])."""

    vetting = models.ForeignKey(Vetting, models.CASCADE, related_name="notes")
    words = models.TextField(_("restricted reason"))
    written_by = models.CharField(_("by"), max_length=120)

    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={
            Audience.STAFF: Rule(
                read=permitted("manage_partners", _HANGS),
                write=permitted("manage_partners", _HANGS),
                insert_only=True,
            ),
        },
    )

    class Meta:
        verbose_name = _("restricted note on a vetting")
        verbose_name_plural = _("restricted notes on vettings")
