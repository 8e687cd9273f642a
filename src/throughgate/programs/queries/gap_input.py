"""What the gap map is made from: everybody's needs, the seats they hold, the seats that are free.

Runs as the system in a job. Unlike a proposal for seats it looks at everybody in the facility with an assessed
need, in line or not; only people in line whom the booking rules allow may take a free seat in it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from throughgate.engines.allocation.model import Cohort as EngineCohort
from throughgate.engines.allocation.model import Pair, Person, Session
from throughgate.engines.allocation.model import Program as EngineProgram
from throughgate.partners.models import OrganizationStatus, Service
from throughgate.people.models import Need, NeedDomain, Participant, Whereabouts
from throughgate.places.models import Facility
from throughgate.policies.outreach import OutreachRules
from throughgate.programs.models import (
    LIVE_COHORT,
    SEATED,
    Cohort,
    Enrollment,
    WaitlistEntry,
    WaitStatus,
    WeeklySlot,
)
from throughgate.programs.queries.candidates import candidate_facts, cohort_facts
from throughgate.programs.rules.booking import assess
from throughgate.programs.rules.eligibility import NEED_COUNTS_FROM

LEVELS = 3


@dataclass(frozen=True)
class GapInput:
    """Rows for the engine, by the codes of people and cohorts. Programs of new courses are named by need."""

    facility: str
    people: list[Person]
    programs: list[EngineProgram]
    cohorts: list[EngineCohort]
    pairs: list[Pair]
    fixed: list[tuple[str, str]]


def new_course(need: str) -> str:
    """The engine's name for a course that would be new."""
    return f"new {need}"


def gather(facility: Facility, rules: OutreachRules) -> GapInput:
    """Read everything as of the facility's day."""
    today = facility.today()
    people = list(
        Participant.objects.filter(facility=facility, whereabouts=Whereabouts.INSIDE)
        .select_related("profile")
        .order_by("id")
    )
    live = list(
        Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, ends_on__gte=today)
        .select_related("program", "facility")
        .order_by("starts_on", "id")
    )
    needs, asked = _needs(people), _asked(people, today)
    seats = list(
        Enrollment.objects.filter(participant__in=people, cohort__in=live, status__in=SEATED)
        .order_by("id")
        .values_list("participant_id", "cohort_id")
    )
    held = {who for who, _cohort in seats}
    kept = [each for each in people if needs.get(each.pk) or each.pk in held or each.pk in asked]
    codes, cohorts = {each.pk: each.code for each in kept}, {each.pk: each.code for each in live}
    known: dict[int, int] = defaultdict(int)
    for _who, cohort in seats:
        known[cohort] += 1
    return GapInput(
        facility.code,
        [
            _person(each, facility.code, needs.get(each.pk, {}), asked.get(each.pk, {}), today)
            for each in kept
        ],
        list(_programs(live, float(rules.strength))),
        list(_cohorts(live, known, today)),
        list(_pairs(live, kept, asked, today)),
        [(codes[who], cohorts[cohort]) for who, cohort in seats],
    )


def _needs(people: Iterable[Participant]) -> dict[int, dict[str, float]]:
    """Moderate and high needs as a share of the highest level; a low need is no reason for a seat."""
    latest: dict[int, dict[str, int]] = defaultdict(dict)
    rows = Need.objects.filter(participant__in=people).order_by("as_of", "id")
    for who, domain, level in rows.values_list("participant_id", "domain", "level"):
        latest[who][domain] = level
    return {
        who: {need: level / LEVELS for need, level in known.items() if level >= NEED_COUNTS_FROM}
        for who, known in latest.items()
    }


