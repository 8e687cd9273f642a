"""Makes a proposal for seats, in a worker process only: importing this loads the solver's libraries."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate import __version__
from throughgate.base import scope
from throughgate.base.works.models import Work
from throughgate.engines.allocation import AllocationError, Explainer, Kind, Plan
from throughgate.programs import explaining
from throughgate.programs.models import (
    PlanState,
    ProposalStatus,
    SeatAudit,
    SeatPlan,
    SeatProposal,
    SeatRecord,
)
from throughgate.programs.queries.plan_input import PlanInput, asked_for, gather
from throughgate.programs.queries.plan_record import digest_of
from throughgate.programs.solving import Seat, Solved, audit, figures, solve

STEPS = 3
# What lies with the person's own plan; everything else lies with others and is told in one word ([A-45]).
OWN = frozenset({Kind.CLASH, Kind.PROGRAM, Kind.FIRST, Kind.LIMIT})


def run(code: str) -> None:
    """Make one proposal from what the database holds now. Safe to repeat; a finished one stays as it is."""
    with scope.system(f"seat plan {code}"):
        plan = (
            SeatPlan.objects.select_for_update(of=("self",))
            .select_related("facility", "cohort", "program")
            .filter(code=code)
            .first()
        )
        if plan is None or plan.state != PlanState.WAITING:
            return
        plan.tries += 1
        plan.save(update_fields=["tries"])
        _heard(plan, state=Work.State.RUNNING, started_at=timezone.now(), done=0)
    try:
        _make(plan)
    except AllocationError as error:
        fail(plan, str(error))
    except Exception:
        fail(plan, _("The calculation broke off. Ask again; if it happens again, tell your administrator."))
        raise


def _make(plan: SeatPlan) -> None:
    with scope.system(f"seat plan {plan.code}"):
        told = gather(asked_for(plan))
        _heard(plan, done=1)
    solved = solve(told, plan.seed)
    with scope.system(f"seat plan {plan.code}"):
        _heard(plan, done=2)
    with scope.system(f"seat plan {plan.code}"):
        _store(plan, told, solved)


def _heard(plan: SeatPlan, **given: object) -> None:
    """A sign of life, for whoever watches and for the clock that looks for broken work."""
    SeatPlan.objects.filter(pk=plan.pk).update(heard_at=timezone.now())
    if plan.work_id:
        Work.objects.filter(pk=plan.work_id).update(**given)


def fail(plan: SeatPlan, why: str) -> None:
    """Say that a proposal was not made, unless it was made meanwhile."""
    with scope.system(f"seat plan {plan.code}"):
        failed = SeatPlan.objects.filter(pk=plan.pk, state=PlanState.WAITING).update(
            state=PlanState.FAILED, why_failed=why
        )
        if failed:
            _heard(plan, state=Work.State.FAILED, reason=why, finished_at=timezone.now())


@transaction.atomic
def _store(plan: SeatPlan, told: PlanInput, solved: Solved) -> None:
    fresh = SeatPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    if fresh.state != PlanState.WAITING:
        return  # another worker was quicker
    found, seated = solved.plan, {name: solved.new(seats) for name, seats in solved.plans().items()}
    rows = [
        _proposal(plan, told, solved, row, [name for name in solved.today if row in seated[name]])
        for row in sorted(set().union(*seated.values()))
    ]
    SeatProposal.objects.bulk_create(rows)
    explaining.keep(plan, told, solved.explainer)
    plan.state, plan.made_at, plan.tries = PlanState.READY, timezone.now(), fresh.tries
    plan.heard_at = plan.made_at
    plan.weights_version = told.weights.cite
    plan.input_digest, plan.digest = found.instance_digest, found.digest
    plan.value, plan.bound, plan.gap = found.value, found.bound, found.gap
    plan.figures = figures(solved) | {"pairs": told.possible}
    plan.gaps = _gaps(told, found)
    plan.save()
    _record(plan, told, solved, rows)
    SeatAudit.objects.create(plan=plan, groups=audit(solved))
    _replace(plan)
    _heard(plan, done=STEPS, state=Work.State.DONE, finished_at=timezone.now())


def _replace(plan: SeatPlan) -> None:
    """An older proposal for the same seats is open no more; what was decided on it stands."""
    older = SeatPlan.objects.filter(facility=plan.facility_id, state=PlanState.READY).exclude(pk=plan.pk)
    if not plan.whole:
        older = older.filter(scope=plan.scope, cohort=plan.cohort_id, program=plan.program_id)
    older.update(state=PlanState.REPLACED)


def _record(plan: SeatPlan, told: PlanInput, solved: Solved, rows: list[SeatProposal]) -> None:
    data = record_of(plan, told, solved, rows)
    SeatRecord.objects.create(plan=plan, data=data, sha256=digest_of(data))


def record_of(plan: SeatPlan, told: PlanInput, solved: Solved, rows: list[SeatProposal]) -> dict[str, Any]:
    """Everything the proposal was made from and by, in codes and plain values ([F-4], [F-11])."""
    found, instance = solved.plan, solved.instance
    people, cohorts = instance.people, instance.cohorts
    proposed = [row for row in rows if row.status == ProposalStatus.PROPOSED]
    return {
        "format": 1,
        "product": __version__,
        "proposal": plan.code,
        "facility": {"code": plan.facility.code, "name": plan.facility.name},
        "for": {"scope": plan.scope, "words": plan.words, "weekly": plan.weekly},
        "asked_by": plan.asked_by,
        "made_at": plan.made_at.isoformat() if plan.made_at else "",
        "day": told.today.isoformat(),
        "people": instance.n,
        "possible_pairs": told.possible,
        "input_digest": found.instance_digest,
        "plan_digest": found.digest,
        "seed": found.seed,
        "repeatable": found.repeatable,
        "value": found.value,
        "bound": found.bound,
        "proven_gap": found.gap,
        "gap_before_promise": found.raw_gap,
        "violations": 0,
        "weights": {"version": told.weights.cite, "values": asdict(told.weights.data)},
        "policy": asdict(found.policy),
        "cohorts": [
            {
                "code": code,
                "name": told.live[code].name,
                "program": told.live[code].program.name,
                "seats": int(instance.c_seats[c]),
                "price": round(float(found.prices.seat[c]), 6),
            }
            for c, code in enumerate(cohorts)
        ],
        "closed": [cohorts[c] for c in found.closed],
        "ledger": [
            {"cohort": cohorts[t.cohort], "person": people[t.person], "ticket": t.ticket, "seated": t.seated}
            for t in found.lottery
        ],
        "seats": [
            {"seat": row.code, "person": row.participant.code, "cohort": row.cohort.code} for row in proposed
        ],
        "todays_rules": {
            name: [[people[p], cohorts[c]] for p, c in sorted(solved.new(seats))]
            for name, seats in solved.today.items()
        },
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
    plan: SeatPlan, told: PlanInput, solved: Solved, row: Seat, by_rules: list[str]
) -> SeatProposal:
    """A row for the pages; ``by_rules`` names which of today's rules give this seat too."""
    person, cohort = row
    explainer, ours = solved.explainer, row in solved.new(solved.plan.seats)
    who, what = explainer.instance.people[person], explainer.instance.cohorts[cohort]
    return SeatProposal(
        plan=plan,
        participant=told.participants[who],
        cohort=told.live[what],
        status=ProposalStatus.PROPOSED if ours else ProposalStatus.NOT_PROPOSED,
        by_rules=by_rules,
        facts=_facts(told, explainer, row, ours),
        worth=round(explainer.margin(person, cohort), 6),
        price=round(float(explainer.plan.prices.seat[cohort]), 6),
    )


def _facts(told: PlanInput, explainer: Explainer, row: Seat, ours: bool) -> dict[str, object]:
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


def _why_not(explainer: Explainer, row: Seat) -> list[str]:
    return list(dict.fromkeys(_told(each.kind) for each in explainer.why(*row).obstacles))


def _told(kind: Kind) -> str:
    """An obstacle as it may be kept: one word for all that lies with other people, so that none tells more."""
    return kind.value if kind in OWN else "unavailable"
