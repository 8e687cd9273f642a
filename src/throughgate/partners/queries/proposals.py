"""One proposal as its page shows it: what it says, the way it goes, what happened, and whose turn it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from throughgate.partners.models import (
    Proposal,
    ProposalEvent,
    ProposalState,
    ProposalStep,
    StepState,
    WishedTime,
)
from throughgate.partners.queries.waiting import deciders
from throughgate.people.models import NeedDomain
from throughgate.policies import queries as policies
from throughgate.policies.partnerships import ChainStep

SAID = (
    *("whom", "cost", "earliest", "weeks", "dose_hours", "group_min", "group_max", "curriculum", "evidence"),
    *("leaders", "prerequisites", "materials", "space", "cover", "measures", "credit", "credential"),
)
TONES = {"approved": "good", "open": "wait", "returned": "wait", "declined": "late", "waiting": "done"}
STATE_TONES = {
    "offered": "wait",
    "drafting": "info",
    "review": "info",
    "returned": "wait",
    "approved": "good",
    "running": "good",
    "declined": "late",
    "withdrawn": "done",
}


@dataclass(frozen=True)
class Step:
    """One approval with what the pack says of it."""

    row: ProposalStep
    asked: ChainStep
    who: str

    @property
    def label(self) -> str:
        """What it is, in the reader's language."""
        return str(self.asked.label)

    @property
    def word(self) -> str:
        """Its state in words."""
        return str(StepState(self.row.state).label)

    @property
    def tone(self) -> str:
        """Its state as a tint."""
        return TONES[self.row.state]

    @property
    def checks(self) -> list[tuple[str, bool]]:
        """What must be looked at, and whether it was."""
        return [(str(check.label), check.code in self.row.checked) for check in self.asked.checks.values()]


@dataclass(frozen=True)
class Page:
    """A proposal whole."""

    row: Proposal
    way: str
    needs: list[str]
    said: list[tuple[str, Any]]
    times: list[WishedTime]
    steps: list[Step]
    events: list[tuple[ProposalEvent, str]]
    next_act: str
    tone: str


def page(row: Proposal) -> Page:
    """Everything that the page of a proposal shows; both sides see the same."""
    chain = policies.pack(row.rules).data.chains.get(row.chain) if row.rules else None
    steps = []
    if chain is not None:
        rows = row.steps.order_by("position")
        steps = [Step(each, chain.steps[each.step], _who(each, chain.steps[each.step])) for each in rows]
    labels = {each.row.step: each.label for each in steps}
    needs = dict(NeedDomain.choices)
    said = [(str(Proposal._meta.get_field(name).verbose_name), getattr(row, name)) for name in SAID]  # type: ignore[union-attr]
    return Page(
        row=row,
        way=str(chain.label) if chain else "",
        needs=[str(needs.get(need, need)) for need in row.needs],
        said=[(label, value) for label, value in said if value not in (None, "")],
        times=list(row.times.order_by("weekday", "starts")),
        steps=steps,
        events=[(each, labels.get(each.step, "")) for each in row.events.order_by("recorded_at", "pk")],
        next_act=next_act(row),
        tone=STATE_TONES[row.state],
    )


def _who(row: ProposalStep, asked: ChainStep) -> str:
    return str(asked.party) if asked.party else deciders(row)


def next_act(row: Proposal) -> str:
    """Whose turn it is, and to do what, in a sentence."""
    words = {
        ProposalState.OFFERED: _("The coordinator answers the offer."),
        ProposalState.DRAFTING: _("The partner writes the whole proposal."),
        ProposalState.RETURNED: _("The partner answers the questions."),
        ProposalState.APPROVED: _("The coordinator makes the program."),
    }
    state = ProposalState(row.state)
    if state == ProposalState.REVIEW:
        steps = [each for each in row.steps.all() if each.state == StepState.OPEN]
        return _("Waits for: %(who)s.") % {"who": ", ".join(deciders(each) for each in steps)}
    return words.get(state, "")
