"""What the allocation engine is told about a facility: who stands in line, and the seats that are free.

Runs as the system in a job. The booking rules stay the one judge of who may have which seat: a pair that they
refuse is barred with an opaque word. Keep-apart orders go in as bare pairs and come out nowhere ([A-45]).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Q

from throughgate.engines.allocation.model import Cohort as EngineCohort
from throughgate.engines.allocation.model import Pair, Person, Session
from throughgate.engines.allocation.model import Program as EngineProgram
from throughgate.people.models import KeepApart, Need, NeedDomain, Participant, Whereabouts
from throughgate.places.models import Facility
from throughgate.policies import library
from throughgate.policies.packs import Pack
from throughgate.policies.weights import SeatWeights
from throughgate.programs.models import (
    LIVE_COHORT,
    SEATED,
    Cohort,
    CohortStatus,
    Enrollment,
    ProposalStatus,
    SeatPlan,
    SeatProposal,
    WaitlistEntry,
    WaitStatus,
    WeeklySlot,
)
from throughgate.programs.queries.candidates import candidate_facts, cohort_facts, last_session_on, needs_of
from throughgate.programs.rules.booking import assess
from throughgate.programs.rules.waiting import freshness

DAY = dt.timedelta(days=1)
NOT_ASKED, REFUSED = "not asked for", "refused"
SOON_DAYS = 26 * 7  # the group that the engine's own fairness report calls near its release


@dataclass(frozen=True)
class Asked:
    """What is to be gathered: a facility's free seats, or those of one program or cohort there.

    ``held`` are seats of the proposal before, by codes. For a new partner, ``wider`` brings in everybody here
    with one of these needs, whether or not they stand in a line.
    """

    facility: Facility
    program_id: int | None = None
    cohort_id: int | None = None
    held: tuple[tuple[str, str], ...] = ()
    wider: frozenset[str] = frozenset()

    def considers(self, cohort: Cohort) -> bool:
        """Whether free seats of this cohort are to be given."""
        mine = self.program_id in (None, cohort.program_id) and self.cohort_id in (None, cohort.pk)
        return mine and cohort.free_seats > 0


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
    held: list[tuple[str, str]]
    asked: dict[tuple[str, str], int]
    levels: dict[str, dict[str, int]]
    participants: dict[str, Participant]
    live: dict[str, Cohort]
    lasts: dict[str, dt.date]
    weights: Pack[SeatWeights]
    today: dt.date
    gaps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def possible(self) -> int:
        """Pairs of a person and a cohort with free seats that the booking rules allow."""
        return sum(not pair.barred for pair in self.pairs)


def asked_for(plan: SeatPlan) -> Asked:
    """What a proposal asks for, with the seats that the one before it still proposes."""
    held = (
        SeatProposal.objects.filter(plan=plan.previous_id, status=ProposalStatus.PROPOSED)
        .order_by("id")
        .values_list("participant__code", "cohort__code")
    )
    return Asked(plan.facility, plan.program_id, plan.cohort_id, tuple(held) if plan.previous_id else ())


def gather(asked: Asked) -> PlanInput:
    """Read everything the engine may know, as of the facility's day."""
    facility = asked.facility
    today = facility.today()
    weights = library.in_force("seat-weights", facility.jurisdiction, today)
    live = list(
        Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, ends_on__gte=today)
        .select_related("program", "facility")
        .order_by("starts_on", "id")
    )
    entries = _in_line(asked, live, today)
    participants = {entry.participant_id: entry.participant for entry in entries}
    participants |= {each.pk: each for each in _with_need(asked) if each.pk not in participants}
    levels = needs_of(list(participants))
    seats = list(
        Enrollment.objects.filter(participant__in=participants, status__in=SEATED, cohort__in=live)
        .select_related("participant", "cohort")
        .order_by("id")
    )
    slots = _weekly(live)
    lasts = {each.pk: last_session_on(each) for each in live}
    waits = {
        (entry.participant.code, entry.program.code): (today - entry.requested_on).days for entry in entries
    }
    return PlanInput(
        people=list(
            _people(facility.code, weights.data, participants.values(), levels, entries, today=today)
        ),
        programs=list(_programs(live, weights.data)),
        cohorts=[_cohort(each, slots[each.pk], lasts[each.pk], seats, today) for each in live],
        pairs=list(_pairs(asked, live, list(participants.values()), waits, today)),
        apart=_apart(participants, today),
        fixed=[(seat.participant.code, seat.cohort.code) for seat in seats],
        held=list(asked.held),
        asked=waits,
        levels={participants[who].code: known for who, known in levels.items() if who in participants},
        participants={each.code: each for each in participants.values()},
        live={each.code: each for each in live},
        lasts={each.code: lasts[each.pk] for each in live},
        weights=weights,
        today=today,
        gaps=_gaps(entries, levels, live),
    )


