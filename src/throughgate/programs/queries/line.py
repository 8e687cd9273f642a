"""The line for a program in today's order, and all that a person who fills seats needs to see at once.

The number of queries does not grow with the line. The pages that show it note the read of every person in
``people`` (release dates and needs are restricted facts).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from django.db.models import F

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.policies import library
from throughgate.policies.waitlist import Waiting, WaitlistRules, in_order
from throughgate.programs.models import (
    LIVE_COHORT,
    OPEN_WAIT,
    Cohort,
    Enrollment,
    Program,
    WaitlistEntry,
    WaitStatus,
)
from throughgate.programs.queries.candidates import candidate_facts, cohort_facts, last_session_on, needs_of
from throughgate.programs.rules.booking import (
    Assessment,
    CandidateFacts,
    CohortFacts,
    assess,
    days_past_release,
)
from throughgate.programs.rules.eligibility import NEED_COUNTS_FROM, Outcome
from throughgate.programs.rules.waiting import Freshness, freshness, why_here

FEWEST_FOR_A_WAIT = 5
WAIT_LOOKS_BACK = dt.timedelta(days=730)


@dataclass(frozen=True)
class Row:
    """One person in line. ``place`` counts those who are approved and awake; None for everybody else.

    ``past_release`` is how many days the last session lies after the release date (negative: before it).
    ``assessment`` is None when there is no cohort to fill.
    """

    entry: WaitlistEntry
    person: Participant
    place: int | None
    waited_days: int
    freshness: Freshness
    need_assessed: bool
    release_on: dt.date | None
    past_release: int | None
    why: tuple[tuple[str, str], ...]
    assessment: Assessment | None

    @property
    def fits(self) -> bool:
        """Whether nothing at all stands against a seat."""
        return self.assessment is not None and not self.assessment.decision.refused

    @property
    def almost(self) -> Outcome | None:
        """The one near condition that is missing."""
        return self.assessment.almost if self.assessment else None

    @property
    def overridable(self) -> bool:
        """Whether someone with the permission could overrule everything that stands against a seat."""
        return self.assessment is not None and self.assessment.decision.overridable


@dataclass(frozen=True)
class Line:
    """A program's line at one facility. ``waiting`` is in today's order; ``to_decide`` by date of request;
    ``asleep`` nobody has confirmed in time. ``rule`` cites the pack that orders the line.
    """

    program: Program
    facility: Facility
    cohort: Cohort | None
    facts: CohortFacts | None
    waiting: tuple[Row, ...]
    to_decide: tuple[Row, ...]
    asleep: tuple[Row, ...]
    rule: str

    @property
    def people(self) -> list[int]:
        """Everybody on it, for the read log."""
        return [row.person.pk for row in (*self.waiting, *self.to_decide, *self.asleep)]

    @property
    def almost(self) -> tuple[Row, ...]:
        """Those in line for whom only one near condition is missing."""
        return tuple(row for row in self.waiting if row.almost is not None)


def seat_filling(*, by: Actor, cohort: Cohort) -> Line:
    """The line for a cohort's seats: order, fit, release date, clashes and every reason, person by person."""
    by.require(Permission.MANAGE_WAITLIST, cohort.facility_id)
    return _line(cohort.program, cohort.facility, cohort)


def line(*, by: Actor, program: Program, facility: Facility) -> Line:
    """The line of a program at a facility, judged for the next cohort that takes people, if there is one."""
    by.require(Permission.MANAGE_WAITLIST, facility.pk)
    cohorts = (
        Cohort.objects.filter(program=program, facility=facility, status__in=LIVE_COHORT)
        .select_related("program", "facility")
        .order_by("starts_on", "id")
    )
    open_now = [each for each in cohorts if each.ends_on >= facility.today()]
    with_seats = [each for each in open_now if each.free_seats]
    return _line(program, facility, next(iter(with_seats or open_now), None))


def _line(program: Program, facility: Facility, cohort: Cohort | None) -> Line:
    today = facility.today()
    pack = library.in_force("waitlist", facility.jurisdiction, today)
    entries = list(_entries(program.pk, facility.pk))
    ids = [entry.participant_id for entry in entries]
    facts = cohort_facts(cohort) if cohort else None
    candidates = candidate_facts(cohort, ids) if cohort else {}
    needs = {} if cohort else needs_of(ids)
    rows: dict[str, Row] = {}
    waiting: list[Waiting] = []
    for entry in entries:
        candidate = candidates.get(entry.participant_id)
        known = candidate.facts.needs if candidate else needs.get(entry.participant_id)
        stands = _stands(entry, _has_need(program, known), facts.last_session_on if facts else None)
        rows[entry.code] = _row(entry, stands, candidate=candidate, facts=facts, rules=pack.data, today=today)
        waiting.append(stands)
    order = in_order(waiting, pack.data)
    places = _places(rows, order)
    ordered = [replace(rows[each.key], place=places.get(each.key)) for each in order]
    return Line(
        program,
        facility,
        cohort,
        facts,
        waiting=tuple(row for row in ordered if row.place is not None),
        to_decide=tuple(row for row in rows.values() if row.entry.status == WaitStatus.PENDING),
        asleep=tuple(row for row in ordered if row.place is None and row.entry.status == WaitStatus.APPROVED),
        rule=pack.cite,
    )


