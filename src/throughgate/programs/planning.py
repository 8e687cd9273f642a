"""Makes a proposal for seats, in a worker process only: importing this loads the solver's libraries."""

from __future__ import annotations

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.works.models import Work
from throughgate.engines.allocation import (
    AllocationError,
    Effort,
    Explainer,
    Instance,
    Kind,
    Plan,
    Policy,
    make_plan,
)
from throughgate.engines.allocation.arrays import I4
from throughgate.engines.allocation.baselines import seat_by
from throughgate.engines.allocation.engine import choose
from throughgate.engines.allocation.fairness import report
from throughgate.programs.models import PlanState, ProposalStatus, SeatPlan, SeatProposal
from throughgate.programs.queries.plan_input import PlanInput, gather

STEPS = 3
SECONDS = 60.0
WEIGHTS = Policy(version="agency-1")
# What lies with the person's own plan; everything else lies with others and is told in one word ([A-45]).
OWN = frozenset({Kind.CLASH, Kind.PROGRAM, Kind.FIRST, Kind.LIMIT})


def run(code: str) -> None:
    """Make one proposal from what the database holds now. Safe to repeat; a finished one stays as it is."""
    with scope.system(f"seat plan {code}"):
        plan = SeatPlan.objects.select_related("facility", "cohort", "work").filter(code=code).first()
        if plan is None or plan.state != PlanState.WAITING:
            return
        _work(plan, state=Work.State.RUNNING, started_at=timezone.now(), done=0)
        told = gather(plan)
        _work(plan, done=1)
    try:
        found = _solve(told, plan.seed)
    except AllocationError as error:
        _fail(plan, str(error))
        return
    except Exception:
        _fail(plan, _("The calculation broke off. Ask again; if it happens again, tell your administrator."))
        raise
    with scope.system(f"seat plan {code}"):
        _work(plan, done=2)
    with scope.system(f"seat plan {code}"):
        _store(plan, told, *found)


def _work(plan: SeatPlan, **given: object) -> None:
    if plan.work_id:
        Work.objects.filter(pk=plan.work_id).update(**given)


def _fail(plan: SeatPlan, why: str) -> None:
    with scope.system(f"seat plan {plan.code}"):
        plan.state, plan.why_failed = PlanState.FAILED, why
        plan.save(update_fields=["state", "why_failed"])
        _work(plan, state=Work.State.FAILED, reason=why, finished_at=timezone.now())


def _solve(told: PlanInput, seed: int) -> tuple[Explainer, I4]:
    """The engine's plan with its explanations, and the seats that today's rule would give."""
    instance = Instance.from_rows(
        told.people, told.programs, told.cohorts, pairs=told.pairs, apart=told.apart, fixed=told.fixed
    )
    plan = make_plan(instance, WEIGHTS, effort=Effort(seconds=SECONDS), seed=seed)
    explainer = Explainer(instance, plan)
    return explainer, _first_come(explainer, told)


def _first_come(explainer: Explainer, told: PlanInput) -> I4:
    """Today's rule: cohorts by their start; in each, whoever asked first ([F-2])."""
    problem, instance = explainer.problem, explainer.instance
    people, cohorts = problem.owner, problem.data.cohort
    waited = np.array(
        [
            told.asked[(instance.people[p], instance.programs[instance.c_program[c]])]
            for p, c in zip(people, cohorts, strict=True)
        ],
        dtype=np.int64,
    )
    order = np.lexsort((people, -waited, cohorts, instance.c_start[cohorts]))
    return seat_by(problem, choose("auto", instance.n), order)


def _rows(seats: I4, instance: Instance) -> set[tuple[int, int]]:
    """Seats that nobody has yet."""
    enrolled = {(int(p), int(c)) for p, c in instance.fixed}
    return {(int(p), int(c)) for p, c in seats} - enrolled


