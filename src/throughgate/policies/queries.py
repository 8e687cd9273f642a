"""What other rooms and pages ask: the rules of a kind in force, and what changes when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.base.outbox.rules import House

from .attendance import AttendanceRules
from .clearances import ClearanceRules
from .credit import CreditRules
from .deadlines import ContactRules, DeadlineRules, ReviewRules
from .frontdoor import FrontDoorRules
from .holidays import HolidayRules
from .house import PublishingRules, ReminderRules, RetentionRules, SignInRules
from .kinds import KINDS
from .library import SHIPPED, Gap, Library, chain, in_force, library, load
from .linkage import LinkageRules
from .mentoring import MentoringRules
from .outreach import OutreachRules
from .packs import Pack
from .partnerships import ProposalRules, VettingRules
from .readiness import ReadinessRules
from .reading import PolicyError, Problem
from .reasons import CancellationRules, LeaveRules
from .regime import RegimeRules
from .waitlist import WaitlistRules
from .weights import SeatWeights
from .words import Label
from .workdays import WorkCalendar
from .worth import CostRules, EffectRules

DAY = dt.timedelta(days=1)
HEAD = ("pack", "authority", "verified", "evidence")

KIND_NAMES: dict[str, str | Promise] = {
    "attendance": _("Attendance marks and windows"),
    "cancellations": _("Why sessions are canceled"),
    "clearances": _("What is asked of visitors"),
    "contacts": _("Contacts after release"),
    "costs": _("What a return avoided is worth"),
    "credit": _("Time credit and pay"),
    "deadlines": _("Answer deadlines"),
    "effects": _("What earlier studies found"),
    "front-door": _("The front door: enquiries, saved forms, spam"),
    "holidays": _("Holidays and working days"),
    "leaving": _("Why people leave a program"),
    "linkage": _("Finding the people of a partner's roster"),
    "outreach": _("What a new course is taken to be"),
    "mentoring": _("Mentoring and tutoring"),
    "notices": _("Notices: topics, quiet hours and digests"),
    "proposals": _("Who approves what a partner proposes"),
    "publishing": _("Numbers about people that may be published"),
    "readiness": _("Readiness of sessions"),
    "regime": _("Regime and lockdown"),
    "reminders": _("Reminders before something expires"),
    "retention": _("How long records are kept"),
    "reviews": _("Plan reviews"),
    "seat-weights": _("What counts when seats are filled"),
    "sign-in": _("How long a sign-in lasts"),
    "vetting": _("What is looked at before an organization is taken on"),
    "waitlist": _("The waitlist"),
}


def attendance(jurisdiction: str, on: dt.date) -> Pack[AttendanceRules]:
    """The attendance rules in force. Like all below it raises NoPolicy when there are none."""
    return in_force("attendance", jurisdiction, on)


def cancellations(jurisdiction: str, on: dt.date) -> Pack[CancellationRules]:
    """The cancellation reasons in force."""
    return in_force("cancellations", jurisdiction, on)


def clearances(jurisdiction: str, on: dt.date) -> Pack[ClearanceRules] | None:
    """What is asked of visitors; None where the agency has not written it down yet."""
    return library().find("clearances", jurisdiction, on)


def pack_of(identifier: str) -> Pack[Any] | None:
    """The pack that a record cites by its id, retired ones too; None when it is gone."""
    try:
        return library().get(identifier)
    except KeyError:
        return None


def contacts(jurisdiction: str, on: dt.date) -> Pack[ContactRules]:
    """The contact schedule after release in force."""
    return in_force("contacts", jurisdiction, on)


def credit(jurisdiction: str, on: dt.date) -> Pack[CreditRules] | None:
    """The credit or pay rules in force; None where a place has none, which is common."""
    return library().find("credit", jurisdiction, on)


def costs(jurisdiction: str, on: dt.date) -> Pack[CostRules]:
    """What programs cost and what a return avoided is worth, in force."""
    return in_force("costs", jurisdiction, on)


def effects(jurisdiction: str, on: dt.date) -> Pack[EffectRules]:
    """What reviews of earlier studies found, in force."""
    return in_force("effects", jurisdiction, on)


def deadlines(jurisdiction: str, on: dt.date) -> Pack[DeadlineRules]:
    """The answer deadlines in force."""
    return in_force("deadlines", jurisdiction, on)


def front_door(jurisdiction: str, on: dt.date) -> Pack[FrontDoorRules]:
    """How enquiries are kept, held back and compared."""
    return in_force("front-door", jurisdiction, on)


def holidays(jurisdiction: str, on: dt.date) -> Pack[HolidayRules]:
    """The holidays in force."""
    return in_force("holidays", jurisdiction, on)


def leaving(jurisdiction: str, on: dt.date) -> Pack[LeaveRules]:
    """The leave reasons in force."""
    return in_force("leaving", jurisdiction, on)


def mentoring(jurisdiction: str, on: dt.date) -> Pack[MentoringRules]:
    """The mentoring rules in force."""
    return in_force("mentoring", jurisdiction, on)


def notices(jurisdiction: str, on: dt.date) -> Pack[House]:
    """The rules of notices in force."""
    return in_force("notices", jurisdiction, on)


def readiness(jurisdiction: str, on: dt.date) -> Pack[ReadinessRules]:
    """From how many days before a session each missing thing shows."""
    return in_force("readiness", jurisdiction, on)


def regime(jurisdiction: str, on: dt.date) -> Pack[RegimeRules]:
    """The regime rules in force."""
    return in_force("regime", jurisdiction, on)


def linkage(jurisdiction: str, on: dt.date) -> Pack[LinkageRules]:
    """The rules for finding the people of a roster in force."""
    return in_force("linkage", jurisdiction, on)


def outreach(jurisdiction: str, on: dt.date) -> Pack[OutreachRules]:
    """The course that the gap map tries, in force."""
    return in_force("outreach", jurisdiction, on)


def publishing(jurisdiction: str, on: dt.date) -> Pack[PublishingRules]:
    """The rules for publishing counts of people in force."""
    return in_force("publishing", jurisdiction, on)


def proposals(jurisdiction: str, on: dt.date) -> Pack[ProposalRules]:
    """Who approves what a partner proposes."""
    return in_force("proposals", jurisdiction, on)


def reminders(jurisdiction: str, on: dt.date) -> Pack[ReminderRules]:
    """The reminder days in force."""
    return in_force("reminders", jurisdiction, on)


def retention(jurisdiction: str, on: dt.date) -> Pack[RetentionRules]:
    """The retention rules in force."""
    return in_force("retention", jurisdiction, on)


def reviews(jurisdiction: str, on: dt.date) -> Pack[ReviewRules]:
    """The review rules in force."""
    return in_force("reviews", jurisdiction, on)


def sign_in(jurisdiction: str, on: dt.date) -> Pack[SignInRules]:
    """The sign-in limits in force."""
    return in_force("sign-in", jurisdiction, on)


def seat_weights(jurisdiction: str, on: dt.date) -> Pack[SeatWeights]:
    """What counts when seats are filled."""
    return in_force("seat-weights", jurisdiction, on)


def vetting(jurisdiction: str, on: dt.date) -> Pack[VettingRules]:
    """What is looked at before an organization is taken on."""
    return in_force("vetting", jurisdiction, on)


def waitlist(jurisdiction: str, on: dt.date) -> Pack[WaitlistRules]:
    """The waitlist rules in force."""
    return in_force("waitlist", jurisdiction, on)


def calendar(jurisdiction: str, on: dt.date, closed: Mapping[dt.date, Label] | None = None) -> WorkCalendar:
    """Working days of a place by the holidays in force, with its own closed days."""
    return WorkCalendar(holidays(jurisdiction, on).data, closed or {})


def all_packs() -> tuple[Pack[Any], ...]:
    """Every pack that holds at some time, by kind, jurisdiction and day."""
    return library().packs


def pack(identifier: str) -> Pack[Any]:
    """One pack by its id, retired ones too, as records cite it. Raises KeyError."""
    return library().get(identifier)


def jurisdictions() -> tuple[str, ...]:
    """Every jurisdiction some pack is written for, to choose from in a facility's settings."""
    return tuple(sorted({each.jurisdiction for each in library().packs}))


