"""Small makers of believable facts. Each takes what matters and fills in the rest; run them as the system."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any
from zoneinfo import ZoneInfo

from throughgate.access.models import Membership, User
from throughgate.access.roles import RoleName
from throughgate.partners.models import (
    Agreement,
    AgreementKind,
    Organization,
    OrganizationKind,
    OrganizationStatus,
)
from throughgate.people.models import Identifier, Participant, Profile, Stay
from throughgate.places.models import Facility, FacilityKind, Room, Unit
from throughgate.programs.models import Call, Cohort, CohortStatus, Enrollment, Program, Session, WeeklySlot
from throughgate.visitors.models import Clearance, ClearanceLevel, ClearanceStatus, Visitor, VisitorKind

_numbers = itertools.count(1)

# The day of a facility made here: late in the evening its day is not the one of UTC.
TODAY = dt.datetime.now(ZoneInfo("America/New_York")).date()


def number() -> int:
    """The next number, so that names and addresses differ."""
    return next(_numbers)


def facility(**given: Any) -> Facility:
    n = number()
    values = {
        "name": f"Facility {n}",
        "short_name": f"F{n}",
        "kind": FacilityKind.PRISON,
        "jurisdiction": "US-HB",
        "timezone": "America/New_York",
        "external_code": f"FAC{n}",
    }
    return Facility.objects.create(**{**values, **given})


def unit(facility: Facility, **given: Any) -> Unit:
    return Unit.objects.create(facility=facility, **{"name": f"Unit {number()}", **given})


def room(facility: Facility, **given: Any) -> Room:
    return Room.objects.create(facility=facility, **{"name": f"Room {number()}", "capacity": 20, **given})


def participant(facility: Facility, **given: Any) -> Participant:
    """A participant inside, with a number, a profile (release in 300 days) and a stay."""
    n = number()
    profile = {"release_on": TODAY + dt.timedelta(days=300), "release_source": "test", "release_as_of": TODAY}
    profile.update(given.pop("profile", {}))
    person = Participant.objects.create(
        facility=facility, **{"first_name": f"First{n}", "last_name": f"Last{n}", **given}
    )
    Identifier.objects.create(participant=person, system="HB-DOC", value=f"A{n:06}", primary=True)
    Profile.objects.create(participant=person, **profile)
    Stay.objects.create(
        participant=person,
        facility=facility,
        during=(TODAY - dt.timedelta(days=200), None),
        reason_in="new_commitment",
        source="test",
    )
    return person


def organization(**given: Any) -> Organization:
    values = {
        "name": f"Organization {number()}",
        "kind": OrganizationKind.NONPROFIT,
        "status": OrganizationStatus.ACTIVE,
    }
    return Organization.objects.create(**{**values, **given})


def agreement(organization: Organization, *facilities: Facility, **given: Any) -> Agreement:
    made = Agreement.objects.create(
        organization=organization,
        **{
            "kind": AgreementKind.MOU,
            "title": "Program agreement",
            "valid": (TODAY - dt.timedelta(days=400), TODAY + dt.timedelta(days=400)),
            **given,
        },
    )
    made.facilities.set(facilities)
    return made


def visitor(facility: Facility | None = None, **given: Any) -> Visitor:
    """A visitor; with a facility, also cleared there for a year."""
    n = number()
    made = Visitor.objects.create(
        **{"kind": VisitorKind.FACILITATOR, "first_name": f"Vis{n}", "last_name": f"Itor{n}", **given}
    )
    if facility is not None:
        clearance(made, facility)
    return made


def clearance(visitor: Visitor, facility: Facility, **given: Any) -> Clearance:
    values = {
        "status": ClearanceStatus.APPROVED,
        "level": ClearanceLevel.ESCORTED,
        "valid": (TODAY - dt.timedelta(days=30), TODAY + dt.timedelta(days=365)),
    }
    return Clearance.objects.create(visitor=visitor, facility=facility, **{**values, **given})


def program(organization: Organization | None = None, **given: Any) -> Program:
    values = {"name": f"Program {number()}", "needs": ["education"], "dose_hours": 40, "group_max": 12}
    return Program.objects.create(organization=organization, **{**values, **given})


def cohort(facility: Facility, program_: Program | None = None, **given: Any) -> Cohort:
    made = program_ or program()
    values = {
        "name": f"{made.name}, group {number()}",
        "capacity": 12,
        "starts_on": TODAY - dt.timedelta(days=14),
        "ends_on": TODAY + dt.timedelta(days=60),
        "status": CohortStatus.RUNNING,
        "organization": made.organization,
    }
    return Cohort.objects.create(facility=facility, program=made, **{**values, **given})


def slot(
    cohort: Cohort, weekday: int = 1, starts: str = "13:00", ends: str = "15:00", **given: Any
) -> WeeklySlot:
    return WeeklySlot.objects.create(cohort=cohort, weekday=weekday, starts=starts, ends=ends, **given)


def session(
    cohort: Cohort, day: dt.date | None = None, start: dt.time = dt.time(13), hours: float = 2, **given: Any
) -> Session:
    begins = cohort.facility.at(day or TODAY + dt.timedelta(days=1), start)
    return Session.objects.create(
        cohort=cohort,
        facility=cohort.facility,
        organization=cohort.organization,
        starts_at=begins,
        ends_at=begins + dt.timedelta(hours=hours),
        **{"room": cohort.room, **given},
    )


def enrollment(participant: Participant, cohort: Cohort, **given: Any) -> Enrollment:
    """A seat and the calls to every session that the cohort has so far."""
    made = Enrollment.objects.create(
        participant=participant,
        cohort=cohort,
        organization=cohort.organization,
        **{"starts_on": cohort.starts_on, "ends_on": cohort.ends_on, "enrolled_by": "test", **given},
    )
    for each in Session.objects.filter(cohort=cohort).order_by("starts_at"):
        call(participant, each, enrollment=made)
    return made


def call(participant: Participant, session: Session, **given: Any) -> Call:
    return Call.objects.create(
        participant=participant,
        session=session,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        **given,
    )


def member(role: RoleName, **given: Any) -> Membership:
    """A user with one membership: staff need ``facility`` or ``agency_wide``, partners ``organization``."""
    n = number()
    user = given.pop("user", None) or User.objects.using("default").create(
        email=f"user{n}@example.org", name=f"User {n}", password="!"
    )
    return Membership.objects.create(user=user, person_name=user.name, role=role, **given)
