"""Invented visitors: 215 who were approved, and some who wait, rest or have left [P-299]."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from django.db.backends.postgresql.psycopg_any import DateRange

from throughgate.base.names import sort_name
from throughgate.demo import names
from throughgate.demo.lines import Line
from throughgate.demo.making import DAY, Build, at, office_hour, save, weighted
from throughgate.demo.partners import ORGANIZATIONS, slug
from throughgate.partners.models import OrganizationKind
from throughgate.visitors.models import (
    Clearance,
    ClearanceLevel,
    ClearanceNote,
    ClearanceStatus,
    Visitor,
    VisitorKind,
)

APPROVED = 224  # of whom nine do not come now
WAITING = 17
SAFE = 32
DECIDED_BY = {
    "R": "Capt. Helen Stroud",
    "W": "Capt. Odessa Marsh",
    "D": "Dir. Paul Renner",
    "H": "Dir. Paul Renner",
}


@dataclass
class Visitors:
    """Everybody, and each one's clearances by facility key."""

    all: list[Visitor]
    clearances: dict[tuple[int, str], Clearance] = field(default_factory=dict)  # by visitor's id and place


def make(build: Build, lines: list[Line], named: dict[str, tuple[str, str]]) -> Visitors:
    """Write visitors and clearances, and give every line who leads and who covers.

    ``named`` gives the first leader of an organization a name that a persona of the demonstration has.
    """
    random_ = build.random("visitors")
    wanted = [(line, role) for line in lines for role in _roles(line)]
    people = [_visitor(build, random_, line.spec.org, named, line.spec.language) for line, _ in wanted]
    extra = max(0, APPROVED - len(people))
    orgs = list(ORGANIZATIONS)
    rest = [_visitor(build, random_, random_.choice(orgs), {}, "") for _ in range(extra)]
    waiting = [_visitor(build, random_, random_.choice(orgs), {}, "") for _ in range(WAITING)]
    save([*people, *rest, *waiting])
    found = Visitors([*people, *rest, *waiting])
    for (line, role), visitor in zip(wanted, people, strict=True):
        (line.leads if role == "lead" else line.covers).append(visitor)
        _clear(build, random_, found, visitor, line.place)
        if random_.random() < 0.2:
            _clear(build, random_, found, visitor, "D" if line.place != "D" else "R")
    for visitor in rest:
        _clear(
            build, random_, found, visitor, weighted(random_, [("R", 0.6), ("W", 0.25), ("D", 0.15)]), soon=3
        )
    _resting(
        build, random_, [row for (who, _), row in found.clearances.items() if who in {v.pk for v in rest}]
    )
    rows = list(found.clearances.values())
    applied = [_applied(build, random_, visitor) for visitor in waiting]
    refused = applied[-2:]
    for each in refused:
        each.status = ClearanceStatus.REFUSED
        each.decided_by, each.decided_at = DECIDED_BY["R"], at(build.day(-20), office_hour(random_))
    save([*rows, *applied])
    save(ClearanceNote(clearance=each, text="Restricted reason, invented: see file 14.") for each in refused)
    return found


def _roles(line: Line) -> list[str]:
    leads = 2 if line.spec.room == "chapel" and line.spec.group[1] > 11 else 1
    covers = 1 if line.spec.week > 1 or line.place == "R" else 0
    return ["lead"] * leads + ["cover"] * covers


def _visitor(
    build: Build, random_: random.Random, org: str, named: dict[str, tuple[str, str]], language: str
) -> Visitor:
    organization = build.partners.organizations[org]
    drawn = names.people_names(random_, [random_.choice("MF")], build.names)[0]
    first, last = named.pop(org, drawn)
    build.names.add((first, last))
    kind = {OrganizationKind.FAITH: VisitorKind.FAITH, OrganizationKind.COLLEGE: VisitorKind.TUTOR}.get(
        OrganizationKind(organization.kind)
    ) or weighted(
        random_,
        [(VisitorKind.FACILITATOR, 0.6), (VisitorKind.PARTNER_STAFF, 0.25), (VisitorKind.VOLUNTEER, 0.15)],
    )
    return Visitor(
        code=build.code(),
        organization=organization,
        kind=VisitorKind.MENTOR if org == "mentors" else kind,
        first_name=first,
        last_name=last,
        sort_name=sort_name(last, first),
        email=f"{slug(first)}.{slug(last)}@{slug(organization.name)}.example",
        phone=names.phone(random_),
        language=language or ("es" if random_.random() < 0.06 else "en"),
        id_document=weighted(random_, [("driver license", 0.82), ("state ID", 0.12), ("passport", 0.06)]),
    )


def _clear(
    build: Build, random_: random.Random, found: Visitors, visitor: Visitor, place: str, *, soon: int = SAFE
) -> None:
    """A clearance that began before our year; renewed by the year, so that ends are spread over the next one.

    Those who lead sessions have at least ``SAFE`` days; a few lapses are made later, on purpose.
    """
    since = build.day(-400 - random_.randint(0, 500))
    ends = soon + int(random_.triangular(0, 420, 150))
    found.clearances[visitor.pk, place] = Clearance(
        code=build.code(),
        visitor=visitor,
        facility=build.places.facilities[place],
        status=ClearanceStatus.PROVISIONAL
        if soon < SAFE and random_.random() < 0.1
        else ClearanceStatus.APPROVED,
        level=weighted(random_, [(ClearanceLevel.ESCORTED, 0.7), (ClearanceLevel.UNESCORTED, 0.3)]),
        valid=DateRange(since, build.day(ends)),
        decided_by=DECIDED_BY[place],
        decided_at=at(since - DAY * random_.randint(1, 9), office_hour(random_)),
    )


def _resting(build: Build, random_: random.Random, rows: list[Clearance]) -> None:
    """Of those who lead nothing a few are suspended, and a few clearances ran out and were ended."""
    chosen = random_.sample(rows, min(9, len(rows)))
    for position, row in enumerate(chosen):
        row.status = ClearanceStatus.SUSPENDED if position < 4 else ClearanceStatus.ENDED
        if position >= 4:
            row.valid = DateRange(build.day(-500), build.day(-20 - position * 11))
        row.decided_at = at(build.day(-12 - position), office_hour(random_))


def _applied(build: Build, random_: random.Random, visitor: Visitor) -> Clearance:
    place = weighted(random_, [("R", 0.6), ("W", 0.25), ("D", 0.15)])
    return Clearance(
        code=build.code(),
        visitor=visitor,
        facility=build.places.facilities[place],
        status=ClearanceStatus.APPLIED,
    )
