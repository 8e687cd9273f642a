"""The waitlist: how many open requests, how often they are confirmed, and today's order of the line.

[P-146] to [P-148], peers 3.2. The date of request is the person's own and travels with them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason

from .packs import Pack
from .reading import Table
from .words import Label

DAY = dt.timedelta(days=1)
ORDERS = ("fits_before_release", "need_assessed", "release_soonest", "requested_first")


@dataclass(frozen=True)
class Priority:
    """One step of the order, with the words that explain it to the person in line."""

    code: str
    label: Label


@dataclass(frozen=True)
class WaitlistRules:
    """The data of a waitlist pack. All spans are calendar days."""

    max_open: int
    reconfirm_days: int
    remind_days_before: int
    lapse_days: int
    place_held_days_away: int
    order: tuple[Priority, ...]


@dataclass(frozen=True)
class Waiting:
    """What the order looks at. `ends_on` is the last session of the seat; None is "not known"."""

    key: str
    requested_on: dt.date
    need_assessed: bool
    release_on: dt.date | None
    ends_on: dt.date | None


def read(top: Table) -> WaitlistRules:
    """Reads what is particular to a waitlist pack."""
    requests, confirm = top.table("requests"), top.table("confirm")
    order = top.coded("order", lambda table: Priority(table.choice("code", ORDERS), table.label("label")))
    rules = WaitlistRules(
        max_open=requests.whole("max_open", at_least=1),
        place_held_days_away=requests.whole("place_held_days_away"),
        reconfirm_days=confirm.whole("every_days", at_least=1),
        remind_days_before=confirm.whole("remind_days_before"),
        lapse_days=confirm.whole("lapse_after_days"),
        order=tuple(order.values()),
    )
    if rules.order and rules.order[-1].code != "requested_first":
        top.wrong("order", "must end with requested_first, so that equals stand in the order they asked")
    requests.finish()
    confirm.finish()
    return rules


def may_request(
    open_requests: int, requested_on: dt.date, today: dt.date, pack: Pack[WaitlistRules]
) -> Decision:
    """Whether one more request may be entered: not too many open, not dated in the future. [P-147]"""
    reasons = []
    if open_requests >= pack.data.max_open:
        text = _("There are already %(count)s open requests; at most %(most)s may be open (%(rule)s).") % {
            "count": open_requests,
            "most": pack.data.max_open,
            "rule": pack.cite,
        }
        remedy = _("Withdraw one that is no longer wanted.")
        reasons.append(Reason("too_many_open", text, remedy, overridable=True))
    if requested_on > today:
        future = _("The date of request lies in the future.")
        reasons.append(Reason("future_date", future, _("Enter the day the person asked.")))
    return Decision(tuple(reasons))


@dataclass(frozen=True)
class Reconfirmation:
    """When to remind, by when to confirm, and on which day the request goes to sleep (its date is kept)."""

    remind_on: dt.date
    due_on: dt.date
    lapses_on: dt.date


def reconfirmation(confirmed_on: dt.date, rules: WaitlistRules) -> Reconfirmation:
    """The days of the next confirmation, counted from the request or its last confirmation. [P-148]"""
    due = confirmed_on + rules.reconfirm_days * DAY
    return Reconfirmation(due - rules.remind_days_before * DAY, due, due + rules.lapse_days * DAY)


def in_order(line: Iterable[Waiting], rules: WaitlistRules) -> list[Waiting]:
    """The line in today's order; equals by date of request, then by key, so that the order never jumps."""

    def place(person: Waiting) -> tuple[Any, ...]:
        return (*(_PLACES[step.code](person) for step in rules.order), person.requested_on, person.key)

    return sorted(line, key=place)


def _fits(person: Waiting) -> int:
    if person.release_on is None or person.ends_on is None:
        return 0  # not known is no reason to stand behind
    return 1 if person.ends_on > person.release_on else 0


_PLACES: dict[str, Callable[[Waiting], Any]] = {
    "fits_before_release": _fits,
    "need_assessed": lambda person: 0 if person.need_assessed else 1,
    "release_soonest": lambda person: person.release_on or dt.date.max,
    "requested_first": lambda person: person.requested_on,
}
