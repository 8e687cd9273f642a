"""The verbs of access: emergency access, blocks, memberships. Pages ask for a fresh sign-in first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access import inviting, rules
from throughgate.access.actor import Actor
from throughgate.access.models import Blocked, BreakGlass, Membership, User
from throughgate.access.permissions import Permission
from throughgate.access.queries import openings_for, works_everywhere
from throughgate.access.roles import ROLES, RoleName
from throughgate.access.rules import Invitation
from throughgate.base import saving, scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Decision, Forbidden, Reason, Refused
from throughgate.base.scope import Audience

OPEN_FOR = dt.timedelta(minutes=60)
REVIEW_WITHIN = dt.timedelta(hours=72)


@transaction.atomic
def open_break_glass(*, by: Actor, participant: Any, reason: str) -> BreakGlass:
    """Open one record for reading in an emergency, for 60 minutes, to be reviewed within 72 hours ([A-50]).

    ``participant`` is the person or their id, as a look-up gave it. Never opens the protected tier, never
    somebody from whom the actor is blocked, and not while earlier openings wait too long for their review.
    Opening what is open already gives the same one back.
    """
    by.require(Permission.BREAK_GLASS)
    if by.user_id is None or by.membership_id is None:
        raise Forbidden(_("Only a person who has signed in opens a record."), Permission.BREAK_GLASS.value)
    _allow(rules.sound_emergency(reason))
    pk = int(getattr(participant, "pk", participant))
    now = timezone.now()
    with scope.as_role(Audience.JOB, purpose="emergency access"):
        if Blocked.objects.filter(user_id=by.user_id, participant_id=pk).exists():
            raise Forbidden(_("You may not open this record."), Permission.BREAK_GLASS.value)
        mine = BreakGlass.objects.filter(membership_id=by.membership_id)
        if mine.filter(reviewed_at=None, open__startswith__lt=now - REVIEW_WITHIN).exists():
            raise Refused(
                Reason(
                    "review_overdue",
                    _("An earlier emergency opening of yours still waits for its review."),
                    _("Ask the reviewer to look at it first."),
                )
            )
        current = mine.filter(participant_id=pk, open__contains=now).first()
    if current is not None:
        return current
    with refusing():
        return BreakGlass.objects.create(
            user_id=by.user_id,
            membership_id=by.membership_id,
            participant_id=pk,
            reason=" ".join(reason.split()),
            open=DateTimeTZRange(now, now + OPEN_FOR),
        )


@transaction.atomic
def review_break_glass(*, by: Actor, opening: BreakGlass, finding: str) -> BreakGlass:
    """Write down what a second person found about an emergency opening; nobody reviews their own."""
    by.require(Permission.REVIEW_ACCESS)
    with scope.as_role(Audience.JOB, purpose="review of emergency access"):
        theirs = openings_for(by).filter(pk=opening.pk).exists()
    if not theirs:
        raise Forbidden(_("This opening is reviewed elsewhere."), Permission.REVIEW_ACCESS.value)
    reasons = []
    if opening.user_id == by.user_id:
        reasons.append(Reason("own_opening", _("Nobody reviews their own opening.")))
    if not finding.strip():
        reasons.append(Reason("no_finding", _("Say what you found."), field="finding"))
    _allow(Decision(tuple(reasons)))
    with scope.as_role(Audience.JOB, purpose="review of emergency access"):
        row = BreakGlass.objects.select_for_update(of=("self",)).get(pk=opening.pk)
        if row.reviewed_at is None:
            row.reviewed_at, row.reviewed_by, row.finding = timezone.now(), by.name, finding.strip()[:200]
            row.save(update_fields=["reviewed_at", "reviewed_by", "finding"])
    return row


@transaction.atomic
def block(*, by: Actor, member: Membership, participant: Any, reason: str) -> Blocked:
    """Keep a user from one participant's record, whatever else would let them in ([A-49]): kin, victim, conflict.

    Reviewers at the participant's facility decide. It holds for every role of the user, from the next
    statement on; once is enough.
    """
    pk = _reviewed(by, participant)
    if not reason.strip():
        raise Refused(Reason("no_reason", _("Say why."), field="reason"))
    with scope.as_role(Audience.JOB, purpose="block"):
        row, _made = Blocked.objects.get_or_create(
            user_id=member.user_id, participant_id=pk, defaults={"reason": reason.strip()[:200]}
        )
    return row


@transaction.atomic
def unblock(*, by: Actor, blocked: Blocked) -> None:
    """Take a block away."""
    _reviewed(by, blocked.participant_id)
    if by.user_id == blocked.user_id:
        raise Refused(Reason("own_access", _("Nobody lifts their own block."), _("Ask another reviewer.")))
    with scope.as_role(Audience.JOB, purpose="block lifted"):
        Blocked.objects.filter(pk=blocked.pk).delete()


@transaction.atomic
def invite(
    *,
    by: Actor,
    email: str,
    name: str,
    role: str,
    facility: Any = None,
    agency_wide: bool = False,
    organization: Any = None,
    participant: Any = None,
    visitor: Any = None,
    ends_at: dt.datetime | None = None,
    by_mail: bool = True,
) -> Membership:
    """Give somebody a role somewhere; a mail tells them, and leads who is new to choosing a password.

    Administrators invite at their facilities (for the whole agency: who works for all of it), a partner's
    lead into their own team. The same role at the same place again gives the one that stands.
    """
    address = email.strip().lower()
    with scope.as_role(Audience.JOB):
        user = User.objects.filter(email=address).first()
    _allow(
        rules.sound_invitation(
            Invitation(
                role=role,
                email=address,
                name=name,
                facility=facility is not None,
                agency_wide=agency_wide,
                organization=organization is not None,
                participant=participant is not None,
                visitor=visitor is not None,
                oneself=user is not None and user.pk == by.user_id,
            )
        )
    )
    try:
        validate_email(address)
    except ValidationError as error:
        raise Refused(Reason("email.invalid", error.messages[0], field="email")) from error
    _may_give(by, role, facility, agency_wide, organization, participant=participant, visitor=visitor)
    place = {
        "facility": facility,
        "organization": organization,
        "participant": participant,
        "visitor": visitor,
        "agency_wide": agency_wide,
    }
    with scope.as_role(Audience.JOB, purpose="invitation"):
        if user is None:
            user = User(email=address, name=name.strip())
            user.set_unusable_password()
            saving.save(user, trusted={"password"})
        standing = Membership.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()), user=user, role=role, **place
        ).first()
        if standing is not None:
            return standing
        row = Membership(user=user, person_name=name.strip(), role=role, ends_at=ends_at, **place)
        saving.save(row)
        if by_mail:
            inviting.tell(row, invited_by=by.name)
        return row


@transaction.atomic
def invite_again(*, by: Actor, membership: Membership) -> None:
    """Send the invitation once more with a new link; the earlier one ends."""
    with scope.as_role(Audience.JOB):
        row = Membership.objects.select_related("user").get(pk=membership.pk)
    _may_give(
        by, row.role, row.facility_id, row.agency_wide, row.organization_id,
        participant=row.participant_id, visitor=row.visitor_id,
    )  # fmt: skip
    if row.user.has_usable_password():
        raise Refused(
            Reason(
                "signed_in_before",
                _("%(name)s has chosen a password already.") % {"name": row.person_name},
                _("They can choose a new one from the sign-in page."),
            )
        )
    inviting.tell(row, invited_by=by.name)


@transaction.atomic
def end_membership(*, by: Actor, membership: Membership, reason: str) -> Membership:
    """Take a role away, felt at the next statement. The last administrator of the agency stays."""
    if not reason.strip():
        raise Refused(Reason("no_reason", _("Say why."), field="reason"))
    with scope.as_role(Audience.JOB):
        row = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    _may_give(
        by,
        row.role,
        row.facility_id,
        row.agency_wide,
        row.organization_id,
        participant=row.participant_id,
        visitor=row.visitor_id,
    )
    if row.ends_at is not None and row.ends_at <= timezone.now():
        return row
    with scope.as_role(Audience.JOB, purpose="membership ended"):
        if row.role == RoleName.ADMINISTRATOR and row.agency_wide and not _another_administrator(row):
            raise Refused(
                Reason(
                    "last_administrator",
                    _("This is the last administrator of the agency."),
                    _("Invite another one first."),
                )
            )
        row.ends_at, row.ended_reason = max(timezone.now(), row.starts_at), reason.strip()[:200]
        row.save(update_fields=["ends_at", "ended_reason"])
    return row


@transaction.atomic
def hand_over(*, by: Actor, membership: Membership, email: str, name: str, reason: str) -> Membership:
    """Give a role to the one who takes over, and end it for the one who leaves, in one step."""
    with scope.as_role(Audience.JOB):
        old = Membership.objects.select_related("user").get(pk=membership.pk)
    if old.participant_id is not None:
        raise Refused(Reason("personal_role", _("This role belongs to one person and is not handed over.")))
    if old.user.email == email.strip().lower():
        raise Refused(Reason("same_person", _("This person has the role already."), field="email"))
    successor = invite(
        by=by,
        email=email,
        name=name,
        role=old.role,
        facility=_row("places", "Facility", old.facility_id),
        organization=_row("partners", "Organization", old.organization_id),
        agency_wide=old.agency_wide,
    )
    end_membership(by=by, membership=old, reason=reason)
    return successor


def _row(room: str, model: str, pk: int | None) -> Any:
    return None if pk is None else apps.get_model(room, model)._default_manager.get(pk=pk)


def _allow(decision: Decision) -> None:
    if decision.refused:
        raise Refused(decision.reasons)


def _reviewed(by: Actor, participant: Any) -> int:
    """The participant's id, after checking that the actor reviews access where they are."""
    pk = int(getattr(participant, "pk", participant))
    by.require(Permission.REVIEW_ACCESS, _facility_of(pk))
    return pk


