"""House rules that are data too: how long records are kept, when to remind, how long a sign-in lasts.

Reminders [P-128]; sign-in [A-8]; audit trail [A-16].
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from .reading import Table
from .words import Label
from .workdays import add_months

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Kept:
    """How long one kind of record is kept and what happens then: delete, anonymize, or review by a person."""

    code: str
    label: Label
    months: int
    starts_with: Label
    then: str
    authority: str

    def until(self, start: dt.date) -> dt.date:
        """The last day it is kept, counted from the event the pack names."""
        return add_months(start, self.months)


@dataclass(frozen=True)
class RetentionRules:
    """The data of a retention pack, by kind of record."""

    records: Mapping[str, Kept]


def read_retention(top: Table) -> RetentionRules:
    """Reads what is particular to a retention pack."""
    return RetentionRules(top.coded("records", _kept))


def _kept(table: Table) -> Kept:
    return Kept(
        code=table.text("code"),
        label=table.label("label"),
        months=table.whole("months", at_least=1),
        starts_with=table.label("starts_with"),
        then=table.choice("then", ("delete", "anonymize", "review")),
        authority=table.text("authority"),
    )


@dataclass(frozen=True)
class Reminder:
    """How many days before something expires people are reminded, most first."""

    code: str
    label: Label
    days_before: tuple[int, ...]

    def on(self, expires_on: dt.date) -> tuple[dt.date, ...]:
        """Every day to remind, earliest first."""
        return tuple(expires_on - days * DAY for days in self.days_before)

    def stage(self, expires_on: dt.date, today: dt.date) -> int | None:
        """The tightest step already reached (days before), None when it is still early.

        Zero and below zero days left count as the last step.
        """
        left = (expires_on - today).days
        return min((days for days in self.days_before if left <= days), default=None)


@dataclass(frozen=True)
class ReminderRules:
    """The data of a reminders pack, by what expires."""

    reminders: Mapping[str, Reminder]


def read_reminders(top: Table) -> ReminderRules:
    """Reads what is particular to a reminders pack."""
    rules = ReminderRules(top.coded("reminders", _reminder))
    if "other" not in rules.reminders:
        top.wrong("reminders", "other is missing; it says what holds for kinds that are not named")
    return rules


def _reminder(table: Table) -> Reminder:
    days = table.wholes("days_before")
    if not days or list(days) != sorted(days, reverse=True):
        table.wrong(
            "days_before", "must name at least one day, the most days first, such as [120, 90, 60, 30]"
        )
    return Reminder(table.text("code"), table.label("label"), days)


@dataclass(frozen=True)
class SignInRules:
    """The data of a sign-in pack. A sign-in ends after `idle` without use and after `longest` in any case."""

    idle: dt.timedelta
    longest: dt.timedelta
    invitation_days: int
    second_factor: frozenset[str]

    def needs_second_factor(self, audience: str) -> bool:
        """Whether someone of this audience needs one. Whom a pack cannot name always does."""
        return audience in self.second_factor or audience not in AUDIENCES


AUDIENCES = ("staff", "partner", "visitor", "employer", "participant")


def read_sign_in(top: Table) -> SignInRules:
    """Reads what is particular to a sign-in pack."""
    limits = top.table("limits")
    rules = SignInRules(
        idle=dt.timedelta(minutes=limits.whole("idle_minutes", at_least=1)),
        longest=dt.timedelta(hours=limits.whole("longest_hours", at_least=1)),
        invitation_days=limits.whole("invitation_days", at_least=1),
        second_factor=frozenset(limits.texts("second_factor", options=AUDIENCES)),
    )
    if rules.idle > rules.longest:
        limits.wrong("idle_minutes", "is longer than the longest sign-in")
    limits.finish()
    return rules


@dataclass(frozen=True)
class PublishingRules:
    """The data of a publishing pack: counts of fewer than `smallest` people are hidden, others rounded; a rate
    needs `rate_smallest` people."""

    smallest: int
    round_to: int
    rate_smallest: int


def read_publishing(top: Table) -> PublishingRules:
    """Reads what is particular to a publishing pack."""
    counts = top.table("counts")
    rules = PublishingRules(
        smallest=counts.whole("smallest", at_least=1),
        round_to=counts.whole("round_to", at_least=1),
        rate_smallest=counts.whole("rate_smallest", at_least=1),
    )
    counts.finish()
    return rules
