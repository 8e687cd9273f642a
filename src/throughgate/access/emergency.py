"""Emergency access: one record, a typed reason, one hour, looked at afterwards by somebody else ([A-50])."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.models import Blocked, BreakGlass
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience

OPEN_FOR = dt.timedelta(hours=1)
REVIEW_WITHIN = dt.timedelta(hours=72)
SHORTEST_REASON = 20


@transaction.atomic
def open_record(*, by: Actor, participant: Any, reason: str) -> BreakGlass:
    """Open one participant's record for an hour, for reading, with a reason that somebody else looks at later.

    Refuses a reason of fewer than 20 characters and somebody who is blocked from this record. While it is
    open already, the same opening is returned.
    """
    by.require(Permission.BREAK_GLASS)
    words = " ".join(reason.split())
    if len(words) < SHORTEST_REASON:
        text = _("Say in at least %(count)d characters why you need this record now.")
        raise Refused(Reason("reason_too_short", text % {"count": SHORTEST_REASON}, field="reason"))
    with scope.as_role(Audience.JOB, purpose="who is blocked"):
        if Blocked.objects.filter(user=by.user_id, participant=participant.pk).exists():
            raise Refused(Reason("blocked", _("You may not open this record.")))
    already = open_now(by, participant.pk)
    if already is not None:
        return already
    assert by.user_id is not None  # only members of staff have this permission
    assert by.membership_id is not None
    now = timezone.now()
    with refusing():
        return BreakGlass.objects.create(
            user_id=by.user_id,
            membership_id=by.membership_id,
            participant_id=participant.pk,
            reason=words,
            open=(now, now + OPEN_FOR),
        )


def open_now(by: Actor, participant_id: int) -> BreakGlass | None:
    """The actor's own opening of this record, while it lasts."""
    return BreakGlass.objects.filter(
        membership=by.membership_id, participant=participant_id, open__contains=timezone.now()
    ).first()


def to_review() -> list[BreakGlass]:
    """Openings that nobody has looked at yet, the oldest first; for those who may review access."""
    rows = BreakGlass.objects.filter(reviewed_at__isnull=True).select_related("membership__facility")
    return list(rows.order_by("open", "pk"))


@transaction.atomic
def review(*, by: Actor, opening: BreakGlass, finding: str) -> BreakGlass:
    """Write down what somebody else thinks of an opening. Nobody reviews their own; once is enough."""
    by.require(Permission.REVIEW_ACCESS)
    row = BreakGlass.objects.select_for_update(of=("self",)).get(pk=opening.pk)
    reasons = []
    if row.user_id == by.user_id:
        reasons.append(Reason("own_opening", _("Somebody else has to look at your own opening.")))
    if not finding.strip():
        reasons.append(Reason("finding_missing", _("Say what you found."), field="finding"))
    if row.reviewed_at is not None:
        reasons.append(Reason("reviewed", _("This was reviewed already.")))
    if reasons:
        raise Refused(reasons)
    row.reviewed_at, row.reviewed_by, row.finding = timezone.now(), by.name, finding.strip()[:200]
    row.save(update_fields=["reviewed_at", "reviewed_by", "finding"])
    return row
