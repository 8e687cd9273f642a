"""`throughgate allocate`: a plan from a Parquet file, without the rest of the product."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .model import AllocationError, Effort, Policy

if TYPE_CHECKING:
    from .instance import Instance
    from .model import Plan


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    p = argparse.ArgumentParser(
        prog="throughgate allocate",
        description="Propose who gets which seat, with the proven gap. Nobody is enrolled by it.",
    )
    p.add_argument("instance", help="Parquet file or folder of Parquet files")
    p.add_argument("-o", "--out", help="folder for seats, prices, lottery ledger and decision record")
    p.add_argument("--policy", help="JSON file with the agency's weights")
    p.add_argument("--seed", type=int, default=0, help="seed of the tie lottery; publish it beforehand")
    p.add_argument("--seconds", type=float, default=60.0, help="time limit; the best plan so far is given")
    p.add_argument("--engine", choices=("auto", "numba", "plain"), default="auto")
    p.add_argument("--no-mip", action="store_true", help="leave out the integer programs")
    p.add_argument("--beside", action="store_true", help="also show what today's rules would do")
    p.add_argument("--why", nargs=2, metavar=("PERSON", "COHORT"), help="explain one placement")
    p.add_argument(
        "--example", type=int, metavar="PEOPLE", help="write a made-up instance of this size and stop"
    )
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 = a plan was made, 1 = it could not be, with the reason on standard error."""
    args = parser().parse_args(argv)
    try:
        return _run(args)
    except AllocationError as e:
        sys.stderr.write(f"throughgate allocate: {e}\n")
        return 1


def _run(args: argparse.Namespace) -> int:
    # Arrow, numpy and the kernels load only once there is work to do.
    from .io import read_instance, read_policy, write_instance, write_plan  # noqa: PLC0415
    from .plan import make_plan  # noqa: PLC0415

    if args.example is not None:
        from .synthetic import make_instance  # noqa: PLC0415

        write_instance(make_instance(args.example, args.seed), args.instance)
        return 0
    instance = read_instance(args.instance)
    policy = read_policy(args.policy) if args.policy else Policy()
    effort = Effort(seconds=args.seconds, mip=not args.no_mip, engine=args.engine)
    plan = make_plan(instance, policy, effort=effort, seed=args.seed)
    _summary(instance, plan)
    if args.beside:
        _beside(instance, plan)
    if args.why:
        _why(instance, plan, *args.why)
    if args.out:
        write_plan(instance, plan, args.out)
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _summary(instance: Instance, plan: Plan) -> None:
    from .fairness import report  # noqa: PLC0415

    r = report(instance, plan.seats)
    _say(f"{len(plan.seats)} seats for {instance.n} people in {len(instance.cohorts)} cohorts")
    _say(
        f"value {plan.value:.2f}, no plan can beat {plan.bound:.2f}: proven gap {plan.gap:.3%}; 0 violations"
    )
    _say(
        f"need met {r.need_met:.3f}, with any seat {r.any_seat:.3f}, leaving within 26 weeks {r.near_any_seat:.3f}"
    )
    _say(f"policy {plan.policy.version}, first-seat weight {plan.policy.first_seat:g}, seed {plan.seed}, "
         f"plan {plan.digest[:16]}")  # fmt: skip
    if not plan.repeatable:
        _say("The clock ended the work: another run may differ a little.")


def _beside(instance: Instance, plan: Plan) -> None:
    from .baselines import RULES, today  # noqa: PLC0415
    from .fairness import compare, report  # noqa: PLC0415

    _say(f"{'rule':20} need met  any seat  people better / worse off under this plan")
    for rule in RULES:
        seats = today(instance, plan.policy, rule, seed=plan.seed)
        r, change = report(instance, seats), compare(instance, seats, plan.seats)
        _say(f"{rule:20} {r.need_met:8.3f}  {r.any_seat:8.3f}  {len(change.gained)} / {len(change.lost)}")


def _why(instance: Instance, plan: Plan, person: str, cohort: str) -> None:
    from .explain import Explainer  # noqa: PLC0415

    if person not in instance.person_index or cohort not in instance.cohort_index:
        raise AllocationError(f"There is no person {person!r} or no cohort {cohort!r} in this instance.")
    why = Explainer(instance, plan).why(instance.person_index[person], instance.cohort_index[cohort])
    _say(f"{person} and {cohort}: " + ("has a seat" if why.seated else "no seat, because"))
    for o in why.obstacles:
        _say(f"- {o.kind.value}" + "".join(f" {instance.cohorts[c]}" for c in o.cohorts)
             + "".join(f" {instance.programs[g]}" for g in o.programs))  # fmt: skip
        for f in o.findings:
            _say(f"    {f.fact} ({f.source}) {f.remedy}")
        if o.line is not None:
            _say(f"    {o.line.seats} seats, {o.line.fit} people fit; last seat {o.line.last:.2f}, here "
                 f"{o.line.yours:.2f}; place {o.line.place} in line")  # fmt: skip
