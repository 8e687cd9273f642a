"""Who waits for what: places in line, old and new, some of them gone stale [P-296]."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict

from throughgate.demo.history import Seat, fits
from throughgate.demo.making import DAY, Build, at, office_hour, save, weighted
from throughgate.demo.people import Person
from throughgate.demo.weeks import Run
from throughgate.programs.models import CohortStatus, RequestedBy, WaitlistEntry, WaitStatus

# Median wait in days where it is far from six weeks: welding 5 months, dog training 9 months [P-296].
MEDIAN = {"welding": 150, "welding2": 90, "dogs": 270, "carpentry": 110, "baking": 95, "psychology": 80}
USUAL = 42
PER_SEAT = {
    "welding": 2.0,
    "dogs": 2.0,
    "carpentry": 1.8,
    "hse_reading": 1.6,
    "thinking": 1.5,
    "warehouse": 1.6,
}
MOST_OPEN = 5  # requests a person may have open, as the pack says
STALE = 0.23
ASKED_BY = [
    ("self", 0.52),
    ("case_manager", 0.27),
    ("education", 0.09),
    ("board", 0.06),
    ("unit", 0.04),
    ("peer", 0.02),
]
NO = (
    ("declined", "The class needs a reading level of 6. Ask for Reading together first; your date will be kept."),
    ("declined", "You go home before the course ends. Ask the office about the same course outside."),
    ("declined", "This course asks for 180 days without a misconduct finding. You may ask again after that."),
    ("removed", "You did not answer when we asked whether you still want it. Say so and you are back in line."),
)  # fmt: skip


def seated(build: Build, seats: list[Seat]) -> None:
    """Give most who sit in a run that is not over the place in line they had before; written with the seats."""
    random_ = build.random("line before")
    rows = []
    for each in seats:
        if each.run.last < build.today or random_.random() < 0.2:
            continue
        wait = _wait(random_, each.run.line.spec.key)
        asked = max(each.person.spells[0].since, each.since - DAY * wait)
        entry = _entry(build, random_, each.person, each.run, asked)
        entry.status = WaitStatus.ENROLLED
        entry.confirmed_on = each.since
        _decide(random_, entry, each.since - DAY * 3, each.row.enrolled_by)
        each.row.entry = entry
        rows.append(entry)
    save(rows)


def make(build: Build, runs: list[Run]) -> None:
    """Write the lines as they stand today, and the answers that were no."""
    random_ = build.random("line")
    open_: dict[int, int] = defaultdict(int)
    lately: dict[tuple[str, str], Run] = {}
    for run in runs:
        if run.cohort.status in {CohortStatus.RUNNING, CohortStatus.OPEN}:
            lately.setdefault((run.line.spec.key, run.line.place), run)
    rows: list[WaitlistEntry] = []
    asked: set[tuple[str, str]] = set()
    for (key, place), run in lately.items():
        share = PER_SEAT.get(key, random_.uniform(0.6, 1.25))
        for _ in range(round(run.line.seats * share)):
            person = _someone(random_, build, run, asked, open_)
            if person is not None:
                asked.add((person.row.code, key))
                rows.append(_open_entry(build, random_, person, run))
        if place == "R":
            rows += _refused(build, random_, run, asked, open_)
    save(rows)


def _wait(random_: random.Random, key: str) -> int:
    return int(random_.expovariate(0.69 / MEDIAN.get(key, USUAL))) + 1


def _someone(
    random_: random.Random, build: Build, run: Run, asked: set[tuple[str, str]], open_: dict[int, int]
) -> Person | None:
    """Somebody here now who is not in the program; most are eligible, some almost, a few not."""
    spec = run.line.spec
    pool = build.people.pools[run.line.place]
    strict = random_.random() < 0.82
    for _ in range(60):
        person = pool[int(random_.random() * len(pool))]
        if spec.faith and person.faith not in spec.faith.split():
            continue
        if person.now.place != run.line.place or spec.key in person.began:
            continue
        if (person.row.code, spec.key) in asked or open_[person.row.pk] >= MOST_OPEN:
            continue
        if strict and not fits(person, spec.rules, build.today):
            continue
        open_[person.row.pk] += 1
        return person
    return None


def _entry(build: Build, random_: random.Random, person: Person, run: Run, asked: dt.date) -> WaitlistEntry:
    return WaitlistEntry(
        code=build.code(),
        participant=person.row,
        program=run.line.program,
        requested_on=asked,
        requested_by=RequestedBy(weighted(random_, ASKED_BY)),
        confirmed_on=asked,
    )


def _open_entry(build: Build, random_: random.Random, person: Person, run: Run) -> WaitlistEntry:
    days = _wait(random_, run.line.spec.key)
    stale = random_.random() < STALE
    if stale:
        days = max(days, 95 + int(random_.random() * 120))
    asked = max(person.spells[0].since, build.today - DAY * days)
    entry = _entry(build, random_, person, run, asked)
    entry.confirmed_on = asked if stale else max(asked, build.day(-random_.randint(0, 85)))
    new = (build.today - asked).days < 12
    entry.status = WaitStatus.PENDING if new and random_.random() < 0.7 else WaitStatus.APPROVED
    if entry.status == WaitStatus.APPROVED:
        _decide(random_, entry, asked + DAY * random_.randint(0, 6), "Theo Lindqvist")
    if random_.random() < 0.06:
        entry.note = random_.choice(
            ("Prefers evenings", "Works in the laundry until 14:00", "Asked twice by letter")
        )
    return entry


def _decide(random_: random.Random, entry: WaitlistEntry, day: dt.date, by: str) -> None:
    entry.decided_by, entry.decided_at = by, at(day, office_hour(random_))


def _refused(
    build: Build, random_: random.Random, run: Run, asked: set[tuple[str, str]], open_: dict[int, int]
) -> list[WaitlistEntry]:
    rows = []
    for _ in range(random_.randint(0, 2)):
        person = _someone(random_, build, run, asked, open_)
        if person is None:
            continue
        asked.add((person.row.code, run.line.spec.key))
        day = max(person.spells[0].since, build.day(-random_.randint(20, 200)))
        entry = _entry(build, random_, person, run, day)
        status, entry.reason = random_.choice(NO)
        entry.status = WaitStatus(status)
        _decide(random_, entry, day + DAY * random_.randint(2, 14), "Theo Lindqvist")
        rows.append(entry)
    return rows
