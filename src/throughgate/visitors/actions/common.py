"""What the verbs of visitors share."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Decision, Forbidden, Refused
from throughgate.visitors import rules
from throughgate.visitors.models import Clearance, Step, Visitor

DAY = dt.timedelta(days=1)


def allow(decision: Decision) -> None:
    """Raise Refused with every reason of a decision that says no."""
    if decision.refused:
        raise Refused(decision.reasons)


def is_me(by: Actor, visitor_id: int) -> bool:
    """Whether the actor is this visitor."""
    return by.visitor_id is not None and by.visitor_id == visitor_id


def mine(by: Actor, visitor: Visitor | int) -> None:
    """Raise Forbidden unless the actor is this visitor."""
    if not is_me(by, visitor if isinstance(visitor, int) else visitor.pk):
        raise Forbidden(_("This is not yours to do."))


def mine_or_kept(by: Actor, visitor_id: int, facility: object) -> None:
    """Raise Forbidden unless the actor is this visitor, or keeps visitors at the facility."""
    if not is_me(by, visitor_id):
        by.require(Permission.MANAGE_VISITORS, facility)


def locked(step: Step) -> Step:
    """The step as it stands now, locked, with its clearance."""
    return (
        Step.objects.select_for_update(of=("self",))
        .select_related("clearance__facility", "clearance__visitor")
        .get(pk=step.pk)
    )


def is_open(clearance: Clearance) -> bool:
    """Whether a clearance is not over."""
    return clearance.status in rules.OPEN
