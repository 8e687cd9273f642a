"""What the allocation engine is told about a facility: who stands in line, and the seats that are free.

Runs as the system in a job. The booking rules stay the one judge of who may have which seat: a pair that they
refuse is barred with an opaque word. Keep-apart orders go in as bare pairs and come out nowhere ([A-45]).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from throughgate.engines.allocation.model import Cohort as EngineCohort
from throughgate.engines.allocation.model import Pair, Person, Session
from throughgate.engines.allocation.model import Program as EngineProgram
from throughgate.people.models import KeepApart, NeedDomain, Participant
from throughgate.policies import library
from throughgate.programs.models import (
    LIVE_COHORT,
    SEATED,
    Cohort,
    CohortStatus,
    Enrollment,
    SeatPlan,
    WaitlistEntry,
    WaitStatus,
    WeeklySlot,
)
from throughgate.programs.queries.candidates import candidate_facts, cohort_facts, last_session_on, needs_of
from throughgate.programs.rules.booking import assess
from throughgate.programs.rules.waiting import freshness

DAY = dt.timedelta(days=1)
ASKED = 0.1  # a person who asked, without an assessed need, has a little one
STRENGTH = 0.8  # how much of each need that it addresses one completion covers
LEVELS = 3


@dataclass(frozen=True)
class PlanInput:
    """Rows for the engine by the codes of people, programs and cohorts, and what the pages tell about them.

    ``asked`` maps (person, program) to the days since the request; ``levels`` person to assessed levels.
    """

    people: list[Person]
    programs: list[EngineProgram]
    cohorts: list[EngineCohort]
    pairs: list[Pair]
    apart: list[tuple[str, str]]
    fixed: list[tuple[str, str]]
    asked: dict[tuple[str, str], int]
    levels: dict[str, dict[str, int]]
    participants: dict[str, Participant]
    live: dict[str, Cohort]
    lasts: dict[str, dt.date]
    gaps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def possible(self) -> int:
        """Pairs of a person and a cohort with free seats that the booking rules allow."""
        return sum(not pair.barred for pair in self.pairs)


def gather(plan: SeatPlan) -> PlanInput:
    """Read everything the engine may know for this plan, as of the facility's day."""
    facility, today = plan.facility, plan.facility.today()
    live = list(
        Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, ends_on__gte=today)
        .select_related("program", "facility")
        .order_by("starts_on", "id")
    )
    entries = _in_line(plan, live, today)
    participants = {entry.participant_id: entry.participant for entry in entries}
    levels = needs_of(list(participants))
    seats = list(
        Enrollment.objects.filter(participant__in=participants, status__in=SEATED, cohort__in=live)
        .select_related("participant", "cohort")
        .order_by("id")
    )
    slots = _weekly(live)
    lasts = {each.pk: last_session_on(each) for each in live}
    asked = {
        (entry.participant.code, entry.program.code): (today - entry.requested_on).days for entry in entries
    }
    return PlanInput(
        people=list(_people(facility.code, participants.values(), levels, entries, today)),
        programs=list(_programs(live)),
        cohorts=[_cohort(each, slots[each.pk], lasts[each.pk], seats, today) for each in live],
        pairs=list(_pairs(plan, live, list(participants.values()), asked, today)),
        apart=_apart(participants, today),
        fixed=[(seat.participant.code, seat.cohort.code) for seat in seats],
        asked=asked,
        levels={participants[who].code: known for who, known in levels.items()},
        participants={each.code: each for each in participants.values()},
        live={each.code: each for each in live},
        lasts={each.code: lasts[each.pk] for each in live},
        gaps=_gaps(entries, levels, live),
    )


def _in_line(plan: SeatPlan, live: Sequence[Cohort], today: dt.date) -> list[WaitlistEntry]:
    """Approved requests here that somebody still wants, for programs that have a live cohort here."""
    rules = library.in_force("waitlist", plan.facility.jurisdiction, today).data
    programs = {plan.cohort.program_id} if plan.cohort else {each.program_id for each in live}
    rows = (
        WaitlistEntry.objects.filter(
            status=WaitStatus.APPROVED, participant__facility=plan.facility, program__in=programs
        )
        .select_related("participant__profile", "program")
        .order_by("requested_on", "id")
    )
    return [entry for entry in rows if not freshness(entry.confirmed_on, rules, today).asleep]


