"""What anybody may know: what runs in a facility, what is wanted most, and honest totals."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q, Sum

from throughgate.base import scope
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.programs.models import (
    LIVE_COHORT,
    Cohort,
    Program,
    Session,
    SessionStatus,
)
from throughgate.programs.rules.publishing import shown

HELD = (SessionStatus.HELD, SessionStatus.PARTLY_HELD)


@dataclass(frozen=True)
class Runs:
    """A facility and the programs that run in it now, each with its partner and days."""

    facility: Facility
    programs: list[Program]


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
