"""Why a session was canceled, and why somebody left a program.

Cancellation reasons [P-214], [P-215] with undo on the same day [P-216]; leave reasons [P-319]. Every reason
has a public wording; what only staff may read stands apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason

from .attendance import CAUSES
from .packs import Pack
from .reading import Table
from .words import Label

DAY = dt.timedelta(days=1)
OUTCOMES = ("completed", "neutral", "withdrew", "removed")


@dataclass(frozen=True)
class CancellationReason:
    """Why a session did not take place.

    `public` is what participants, partners and visitors read; `label` is for staff. `protects_credit` says
    whether hours lost this way may still earn, wherever the credit rule allows it.
    """

    code: str
    label: Label
    public: Label
    attributable_to: str
    protects_credit: bool
    peer_code: str


@dataclass(frozen=True)
class CancellationRules:
    """The data of a cancellations pack."""

    reasons: Mapping[str, CancellationReason]
    undo_days: int


def read_cancellations(top: Table) -> CancellationRules:
    """Reads what is particular to a cancellations pack."""
    undo = top.table("undo")
    rules = CancellationRules(top.coded("reasons", _cancellation), undo.whole("days"))
    undo.finish()
    return rules


def _cancellation(table: Table) -> CancellationReason:
    cause = table.choice("attributable_to", CAUSES)
    return CancellationReason(
        code=table.text("code"),
        label=table.label("label"),
        public=table.label("public"),
        attributable_to=cause,
        protects_credit=table.flag("credit_if_institution_cancelled", cause == "institution"),
        peer_code=table.text("peer_code", ""),
    )


def may_undo(cancelled_on: dt.date, today: dt.date, pack: Pack[CancellationRules]) -> Decision:
    """Whether a cancellation may be taken back today. [P-216]"""
    last = cancelled_on + pack.data.undo_days * DAY
    if today <= last:
        return Decision()
    text = _("A cancellation can be taken back until %(last)s (%(rule)s).") % {
        "last": last,
        "rule": pack.cite,
    }
    return Decision((Reason("undo_over", text, _("Schedule a new session instead."), overridable=True),))


@dataclass(frozen=True)
class LeaveReason:
    """Why somebody left a program.

    `outcome` is completed, neutral, withdrew or removed. A `restricted` reason is shown outside its case team
    as its `group` only. `keeps_place` says the request date is kept for the next place.
    """

    code: str
    label: Label
    group: str
    outcome: str
    restricted: bool
    keeps_place: bool
    needs_note: bool


@dataclass(frozen=True)
class LeaveRules:
    """The data of a leaving pack: groups and reasons by code, in the order to offer them."""

    groups: Mapping[str, Label]
    reasons: Mapping[str, LeaveReason]

    def shown(self, code: str, *, to_case_team: bool) -> Label:
        """What may be shown of a reason: itself, or its group when it is restricted."""
        reason = self.reasons[code]
        return reason.label if to_case_team or not reason.restricted else self.groups[reason.group]


def read_leaving(top: Table) -> LeaveRules:
    """Reads what is particular to a leaving pack."""
    groups = top.coded("groups", lambda table: (table.text("code"), table.label("label"))[1])

    def reason(table: Table) -> LeaveReason:
        return LeaveReason(
            code=table.text("code"),
            label=table.label("label"),
            group=table.choice("group", tuple(groups) or ("?",)),
            outcome=table.choice("outcome", OUTCOMES),
            restricted=table.flag("restricted", False),
            keeps_place=table.flag("keeps_place", False),
            needs_note=table.flag("needs_note", False),
        )

    return LeaveRules(groups, top.coded("reasons", reason))
