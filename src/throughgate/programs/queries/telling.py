"""What a participant is told about the programs of their facility, in a fixed number of queries.

Runs for the person or for staff who print it. What other people hold is read as the system and leaves this
module only as a place in line or as the one sentence that tells nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from statistics import median

from django.db import connection
from django.db.models import F, Max
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.scope import Audience
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.programs.models import (
    LIVE_COHORT,
    OPEN_WAIT,
    SEATED,
    Call,
    Cohort,
    EligibilityRule,
    Enrollment,
    PlanState,
    Prerequisite,
    Program,
    SeatAnswer,
    SeatAppeal,
    Session,
    SessionStatus,
    WaitlistEntry,
    WeeklySlot,
)
from throughgate.programs.queries.candidates import completed_programs, facts_of, needs_of
from throughgate.programs.queries.line import FEWEST_FOR_A_WAIT, WAIT_LOOKS_BACK, Standing, standings
from throughgate.programs.rules import slips, telling
from throughgate.programs.rules.booking import CandidateFacts, Clash, CohortFacts, assess
from throughgate.programs.rules.eligibility import NEED_COUNTS_FROM, Condition
from throughgate.programs.rules.telling import Missing, State, Told

APART = (
    "SELECT c FROM unnest(%s::bigint[]) c WHERE EXISTS (SELECT 1 FROM tg.kept_apart(c, ARRAY[%s::bigint]))"
)


DAY = dt.timedelta(days=1)
KINDS = ("seat", "line", "fits", "almost", "not_now")


@dataclass(frozen=True)
class Answer:
    """What one program says to a person. ``lines`` are facts in words; ``standing`` is None when not in line."""

    program: Program
    told: Told
    entry: WaitlistEntry | None
    standing: Standing | None
    lines: tuple[str, ...]
    appeal: SeatAppeal | None

    @property
    def name(self) -> str:
        """The program's name in the reader's language."""
        return self.program.local_name

    @property
    def head(self) -> str:
        """The answer in a sentence: the place in line for whoever waits, else whether it fits."""
        if self.entry is None or self.told.state is State.SEAT:
            return self.told.head
        if self.standing is not None and self.standing.place is not None:
            return telling.place_words(self.standing.place, self.standing.of)
        return telling.asked_words()

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What is missing and how to get it."""
        return self.told.missing

    @property
    def answered(self) -> tuple[str, ...]:
        """What came of what the person said against it, or by when they get an answer."""
        if self.appeal is None:
            return ()
        if not self.appeal.outcome:
            return (slips.answer_due(self.appeal.due_on),)
        return slips.answered(self.appeal.get_outcome_display()), self.appeal.answer

    @property
    def kind(self) -> str:
        """For the order of the page: seat, line, fits, almost, not_now."""
        if self.entry is not None and self.told.state is not State.SEAT:
            return "line"
        return "fits" if self.told.state is State.NO_SEAT else self.told.state.value


@dataclass(frozen=True)
class Page:
    """All answers for a person: seats, lines, what fits, what almost does, and what does not now."""

    person: Participant
    answers: tuple[Answer, ...]

    def of(self, kind: str) -> list[Answer]:
        """The answers of one kind."""
        return [each for each in self.answers if each.kind == kind]


class Here:
    """What is the same for everybody in a facility, read once; use it for one page or for a stack of slips.

    Holds other people's lines: read and used as the system only, inside this module.
    """

    def __init__(self, facility: Facility) -> None:
        self.facility, self.today = facility, facility.today()
        self._lines: dict[int, dict[int, Standing]] = {}

    @cached_property
    def live(self) -> list[Cohort]:
        """Groups that run or take people, the earliest first."""
        return list(
            Cohort.objects.filter(facility=self.facility, status__in=LIVE_COHORT, ends_on__gte=self.today)
            .select_related("program", "facility")
            .order_by("starts_on", "id")
        )

    @cached_property
    def sessions(self) -> dict[dt.date, list[tuple[int, int, dt.datetime, dt.datetime]]]:
        """Coming sessions of these groups by the day (UTC) on which they start."""
        found: dict[dt.date, list[tuple[int, int, dt.datetime, dt.datetime]]] = defaultdict(list)
        rows = Session.objects.filter(
            cohort__in=self.live, status=SessionStatus.PLANNED, starts_at__gt=Now()
        ).order_by("starts_at", "id")
        for cohort, which, starts, ends in rows.values_list("cohort_id", "id", "starts_at", "ends_at"):
            found[starts.date()].append((cohort, which, starts, ends))
        return found

    @cached_property
    def lasts(self) -> dict[int, dt.date]:
        """The day of each group's last session."""
        return _last_days(self.live)

    @cached_property
    def conditions(self) -> dict[int, tuple[Condition, ...]]:
        """Who each program is for."""
        return _conditions(self.live)

    @cached_property
    def firsts(self) -> dict[int, list[Program]]:
        """What has to be completed before each program."""
        return _firsts(self.live)

    @cached_property
    def waits(self) -> dict[int, int]:
        """The usual wait by program, in days."""
        return _waits(self.facility)

    def standing(self, entry: WaitlistEntry) -> Standing | None:
        """Where a request stands in the whole line."""
        if entry.program_id not in self._lines:
            line = WaitlistEntry.objects.filter(
                program=entry.program_id, status__in=OPEN_WAIT, participant__facility=self.facility
            )
            self._lines[entry.program_id] = standings(entry.program, self.facility, line.order_by("id"))
        return self._lines[entry.program_id].get(entry.pk)


