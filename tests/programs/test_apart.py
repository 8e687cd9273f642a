"""An order to keep two apart that comes after the booking."""

from __future__ import annotations

import datetime as dt

import pytest

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.people import actions
from throughgate.people.models import Change, Participant
from throughgate.places.models import Facility
from throughgate.programs.actions import cancelling
from throughgate.programs.actions import sessions as session_actions
from throughgate.programs.models import Call, Session
from throughgate.programs.rules.cohorts import NOT_NOW
from throughgate.visitors.actions import add_visitor_keep_apart

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def order(place: Facility, first: Participant, second: Participant, **given: object) -> None:
    with acting(make.member(RoleName.CAPTAIN, facility=place)) as by:
        actions.add_keep_apart(by=by, first=first, second=second, reason="threat", source="memo", **given)  # type: ignore[arg-type]


def called(session: Session) -> set[int]:
    return set(Call.objects.filter(session=session, status="called").values_list("participant_id", flat=True))


def test_the_one_seated_later_is_not_called_any_more_and_nothing_says_why() -> None:
    place = make.facility()
    group, alone = make.cohort(place), make.cohort(place)
    past, coming = make.session(group, make.TODAY - DAY), make.session(group, make.TODAY + DAY)
    other = make.session(alone, make.TODAY + 2 * DAY)
    later, earlier, third = (make.participant(place) for _ in range(3))
    for person in (earlier, later, third):
        make.enrollment(person, group)
    make.enrollment(later, alone)
    order(place, later, earlier)
    assert called(coming) == {earlier.pk, third.pk}
    assert called(past) == {earlier.pk, later.pk, third.pk}
    assert called(other) == {later.pk}
    withdrawn = Call.objects.get(participant=later, session=coming)
    assert withdrawn.why_not == NOT_NOW
    change = Change.objects.get(participant=later, summary__contains=group.program.list_label)
    assert change.facility == place
    assert earlier.last_name not in change.summary
    coming.refresh_from_db()
    assert coming.called == 2


def test_sessions_before_the_order_holds_stay_as_they_are() -> None:
    place = make.facility()
    group = make.cohort(place)
    before, after = make.session(group, make.TODAY + DAY), make.session(group, make.TODAY + 5 * DAY)
    one, two = make.participant(place), make.participant(place)
    make.enrollment(one, group)
    make.enrollment(two, group)
    order(place, one, two, starts_on=make.TODAY + 4 * DAY)
    assert called(before) == {one.pk, two.pk}
    assert called(after) == {one.pk}


def test_beside_a_visitor_the_participant_is_not_called() -> None:
    place = make.facility()
    group = make.cohort(place)
    session, other = make.session(group, make.TODAY + DAY), make.session(group, make.TODAY + 2 * DAY)
    leader, person, third = make.visitor(place), make.participant(place), make.participant(place)
    session.facilitators.create(visitor=leader)
    make.enrollment(person, group)
    make.enrollment(third, group)
    with acting(make.member(RoleName.CAPTAIN, facility=place)) as by:
        add_visitor_keep_apart(by=by, visitor=leader, participant=person, reason="victim")
    assert called(session) == {third.pk}
    assert called(other) == {person.pk, third.pk}


def test_who_does_not_come_back_after_a_cancellation_reads_nothing_of_an_order() -> None:
    place = make.facility()
    group = make.cohort(place)
    session = make.session(group, make.TODAY + DAY)
    one, two = make.participant(place), make.participant(place)
    make.enrollment(one, group)
    make.enrollment(two, group)
    with acting(make.member(RoleName.COORDINATOR, facility=place)):
        cancelling.put_off(Session.objects.get(pk=session.pk), reason="staffing", words="No staff", by="x")
    order(place, one, two)
    with acting(make.member(RoleName.COORDINATOR, facility=place)) as by:
        session_actions.undo_cancel(by=by, session=session)
    assert len(called(session)) == 1
    assert Call.objects.get(session=session, status="withdrawn").why_not == NOT_NOW
