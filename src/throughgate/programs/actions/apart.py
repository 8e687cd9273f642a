"""A keep-apart order that comes after the booking: the two are not called to the same room any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db.models.functions import Now
from django.utils.translation import ngettext

from throughgate.people.actions.held import tell
from throughgate.people.models import ChangeKind
from throughgate.people.moves import Apart
from throughgate.programs.models import Call, Facilitator, Session, SessionStatus
from throughgate.programs.rules.cohorts import NOT_NOW


def follow(order: Apart) -> None:
    """Withdraw the later booking's calls of coming sessions in which the two would meet; tell the coordinators.

    Of two participants the one seated later is not called; beside a visitor, the participant. Seats stay:
    whether one of them takes another group is for people to decide. What is written names neither the order
    nor the other. Runs as the system, in the transaction of the order.
    """
    gone: dict[int, list[Call]] = defaultdict(list)
    for session in _sessions(order):
        if session.starts_at.astimezone(session.facility.zone).date() >= order.starts_on:
            for call in _too_many(order, session):
                gone[call.participant_id].append(call)
    for calls in gone.values():
        Call.objects.filter(pk__in=[call.pk for call in calls]).update(
            status=Call.Status.WITHDRAWN, why_not=NOT_NOW
        )
        _tell(calls)


def _sessions(order: Apart) -> list[Session]:
    """Coming sessions to which one of the people is called, held: whoever books there now waits for the order."""
    ids = Call.objects.filter(
        participant__in=order.participant_ids, status=Call.Status.CALLED, session__starts_at__gt=Now()
    ).values_list("session", flat=True)
    return list(
        Session.objects.select_for_update(of=("self",), no_key=True)
        .select_related("facility")
        .filter(pk__in=set(ids), status=SessionStatus.PLANNED)
        .order_by("pk")
    )


def _too_many(order: Apart, session: Session) -> Iterator[Call]:
    """The calls that cannot stand in a session, read after its lock."""
    calls = list(
        Call.objects.filter(
            session=session, participant__in=order.participant_ids, status=Call.Status.CALLED
        ).select_related("participant", "enrollment", "session__facility", "session__cohort__program")
    )
    calls.sort(key=_booked)
    if order.visitor_ids:
        leads = Facilitator.objects.filter(session=session, visitor__in=order.visitor_ids, active=True)
        yield from calls if leads.exists() else []
    else:
        yield from calls[1:]


def _booked(call: Call) -> tuple[object, int, object, int]:
    """When somebody came into a session: with their seat, or by a call of its own."""
    seat = call.enrollment
    return (
        seat.recorded_at if seat else call.recorded_at,
        seat.pk if seat else 0,
        call.recorded_at,
        call.pk,
    )


def _tell(calls: list[Call]) -> None:
    """One change for each facility, for whoever keeps the sessions there."""
    at: dict[int, list[Session]] = defaultdict(list)
    for call in calls:
        if call.session is not None:
            at[call.session.facility_id].append(call.session)
    for sessions in at.values():
        words = ngettext(
            "Not called any more to %(n)d coming session: %(programs)s. Find another group or time.",
            "Not called any more to %(n)d coming sessions: %(programs)s. Find another group or time.",
            len(sessions),
        )
        programs = ", ".join(sorted({each.cohort.program.list_label for each in sessions}))
        tell(
            calls[0].participant,
            ChangeKind.KEEP_APART,
            words % {"n": len(sessions), "programs": programs},
            sessions[0].facility,
        )