def _may_give(
    by: Actor,
    role: str,
    facility: Any,
    agency_wide: bool,
    organization: Any,
    *,
    participant: Any = None,
    visitor: Any = None,
) -> None:
    """Raise Forbidden unless the actor may give or take this role at this place."""
    if by.audience == Audience.PARTNER:
        by.require(Permission.MANAGE_OWN_TEAM)
        if (
            role not in rules.PARTNER_ROLES
            or _pk(organization) != by.organization_id
            or not _of_organization(visitor, by.organization_id)
        ):
            raise Forbidden(
                _("You keep the team of your own organization only."), Permission.MANAGE_OWN_TEAM.value
            )
        return
    by.require(Permission.MANAGE_ACCESS, facility)
    if works_everywhere(by):
        return
    audience = ROLES[RoleName(role)].audience
    # An auditor reads the trail of every facility, whichever one the role is tied to.
    if agency_wide or audience == Audience.AUDITOR:
        raise Forbidden(
            _("Only somebody who works for the whole agency gives a role for all of it."),
            Permission.MANAGE_ACCESS.value,
        )
    if participant is not None:
        by.require(Permission.MANAGE_ACCESS, _facility_of(_pk(participant)))
    if organization is not None and not _works_here(_pk(organization), by.facility_ids):
        raise Forbidden(
            _("This organization works in other facilities. Ask an administrator there."),
            Permission.MANAGE_ACCESS.value,
        )


