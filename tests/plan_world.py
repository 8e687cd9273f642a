"""A facility with one course, some seats and people in line for it: the small world of proposals for seats."""

from __future__ import annotations

import datetime as dt

import factories as make
from acting import acting
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.people.models import Need, Participant
from throughgate.programs import planning
from throughgate.programs.actions import plans
from throughgate.programs.models import Cohort, Program, RequestedBy, SeatPlan, WaitlistEntry, WaitStatus

DAY = dt.timedelta(days=1)


class Place:
    """A facility with one course, some seats, and people in line for it; the last who asked needs it most."""

    def __init__(self, seats: int = 2, in_line: int = 4) -> None:
        self.facility = make.facility()
        self.staff = make.member(RoleName.COORDINATOR, facility=self.facility)
        self.program = make.program(make.organization())
        self.cohort = self.run(self.program, seats)
        self.people = [self.waiting(self.program, asked=90 - n, level=n) for n in range(in_line)]

    def run(self, program: Program, seats: int, weekday: int = 1) -> Cohort:
        cohort = make.cohort(
            self.facility, program, capacity=seats, room=make.room(self.facility), starts_on=make.TODAY + DAY
        )
        make.slot(cohort, weekday=weekday)
        make.session(cohort, make.TODAY + 3 * DAY)
        return cohort

    def waiting(self, program: Program, asked: int, level: int = 0) -> Participant:
        person = make.participant(self.facility)
        if level:
            Need.objects.create(participant=person, domain="education", level=min(3, level), as_of=make.TODAY)
        self.line(person, program, asked)
        return person

    def line(self, person: Participant, program: Program, asked: int) -> None:
        WaitlistEntry.objects.create(
            participant=person, program=program, status=WaitStatus.APPROVED, requested_by=RequestedBy.SELF,
            requested_on=make.TODAY - asked * DAY, confirmed_on=make.TODAY,
        )  # fmt: skip

    def plan(self, cohort: Cohort | None = None, member: Membership | None = None) -> SeatPlan:
        with acting(member or self.staff) as by:
            made = plans.ask(by=by, facility=self.facility, cohort=cohort, later=False)
        planning.run(made.code)
        made.refresh_from_db()
        return made


def proposed(plan: SeatPlan) -> set[int]:
    return set(plan.proposals.filter(status="proposed").values_list("participant_id", flat=True))
