"""Partnerships: what is looked at before an organization is taken on, and who approves what it proposes.

Stages and papers [P-121] to [P-124]; the chain of Pell prison education programs [P-129] to [P-134].
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .reading import Table
from .words import Label
from .workdays import add_months

DAY = dt.timedelta(days=1)
# What an item or a paper is needed for: before the organization is approved, or before its first session.
BEFORE = ("approval", "start")


@dataclass(frozen=True)
class PaperKind:
    """A kind of document; `valid_months` is how long one usually holds, None where it does not end."""

    code: str
    label: Label
    valid_months: int | None

    def until(self, start: dt.date) -> dt.date | None:
        """The last day that a paper of this kind usually holds."""
        return None if self.valid_months is None else add_months(start, self.valid_months) - DAY


@dataclass(frozen=True)
class VettingItem:
    """One thing that is looked at. `kinds` of organization, empty for all; `document` is the paper that shows it."""

    code: str
    label: Label
    hint: Label
    kinds: tuple[str, ...]
    before: str
    waivable: bool
    document: str
    valid_months: int | None

    def concerns(self, kind: str) -> bool:
        """Whether organizations of this kind are asked."""
        return not self.kinds or kind in self.kinds

    def until(self, done_on: dt.date) -> dt.date | None:
        """The last day on which what was found still counts; None: it does not lapse."""
        return None if self.valid_months is None else add_months(done_on, self.valid_months) - DAY


@dataclass(frozen=True)
class VettingRules:
    """The data of a vetting pack. Days are calendar days; a link is one that needs no account."""

    decide_days: int
    link_days: int
    items: Mapping[str, VettingItem]
    papers: Mapping[str, PaperKind]

    def checklist(self, kind: str) -> list[VettingItem]:
        """What an organization of this kind goes through, in order."""
        return [item for item in self.items.values() if item.concerns(kind)]


def read_vetting(top: Table) -> VettingRules:
    """Reads what is particular to a vetting pack."""
    clock = top.table("clock")
    papers = top.coded("papers", _paper)
    rules = VettingRules(
        decide_days=clock.whole("decide_days", at_least=1),
        link_days=clock.whole("link_days", at_least=1),
        items=top.coded("items", lambda table: _item(table, papers)),
        papers=papers,
    )
    clock.finish()
    return rules


def _paper(table: Table) -> PaperKind:
    return PaperKind(table.text("code"), table.label("label"), table.maybe_whole("valid_months", at_least=1))


def _item(table: Table, papers: Iterable[str]) -> VettingItem:
    item = VettingItem(
        code=table.text("code"),
        label=table.label("label"),
        hint=table.label("hint"),
        kinds=table.texts("kinds", default=()),
        before=table.choice("before", BEFORE, "approval"),
        waivable=table.flag("waivable", True),
        document=table.text("document", ""),
        valid_months=table.maybe_whole("valid_months", at_least=1),
    )
    if item.document and item.document not in papers:
        table.wrong("document", f"{item.document!r} is none of the papers of this pack")
    return item


@dataclass(frozen=True)
class Check:
    """One thing that the one who decides a step must have looked at."""

    code: str
    label: Label


@dataclass(frozen=True)
class ChainStep:
    """One approval. Steps of a `stage` go side by side, stages one after another.

    `roles` may decide it, or write down what an outside `party` decided. With `after_months` it is due so many
    months after the program began and holds nobody up before.
    """

    code: str
    label: Label
    stage: int
    roles: tuple[str, ...]
    days: int
    checks: Mapping[str, Check]
    party: Label | None
    after_months: int | None

    @property
    def later(self) -> bool:
        """Whether it comes after the program began."""
        return self.after_months is not None


@dataclass(frozen=True)
class Chain:
    """Who approves a proposal, in which order. `kinds` of organization, empty for all.

    With `reopen_on_change`, steps already approved open again when the partner changes the proposal.
    """

    code: str
    label: Label
    kinds: tuple[str, ...]
    reopen_on_change: bool
    steps: Mapping[str, ChainStep]

    def concerns(self, kind: str) -> bool:
        """Whether proposals of this kind of organization may go this way."""
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True)
class ProposalRules:
    """The data of a proposals pack. The first chain is the usual one. Days are calendar days."""

    answer_days: int
    return_days: int
    chains: Mapping[str, Chain]

    def chains_for(self, kind: str) -> list[Chain]:
        """The ways that a proposal of this kind of organization may go."""
        return [chain for chain in self.chains.values() if chain.concerns(kind)]


def read_proposals(top: Table) -> ProposalRules:
    """Reads what is particular to a proposals pack."""
    clock = top.table("clock")
    rules = ProposalRules(
        answer_days=clock.whole("answer_days", at_least=1),
        return_days=clock.whole("return_days", at_least=1),
        chains=top.coded("chains", _chain),
    )
    clock.finish()
    return rules


def _chain(table: Table) -> Chain:
    chain = Chain(
        code=table.text("code"),
        label=table.label("label"),
        kinds=table.texts("kinds", default=()),
        reopen_on_change=table.flag("reopen_on_change", True),
        steps=table.coded("steps", _step),
    )
    stages = sorted({step.stage for step in chain.steps.values() if not step.later})
    if stages != list(range(1, len(stages) + 1)) or not stages:
        table.wrong(
            "steps", "must count their stages 1, 2, 3 without a gap, beginning with one that is not later"
        )
    return chain


def _step(table: Table) -> ChainStep:
    step = ChainStep(
        code=table.text("code"),
        label=table.label("label"),
        stage=table.whole("stage", at_least=1, default=1),
        roles=table.texts("roles"),
        days=table.whole("days", at_least=1),
        checks=table.coded("checks", _check, needed=False),
        party=table.maybe_label("party"),
        after_months=table.maybe_whole("after_months", at_least=1),
    )
    if not step.roles:
        table.wrong("roles", "must name at least one role that decides, or writes down what was decided")
    return step


def _check(table: Table) -> Check:
    return Check(table.text("code"), table.label("label"))
