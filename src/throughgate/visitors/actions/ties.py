"""Conflicts of interest and leaving."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import saving, scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.outbox.actions import send
from throughgate.base.scope import Audience
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.visitors import rules
from throughgate.visitors.actions.clearances import add_visitor_keep_apart, suspend_clearance
from throughgate.visitors.actions.common import is_me, mine_or_kept
from throughgate.visitors.models import Clearance, Conflict, TrainingSeat, Visitor, VisitorKeepApart
from throughgate.visitors.steps import rules_here

# Which state of a conflict may follow which; one that was settled may be settled anew when more is known.
NEXT: dict[str, frozenset[str]] = {
    Conflict.State.OPEN: frozenset({Conflict.State.NOBODY, Conflict.State.APART, Conflict.State.BARS}),
    Conflict.State.NOBODY: frozenset({Conflict.State.APART, Conflict.State.BARS}),
    Conflict.State.APART: frozenset({Conflict.State.BARS}),
    Conflict.State.BARS: frozenset({Conflict.State.NOBODY, Conflict.State.APART}),
}


@transaction.atomic
def declare_conflict(*, by: Actor, visitor: Visitor, facility: Facility, kind: str, about: str) -> Conflict:
    """A visitor, or who keeps visitors for them, says that there is a tie to somebody inside or to the facility.

    Nothing is decided about the clearance there until security has looked at it.
    """
    mine_or_kept(by, visitor.pk, facility)
    against = []
    if kind not in Conflict.Kind.values:
        against.append(Reason("kind_unknown", _("Choose what it is."), field="kind"))
    if not about.strip():
        against.append(Reason("about_missing", _("Say with whom, as well as you know it."), field="about"))
    if against:
        raise Refused(against)
    with scope.as_role(Audience.JOB, purpose="a conflict of interest is declared"):
        row = Conflict(visitor=visitor, facility=facility, kind=kind, about=about.strip()[:200])
        saving.save(row)
    return row


@transaction.atomic
def settle_conflict(
    *, by: Actor, conflict: Conflict, state: str, participant: Participant | None = None
) -> Conflict:
    """Decide what follows: nothing, never in one session with a participant, or no visitor at this facility.

    Keeping apart needs to know who is meant, and makes the order that booking asks. What bars suspends a
    clearance that holds; only kinds that the rules name, or somebody's own judgment with a reason in the notes.
    """
    by.require(Permission.EDIT_KEEP_APART, conflict.facility_id)
    row = (
        Conflict.objects.select_for_update(of=("self",))
        .select_related("visitor", "facility")
        .get(pk=conflict.pk)
    )
    if state not in NEXT[row.state]:
        raise Refused(Reason("not_now", _("It does not stand like that any more."), _("Reload the page.")))
    if state == Conflict.State.APART:
        if participant is None:
            raise Refused(Reason("who_missing", _("Say who is meant."), field="person"))
        if not VisitorKeepApart.objects.filter(
            visitor=row.visitor, participant=participant, ends_on=None
        ).exists():
            kind = row.kind if row.kind != Conflict.Kind.STAFF else "other"
            add_visitor_keep_apart(
                by=by,
                visitor=row.visitor,
                participant=participant,
                reason=kind,
                note=_("Declared by the visitor"),
            )
    if state == Conflict.State.BARS:
        _stop(by, row)
    row.state, row.decided_by, row.decided_at = state, by.name, timezone.now()
    saving.save(row)
    return row


def bars(conflict: Conflict) -> bool:
    """Whether the facility's rules say that this kind of tie rules a visitor out."""
    pack = rules_here(conflict.facility)
    return pack is not None and conflict.kind in pack.data.bars


def _stop(by: Actor, row: Conflict) -> None:
    with scope.as_role(Audience.JOB, purpose="a conflict bars a visitor"):
        cleared = Clearance.objects.filter(
            visitor=row.visitor, facility=row.facility, status__in=rules.CLEARED
        ).exists()
    if cleared:
        suspend_clearance(
            by=by, visitor=row.visitor, facility=row.facility, reason=_("A conflict of interest bars them.")
        )


@transaction.atomic
def leave(*, by: Actor, visitor: Visitor, on: dt.date | None = None) -> Visitor:
    """A visitor comes no more from a day on: no list holds them from then, seats on dates are given back, and
    they are thanked. Said by themselves, or by who keeps visitors."""
    if not is_me(by, visitor.pk):
        by.require(Permission.MANAGE_VISITORS)
    with scope.as_role(Audience.JOB, purpose="a visitor leaves"):
        row = Visitor.objects.select_for_update(of=("self",)).get(pk=visitor.pk)
        day = on or timezone.now().date()
        if row.left_on is not None and row.left_on <= day:
            return row
        row.left_on = day
        saving.save(row)
        for seat in TrainingSeat.objects.filter(
            visitor=row, state=TrainingSeat.State.BOOKED, training__starts_at__gt=timezone.now()
        ).order_by("pk"):
            seat.state = TrainingSeat.State.CANCELLED
            saving.save(seat)
        for each in Clearance.objects.filter(visitor=row, status="applied").order_by("pk"):
            each.status, each.decided_by, each.decided_at = "ended", by.name, timezone.now()
            saving.save(each, trusted={"ready"})
        send(
            key=f"visitor thanks {row.code} {day.isoformat()}",
            address=row.email,
            template="visitor_thanks",
            data={"day": day.isoformat()},
            name=row.name,
            language=row.language,
        )
    return row
