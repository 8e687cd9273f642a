"""Keeps why each person in line has or has not a seat in a proposal; in a worker, where the engine is loaded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from throughgate.engines.allocation import Explainer, Kind
from throughgate.people.models import Participant
from throughgate.programs.models import Cohort, SeatAnswer, SeatPlan

# A keep-apart order and a group that would be too small to run are one word, so that neither tells ([A-45]).
# Which booking rules refuse a pair is asked again when the page is opened; here it is one word too.
UNTOLD_KINDS = frozenset({Kind.UNAVAILABLE, Kind.CLOSED})
OWN_COHORTS = frozenset({Kind.CLASH, Kind.PROGRAM, Kind.LIMIT})
UNTOLD = "unavailable"


class Told(Protocol):
    """What this needs of the engine's input: who asked for which program, and the rows behind the codes."""

    @property
    def asked(self) -> Mapping[tuple[str, str], int]:
        """(person, program) codes of those in line."""
        ...

    @property
    def participants(self) -> Mapping[str, Participant]:
        """People by code."""
        ...

    @property
    def live(self) -> Mapping[str, Cohort]:
        """Cohorts by code."""
        ...


def keep(plan: SeatPlan, told: Told, explainer: Explainer) -> None:
    """Write an answer for everybody in line and every cohort of the program with seats in this proposal."""
    SeatAnswer.objects.bulk_create(list(_answers(plan, told, explainer)), batch_size=1000)


def _answers(plan: SeatPlan, told: Told, explainer: Explainer) -> Iterator[SeatAnswer]:
    instance = explainer.instance
    enrolled = {(int(p), int(c)) for p, c in instance.fixed}
    for c, cohort in enumerate(instance.cohorts):
        run_of = told.live[cohort]
        if not considered(plan, run_of):
            continue
        for p, person in enumerate(instance.people):
            if (person, run_of.program.code) in told.asked and (p, c) not in enrolled:
                yield _answer(plan, told, explainer, (p, c))


def considered(plan: SeatPlan, cohort: Cohort) -> bool:
    """Whether the proposal is for free seats of this cohort."""
    mine = plan.program_id in {None, cohort.program_id} and plan.cohort_id in {None, cohort.pk}
    return mine and cohort.free_seats > 0


def _answer(plan: SeatPlan, told: Told, explainer: Explainer, row: tuple[int, int]) -> SeatAnswer:
    (p, c), today = row, plan.facility.today()
    why, line, instance = explainer.why(p, c), explainer.line(p, c), explainer.instance
    mine = dict.fromkeys(
        instance.cohorts[each] for o in why.obstacles if o.kind in OWN_COHORTS for each in o.cohorts
    )
    kinds = words(o.kind for o in why.obstacles)
    # With something untold in the way no number is kept: worth beside the last seat's would tell it.
    open_ = not {UNTOLD, Kind.RULES.value} & set(kinds)
    return SeatAnswer(
        plan=plan,
        participant=told.participants[instance.people[p]],
        cohort=told.live[instance.cohorts[c]],
        seated=why.seated,
        told=kinds,
        own=list(mine),
        worth=round(line.yours, 6) if open_ else 0,
        last=round(line.last, 6) if open_ else 0,
        price=round(line.price, 6) if open_ else 0,
        place=line.place if open_ and not why.seated else None,
        fit=line.fit,
        seats=told.live[instance.cohorts[c]].free_seats,
        next_starts=[(today + dt.timedelta(days=start)).isoformat() for start in line.next_starts],
    )


def words(kinds: Iterable[Kind]) -> list[str]:
    """The obstacles as they may be kept and shown, each once, in the order in which they are told."""
    return list(dict.fromkeys(UNTOLD if kind in UNTOLD_KINDS else kind.value for kind in kinds))
