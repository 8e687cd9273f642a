"""What a partner offers: a few words first, then a whole proposal that goes its way through the approvals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.access.roles import RoleName
from throughgate.base import links, saving, scope
from throughgate.base.errors import Decision, Forbidden, Reason
from throughgate.base.scope import Audience
from throughgate.partners import rules
from throughgate.partners.actions.common import DAY, allow, keeps, own_or_kept, refuse
from throughgate.partners.models import (
    Organization,
    OrganizationStatus,
    Proposal,
    ProposalEvent,
    ProposalState,
    ProposalStep,
    StepState,
    WishedTime,
)
from throughgate.partners.notices import tell_leads, tell_staff
from throughgate.partners.rules import chains
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.policies.partnerships import Chain
from throughgate.policies.workdays import add_months

S = ProposalState
OFFER_FACTS = frozenset({"title", "title_es", "summary", "summary_es", "whom", "needs", "cost", "earliest"})
PROPOSAL_FACTS = OFFER_FACTS | {
    *("weeks", "dose_hours", "group_min", "group_max", "curriculum", "evidence", "leaders", "prerequisites"),
    *("materials", "space", "cover", "measures", "credit", "credential", "part2"),
}
MAY_OFFER = {OrganizationStatus.VETTING, OrganizationStatus.APPROVED, OrganizationStatus.ACTIVE}
COORDINATORS = [RoleName.COORDINATOR]


@dataclass(frozen=True)
class WishedSlot:
    """A weekly time that would suit: weekday 0 is Monday, times are the facility's."""

    weekday: int
    starts: dt.time
    ends: dt.time


@transaction.atomic
def make_offer(
    *,
    by: Actor,
    organization: Organization,
    facility: Facility,
    times: Iterable[WishedSlot] = (),
    **facts: Any,
) -> Proposal:
    """Offer a program to a facility in a few words (:data:`OFFER_FACTS`). Its coordinators answer by a day."""
    own_or_kept(by, organization.pk, [facility])
    with scope.as_role(Audience.JOB, purpose="offer"):
        status = Organization.objects.get(pk=organization.pk).status
        if status not in MAY_OFFER:
            raise refuse(
                "not_now", _("Offers are open while you are being vetted or work with us."), _("Write to us.")
            )
        day = facility.today()
        pack = policies.proposals(facility.jurisdiction, day)
        row = Proposal(
            organization=organization,
            facility=facility,
            rules=pack.id,
            due_on=day + pack.data.answer_days * DAY,
        )
        _write(row, facts, times, OFFER_FACTS)
        _note(by, row, "offered")
    tell_staff(
        facility,
        COORDINATORS,
        "proposal_waits",
        f"proposal {row.code} offered",
        {
            "organization": organization.name,
            "title": row.title,
            "step": "",
            "link": links.address(reverse("staff:proposal", args=[row.code])),
        },
    )
    return row


def _write(
    row: Proposal, facts: dict[str, Any], times: Iterable[WishedSlot] | None, allowed: frozenset[str]
) -> None:
    saving.set_facts(row, facts, allowed)
    allow(Decision(tuple(rules.sound_needs(row.needs, NeedDomain.values))))
    saving.save(row, trusted={"submitted"})
    if times is None:
        return
    wanted = list(times)
    if any(each.ends <= each.starts for each in wanted):
        raise refuse("times", _("A time ends before it begins."), field="times")
    row.times.all().delete()
    WishedTime.objects.bulk_create(
        WishedTime(proposal=row, weekday=each.weekday, starts=each.starts, ends=each.ends)
        for each in dict.fromkeys(wanted)
    )


def _note(by: Actor, row: Proposal, what: str, words: str = "", step: str = "") -> None:
    ProposalEvent.objects.create(proposal=row, what=what, by=by.name, words=words.strip(), step=step)


def _held(proposal: Proposal) -> Proposal:
    return (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("organization", "facility")
        .get(pk=proposal.pk)
    )


def _chain(row: Proposal) -> Chain:
    return _chains(row)[row.chain]


def _chains(row: Proposal) -> dict[str, Chain]:
    return {each.code: each for each in policies.pack(row.rules).data.chains_for(row.organization.kind)}


@transaction.atomic
def answer_offer(
    *, by: Actor, proposal: Proposal, take_up: bool, chain: str = "", words: str = ""
) -> Proposal:
    """Take an offer up, saying which way its proposal will go, or decline it with a reason that the partner reads."""
    row = _held(proposal)
    keeps(by, [row.facility])
    if row.state != S.OFFERED:
        raise refuse("answered", _("This offer was answered already."))
    if not take_up and not words.strip():
        raise refuse("no_words", _("Say why not: the partner reads it."), field="words")
    day = row.facility.today()
    if take_up:
        pack = policies.proposals(row.facility.jurisdiction, day)
        row.rules = pack.id
        if chain not in _chains(row):
            raise refuse("chain_unknown", _("Choose the way it goes."), field="chain")
        row.state, row.chain, row.due_on = S.DRAFTING, chain, day + pack.data.return_days * DAY
    else:
        row.state, row.due_on, row.decided_on = S.DECLINED, None, day
    saving.save(row, trusted={"submitted"})
    with scope.as_role(Audience.JOB, purpose="offer answered"):
        _note(by, row, "taken_up" if take_up else "declined", words)
    _tell_partner(row, "taken_up" if take_up else "declined")
    return row


