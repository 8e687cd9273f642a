"""What counts as settled on a vetting list, on a given day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason

TODO, DONE, WAIVED, NOT_DUE, EXPIRED = "todo", "done", "waived", "not_due", "expired"
STATES = (TODO, DONE, WAIVED, NOT_DUE)


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What somebody says of one item. ``document_until`` is the last day of the paper that shows it."""

    state: str
    words: str = ""
    valid_until: dt.date | None = None
    on: dt.date
    today: dt.date
    waivable: bool = True
    before: str = "approval"


def standing(state: str, valid_until: dt.date | None, today: dt.date) -> str:
    """The state as it is today: what was done and no longer holds has expired; its last day still counts."""
    return EXPIRED if state == DONE and valid_until is not None and valid_until < today else state


def settled(state: str, valid_until: dt.date | None, today: dt.date) -> bool:
    """Whether an item stands in nobody's way today."""
    return standing(state, valid_until, today) in {DONE, WAIVED}


def sound(looked: Looked) -> Decision:
    """Whether what is said of an item can be: evidence for what is done, a reason for what is waived."""
    reasons = []
    if looked.state not in STATES:
        reasons.append(Reason("state_unknown", _("Choose one from the list."), field="state"))
    if looked.on > looked.today:
        reasons.append(Reason("future", _("That day lies in the future."), field="on"))
    if looked.state == DONE and not looked.words.strip():
        reasons.append(Reason("no_evidence", _("Say what showed it."), field="words"))
    if looked.state == DONE and looked.valid_until is not None and looked.valid_until < looked.today:
        reasons.append(
            Reason(
                "over_already",
                _("It no longer holds."),
                _("Ask for one that does."),
                field="valid_until",
            )
        )
    if looked.state == WAIVED and not looked.waivable:
        reasons.append(Reason("not_waivable", _("The rules do not let anybody waive this."), field="state"))
    if looked.state == WAIVED and not looked.words.strip():
        reasons.append(Reason("no_reason", _("Say why it is waived."), field="words"))
    if looked.state == NOT_DUE and looked.before != "start":
        reasons.append(
            Reason("due_now", _("This is needed before the approval: it is due now."), field="state")
        )
    return Decision(tuple(reasons))