def page(person: Participant, here: Here | None = None) -> Page:
    """What every listed program of the person's facility says to them; their own first."""
    here = here or Here(person.facility)
    # Groups, lines and orders of other people are out of a participant's sight: the system looks, and only the
    # person's own facts, numbers and the sentences of rules/telling.py leave this block.
    with scope.as_role(Audience.JOB, purpose="what a person is told about programs"):
        entries = {
            row.program_id: row
            for row in WaitlistEntry.objects.filter(participant=person, status__in=OPEN_WAIT)
            .select_related("program")
            .order_by("id")
        }
        live = [each for each in here.live if each.program.listed or each.program_id in entries]
        needs = needs_of([person.pk]).get(person.pk)
        told = _told(person, live, needs, here)
        programs = {each.program_id: each.program for each in live}
        programs |= {row.program_id: row.program for row in entries.values()}
        lines = {which: here.standing(row) for which, row in entries.items()}
        known = _Known(entries, lines, here.waits, _last(person))
    appeals = {
        each.program_id: each
        for each in SeatAppeal.objects.filter(participant=person).order_by("recorded_at", "id")
    }
    found = [
        Answer(
            program,
            told[which][1] if which in told else Told(State.NOT_NOW),
            entries.get(which),
            known.lines.get(which),
            tuple(_lines(which, told.get(which), known, here.today)),
            appeals.get(which),
        )
        for which, program in programs.items()
    ]
    wanted = {need for need, level in (needs or {}).items() if level >= NEED_COUNTS_FROM}

    def order(each: Answer) -> tuple[int, bool, int, str]:
        """By kind; what meets an assessed need first, then what is nearest."""
        return KINDS.index(each.kind), not wanted & set(each.program.needs), each.told.order[0], each.name

    return Page(person, tuple(sorted(found, key=order)))


@dataclass(frozen=True)
class _Known:
    """What is known by program: the request, where it stands, the usual wait, and what came of the last time."""

    entries: dict[int, WaitlistEntry]
    lines: dict[int, Standing | None]
    waits: dict[int, int]
    past: dict[int, str]


def _lines(which: int, told: tuple[Cohort, Told] | None, known: _Known, today: dt.date) -> Iterable[str]:
    if told is not None and told[1].state is State.SEAT:
        return
    if told is None:
        yield telling.nothing_runs()
    else:
        yield telling.next_words(told[0].starts_on, today)
        if which in known.entries and told[1].closed:
            yield telling.no_seat()
    yield telling.wait_words(known.waits.get(which))
    if which in known.entries and which in known.past:
        yield known.past[which]


def _told(
    person: Participant, live: Sequence[Cohort], needs: dict[str, int] | None, here: Here
) -> dict[int, tuple[Cohort, Told]]:
    """For each program the group that is nearest for this person, and what it says."""
    ids, today = [each.pk for each in live], here.today
    seats, facts = _seats(person), facts_of(person, needs)
    done = frozenset(completed_programs([person.pk], person.facility.jurisdiction, today)[person.pk])
    clashes, apart = _clashes(person, here), _apart(person, ids)
    found: dict[int, tuple[Cohort, Told]] = {}
    for cohort in live:
        other = [
            c.name for c, _s in seats.values() if c.program_id == cohort.program_id and c.pk != cohort.pk
        ]
        candidate = CandidateFacts(
            facility_id=person.facility_id, whereabouts=person.whereabouts, facts=facts, completed=done,
            seat=seats[cohort.pk][1] if cohort.pk in seats else "", other_cohort=next(iter(other), ""),
            clashes=tuple(clashes[cohort.pk]), keep_apart=cohort.pk in apart,
        )  # fmt: skip
        of_cohort = CohortFacts(
            cohort.name, cohort.facility_id, cohort.facility.name, cohort.status, cohort.capacity,
            cohort.free_seats, cohort.starts_on, cohort.ends_on, here.lasts[cohort.pk],
            here.conditions.get(cohort.program_id, ()),
            {each.pk: each.local_name for each in here.firsts.get(cohort.program_id, ())},
        )  # fmt: skip
        told = telling.tell(candidate, of_cohort, assess(candidate, of_cohort, today))
        if cohort.program_id not in found or told.order < found[cohort.program_id][1].order:
            found[cohort.program_id] = (cohort, told)
    return found


