"""Whether a session can take place: what is missing, how urgent it is, and the one click that helps.

A dated session needs a cleared facilitator, people on the call-out, a room, an open regime and a live
agreement in the same minute ([P-1]). We say so days ahead ([P-21]); from how many days is the policy pack's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from throughgate.policies.readiness import ReadinessRules

Light = Literal["red", "amber", "green", "done"]
ORDER: dict[str, int] = {"red": 0, "amber": 1, "green": 2, "done": 3}
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Remedy:
    """The one click: its words and the page it leads to."""

    label: str | Promise
    url_name: str
    subject: str = "session"  # whose code the address takes: session, cohort, organization or visitor


REMEDIES: dict[str, Remedy] = {
    "no_facilitator": Remedy(gettext_lazy("Find cover"), "staff:session_staffing"),
    "not_cleared": Remedy(gettext_lazy("Find cover"), "staff:session_staffing"),
    "no_room": Remedy(gettext_lazy("Choose a room"), "staff:session_move"),
    "room_too_small": Remedy(gettext_lazy("Choose a room"), "staff:session_move"),
    "not_step_free": Remedy(gettext_lazy("Choose a room"), "staff:session_move"),
    "nobody_called": Remedy(gettext_lazy("Fill seats"), "staff:cohort", "cohort"),
    "under_minimum": Remedy(gettext_lazy("Fill seats"), "staff:cohort", "cohort"),
    "over_capacity": Remedy(gettext_lazy("See who is called"), "staff:session"),
    "keep_apart": Remedy(gettext_lazy("See who is called"), "staff:session"),
    "regime_closed": Remedy(gettext_lazy("Cancel it"), "staff:session_cancel"),
    "regime_modified": Remedy(gettext_lazy("Move it"), "staff:session_move"),
    "count_time": Remedy(gettext_lazy("Move it"), "staff:session_move"),
    "outside_movement": Remedy(gettext_lazy("Move it"), "staff:session_move"),
    "no_agreement": Remedy(gettext_lazy("See the agreement"), "staff:organization", "organization"),
    "no_officer": Remedy(gettext_lazy("Confirm an officer"), "staff:session_staffing"),
}


@dataclass(frozen=True)
class Reason:
    """One thing that is missing: a code of the pack, its light, words, and its remedy as a page to open."""

    code: str
    light: str
    text: str
    remedy_label: str
    remedy_url_name: str
    args: tuple[str, ...]


@dataclass(frozen=True)
class Readiness:
    """The light of a session and every reason behind it, the most urgent first."""

    light: Light
    reasons: tuple[Reason, ...] = ()

    @property
    def at_risk(self) -> bool:
        """Whether it needs somebody: red or amber."""
        return self.light in ("red", "amber")


DONE = Readiness("done")


@dataclass(frozen=True)
class Leader:
    """Who is to lead. ``until`` is the last day of the clearance, None without one."""

    name: str
    code: str
    cleared: bool
    until: dt.date | None = None
    suspended: bool = False
    lacking: bool = False  # the decision holds, but something that is asked has run out or is missing


@dataclass(frozen=True)
class Place:
    """A room."""

    name: str
    capacity: int
    step_free: bool


@dataclass(frozen=True)
class Regime:
    """A regime in force during the session, with the words that everybody may read."""

    closed: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that readiness looks at; times are local to the facility.

    ``movement`` are the windows of that weekday as (opens, closes), empty where the facility keeps none;
    ``counts`` the counts of that weekday as (starts, ends). ``agreement_until`` is the last day of the
    agreement that reaches furthest, None where there is none; ``partner`` whether one is needed at all.
    """

    day: dt.date
    starts: dt.time
    ends: dt.time
    session: str = ""
    cohort: str = ""
    organization: str = ""
    leaders: tuple[Leader, ...] = ()
    room: Place | None = None
    step_free_needed: int = 0
    called: int = 0
    minimum: int = 1
    capacity: int = 0
    keep_apart: bool = False
    regimes: tuple[Regime, ...] = ()
    counts: tuple[tuple[dt.time, dt.time], ...] = ()
    movement: tuple[tuple[dt.time, dt.time], ...] = ()
    partner: bool = False
    agreement: bool = False
    agreement_until: dt.date | None = None
    needs_officer: bool = False
    officer: str = ""


Found = tuple[str, str]


