"""Which step a place in line may take next, and the words that explain a place to the person ([P-146], [P-147])."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from throughgate.base.errors import Decision, Reason
from throughgate.policies.packs import Pack
from throughgate.policies.waitlist import Waiting, WaitlistRules, may_request, reconfirmation

# From each status: the step and where it leads. "enroll" is taken by giving a seat.
STEPS: Mapping[str, Mapping[str, str]] = {
    "pending": {"approve": "approved", "decline": "declined", "withdraw": "withdrawn", "remove": "removed",
                "enroll": "enrolled", "reconfirm": "pending"},
    "approved": {"decline": "declined", "withdraw": "withdrawn", "remove": "removed", "enroll": "enrolled",
                 "reconfirm": "approved"},
    "declined": {"put_back": "pending"},
    "withdrawn": {"put_back": "pending"},
    "removed": {"put_back": "pending"},
    "enrolled": {},
}  # fmt: skip


def step(status: str, taken: str) -> tuple[Decision, str]:
    """Whether a step may be taken from a status, and the status it leads to (unchanged when refused)."""
    if taken in STEPS[status]:
        return Decision(), STEPS[status][taken]
    words = _("This place in line is %(status)s; that step is not possible now.") % {"status": said(status)}
    return Decision((Reason("step_not_possible", words),)), status


def said(status: str) -> str:
    """A status as part of a sentence."""
    return {
        "pending": _("waiting for a decision"),
        "approved": _("in line"),
        "declined": _("declined"),
        "withdrawn": _("withdrawn"),
        "removed": _("removed"),
        "enrolled": _("turned into a seat"),
    }[status]


@dataclass(frozen=True)
class Asking:
    """What the rules look at when somebody asks for a place."""

    open_requests: int
    already_in_line: bool
    has_seat: bool
    record_closed: bool
    listed: bool
    requested_on: dt.date
    today: dt.date


def can_request(asking: Asking, pack: Pack[WaitlistRules]) -> Decision:
    """Whether one more place in line may be asked for, with every reason against it ([P-147])."""
    return Decision(
        (
            *_against(asking),
            *may_request(asking.open_requests, asking.requested_on, asking.today, pack).reasons,
        )
    )


def _against(asking: Asking) -> Iterator[Reason]:
    if asking.already_in_line:
        yield Reason("already_in_line", _("The person is already in line for this program."))
    if asking.has_seat:
        yield Reason("has_seat", _("The person already has a seat in this program."))
    if asking.record_closed:
        yield Reason("record_closed", _("The person's record is closed."))
    if not asking.listed:
        yield Reason("not_listed", _("This program is not offered now."), _("Choose another program."))


@dataclass(frozen=True)
class Freshness:
    """Whether a request is still known to be wanted: "fresh", "remind", "due" or "asleep" ([P-148])."""

    state: str
    due_on: dt.date

    @property
    def asleep(self) -> bool:
        """Nobody confirmed it in time: it keeps its date and waits to be woken."""
        return self.state == "asleep"


def freshness(confirmed_on: dt.date, rules: WaitlistRules, today: dt.date) -> Freshness:
    """How fresh a request is, counted from the request or its last confirmation."""
    days = reconfirmation(confirmed_on, rules)
    state = "fresh"
    for reached, name in ((days.remind_on, "remind"), (days.due_on, "due"), (days.lapses_on, "asleep")):
        if today >= reached:
            state = name
    return Freshness(state, days.due_on)


def why_here(waiting: Waiting, rules: WaitlistRules) -> tuple[tuple[str, str], ...]:
    """Each step of the order with what holds for this person: (the step, yes, no, not known or the day)."""
    fits = None
    if waiting.release_on is not None and waiting.ends_on is not None:
        fits = waiting.ends_on <= waiting.release_on
    holds = {
        "fits_before_release": _yes_no(fits),
        "need_assessed": _yes_no(waiting.need_assessed),
        "release_soonest": waiting.release_on.isoformat() if waiting.release_on else _("not known"),
        "requested_first": waiting.requested_on.isoformat(),
    }
    return tuple((str(priority.label), holds[priority.code]) for priority in rules.order)


def _yes_no(value: bool | None) -> str:
    if value is None:
        return _("not known")
    return _("yes") if value else _("no")
