"""Random histories of a visitor at a facility, told twice: by the rules of the product, and by a plain oracle.

The oracle knows no ranges and no states. It keeps the list of what happened and asks, for one day, whether each
thing was so, in the order in which it happened.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field, replace

from throughgate.policies.clearances import Requirement
from throughgate.policies.words import Label
from throughgate.visitors import requirements, rules
from throughgate.visitors.requirements import StepFacts
from throughgate.visitors.rules import Standing

DAY = dt.timedelta(days=1)
BEGIN = dt.date(2026, 1, 1)
LAST = 900

ASKED = tuple(
    Requirement(code=code, label=Label({"en": code}), stage=stage, proof=proof, months=months, grace_days=grace,
                window_days=window, due_days=due)
    for code, stage, proof, months, grace, window, due in (
        ("application", "application", "agree", None, 0, 0, None),
        ("check", "approval", "check", 6, 0, 60, None),
        ("training", "approval", "training", 12, 30, 90, None),
        ("tb", "onboarding", "seen", 3, 14, 30, 30),
        ("rules", "onboarding", "agree", 4, 7, 30, None),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """What happened on a day: kind, the requirement it is about, and a last day where it has one."""

    kind: str
    day: dt.date
    about: str = ""
    until: dt.date | None = None


@dataclass
class History:
    """Events in order, and what the product made of them."""

    events: list[Event] = field(default_factory=list)
    steps: dict[str, StepFacts] = field(default_factory=dict)
    standing: Standing = field(default_factory=lambda: Standing(status="applied"))
    renewal_asked: dt.date | None = None
    left_on: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """What the product says."""
        left = self.left_on is not None and self.left_on <= day
        return not left and replace(self.standing, steps=tuple(self.steps.values())).holds(day)


def draw(random_: random.Random) -> History:
    """One history: a dozen or so events in order of days, most of them possible, through the product's rules."""
    told = History(
        steps={
            each.code: StepFacts(requirement=each.code, stage=each.stage, grace=each.grace_days)
            for each in ASKED
        }
    )
    now = BEGIN
    if random_.random() < 0.8:  # most have been through everything once, so that many a day says yes
        for each in ASKED:
            now += random_.choice((0, 1, 5)) * DAY
            told.steps[each.code] = requirements.recorded(told.steps[each.code], now, each.until(now))
            _note(told, "shown", now, each.code, each.until(now))
        _decide(random_, told, "granted", now)
    for _ in range(random_.randint(0, 16)):
        now += random_.choice((0, 0, 1, 1, 3, 10, 30, 60)) * DAY
        _step(random_, told, now)
    return told


def _step(random_: random.Random, told: History, now: dt.date) -> None:
    kind = random_.choices(
        ("shown", "undone", "waived", "unwaived", "dropped", "asked", "granted", "suspended", "renewal", "ended",
         "left", "back"),
        (60, 2, 4, 2, 1, 1, 20, 2, 3, 1, 1, 2),
    )[0]  # fmt: skip
    about = random_.choice(ASKED)
    step = told.steps[about.code]
    if kind == "shown":
        day = now - random_.choice((0, 0, 0, 5, 40)) * DAY
        until = about.until(day)
        if requirements.may(step, "record", now).refused:
            return
        told.steps[about.code] = requirements.recorded(step, day, until)
        _note(told, kind, day, about.code, until)
    elif kind == "undone" and not requirements.may(step, "undo", now).refused:
        told.steps[about.code] = replace(step, done=None, until=None)
        _note(told, kind, now, about.code)
    elif kind == "waived" and not requirements.may(step, "waive", now).refused:
        until = random_.choice((None, now + 20 * DAY, now + 200 * DAY))
        told.steps[about.code] = replace(step, waived=now, waived_until=until)
        _note(told, kind, now, about.code, until)
    elif kind == "unwaived":
        told.steps[about.code] = replace(step, waived=None, waived_until=None)
        _note(told, kind, now, about.code)
    elif kind in ("dropped", "asked"):
        told.steps[about.code] = replace(step, asked=kind == "asked")
        _note(told, kind, now, about.code)
    elif kind == "left":
        told.left_on = now
        _note(told, kind, now)
    elif kind == "back":
        told.left_on = None
        _note(told, kind, now)
    elif kind in ("granted", "suspended", "ended", "renewal"):
        _decide(random_, told, kind, now)