def _asked(people: Iterable[Participant], today: dt.date) -> dict[int, dict[int, int]]:
    """Person -> program -> days since the request, for those in line."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    rows = WaitlistEntry.objects.filter(participant__in=people, status=WaitStatus.APPROVED).order_by("id")
    for who, program, day in rows.values_list("participant_id", "program_id", "requested_on"):
        found[who][program] = max(0, (today - day).days)
    return found


def _person(
    person: Participant, facility: str, needs: Mapping[str, float], asked: Mapping[int, int], today: dt.date
) -> Person:
    profile = getattr(person, "profile", None)
    release = profile.release_on if profile else None
    return Person(
        person.code,
        facility,
        dict(needs),
        release=None if release is None else max(0, (release - today).days + 1),
        wait=float(max(asked.values(), default=0)),
    )


def _programs(live: Iterable[Cohort], strength: float) -> Iterator[EngineProgram]:
    for program in {each.program_id: each.program for each in live}.values():
        needs = [str(need) for need in program.needs] or [str(NeedDomain.EDUCATION)]
        yield EngineProgram(program.code, needs[0], dict.fromkeys(needs, strength))
    for need in NeedDomain.values:
        yield EngineProgram(new_course(need), need, {need: strength})


def _cohorts(live: Sequence[Cohort], known: Mapping[int, int], today: dt.date) -> Iterator[EngineCohort]:
    weekly: dict[int, list[Session]] = defaultdict(list)
    for slot in WeeklySlot.objects.filter(cohort__in=live).order_by("cohort", "weekday", "starts"):
        if slot.starts < slot.ends:
            times = (each.hour * 60 + each.minute for each in (slot.starts, slot.ends))
            weekly[slot.cohort_id].append(Session(slot.weekday, *times))
    for each in live:
        start = max(0, (each.starts_on - today).days)
        yield EngineCohort(
            each.code,
            each.program.code,
            (each.facility.code,),
            start=start,
            end=max(start, (each.ends_on - today).days) + 1,
            seats=each.free_seats + known[each.pk],
            sessions=tuple(weekly[each.pk]),
        )


def _pairs(
    live: Iterable[Cohort],
    people: Sequence[Participant],
    asked: Mapping[int, Mapping[int, int]],
    today: dt.date,
) -> Iterator[Pair]:
    """A bar for every pair that may not have a free seat: not in line for it, or refused by the booking rules."""
    for cohort in live:
        wanted = [each.pk for each in people if cohort.program_id in asked.get(each.pk, {})]
        facts = candidate_facts(cohort, wanted) if cohort.free_seats > 0 and wanted else {}
        of_cohort = cohort_facts(cohort) if facts else None
        for each in people:
            known = facts.get(each.pk)
            if known is None or of_cohort is None:
                yield Pair(each.code, cohort.code, barred="not in line")
            elif assess(known, of_cohort, today).decision.refused:
                yield Pair(each.code, cohort.code, barred="refused")


@dataclass(frozen=True)
class Offer:
    """An organization that says it meets a need. ``already`` means that it runs such a program here now."""

    organization: str
    service: str
    already: bool


def offers(facility: Facility) -> dict[str, list[Offer]]:
    """By need, who in the directory meets it: partners that do not do it here yet, then others, then who does."""
    teaching: dict[str, set[int]] = defaultdict(set)
    for cohort in (
        Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT)
        .select_related("program")
        .order_by("id")
    ):
        for need in cohort.program.needs:
            teaching[need].add(cohort.organization_id or 0)
    shown = (OrganizationStatus.LISTED, OrganizationStatus.ACTIVE)
    found: dict[str, dict[int, tuple[int, str, Offer]]] = defaultdict(dict)
    for service in (
        Service.objects.filter(status="active", organization__status__in=shown)
        .select_related("organization")
        .order_by("organization__name", "name", "id")
    ):
        each = service.organization
        for need in service.needs:
            already = each.pk in teaching[need]
            rank = 2 if already else 0 if each.status == OrganizationStatus.ACTIVE else 1
            offer = Offer(each.code, service.code, already)
            found[need].setdefault(each.pk, (rank, each.name, offer))
    return {
        need: [offer for _rank, _name, offer in sorted(rows.values(), key=lambda row: row[:2])]
        for need, rows in found.items()
    }
