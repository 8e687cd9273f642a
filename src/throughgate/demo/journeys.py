"""Invented ways in: the steps of everybody who comes, applicants at every stage, references, training dates, ties."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from throughgate.demo import names
from throughgate.demo.making import DAY, Build, at, office_hour, save, weighted
from throughgate.demo.visitors import Visitors
from throughgate.policies import queries as policies
from throughgate.policies.clearances import ClearanceRules, Requirement
from throughgate.visitors.models import (
    Clearance,
    ClearanceStatus,
    Conflict,
    Reference,
    ReferenceAnswer,
    Source,
    Step,
    TrainingDate,
    TrainingSeat,
)

APPLICANT = ("Amina", "Farah")  # a persona: she sees her own steps
OFFICE = "State screening office (invented)"
KEEPER = "Dana Whitfield"
PROVISIONAL = 9
# How far applicants are: the requirements that are done, in this order, and who is waited for after that.
ORDER = ("application", "age", "references", "check", "training")
FAR = (2, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 1, 2, 3)
REFERRED = (
    (
        "Two years at the food bank; she keeps her hours.",
        "always",
        "Calm, and asks before she promises.",
        "yes",
    ),
    ("We taught together for five years.", "mostly", "Knows where her task ends.", "yes"),
    ("A neighbor; I know him from the choir.", "mostly", "Needs clear rules, then keeps to them.", "doubts"),
)


def make(build: Build, visitors: Visitors) -> None:
    """Write the steps of all clearances, and what is on its way."""
    pack = policies.clearances("US-HB", build.today)
    assert pack is not None
    random_ = build.random("journeys")
    cleared = [row for row in visitors.clearances.values() if row.status in ("approved", "suspended")]
    _under_rules(cleared, pack.id, pack.data)
    _provisional(build, random_, cleared[-PROVISIONAL:])
    save(step for row in cleared for step in _shown(build, random_, row, pack.data))
    applied = _applicants(build, random_, visitors, pack.id, pack.data)
    _trainings(build, random_, applied)
    _ties(build, applied)
    for row in cleared[-40:-37]:  # some have asked for renewal in time
        row.renewal_asked_on, row.grace_days = build.day(-2), pack.data.grace_days
        row.save(update_fields=["renewal_asked_on", "grace_days"])


def _under_rules(rows: list[Clearance], pack: str, rules: ClearanceRules) -> None:
    for row in rows:
        row.pack, row.role, row.source, row.grace_days = (
            pack,
            row.visitor.kind,
            Source.PAPER,
            rules.grace_days,
        )
    Clearance.objects.bulk_update(rows, ["pack", "role", "source", "grace_days"], batch_size=500)


def _provisional(build: Build, random_: random.Random, rows: list[Clearance]) -> None:
    """Some are provisional still; the months of a few are over."""
    for row in rows:
        if row.status == ClearanceStatus.APPROVED:
            row.status, row.provisional_since = (
                ClearanceStatus.PROVISIONAL,
                build.day(-random_.randint(40, 260)),
            )
    Clearance.objects.bulk_update(rows, ["status", "provisional_since"])


def _shown(build: Build, random_: random.Random, row: Clearance, rules: ClearanceRules) -> Iterator[Step]:
    """Everything shown long ago; most of it counts for months, a little runs out soon, is in grace or is over."""
    assert row.valid is not None
    since = row.valid.lower
    for position, asked in enumerate(rules.of(row.role)):
        until = _until(build, random_, asked)
        step = Step(
            code=build.code(),
            clearance=row,
            requirement=asked.code,
            stage=asked.stage,
            position=position,
            grace_days=asked.grace_days,
            done_on=since,
            until=until,
            decided_by=KEEPER if asked.proof != "agree" else row.visitor.name,
            authority=OFFICE if asked.proof == "check" else "",
        )
        if until is not None and until < build.today and random_.random() < 0.5:
            step.claimed_on = build.day(-1)
        yield step


def _until(build: Build, random_: random.Random, asked: Requirement) -> dt.date | None:
    if asked.months is None:
        return None
    soon = {"tb": 0.08, "rules": 0.04, "training": 0.05}.get(asked.code, 0.0)
    if random_.random() < soon:
        return build.day(random_.choice((-6, 4, 9, 16, 25, 40, 55)))
    return build.day(random_.randint(95, asked.months * 30))


def _applicants(
    build: Build, random_: random.Random, visitors: Visitors, pack: str, rules: ClearanceRules
) -> list[Clearance]:
    """Those who wait, each at another stage, the longest for two months."""
    rows = list(
        Clearance.objects.filter(status="applied").select_related("visitor", "facility").order_by("pk")
    )
    here = {visitor.pk: visitor for visitor in visitors.all}
    for number, row in enumerate(rows):
        row.visitor = here[row.visitor_id]
        row.pack, row.role, row.grace_days = pack, row.visitor.kind, rules.grace_days
        row.applied_on = build.day(-4 - number * 4)
        row.source = weighted(random_, [(Source.PUBLIC, 0.5), (Source.INVITED, 0.3), (Source.STAFF, 0.2)])
    first = rows[0]
    first.facility, first.role = build.places.facilities["R"], "tutor"
    who = first.visitor
    who.first_name, who.last_name, who.kind, who.organization = *APPLICANT, "tutor", None
    who.email = "amina.farah@neighbors.example"
    who.save()
    Clearance.objects.bulk_update(rows, ["pack", "role", "grace_days", "applied_on", "source", "facility"])
    save(
        step
        for number, row in enumerate(rows)
        for step in _so_far(build, random_, row, rules, FAR[number % len(FAR)])
    )
    _references(build, random_, rows)
    return rows


def _so_far(
    build: Build, random_: random.Random, row: Clearance, rules: ClearanceRules, far: int
) -> Iterator[Step]:
    assert row.applied_on is not None
    done = set(ORDER[:far])
    for position, asked in enumerate(rules.of(row.role)):
        step = Step(
            code=build.code(),
            clearance=row,
            requirement=asked.code,
            stage=asked.stage,
            position=position,
            grace_days=asked.grace_days,
        )
        if asked.code in done:
            day = min(row.applied_on + random_.randint(1, 12) * DAY, build.today)
            step.done_on, step.until, step.decided_by = day, asked.until(day), KEEPER
            step.authority = OFFICE if asked.proof == "check" else ""
        elif asked.code == "tb" and far > 1:
            step.claimed_on = build.day(-2) if far > 2 else None
        elif asked.code == "age" and far == 1:
            step.claimed_on = build.day(-1)
        yield step


def _references(build: Build, random_: random.Random, rows: list[Clearance]) -> None:
    """Some have answered, some were asked and are waited for."""
    answers: list[ReferenceAnswer] = []
    given: list[Reference] = []
    steps = {
        step.clearance_id: step for step in Step.objects.filter(clearance__in=rows, requirement="references")
    }
    for number, row in enumerate(rows):
        step = steps.get(row.pk)
        if step is None or FAR[number % len(FAR)] == 0:
            continue
        for turn in range(2):
            first, last = names.people_names(random_, [random_.choice("MF")], set())[0]
            asked = at(build.day(-3 - number % 9), office_hour(random_))
            referee = Reference(
                code=build.code(),
                step=step,
                name=f"{first} {last}",
                email=f"{first}.{last}@post.example".lower().replace(" ", ""),
                relation=random_.choice(("Former employer", "Neighbor", "Teacher", "Fellow volunteer")),
                asked_at=asked,
                times_asked=1 + number % 2,
            )
            given.append(referee)
            if step.done_on is not None or turn == 0:
                referee.answered_at = asked + 2 * DAY
                answers.append(ReferenceAnswer(reference=referee, answers=_words(random_)))
    save(given)
    save(answers)


def _words(random_: random.Random) -> list[dict[str, str]]:
    pack = policies.clearances("US-HB", dt.date(2026, 1, 1))
    questions = pack.data.requirements["references"].questions if pack else ()
    said = random_.choice(REFERRED)
    return [
        {"question": str(each.label), "words": str(dict(each.choices).get(words, words))}
        for each, words in zip(questions, said, strict=True)
    ]


def _trainings(build: Build, random_: random.Random, applied: list[Clearance]) -> None:
    """Coming dates at three facilities, and one that is over and not marked yet."""
    dates: list[TrainingDate] = []
    for key in ("R", "W", "D"):
        for code, ahead, hours in (("training", 9, 4), ("orientation", 12, 2), ("training", 37, 4)):
            starts = at(_weekday(build.day(ahead + len(dates) % 3)), dt.time(9))
            dates.append(
                TrainingDate(
                    code=build.code(),
                    facility=build.places.facilities[key],
                    requirement=code,
                    starts_at=starts,
                    ends_at=starts + dt.timedelta(hours=hours),
                    place="Training room, administration building",
                    seats=12 if code == "training" else 8,
                )
            )
    begun = at(_weekday(build.day(-3), -1), dt.time(9))
    dates.append(
        TrainingDate(
            code=build.code(),
            facility=build.places.facilities["R"],
            requirement="training",
            starts_at=begun,
            ends_at=begun + dt.timedelta(hours=4),
            place="Training room, administration building",
            seats=12,
        )
    )
    save(dates)
    at_ridgeway = [row for row in applied if row.facility_id == build.places.facilities["R"].pk]
    waiting = [row for number, row in enumerate(at_ridgeway) if number]
    save(TrainingSeat(code=build.code(), training=dates[-1], visitor=row.visitor) for row in waiting[:3])
    save(TrainingSeat(code=build.code(), training=dates[0], visitor=row.visitor) for row in waiting[3:6])


def _weekday(day: dt.date, step: int = 1) -> dt.date:
    while day.weekday() > 4:
        day += step * DAY
    return day


def _ties(build: Build, applied: list[Clearance]) -> None:
    """One tie waits for security, one was looked at and nothing followed."""
    waits, settled = applied[3], applied[5]
    save(
        [
            Conflict(
                code=build.code(),
                visitor=waits.visitor,
                facility=waits.facility,
                kind="correspondent",
                about="A former student, I think he is in East House. We wrote twice.",
            ),
            Conflict(
                code=build.code(),
                visitor=settled.visitor,
                facility=settled.facility,
                kind="kin",
                about="A cousin who was inside some years ago.",
                state="nobody",
                decided_by="Capt. Helen Stroud",
                decided_at=at(build.day(-6), dt.time(10)),
            ),
        ]
    )
