"""Who may come in, as what, and which relationships let which organization see whom."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from throughgate.access.roles import RoleName, role_choices
from throughgate.base.guard import (
    ALWAYS,
    Guard,
    Rule,
    Tier,
    myself,
    not_blocked,
    own_facility,
    own_organization,
    permitted,
    seen,
    seen_participant,
)
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(self, email: str, name: str, password: str | None = None, **extra: Any) -> User:
        """A user who can sign in with this address; without a password only by link, key or persona."""
        user = self.model(email=self.normalize_email(email).lower(), name=name, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str | None) -> User:
        """Look up by address, whatever the capitals."""
        return self.get(email=(email or "").lower())


class User(AbstractBaseUser, Coded):
    """A person who can sign in. What they may do stands in their memberships, never here."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("may sign in"), default=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    joined_at = models.DateTimeField(_("joined"), db_default=Now(), editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()
    guard = Guard(
        tier=Tier.RESTRICTED,
        rules={
            Audience.AUTH: Rule(ALWAYS, ALWAYS),
            # An administrator invites and ends people; the password hash stays with sign-in's own role.
        },
    )

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    @property
    def is_staff(self) -> bool:
        """Some packages ask; nobody uses another package's staff pages here."""
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Package permissions are not used: rights come from roles."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """As :meth:`has_perm`."""
        return False


class Membership(Coded, Recorded):
    """A user's role somewhere: a facility, the whole agency, an organization, or as the person they are.

    Rights are read from this row on every statement, so ending it takes effect at once ([A-27]).
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships", verbose_name=_("user"))
    person_name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=20, choices=role_choices())
    facility = models.ForeignKey(
        "places.Facility", models.PROTECT, null=True, blank=True, verbose_name=_("facility")
    )
    organization = models.ForeignKey(
        "partners.Organization", models.PROTECT, null=True, blank=True, verbose_name=_("organization")
    )
    participant = models.ForeignKey("people.Participant", models.PROTECT, null=True, blank=True)
    visitor = models.ForeignKey("visitors.Visitor", models.PROTECT, null=True, blank=True)
    agency_wide = models.BooleanField(_("every facility"), default=False)
    starts_at = models.DateTimeField(_("from"), db_default=Now())
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    ended_reason = models.CharField(_("why it ended"), max_length=200, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.AUTH: Rule(ALWAYS),
            # Roles of staff are given and taken by verbs that run as the system; nobody writes them directly.
            Audience.STAFF: Rule(read=own_facility()),
            Audience.PARTNER: Rule(
                read=own_organization(),
                # A colleague's place in the own team: nothing else may hang on it, and never one's own row.
                write=permitted(
                    "manage_own_team",
                    f"{own_organization()} AND role IN ('partner_lead', 'partner_staff')"
                    " AND user_id <> (SELECT tg.actor_id()) AND facility_id IS NULL AND NOT agency_wide"
                    f" AND participant_id IS NULL AND (visitor_id IS NULL OR {seen('visitors_visitor', 'visitor_id')})",
                ),
            ),
        },
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="membership_ends_after_start",
                violation_error_message=_("A membership cannot end before it starts."),
            ),
            models.CheckConstraint(
                condition=(
                    Q(role__in=[RoleName.PARTNER_LEAD, RoleName.PARTNER_STAFF, RoleName.EMPLOYER])
                    & Q(organization__isnull=False)
                    & Q(facility__isnull=True)
                )
                | (Q(role=RoleName.PARTICIPANT) & Q(participant__isnull=False))
                | (Q(role=RoleName.VISITOR) & Q(visitor__isnull=False))
                | (
                    ~Q(
                        role__in=[
                            RoleName.PARTNER_LEAD,
                            RoleName.PARTNER_STAFF,
                            RoleName.EMPLOYER,
                            RoleName.PARTICIPANT,
                            RoleName.VISITOR,
                        ]
                    )
                    & (Q(facility__isnull=False) | Q(agency_wide=True))
                    & Q(organization__isnull=True)
                ),
                name="membership_role_fits_place",
                violation_error_message=_("This role belongs to another kind of place."),
            ),
        ]