def _decide(random_: random.Random, told: History, kind: str, now: dt.date) -> None:
    status = told.standing.status
    wanted = {
        "granted": random_.choice(("provisional", "approved")),
        "suspended": "suspended",
        "ended": "ended",
    }
    if kind == "renewal":
        if status in rules.CLEARED:
            told.standing = replace(told.standing, grace=14)
            _note(told, kind, now)
        return
    if rules.may_become(status, wanted[kind]).refused:
        return
    first, until = told.standing.first, told.standing.until
    if kind == "granted":
        first = min(first, now) if status in rules.CLEARED and first else now
        until = now + random_.choice((10, 90, 365, 730)) * DAY
        due = next(each.due_days for each in ASKED if each.code == "tb")
        if told.standing.first is None:
            told.steps["tb"] = replace(told.steps["tb"], due=now + (due or 0) * DAY)
        told.standing = replace(told.standing, grace=0)
    told.standing = replace(told.standing, status=wanted[kind], first=first, until=until)
    _note(told, kind, now, "", until)


def _note(told: History, kind: str, day: dt.date, about: str = "", until: dt.date | None = None) -> None:
    told.events.append(Event(kind, day, about, until))


# The oracle: nothing but the list of events, read from the top for one day.


def oracle(events: list[Event], day: dt.date) -> bool:
    """Whether somebody with this history may come in on a day."""
    return (
        _came_to_stay(events, day)
        and _decision(events, day)
        and all(_requirement(events, each, day) for each in ASKED)
    )


def _came_to_stay(events: list[Event], day: dt.date) -> bool:
    gone = None
    for event in events:
        if event.kind == "left":
            gone = event.day
        elif event.kind == "back":
            gone = None
    return gone is None or day < gone


def _decision(events: list[Event], day: dt.date) -> bool:
    open_, first, last, grace = False, None, None, 0
    for event in events:
        if event.kind == "granted":
            first = event.day if not open_ or first is None else min(first, event.day)
            open_, last, grace = True, event.until, 0
        elif event.kind in ("suspended", "ended"):
            open_ = False
        elif event.kind == "renewal":
            grace = 14
    return open_ and first is not None and last is not None and first <= day <= last + grace * DAY


def _requirement(events: list[Event], asked: Requirement, day: dt.date) -> bool:
    mine = [event for event in events if event.about == asked.code]
    if [event.kind for event in mine if event.kind in ("dropped", "asked")][-1:] == ["dropped"]:
        return True
    waiver = [event for event in mine if event.kind in ("waived", "unwaived")][-1:]
    if waiver and waiver[0].kind == "waived":
        event = waiver[0]
        if event.day <= day and (event.until is None or day <= event.until):
            return True
    granted = [event for event in events if event.kind == "granted"]
    if asked.due_days is not None and granted and day < granted[0].day + asked.due_days * DAY:
        return True
    return _shown(mine, asked, day)


def _shown(mine: list[Event], asked: Requirement, day: dt.date) -> bool:
    """The last record counts from its day; an earlier one without a gap before it counts from its own."""
    since, last = None, None
    for event in mine:
        if event.kind == "undone":
            since, last = None, None
        if event.kind == "shown":
            goes_on = (
                since is not None
                and since <= event.day
                and (last is None or event.day <= last + asked.grace_days * DAY)
            )
            since = since if goes_on else event.day
            last = event.until
    return since is not None and since <= day and (last is None or day <= last + asked.grace_days * DAY)
