"""The stages of a partnership, and what each step from one to another needs ([P-119] to [P-128])."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason, Text

LISTED, VETTING, APPROVED, ACTIVE = "listed", "vetting", "approved", "active"
SUSPENDED, ENDED, DECLINED = "suspended", "ended", "declined"
STAGES = (LISTED, VETTING, APPROVED, ACTIVE, SUSPENDED, ENDED, DECLINED)


@dataclass(frozen=True)
class Step:
    """A step that may be taken: what the button says, and what must be there before."""

    button: Text
    reason: bool = False  # words for the organization are needed
    settled: bool = False  # everything on the list that is due before approval
    ready: bool = False  # everything that is due before the start, too
    agreement: bool = False  # a signed agreement that holds


# From each stage to those that may follow; whatever is not here is refused, in words.
TABLE: dict[str, dict[str, Step]] = {
    LISTED: {
        VETTING: Step(_("Begin vetting")),
        ACTIVE: Step(_("Works with us already"), reason=True, agreement=True),
        ENDED: Step(_("Take it out of the directory"), reason=True),
    },
    VETTING: {
        APPROVED: Step(_("Approve"), settled=True),
        DECLINED: Step(_("Do not take it on"), reason=True),
        ENDED: Step(_("They withdrew"), reason=True),
    },
    APPROVED: {
        ACTIVE: Step(_("Start working together"), ready=True, agreement=True),
        VETTING: Step(_("Vet again")),
        SUSPENDED: Step(_("Pause"), reason=True),
        ENDED: Step(_("End the partnership"), reason=True),
    },
    ACTIVE: {
        SUSPENDED: Step(_("Pause"), reason=True),
        ENDED: Step(_("End the partnership"), reason=True),
    },
    SUSPENDED: {
        ACTIVE: Step(_("Go on"), agreement=True),
        VETTING: Step(_("Vet again")),
        ENDED: Step(_("End the partnership"), reason=True),
    },
    ENDED: {VETTING: Step(_("Begin vetting again"))},
    DECLINED: {VETTING: Step(_("Begin vetting again"))},
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is there now: what of the list stands open, whether an agreement holds, and the words given."""

    words: str = ""
    open_before_approval: Collection[str] = ()
    open_before_start: Collection[str] = ()
    agreement: bool = False


def may_step(before: str, after: str, standing: Standing) -> Decision:
    """Whether a partnership may go from one stage to another now, with every reason against it."""
    step = TABLE.get(before, {}).get(after)
    if step is None:
        return Decision(
            (
                Reason(
                    "no_such_step",
                    _("This stage cannot follow the one it is in."),
                    _("Look at the page again: somebody may have moved it meanwhile."),
                ),
            )
        )
    reasons = []
    if step.reason and not standing.words.strip():
        reasons.append(Reason("no_reason", _("Say why: the organization reads it."), field="words"))
    if step.settled or step.ready:
        reasons += [_unsettled(label) for label in standing.open_before_approval]
    if step.ready:
        reasons += [_unsettled(label) for label in standing.open_before_start]
    if step.agreement and not standing.agreement:
        reasons.append(
            Reason(
                "no_agreement",
                _("No signed agreement holds."),
                _("Have one signed by both sides first."),
            )
        )
    return Decision(tuple(reasons))


def _unsettled(label: str) -> Reason:
    return Reason(
        "not_settled",
        _("Not settled: %(item)s.") % {"item": label},
        _("Mark it as done, or waive it with a reason where that may be."),
    )
