"""Papers of an organization: asked for, sent, accepted until a day, replaced by the next."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, own_organization, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.partners.models.organizations import Organization


class DocumentState(models.TextChoices):
    ASKED = "asked", _("Asked for")
    SENT = "sent", _("To be looked at")
    ACCEPTED = "accepted", _("Accepted")
    RETURNED = "returned", _("Sent back")
    WITHDRAWN = "withdrawn", _("No longer needed")


class Document(Coded, Recorded):
    """A paper, from the day it is asked for until the next one replaces it."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="documents")
    kind = models.CharField(_("kind"), max_length=30, help_text=_("a paper of the vetting pack"))
    title = models.CharField(_("title"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=DocumentState, default=DocumentState.ASKED)
    asked_on = models.DateField(_("asked for on"), null=True, blank=True)
    asked_by = models.CharField(_("asked for by"), max_length=120, blank=True)
    needed_by = models.DateField(_("needed by"), null=True, blank=True)
    asked_words = models.TextField(_("what is needed"), blank=True)
    sent_on = models.DateField(_("sent on"), null=True, blank=True)
    sent_by = models.CharField(_("sent by"), max_length=120, blank=True)
    # The file behind the safe door for uploads, where one was sent; who may see this row may open it.
    file_code = models.CharField(max_length=8, blank=True, editable=False)
    file_name = models.CharField(_("file"), max_length=120, blank=True, editable=False)
    paper_at = models.CharField(_("where the paper lies"), max_length=200, blank=True)
    decided_on = models.DateField(_("looked at on"), null=True, blank=True)
    decided_by = models.CharField(_("looked at by"), max_length=120, blank=True)
    words = models.TextField(_("what the organization is told"), blank=True)
    valid_from = models.DateField(_("holds from"), null=True, blank=True)
    valid_until = models.DateField(_("holds until"), null=True, blank=True)
    replaces = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, related_name="replacement", verbose_name=_("replaces")
    )

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=permitted("manage_partners"), write=permitted("manage_partners")),
            Audience.PARTNER: Rule(read=own_organization()),
        },
    )

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="document_days_in_order",
                violation_error_message=_("The last day lies before the first."),
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | (Q(decided_on__isnull=False) & ~Q(decided_by="")),
                name="document_accepted_by_somebody",
                violation_error_message=_("Say who accepted it, and when."),
            ),
        ]
