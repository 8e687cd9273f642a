"""Makes a gap map and the next partners to ask, in a worker process only: it loads the solver's libraries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.works.models import Work
from throughgate.engines.allocation import (
    AllocationError,
    Cohort,
    Effort,
    Instance,
    Plan,
    Policy,
    Recommendation,
    Session,
    gap_map,
    make_plan,
    recruit_one_after_another,
)
from throughgate.engines.allocation.arrays import NEVER
from throughgate.people.models import NeedDomain
from throughgate.policies import library
from throughgate.policies import queries as policies
from throughgate.policies.outreach import OutreachRules
from throughgate.programs.models import GapMap, PlanState
from throughgate.programs.queries.gap_input import GapInput, Offer, gather, new_course, offers
from throughgate.programs.solving import policy_of

STEPS = 3
SEED = 1  # equals are drawn the same way in every map; nobody is named in it
EFFORT = Effort(seconds=30, mip=False)
LEAST = 0.05  # less than a twentieth of one full need is nothing to ask somebody for
WINDOWS = ("soon", "year", "later")


def run(code: str) -> None:
    """Make one map from what the database holds now. Safe to repeat; a finished one stays as it is."""
    with scope.system(f"gap map {code}"):
        made = GapMap.objects.select_related("facility", "work").filter(code=code).first()
        if made is None or made.state != PlanState.WAITING:
            return
        facility = made.facility
        rules = policies.outreach(facility.jurisdiction, facility.today()).data
        weights = policy_of(library.in_force("seat-weights", facility.jurisdiction, facility.today()))
        _work(made, state=Work.State.RUNNING, started_at=timezone.now(), done=0)
        told, known = gather(facility, rules), offers(facility)
        _work(made, done=1)
    try:
        cells, figures, found = _solve(told, rules, weights)
    except AllocationError as error:
        _fail(made, str(error))
        return
    except Exception:
        _fail(made, _("The calculation broke off. Ask again; if it happens again, tell your administrator."))
        raise
    with scope.system(f"gap map {code}"):
        made.cells, made.figures = cells, figures
        made.asks = list(_named(found, known, rules))
        made.state, made.made_at = PlanState.READY, timezone.now()
        made.save()
        _work(made, done=STEPS, state=Work.State.DONE, finished_at=timezone.now())


def _work(made: GapMap, **given: object) -> None:
    if made.work_id:
        Work.objects.filter(pk=made.work_id).update(**given)


def _fail(made: GapMap, why: str) -> None:
    with scope.system(f"gap map {made.code}"):
        made.state, made.why_failed = PlanState.FAILED, why
        made.save(update_fields=["state", "why_failed"])
        _work(made, state=Work.State.FAILED, reason=why, finished_at=timezone.now())


def _solve(
    told: GapInput, rules: OutreachRules, weights: Policy
) -> tuple[list[dict[str, Any]], dict[str, Any], list[Recommendation]]:
    instance = Instance.from_rows(
        told.people, told.programs, told.cohorts, pairs=told.pairs, fixed=told.fixed
    )
    # A floor can be out of reach; the map shows what is missing either way.
    plan = make_plan(instance, replace(weights, floors=()), effort=EFFORT, seed=SEED)
    cells = _cells(instance, plan, rules)
    figures = {
        "people": instance.n,
        "seats_held": len(instance.fixed),
        "seats_filled": len(plan.seats) - len(instance.fixed),
        "weights": plan.policy.version,
        "digest": plan.instance_digest,
    }
    asks = recruit_one_after_another(
        instance, plan, list(_candidates(told.facility, rules)), rules.asked, least=LEAST
    )
    return cells, figures, asks


def _cells(instance: Instance, plan: Plan, rules: OutreachRules) -> list[dict[str, Any]]:
    """Need by time to release: met by the seats that are held, and by the free ones once they are filled."""
    horizons = (rules.soon_days, rules.year_days, NEVER)
    windows = dict(zip(horizons, WINDOWS, strict=True))
    today = replace(plan, seats=plan.seats[plan.fixed], fixed=plan.fixed[plan.fixed])
    filled = {(c.need, c.within_days): c for c in gap_map(instance, plan, horizons=horizons)}
    return [
        {
            "need": each.need,
            "window": windows[each.within_days],
            "people": each.people,
            "need_total": round(each.need_total, 3),
            "met": round(each.met, 3),
            "without": each.unmet_people,
            "met_filled": round(filled[each.need, each.within_days].met, 3),
            "without_filled": filled[each.need, each.within_days].unmet_people,
        }
        for each in gap_map(instance, today, horizons=horizons)
    ]


def _candidates(facility: str, rules: OutreachRules) -> Iterator[Cohort]:
    """A weekly course for each need at each of the pack's times."""
    start = rules.starts_in_days
    for need, (k, time) in itertools.product(NeedDomain.values, enumerate(rules.times)):
        begin = time.starts.hour * 60 + time.starts.minute
        yield Cohort(
            f"{need}/{k}",
            new_course(need),
            (facility,),
            start,
            start + 7 * rules.weeks,
            rules.seats,
            (Session(time.weekday, begin, min(begin + rules.minutes, 24 * 60)),),
        )


def _named(
    found: list[Recommendation], known: dict[str, list[Offer]], rules: OutreachRules
) -> Iterator[dict[str, Any]]:
    """Each course with whom to ask for it: another organization each time, nobody when none is left."""
    asked: set[str] = set()
    for each in found:
        need, k = each.cohort.id.split("/")
        offer = next((o for o in known.get(need, ()) if o.organization not in asked), None)
        if offer is not None:
            asked.add(offer.organization)
        time = rules.times[int(k)]
        yield {
            "need": need,
            "weekday": time.weekday,
            "starts": time.starts.isoformat("minutes"),
            "minutes": rules.minutes,
            "weeks": rules.weeks,
            "seats": rules.seats,
            "worth": round(each.gain, 3),
            "per_seat": round(each.per_seat, 3),
            "people": each.people,
            "organization": offer.organization if offer else "",
            "service": offer.service if offer else "",
            "already": offer.already if offer else False,
        }
