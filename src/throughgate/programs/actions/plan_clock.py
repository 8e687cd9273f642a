"""What the clock does with proposals and what-ifs: one a week for each facility, and broken work begun again."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base.errors import Refused
from throughgate.base.jobs import enqueue
from throughgate.base.works.models import Work
from throughgate.places.models import Facility
from throughgate.policies import library
from throughgate.policies.weights import SeatWeights
from throughgate.programs import jobs
from throughgate.programs.actions import plans
from throughgate.programs.models import (
    LIVE_COHORT,
    Cohort,
    PlanState,
    SeatPlan,
    WaitlistEntry,
    WaitStatus,
    WhatIf,
    WhatIfState,
)


def propose_weekly(by: Actor) -> list[SeatPlan]:
    """A proposal for every facility where somebody waits and a group has a free seat. It enrolls nobody.

    A facility whose proposal is being made is left to the next week.
    """
    made = []
    for facility in Facility.objects.filter(active=True).order_by("pk"):
        if not _worth_it(facility):
            continue
        try:
            made.append(plans.ask(by=by, facility=facility, weekly=True))
        except Refused:
            continue
    return made


def _worth_it(facility: Facility) -> bool:
    live = Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, ends_on__gte=facility.today())
    free = {each.program_id for each in live if each.free_seats}
    waiting = WaitlistEntry.objects.filter(
        participant__facility=facility, program__in=free, status=WaitStatus.APPROVED
    )
    return waiting.exists()


def mend(now: dt.datetime) -> tuple[int, int]:
    """Find proposals and what-ifs that nobody hears of: begin them again, or say that they broke off.

    A worker may die in the middle; its job usually runs again by itself, and this is for when it does not.
    Returns how many were begun again and how many given up.
    """
    begun = given_up = 0
    for plan in (
        SeatPlan.objects.filter(state=PlanState.WAITING).select_related("facility", "work").order_by("pk")
    ):
        again = _mended(plan, plan.facility, now)
        if again is None:
            continue
        if again:
            enqueue(jobs.plan_seats, key=f"again {plan.code}", code=plan.code)
        else:
            SeatPlan.objects.filter(pk=plan.pk).update(state=PlanState.FAILED, why_failed=_broke_off())
        begun, given_up = begun + again, given_up + (not again)
    for each in (
        WhatIf.objects.filter(state=WhatIfState.WAITING).select_related("facility", "work").order_by("pk")
    ):
        again = _mended(each, each.facility, now)
        if again is None:
            continue
        if again:
            enqueue(jobs.answer_what_if, key=f"again {each.code}", code=each.code)
        else:
            WhatIf.objects.filter(pk=each.pk).update(state=WhatIfState.FAILED, why_failed=_broke_off())
        begun, given_up = begun + again, given_up + (not again)
    return begun, given_up


def _broke_off() -> str:
    return _(
        "The calculation broke off more than once. Start it again; if it does so again, tell your administrator."
    )


def _mended(row: SeatPlan | WhatIf, facility: Facility, now: dt.datetime) -> bool | None:
    """None while somebody is heard of; else whether to begin again (True) or give up (False)."""
    weights: SeatWeights = library.in_force("seat-weights", facility.jurisdiction, facility.today()).data
    heard = row.heard_at or row.recorded_at
    if now - heard < dt.timedelta(minutes=weights.silent_minutes):
        return None
    again = row.tries < weights.tries
    if again:
        type(row).objects.filter(pk=row.pk).update(heard_at=now)
    if row.work is not None:
        _tell(row.work, again)
    return again


def _tell(work: Work, again: bool) -> None:
    work.state = Work.State.WAITING if again else Work.State.FAILED
    work.done, work.reason = 0, "" if again else _broke_off()
    work.finished_at = None if again else timezone.now()
    work.save(update_fields=["state", "done", "reason", "finished_at"])
