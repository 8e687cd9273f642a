"""How somebody comes in for the first time, or again without their password: a link by mail, once."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.models import Membership, User
from throughgate.access.roles import ROLES, RoleName
from throughgate.base import links, saving, scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.outbox.actions import send
from throughgate.base.scope import Audience
from throughgate.policies import queries as policies

PURPOSE = "choose a password"


def link_for(user: User) -> str:
    """A new link by which this user chooses a password; earlier ones end. Holds as long as the sign-in pack says."""
    subject = user.code
    links.withdraw(purpose=PURPOSE, subject=subject)
    days = policies.sign_in(settings.JURISDICTION, timezone.localdate()).data.invitation_days
    return links.address(links.offer(purpose=PURPOSE, subject=subject, days=days))


def tell(membership: Membership, *, invited_by: str) -> None:
    """Write to somebody who was given a role: a link to come in, or where to sign in for who has done that before."""
    user = membership.user
    new = not user.has_usable_password()
    address = link_for(user) if new else links.address(reverse("account_login"))
    role = ROLES[RoleName(membership.role)]
    send(
        key=f"invitation {membership.code} {timezone.now():%Y%m%d%H%M%S%f}",
        address=user.email,
        name=membership.person_name,
        template="invitation",
        data={
            "name": membership.person_name,
            "role": str(role.display_name),
            "does": str(role.description),
            "by": invited_by,
            "link": address,
            "new": new,
        },
        person=f"user {user.pk}",
        urgent=True,
    )


def user_of(link: links.Followed) -> User | None:
    """Whom a link is for, while they may sign in and have a role."""
    user = User.objects.filter(code=link.subject, is_active=True).first()
    return user if user is not None and _has_role(user) else None


def _has_role(user: User) -> bool:
    return any(
        row.ends_at is None or row.ends_at > timezone.now() for row in Membership.objects.filter(user=user)
    )


@transaction.atomic
def accept(*, link: links.Followed, password: str, again: str) -> User:
    """Set the password of the invited person and use the link up. Refuses with every reason at once."""
    user = user_of(link)
    if user is None:
        raise Refused(
            Reason(
                "no_role",
                _("You have no role here any more."),
                _("Ask the one who invited you for a new invitation."),
            )
        )
    reasons = []
    if password != again:
        reasons.append(
            Reason("passwords_differ", _("The two passwords differ. Type them again."), field="again")
        )
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        reasons += [Reason("password_weak", text, field="password") for text in error.messages]
    if reasons:
        raise Refused(reasons)
    user.set_password(password)
    with scope.as_role(Audience.JOB, purpose="invitation accepted"):
        saving.save(user, trusted={"password"})
    link.spend()
    return user