@transaction.atomic
def save_proposal(
    *, by: Actor, proposal: Proposal, times: Iterable[WishedSlot] | None = None, **facts: Any
) -> Proposal:
    """Write a proposal further, by the partner or for them; ``facts`` are :data:`PROPOSAL_FACTS`.

    While it is being looked at it stays as it was submitted; questions open it again.
    """
    with scope.as_role(Audience.JOB, purpose="proposal written"):
        row = _held(proposal)
        own_or_kept(by, row.organization_id, [row.facility])
        if row.state not in {S.OFFERED, S.DRAFTING, S.RETURNED}:
            raise refuse(
                "not_open",
                _("This proposal cannot be changed now."),
                _("Wait for a question, or withdraw it."),
            )
        _write(row, facts, times, PROPOSAL_FACTS)
    return row


def facts_of(row: Proposal) -> dict[str, Any]:
    """What a proposal says, as plain values: what is kept as submitted."""
    found: dict[str, Any] = {}
    for name in sorted(PROPOSAL_FACTS):
        value = getattr(row, name)
        found[name] = value if isinstance(value, (bool, int, list)) or value is None else str(value)
    if found["dose_hours"] is not None:
        found["dose_hours"] = f"{float(found['dose_hours']):g}"
    found["times"] = [f"{each.weekday} {each.starts:%H:%M} {each.ends:%H:%M}" for each in row.times.all()]
    return found


@transaction.atomic
def submit_proposal(*, by: Actor, proposal: Proposal, words: str = "") -> Proposal:
    """Send a proposal its way; or, after questions, send it again with ``words`` that answer them.

    The steps of its chain are made, and those of the first stage open with their clocks. Where the proposal
    changed since it was approved in part, the chain may open those approvals again.
    """
    with scope.as_role(Audience.JOB, purpose="proposal submitted"):
        row = _held(proposal)
        own_or_kept(by, row.organization_id, [row.facility])
        facts = facts_of(row)
        if row.state not in {S.DRAFTING, S.RETURNED}:
            raise refuse("not_open", _("This proposal is not being written."))
        lacking = chains.missing(facts)
        if lacking:
            names = [str(Proposal._meta.get_field(name).verbose_name) for name in lacking]  # type: ignore[union-attr]
            raise refuse(
                "not_whole",
                _("Still missing: %(names)s.") % {"names": ", ".join(names)},
                _("Fill it in and send it then."),
            )
        if row.state == S.RETURNED and not words.strip():
            raise refuse("no_answer", _("Answer the questions."), field="words")
        again = row.state == S.RETURNED
        changed = again and facts != row.submitted
        if again:
            _wait_anew(row, changed)
        else:
            _make_steps(row)
        day = row.facility.today()
        row.state, row.submitted, row.submitted_on, row.due_on = S.REVIEW, facts, day, None
        saving.save(row, trusted={"submitted"})
        _note(by, row, "answered" if again else "submitted", words)
        _open(row)
    return row


def _make_steps(row: Proposal) -> None:
    row.steps.all().delete()
    ProposalStep.objects.bulk_create(
        ProposalStep(
            proposal=row,
            facility=row.facility,
            step=step.code,
            stage=step.stage,
            position=number,
            roles=list(step.roles),
            days=step.days,
            after_months=step.after_months,
        )
        for number, step in enumerate(_chain(row).steps.values(), 1)
    )


def chain_links(steps: Sequence[ProposalStep]) -> list[chains.Link]:
    """Stored steps as the rules take them."""
    return [chains.Link(each.step, each.stage, each.state, each.after_months is not None) for each in steps]


def _wait_anew(row: Proposal, changed: bool) -> None:
    steps = list(row.steps.order_by("position"))
    after = chains.sent_again(chain_links(steps), changed=changed, reopen=_chain(row).reopen_on_change)
    for step, link in zip(steps, after, strict=True):
        if link.state != step.state:
            step.state, step.decided_on, step.decided_by, step.checked = link.state, None, "", []
            step.opened_on, step.due_on = None, None
            step.save()


def _open(row: Proposal) -> None:
    """Open the steps whose turn it is, start their clocks, and tell those who decide."""
    day = row.facility.today()
    steps = {each.step: each for each in row.steps.order_by("position")}
    for code in chains.next_open(chain_links(list(steps.values()))):
        step = steps[code]
        step.state, step.opened_on, step.due_on = StepState.OPEN, day, day + step.days * DAY
        step.save()
        label = _chain(row).steps[code].label.by_language
        tell_staff(
            row.facility,
            step.roles,
            "proposal_waits",
            f"proposal {row.code} {code} {day.isoformat()}",
            {
                "organization": row.organization.name,
                "title": row.title,
                "step": label["en"],
                "link": links.address(reverse("staff:proposal", args=[row.code])),
            },
        )


