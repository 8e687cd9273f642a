"""What a person is told about a program: what fits, what is missing and how to get it. Plain words, grade 6.

Whatever lies with other people, or is not told, reads the same: a full group, a closed one, and one that the
person may not share with somebody all give the one sentence of :func:`no_seat` ([A-45], [F-9]).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.base.errors import Reason
from throughgate.programs.rules.booking import Assessment, CandidateFacts, CohortFacts
from throughgate.programs.rules.eligibility import Outcome, Verdict

# What lies with the person and is told as it is. Everything else lies with others and is never told apart.
OWN = frozenset(
    {
        "not_eligible",
        "eligibility_unknown",
        "prerequisite_missing",
        "release_before_end",
        "called_elsewhere",
        "has_place_in_program",
        "place_paused",
        "already_enrolled",
        "away",
        "record_closed",
    }
)
SEAT = frozenset({"has_place_in_program", "place_paused", "already_enrolled"})


class State(StrEnum):
    """How a program stands for a person, the best first."""

    SEAT = "seat"
    FITS = "fits"
    NO_SEAT = "no_seat"
    ALMOST = "almost"
    NOT_NOW = "not_now"


@dataclass(frozen=True)
class Missing:
    """One thing that is missing, and how to get it."""

    what: str
    how: str


@dataclass(frozen=True)
class Told:
    """How one group stands for a person. ``closed`` says that there is no seat for reasons that are not told."""

    state: State
    missing: tuple[Missing, ...] = ()
    closed: bool = False

    @property
    def head(self) -> str:
        """The answer in a sentence or two."""
        return HEADS[self.state]()

    @property
    def order(self) -> tuple[int, int]:
        """For choosing which group of a program to speak of: the nearest first."""
        return list(State).index(self.state), len(self.missing)


def day(date: dt.date) -> str:
    """A day in words: 3 Dec 2026."""
    return date_format(date, "j M Y")


def no_seat() -> str:
    """The one sentence for everything that lies with others."""
    return _("There is no seat for you in this group at this time.")


HEADS: Mapping[State, Callable[[], str]] = {
    State.SEAT: lambda: _("You have a seat."),
    State.FITS: lambda: _("This fits you. You can ask for a place."),
    State.NO_SEAT: lambda: _("This fits you.") + " " + no_seat() + " " + _("You can wait in line for it."),
    State.ALMOST: lambda: _("You can almost take this. One thing is missing."),
    State.NOT_NOW: lambda: _("You cannot take this now. This is why:"),
}


def tell(candidate: CandidateFacts, cohort: CohortFacts, found: Assessment) -> Told:
    """What the booking rules say about a person and a group, in words for the person."""
    codes = {reason.code for reason in found.decision.reasons}
    if codes & SEAT:
        return Told(State.SEAT)
    missing = (
        *(_of_fact(outcome) for outcome in (*found.eligibility.missing, *found.eligibility.unknown)),
        *_of_rest(candidate, cohort, found.decision.reasons),
    )
    closed = bool(codes - OWN)
    if not missing:
        return Told(State.NO_SEAT if closed else State.FITS, closed=closed)
    near = len(missing) == 1 and _near(candidate, cohort, found)
    return Told(State.ALMOST if near else State.NOT_NOW, missing, closed)


def _near(candidate: CandidateFacts, cohort: CohortFacts, found: Assessment) -> bool:
    """Whether the one thing that is missing is near: a near condition, a first course, a clash of times."""
    conditions = (*found.eligibility.missing, *found.eligibility.unknown)
    if conditions:
        return conditions[0].near or conditions[0].verdict is Verdict.UNKNOWN
    return bool(candidate.clashes or cohort.prerequisites)


def _of_fact(outcome: Outcome) -> Missing:
    words = outcome.condition.said.strip().rstrip(".")
    if outcome.verdict is Verdict.UNKNOWN:
        what = _("It asks for this: %(words)s. Your papers do not say.") % {"words": words}
        return Missing(what, _("Ask your case manager to write it down."))
    what = _("It asks for this: %(words)s.") % {"words": words}
    if outcome.how_far:
        what += " " + _("You are not there yet: %(far)s.") % {"far": outcome.how_far}
    return Missing(what, _how(outcome))


def _how(outcome: Outcome) -> str:
    fact = outcome.condition.fact
    if outcome.met_on is not None:
        when = {"day": day(outcome.met_on)}
        if fact == "days_clear":
            return _("Stay clear of write-ups. Then you get there on %(day)s.") % when
        return _("You only have to wait. You get there on %(day)s.") % when
    return HOW.get(fact, HOW["population"])()


HOW: Mapping[str, Callable[[], str]] = {
    "reading_level": lambda: _("Ask for a reading class, or for a new reading test."),
    "has_diploma": lambda: _("Ask the school about your diploma or the test for it."),
    "custody_level": lambda: _("Ask your case manager to look at your custody level again."),
    "need": lambda: _("Ask your case manager for a new talk about what you need."),
    "months_left": lambda: _("The time you have left does not fit. Ask about a course that does."),
    "days_clear": lambda: _("Ask your case manager from when you can take it."),
    "age": lambda: _("Your age does not fit. Ask about a course that does."),
    "population": lambda: _("Ask your case manager about a course like this one for you."),
}


def _of_rest(candidate: CandidateFacts, cohort: CohortFacts, reasons: Iterable[Reason]) -> Iterable[Missing]:
    codes = [reason.code for reason in reasons]
    for program, name in cohort.prerequisites.items():
        if program not in candidate.completed:
            what = _("You have to finish this first: %(program)s.") % {"program": name}
            yield Missing(what, _("Ask for a place in it."))
    release = candidate.facts.release_on
    if "release_before_end" in codes and release is not None:
        what = _("It ends on %(end)s. Your papers say that you go home on %(home)s.") % {
            "end": day(cohort.last_session_on),
            "home": day(release),
        }
        yield Missing(what, _("Ask about a shorter course. Is the date wrong? Tell us."))
    if "called_elsewhere" in codes:
        labels = ", ".join(dict.fromkeys(clash.label for clash in candidate.clashes))
        what = _("It is at the same time as this: %(labels)s.") % {"labels": labels}
        yield Missing(what, _("Ask if one of them can move, or wait for a new group."))
    if "away" in codes:
        yield Missing(_("You are away now."), _("Ask again when you are back."))
    if "record_closed" in codes:
        yield Missing(_("Your papers here are closed."), _("Ask the office about it."))


def place_words(place: int, of: int) -> str:
    """Where somebody stands in line."""
    return _("You are number %(place)d of %(of)d in line.") % {"place": place, "of": of}


def asked_words() -> str:
    """For a request that nobody has decided yet."""
    return _("You asked for this. You get an answer.")


def nothing_runs() -> str:
    """For a request whose program has no group here."""
    return _("No group of it runs here now.")


def wait_words(days: int | None) -> str:
    """How long people wait here; None when it is not known."""
    if days is None:
        return _("We do not know yet how long people wait for it.")
    return ngettext(
        "Most people wait about %(n)d day for a seat.", "Most people wait about %(n)d days for a seat.", days
    ) % {"n": days}


def next_words(starts_on: dt.date, today: dt.date) -> str:
    """When the group begins or that it runs."""
    if starts_on <= today:
        return _("The group has started.")
    return _("The next group starts on %(day)s.") % {"day": day(starts_on)}


# What was in the way the last time seats were given, where it lay with the person's own plan.
LAST: Mapping[str, Callable[[], str]] = {
    "clash": lambda: _("It was at the same time as another seat that you got."),
    "program": lambda: _("You got a seat in another group of this course."),
    "first": lambda: _("You have to finish another course first."),
    "limit": lambda: _("You got as many seats as one person can get at once."),
}


def last_words(made_on: dt.date, told: Iterable[str]) -> str:
    """What came of the last time seats were given, for somebody who got none. One sentence for all others' doings."""
    head = _("Seats were last given out on %(day)s.") % {"day": day(made_on)}
    own = [LAST[kind]() for kind in told if kind in LAST]
    rest = own or [_("There was no seat for you at that time.")]
    return " ".join((head, *rest, _("You keep your place in line.")))


def appeal_words() -> tuple[str, ...]:
    """How to say that something is wrong."""
    return (
        _("Is a fact about you wrong? Is a rule not fair? You can say so."),
        _("Say it on this page, or write it on the slip and hand it in."),
        _("A person reads it and has to answer you. No one may treat you worse because of it."),
    )
