"""People with a past, for tests of outcomes: written as the system, many at once."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from typing import Any

import factories as make
from throughgate.access.actor import Actor
from throughgate.outcomes.actions import cover
from throughgate.outcomes.models import JusticeEvent
from throughgate.people.models import Identifier, Participant, Profile, Stay
from throughgate.places.models import Facility, FacilityKind
from throughgate.programs.models import Cohort, Enrollment, Program

DAY = dt.timedelta(days=1)
SYSTEM = Actor.system("test")
PERIOD = (dt.date(2022, 1, 1), dt.date(2022, 12, 31))
EXTRACT = dt.date(2024, 6, 30)

CARD: Mapping[str, Any] = {
    "eligibility": "people released in 2022",
    "time_zero": "release",
    "strategy": "began the program before release",
    "compared_with": "usual services",
    "outcome": "back in prison within 12 months",
    "estimand": "ATT",
    "arm": "started",
    "place": "inside",
}


def plan(program: Program, **changes: Any) -> dict[str, Any]:
    """A whole plan over live records; ``changes`` replace parts."""
    made: dict[str, Any] = {
        "study": {"title": "Carpentry", "program": "the carpentry program"},
        "trial": dict(CARD),
        "cohort": {
            "program": program.code,
            "since": PERIOD[0].isoformat(),
            "until": PERIOD[1].isoformat(),
            "measure": "reincarceration_12",
        },
        "covariates": {"age": {}, "days_inside": {"also": ["log"]}, "earlier_arrests": {}},
    }
    return {**made, **changes}


def places() -> tuple[Facility, Facility]:
    """A prison, and the office that goes on with people after release."""
    return make.facility(), make.facility(kind=FacilityKind.COMMUNITY_OFFICE)


def reach(until: dt.date = EXTRACT, **given: Any) -> None:
    """Say how far custody and justice records reach."""
    for kind in ("custody", "justice"):
        cover(by=SYSTEM, source="HB-DOC", kind=kind, extracted_on=until, **given)


def person(place: Facility, *spells: tuple[dt.date, dt.date | None, str, str], **profile: Any) -> Participant:
    """Somebody with these stays: from, until, reason for arriving, reason for leaving."""
    n = make.number()
    made = Participant.objects.create(facility=place, first_name=f"First{n}", last_name=f"Last{n}")
    Identifier.objects.create(participant=made, system="HB-DOC", value=f"P{n:06}", primary=True)
    Profile.objects.create(participant=made, **{"birth_date": dt.date(1985, 1, 1), "sex": "male", **profile})
    for start, end, came, left in spells:
        Stay.objects.create(
            participant=made,
            facility=place,
            during=(start, end),
            reason_in=came,
            reason_out=left,
            source="test",
        )
    return made


def took_part(someone: Participant, group: Cohort, start: dt.date, end: dt.date | None = None) -> Enrollment:
    """A seat from before sessions were kept."""
    return Enrollment.objects.create(
        participant=someone, cohort=group, starts_on=start, ends_on=end or start + 90 * DAY,
        ended_on=end or start + 90 * DAY, status="ended", end_reason="completed", enrolled_by="test",
    )  # fmt: skip


def population(n: int, effect: float, seed: int = 1) -> Program:
    """``n`` releases of 2022: who did well anyway joins more often; ``effect`` on the risk of return (share)."""
    rng = random.Random(seed)
    inside, _office = places()
    program = make.program()
    group = make.cohort(inside, program, capacity=4 * n)
    reach()
    people, profiles, stays, events, joined = [], [], [], [], []
    for i in range(n):
        age = rng.uniform(20, 60)
        arrests = rng.choice([0, 0, 1, 1, 2, 3, 5])
        released = PERIOD[0] + rng.randrange(365) * DAY
        days = rng.randrange(120, 900)
        joins = rng.random() < min(0.9, max(0.05, 0.2 + 0.006 * (age - 20) - 0.06 * arrests + 0.1))
        risk = min(0.95, max(0.02, 0.55 - 0.006 * (age - 20) + 0.06 * arrests + (effect if joins else 0.0)))
        returned = released + rng.randrange(1, 360) * DAY if rng.random() < risk else None
        people.append(Participant(facility=inside, first_name=f"A{i}", last_name=f"B{i}", sort_name=f"B{i}"))
        profiles.append(
            {"birth_date": released - dt.timedelta(days=age * 365.25), "sex": rng.choice(["male", "female"])}
        )
        stays.append([(released - days * DAY, released, "new_commitment", "conditional")])
        if returned:
            stays[-1].append((returned, None, rng.choice(["new_commitment", "parole_return"]), ""))
        joined.append(released - days * DAY + 30 * DAY if joins else None)
        events.append([released - (days + 200 + 50 * k) * DAY for k in range(arrests)])
    Participant.objects.bulk_create(people)
    Profile.objects.bulk_create(
        Profile(participant=who, **given) for who, given in zip(people, profiles, strict=True)
    )
    Stay.objects.bulk_create(
        Stay(participant=who, facility=inside, during=(a, b), reason_in=x, reason_out=y, source="test")
        for who, own in zip(people, stays, strict=True)
        for a, b, x, y in own
    )
    JusticeEvent.objects.bulk_create(
        JusticeEvent(
            participant=who,
            kind="arrest",
            on=day,
            nature="new_crime",
            source="test",
            source_key=f"{who.pk}-{k}",
        )
        for who, own in zip(people, events, strict=True)
        for k, day in enumerate(own)
    )
    Enrollment.objects.bulk_create(
        Enrollment(
            participant=who, cohort=group, starts_on=day, ends_on=day + 60 * DAY, ended_on=day + 60 * DAY,
            status="ended", end_reason="completed", enrolled_by="test",
        )
        for who, day in zip(people, joined, strict=True)
        if day
    )  # fmt: skip
    return program
