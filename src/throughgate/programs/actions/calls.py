"""Calls follow from seats: who is called to which coming session is worked out anew, never kept by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models.functions import Now

from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.programs.actions.saving import save_all
from throughgate.programs.models import (
    Call,
    Enrollment,
    EnrollmentStatus,
    Session,
    SessionStatus,
    SlotExclusion,
    Suspension,
)
from throughgate.programs.rules.booking import said
from throughgate.programs.rules.cohorts import ENDED, OURS, Seat, why_not_called

CALLED, WITHDRAWN = Call.Status.CALLED, Call.Status.WITHDRAWN


@dataclass(frozen=True)
class Uncalled:
    """A person with a seat who could not be called to a session, and why."""

    enrollment: Enrollment
    session: Session
    reasons: tuple[Reason, ...]


def coming(cohorts: Collection[int]) -> list[Session]:
    """Planned sessions of these cohorts that have not begun, in order of time."""
    return list(
        Session.objects.filter(cohort__in=cohorts, status=SessionStatus.PLANNED, starts_at__gt=Now())
        .select_related("facility")
        .order_by("starts_at", "id")
    )


def settle(enrollments: Collection[Enrollment], sessions: Iterable[Session] | None = None) -> list[Uncalled]:
    """Make the calls to coming sessions what these seats say: call, call again, or withdraw.

    Looks at each seat's days, pauses and excluded times; calls that were withdrawn for another cause stay so.
    Returns whom the database would not let us call, with the reason; everybody else is called.
    """
    by_cohort: dict[int, list[Session]] = defaultdict(list)
    for session in coming({e.cohort_id for e in enrollments}) if sessions is None else sessions:
        by_cohort[session.cohort_id].append(session)
    seats = _seats(enrollments)
    calls = {
        (call.participant_id, call.session_id): call
        for call in Call.objects.filter(
            participant__in=[e.participant_id for e in enrollments],
            session__in=[s.pk for each in by_cohort.values() for s in each],
        ).order_by("starts_at", "id")
    }
    missing: list[tuple[Call, Enrollment, Session]] = []
    again: list[tuple[Call, Enrollment, Session]] = []
    gone: dict[str, list[int]] = defaultdict(list)
    for enrollment in enrollments:
        for session in by_cohort[enrollment.cohort_id]:
            why = _why_not(enrollment, seats[enrollment.pk], session)
            call = calls.get((enrollment.participant_id, session.pk))
            if call is None and not why:
                missing.append((_new(enrollment, session), enrollment, session))
            elif call is not None and call.status == CALLED and why:
                gone[why].append(call.pk)
            elif call is not None and call.status == WITHDRAWN and not why and call.why_not in OURS:
                again.append((call, enrollment, session))
    for why, ids in gone.items():
        Call.objects.filter(pk__in=ids).update(status=WITHDRAWN, why_not=why)
    return [*_restore(again), *_create(missing)]


def _seats(enrollments: Collection[Enrollment]) -> dict[int, Seat]:
    pauses: dict[int, list[tuple[object, object]]] = defaultdict(list)
    ids = [e.pk for e in enrollments]
    for which, during in (
        Suspension.objects.filter(enrollment__in=ids).order_by("id").values_list("enrollment_id", "during")
    ):
        if not during.isempty:
            pauses[which].append((during.lower, during.upper))
    excluded: dict[int, set[tuple[int, object]]] = defaultdict(set)
    for which, weekday, starts in (
        SlotExclusion.objects.filter(enrollment__in=ids)
        .order_by("id")
        .values_list("enrollment_id", "weekday", "starts")
    ):
        excluded[which].add((weekday, starts))
    return {
        e.pk: Seat(e.starts_on, e.ends_on, tuple(pauses[e.pk]), frozenset(excluded[e.pk]))  # type: ignore[arg-type]
        for e in enrollments
    }


def _why_not(enrollment: Enrollment, seat: Seat, session: Session) -> str:
    if enrollment.status == EnrollmentStatus.ENDED:
        return ENDED
    return why_not_called(seat, session.starts_at.astimezone(session.facility.zone))


def _new(enrollment: Enrollment, session: Session) -> Call:
    return Call(
        participant_id=enrollment.participant_id,
        session=session,
        enrollment=enrollment,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
    )


def _create(rows: list[tuple[Call, Enrollment, Session]]) -> list[Uncalled]:
    refused = {id(call): no for call, no in save_all([call for call, _, _ in rows])}
    return [_uncalled(e, s, refused[id(call)]) for call, e, s in rows if id(call) in refused]


def _restore(rows: list[tuple[Call, Enrollment, Session]]) -> list[Uncalled]:
    if not rows:
        return []
    try:
        _call_again([call.pk for call, _, _ in rows])
        return []
    except Refused:
        pass
    refused = []
    for call, enrollment, session in rows:
        try:
            _call_again([call.pk])
        except Refused as no:
            refused.append(_uncalled(enrollment, session, no))
    return refused


def _call_again(calls: list[int]) -> None:
    with refusing():
        Call.objects.filter(pk__in=calls).update(status=CALLED, why_not="")


def _uncalled(enrollment: Enrollment, session: Session, no: Refused) -> Uncalled:
    local = session.starts_at.astimezone(session.facility.zone)
    when = f"{said(local.date())}, {local:%H:%M}"
    return Uncalled(
        enrollment,
        session,
        tuple(Reason(r.code, f"{when}: {r.text}", r.remedy, r.overridable) for r in no.reasons),
    )


def insist(uncalled: list[Uncalled]) -> None:
    """Raise Refused with every reason when somebody could not be called."""
    if uncalled:
        raise Refused(reason for each in uncalled for reason in each.reasons)