def _people(
    facility: str,
    people: Iterable[Participant],
    levels: dict[int, dict[str, int]],
    entries: Iterable[WaitlistEntry],
    today: dt.date,
) -> Iterator[Person]:
    wanted: dict[int, set[str]] = defaultdict(set)
    waits: dict[int, int] = defaultdict(int)
    for entry in entries:
        wanted[entry.participant_id] |= set(entry.program.needs) or {NeedDomain.EDUCATION}
        waits[entry.participant_id] = max(waits[entry.participant_id], (today - entry.requested_on).days)
    for person in people:
        known = levels.get(person.pk, {})
        profile = getattr(person, "profile", None)
        release = profile.release_on if profile else None
        needs = {need: ASKED for need in wanted[person.pk]}
        needs |= {need: level / LEVELS for need, level in known.items() if level}
        yield Person(
            person.code,
            facility,
            needs,
            # The engine counts from the first day after a last session, the record names the day itself.
            release=None if release is None else max(0, (release - today).days + 1),
            wait=float(max(0, waits[person.pk])),
        )


def _programs(live: Iterable[Cohort]) -> Iterator[EngineProgram]:
    for program in {each.program_id: each.program for each in live}.values():
        needs = program.needs or [NeedDomain.EDUCATION]
        yield EngineProgram(program.code, str(needs[0]), {str(need): STRENGTH for need in needs})


def _cohort(
    cohort: Cohort, slots: Sequence[WeeklySlot], last: dt.date, seats: Iterable[Enrollment], today: dt.date
) -> EngineCohort:
    known = sum(seat.cohort_id == cohort.pk for seat in seats)
    start = max(0, (cohort.starts_on - today).days)
    fewest = cohort.minimum - (cohort.seats_taken - known) if cohort.status == CohortStatus.OPEN else 0
    return EngineCohort(
        cohort.code,
        cohort.program.code,
        (cohort.facility.code,),
        start=start,
        end=max(start, (last - today).days) + 1,
        seats=cohort.free_seats + known,
        sessions=tuple(
            Session(slot.weekday, _minute(slot.starts), _minute(slot.ends))
            for slot in slots
            if slot.starts < slot.ends
        ),
        min_seats=max(0, min(fewest, cohort.free_seats + known)),
    )


def _minute(time: dt.time) -> int:
    return time.hour * 60 + time.minute


def _weekly(live: Iterable[Cohort]) -> dict[int, list[WeeklySlot]]:
    found: dict[int, list[WeeklySlot]] = defaultdict(list)
    for slot in WeeklySlot.objects.filter(cohort__in=live).order_by("cohort", "weekday", "starts"):
        found[slot.cohort_id].append(slot)
    return found


def _pairs(
    plan: SeatPlan,
    live: Iterable[Cohort],
    people: Sequence[Participant],
    asked: dict[tuple[str, str], int],
    today: dt.date,
) -> Iterator[Pair]:
    """Every pair with its bar: a seat nobody asked for, or one that the booking rules refuse."""
    for cohort in live:
        wanted = [each.pk for each in people if (each.code, cohort.program.code) in asked]
        considered = cohort.free_seats > 0 and (plan.cohort_id in (None, cohort.pk))
        facts = candidate_facts(cohort, wanted) if considered and wanted else {}
        of_cohort = cohort_facts(cohort) if facts else None
        for person in people:
            known = facts.get(person.pk)
            barred = "not asked for"
            if known is not None and of_cohort is not None:
                barred = "refused" if assess(known, of_cohort, today).decision.refused else ""
            yield Pair(person.code, cohort.code, barred=barred)


def _apart(participants: dict[int, Participant], today: dt.date) -> list[tuple[str, str]]:
    rows = KeepApart.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today),
        first__in=list(participants),
        second__in=list(participants),
    )
    return [
        (participants[one].code, participants[two].code)
        for one, two in rows.order_by("id").values_list("first_id", "second_id")
    ]


def _gaps(
    entries: Iterable[WaitlistEntry], levels: dict[int, dict[str, int]], live: Iterable[Cohort]
) -> list[dict[str, Any]]:
    """Need by need: people in line with an assessed need of it, people in line for it, and its free seats."""
    assessed: dict[str, set[int]] = defaultdict(set)
    waiting: dict[str, set[int]] = defaultdict(set)
    free: dict[str, int] = defaultdict(int)
    for entry in entries:
        for need in levels.get(entry.participant_id, {}):
            assessed[need].add(entry.participant_id)
        for need in entry.program.needs:
            waiting[need].add(entry.participant_id)
    for cohort in live:
        for need in cohort.program.needs:
            free[need] += cohort.free_seats
    return [
        {
            "need": need,
            "assessed": len(assessed[need]),
            "waiting": len(waiting[need]),
            "free": free[need],
        }
        for need in NeedDomain.values
        if assessed[need] or waiting[need] or free[need]
    ]
