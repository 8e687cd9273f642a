"""Every rule that stands between a person and a seat, for the coordinator: fact, where it is kept, what changes it.

True in both directions: with all rows mended the booking rules give the seat, and with one left they do not.
Why a person may not share a group with somebody is not among the rows; :func:`untold` says the one sentence
that also stands for a group that would be too small to run ([A-45], [F-9]).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason
from throughgate.programs.rules.booking import Assessment, said
from throughgate.programs.rules.eligibility import Outcome, Verdict

SECRET = frozenset({"keep_apart"})
ELIGIBILITY = frozenset({"not_eligible", "eligibility_unknown"})


@dataclass(frozen=True)
class RuleRow:
    """One failing rule: what is so, where that fact is kept, what would change it. ``almost`` says it is near."""

    code: str
    fact: str
    source: str
    remedy: str
    almost: bool = False


def rows(found: Assessment) -> tuple[RuleRow, ...]:
    """All failing rules, the leading one first; a keep-apart order is not among them."""
    return tuple(_rows(found))


def _rows(found: Assessment) -> Iterator[RuleRow]:
    rest = [each for each in found.decision.reasons if each.code not in ELIGIBILITY | SECRET]
    yield from (_plain(each) for each in rest if each.code not in LAST)
    for outcome in (*found.eligibility.missing, *found.eligibility.unknown):
        yield _of_fact(outcome, found)
    yield from (_plain(each) for each in rest if each.code in LAST)


def _plain(reason: Reason) -> RuleRow:
    source = SOURCES.get(reason.code, lambda: _("Programs and cohorts"))()
    return RuleRow(reason.code, str(reason.text), source, str(reason.remedy) or _("Nothing: it is as it is."))


def _of_fact(outcome: Outcome, found: Assessment) -> RuleRow:
    condition = outcome.condition
    known = outcome.verdict is not Verdict.UNKNOWN
    words = {"condition": condition.said, "far": outcome.how_far}
    if not known:
        fact = _("Not known: %(condition)s.") % words
    elif outcome.how_far:
        fact = _("Not eligible: %(condition)s (%(far)s).") % words
    else:
        fact = _("Not eligible: %(condition)s.") % words
    source, remedy = OF_FACT.get(condition.fact, OF_FACT["population"])
    mend = _("Record the fact.") if not known else remedy()
    if outcome.met_on is not None:
        mend = _("Met from %(day)s by itself.") % {"day": said(outcome.met_on)}
    code = "eligibility_unknown" if not known else "not_eligible"
    return RuleRow(f"{code}:{condition.fact}", fact, source(), mend, found.almost is outcome)


# What is asked last: a seat can be free again, and a time can move.
LAST = frozenset({"full", "called_elsewhere"})
SOURCES: Mapping[str, Callable[[], str]] = {
    "full": lambda: _("Seats of the cohort"),
    "called_elsewhere": lambda: _("Calls: programs, court, health, visits"),
    "release_before_end": lambda: _("Release date of the profile"),
    "prerequisite_missing": lambda: _("Completed programs"),
    "already_enrolled": lambda: _("Places"),
    "place_paused": lambda: _("Places"),
    "has_place_in_program": lambda: _("Places"),
    "wrong_facility": lambda: _("Stays and transfers"),
    "away": lambda: _("Absences"),
    "record_closed": lambda: _("Stays and transfers"),
}
OF_FACT: Mapping[str, tuple[Callable[[], str], Callable[[], str]]] = {
    "reading_level": (
        lambda: _("Reading test in the profile"),
        lambda: _("A reading course, or a new test."),
    ),
    "has_diploma": (
        lambda: _("Education record in the profile"),
        lambda: _("A completed diploma, or its record."),
    ),
    "custody_level": (
        lambda: _("Classification in the profile"),
        lambda: _("A review of the level by classification."),
    ),
    "need": (lambda: _("Latest assessment of needs"), lambda: _("A new assessment.")),
    "months_left": (
        lambda: _("Release date of the profile"),
        lambda: _("Another cohort, or a corrected date."),
    ),
    "days_clear": (
        lambda: _("Misconduct finding in the profile"),
        lambda: _("Time, or a corrected finding."),
    ),
    "age": (lambda: _("Date of birth in the profile"), lambda: _("A corrected date of birth.")),
    "population": (lambda: _("The facility"), lambda: _("A cohort in another facility.")),
}


def untold() -> str:
    """The one sentence for what is not told, to everybody the same."""
    return _(
        "Not available at this time. It may be a group that would be too small, or something that only security"
        " knows; ask them whether it can change."
    )


def secret(reasons: Iterable[Reason], told: Iterable[str]) -> bool:
    """Whether the sentence of :func:`untold` belongs into the answer."""
    return any(reason.code in SECRET for reason in reasons) or "unavailable" in set(told)
