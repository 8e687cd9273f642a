"""Keep-apart orders: two people, a named reason, an end. Booking learns yes or no, never why ([A-45])."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Reason, Refused
from throughgate.base.saving import save
from throughgate.base.scope import Audience
from throughgate.people import rules
from throughgate.people.actions.held import allow, held, lock, tell
from throughgate.people.models import ChangeKind, KeepApart, Participant
from throughgate.people.moves import Apart, announce_apart

REASONS = frozenset({"gang", "assault", "witness", "victim", "family", "threat", "other"})


@transaction.atomic
def add_keep_apart(
    *,
    by: Actor,
    first: Participant,
    second: Participant,
    reason: str,
    source: str,
    note: str = "",
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
) -> KeepApart:
    """Order that two people are never in the same room. The one who orders must hold one of them.

    The order of the two does not matter. Both facilities are told that something changed, not with whom.
    """
    mine = held(by, _mine(by, first, second), Permission.EDIT_KEEP_APART)
    other = lock(second.pk if mine.pk == first.pk else first.pk)
    allow(rules.can_keep_apart(mine.pk, other.pk, reason=reason, note=note, source=source, reasons=REASONS))
    start = starts_on or mine.facility.today()
    if ends_on is not None and ends_on < start:
        raise Refused(Reason("ends_before_start", _("The order must end after it starts."), field="ends_on"))
    low, high = sorted((mine, other), key=lambda person: person.pk)
    order = KeepApart(
        first=low, second=high, reason=reason, note=note, source=source, starts_on=start, ends_on=ends_on
    )
    with scope.as_role(Audience.JOB, purpose="keep-apart order"):
        save(order)
        _tell_both(order)
        announce_apart(Apart(by=by, participant_ids=(low.pk, high.pk), visitor_ids=(), starts_on=start))
    return order


@transaction.atomic
def end_keep_apart(*, by: Actor, order: KeepApart, on: dt.date | None = None) -> KeepApart:
    """End an order; it still holds on its last day. An ended order stays as it is."""
    row = KeepApart.objects.filter(pk=order.pk).first()
    if row is None:
        raise Forbidden(_("This order is not yours to end."), Permission.EDIT_KEEP_APART.value)
    with scope.as_role(Audience.JOB, purpose="keep-apart order"):
        row = KeepApart.objects.select_for_update(of=("self",)).get(pk=order.pk)
        pair = list(
            Participant.objects.filter(pk__in=[row.first_id, row.second_id])
            .select_related("facility")
            .order_by("pk")
        )
    if not any(by.can(Permission.EDIT_KEEP_APART, person.facility_id) for person in pair):
        by.require(Permission.EDIT_KEEP_APART, pair[0].facility_id)
    if row.ended_by:
        return row
    last = on or _today(by, pair)
    if last < row.starts_on:
        raise Refused(Reason("ends_before_start", _("The order must end after it starts."), field="on"))
    row.ends_on, row.ended_by = last, by.name
    with scope.as_role(Audience.JOB, purpose="keep-apart order"):
        save(row)
        _tell_both(row)
    return row


def _mine(by: Actor, first: Participant, second: Participant) -> Participant:
    """The one of two that the actor holds; the first when neither, so that the refusal is about them."""
    seen = Participant.objects.filter(pk__in=[first.pk, second.pk], facility_id__in=by.facility_ids)
    pk = seen.order_by("pk").values_list("pk", flat=True).first()
    return second if pk == second.pk else first


def _today(by: Actor, pair: list[Participant]) -> dt.date:
    mine = next(person for person in pair if by.can(Permission.EDIT_KEEP_APART, person.facility_id))
    return mine.facility.today()


def _tell_both(order: KeepApart) -> None:
    words = _("A keep-apart order changed. Look at the coming sessions.")
    for person in (order.first, order.second):
        tell(person, ChangeKind.KEEP_APART, words, person.facility)
