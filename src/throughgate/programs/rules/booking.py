"""Whether a person may have a seat in a cohort: every reason against it at once.

Some reasons may be overruled by someone with the permission to, who says why. That a person must be kept
apart from somebody, or is called elsewhere at that time, may not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.base.errors import Decision, Reason
from throughgate.programs.rules.eligibility import Condition, Eligibility, Facts, Outcome, ask

# Reasons that somebody with Permission.OVERRIDE_BOOKING may overrule; all others stand.
OVERRIDABLE = frozenset(
    {
        "full",
        "not_eligible",
        "eligibility_unknown",
        "prerequisite_missing",
        "release_before_end",
        "away",
        "has_place_in_program",
    }
)
OPEN_STATUSES = frozenset({"open", "running"})
CLASHES_SHOWN = 3


@dataclass(frozen=True)
class Clash:
    """A call at the time of a session to come: what it is for, and when (facility's clock)."""

    label: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    session_id: int


@dataclass(frozen=True)
class CohortFacts:
    """What the rules look at in a cohort. ``last_session_on`` is its last day when no session is dated yet.

    ``prerequisites`` maps a program's id to its name.
    """

    name: str
    facility_id: int
    facility_name: str
    status: str
    capacity: int
    free_seats: int
    starts_on: dt.date
    ends_on: dt.date
    last_session_on: dt.date
    conditions: tuple[Condition, ...] = ()
    prerequisites: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CandidateFacts:
    """What the rules look at in a person who might take the seat.

    ``seat`` is "active" or "suspended" when they have one in this cohort; ``other_cohort`` names another
    cohort of the same program where they have a seat; ``completed`` are program ids.
    """

    facility_id: int
    whereabouts: str = "inside"
    facts: Facts = field(default_factory=Facts)
    completed: frozenset[int] = frozenset()
    seat: str = ""
    other_cohort: str = ""
    clashes: tuple[Clash, ...] = ()
    keep_apart: bool = False


@dataclass(frozen=True)
class Assessment:
    """The decision and what stands behind it, for one person and one cohort."""

    decision: Decision
    eligibility: Eligibility

    @property
    def almost(self) -> Outcome | None:
        """The one near condition that is missing, when nothing but eligibility stands against a seat."""
        only = {reason.code for reason in self.decision.reasons} <= {"not_eligible", "full"}
        return self.eligibility.almost if only else None


def assess(candidate: CandidateFacts, cohort: CohortFacts, today: dt.date) -> Assessment:
    """Ask the program's conditions and decide, as of the facility's day."""
    eligibility = ask(cohort.conditions, candidate.facts, today)
    found = [
        *_of_cohort(cohort, today),
        *_of_place(candidate, cohort),
        *_of_eligibility(eligibility),
        *_of_preparation(candidate, cohort),
        *_of_time(candidate, cohort),
    ]
    return Assessment(Decision(tuple(found)), eligibility)


def can_enroll(candidate: CandidateFacts, cohort: CohortFacts, today: dt.date) -> Decision:
    """Whether this person may have a seat in this cohort, with every reason against it."""
    return assess(candidate, cohort, today).decision


def days_past_release(candidate: CandidateFacts, cohort: CohortFacts) -> int | None:
    """How many days the last session lies after the release date; negative when before, None when not known."""
    release = candidate.facts.release_on
    return None if release is None else (cohort.last_session_on - release).days


def said(day: dt.date) -> str:
    """A day in words: 14 Feb 2027."""
    return date_format(day, "j M Y")


def _no(code: str, text: str, remedy: str = "") -> Reason:
    return Reason(code, text, remedy, overridable=code in OVERRIDABLE)


def _of_cohort(cohort: CohortFacts, today: dt.date) -> Iterator[Reason]:
    if cohort.ends_on < today:
        over = _("The cohort ended on %(day)s.") % {"day": said(cohort.ends_on)}
        yield _no("cohort_over", over, _("Choose a cohort that is still to come."))
    elif cohort.status not in OPEN_STATUSES:
        yield _no("cohort_not_open", _("The cohort takes nobody now."), _("Open the cohort first."))
    if cohort.free_seats <= 0:
        full = ngettext("The only seat is taken.", "All %(seats)d seats are taken.", cohort.capacity)
        yield _no("full", full % {"seats": cohort.capacity}, _("Wait for a seat, or choose another cohort."))


def _of_place(candidate: CandidateFacts, cohort: CohortFacts) -> Iterator[Reason]:
    if candidate.seat == "suspended":
        yield _no("place_paused", _("The person's place here is paused."), _("Resume the place instead."))
    elif candidate.seat:
        yield _no("already_enrolled", _("The person already has a seat in this cohort."))
    elif candidate.other_cohort:
        other = _("The person has a seat in another cohort of this program: %(cohort)s.")
        yield _no("has_place_in_program", other % {"cohort": candidate.other_cohort})
    if candidate.whereabouts in {"died", "closed"}:
        yield _no("record_closed", _("The person's record is closed."))
    elif candidate.facility_id != cohort.facility_id:
        elsewhere = _("The person is not at %(facility)s.") % {"facility": cohort.facility_name}
        yield _no("wrong_facility", elsewhere, _("Choose a cohort where the person is."))
    elif candidate.whereabouts == "away":
        yield _no("away", _("The person is temporarily away."), _("Give the seat when they are back."))
    if candidate.keep_apart:
        text = _("This person may not be in this cohort. Ask security if you need to know more.")
        yield _no("keep_apart", text, _("Choose another cohort."))


def _of_eligibility(eligibility: Eligibility) -> Iterator[Reason]:
    for outcome in eligibility.missing:
        words = {"condition": outcome.condition.said, "far": outcome.how_far}
        text = (
            _("Not eligible: %(condition)s (%(far)s).")
            if outcome.how_far
            else _("Not eligible: %(condition)s.")
        )
        when = _("Met from %(day)s.") % {"day": said(outcome.met_on)} if outcome.met_on else ""
        yield _no("not_eligible", text % words, when)
    for outcome in eligibility.unknown:
        unknown = _("Not known: %(condition)s.") % {"condition": outcome.condition.said}
        yield _no("eligibility_unknown", unknown, _("Record the fact first."))


def _of_preparation(candidate: CandidateFacts, cohort: CohortFacts) -> Iterator[Reason]:
    for program_id, name in cohort.prerequisites.items():
        if program_id not in candidate.completed:
            missing = _("%(program)s has to be completed first.") % {"program": name}
            yield _no("prerequisite_missing", missing, _("Put the person in line for it."))


def _of_time(candidate: CandidateFacts, cohort: CohortFacts) -> Iterator[Reason]:
    late = days_past_release(candidate, cohort)
    if late is not None and late > 0 and candidate.facts.release_on is not None:
        text = ngettext(
            "The last session is %(days)d day after the expected release (%(release)s).",
            "The last session is %(days)d days after the expected release (%(release)s).",
            late,
        )
        words = text % {"days": late, "release": said(candidate.facts.release_on)}
        yield _no("release_before_end", words, _("Choose a cohort that ends earlier."))
    if candidate.clashes:
        yield _no(
            "called_elsewhere", clash_words(candidate.clashes), _("Exclude that time, or move one of them.")
        )


def clash_words(clashes: tuple[Clash, ...]) -> str:
    """Where else the person is called, the first few by name."""
    shown = [
        f"{clash.label}, {date_format(clash.starts_at, 'D j M H:i')}–{date_format(clash.ends_at, 'H:i')}"
        for clash in clashes[:CLASHES_SHOWN]
    ]
    rest = len(clashes) - len(shown)
    more = "; " + ngettext("and %(count)d more", "and %(count)d more", rest) % {"count": rest} if rest else ""
    return _("Called elsewhere at that time: %(where)s.") % {"where": "; ".join(shown) + more}
