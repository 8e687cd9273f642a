"""Proposals for seats: ask for one, accept, decline, give a seat to someone else, close. A person decides each."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.base.jobs import enqueue
from throughgate.base.works.models import Work
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.programs import jobs
from throughgate.programs.actions import seats
from throughgate.programs.models import (
    OPEN_WAIT,
    Cohort,
    Enrollment,
    PlanScope,
    PlanState,
    Program,
    ProposalStatus,
    SeatPlan,
    SeatProposal,
    WaitlistEntry,
)
from throughgate.programs.queries.plans import silent

SHORTEST_REASON = 10
LONGEST_REASON = 250


@transaction.atomic
def ask(
    *,
    by: Actor,
    facility: Facility,
    cohort: Cohort | None = None,
    program: Program | None = None,
    round: uuid.UUID | None = None,
    weekly: bool = False,
    later: bool = True,
) -> SeatPlan:
    """Ask for a proposal for the free seats of a facility, a program there or one cohort; a job makes it.

    ``round`` joins it to others asked for together, for the agency. Refuses while another one for the facility
    is being made, and a cohort of another facility.
    """
    by.require(Permission.ENROLL, facility.pk)
    if cohort is not None and cohort.facility_id != facility.pk:
        raise Refused(Reason("other_facility", _("This cohort is in another facility.")))
    if SeatPlan.objects.filter(facility=facility, state=PlanState.WAITING).exists():
        raise Refused(
            Reason(
                "being_made",
                _("A proposal for this facility is being made."),
                _("Wait until it is there."),
            )
        )
    work = Work.objects.create(
        kind="seat plan", label=_("Proposal for seats at %(name)s") % {"name": facility.name}, total=3,
        unit=_("steps"), asked_by=by.name, membership_id=by.membership_id,
    )  # fmt: skip
    with refusing():
        plan = SeatPlan.objects.create(
            facility=facility, cohort=cohort, program=program, work=work, asked_by=by.name, weekly=weekly,
            scope=_scope(cohort, program, round), round=round or uuid.uuid4(), heard_at=timezone.now(),
            seed=secrets.randbelow(2**31), previous=_before(facility, cohort, program),
        )  # fmt: skip
    if later:
        enqueue(jobs.plan_seats, code=plan.code)
    return plan


def _scope(cohort: Cohort | None, program: Program | None, round: uuid.UUID | None) -> PlanScope:
    if cohort is not None:
        return PlanScope.COHORT
    if program is not None:
        return PlanScope.PROGRAM
    return PlanScope.FACILITY if round is None else PlanScope.AGENCY


def _before(facility: Facility, cohort: Cohort | None, program: Program | None) -> SeatPlan | None:
    """The latest proposal made for the same seats, or for all seats of the facility."""
    same = Q(scope__in=[PlanScope.FACILITY, PlanScope.AGENCY])
    if cohort is not None or program is not None:
        same |= Q(cohort=cohort, program=program)
    made = SeatPlan.objects.filter(same, facility=facility, made_at__isnull=False)
    return made.order_by("-made_at", "-id").first()


@transaction.atomic
def ask_everywhere(*, by: Actor, facilities: Sequence[Facility], later: bool = True) -> list[SeatPlan]:
    """Ask for a proposal at each of these facilities, joined as one round; those on their way are left out.

    Nobody can be seated in another facility than their own, so each is exact on its own. Refuses when nothing is
    left to ask for.
    """
    busy = set(
        SeatPlan.objects.filter(facility__in=facilities, state=PlanState.WAITING).values_list(
            "facility_id", flat=True
        )
    )
    asked = [each for each in facilities if each.pk not in busy]
    if not asked:
        raise Refused(
            Reason(
                "being_made", _("Proposals for all of them are being made."), _("Wait until they are there.")
            )
        )
    together = uuid.uuid4()
    return [ask(by=by, facility=each, round=together, later=later) for each in asked]


@transaction.atomic
def again(*, by: Actor, plan: SeatPlan, later: bool = True) -> SeatPlan:
    """Start a proposal that broke off again, as a new one for the same seats; also one that went silent."""
    by.require(Permission.ENROLL, plan.facility_id)
    if silent(plan, timezone.now()):
        plan.state, plan.why_failed = PlanState.FAILED, _("Nobody was heard of while it was made.")
        plan.save(update_fields=["state", "why_failed"])
    if plan.state != PlanState.FAILED:
        raise Refused(Reason("not_failed", _("This proposal did not break off.")))
    together = plan.round if plan.scope == PlanScope.AGENCY else None
    return ask(
        by=by, facility=plan.facility, cohort=plan.cohort, program=plan.program, round=together, later=later
    )


def _open(by: Actor, plan: SeatPlan) -> SeatPlan:
    """The plan, locked, for someone who may decide on it. Refuses one that is not ready."""
    by.require(Permission.ENROLL, plan.facility_id)
    fresh = SeatPlan.objects.select_for_update(of=("self",)).select_related("facility").get(pk=plan.pk)
    if fresh.state != PlanState.READY:
        raise Refused(Reason("plan_not_open", _("This proposal is not open for decisions.")))
    return fresh


def _undecided(plan: SeatPlan, codes: Sequence[str] | None) -> list[SeatProposal]:
    rows = SeatProposal.objects.filter(plan=plan, status=ProposalStatus.PROPOSED)
    if codes is not None:
        rows = rows.filter(code__in=codes)
    return list(
        rows.select_for_update(of=("self",))
        .select_related("participant", "cohort__facility", "cohort__program")
        .order_by("id")
    )


def _sign(proposal: SeatProposal, status: ProposalStatus, by: Actor, reason: str = "") -> None:
    proposal.status, proposal.reason = status, reason
    proposal.decided_by, proposal.decided_at = by.name, timezone.now()
    with refusing():
        proposal.save()


def _reason(words: str) -> str:
    words = words.strip()
    if len(words) < SHORTEST_REASON:
        text = _("Say in at least %(count)d characters why.") % {"count": SHORTEST_REASON}
        raise Refused(Reason("reason_too_short", text))
    return words[:LONGEST_REASON]


@transaction.atomic
def accept(*, by: Actor, plan: SeatPlan, codes: Sequence[str] | None = None) -> tuple[int, int]:
    """Give the proposed seats: all that are undecided, or those named. Returns how many were, and were not, given.

    Each is a booking of its own and asks every rule again. What is refused stays undecided, with the reasons.
    """
    plan = _open(by, plan)
    if codes is not None and not codes:
        raise Refused(Reason("nothing_chosen", _("No seat is chosen."), _("Tick at least one.")))
    given = refused = 0
    for proposal in _undecided(plan, codes):
        try:
            made = _seat(by, proposal.participant, proposal.cohort)
        except Refused as no:
            proposal.refusal = " ".join(f"{each.text} {each.remedy}".strip() for each in no.reasons)
            proposal.save(update_fields=["refusal"])
            refused += 1
        else:
            proposal.enrollment, proposal.refusal = made, ""
            _sign(proposal, ProposalStatus.ACCEPTED, by)
            given += 1
    _close_when_decided(by, plan)
    return given, refused


@transaction.atomic
def _seat(by: Actor, participant: Participant, cohort: Cohort) -> Enrollment:
    """A seat for someone who still stands in line for it."""
    in_line = WaitlistEntry.objects.filter(
        participant=participant, program=cohort.program_id, status__in=OPEN_WAIT
    )
    if not in_line.exists():
        text = _("The person no longer stands in line for this program.")
        raise Refused(Reason("not_in_line", text, _("Ask whether they still want it.")))
    return seats.enroll(by=by, participant=participant, cohort=cohort)


@transaction.atomic
def decline(*, by: Actor, proposal: SeatProposal, reason: str) -> SeatProposal:
    """Leave a proposed seat ungiven, for a reason (at least 10 characters) that is kept."""
    held = _held(by, proposal)
    _sign(held, ProposalStatus.DECLINED, by, _reason(reason))
    _close_when_decided(by, held.plan)
    return held


@transaction.atomic
def change(*, by: Actor, proposal: SeatProposal, participant: Participant, reason: str) -> SeatProposal:
    """Give a proposed seat to someone else in line, for a reason that is kept. Every booking rule holds."""
    held = _held(by, proposal)
    words = _reason(reason)
    if participant.pk == held.participant_id:
        raise Refused(Reason("same_person", _("This is the person whom the proposal names.")))
    held.enrollment = _seat(by, participant, held.cohort)
    held.instead = participant
    _sign(held, ProposalStatus.CHANGED, by, words)
    _close_when_decided(by, held.plan)
    return held


def _held(by: Actor, proposal: SeatProposal) -> SeatProposal:
    plan = _open(by, proposal.plan)
    found = _undecided(plan, [proposal.code])
    if not found:
        raise Refused(Reason("decided", _("This proposal has been decided.")))
    found[0].plan = plan
    return found[0]


@transaction.atomic
def close(*, by: Actor, plan: SeatPlan, reason: str) -> SeatPlan:
    """Decline everything that is undecided, for one reason, and close the proposal."""
    plan, words = _open(by, plan), _reason(reason)
    for proposal in _undecided(plan, None):
        _sign(proposal, ProposalStatus.DECLINED, by, words)
    _close_when_decided(by, plan)
    return plan


def _close_when_decided(by: Actor, plan: SeatPlan) -> None:
    if plan.proposals.filter(status=ProposalStatus.PROPOSED).exists():
        return
    plan.state, plan.closed_by, plan.closed_at = PlanState.CLOSED, by.name, timezone.now()
    plan.save(update_fields=["state", "closed_by", "closed_at"])
