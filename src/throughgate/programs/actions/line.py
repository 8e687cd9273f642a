"""The line for a program: ask, decide, withdraw, confirm. The date of request is the person's own ([P-148])."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Decision, Reason, Refused
from throughgate.people.models import Participant, Whereabouts
from throughgate.policies import library
from throughgate.programs.actions.saving import stop
from throughgate.programs.models import (
    OPEN_WAIT,
    SEATED,
    Enrollment,
    Program,
    RequestedBy,
    WaitlistEntry,
    WaitStatus,
)
from throughgate.programs.rules.waiting import Asking, can_request, step


def _is_self(by: Actor, participant_id: int) -> bool:
    return by.participant_id is not None and by.participant_id == participant_id


def _allow(by: Actor, participant: Participant, *, self_too: bool) -> None:
    """Staff of the person's facility with the permission; the person where ``self_too``."""
    if not (self_too and _is_self(by, participant.pk)):
        by.require(Permission.MANAGE_WAITLIST, participant.facility_id)


@transaction.atomic
def request_place(
    *,
    by: Actor,
    participant: Participant,
    program: Program,
    requested_by: RequestedBy | str = RequestedBy.SELF,
    requested_on: dt.date | None = None,
    note: str = "",
    override: str = "",
) -> WaitlistEntry:
    """Ask for a place in a program, for oneself or for a participant.

    Staff may enter an earlier date on which the person asked; a person's own request is dated today. Refuses
    with every reason at once: already in line or seated, too many open requests, a date to come, a closed
    record, a program not offered. Someone with Permission.OVERRIDE_BOOKING may overrule the number of requests.
    """
    _allow(by, participant, self_too=True)
    today = participant.facility.today()
    if _is_self(by, participant.pk):
        requested_by, requested_on = RequestedBy.SELF, today
    asked_on = requested_on or today
    decision = can_request(
        _asking(participant, program, asked_on, today),
        library.in_force("waitlist", participant.facility.jurisdiction, today),
    )
    if decision.refused and not (decision.overridable and override.strip()):
        raise Refused(decision.reasons)
    if decision.refused:
        by.require(Permission.OVERRIDE_BOOKING, participant.facility_id)
        note = f"{override.strip()} {note}"
    with refusing():
        return WaitlistEntry.objects.create(
            participant=participant,
            program=program,
            requested_on=asked_on,
            requested_by=requested_by,
            confirmed_on=today,
            note=note.strip()[:250],
        )


def _asking(participant: Participant, program: Program, asked_on: dt.date, today: dt.date) -> Asking:
    waiting = list(
        WaitlistEntry.objects.filter(participant=participant, status__in=OPEN_WAIT)
        .order_by("id")
        .values_list("program_id", flat=True)
    )
    return Asking(
        open_requests=len(waiting),
        already_in_line=program.pk in waiting,
        has_seat=Enrollment.objects.filter(
            participant=participant, status__in=SEATED, cohort__program=program
        ).exists(),
        record_closed=participant.whereabouts in {Whereabouts.DIED, Whereabouts.CLOSED},
        listed=program.listed,
        requested_on=asked_on,
        today=today,
    )


def _take(
    by: Actor,
    entry: WaitlistEntry,
    taken: str,
    *,
    reason: str = "",
    needs_reason: bool = False,
    self_too: bool,
) -> WaitlistEntry:
    """Take one step with an entry, locked and fresh; the reason is written for the person."""
    _allow(by, entry.participant, self_too=self_too)
    fresh = (
        WaitlistEntry.objects.select_for_update(of=("self",))
        .select_related("participant__facility")
        .get(pk=entry.pk)
    )
    decision, status = step(fresh.status, taken)
    missing = needs_reason and not reason.strip()
    stop(decision, _say_why() if missing else Decision())
    fresh.status, fresh.reason = status, reason.strip()[:250]
    fresh.decided_by, fresh.decided_at = by.name, timezone.now()
    with refusing():
        fresh.save(update_fields=["status", "reason", "confirmed_on", "decided_by", "decided_at"])
    return fresh


def _say_why() -> Decision:
    return Decision((Reason("reason_missing", _("Say why, in words for the person.")),))


@transaction.atomic
def approve(*, by: Actor, entry: WaitlistEntry, reason: str = "") -> WaitlistEntry:
    """Let a request stand in line."""
    return _take(by, entry, "approve", reason=reason, self_too=False)


@transaction.atomic
def decline(*, by: Actor, entry: WaitlistEntry, reason: str) -> WaitlistEntry:
    """Say no to a request, with a reason that the person reads."""
    return _take(by, entry, "decline", reason=reason, needs_reason=True, self_too=False)


@transaction.atomic
def remove(*, by: Actor, entry: WaitlistEntry, reason: str) -> WaitlistEntry:
    """Take a request out of the line, with a reason that the person reads."""
    return _take(by, entry, "remove", reason=reason, needs_reason=True, self_too=False)


@transaction.atomic
def withdraw(*, by: Actor, entry: WaitlistEntry, reason: str = "") -> WaitlistEntry:
    """The person no longer wants the place; by themselves or by staff for them."""
    return _take(by, entry, "withdraw", reason=reason, self_too=True)


@transaction.atomic
def put_back(*, by: Actor, entry: WaitlistEntry, reason: str) -> WaitlistEntry:
    """Back to waiting for a decision with the old date of request; a reason is needed ([P-147]).

    Whoever withdrew their own request may put it back; other ends only staff undo. Refuses when the person is
    in line for the program again by now.
    """
    own = WaitlistEntry.objects.filter(pk=entry.pk, status=WaitStatus.WITHDRAWN).exists()
    entry = _take(by, entry, "put_back", reason=reason, needs_reason=True, self_too=own)
    entry.confirmed_on = entry.participant.facility.today()
    entry.save(update_fields=["confirmed_on"])
    return entry


@transaction.atomic
def reconfirm(*, by: Actor, entry: WaitlistEntry) -> WaitlistEntry:
    """The person still wants the place, as of today; the date of request stays."""
    _allow(by, entry.participant, self_too=True)
    fresh = (
        WaitlistEntry.objects.select_for_update(of=("self",))
        .select_related("participant__facility")
        .get(pk=entry.pk)
    )
    stop(step(fresh.status, "reconfirm")[0])
    fresh.confirmed_on = fresh.participant.facility.today()
    fresh.save(update_fields=["confirmed_on"])
    return fresh
