"""A small facility with a week in it, for looking at pages as any role."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.test import Client

import factories as make
from acting import signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import ROLES, RoleName
from throughgate.base.scope import Audience
from throughgate.partners.models import Organization
from throughgate.people.models import Participant
from throughgate.places.models import Facility, Room, Unit
from throughgate.programs.models import Cohort, Facilitator, Program, Session, WaitlistEntry, WaitStatus
from throughgate.visitors.models import Visitor

STAFF_ROLES = [role.name for role in ROLES.values() if role.audience == Audience.STAFF]


@dataclass
class World:
    """One facility, one partner, one program with a running cohort, people and sessions around today."""

    facility: Facility
    elsewhere: Facility
    unit: Unit
    room: Room
    partner: Organization
    program: Program
    cohort: Cohort
    seated: list[Participant]
    waiting: list[Participant]
    stranger: Participant
    leader: Visitor
    past: Session
    coming: Session

    def as_role(self, role: RoleName = RoleName.COORDINATOR, **given: Any) -> Client:
        """A browser of somebody with this role here."""
        return signed_in(self.member(role, **given))

    def member(self, role: RoleName, **given: Any) -> Membership:
        return make.member(role, **(given or {"facility": self.facility}))


def build(seats: int = 3, in_line: int = 3) -> World:
    here, elsewhere = make.facility(), make.facility()
    unit, room = make.unit(here), make.room(here)
    partner = make.organization()
    make.agreement(partner, here)
    program = make.program(partner)
    cohort = make.cohort(here, program, room=room, capacity=seats + 2)
    leader = make.visitor(here, organization=partner)
    now = here.now()
    past = make.session(cohort, here.today() - dt.timedelta(days=1), dt.time(9), officer="Post 4")
    coming = make.session(cohort, here.today() + dt.timedelta(days=1), dt.time(13), officer="Post 4")
    seated = [make.participant(here, unit=unit) for _ in range(seats)]
    for person in seated:
        make.enrollment(person, cohort)
    for session in (past, coming):
        Facilitator.objects.create(session=session, visitor=leader)
    waiting = [make.participant(here, unit=unit) for _ in range(in_line)]
    for number, person in enumerate(waiting):
        day = now.date() - dt.timedelta(days=60 - number)
        WaitlistEntry.objects.create(
            participant=person,
            program=program,
            status=WaitStatus.APPROVED,
            requested_on=day,
            requested_by="self",
            confirmed_on=now.date(),
        )
    return World(
        here,
        elsewhere,
        unit,
        room,
        partner,
        program,
        cohort,
        seated,
        waiting,
        make.participant(elsewhere),
        leader,
        past,
        coming,
    )
