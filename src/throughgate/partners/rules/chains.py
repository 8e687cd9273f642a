"""A chain of approvals as plain values: what opens when, and what the whole of it comes to.

The Pell chain of a college is one of them and has no rule of its own here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason

WAITING, OPEN, APPROVED, RETURNED, DECLINED = "waiting", "open", "approved", "returned", "declined"
STATES = (WAITING, OPEN, APPROVED, RETURNED, DECLINED)


@dataclass(frozen=True)
class Link:
    """One step of the chain: its stage, where it stands, and whether it comes only after the program began."""

    step: str
    stage: int
    state: str = WAITING
    later: bool = False


def next_open(links: Sequence[Link]) -> list[str]:
    """The steps that open now: those of the first stage that is not approved whole, in their order.

    Nothing opens while a step stands returned or declined. Later steps wait for the program to begin.
    """
    now = [each for each in links if not each.later]
    if any(each.state in {RETURNED, DECLINED} for each in now):
        return []
    unfinished = [each.stage for each in now if each.state != APPROVED]
    if not unfinished:
        return []
    stage = min(unfinished)
    return [each.step for each in now if each.stage == stage and each.state == WAITING]


def verdict(links: Sequence[Link]) -> str:
    """What the steps come to: declined by one, returned by one, approved by all, or still open."""
    states = {each.state for each in links if not each.later}
    if DECLINED in states:
        return DECLINED
    if RETURNED in states:
        return RETURNED
    return APPROVED if states <= {APPROVED} else OPEN


def sent_again(links: Sequence[Link], *, changed: bool, reopen: bool) -> list[Link]:
    """The steps after the partner answered: what was returned waits anew, and, where the proposal itself
    changed and the chain says so, what was approved too; nobody's approval stands for what they never saw."""
    anew = {RETURNED, OPEN} | ({APPROVED} if changed and reopen else set())
    return [replace(each, state=WAITING) if each.state in anew and not each.later else each for each in links]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What somebody says of a step."""

    choice: str
    words: str = ""
    checked: Collection[str] = ()
    must_check: Collection[str] = ()
    outside: bool = False
    evidence: str = ""


def sound_verdict(given: Verdict) -> Decision:
    """Whether a decision says all it must: every check, words for a no, what shows what somebody else decided."""
    reasons = []
    if given.choice not in {APPROVED, RETURNED, DECLINED}:
        reasons.append(Reason("choice_missing", _("Say whether you approve it."), field="choice"))
    if given.choice == APPROVED and set(given.must_check) - set(given.checked):
        reasons.append(
            Reason(
                "not_checked",
                _("Some of what must be looked at is not ticked."),
                _("Look at it, or send the proposal back with questions."),
                field="checked",
            )
        )
    if given.choice in {RETURNED, DECLINED} and not given.words.strip():
        reasons.append(
            Reason("no_words", _("Say what is asked, or why not: the partner reads it."), field="words")
        )
    if given.outside and given.choice in {APPROVED, DECLINED} and not given.evidence.strip():
        reasons.append(
            Reason(
                "no_evidence",
                _("Say what shows the outside decision: letter, day, number."),
                field="evidence",
            )
        )
    return Decision(tuple(reasons))


# What a proposal must hold before it goes its way; an offer needs less.
WHOLE = (
    "summary",
    "whom",
    "needs",
    "dose_hours",
    "group_max",
    "curriculum",
    "leaders",
    "materials",
    "space",
    "measures",
)


def missing(facts: dict[str, object]) -> list[str]:
    """Which of the facts a proposal needs are not given."""
    return [name for name in WHOLE if facts.get(name) in (None, "", [], ())]
