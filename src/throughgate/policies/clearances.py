"""What a facility asks of somebody who wants to come in, in three stages, and for how long each thing counts.

[P-173] to [P-185]. Requirements are versioned and dated: a clearance remembers the pack it was opened under.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from .reading import Table
from .words import Label
from .workdays import add_months

DAY = dt.timedelta(days=1)
STAGES = ("application", "approval", "onboarding")
# How a requirement is met: the visitor agrees or tells, somebody sees a paper, another body decides, a referee
# answers, a date is attended, somebody writes an evaluation. None of them stores the paper itself.
PROOFS = ("agree", "seen", "check", "reference", "training", "evaluation")
WAIVERS = ("nobody", "decider", "security")
SCOPES = ("everywhere", "facility")
UNTIL = ("months", "year_end")


@dataclass(frozen=True)
class Question:
    """A question to a referee; with ``choices`` one of them is the answer, else words."""

    code: str
    label: Label
    choices: tuple[tuple[str, Label], ...] = ()


@dataclass(frozen=True)
class Level:
    """A grade of visitor, such as one who comes a few times a year. ``visits`` a year, None: no limit."""

    code: str
    label: Label
    visits: int | None
    escorted: bool


@dataclass(frozen=True)
class Requirement:
    """One thing that is asked. All spans are months or calendar days.

    ``months`` None: it counts without an end; ``year_end``: until the end of the calendar year after that many
    months. ``due_days`` None: it must be there before the decision (or, in onboarding, before the first visit);
    else within so many days after the clearance begins. ``everywhere``: what is shown once counts at every
    facility of the jurisdiction. ``bars`` are the kinds of conflict of interest that it rules out.
    """

    code: str
    label: Label
    stage: str
    proof: str
    everywhere: bool = True
    roles: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    months: int | None = None
    year_end: bool = False
    window_days: int = 0
    grace_days: int = 0
    due_days: int | None = None
    waived_by: str = "nobody"
    count: int = 1
    help: Label | None = None
    questions: tuple[Question, ...] = ()

    def until(self, on: dt.date) -> dt.date | None:
        """The last day for which something done on a day counts; None: without an end."""
        if self.months is None:
            return None
        last = add_months(on, self.months) - DAY
        return dt.date(last.year, 12, 31) if self.year_end else last

    def asked_of(self, role: str, level: str = "") -> bool:
        """Whether somebody who comes in this role, at this level, must show it."""
        return (not self.roles or role in self.roles) and (not self.levels or level in self.levels)


@dataclass(frozen=True)
class ClearanceRules:
    """The data of a clearances pack. ``months`` is how long an approval holds.

    ``renewal_days`` before its end it may be renewed; once that was asked for, it holds ``grace_days`` longer.
    ``newly_asked_days`` is the time people have for what a later pack adds. ``usual_days`` are working days.
    """

    months: int
    renewal_days: int
    grace_days: int
    provisional_months: int
    usual_days: int
    newly_asked_days: int
    bars: tuple[str, ...]
    requirements: Mapping[str, Requirement]
    levels: Mapping[str, Level]

    def of(self, role: str, level: str = "") -> list[Requirement]:
        """What is asked of a role at a level, in the order of the pack."""
        return [each for each in self.requirements.values() if each.asked_of(role, level)]

    def until(self, first: dt.date) -> dt.date:
        """The last day of a clearance that begins on a day."""
        return add_months(first, self.months) - DAY


ROLES = ("volunteer", "mentor", "tutor", "facilitator", "partner_staff", "faith")
CONFLICTS = ("kin", "friend", "correspondent", "visiting_list", "staff")


def read(top: Table) -> ClearanceRules:
    """Reads what is particular to a clearances pack."""
    head = top.table("clearance")
    rules = ClearanceRules(
        months=head.whole("months", at_least=1),
        renewal_days=head.whole("renewal_days", at_least=1),
        grace_days=head.whole("grace_days", default=0),
        provisional_months=head.whole("provisional_months", default=0),
        usual_days=head.whole("usual_working_days", at_least=1),
        newly_asked_days=head.whole("newly_asked_days", at_least=1),
        bars=head.texts("conflicts_that_bar", options=CONFLICTS, default=()),
        requirements=top.coded("requirements", _requirement),
        levels=top.coded("levels", _level, needed=False),
    )
    head.finish()
    for each in rules.requirements.values():
        for level in each.levels:
            if level not in rules.levels:
                top.wrong("requirements", f"{each.code}: {level!r} is none of this pack's levels")
    return rules


def _requirement(table: Table) -> Requirement:
    found = Requirement(
        code=table.text("code"),
        label=table.label("label"),
        stage=table.choice("stage", STAGES),
        proof=table.choice("proof", PROOFS),
        everywhere=table.choice("counts", SCOPES, "everywhere") == "everywhere",
        roles=table.texts("roles", options=ROLES, default=()),
        levels=table.texts("levels", default=()),
        months=table.maybe_whole("months", at_least=1),
        year_end=table.choice("until", UNTIL, "months") == "year_end",
        window_days=table.whole("window_days", default=0),
        grace_days=table.whole("grace_days", default=0),
        due_days=table.maybe_whole("due_days"),
        waived_by=table.choice("waived_by", WAIVERS, "nobody"),
        count=table.whole("count", at_least=1, default=1),
        help=table.maybe_label("help"),
        questions=tuple(table.coded("questions", _question, needed=False).values()),
    )
    if found.year_end and found.months is None:
        table.wrong("until", 'needs months too, such as months = 12 with until = "year_end"')
    if found.months is None and (found.window_days or found.grace_days):
        table.wrong("window_days", "makes no sense without months: it never ends")
    if found.due_days is not None and found.stage != "onboarding":
        table.wrong("due_days", "belongs to onboarding only: the other stages come before the decision")
    if (found.proof == "reference") != bool(found.questions):
        table.wrong("questions", "belong to a reference, and every reference needs at least one")
    return found


def _level(table: Table) -> Level:
    return Level(
        code=table.text("code"),
        label=table.label("label"),
        visits=table.maybe_whole("visits_a_year", at_least=1),
        escorted=table.flag("escorted"),
    )


def _question(table: Table) -> Question:
    choices = table.coded("choices", lambda each: (each.text("code"), each.label("label")), needed=False)
    return Question(table.text("code"), table.label("label"), tuple(choices.values()))
