"""What anybody may know: what runs in a facility, what is wanted most, and honest totals."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q, Sum

from throughgate.base import scope
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.programs.models import (
    LIVE_COHORT,
    OPEN_WAIT,
    Cohort,
    Program,
    Session,
    SessionStatus,
    WaitlistEntry,
)
from throughgate.programs.rules.publishing import shown

HELD = (SessionStatus.HELD, SessionStatus.PARTLY_HELD)


@dataclass(frozen=True)
class Runs:
    """A facility and the programs that run in it now, each with its partner and days."""

    facility: Facility
    programs: list[Program]


@dataclass(frozen=True)
class Wanted:
    """An area of need, how many wait for it (rounded, small numbers hidden) and how many seats are free."""

    need: str
    label: str
    waiting: str
    free: int


@dataclass(frozen=True)
class Totals:
    """Counts of the last twelve months for one facility or all of them."""

    sessions_held: int
    sessions_cancelled: int
    hours: int
    seats_used: str
    since: dt.date


def facilities() -> list[Facility]:
    """The facilities that are in use, by name."""
    return list(Facility.objects.filter(active=True).order_by("name"))


def runs_in(facility: Facility) -> Runs:
    """What runs in a facility; substance-use treatment is never listed publicly ([A-29])."""
    with scope.system("public page: what runs here", readonly=True):
        ids = set(
            Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT)
            .order_by()
            .values_list("program_id", flat=True)
        )
    programs = Program.objects.filter(pk__in=ids, listed=True, part2=False).select_related("organization")
    return Runs(facility, list(programs.order_by("name")))


def wanted_in(facility: Facility) -> list[Wanted]:
    """What people wait for most, by area of need; small counts are hidden as the pack says ([P-97])."""
    with scope.system("public page: what is missing", readonly=True):
        waiting: dict[str, set[int]] = defaultdict(set)
        entries = WaitlistEntry.objects.filter(
            status__in=OPEN_WAIT, participant__facility=facility, program__part2=False
        )
        for person, needs in entries.order_by().values_list("participant_id", "program__needs"):
            for need in needs:
                waiting[need].add(person)
        free: dict[str, int] = defaultdict(int)
        for cohort in (
            Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, program__part2=False)
            .select_related("program")
            .order_by("id")
        ):
            for need in cohort.program.needs:
                free[need] += cohort.free_seats
    rules = policies.publishing(facility.jurisdiction, facility.today()).data
    rows = [
        (len(people), Wanted(need, str(NeedDomain(need).label), shown(len(people), rules), free[need]))
        for need, people in waiting.items()
        if need in NeedDomain.values
    ]
    return [row for _, row in sorted(rows, key=lambda pair: (-pair[0], pair[1].label))]


def totals(today: dt.date, facility: Facility | None = None) -> Totals:
    """Sessions held and cancelled, hours and seats used in the twelve months before ``today``."""
    since = today - dt.timedelta(days=365)
    rules = policies.publishing(facility.jurisdiction if facility else settings.JURISDICTION, today).data
    with scope.system("public page: totals", readonly=True):
        rows = Session.objects.filter(starts_at__date__gte=since, starts_at__date__lt=today)
        rows = rows.filter(facility=facility) if facility else rows
        found = rows.order_by().aggregate(
            held=Count("id", filter=Q(status__in=HELD)),
            cancelled=Count("id", filter=Q(status=SessionStatus.CANCELLED)),
            minutes=Sum("minutes_held", filter=Q(status__in=HELD)),
            attended=Sum("attended", filter=Q(status__in=HELD)),
        )
    return Totals(
        sessions_held=found["held"],
        sessions_cancelled=found["cancelled"],
        hours=round((found["minutes"] or 0) / 60),
        seats_used=shown(found["attended"] or 0, rules),
        since=since,
    )