def problems() -> tuple[Problem, ...]:
    """What keeps changed files from being used; empty when all is well."""
    return library().problems


def gaps() -> tuple[Gap, ...]:
    """Days between two packs of one place on which neither holds."""
    return library().gaps


def check(folder: Path) -> tuple[Problem, ...]:
    """Everything wrong with a folder of packs when it joins the shipped ones; empty when it may be used."""
    try:
        load([SHIPPED, folder])
    except PolicyError as error:
        return error.problems
    return ()


@dataclass(frozen=True)
class Change:
    """One value that differs from the pack before. None is "was not there" or "is there no more"."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Period:
    """Days under one pack. `ends` None is until further notice; `pack` None means no rules hold.

    `changes` compares with the period before; the first one has none.
    """

    starts: dt.date
    ends: dt.date | None
    pack: Pack[Any] | None
    changes: tuple[Change, ...]

    def covers(self, on: dt.date) -> bool:
        """Whether a day lies in it."""
        return self.starts <= on and (self.ends is None or on <= self.ends)


def timeline(kind: str, jurisdiction: str, among: Library | None = None) -> list[Period]:
    """What holds for a place over time, oldest first, and what changes each time.

    The nearest jurisdiction goes first, as in `in_force`. Raises KeyError for an unknown kind.
    """
    packs = among or library()
    packs.find(kind, jurisdiction, dt.date.min)  # an unknown kind is told at once
    near = [each for each in packs.packs if each.kind == kind and each.jurisdiction in chain(jurisdiction)]
    turns = {each.effective_from for each in near}
    turns |= {each.effective_to + DAY for each in near if each.effective_to is not None}
    periods: list[Period] = []
    for day in sorted(turns):
        found = packs.find(kind, jurisdiction, day)
        if periods and periods[-1].pack is found:
            continue
        before = None
        if periods:
            before = periods[-1].pack
            periods[-1] = Period(periods[-1].starts, day - DAY, before, periods[-1].changes)
        periods.append(Period(day, None, found, compare(before, found)))
    return periods


def compare(before: Pack[Any] | None, after: Pack[Any] | None) -> tuple[Change, ...]:
    """Every value that differs between two packs of a kind, by key; empty unless both are there."""
    if before is None or after is None:
        return ()
    old, new = _flat(before.raw), _flat(after.raw)
    return tuple(
        Change(key, old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)
    )


def _flat(raw: Mapping[str, Any]) -> dict[str, str]:
    return dict(_values({key: value for key, value in raw.items() if key not in HEAD}, ""))


def _values(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value, start=1):
            yield from _values(item, f"{path}[{item.get('code', number)}]")
    elif isinstance(value, list):
        yield path, ", ".join(str(item) for item in value)
    else:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Row:
    """One kind on the page of rules in force: what holds today and what comes next."""

    kind: str
    name: str | Promise
    pack: Pack[Any] | None
    coming: Period | None


def overview(jurisdiction: str, on: dt.date) -> list[Row]:
    """Every kind with the pack in force on a day and the next change, for a page."""
    rows = []
    for kind in sorted(KINDS):
        coming = next((period for period in timeline(kind, jurisdiction) if period.starts > on), None)
        rows.append(Row(kind, KIND_NAMES[kind], library().find(kind, jurisdiction, on), coming))
    return rows
