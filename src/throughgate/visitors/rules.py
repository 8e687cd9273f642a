"""Pure decisions about clearances: which step may follow which, and who is let in on a day.

Days are local to the facility; ``until`` is the last day that counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason
from throughgate.visitors.requirements import StepFacts

DAY = dt.timedelta(days=1)

APPLIED, PROVISIONAL, APPROVED = "applied", "provisional", "approved"
SUSPENDED, ENDED, REFUSED = "suspended", "ended", "refused"
STATUSES = (APPLIED, PROVISIONAL, APPROVED, SUSPENDED, ENDED, REFUSED)
CLEARED = frozenset({PROVISIONAL, APPROVED})
OPEN = frozenset({APPLIED, PROVISIONAL, APPROVED, SUSPENDED})

# Which status may follow which. An ended or refused clearance stays; who comes again applies anew.
NEXT: dict[str, frozenset[str]] = {
    APPLIED: frozenset({PROVISIONAL, APPROVED, REFUSED, ENDED}),
    PROVISIONAL: frozenset({PROVISIONAL, APPROVED, SUSPENDED, REFUSED, ENDED}),
    APPROVED: frozenset({APPROVED, SUSPENDED, ENDED}),
    SUSPENDED: frozenset({PROVISIONAL, APPROVED, ENDED}),
    ENDED: frozenset(),
    REFUSED: frozenset(),
}
_NO_STEP: dict[str, Reason] = {
    APPLIED: Reason("only_applied", _("Nothing was decided about this clearance yet."), _("Decide first.")),
    PROVISIONAL: Reason("is_cleared", _("The visitor is cleared here.")),
    APPROVED: Reason("is_cleared", _("The visitor is cleared here.")),
    SUSPENDED: Reason("is_suspended", _("This clearance is suspended.")),
    ENDED: Reason("has_ended", _("This clearance has ended."), _("Start a new one.")),
    REFUSED: Reason("was_refused", _("This clearance was refused."), _("Start a new one.")),
}


def may_become(status: str, wanted: str) -> Decision:
    """Whether a clearance may take this step."""
    return Decision() if wanted in NEXT[status] else Decision((_NO_STEP[status],))


def sound_grant(
    first: dt.date | None, until: dt.date | None, today: dt.date, levels: Iterable[str], level: str
) -> Decision:
    """Whether a clearance names its days and its level; it must not be over already."""
    reasons = []
    if first is None:
        reasons.append(Reason("first_missing", _("Say from which day it holds."), field="first"))
    if until is None:
        reasons.append(Reason("until_missing", _("Say until which day it holds."), field="until"))
    elif until < today:
        reasons.append(Reason("over_already", _("This last day is over already."), field="until"))
    if first is not None and until is not None and until < first:
        reasons.append(Reason("ends_before_start", _("The last day lies before the first."), field="until"))
    if level not in set(levels):
        reasons.append(Reason("level_unknown", _("Choose escorted or unescorted."), field="level"))
    return Decision(tuple(reasons))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A clearance as the gate sees it: the decision with its days, and every step. ``grace`` counts only once
    the renewal was asked for."""

    status: str
    first: dt.date | None = None
    until: dt.date | None = None
    grace: int = 0
    steps: tuple[StepFacts, ...] = ()

    def decided(self, day: dt.date) -> bool:
        """Whether the decision itself holds on a day."""
        return (
            self.status in CLEARED
            and self.first is not None
            and self.first <= day
            and (self.until is None or day <= self.until + self.grace * DAY)
        )

    def missing(self, day: dt.date) -> list[StepFacts]:
        """The steps that do not hold on a day."""
        return [step for step in self.steps if not step.holds(day)]

    def holds(self, day: dt.date) -> bool:
        """The one rule: it lets somebody in on a day when the decision and every requirement hold."""
        return self.decided(day) and all(step.holds(day) for step in self.steps)


# Why somebody is not let in; each is safe to show at the gate.
_STOPPED: dict[str, Reason] = {
    "suspended": Reason("suspended", _("The clearance is suspended."), _("Ask the coordinator.")),
    "expired": Reason("expired", _("The clearance has run out."), _("Renew it.")),
    "not_yet": Reason("not_yet", _("The clearance does not hold yet."), _("Choose a later day.")),
    "not_decided": Reason(
        "not_decided",
        _("The clearance is not decided yet."),
        _("Decide it, or choose another visitor."),
    ),
    "no_clearance": Reason(
        "no_clearance",
        _("There is no clearance for this facility."),
        _("Ask for one, or choose another visitor."),
    ),
}


def at_the_gate(clearances: Sequence[Standing], left_on: dt.date | None, day: dt.date) -> Decision:
    """Whether a visitor may come in on a day, and if not, the one reason that matters most."""
    if left_on is not None and left_on <= day:
        return Decision((Reason("has_left", _("The visitor no longer comes.")),))
    if any(each.holds(day) for each in clearances):
        return Decision()
    missing = [step for each in clearances if each.decided(day) for step in each.missing(day)]
    if missing:
        return Decision(tuple(_lacks(step, day) for step in missing))
    return Decision((_STOPPED[_what_stops(clearances, day)],))


def _lacks(step: StepFacts, day: dt.date) -> Reason:
    text = _("%(step)s has run out.") if step.state(day) == "expired" else _("%(step)s is missing.")
    return Reason(
        f"step.{step.requirement}",
        text % {"step": step.label or step.requirement},
        _("See the steps of the visitor."),
    )


def _what_stops(clearances: Sequence[Standing], day: dt.date) -> str:
    statuses = {each.status for each in clearances}
    cleared = [each for each in clearances if each.status in CLEARED]
    if SUSPENDED in statuses:
        return "suspended"
    if any(each.until is not None and each.until + each.grace * DAY < day for each in cleared):
        return "expired"
    if cleared:
        return "not_yet"
    return "not_decided" if APPLIED in statuses else "no_clearance"


def runs_out_before(until: dt.date, needed: Iterable[dt.date]) -> dt.date | None:
    """The first day on which the visitor is needed after the clearance has run out, None when there is none."""
    return min((day for day in needed if day > until), default=None)