def _seats(person: Participant) -> dict[int, tuple[Cohort, str]]:
    rows = Enrollment.objects.filter(participant=person, status__in=SEATED).select_related("cohort")
    return {row.cohort_id: (row.cohort, row.status) for row in rows.order_by("id")}


def _last_days(live: Sequence[Cohort]) -> dict[int, dt.date]:
    """The last session's day of each cohort, as :func:`candidates.last_session_on` tells it, for many at once."""
    dated = dict(
        Session.objects.filter(cohort__in=live)
        .exclude(status=SessionStatus.CANCELLED)
        .order_by()
        .values("cohort")
        .annotate(at=Max("starts_at"))
        .values_list("cohort", "at")
    )
    weekly: dict[int, set[int]] = defaultdict(set)
    for cohort, weekday in WeeklySlot.objects.filter(cohort__in=live).values_list("cohort", "weekday"):
        weekly[cohort].add(weekday)
    found = {}
    for each in live:
        days = [dated[each.pk].astimezone(each.facility.zone).date()] if each.pk in dated else []
        if weekly[each.pk]:
            week = (each.ends_on - dt.timedelta(days=back) for back in range(7))
            days.append(next(day for day in week if day.weekday() in weekly[each.pk]))
        found[each.pk] = max(days, default=each.ends_on)
    return found


def _conditions(live: Iterable[Cohort]) -> dict[int, tuple[Condition, ...]]:
    found: dict[int, list[Condition]] = defaultdict(list)
    for rule in EligibilityRule.objects.filter(program__in={each.program_id for each in live}).order_by("id"):
        condition = Condition(
            rule.fact, rule.test, rule.value, rule.words, rule.words_es, rule.almost, rule.required
        )
        found[rule.program_id].append(condition)
    return {which: tuple(rows) for which, rows in found.items()}


def _firsts(live: Iterable[Cohort]) -> dict[int, list[Program]]:
    found: dict[int, list[Program]] = defaultdict(list)
    for row in (
        Prerequisite.objects.filter(program__in={each.program_id for each in live})
        .select_related("required")
        .order_by("id")
    ):
        found[row.program_id].append(row.required)
    return found


def _clashes(person: Participant, here: Here) -> dict[int, list[Clash]]:
    """Where the person is called at the time of a coming session, by cohort: what SQL finds for one cohort in
    queries/candidates.py, for all of them at once."""
    found: dict[int, list[Clash]] = defaultdict(list)
    zone, spanish = person.facility.zone, (get_language() or "en").startswith("es")
    calls = Call.objects.filter(participant=person, status=Call.Status.CALLED, ends_at__gt=Now())
    for call in calls.select_related("session__cohort__program").order_by("starts_at", "id"):
        program = call.session.cohort.program if call.session else None
        name = (program.name_es if program and spanish else "") or (program.name if program else "")
        label = call.label or (program.movement_label if program else "") or name or _("another appointment")
        # A session lasts less than a day, so those that overlap start from the day before on.
        days = range(-1, (call.ends_at.date() - call.starts_at.date()).days + 1)
        coming = (here.sessions.get(call.starts_at.date() + n * DAY, ()) for n in days)
        for cohort, session, starts, ends in chain.from_iterable(coming):
            if session != call.session_id and starts < call.ends_at and call.starts_at < ends:
                begin, end = call.starts_at.astimezone(zone), call.ends_at.astimezone(zone)
                found[cohort].append(Clash(label, begin, end, session))
    return found


def _apart(person: Participant, cohorts: Sequence[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(APART, [list(cohorts), person.pk])
        return {which for (which,) in cursor.fetchall()}


def _waits(facility: Facility) -> dict[int, int]:
    """The usual wait by program, in days, where at least five people got a seat from the line here."""
    waits: dict[int, list[int]] = defaultdict(list)
    for program, asked, starts in (
        Enrollment.objects.filter(
            cohort__facility=facility,
            entry__isnull=False,
            starts_on__gt=facility.today() - WAIT_LOOKS_BACK,
            starts_on__gte=F("entry__requested_on"),
        )
        .order_by("id")
        .values_list("cohort__program_id", "entry__requested_on", "starts_on")
    ):
        waits[program].append((starts - asked).days)
    return {which: round(median(days)) for which, days in waits.items() if len(days) >= FEWEST_FOR_A_WAIT}


def _last(person: Participant) -> dict[int, str]:
    """What came of the last decided proposal for each program in whose line the person stands."""
    found: dict[int, str] = {}
    for row in (
        SeatAnswer.objects.filter(participant=person, plan__state=PlanState.CLOSED, seated=False)
        .select_related("plan", "cohort")
        .order_by("plan__closed_at", "id")
    ):
        if row.plan.closed_at is not None:
            on = row.plan.closed_at.astimezone(person.facility.zone).date()
            found[row.cohort.program_id] = telling.last_words(on, row.told)
    return found
