"""Proposals for free seats that wait for a decision at three facilities, and a question that was asked before."""

from __future__ import annotations

import datetime as dt

from throughgate.access.actor import Actor
from throughgate.demo.making import DAY, Build
from throughgate.programs import planning, trying
from throughgate.programs.actions import plans, what_ifs
from throughgate.programs.models import LIVE_COHORT, Cohort, SeatPlan

PLACES = "RWD"
SEEDS = 2**31


def make(build: Build) -> list[SeatPlan]:
    """One proposal made by the week at each of three facilities, and a what-if."""
    by, random_ = Actor.system("weekly proposals"), build.random("filling")
    made = []
    for place in PLACES:
        plan = plans.ask(by=by, facility=build.places.facilities[place], weekly=True, later=False)
        plan.seed = random_.randrange(SEEDS)
        plan.save(update_fields=["seed"])
        planning.run(plan.code)
        made.append(plan)
    _question(build, by, random_.randrange(SEEDS))
    return made


def _question(build: Build, by: Actor, seed: int) -> None:
    facility = build.places.facilities["D"]
    live = Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, ends_on__gte=build.today)
    asked = what_ifs.one_more_instructor(
        by=by,
        facility=facility,
        cohort=live.order_by("-seats_taken", "id")[0],
        weekdays=[1, 3],
        starts=dt.time(18, 15),
        starts_on=build.today + 14 * DAY,
        weeks=10,
        later=False,
    )
    asked.asked_by, asked.seed = "Marcus Adeyemi", seed
    asked.save(update_fields=["asked_by", "seed"])
    trying.run(asked.code)