@transaction.atomic
def _store(plan: SeatPlan, told: PlanInput, explainer: Explainer, today: I4) -> None:
    found, instance = explainer.plan, explainer.instance
    ours, theirs = _rows(found.seats, instance), _rows(today, instance)
    SeatProposal.objects.bulk_create(
        _proposal(plan, told, explainer, row, (row in ours, row in theirs)) for row in sorted(ours | theirs)
    )
    plan.state, plan.made_at = PlanState.READY, timezone.now()
    plan.weights_version, plan.input_digest, plan.digest = (
        WEIGHTS.version,
        found.instance_digest,
        found.digest,
    )
    plan.value, plan.bound, plan.gap = found.value, found.bound, found.gap
    plan.figures = {"plan": _figures(instance, found.seats, ours), "today": _figures(instance, today, theirs)}
    plan.figures |= {"people": instance.n, "pairs": told.possible}
    plan.gaps = _gaps(told, found)
    plan.save()
    _work(plan, done=STEPS, state=Work.State.DONE, finished_at=timezone.now())


def _figures(instance: Instance, seats: I4, new: set[tuple[int, int]]) -> dict[str, float]:
    known = report(instance, seats)
    return {
        "seats": len(new),
        "people": len({p for p, _c in new}),
        "need_met": round(known.need_met, 4),
        "any_seat": round(known.any_seat, 4),
        "gini": round(known.gini, 4),
    }


def _gaps(told: PlanInput, found: Plan) -> list[dict[str, object]]:
    """The gap map with how many new seats the plan fills for each need."""
    filled: dict[str, int] = {}
    cohorts = [each.program for each in told.cohorts]
    needs = {each.id: each.strengths for each in told.programs}
    for (_p, c), fixed in zip(found.seats, found.fixed, strict=True):
        for need in () if fixed else needs[cohorts[int(c)]]:
            filled[need] = filled.get(need, 0) + 1
    return [{**row, "filled": filled.get(row["need"], 0)} for row in told.gaps]


def _proposal(
    plan: SeatPlan, told: PlanInput, explainer: Explainer, row: tuple[int, int], by: tuple[bool, bool]
) -> SeatProposal:
    """A row for the pages; ``by`` says whether the plan and whether today's rule gives this seat."""
    ours, theirs = by
    person, cohort = row
    who, what = explainer.instance.people[person], explainer.instance.cohorts[cohort]
    participant, run_of = told.participants[who], told.live[what]
    return SeatProposal(
        plan=plan,
        participant=participant,
        cohort=run_of,
        status=ProposalStatus.PROPOSED if ours else ProposalStatus.NOT_PROPOSED,
        by_today=theirs,
        facts=_facts(told, explainer, row, ours),
        worth=round(explainer.margin(person, cohort), 6),
        price=round(float(explainer.plan.prices.seat[cohort]), 6),
    )


def _facts(told: PlanInput, explainer: Explainer, row: tuple[int, int], ours: bool) -> dict[str, object]:
    """What speaks for the seat and, where it was not proposed, what stood in the way."""
    person, cohort = row
    who, what = explainer.instance.people[person], explainer.instance.cohorts[cohort]
    run_of, profile = told.live[what], getattr(told.participants[who], "profile", None)
    release, levels = profile.release_on if profile else None, told.levels.get(who, {})
    line = explainer.line(person, cohort)
    return {
        "needs": {need: levels[need] for need in run_of.program.needs if levels.get(need)},
        "waited": told.asked[(who, run_of.program.code)],
        "release": release.isoformat() if release else "",
        "last": told.lasts[what].isoformat(),
        "first_seat": not any(p == who for p, _c in told.fixed),
        "fit": line.fit,
        "seats": run_of.free_seats,
        "why_not": [] if ours else _why_not(explainer, row),
    }


def _why_not(explainer: Explainer, row: tuple[int, int]) -> list[str]:
    return list(dict.fromkeys(_told(each.kind) for each in explainer.why(*row).obstacles))


def _told(kind: Kind) -> str:
    """An obstacle as it may be kept: one word for all that lies with other people, so that none tells more."""
    return kind.value if kind in OWN else "unavailable"