class RolePermission(models.Model):
    """The role table of the code, copied so that the database can ask it; written at set-up only."""

    role = models.CharField(max_length=20)
    permission = models.CharField(max_length=30)

    guard = Guard(tier=Tier.PUBLIC, audited=False, rules={Audience.AUTH: Rule(ALWAYS)})

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "permission"], name="role_permission_once")]


class GrantBasis(models.TextChoices):
    REFERRAL = "referral", _("accepted referral")
    ENROLLMENT = "enrollment", _("enrollment in their program")
    ASSIGNMENT = "assignment", _("assignment as mentor or tutor")
    CONSENT = "consent", _("the participant's consent")


class AccessGrant(Recorded):
    """An organization may see a participant, this deep, for this purpose, on this basis, for this long.

    No live row, no access ([A-40]). A grant is ended by deleting the row, so that the next statement
    sees it gone even inside a running transaction ([A-62]); the audit keeps what it was.
    """

    organization = models.ForeignKey("partners.Organization", models.CASCADE)
    participant = models.ForeignKey("people.Participant", models.CASCADE)
    tier = models.SmallIntegerField(
        choices=[(tier.value, tier.name.title()) for tier in Tier if tier > Tier.PUBLIC]
    )
    purpose = models.CharField(max_length=60)
    basis = models.CharField(max_length=12, choices=GrantBasis)
    basis_ref = models.CharField(max_length=40, help_text="which enrollment, referral or consent")
    valid = DateTimeRangeField()

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.PARTNER: Rule(read=f"{own_organization()} AND {not_blocked()}"),
            Audience.PARTICIPANT: Rule(read=myself()),
            # Seats and consents make grants, by trigger and as the system; nobody makes one by hand.
            Audience.STAFF: Rule(read=seen_participant()),
        },
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "participant", "basis", "basis_ref"], name="grant_once_per_basis"
            ),
        ]
        indexes = [models.Index(fields=["organization", "tier", "participant"], name="grant_by_org")]


class Blocked(Recorded):
    """This user may not see this participant, whatever else would let them ([A-49])."""

    user = models.ForeignKey(User, models.CASCADE)
    participant = models.ForeignKey("people.Participant", models.CASCADE)
    reason = models.CharField(_("reason"), max_length=200)

    guard = Guard(
        tier=Tier.PROTECTED,
        participant="participant_id",
        rules={
            # Reviewers where the person is see who is kept away; the verbs write as the system.
            Audience.STAFF: Rule(read=permitted("review_access", seen_participant()))
        },
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "participant"], name="blocked_once")]


class BreakGlass(Coded, Recorded):
    """Emergency access to one record: typed reason, one hour, reviewed within 72 hours ([A-50])."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"))
    open = DateTimeRangeField(_("open"))
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    reviewed_by = models.CharField(_("reviewed by"), max_length=120, blank=True)
    finding = models.CharField(_("finding"), max_length=200, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                # Reviewers where the person is, and where the one works who opened the record.
                read="membership_id = (SELECT tg.membership_id()) OR"
                f" ((SELECT tg.has_permission('review_access')) AND ({seen_participant()}"
                f" OR {seen('access_membership', 'membership_id')}))",
                # Opened for oneself, now, for an hour (five minutes for clocks); never changed afterwards.
                write=permitted(
                    "break_glass",
                    "membership_id = (SELECT tg.membership_id()) AND user_id = (SELECT tg.actor_id())"
                    f" AND reviewed_at IS NULL AND {not_blocked()}"
                    " AND lower(open) <= statement_timestamp() + interval '5 minutes'"
                    " AND upper(open) <= statement_timestamp() + interval '65 minutes'",
                ),
                insert_only=True,
            ),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__regex=r"^.{20,}"),
                name="break_glass_reason_is_typed",
                violation_error_message=_("Say in at least 20 characters why you need this record now."),
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, reviewed_by="")
                | (Q(reviewed_at__isnull=False) & ~Q(reviewed_by="")),
                name="break_glass_review_is_paired",
            ),
            ExclusionConstraint(
                name="break_glass_one_at_a_time",
                expressions=[
                    ("membership", RangeOperators.EQUAL),
                    ("participant", RangeOperators.EQUAL),
                    ("open", RangeOperators.OVERLAPS),
                ],
            ),
        ]
