"""Pure decisions about the steps to a clearance: what holds when, who is waited for, which verb may follow.

Days are local to the facility; every ``until`` is the last day that counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason
from throughgate.base.templatetags.when import day as said
from throughgate.policies.clearances import ClearanceRules, Requirement
from throughgate.policies.workdays import add_months

DAY = dt.timedelta(days=1)
State = Literal["waived", "done", "grace", "expired", "not_due", "claimed", "waiting"]
Party = Literal["visitor", "referee", "staff", "nobody"]
STATES: tuple[State, ...] = ("waived", "done", "grace", "expired", "not_due", "claimed", "waiting")

WORDS: dict[State, tuple[str | Promise, str]] = {
    "waived": (_("Waived"), "done"),
    "done": (_("Done"), "good"),
    "grace": (_("Has run out, in its days of grace"), "late"),
    "expired": (_("Has run out"), "late"),
    "not_due": (_("Not due yet"), "info"),
    "claimed": (_("Waits to be confirmed"), "wait"),
    "waiting": (_("Missing"), "wait"),
}

# Which verb may follow in which state. "claim" is the visitor's; the others are the staff's.
VERBS = ("claim", "send_back", "record", "undo", "waive", "take_back")
MAY: dict[State, frozenset[str]] = {
    "waiting": frozenset({"claim", "record", "waive"}),
    "not_due": frozenset({"claim", "record", "waive"}),
    "claimed": frozenset({"claim", "send_back", "record", "waive"}),
    "done": frozenset({"claim", "record", "undo", "waive"}),
    "grace": frozenset({"claim", "record", "undo", "waive"}),
    "expired": frozenset({"claim", "record", "undo", "waive"}),
    "waived": frozenset({"record", "take_back"}),
}
_NOT_NOW = Reason(
    "step_not_now", _("This step does not stand like that any more."), _("Reload the page and look again.")
)


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """One step as the rule sees it; the same facts as the row."""

    requirement: str
    stage: str = "approval"
    label: str | Promise = ""
    asked: bool = True
    due: dt.date | None = None
    claimed: dt.date | None = None
    done: dt.date | None = None
    until: dt.date | None = None
    grace: int = 0
    waived: dt.date | None = None
    waived_until: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Whether it stands in nobody's way on a day."""
        return (
            not self.asked
            or self.is_waived(day)
            or self.counts(day)
            or (self.due is not None and day < self.due)
        )

    def is_waived(self, day: dt.date) -> bool:
        """Whether a waiver covers the day."""
        return (
            self.waived is not None
            and self.waived <= day
            and (self.waived_until is None or day <= self.waived_until)
        )

    def counts(self, day: dt.date) -> bool:
        """Whether it was done and has not run out on a day, its grace included."""
        return (
            self.done is not None
            and self.done <= day
            and (self.until is None or day <= self.until + self.grace * DAY)
        )

    def state(self, day: dt.date) -> State:
        """The one word for it on a day. What the visitor claims shows wherever nothing better stands."""
        if self.is_waived(day):
            return "waived"
        if self.counts(day):
            return "done" if self.until is None or day <= self.until else "grace"
        if self.claimed is not None:
            return "claimed"
        if self.done is not None and self.done <= day:
            return "expired"
        return "not_due" if self.due is not None and day < self.due else "waiting"


def may(step: StepFacts, verb: str, day: dt.date) -> Decision:
    """Whether a verb may follow in the state of that day."""
    return Decision() if verb in MAY[step.state(day)] else Decision((_NOT_NOW,))


def recorded(step: StepFacts, on: dt.date, until: dt.date | None) -> StepFacts:
    """The step once it is shown on a day. What still counts then is joined on, so that renewing early loses nothing."""
    joins = step.done is not None and step.done <= on and step.counts(on)
    return replace(step, done=step.done if joins else on, until=until, claimed=None)


