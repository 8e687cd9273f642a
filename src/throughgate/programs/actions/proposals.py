"""From an approved proposal of a partner to a program in the catalog, with its first group and weekly times."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Reason, Refused
from throughgate.partners import actions as partners
from throughgate.partners.models import OrganizationStatus, Proposal, ProposalState
from throughgate.partners.queries import agreements_on
from throughgate.places.models import Room
from throughgate.programs.actions import catalog, cohorts
from throughgate.programs.models import Cohort, CohortStatus, Program


@dataclass(frozen=True)
class Made:
    """What a proposal became."""

    program: Program
    cohort: Cohort


@transaction.atomic
def from_proposal(
    *,
    by: Actor,
    proposal: Proposal,
    starts_on: dt.date,
    ends_on: dt.date,
    capacity: int | None = None,
    room: Room | None = None,
    movement_label: str = "",
    needs_officer: bool = True,
) -> Made:
    """Make the program that was approved and its first group, with the weekly times that were wished for.

    Refuses unless the proposal is approved, the organization works with us and something signed covers the
    facility on the first day. From here on the program is kept like any other.
    """
    by.require(Permission.MANAGE_PROGRAMS, proposal.facility_id)
    row = Proposal.objects.select_related("organization", "facility").get(pk=proposal.pk)
    organization = row.organization
    agreement = (
        agreements_on(row.facility, starts_on)
        .filter(organization=organization, kind__in=["mou", "service"])
        .first()
    )
    reasons = []
    if row.state != ProposalState.APPROVED:
        reasons.append(Reason("not_approved", _("Only an approved proposal becomes a program.")))
    if organization.status not in {OrganizationStatus.APPROVED, OrganizationStatus.ACTIVE}:
        reasons.append(
            Reason(
                "not_taken_on",
                _("%(name)s is not approved.") % {"name": organization.name},
                _("Finish the vetting first."),
            )
        )
    if agreement is None:
        reasons.append(
            Reason(
                "no_agreement",
                _("Nothing signed covers this facility on the first day."),
                _("Have an agreement signed first."),
                field="starts_on",
            )
        )
    if reasons:
        raise Refused(reasons)
    program = catalog.save_program(
        by=by,
        organization=organization,
        name=row.title,
        name_es=row.title_es,
        summary=row.summary,
        summary_es=row.summary_es,
        needs=list(row.needs),
        dose_hours=row.dose_hours,
        group_min=row.group_min or 1,
        group_max=row.group_max,
        credential=row.credential,
        part2=row.part2,
        movement_label=movement_label.strip(),
    )
    cohort = cohorts.save_cohort(
        by=by,
        program=program,
        facility=row.facility,
        name=row.title,
        agreement=agreement,
        room=room,
        capacity=capacity or row.group_max,
        minimum=row.group_min or 1,
        starts_on=starts_on,
        ends_on=ends_on,
        status=CohortStatus.OPEN,
        needs_officer=needs_officer,
    )
    cohorts.save_slots(
        by=by,
        cohort=cohort,
        slots=[
            cohorts.SlotDraft(each.weekday, each.starts, each.ends, room)
            for each in row.times.order_by("weekday", "starts")
        ],
    )
    partners.mark_running(by=by, proposal=row, program_code=program.code, began_on=starts_on)
    return Made(program, cohort)
