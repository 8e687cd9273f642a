"""People and organizations that want to help: what they wrote, where it stands, and every message ([P-119])."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, permitted, seen
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience


class EnquiryKind(models.TextChoices):
    ORGANIZATION = "organization", _("Organization")
    INDIVIDUAL = "individual", _("Individual")
    EMPLOYER = "employer", _("Employer")


class EnquiryStatus(models.TextChoices):
    """Where an enquiry stands; what may follow what is ``partners.enquiries.rules.TRANSITIONS``."""

    HELD = "held", _("Held back")
    NEW = "new", _("New")
    REPLIED = "replied", _("They wrote back")
    ASKED = "asked", _("We asked them")
    TALKING = "talking", _("Answered")
    PARKED = "parked", _("Parked")
    TAKEN = "taken", _("Taken on")
    DECLINED = "declined", _("Declined")
    JOINED = "joined", _("Joined to another")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SPAM = "spam", _("Spam")


OURS = (EnquiryStatus.NEW, EnquiryStatus.REPLIED)
OPEN = (*OURS, EnquiryStatus.ASKED, EnquiryStatus.TALKING, EnquiryStatus.PARKED)

# The one who asked has no account: their page runs with a purpose that names their own enquiry, signed by the
# application, and the database shows them that row and no other.
ASKER = "('enquiry ' || code) = (SELECT tg.purpose())"
# Those who wrote for any facility are seen by every coordinator.
HERE = "(facility_id IS NULL OR facility_id = ANY((SELECT tg.facility_ids())::bigint[]))"


class Enquiry(Coded, Recorded):
    """Somebody who wants to help, from the first form to being taken on or told no.

    ``answers`` holds what they wrote, by question. ``due_on`` is the facility's local day by which we must
    answer; it stands exactly while the ball is with us.
    """

    kind = models.CharField(_("who asks"), max_length=12, choices=EnquiryKind)
    status = models.CharField(_("status"), max_length=10, choices=EnquiryStatus, default=EnquiryStatus.NEW)
    facility = models.ForeignKey(
        "places.Facility", models.PROTECT, null=True, blank=True, verbose_name=_("facility")
    )
    name = models.CharField(_("contact"), max_length=120)
    email = models.EmailField(_("e-mail"), max_length=250)
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    organization_name = models.CharField(_("organization"), max_length=250, blank=True)
    summary = models.CharField(_("in one line"), max_length=300, blank=True)
    needs = ArrayField(models.CharField(max_length=20), verbose_name=_("needs"), default=list, blank=True)
    answers = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    # What duplicates are found by: folded names and plain digits, kept so that an index can serve them.
    name_key = models.CharField(max_length=250, blank=True, editable=False)
    domain = models.CharField(max_length=120, blank=True, editable=False)
    digits = models.CharField(max_length=20, blank=True, editable=False)
    # Who sent it, as a keyed hash of the network address, and why it was held back, if it was.
    sender = models.CharField(max_length=32, blank=True, editable=False)
    text_key = models.CharField(max_length=64, blank=True, editable=False)
    score = models.PositiveSmallIntegerField(_("spam points"), default=0)
    signs = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    arrived_at = models.DateTimeField(_("arrived"))
    due_on = models.DateField(_("answer by"), null=True, blank=True)
    first_answered_at = models.DateTimeField(_("first answered"), null=True, blank=True)
    parked_until = models.DateField(_("parked until"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    signpost = models.CharField(_("who may help instead"), max_length=500, blank=True)
    same_as = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="joined", verbose_name=_("joined to")
    )
    organization = models.ForeignKey(
        "partners.Organization", models.PROTECT, null=True, blank=True, related_name="enquiries"
    )
    # The visitor application that it became; that room stands above this one and is named by its code.
    application_code = models.CharField(max_length=8, blank=True)
    handled_by = models.CharField(_("handled by"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={
            Audience.STAFF: Rule(
                read=permitted("manage_partners", HERE), write=permitted("manage_partners", HERE)
            ),
            Audience.PUBLIC: Rule(read=ASKER),
        },
    )

    class Meta:
        verbose_name = _("enquiry")
        verbose_name_plural = _("enquiries")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OURS, due_on__isnull=False)
                | (~Q(status__in=OURS) & Q(due_on__isnull=True)),
                name="enquiry_due_while_ours",
                violation_error_message=_("An enquiry has a day to answer by exactly while it waits for us."),
            ),
            models.CheckConstraint(
                condition=Q(status="parked", parked_until__isnull=False)
                | (~Q(status="parked") & Q(parked_until__isnull=True)),
                name="enquiry_parked_has_day",
                violation_error_message=_("A parked enquiry says until when."),
            ),
            models.CheckConstraint(
                condition=~Q(status="joined") | Q(same_as__isnull=False),
                name="enquiry_joined_to_one",
                violation_error_message=_("Say which enquiry it belongs to."),
            ),
            models.CheckConstraint(
                condition=~Q(status="declined") | ~Q(reason=""),
                name="enquiry_declined_with_reason",
                violation_error_message=_("Say why it is declined."),
            ),
        ]
        indexes = [
            models.Index(fields=["status", "due_on", "id"], name="enquiry_by_status"),
            models.Index(fields=["email"], name="enquiry_by_email"),
            models.Index(fields=["domain"], condition=~Q(domain=""), name="enquiry_by_domain"),
            models.Index(fields=["digits"], condition=~Q(digits=""), name="enquiry_by_digits"),
            models.Index(fields=["sender", "-arrived_at"], name="enquiry_by_sender"),
            models.Index(fields=["text_key"], name="enquiry_by_text"),
            models.Index(fields=["-arrived_at", "id"], name="enquiry_by_arrival"),
            GinIndex(fields=["name_key"], opclasses=["gin_trgm_ops"], name="enquiry_by_name"),
        ]


class EnquiryMessage(Coded, Recorded):
    """One message of an enquiry's thread: from them, from us, or a note that stays with us."""

    class Direction(models.TextChoices):
        IN = "in", _("From them")
        OUT = "out", _("From us")
        NOTE = "note", _("Note, stays here")

    enquiry = models.ForeignKey(Enquiry, models.CASCADE, related_name="messages")
    direction = models.CharField(max_length=4, choices=Direction)
    body = models.TextField(_("text"))
    written_by = models.CharField(_("written by"), max_length=120)
    written_at = models.DateTimeField(_("written"))
    upload = models.CharField(_("file"), max_length=8, blank=True)
    upload_name = models.CharField(_("name of the file"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={
            Audience.STAFF: Rule(
                read=seen("partners_enquiry", "enquiry_id"),
                write=permitted("manage_partners", seen("partners_enquiry", "enquiry_id")),
                insert_only=True,
            ),
            Audience.PUBLIC: Rule(read=f"direction <> 'note' AND {seen('partners_enquiry', 'enquiry_id')}"),
        },
    )

    class Meta:
        verbose_name = _("message of an enquiry")
        verbose_name_plural = _("messages of enquiries")
        indexes = [models.Index(fields=["enquiry", "written_at", "id"], name="enquiry_message_thread")]


class EnquiryDraft(Coded, Recorded):
    """A form that is not sent yet. Only its own link leads back to it; it is deleted after some days."""

    kind = models.CharField(_("who asks"), max_length=12, choices=EnquiryKind)
    answers = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    language = models.CharField(max_length=8, default="en")
    sender = models.CharField(max_length=32, blank=True)
    expires_at = models.DateTimeField(_("kept until"))

    guard = Guard(tier=Tier.RESTRICTED)

    class Meta:
        verbose_name = _("unsent form")
        verbose_name_plural = _("unsent forms")
        indexes = [models.Index(fields=["expires_at"], name="enquiry_draft_by_end")]
