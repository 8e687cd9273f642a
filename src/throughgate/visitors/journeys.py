"""Where somebody stands on the way in: every step, who is waited for, and what can be done now."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.access.actor import Actor
from throughgate.base.scope import Audience
from throughgate.places.models import Facility
from throughgate.policies.clearances import ClearanceRules, Requirement
from throughgate.visitors import requirements, rules
from throughgate.visitors.models import Clearance, Reference, Stage, Step, TrainingDate, TrainingSeat, Visitor
from throughgate.visitors.requirements import Party, State, StepFacts
from throughgate.visitors.steps import facts, requirement_of, rules_here, rules_of

DAY = dt.timedelta(days=1)
PARTIES: dict[Party, str | Promise] = {
    "visitor": _("the visitor"),
    "referee": _("the references"),
    "staff": _("the facility"),
    "nobody": _("nobody"),
}


@dataclass(frozen=True)
class Line:
    """One step as pages show it, on a day. ``acts`` are the verbs that may follow now."""

    step: Step
    asked: Requirement
    facts: StepFacts
    state: State
    waits: Party
    references: tuple[Reference, ...] = ()
    acts: frozenset[str] = frozenset()
    renew_from: dt.date | None = None

    @property
    def words(self) -> str | Promise:
        """Its state in words."""
        return requirements.WORDS[self.state][0]

    @property
    def tone(self) -> str:
        """The tint of its state."""
        return requirements.WORDS[self.state][1]

    @property
    def soon(self) -> bool:
        """Whether it still counts and can be renewed already."""
        return self.renew_from is not None

    @property
    def answered(self) -> int:
        """How many references have answered."""
        return sum(1 for each in self.references if each.answered_at is not None)

    @property
    def may_claim(self) -> bool:
        """Whether the visitor can do something about it with one tap."""
        open_now = self.state in ("waiting", "not_due", "expired", "grace") or (
            self.state == "done" and self.soon
        )
        return open_now and self.asked.proof in ("agree", "seen")


@dataclass(frozen=True)
class Journey:
    """A clearance with its steps on a day, and how far it is."""

    clearance: Clearance
    today: dt.date
    rules: ClearanceRules | None
    lines: tuple[Line, ...] = ()
    done: int = 0
    of: int = 0

    @property
    def holds(self) -> bool:
        """Whether it lets its visitor in today."""
        return self.clearance.holds_on(self.today)

    @property
    def stages(self) -> list[tuple[str | Promise, list[Line]]]:
        """The steps by stage, in order."""
        return [
            (stage.label, here)
            for stage in Stage
            if (here := [line for line in self.lines if line.step.stage == stage])
        ]

    @property
    def open_lines(self) -> list[Line]:
        """What is not done, waived or dropped."""
        return [line for line in self.lines if line.state not in ("done", "waived") or line.soon]

    @property
    def waits(self) -> list[tuple[Party, int]]:
        """On whom how many steps wait; when nothing does and it is undecided, on the facility."""
        counted: Counter[Party] = Counter(line.waits for line in self.lines if line.waits != "nobody")
        before = [line for line in self.lines if line.step.stage != "onboarding" and line.waits != "nobody"]
        if not before and self.clearance.status == "applied":
            counted["staff"] += 1
        order: tuple[Party, ...] = ("staff", "visitor", "referee")
        return [(party, counted[party]) for party in order if counted[party]]

    @property
    def may_decide(self) -> bool:
        """Whether everything that comes before the decision holds."""
        return not requirements.may_approve([line.facts for line in self.lines], self.today).refused

    @property
    def renewable(self) -> bool:
        """Whether the window before its end is open."""
        return (
            self.rules is not None
            and self.clearance.status in rules.CLEARED
            and self.clearance.last_day is not None
            and not requirements.may_renew(self.clearance.last_day, self.rules, self.today).refused
        )

    @property
    def regular_from(self) -> dt.date | None:
        """From which day a provisional clearance may become regular."""
        since = self.clearance.provisional_since
        if self.clearance.status != "provisional" or since is None or self.rules is None:
            return None
        return requirements.regular_from(since, self.rules)

    @property
    def next_due(self) -> Line | None:
        """The step of the visitor's own that runs out first, or is due first."""
        mine = [line for line in self.open_lines if line.waits == "visitor" or line.soon]
        return min(mine, key=lambda line: line.step.due_on or line.step.until or self.today, default=None)


def journey(clearance: Clearance, today: dt.date | None = None) -> Journey:
    """Where one clearance stands; read it with facility, visitor, steps and their references."""
    day = today or clearance.facility.today()
    known = rules_of(clearance)
    rows = [step for step in clearance.steps.all() if step.asked]
    lines = []
    for step in sorted(rows, key=lambda each: (each.position, each.pk)):
        step.clearance = clearance
        lines.append(_line(step, requirement_of(step), day))
    done, of = requirements.progress([line.facts for line in lines], day)
    return Journey(clearance, day, known, tuple(lines), done, of)


