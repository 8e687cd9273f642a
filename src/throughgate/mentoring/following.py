"""What a move or a keep-apart order asks of matches, in the same transaction, as the system."""

from __future__ import annotations

from throughgate.mentoring import notices
from throughgate.mentoring.actions import close, offer_going_on
from throughgate.mentoring.models import OPEN, Match, MatchStatus, Wish
from throughgate.people.moves import Apart, Move, MoveKind


def follow_move(move: Move) -> None:
    """At release both are asked whether they go on; a transfer takes the match along; a death closes it."""
    if move.kind in {MoveKind.ABSENCE, MoveKind.BACK}:
        return
    rows = (
        Match.objects.select_for_update(of=("self",))
        .select_related("visitor", "participant", "facility")
        .filter(participant=move.participant, status__in=OPEN)
    )
    for match in rows.order_by("pk"):
        if move.kind == MoveKind.DEATH:
            _drop(match, move)
            continue
        match.facility = move.to_facility
        match.save(update_fields=["facility"])
        if match.status != MatchStatus.ACTIVE:
            continue
        if move.kind == MoveKind.RELEASE:
            offer_going_on(match, move.to_facility)
        else:
            notices.tell_staff(match, "moved", stamp=move.on.isoformat())
    if move.kind == MoveKind.DEATH:
        Wish.objects.filter(participant=move.participant).update(status=Wish.Status.WITHDRAWN)


def follow_apart(order: Apart) -> None:
    """Two who must be kept apart are matched no more, from now on; the coordinators are told to talk to both.

    What is written is an end for another reason: it names no order.
    """
    rows = (
        Match.objects.select_for_update(of=("self",))
        .select_related("visitor", "participant", "facility")
        .filter(participant__in=order.participant_ids, visitor__in=order.visitor_ids, status__in=OPEN)
    )
    for match in rows.order_by("pk"):
        _stop(match, order)


def _drop(match: Match, move: Move) -> None:
    if match.status == MatchStatus.PROPOSED:
        match.status = MatchStatus.DECLINED
        match.save(update_fields=["status"])
        return
    close(match, by=move.by, reason="other", last_meeting="none")


def _stop(match: Match, order: Apart) -> None:
    if match.status == MatchStatus.PROPOSED:
        match.status = MatchStatus.DECLINED
        match.save(update_fields=["status"])
        return
    close(match, by=order.by, reason="other", last_meeting="none")
    notices.tell_staff(match, "ended", stamp="")
