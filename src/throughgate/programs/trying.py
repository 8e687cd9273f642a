"""Answers a what-if in a worker: the plan as things are beside the plan as they would be, and for whom it changes.

Both plans are made here, from the same facts, weights and seed. Importing this loads the solver's libraries.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.works.models import Work
from throughgate.engines.allocation import AllocationError, Instance, Plan, gap_map
from throughgate.engines.allocation.fairness import Change, compare, report
from throughgate.programs.models import WhatIf, WhatIfEffect, WhatIfState
from throughgate.programs.queries.plan_input import PlanInput, gather
from throughgate.programs.queries.what_if_input import as_it_would_be, asked_by, leaving_enrolled
from throughgate.programs.solving import instance_of, plan_of

STEPS = 4


def run(code: str) -> None:
    """Answer one what-if. Safe to repeat; an answered one stays as it is."""
    with scope.system(f"what if {code}"):
        row = (
            WhatIf.objects.select_for_update(of=("self",))
            .select_related("facility")
            .filter(code=code)
            .first()
        )
        if row is None or row.state != WhatIfState.WAITING:
            return
        row.tries += 1
        row.save(update_fields=["tries"])
        _heard(row, state=Work.State.RUNNING, started_at=timezone.now(), done=0)
    try:
        _answer(row)
    except AllocationError as error:
        fail(row, str(error))
    except Exception:
        fail(row, _("The calculation broke off. Ask again; if it happens again, tell your administrator."))
        raise


def _answer(row: WhatIf) -> None:
    with scope.system(f"what if {row.code}"):
        told = gather(asked_by(row))
        other = as_it_would_be(row, told)
        left = leaving_enrolled(row)
        _heard(row, done=1)
    before = instance_of(told)
    now = plan_of(before, told, row.seed)
    with scope.system(f"what if {row.code}"):
        _heard(row, done=2)
    after = instance_of(other)
    then = plan_of(after, other, row.seed)
    with scope.system(f"what if {row.code}"):
        _heard(row, done=3)
    with scope.system(f"what if {row.code}"):
        _store(row, other, (before, now), (after, then), left)


def _heard(row: WhatIf, **given: object) -> None:
    WhatIf.objects.filter(pk=row.pk).update(heard_at=timezone.now())
    if row.work_id:
        Work.objects.filter(pk=row.work_id).update(**given)


def fail(row: WhatIf, why: str) -> None:
    """Say that a what-if was not answered, unless it was meanwhile."""
    with scope.system(f"what if {row.code}"):
        failed = WhatIf.objects.filter(pk=row.pk, state=WhatIfState.WAITING).update(
            state=WhatIfState.FAILED, why_failed=why
        )
        if failed:
            _heard(row, state=Work.State.FAILED, reason=why, finished_at=timezone.now())


@transaction.atomic
def _store(
    row: WhatIf, told: PlanInput, before: tuple[Instance, Plan], after: tuple[Instance, Plan], left: int
) -> None:
    fresh = WhatIf.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if fresh.state != WhatIfState.WAITING:
        return
    instance, then = after
    now = before[1]
    # Cohorts that are there today come first in both, in one order, so their numbers mean the same.
    change = compare(instance, now.seats, then.seats)
    WhatIfEffect.objects.bulk_create(_effects(row, told, instance, (now, then), change))
    row.state, row.made_at, row.weights_version = WhatIfState.READY, timezone.now(), told.weights.cite
    row.tries = fresh.tries
    row.figures = {
        "before": _figures(instance, now),
        "after": _figures(instance, then),
        "gained": len(change.gained),
        "lost": len(change.lost),
        "seated": len(change.seated),
        "unseated": len(change.unseated),
        "people": instance.n,
        "enrolled_leave": left,
    }
    row.needs = _needs(instance, now, then)
    row.save()
    _heard(row, done=STEPS, state=Work.State.DONE, finished_at=timezone.now())


def _figures(instance: Instance, plan: Plan) -> dict[str, Any]:
    known = report(instance, plan.seats)
    return {
        "seats": int((~plan.fixed).sum()),
        "need_met": round(known.need_met, 4),
        "any_seat": round(known.any_seat, 4),
        "value": round(plan.value, 4),
        "gap": round(plan.gap, 6),
    }


def _needs(instance: Instance, now: Plan, then: Plan) -> list[dict[str, Any]]:
    """Need by need: how many people have it, and how much of it is met as things are and as they would be."""
    found: dict[str, dict[str, Any]] = {}
    for key, plan in (("before", now), ("after", then)):
        for cell in gap_map(instance, plan):
            row = found.setdefault(
                cell.need, {"need": cell.need, "people": 0, "total": 0.0, "before": 0.0, "after": 0.0}
            )
            row[key] += cell.met
            if key == "before":
                row["people"] += cell.people
                row["total"] += cell.need_total
    return [
        {**row, **{key: round(row[key], 4) for key in ("total", "before", "after")}}
        for _need, row in sorted(found.items())
    ]


def _effects(
    row: WhatIf, told: PlanInput, instance: Instance, plans: tuple[Plan, Plan], change: Change
) -> Iterable[WhatIfEffect]:
    now, then = plans
    names = [told.live[code].name if code in told.live else row.name for code in instance.cohorts]
    for gains, people in ((True, change.gained), (False, change.lost)):
        for p in people.tolist():
            needs = [need for k, need in enumerate(instance.needs) if instance.p_needs[p, k] > 0]
            yield WhatIfEffect(
                what_if=row,
                participant=told.participants[instance.people[p]],
                gains=gains,
                needs=needs,
                before=_named(now, p, names),
                after=_named(then, p, names),
            )


def _named(plan: Plan, person: int, names: list[str]) -> list[str]:
    return [names[c] for c in plan.seats[plan.seats[:, 0] == person, 1].tolist()]