def _line(step: Step, asked: Requirement, day: dt.date) -> Line:
    known = facts(step, str(asked.label))
    state = known.state(day)
    given = tuple(each for each in step.references.all() if each.withdrawn_at is None)
    answered = sum(each.answered_at is not None for each in given)
    window = known.until - asked.window_days * DAY if known.until and asked.window_days else None
    return Line(
        step=step,
        asked=asked,
        facts=known,
        state=state,
        waits=requirements.waits_on(
            known, asked.proof, day, asked=len(given), answered=answered, count=asked.count
        ),
        references=given,
        acts=requirements.MAY[state],
        renew_from=window if window and state == "done" and window <= day else None,
    )


def with_steps(rows: QuerySet[Clearance]) -> QuerySet[Clearance]:
    """Clearances with all that a journey reads, in five queries however many there are."""
    return rows.select_related("facility", "visitor__organization").prefetch_related("steps__references")


def mine(visitor: Visitor) -> list[Journey]:
    """A visitor's own ways in, facility by facility; of those that are over only the last."""
    rows = with_steps(Clearance.objects.filter(visitor=visitor)).order_by("facility__name", "pk")
    latest: dict[int, Clearance] = {}
    for row in rows:
        before = latest.get(row.facility_id)
        if before is None or before.status not in rules.OPEN or row.status in rules.OPEN:
            latest[row.facility_id] = row
    return [journey(row) for row in latest.values()]


def applications(by: Actor, facility: Facility, waits: str = "") -> list[Journey]:
    """Open applications at a facility, the oldest first; ``waits`` keeps those that wait for one party."""
    rows = with_steps(Clearance.objects.filter(facility=facility, status="applied"))
    if by.audience == Audience.STAFF:
        rows = rows.filter(facility__in=by.facility_ids)
    found = [journey(row) for row in rows.order_by("applied_on", "pk")]
    return [each for each in found if not waits or waits in dict(each.waits)]


def lapsing(by: Actor, facility: Facility, within: int = 90) -> list[Line]:
    """Steps of clearances in force that run out within so many days or have done so, the first to go first."""
    today = facility.today()
    rows = (
        Step.objects.filter(
            clearance__facility=facility,
            clearance__status__in=rules.CLEARED,
            clearance__visitor__left_on__isnull=True,
            clearance__valid__contains=today,
            asked=True,
            until__lte=today + within * DAY,
        )
        .select_related("clearance__visitor__organization", "clearance__facility")
        .prefetch_related("references")
        .order_by("until", "clearance__visitor__sort_name", "pk")
    )
    if by.audience == Audience.STAFF:
        rows = rows.filter(clearance__facility__in=by.facility_ids)
    lines = [_line(row, requirement_of(row), today) for row in rows]
    return [line for line in lines if line.state != "waived"]


@dataclass(frozen=True)
class Bookable:
    """A training date as somebody may book it."""

    training: TrainingDate
    label: str
    seat: TrainingSeat | None = None


def trainings(facility: Facility, *, past: bool = False) -> list[TrainingDate]:
    """The dates of a facility, coming ones by time, past ones newest first."""
    now = timezone.now()
    rows = TrainingDate.objects.filter(facility=facility).select_related("facility")
    if past:
        return list(rows.filter(ends_at__lte=now).order_by("-starts_at", "pk")[:30])
    return list(rows.filter(ends_at__gt=now).order_by("starts_at", "pk"))


def training_label(training: TrainingDate) -> str:
    """What a date is for, in the words of the rules."""
    return training_labels(training.facility).get(training.requirement, training.requirement)


def training_labels(facility: Facility) -> dict[str, str]:
    """What can be trained at a facility by its rules, by code."""
    pack = rules_here(facility)
    asked = pack.data.requirements.values() if pack else ()
    return {each.code: str(each.label) for each in asked if each.proof == "training"}


def bookable(visitor: Visitor, journeys: Iterable[Journey]) -> list[Bookable]:
    """Coming dates that can meet a step which the visitor still has to do, and dates they have a seat on."""
    now = timezone.now()
    wanted: dict[str, list[Clearance]] = {}
    for each in journeys:
        for line in each.open_lines:
            if line.asked.proof == "training" and each.clearance.status in rules.OPEN:
                wanted.setdefault(line.step.requirement, []).append(each.clearance)
    seats = {
        seat.training_id: seat
        for seat in TrainingSeat.objects.filter(visitor=visitor).exclude(state=TrainingSeat.State.CANCELLED)
    }
    rows = TrainingDate.objects.filter(starts_at__gt=now, cancelled_at__isnull=True).select_related(
        "facility"
    )
    found = []
    for row in rows.order_by("starts_at", "pk"):
        seat = seats.get(row.pk)
        if seat is not None or (row.free and _meets(row, wanted)):
            found.append(Bookable(row, training_label(row), seat))
    return found


def _meets(row: TrainingDate, wanted: Mapping[str, list[Clearance]]) -> bool:
    """Whether a date serves one of the clearances: at its facility, or anywhere in the jurisdiction where it counts."""
    for clearance in wanted.get(row.requirement, ()):
        if clearance.facility_id == row.facility_id:
            return True
        known = rules_of(clearance)
        asked = known.requirements.get(row.requirement) if known else None
        if (
            asked is not None
            and asked.everywhere
            and clearance.facility.jurisdiction == row.facility.jurisdiction
        ):
            return True
    return False
