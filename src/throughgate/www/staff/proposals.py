"""Proposals of partners: the way each goes, and the decision of the one whose turn it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb
from throughgate.partners import actions
from throughgate.partners.models import Proposal, ProposalState, ProposalStep, StepState
from throughgate.partners.queries import proposals as queries
from throughgate.partners.queries import waiting
from throughgate.places.models import Room
from throughgate.policies import queries as policies
from throughgate.programs.actions.proposals import from_proposal
from throughgate.www.doors import actor_of
from throughgate.www.staff.forms import partnerships as forms
from throughgate.www.staff.shell import attempt, done, edit, found, own, sent, show, staff

KEEP = Permission.MANAGE_PARTNERS
DECIDE = Permission.DECIDE_PROPOSALS


def _crumbs(row: Proposal | None = None) -> list[Crumb]:
    way = [
        Crumb(_("Partners"), reverse("staff:partners")),
        Crumb(_("Proposals"), reverse("staff:proposals")),
    ]
    return [*way, Crumb(row.title, reverse("staff:proposal", args=[row.code]))] if row else way


@staff(DECIDE)
def proposals(request: HttpRequest) -> HttpResponse:
    """What waits for my decision, and everything that is on its way."""
    by = actor_of(request)
    mine = [(step, waiting.step_of(step.proposal, step).label) for step in waiting.to_decide(by)]
    rows = (
        Proposal.objects.filter(facility__in=by.facility_ids)
        .exclude(state__in=[ProposalState.DECLINED, ProposalState.WITHDRAWN])
        .select_related("organization", "facility")
        .prefetch_related("steps")
        .order_by("state", "due_on", "pk")
    )
    context = {
        "mine": mine,
        "rows": [(row, queries.next_act(row)) for row in rows[:200]],
        "crumbs": [*_crumbs()[:-1], Crumb(_("Proposals"))],
    }
    return show(request, "partnerships/proposals", "partners", context)


def _row(request: HttpRequest, code: str) -> Proposal:
    return own(actor_of(request), Proposal.objects.select_related("organization", "facility"), code)


@staff(DECIDE)
def proposal(request: HttpRequest, code: str) -> HttpResponse:
    """One proposal: what it is, the way it goes, what happened, and what I can do."""
    row, by = _row(request, code), actor_of(request)
    page = queries.page(row)
    context = {
        "row": row,
        "page": page,
        "mine": [
            each.row.code
            for each in page.steps
            if each.row.state == StepState.OPEN and by.role is not None and by.role.value in each.row.roles
        ],
        "crumbs": [*_crumbs(), Crumb(row.title)],
    }
    return show(request, "partnerships/proposal", "partners", context)


@staff(KEEP)
def offer_answer(request: HttpRequest, code: str) -> HttpResponse:
    """Take an offer up, or decline it."""
    row = _row(request, code)
    pack = policies.proposals(row.facility.jurisdiction, row.facility.today()).data
    chains = [(each.code, str(each.label)) for each in pack.chains_for(row.organization.kind)]
    form = forms.AnswerOfferForm(sent(request), chains=chains)
    back = reverse("staff:proposal", args=[row.code])
    by = actor_of(request)

    def answer(data: dict[str, Any]) -> None:
        take = data["choice"] == "take"
        actions.answer_offer(by=by, proposal=row, take_up=take, chain=data["chain"], words=data["words"])

    if attempt(request, form, answer):
        return done(request, _("The partner is told."), back)
    return edit(
        request,
        form,
        door="partners",
        title=_("Answer the offer"),
        lede=f"{row.organization.name}: {row.title}",
        button=_("Answer"),
        cancel_url=back,
        crumbs=_crumbs(row),
    )


@staff(DECIDE)
def step_decide(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Decide one step, or write down what an outside party decided."""
    row = _row(request, code)
    each = found(ProposalStep.objects.filter(proposal=row), code=step)
    said = waiting.step_of(row, each)
    checks = [(check.code, str(check.label)) for check in said.checks.values()]
    form = forms.DecideForm(sent(request), checks=checks, outside=said.party is not None)
    back = reverse("staff:proposal", args=[row.code])
    by = actor_of(request)
    if attempt(request, form, lambda data: actions.decide_step(by=by, step=each, **data)):
        return done(request, _("Your decision is kept, and the partner is told."), back)
    party = _("Decided by %(party)s; you write it down.") % {"party": said.party} if said.party else ""
    return edit(
        request,
        form,
        door="partners",
        title=f"{said.label}: {row.title}",
        lede=party or row.organization.name,
        button=_("Decide"),
        cancel_url=back,
        crumbs=_crumbs(row),
    )


@staff(Permission.MANAGE_PROGRAMS)
def proposal_program(request: HttpRequest, code: str) -> HttpResponse:
    """Make the program and its first group."""
    row = _row(request, code)
    first = max(row.earliest or row.facility.today(), row.facility.today())
    start = {
        "starts_on": first,
        "ends_on": first + dt.timedelta(weeks=row.weeks or 12),
        "capacity": row.group_max,
        "needs_officer": True,
    }
    rooms = Room.objects.filter(facility=row.facility).order_by("name")
    form = forms.ProgramFromForm(sent(request), initial=start, rooms=rooms)
    by = actor_of(request)
    made: dict[str, Any] = {}

    def make(data: dict[str, Any]) -> None:
        made["it"] = from_proposal(by=by, proposal=row, **data)

    if attempt(request, form, make):
        url = reverse("staff:cohort", args=[made["it"].cohort.code])
        return done(request, _("The program and its first group are there."), url)
    return edit(
        request,
        form,
        door="partners",
        title=_("Make the program"),
        lede=f"{row.organization.name}: {row.title}",
        button=_("Make the program and its first group"),
        cancel_url=reverse("staff:proposal", args=[row.code]),
        crumbs=_crumbs(row),
    )
