"""Which program runs where in the week: a room and weekly times for each, that never clash."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from throughgate.demo.catalog import PROGRAMS, Rule, Spec
from throughgate.demo.making import Build, save
from throughgate.places.models import Room
from throughgate.programs.models import Cohort, EligibilityRule, Prerequisite, Program
from throughgate.visitors.models import Visitor

STARTS = {"am": dt.time(9, 0), "pm": dt.time(13, 15), "ed": dt.time(18, 15)}
LONG = 135  # a longer meeting starts with the movement window, so that it ends before the count
EARLY = {"am": dt.time(8, 45), "pm": dt.time(13, 0), "ed": dt.time(18, 0)}
# Days in the order in which they are tried, by how often a week a program meets.
PATTERNS = {
    1: ((0,), (1,), (2,), (3,), (4,)),
    2: ((0, 2), (1, 3), (2, 4), (0, 3), (1, 4), (0, 4), (3, 4), (0, 1), (1, 2), (2, 3)),
    3: ((0, 2, 4), (0, 1, 3), (1, 2, 4), (1, 3, 4), (0, 1, 2), (2, 3, 4)),
}
OTHER_ROOMS = {"lab": ("class", "group"), "weld": (), "wood": (), "kitchen": (), "dogs": (), "clinic": ("group",),
               "arts": ("group",), "gym": ("group",), "chapel": ("group",), "group": ("class", "chapel"),
               "class": ("lab", "group")}  # fmt: skip


@dataclass
class Line:
    """A program in a facility, run after run, always at the same weekly times in the same room."""

    spec: Spec
    place: str
    program: Program
    room: Room
    days: tuple[int, ...]
    part: str
    weeks: int
    leads: list[Visitor] = field(default_factory=list)
    covers: list[Visitor] = field(default_factory=list)
    cohorts: list[Cohort] = field(default_factory=list)

    @property
    def times(self) -> list[tuple[int, str]]:
        """The weekly times as (weekday, part of the day)."""
        return [(day, self.part) for day in self.days]

    @property
    def starts(self) -> dt.time:
        """When a session starts, local."""
        return (EARLY if self.spec.minutes > LONG else STARTS)[self.part]

    @property
    def ends(self) -> dt.time:
        """When a session ends, local."""
        minutes = self.starts.hour * 60 + self.starts.minute + self.spec.minutes
        return dt.time(*divmod(minutes, 60))

    @property
    def seats(self) -> int:
        """Seats of a run: the largest group that the room holds."""
        return min(self.spec.group[1], self.room.capacity)


def places_of() -> dict[str, str]:
    """For each partner the keys of the facilities it serves."""
    found: dict[str, str] = {}
    for spec in PROGRAMS:
        found[spec.org] = "".join(sorted({*found.get(spec.org, ""), *spec.places}))
    return found


def programs(build: Build) -> dict[str, Program]:
    """Write the catalog with its rules and prerequisites."""
    made = {spec.key: _program(build, spec) for spec in PROGRAMS}
    save(made.values())
    save(Prerequisite(program=made[s.key], required=made[s.after]) for s in PROGRAMS if s.after)
    save(_rule(made[spec.key], rule) for spec in PROGRAMS for rule in spec.rules)
    return made


def _program(build: Build, spec: Spec) -> Program:
    return Program(
        code=build.code(),
        organization=build.partners.organizations[spec.org],
        name=spec.name,
        name_es=spec.name_es,
        summary=spec.summary,
        summary_es=spec.summary_es,
        needs=list(spec.needs),
        dose_hours=spec.hours,
        group_min=spec.group[0],
        group_max=spec.group[1],
        credit_rule=("hours completion" if spec.hours >= 20 else "hours") if spec.credit else "",
        credential=spec.credential,
        movement_label=spec.label,
        part2=spec.part2,
        listed=True,
    )


def _rule(program: Program, rule: Rule) -> EligibilityRule:
    fact, test, value, almost, words, words_es = rule
    return EligibilityRule(
        program=program, fact=fact, test=test, value=value, almost=almost, words=words, words_es=words_es
    )


def plan(build: Build, made: dict[str, Program]) -> list[Line]:
    """Give every program in every facility a room and days; the busiest are placed first."""
    taken: set[tuple[int, int, str]] = set()
    lines = []
    order = sorted(
        ((spec, place) for spec in PROGRAMS for place in spec.places),
        key=lambda each: (-each[0].week, -len(each[0].days), PROGRAMS.index(each[0])),
    )
    spread = {place: 0 for place in "RWDH"}
    for spec, place in order:
        found = _find(build, spec, place, taken, spread[place])
        spread[place] += 1
        if found is None:
            raise RuntimeError(f"no room is left for {spec.key} in {place}")
        room, days, part = found
        taken.update((room.pk, day, part) for day in days)
        weeks = min(spec.weeks, 10) if place in "DH" else spec.weeks
        lines.append(Line(spec, place, made[spec.key], room, days, part, weeks))
    return lines


def _find(
    build: Build, spec: Spec, place: str, taken: set[tuple[int, int, str]], turn: int
) -> tuple[Room, tuple[int, ...], str] | None:
    patterns = [spec.days] if spec.days else list(PATTERNS[spec.week])
    turned = [*patterns[turn % len(patterns) :], *patterns[: turn % len(patterns)]]
    for kind in (spec.room, *OTHER_ROOMS[spec.room]):
        rooms = [r for r in build.places.rooms[place] if build.places.kinds[r.pk] == kind]
        for part in dict.fromkeys((spec.part, "pm", "am", "ed")):
            for days in turned:
                for room in rooms:
                    if room.capacity >= spec.group[0] and not any((room.pk, d, part) in taken for d in days):
                        return room, days, part
    return None
