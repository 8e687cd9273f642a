"""Pure decisions about access: who may give whom which role, and what an emergency needs."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.access.roles import ROLES, RoleName
from throughgate.base.errors import Decision, Reason, Text
from throughgate.base.scope import Audience

SHORTEST_REASON = 20
PARTNER_ROLES = frozenset({RoleName.PARTNER_LEAD, RoleName.PARTNER_STAFF})


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A role about to be given, and what it is tied to (whether each is named)."""

    role: str
    email: str
    name: str
    facility: bool = False
    agency_wide: bool = False
    organization: bool = False
    participant: bool = False
    visitor: bool = False
    oneself: bool = False


def sound_invitation(invitation: Invitation) -> Decision:
    """Whether an invitation is whole: a known role, tied to the one kind of place that it belongs to."""
    reasons = []
    if not invitation.name.strip():
        reasons.append(Reason("name_missing", _("Give the person's name."), field="name"))
    if "@" not in invitation.email.strip("@ "):
        reasons.append(Reason("email_missing", _("Give an e-mail address."), field="email"))
    if invitation.oneself:
        reasons.append(
            Reason("own_access", _("Nobody gives a role to themselves."), _("Ask another administrator."))
        )
    if invitation.role not in set(RoleName):
        reasons.append(Reason("role_unknown", _("Choose a role from the list."), field="role"))
        return Decision(tuple(reasons))
    needed, words = _place_of(RoleName(invitation.role))
    named = {
        place
        for place in ("facility", "agency_wide", "organization", "participant", "visitor")
        if getattr(invitation, place)
    }
    # A member of a partner's staff may also be somebody who comes in.
    extra = {"visitor"} if needed == {"organization"} else set()
    if len(named & needed) != 1 or named - needed - extra:
        reasons.append(Reason("place_does_not_fit", words, field=next(iter(sorted(needed)))))
    return Decision(tuple(reasons))


def _place_of(role: RoleName) -> tuple[set[str], Text]:
    audience = ROLES[role].audience
    if audience in (Audience.PARTNER, Audience.EMPLOYER):
        return {"organization"}, _("This role belongs to an organization.")
    if audience == Audience.PARTICIPANT:
        return {"participant"}, _("This role belongs to one participant.")
    if audience == Audience.VISITOR:
        return {"visitor"}, _("This role belongs to one visitor.")
    return {"facility", "agency_wide"}, _("This role belongs to one facility, or to the whole agency.")


def sound_emergency(reason: str) -> Decision:
    """An emergency needs a typed reason of some length ([A-50])."""
    if len(" ".join(reason.split())) >= SHORTEST_REASON:
        return Decision()
    return Decision(
        (
            Reason(
                "reason_too_short",
                _("Say in at least 20 characters why you need this record now."),
                field="reason",
            ),
        )
    )
