"""Who the organizations are, and who may read and keep the directory they stand in."""

from __future__ import annotations

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
    """The stage of a partnership ([P-119] to [P-128]); ``rules.stages`` says which may follow which."""

    LISTED = "listed", _("In the directory")
    VETTING = "vetting", _("Being vetted")
    APPROVED = "approved", _("Approved")
    ACTIVE = "active", _("Working with us")
    SUSPENDED = "suspended", _("Paused")
    ENDED = "ended", _("Ended")
    DECLINED = "declined", _("Not taken on")


# Who has asked to work with the agency is nobody's business until it is listed: only its own people see it.
LISTED = "listed AND status NOT IN ('ended', 'declined')"


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
    listed = models.BooleanField(_("in the public directory"), default=True)
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
            Audience.PUBLIC: Rule(read=LISTED),
            Audience.EMPLOYER: Rule(read=f"({LISTED}) OR {own_organization('id')}"),
            Audience.PARTICIPANT: Rule(read=LISTED),
            Audience.PARTNER: Rule(
                read=f"({LISTED}) OR {own_organization('id')}",
                write=permitted("manage_own_team", own_organization("id")),
            ),
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


class StageChange(Recorded):
    """A step from one stage of a partnership to another: who, when, why. Never changed afterwards."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="stages")
    before = models.CharField(_("before"), max_length=10, choices=OrganizationStatus)
    after = models.CharField(_("after"), max_length=10, choices=OrganizationStatus)
    changed_by = models.CharField(_("by"), max_length=120)
    words = models.TextField(_("what the organization is told"), blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_partners"), insert_only=True),
            Audience.PARTNER: Rule(read=own_organization()),
        },
    )

    class Meta:
        verbose_name = _("change of stage")
        verbose_name_plural = _("changes of stage")
        ordering = ("recorded_at", "id")
