"""What would change: two plans from the same facts, for whom they differ, and nothing done about it."""

from __future__ import annotations

import datetime as dt

import pytest

import factories as make
from acting import acting
from plan_world import Place
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.people.models import Need
from throughgate.programs import trying
from throughgate.programs.actions import what_ifs
from throughgate.programs.models import Enrollment, SeatProposal, WhatIf
from throughgate.programs.queries.what_ifs import answer

pytestmark = pytest.mark.django_db


def answered(row: WhatIf) -> WhatIf:
    trying.run(row.code)
    row.refresh_from_db()
    assert row.state == "ready", row.why_failed
    assert not SeatProposal.objects.exists()
    return row


def gainers(row: WhatIf) -> set[int]:
    return {each.participant_id for each in answer(row).gains}


def losers(row: WhatIf) -> set[int]:
    return {each.participant_id for each in answer(row).loses}


def test_one_more_instructor_seats_those_who_were_left_out() -> None:
    here = Place(seats=2, in_line=4)
    with acting(here.staff) as by:
        row = what_ifs.one_more_instructor(
            by=by, facility=here.facility, cohort=here.cohort, weekdays=[2], starts=dt.time(18),
            starts_on=make.TODAY + dt.timedelta(days=7), weeks=8, later=False,
        )  # fmt: skip
    row = answered(row)
    assert gainers(row) == {here.people[0].pk, here.people[1].pk} and losers(row) == set()
    assert row.figures["after"]["seats"] == row.figures["before"]["seats"] + 2
    assert row.needs[0]["after"] > row.needs[0]["before"]


def test_a_closed_room_takes_seats_from_those_who_would_have_had_them() -> None:
    here = Place(seats=2, in_line=4)
    seated = make.participant(here.facility)
    make.enrollment(seated, here.cohort)
    with acting(here.staff) as by:
        room = here.cohort.room
        assert room is not None
        row = answered(what_ifs.rooms_closed(by=by, facility=here.facility, rooms=[room], later=False))
        with pytest.raises(Refused):
            what_ifs.rooms_closed(by=by, facility=here.facility, rooms=[], later=False)
    assert losers(row) == {here.people[3].pk} and gainers(row) == set()
    assert row.figures["enrolled_leave"] == 1
    assert Enrollment.objects.filter(participant=seated, status="active").exists()


def test_at_another_hour_courses_that_clashed_no_longer_do() -> None:
    here = Place(seats=3, in_line=1)
    other = make.program(needs=["work"])
    here.run(other, 3, weekday=1)
    here.line(here.people[0], other, 10)
    Need.objects.create(participant=here.people[0], domain="work", level=3, as_of=make.TODAY)
    with acting(here.staff) as by:
        row = answered(
            what_ifs.program_moved(
                by=by, facility=here.facility, program=other, starts=dt.time(19), later=False
            )
        )
    assert gainers(row) == {here.people[0].pk}
    assert row.figures["before"]["seats"] == 1 and row.figures["after"]["seats"] == 2


def test_a_new_partner_reaches_people_who_stand_in_no_line() -> None:
    here = Place(seats=2, in_line=2)
    alone = make.participant(here.facility)
    Need.objects.create(participant=alone, domain="finance", level=3, as_of=make.TODAY)
    with acting(here.staff) as by:
        row = what_ifs.new_partner(
            by=by, facility=here.facility, name="Money coaches", needs=["finance"], seats=5, weekdays=[4],
            starts=dt.time(18), minutes=90, starts_on=make.TODAY + dt.timedelta(days=7), weeks=6, later=False,
        )  # fmt: skip
        with pytest.raises(Refused):
            what_ifs.new_partner(
                by=by, facility=here.facility, name="", needs=["astrology"], seats=5, weekdays=[4],
                starts=dt.time(18), minutes=90, starts_on=make.TODAY, weeks=6, later=False,
            )  # fmt: skip
    assert gainers(answered(row)) == {alone.pk}


def test_only_those_who_give_seats_may_ask() -> None:
    here = Place()
    control = make.member(RoleName.CONTROL, facility=here.facility)
    with acting(control) as by, pytest.raises(Forbidden):
        what_ifs.rooms_closed(by=by, facility=here.facility, rooms=[here.cohort.room], later=False)