def _pk(row: Any) -> Any:
    return getattr(row, "pk", row)


def _facility_of(participant_id: int) -> int | None:
    with scope.as_role(Audience.JOB):
        people = apps.get_model("people", "Participant")._default_manager
        found: int | None = people.filter(pk=participant_id).values_list("facility_id", flat=True).first()
    return found


def _of_organization(visitor: Any, organization_id: int | None) -> bool:
    """Whether a visitor, where one is named, comes in for this organization."""
    if visitor is None:
        return True
    with scope.as_role(Audience.JOB):
        visitors = apps.get_model("visitors", "Visitor")._default_manager
        return bool(visitors.filter(pk=_pk(visitor), organization_id=organization_id or 0).exists())


def _works_here(organization_id: int, facility_ids: Collection[int]) -> bool:
    """Whether an organization runs groups or has an agreement in these facilities, or runs none anywhere."""
    with scope.as_role(Audience.JOB):
        cohorts = apps.get_model("programs", "Cohort")._default_manager.filter(organization=organization_id)
        agreements = apps.get_model("partners", "Agreement")._default_manager
        return (
            not cohorts.exists()
            or cohorts.filter(facility__in=facility_ids).exists()
            or agreements.filter(organization=organization_id, facilities__in=facility_ids).exists()
        )


def _another_administrator(row: Membership) -> bool:
    return (
        Membership.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()),
            role=RoleName.ADMINISTRATOR,
            agency_wide=True,
            user__is_active=True,
        )
        .exclude(pk=row.pk)
        .exclude(user_id=row.user_id)
        .exists()
    )
