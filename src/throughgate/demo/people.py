"""Invented participants: where they have been, what is known about them, when they go home."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateRange

from throughgate.base.names import sort_name
from throughgate.demo import names
from throughgate.demo.making import DAY, Build, save, weighted
from throughgate.people.models import (
    AccessNeed,
    DateKind,
    Identifier,
    Need,
    Participant,
    Profile,
    ReleaseDate,
    Stay,
    Whereabouts,
)
from throughgate.places.models import Unit

SOURCE = "Custody system (invented)"
INSIDE = {"R": 1200, "W": 320, "D": 140}
# People released in the twelve months behind us, by the facility they left: 52 a month [P-275].
RELEASED = {"R": 300, "W": 96, "D": 228}
FAITHS = [("protestant", 0.42), ("catholic", 0.18), ("muslim", 0.11), ("native", 0.04), ("jewish", 0.02),
          ("buddhist", 0.03), ("sikh", 0.01), ("none", 0.19)]  # fmt: skip
MONTHS_LEFT = {"R": 45.0, "W": 36.0, "D": 3.6}


@dataclass
class Spell:
    """A stay in one facility; ``until`` is None while it lasts."""

    place: str
    since: dt.date
    until: dt.date | None
    how_in: str
    how_out: str = ""


@dataclass
class Person:
    """One invented participant, with what the makers need to seat them believably."""

    sex: str
    spells: list[Spell]
    release_on: dt.date | None
    reading: float | None = None
    diploma: bool | None = None
    custody: str = "medium"
    misconduct: dt.date | None = None
    birth: dt.date | None = None
    language: str = "en"
    needs: dict[str, int] = field(default_factory=dict)
    row: Participant = field(init=False)
    # Weekly times taken, as (from, until, weekday, part of the day), and programs begun and completed.
    taken: list[tuple[dt.date, dt.date, int, str]] = field(default_factory=list)
    began: set[str] = field(default_factory=set)
    completed: dict[str, dt.date] = field(default_factory=dict)
    step_free: bool = False
    faith: str = "none"

    @property
    def now(self) -> Spell:
        """The last spell."""
        return self.spells[-1]

    def spell_at(self, place: str, day: dt.date) -> Spell | None:
        """The spell in a facility that covers a day."""
        for spell in self.spells:
            if spell.place == place and spell.since <= day and (spell.until is None or day < spell.until):
                return spell
        return None

    def free(self, since: dt.date, until: dt.date, times: list[tuple[int, str]]) -> bool:
        """Whether none of these weekly times is taken in those days."""
        return not any(
            since <= last and first <= until and (weekday, part) in times
            for first, last, weekday, part in self.taken
        )


@dataclass
class People:
    """Everybody, and who has ever been in which facility."""

    all: list[Person]
    pools: dict[str, list[Person]]


def make(build: Build) -> People:
    """Write everybody with identifiers, profile, stays, dates and needs."""
    random_ = build.random("people")
    people = [*_inside(build, random_), *_released(build, random_)]
    pairs = names.people_names(random_, [person.sex for person in people], build.names)
    for person, (first, last) in zip(people, pairs, strict=True):
        _facts(build, random_, person)
        person.row = _row(build, random_, person, first, last)
    _cells(build, random_, people)
    save(person.row for person in people)
    save(_profile(random_, build, person) for person in people)
    save(_identifiers(random_, people))
    save(_stays(build, people))
    save(_dates(random_, build, people))
    save(
        Need(
            participant=p.row,
            domain=area,
            level=level,
            as_of=_assessed(build, p),
            tool="Harbor needs review 2",
        )
        for p in people
        for area, level in p.needs.items()
    )
    save(_access_needs(random_, people))
    pools: dict[str, list[Person]] = {key: [] for key in "RWDH"}
    for person in people:
        for key in dict.fromkeys(spell.place for spell in person.spells):
            pools[key].append(person)
    return People(people, pools)


def _days(random_: random.Random, months: float, least: int = 3) -> int:
    return least + int(random_.expovariate(1 / (months * 30.4)))


def _inside(build: Build, random_: random.Random) -> list[Person]:
    people = []
    for place, many in INSIDE.items():
        for _ in range(build.count(many)):
            if place == "D":
                people.append(_at_dockside(build, random_, build.day(random_.randint(4, 210)), None))
                continue
            since = build.day(-_days(random_, 22 if place == "R" else 15, 1))
            release = build.day(_days(random_, MONTHS_LEFT[place], 2))
            how = weighted(random_, [("new_commitment", 0.74), ("revocation", 0.18), ("transfer", 0.08)])
            sex = "M" if place == "R" else "F"
            people.append(Person(sex, [Spell(place, since, None, how)], release))
    return people


def _at_dockside(build: Build, random_: random.Random, out: dt.date, left: dt.date | None) -> Person:
    """Somebody who came to the reentry center from inside; ``left`` is the day of release, if it has been."""
    sex = weighted(random_, [("M", 0.82), ("F", 0.18)])
    end = left or build.today
    came = min(end - DAY * random_.randint(1 if left is None else 20, 190), end - DAY)
    first = Spell(
        "R" if sex == "M" else "W", came - DAY * _days(random_, 18, 60), came, "new_commitment", "transfer"
    )
    return Person(sex, [first, Spell("D", came, left, "transfer", "release" if left else "")], out)


def _released(build: Build, random_: random.Random) -> list[Person]:
    people = []
    for place, many in RELEASED.items():
        for _ in range(build.count(many)):
            left = build.day(-random_.randint(1, 365))
            if place == "D":
                person = _at_dockside(build, random_, left, left)
            else:
                sex = "M" if place == "R" else "F"
                since = left - DAY * _days(random_, 24, 90)
                person = Person(sex, [Spell(place, since, left, "new_commitment", "release")], left)
            person.spells.append(Spell("H", left, None, "release"))
            people.append(person)
    return people


def _facts(build: Build, random_: random.Random, person: Person) -> None:
    age = int(min(78, max(19, random_.gauss(37, 11))))
    person.birth = build.day(-age * 365 - random_.randint(0, 364))
    person.language = "es" if random_.random() < 0.09 else "en"
    person.diploma = None if random_.random() < 0.03 else random_.random() > 0.62  # [P-280]
    if random_.random() > 0.04:
        person.reading = round(min(12.9, max(1.0, random_.gauss(9.3 if person.diploma else 6.8, 2.1))), 1)
    levels = {
        "R": (("minimum", 0.16), ("low", 0.3), ("medium", 0.46), ("close", 0.08)),
        "W": (("minimum", 0.3), ("low", 0.34), ("medium", 0.3), ("close", 0.06)),
    }
    home = person.now.place
    person.custody = "minimum" if home in "DH" else weighted(random_, levels[home])
    person.faith = weighted(random_, FAITHS)
    if random_.random() < 0.45:
        person.misconduct = build.day(-_days(random_, 14, 2))
    shares = {
        "education": 0.0 if person.diploma else 0.82, "work": 0.66, "cognition": 0.58, "anger": 0.29,
        "family": 0.44, "peers": 0.38, "finance": 0.42, "housing": 0.31, "identity": 0.36, "health": 0.22,
    }  # fmt: skip
    if random_.random() > 0.05:
        person.needs = {
            area: random_.choices((1, 2, 3), (0.25, 0.45, 0.3))[0]
            for area, share in shares.items()
            if random_.random() < share
        }


def _row(build: Build, random_: random.Random, person: Person, first: str, last: str) -> Participant:
    place = person.now.place
    return Participant(
        code=build.code(),
        facility=build.places.facilities[place],
        whereabouts=Whereabouts.COMMUNITY if place == "H" else Whereabouts.INSIDE,
        first_name=first,
        last_name=last,
        preferred_name=first[:3] if random_.random() < 0.03 and len(first) > 4 else "",
        sort_name=sort_name(last, first),
        language=person.language,
        interpreter=person.language == "es" and random_.random() < 0.4,
    )


def _cells(build: Build, random_: random.Random, people: list[Person]) -> None:
    """Beds, two to a cell inside; nobody shares one bed."""
    for place, units in build.places.units.items():
        here = [person for person in people if person.now.place == place]
        if not units:
            continue
        random_.shuffle(here)
        for position, person in enumerate(here):
            unit, number = units[position % len(units)], position // len(units)
            person.row.unit = unit
            person.row.cell = _cell(place, unit, number)


def _cell(place: str, unit: Unit, number: int) -> str:
    if place == "D":
        return f"{unit.position + 1}{number // 2 + 1:02}-{'AB'[number % 2]}"
    tier, cell = divmod(number // 2, 40)
    return f"{unit.name[0]}{tier + 1}-{cell + 1:02}{'AB'[number % 2]}"


def _profile(random_: random.Random, build: Build, person: Person) -> Profile:
    groups = [("White", 0.36), ("Black", 0.34), ("Hispanic or Latino", 0.21), ("Native American", 0.04),
              ("Asian or Pacific Islander", 0.03), ("Two or more", 0.02)]  # fmt: skip
    unknown = person.now.place != "H" and random_.random() < 0.03
    if unknown:
        person.release_on = None
    return Profile(
        participant=person.row,
        birth_date=person.birth,
        sex="male" if person.sex == "M" else "female",
        race_ethnicity=weighted(random_, groups),
        custody_level=person.custody,
        reading_level=None if person.reading is None else Decimal(str(person.reading)),
        has_diploma=person.diploma,
        last_misconduct_on=person.misconduct,
        release_on=person.release_on,
        release_source=SOURCE,
        release_as_of=build.day(-random_.randint(0, 6)),
        release_unknown_reason="Sentence is being worked out again" if unknown else "",
    )


def _identifiers(random_: random.Random, people: list[Person]) -> list[Identifier]:
    numbers = random_.sample(range(100_000, 999_999), len(people) * 2)
    rows = []
    for position, person in enumerate(people):
        rows.append(
            Identifier(participant=person.row, system="HB-DOC", value=f"H{numbers[position]}", primary=True)
        )
        if random_.random() < 0.35:
            value = f"S{numbers[len(people) + position]}"
            rows.append(Identifier(participant=person.row, system="HB-STATE-ID", value=value))
    return rows


def _stays(build: Build, people: list[Person]) -> list[Stay]:
    return [
        Stay(
            participant=person.row,
            facility=build.places.facilities[spell.place],
            during=DateRange(spell.since, spell.until),
            reason_in=spell.how_in,
            reason_out=spell.how_out,
            source=SOURCE,
        )
        for person in people
        for spell in person.spells
    ]


def _dates(random_: random.Random, build: Build, people: list[Person]) -> list[ReleaseDate]:
    """The projected date in force, one or two that it replaced, and for some the end of the sentence."""
    rows = []
    for person in people:
        start = person.spells[0].since
        as_of = max(start, build.day(-random_.randint(0, 200)))
        if person.release_on is None:
            rows.append(_date(person, None, as_of, "Sentence is being worked out again"))
            continue
        earlier = random_.choices((0, 1, 2), (0.6, 0.3, 0.1))[0]
        for step in range(earlier, 0, -1):
            moved = person.release_on + DAY * random_.choice((30, 45, 60, 90, -21, -30)) * step
            old = max(start, as_of - DAY * 70 * step)
            replaced = dt.datetime.combine(as_of - DAY * 70 * (step - 1), dt.time(6), tzinfo=dt.UTC)
            rows.append(_date(person, max(moved, start + DAY), old, replaced=replaced))
        rows.append(_date(person, person.release_on, as_of))
        if random_.random() < 0.5:
            end = person.release_on + DAY * random_.randint(120, 900)
            rows.append(_date(person, end, start, kind=DateKind.MAXIMUM))
    return rows


def _date(
    person: Person,
    on: dt.date | None,
    as_of: dt.date,
    unknown: str = "",
    *,
    replaced: dt.datetime | None = None,
    kind: str = DateKind.PROJECTED,
) -> ReleaseDate:
    return ReleaseDate(
        participant=person.row,
        kind=kind,
        on=on,
        unknown_reason=unknown,
        source=SOURCE,
        as_of=as_of,
        superseded_at=replaced,
    )


def _assessed(build: Build, person: Person) -> dt.date:
    start = person.spells[0].since + DAY * 21
    return min(max(start, build.day(-500 + len(person.needs) * 40)), build.today)


def _access_needs(random_: random.Random, people: list[Person]) -> list[AccessNeed]:
    kinds = [("easy_read", 0.12, "Extra time; instructions aloud"), ("large_print", 0.03, "18 point"),
             ("hearing", 0.03, "Sits where lips can be read"), ("step_free", 0.025, "Uses a wheelchair or cane"),
             ("seating", 0.04, "A break every 30 minutes")]  # fmt: skip
    rows = []
    for person in people:
        for kind, share, note in kinds:
            if random_.random() < share:
                rows.append(AccessNeed(participant=person.row, kind=kind, note=note))
                person.step_free = person.step_free or kind == "step_free"
        if person.row.interpreter:
            rows.append(AccessNeed(participant=person.row, kind="interpreter", note="Spanish"))
    return rows