def sound_record(
    requirement: Requirement,
    step: StepFacts,
    on: dt.date | None,
    until: dt.date | None,
    *,
    today: dt.date,
    authority: str = "",
) -> Decision:
    """Whether what somebody records can be: a day that has come, an end after it, and for a check who decided."""
    reasons = []
    if on is None:
        reasons.append(Reason("on_missing", _("Say on which day."), field="on"))
    elif on > today:
        reasons.append(Reason("on_ahead", _("This day has not come yet."), field="on"))
    elif (
        step.until is not None
        and on < step.until - requirement.window_days * DAY
        and step.counts(on)
        and requirement.window_days
    ):
        opens = step.until - requirement.window_days * DAY
        reasons.append(
            Reason(
                "too_early",
                _("It still counts; it can be renewed from %(day)s on.") % {"day": said(opens)},
                _("Wait until then, or take the record back when it was wrong."),
                field="on",
            )
        )
    if until is not None and on is not None and until < on:
        reasons.append(Reason("until_before", _("The last day lies before the first."), field="until"))
    elif until is not None and until < today:
        reasons.append(Reason("over_already", _("This last day is over already."), field="until"))
    most = requirement.until(on) if on is not None else None
    if until is not None and most is not None and until > most:
        reasons.append(
            Reason(
                "until_too_far",
                _("By the rules it counts until %(day)s at most.") % {"day": said(most)},
                field="until",
            )
        )
    if requirement.proof == "check" and not authority.strip():
        reasons.append(Reason("authority_missing", _("Say who made the decision."), field="authority"))
    return Decision(tuple(reasons))


def may_approve(steps: Iterable[StepFacts], day: dt.date) -> Decision:
    """Whether everything that comes before the decision holds. Every missing step is named."""
    return must_hold((step for step in steps if step.stage != "onboarding"), day)


def must_hold(steps: Iterable[StepFacts], day: dt.date) -> Decision:
    """Whether every one of these steps holds on a day; each that does not is named."""
    return Decision(
        tuple(
            Reason(
                f"step.{step.requirement}",
                _("%(step)s: %(state)s.")
                % {"step": step.label or step.requirement, "state": WORDS[step.state(day)][0]},
                _("Finish it, or waive it with a reason where the rules allow."),
            )
            for step in steps
            if not step.holds(day)
        )
    )


def renewal_from(until: dt.date, rules: ClearanceRules) -> dt.date:
    """The first day on which a clearance that ends then may be renewed."""
    return until - rules.renewal_days * DAY


def may_renew(until: dt.date | None, rules: ClearanceRules, today: dt.date) -> Decision:
    """Whether the window before its end is open, or its days of grace still run."""
    if until is None:
        return Decision((Reason("no_end", _("This clearance has no end.")),))
    opens = renewal_from(until, rules)
    if today < opens:
        text = _("It can be renewed from %(day)s on.") % {"day": said(opens)}
        return Decision((Reason("too_early", text, _("Come back then; everybody is reminded.")),))
    if today > until + rules.grace_days * DAY:
        over = _("It has run out, and its days of grace are over.")
        return Decision((Reason("too_late", over, _("Open a new application.")),))
    return Decision()


def regular_from(since: dt.date, rules: ClearanceRules) -> dt.date:
    """The first day on which a clearance that is provisional since a day may become regular."""
    return add_months(since, rules.provisional_months)


def may_be_regular(since: dt.date | None, rules: ClearanceRules, today: dt.date) -> Decision:
    """Whether the provisional months are over."""
    if since is None or today >= regular_from(since, rules):
        return Decision()
    text = _("The provisional time lasts until %(day)s.") % {"day": said(regular_from(since, rules))}
    return Decision((Reason("still_provisional", text),))


def waits_on(
    step: StepFacts, proof: str, day: dt.date, *, asked: int = 0, answered: int = 0, count: int = 1
) -> Party:
    """Who has to do something next. ``asked`` and ``answered`` count referees, where the step is a reference."""
    state = step.state(day)
    if state in ("waived", "done"):
        return "nobody"
    if proof == "reference":
        if answered >= count:
            return "staff"
        return "visitor" if asked < count else "referee"
    if state == "claimed" or proof in ("check", "evaluation"):
        return "staff"
    return "visitor"


def progress(steps: Sequence[StepFacts], day: dt.date) -> tuple[int, int]:
    """How many of the steps are done or waived, of how many that are asked."""
    asked = [step for step in steps if step.asked]
    return sum(step.state(day) in ("done", "grace", "waived") for step in asked), len(asked)