def _in_line(asked: Asked, live: Sequence[Cohort], today: dt.date) -> list[WaitlistEntry]:
    """Approved requests here that somebody still wants, for programs that have a live cohort here."""
    rules = library.in_force("waitlist", asked.facility.jurisdiction, today).data
    programs = {each.program_id for each in live}
    if asked.program_id:
        programs = {asked.program_id}
    if asked.cohort_id:
        programs = {each.program_id for each in live if each.pk == asked.cohort_id}
    rows = (
        WaitlistEntry.objects.filter(
            status=WaitStatus.APPROVED, participant__facility=asked.facility, program__in=programs
        )
        .select_related("participant__profile", "program")
        .order_by("requested_on", "id")
    )
    return [entry for entry in rows if not freshness(entry.confirmed_on, rules, today).asleep]


def _with_need(asked: Asked) -> list[Participant]:
    """People here with one of the wider needs, whether or not they stand in a line."""
    if not asked.wider:
        return []
    known = Need.objects.filter(
        domain__in=asked.wider,
        participant__facility=asked.facility,
        participant__whereabouts=Whereabouts.INSIDE,
    )
    rows = Participant.objects.filter(pk__in=known.values("participant")).select_related("profile")
    return list(rows.order_by("id"))


def _people(
    facility: str,
    weights: SeatWeights,
    people: Iterable[Participant],
    levels: dict[int, dict[str, int]],
    entries: Iterable[WaitlistEntry],
    *,
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
        needs = {need: weights.asked for need in wanted[person.pk]}
        needs |= {need: weights.levels[level] for need, level in known.items() if level}
        yield Person(
            person.code,
            facility,
            needs,
            # The engine counts from the first day after a last session, the record names the day itself.
            release=None if release is None else max(0, (release - today).days + 1),
            wait=float(max(0, waits[person.pk])),
            groups=groups_of(person, release, today),
        )


def groups_of(person: Participant, release: dt.date | None, today: dt.date) -> dict[str, str]:
    """Labels that audits and floors read; no worth of a seat ever does ([F-13])."""
    profile = getattr(person, "profile", None)
    left = None if release is None else (release - today).days
    return {
        "language": person.language,
        "leaving": "unknown" if left is None else "soon" if left <= SOON_DAYS else "later",
        "sex": profile.sex if profile else "",
        "race": profile.race_ethnicity if profile else "",
    }


def _programs(live: Iterable[Cohort], weights: SeatWeights) -> Iterator[EngineProgram]:
    for program in {each.program_id: each.program for each in live}.values():
        needs = program.needs or [NeedDomain.EDUCATION]
        yield EngineProgram(program.code, str(needs[0]), {str(need): weights.covered for need in needs})


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
        sessions=tuple(Session(slot.weekday, minute(slot.starts), minute(slot.ends)) for slot in slots),
        min_seats=max(0, min(fewest, cohort.free_seats + known)),
    )


def minute(time: dt.time) -> int:
    """Minutes after midnight."""
    return time.hour * 60 + time.minute


def _weekly(live: Iterable[Cohort]) -> dict[int, list[WeeklySlot]]:
    found: dict[int, list[WeeklySlot]] = defaultdict(list)
    for slot in WeeklySlot.objects.filter(cohort__in=live).order_by("cohort", "weekday", "starts"):
        found[slot.cohort_id].append(slot)
    return found


def _pairs(
    asked: Asked,
    live: Iterable[Cohort],
    people: Sequence[Participant],
    waits: dict[tuple[str, str], int],
    today: dt.date,
) -> Iterator[Pair]:
    """Every pair with its bar: a seat nobody asked for, or one that the booking rules refuse."""
    for cohort in live:
        wanted = [each.pk for each in people if (each.code, cohort.program.code) in waits]
        considered = asked.considers(cohort) and bool(wanted)
        bars = bars_of(cohort, wanted, today) if considered else {}
        for person in people:
            yield Pair(person.code, cohort.code, barred=bars.get(person.pk, NOT_ASKED))


def bars_of(
    cohort: Cohort, people: Collection[int], today: dt.date, *, retimed: bool = False, **changed: Any
) -> dict[int, str]:
    """What the booking rules say of these people, by id: "" or an opaque word. ``changed`` are other cohort facts.

    ``retimed`` leaves out who is called elsewhere at the cohort's present times, or has a seat in it already.
    """
    facts, of_cohort = candidate_facts(cohort, people), replace(cohort_facts(cohort), **changed)
    if retimed:
        facts = {who: replace(known, clashes=(), seat="") for who, known in facts.items()}
    return {
        who: REFUSED if assess(known, of_cohort, today).decision.refused else ""
        for who, known in facts.items()
    }


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