def judge(facts: Facts, *, today: dt.date, rules: ReadinessRules) -> Readiness:
    """The readiness of a session that is still planned. Every reason at once, the most urgent first."""
    ahead = (facts.day - today).days
    found = chain(_leaders(facts), _room(facts), _people(facts), _day(facts, rules), _papers(facts))
    reasons = [
        _reason(code, light, text, facts) for code, text in found if (light := rules.light(code, ahead))
    ]
    reasons.sort(key=lambda reason: ORDER[reason.light])
    if not reasons:
        return Readiness("green")
    return Readiness("red" if reasons[0].light == "red" else "amber", tuple(reasons))


def _reason(code: str, light: str, text: str, facts: Facts) -> Reason:
    remedy = REMEDIES[code]
    whose = {"session": facts.session, "cohort": facts.cohort, "organization": facts.organization}
    return Reason(code, light, text, str(remedy.label), remedy.url_name, (whose[remedy.subject],))


def _leaders(facts: Facts) -> Iterator[Found]:
    """Somebody must be able to come in; one cleared leader is enough, and with none each lapse is said."""
    if not facts.leaders:
        yield "no_facilitator", _("Nobody is coming to lead it.")
    if any(leader.cleared for leader in facts.leaders):
        return
    for leader in facts.leaders:
        if leader.suspended:
            text = _("%(name)s's clearance is suspended.") % {"name": leader.name}
        elif leader.until is not None and leader.until < facts.day:
            text = _("%(name)s's clearance ends on %(day)s, before this session.") % {
                "name": leader.name,
                "day": date_format(leader.until, "j M Y"),
            }
        elif leader.lacking:
            text = _("Something that is asked of %(name)s has run out or is missing on this day.") % {
                "name": leader.name
            }
        else:
            text = _("%(name)s has no clearance for this day.") % {"name": leader.name}
        yield "not_cleared", text


def _room(facts: Facts) -> Iterator[Found]:
    if facts.room is None:
        yield "no_room", _("It has no room.")
        return
    if facts.called > facts.room.capacity:
        yield (
            "room_too_small",
            _("%(room)s has %(seats)s seats and %(called)s people are called.")
            % {"room": facts.room.name, "seats": facts.room.capacity, "called": facts.called},
        )
    if facts.step_free_needed and not facts.room.step_free:
        yield (
            "not_step_free",
            ngettext(
                "%(n)s person needs a step-free room; %(room)s is not.",
                "%(n)s people need a step-free room; %(room)s is not.",
                facts.step_free_needed,
            )
            % {"n": facts.step_free_needed, "room": facts.room.name},
        )


def _people(facts: Facts) -> Iterator[Found]:
    if facts.called == 0:
        yield "nobody_called", _("Nobody is called.")
    elif facts.called < facts.minimum:
        yield (
            "under_minimum",
            _("%(called)s called; the group needs %(minimum)s.")
            % {"called": facts.called, "minimum": facts.minimum},
        )
    if facts.called > facts.capacity:
        yield (
            "over_capacity",
            _("%(called)s called for %(seats)s seats.") % {"called": facts.called, "seats": facts.capacity},
        )
    if facts.keep_apart:
        yield "keep_apart", _("Some who are called must be kept apart. Security can say more.")


def _day(facts: Facts, rules: ReadinessRules) -> Iterator[Found]:
    for regime in facts.regimes:
        yield ("regime_closed" if regime.closed else "regime_modified"), regime.words
    for starts, ends in facts.counts:
        if facts.starts < ends and starts < facts.ends:
            yield "count_time", _("A count is at %(time)s.") % {"time": f"{starts:%H:%M}"}
    if facts.movement and not moves_before(facts.starts, facts.movement, rules.wait_minutes):
        yield "outside_movement", _("No movement window brings people there in time.")


def moves_before(start: dt.time, windows: Iterable[tuple[dt.time, dt.time]], wait_minutes: int) -> bool:
    """Whether people can be moved in time: a window has opened, and closed at most so long before."""
    at = _minutes(start)
    return any(_minutes(opens) <= at <= _minutes(closes) + wait_minutes for opens, closes in windows)


def _minutes(time: dt.time) -> int:
    return time.hour * 60 + time.minute


def _papers(facts: Facts) -> Iterator[Found]:
    if facts.partner and not facts.agreement:
        if facts.agreement_until is not None and facts.agreement_until < facts.day:
            text = _("The partner's agreement ends on %(day)s, before this session.") % {
                "day": date_format(facts.agreement_until, "j M Y")
            }
        else:
            text = _("No agreement with the partner covers this facility and day.")
        yield "no_agreement", text
    if facts.needs_officer and not facts.officer:
        yield "no_officer", _("No officer is confirmed.")


def worst(lights: Iterable[Light]) -> Light:
    """The most urgent of several lights; "done" when there is none."""
    return min(lights, key=ORDER.__getitem__, default="done")