def _entries(program: int, facility: int) -> Iterable[WaitlistEntry]:
    return (
        WaitlistEntry.objects.filter(program=program, status__in=OPEN_WAIT, participant__facility=facility)
        .select_related("participant__unit", "participant__profile")
        .order_by("requested_on", "id")
    )


def _has_need(program: Program, needs: object) -> bool:
    return isinstance(needs, dict) and any(needs.get(area, 0) >= NEED_COUNTS_FROM for area in program.needs)


def _stands(entry: WaitlistEntry, need: bool, ends_on: dt.date | None) -> Waiting:
    profile = getattr(entry.participant, "profile", None)
    return Waiting(entry.code, entry.requested_on, need, profile.release_on if profile else None, ends_on)


def _row(
    entry: WaitlistEntry,
    stands: Waiting,
    *,
    candidate: CandidateFacts | None,
    facts: CohortFacts | None,
    rules: WaitlistRules,
    today: dt.date,
) -> Row:
    return Row(
        entry=entry,
        person=entry.participant,
        place=None,
        waited_days=(today - entry.requested_on).days,
        freshness=freshness(entry.confirmed_on, rules, today),
        need_assessed=stands.need_assessed,
        release_on=stands.release_on,
        past_release=days_past_release(candidate, facts) if candidate and facts else None,
        why=why_here(stands, rules),
        assessment=assess(candidate, facts, today) if candidate and facts else None,
    )


def _places(rows: dict[str, Row], order: Iterable[Waiting]) -> dict[str, int]:
    standing = [
        each.key
        for each in order
        if rows[each.key].entry.status == WaitStatus.APPROVED and not rows[each.key].freshness.asleep
    ]
    return {key: number for number, key in enumerate(standing, start=1)}


@dataclass(frozen=True)
class Standing:
    """Where one request stands: its place among those awake (None when not in line), of how many, and why."""

    place: int | None
    of: int
    why: tuple[tuple[str, str], ...]


def standings(program: Program, facility: Facility, entries: Iterable[WaitlistEntry]) -> dict[int, Standing]:
    """Where these entries stand in the whole line, by entry id. For the system: it counts people unseen.

    Tells a number only, never who stands before.
    """
    today = facility.today()
    rules: WaitlistRules = library.in_force("waitlist", facility.jurisdiction, today).data
    everybody = list(_entries(program.pk, facility.pk))
    cohort = (
        Cohort.objects.filter(program=program, facility=facility, status__in=LIVE_COHORT, ends_on__gte=today)
        .select_related("facility")
        .order_by("starts_on", "id")
        .first()
    )
    ends_on = last_session_on(cohort) if cohort else None
    needs = needs_of([each.participant_id for each in everybody])
    waiting = {
        each.code: _stands(each, _has_need(program, needs.get(each.participant_id)), ends_on)
        for each in everybody
    }
    awake = {
        each.code
        for each in everybody
        if each.status == WaitStatus.APPROVED and not freshness(each.confirmed_on, rules, today).asleep
    }
    order = [each.key for each in in_order(waiting.values(), rules) if each.key in awake]
    places = {key: number for number, key in enumerate(order, start=1)}
    return {
        entry.pk: Standing(places.get(entry.code), len(order), why_here(waiting[entry.code], rules))
        for entry in entries
        if entry.code in waiting
    }


@dataclass(frozen=True)
class UsualWait:
    """How long people waited for a seat in a program here: the middle of the last two years' waits, in days."""

    days: int
    cases: int


def usual_wait(program: Program, facility: Facility) -> UsualWait | None:
    """The usual wait from history; None when fewer than five people ever got a seat from the line."""
    waits = [
        (starts - asked).days
        for asked, starts in Enrollment.objects.filter(
            cohort__program=program,
            cohort__facility=facility,
            entry__isnull=False,
            starts_on__gt=facility.today() - WAIT_LOOKS_BACK,
            starts_on__gte=F("entry__requested_on"),
        )
        .order_by("id")
        .values_list("entry__requested_on", "starts_on")
    ]
    return UsualWait(round(median(waits)), len(waits)) if len(waits) >= FEWEST_FOR_A_WAIT else None
