"""What the engine is told for a what-if: the facts of today, and the same with one thing changed.

The booking rules judge a changed group as they would judge the real one. What the calendar of one person holds at
its new times is not known to them: the engine compares weekly times of the cohorts themselves, and other calls
are left out, so an answer may be a little too good for a group at other times.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db.models import Q

from throughgate.engines.allocation.model import Cohort as EngineCohort
from throughgate.engines.allocation.model import Pair, Session
from throughgate.engines.allocation.model import Program as EngineProgram
from throughgate.programs.models import LIVE_COHORT, Cohort, CohortStatus, WhatIf, WhatIfKind
from throughgate.programs.queries.plan_input import NOT_ASKED, Asked, PlanInput, bars_of, minute

NEW, NEW_PROGRAM = "new group", "new program"
CLOSED = "closed"


def asked_by(row: WhatIf) -> Asked:
    """What is to be gathered: a new partner also serves people who stand in no line yet."""
    wider = row.change["needs"] if row.kind == WhatIfKind.PARTNER else ()
    return Asked(row.facility, wider=frozenset(wider))


def as_it_would_be(row: WhatIf, told: PlanInput) -> PlanInput:
    """The gathered facts with the change made. Raises KeyError when what it names is gone."""
    made = {
        WhatIfKind.INSTRUCTOR: _another_group,
        WhatIfKind.ROOMS: _without_rooms,
        WhatIfKind.EVENINGS: _moved,
        WhatIfKind.PARTNER: _new_partner,
    }
    return made[WhatIfKind(row.kind)](row.change, told)


def cohorts_in(facility: Any, rooms: list[str]) -> list[Cohort]:
    """Live cohorts that meet in one of these rooms."""
    rows = Cohort.objects.filter(
        Q(room__code__in=rooms) | Q(slots__room__code__in=rooms), facility=facility, status__in=LIVE_COHORT
    )
    return list(rows.distinct().order_by("id"))


def leaving_enrolled(row: WhatIf) -> int:
    """How many places that people have now would be lost with closed rooms."""
    if row.kind != WhatIfKind.ROOMS:
        return 0
    return sum(each.seats_taken for each in cohorts_in(row.facility_id, row.change["rooms"]))


def _days(told: PlanInput, start: str, weeks: int) -> tuple[int, int, dt.date, dt.date]:
    """First day and the day after the last, counted and as dates; never before today."""
    first = max(dt.date.fromisoformat(start), told.today)
    last = first + dt.timedelta(weeks=weeks) - dt.timedelta(days=1)
    return (first - told.today).days, (last - told.today).days + 1, first, last


def _sessions(weekdays: list[int], starts: str, minutes: int) -> tuple[Session, ...]:
    begin = minute(dt.time.fromisoformat(starts))
    return tuple(Session(day, begin, min(begin + minutes, 24 * 60)) for day in sorted(weekdays))


def _another_group(change: dict[str, Any], told: PlanInput) -> PlanInput:
    """One more group of a program, as large as the one that it is like, at times of its own."""
    like = told.live[change["cohort"]]
    begin, end, first, last = _days(told, change["starts_on"], change["weeks"])
    pattern = next(each for each in told.cohorts if each.id == like.code)
    minutes = max((each.end - each.start for each in pattern.sessions), default=change["minutes"])
    group = EngineCohort(
        NEW, like.program.code, pattern.facilities, start=begin, end=end, seats=like.capacity,
        sessions=_sessions(change["weekdays"], change["starts"], minutes),
    )  # fmt: skip
    in_line = {who for who, program in told.asked if program == like.program.code}
    bars = bars_of(
        like, [each.pk for code, each in told.participants.items() if code in in_line], told.today, retimed=True,
        status=CohortStatus.OPEN, free_seats=like.capacity, starts_on=first, ends_on=last, last_session_on=last,
    )  # fmt: skip
    pairs = [Pair(code, NEW, barred=bars.get(each.pk, NOT_ASKED)) for code, each in told.participants.items()]
    return replace(told, cohorts=[*told.cohorts, group], pairs=[*told.pairs, *pairs])


def _without_rooms(change: dict[str, Any], told: PlanInput) -> PlanInput:
    """Groups that meet in these rooms end: no free seat there, and whoever sits in them has the seat no more."""
    facility = next(iter(told.live.values())).facility_id if told.live else None
    gone = {each.code for each in cohorts_in(facility, change["rooms"])}
    return replace(
        told,
        cohorts=[replace(each, seats=0, min_seats=0) if each.id in gone else each for each in told.cohorts],
        pairs=[replace(pair, barred=CLOSED) if pair.cohort in gone else pair for pair in told.pairs],
        fixed=[(who, cohort) for who, cohort in told.fixed if cohort not in gone],
    )


def _moved(change: dict[str, Any], told: PlanInput) -> PlanInput:
    """The groups of a program begin at another hour of the same days."""
    begin = minute(dt.time.fromisoformat(change["starts"]))
    moved = {code: each for code, each in told.live.items() if each.program.code == change["program"]}

    def times(cohort: EngineCohort) -> tuple[Session, ...]:
        return tuple(
            Session(each.weekday, begin, min(begin + each.end - each.start, 24 * 60))
            for each in cohort.sessions
        )

    return replace(
        told,
        cohorts=[replace(each, sessions=times(each)) if each.id in moved else each for each in told.cohorts],
        pairs=list(_judged_again(moved, told)),
    )


def _judged_again(moved: dict[str, Cohort], told: PlanInput) -> Iterator[Pair]:
    """Pairs with the bars of the moved groups as they are without clashes at the old times."""
    bars: dict[tuple[str, str], str] = {}
    for code, cohort in moved.items():
        in_line = [told.participants[who].pk for who, program in told.asked if program == cohort.program.code]
        found = bars_of(cohort, in_line, told.today, retimed=True) if cohort.free_seats and in_line else {}
        bars |= {(who, code): found.get(each.pk, NOT_ASKED) for who, each in told.participants.items()}
    for pair in told.pairs:
        yield replace(pair, barred=bars.get((pair.person, pair.cohort), pair.barred))


def _new_partner(change: dict[str, Any], told: PlanInput) -> PlanInput:
    """A group of a program that is not here yet, open to everybody with one of its needs."""
    begin, end, _first, _last = _days(told, change["starts_on"], change["weeks"])
    needs = change["needs"]
    facility = told.people[0].facility if told.people else ""
    if not facility:
        return told
    program = EngineProgram(NEW_PROGRAM, needs[0], {need: told.weights.data.covered for need in needs})
    group = EngineCohort(
        NEW, NEW_PROGRAM, (facility,), start=begin, end=end, seats=change["seats"],
        sessions=_sessions(change["weekdays"], change["starts"], change["minutes"]),
    )  # fmt: skip
    return replace(told, programs=[*told.programs, program], cohorts=[*told.cohorts, group])
