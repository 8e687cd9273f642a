"""What runs by the clock in this room. Each is idempotent."""

from __future__ import annotations

from django.utils import timezone

from throughgate.access.actor import Actor
from throughgate.base.jobs import enqueue, job
from throughgate.places.models import Facility
from throughgate.programs.actions import moves, seats
from throughgate.programs.actions.credit import accrue_due
from throughgate.programs.chasing import chase_missing_attendance
from throughgate.programs.models import GapMap, PlanState


@job("chase missing attendance", every="10 * * * *")
def chase_attendance() -> None:
    """Remind those who led a session and recorded nothing; each stage once."""
    chase_missing_attendance(timezone.now())


@job("credit of the month", every="40 3 * * *")
def monthly_credit() -> None:
    """Credit that counts whole months or days, once they are over."""
    accrue_due(timezone.now())


@job("planned pauses", every="5 * * * *", lock="planned pauses")
def planned_pauses() -> None:
    """Let pauses begin and end with their day; hourly, since facilities have midnight at different hours."""
    seats.turn_pauses()


@job("long absences", every="20 * * * *", lock="long absences")
def long_absences() -> None:
    """End the places of people who have been away for longer than the waitlist pack holds them."""
    by = Actor.system("long absences")
    for facility in Facility.objects.filter(active=True).order_by("pk"):
        moves.end_long_absences(by=by, facility=facility)


@job("plan seats", own_transactions=True)
def plan_seats(code: str) -> None:
    """Make a proposal for seats. The solver is loaded here, in the worker, never by a page."""
    from throughgate.programs import planning  # noqa: PLC0415 - pages load this module too

    planning.run(code)


@job("answer what if", own_transactions=True)
def answer_what_if(code: str) -> None:
    """Work out a what-if. The solver is loaded here, in the worker, never by a page."""
    from throughgate.programs import trying  # noqa: PLC0415 - pages load this module too

    trying.run(code)


@job("weekly proposals", every="20 4 * * 1", lock="weekly proposals")
def weekly_proposals() -> None:
    """A proposal for the free seats of every facility, each week; people decide about the changes."""
    from throughgate.programs.actions import plan_clock  # noqa: PLC0415 - it enqueues jobs of this module

    plan_clock.propose_weekly(Actor.system("weekly proposals"))


@job("broken proposals", every="*/5 * * * *", lock="broken proposals")
def broken_proposals() -> None:
    """Begin again, or give up with a word, what a dead worker left behind."""
    from throughgate.programs.actions import plan_clock  # noqa: PLC0415 - it enqueues jobs of this module

    plan_clock.mend(timezone.now())


@job("map gaps", own_transactions=True)
def map_gaps(code: str) -> None:
    """Make a gap map. The solver is loaded here, in the worker, never by a page."""
    from throughgate.programs import mapping  # noqa: PLC0415 - pages load this module too

    mapping.run(code)


@job("gap maps of the week", every="30 4 * * 1", lock="gap maps of the week")
def weekly_gap_maps() -> None:
    """A new map of every facility each Monday, so that changes show."""
    waiting = GapMap.objects.filter(state=PlanState.WAITING).values("facility")
    for facility in Facility.objects.filter(active=True).exclude(pk__in=waiting).order_by("pk"):
        made = GapMap.objects.create(facility=facility, asked_by="weekly map")
        enqueue(map_gaps, code=made.code)