@transaction.atomic
def decide_step(
    *,
    by: Actor,
    step: ProposalStep,
    choice: str,
    words: str = "",
    checked: Sequence[str] = (),
    evidence: str = "",
) -> ProposalStep:
    """Approve a step, send the proposal back with questions, or decline it with a reason.

    Only a role that the step names decides it, at the proposal's facility. What an outside party decided is
    written down with what shows it. The last approval approves the proposal; one no ends its way.
    """
    by.require(Permission.DECIDE_PROPOSALS, step.facility_id)
    with scope.as_role(Audience.JOB, purpose="approval of a proposal"):
        row = ProposalStep.objects.select_for_update(of=("self",)).get(pk=step.pk)
        proposal = _held(row.proposal)
        if not by.is_system and (by.role is None or by.role.value not in row.roles):
            raise Forbidden(_("This step is decided by somebody else."), Permission.DECIDE_PROPOSALS.value)
        if row.state != StepState.OPEN:
            raise refuse("not_open", _("This step is not open."), _("Look at the page again."))
        said = _chain(proposal).steps[row.step]
        allow(
            chains.sound_verdict(
                chains.Verdict(
                    choice=choice,
                    words=words,
                    checked=checked,
                    must_check=list(said.checks),
                    outside=said.party is not None,
                    evidence=evidence,
                )
            )
        )
        day = proposal.facility.today()
        row.words, row.evidence = words.strip(), evidence.strip()
        row.checked = [each for each in said.checks if each in checked]
        row.decided_on, row.decided_by = day, by.name
        later = row.after_months is not None
        row.state = StepState.OPEN if later and choice == StepState.RETURNED else choice
        saving.save(row)
        _note(by, proposal, choice, words, row.step)
        if not later:
            _settle(proposal, day)
    _tell_partner(proposal, choice, said.label.by_language)
    return row


def _settle(proposal: Proposal, day: dt.date) -> None:
    """What the steps come to: open the next ones, or close the proposal's way."""
    pack = policies.pack(proposal.rules).data
    outcome = chains.verdict(chain_links(list(proposal.steps.order_by("position"))))
    if outcome == chains.OPEN:
        _open(proposal)
        return
    if outcome == chains.RETURNED:
        proposal.state, proposal.due_on = S.RETURNED, day + pack.return_days * DAY
    else:
        proposal.state = S.APPROVED if outcome == chains.APPROVED else S.DECLINED
        proposal.decided_on = day
    saving.save(proposal, trusted={"submitted"})


def _tell_partner(row: Proposal, what: str, step: Any = None) -> None:
    labels = step or {}
    tell_leads(
        row.organization,
        "proposal_answer",
        f"proposal {row.code} {what} {labels.get('en', '')} {row.events.count() if row.pk else 0}",
        {
            "organization": row.organization.name,
            "title": row.title,
            "what": what,
            "state": row.state,
            "step_en": labels.get("en", ""),
            "step_es": labels.get("es", labels.get("en", "")),
            "link": links.address(reverse("partner:proposal", args=[row.code])),
        },
    )


@transaction.atomic
def withdraw_proposal(*, by: Actor, proposal: Proposal, words: str = "") -> Proposal:
    """The partner takes an offer or a proposal back, or staff do it for them."""
    with scope.as_role(Audience.JOB, purpose="proposal withdrawn"):
        row = _held(proposal)
        own_or_kept(by, row.organization_id, [row.facility])
        if row.state in {S.RUNNING, S.DECLINED, S.WITHDRAWN}:
            raise refuse("closed", _("This proposal is closed."))
        row.state, row.due_on = S.WITHDRAWN, None
        saving.save(row, trusted={"submitted"})
        _note(by, row, "withdrawn", words)
    return row


@transaction.atomic
def mark_running(*, by: Actor, proposal: Proposal, program_code: str, began_on: dt.date) -> Proposal:
    """Note the program that an approved proposal became; what comes later gets its day from its beginning.

    The room of programs calls this (``from_proposal``): it may make programs, this room may not.
    """
    by.require(Permission.MANAGE_PROGRAMS, proposal.facility_id)
    with scope.as_role(Audience.JOB, purpose="proposal became a program"):
        row = _held(proposal)
        if row.state != S.APPROVED:
            reason = Reason("not_approved", _("Only an approved proposal becomes a program."))
            allow(Decision((reason,)))
        row.state, row.program_code, row.began_on, row.due_on = S.RUNNING, program_code, began_on, None
        saving.save(row, trusted={"submitted"})
        _note(by, row, "running")
        for step in row.steps.filter(after_months__isnull=False, state=StepState.WAITING):
            step.state, step.opened_on = StepState.OPEN, began_on
            step.due_on = add_months(began_on, step.after_months or 0)
            step.save()
    return row
