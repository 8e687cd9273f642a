"""The one who acts: a user in one of their roles, a participant, a visitor of the site, or the system."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.access.roles import ROLES, RoleName
from throughgate.base.errors import Forbidden
from throughgate.base.scope import Audience, Context


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, as what, where. Verbs take it as ``by=`` and ask it with :meth:`require`.

    ``facility_ids`` are the facilities of a member of staff; the other ids say whom a partner, visitor or
    participant is. The database checks the same again from its own tables.
    """

    name: str
    audience: Audience
    user_id: int | None = None
    membership_id: int | None = None
    role: RoleName | None = None
    facility_ids: frozenset[int] = frozenset()
    organization_id: int | None = None
    participant_id: int | None = None
    visitor_id: int | None = None
    purpose: str = ""
    place: str = ""
    language: str = "en"
    permissions: frozenset[Permission] = field(default_factory=frozenset)

    @classmethod
    def system(cls, purpose: str) -> Actor:
        """The system itself, for jobs and imports: may do everything, and the audit says it was a job."""
        return cls(
            name=_("the system"), audience=Audience.JOB, purpose=purpose, permissions=frozenset(Permission)
        )

    @classmethod
    def anonymous(cls) -> Actor:
        """Someone who has not signed in."""
        return cls(name=_("a visitor of the site"), audience=Audience.PUBLIC)

    @property
    def is_system(self) -> bool:
        """Whether a job acts rather than a person."""
        return self.audience == Audience.JOB

    @property
    def signed_in(self) -> bool:
        """Whether a person with a live role acts."""
        return self.membership_id is not None

    def can(self, permission: Permission, facility: Any = None) -> bool:
        """Whether the role has the permission and, where a facility is named, works there."""
        if permission not in self.permissions:
            return False
        if facility is None or self.is_system or self.audience != Audience.STAFF:
            return True
        return getattr(facility, "pk", facility) in self.facility_ids

    def require(self, permission: Permission, facility: Any = None) -> None:
        """Raise :class:`Forbidden` in words unless :meth:`can`."""
        if not self.can(permission, facility):
            raise Forbidden(
                _("%(name)s may not %(what)s here.") % {"name": self.name, "what": permission.words},
                permission.value,
            )

    def context(self, request_id: str | None = None, purpose: str = "") -> Context:
        """What the database is told while this actor acts."""
        given = {"request_id": request_id} if request_id else {}
        return Context(
            audience=self.audience,
            actor_id=self.user_id,
            membership_id=self.membership_id,
            purpose=purpose or self.purpose or (self.role.value if self.role else self.audience.value),
            **given,
        )


def permissions_of(role: RoleName) -> frozenset[Permission]:
    """What a role may do."""
    return ROLES[role].permissions
