"""Official lists: what stands on them, what never does, and what changed since they were printed."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden
from throughgate.people.models import AccessNeed
from throughgate.places.models import Facility
from throughgate.programs.actions.lists import print_list, print_slips
from throughgate.programs.models import Call, PrintedList, Session, SessionStatus
from throughgate.programs.queries import lists
from throughgate.programs.rules.lists import Line, changes_since, digests
from throughgate.visitors.models import ClearanceStatus

TOMORROW = make.TODAY + dt.timedelta(days=1)


def arranged() -> tuple[Facility, Session]:
    place = make.facility(name="Ridgeway")
    group = make.cohort(
        place,
        make.program(
            make.organization(), name="Recovery circle", movement_label="Health appointment", part2=True
        ),
        room=make.room(place, name="B2"),
    )
    session = make.session(group, TOMORROW)
    unit = make.unit(place, name="North")
    for _ in range(3):
        make.enrollment(make.participant(place, unit=unit, cell="N-1"), group)
    make.participant(place, unit=unit)
    return place, session


@pytest.mark.django_db
def test_the_call_out_names_people_and_never_the_protected_program() -> None:
    place, _ = arranged()
    AccessNeed.objects.create(participant=Call.objects.order_by("id")[0].participant, kind="step_free")
    listing = lists.call_out(place, TOMORROW)
    assert len(listing.lines) == 3
    text = str(listing)
    assert "Health appointment · B2" in text
    assert "Recovery" not in text
    assert "Step-free room" in text


@pytest.mark.django_db
def test_the_unlock_list_says_how_many_leave_and_stay() -> None:
    place, _ = arranged()
    ((title, note, lines),) = lists.unlock(place, TOMORROW).groups
    assert (title, note, len(lines)) == ("North", "3 leave, 1 stay", 3)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["suspended", "lapsed", "left", "elsewhere", "cancelled session"])
def test_the_gate_list_refuses_whoever_may_not_come_in(fault: str) -> None:
    place, session = arranged()
    visitor = make.visitor(place)
    leader = session.facilitators.create(visitor=visitor)
    assert len(lists.gate(place, TOMORROW).lines) == 1
    clearance = visitor.clearances.get()
    if fault == "suspended":
        clearance.status = ClearanceStatus.SUSPENDED
    elif fault == "lapsed":
        clearance.valid = (make.TODAY - dt.timedelta(days=30), TOMORROW)
    elif fault == "left":
        visitor.left_on = TOMORROW
        visitor.save()
    elif fault == "elsewhere":
        clearance.facility = make.facility()
    else:
        session.status, session.reason = SessionStatus.CANCELLED, "lockdown"
        session.save()
    clearance.save()
    assert lists.gate(place, TOMORROW).lines == ()
    assert leader.active


@pytest.mark.django_db
def test_a_print_has_a_version_and_later_changes_show() -> None:
    place, session = arranged()
    control = make.member(RoleName.CONTROL, facility=place)
    with acting(control) as by:
        printed, paper = print_list(by=by, listing=lists.call_out(place, TOMORROW))
        assert printed.version == 1
        again, _ = print_list(by=by, listing=lists.call_out(place, TOMORROW))
        assert again.version == 1
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper)).pages)
    assert "Ridgeway" in text
    assert "Recovery" not in text
    make.enrollment(make.participant(place), session.cohort)
    moved = Call.objects.order_by("id")[0]
    moved.status, moved.why_not = Call.Status.WITHDRAWN, "moved"
    moved.save()
    with acting(control) as by:
        listing = lists.call_out(place, TOMORROW)
        changes = lists.changed_since_print(listing, lists.latest_print(listing))
        assert (len(changes.added), changes.gone, changes.count) == (1, 1, 2)
        newer, _ = print_list(by=by, listing=listing)
        assert newer.version == 2


@pytest.mark.django_db
def test_the_roster_carries_a_return_code() -> None:
    place, session = arranged()
    with acting(make.member(RoleName.EDUCATION, facility=place)) as by:
        printed, paper = print_list(by=by, listing=lists.roster(session), session=session)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper)).pages)
    assert printed.code in text.replace(" ", "").replace("-", "")


@pytest.mark.django_db
def test_printing_needs_the_permission_and_the_place() -> None:
    place, _ = arranged()
    with acting(make.member(RoleName.LEADERSHIP, facility=place)) as by, pytest.raises(Forbidden):
        print_list(by=by, listing=lists.gate(place, TOMORROW))
    with acting(make.member(RoleName.CONTROL, facility=make.facility())) as by, pytest.raises(Forbidden):
        print_list(by=by, listing=lists.call_out(place, TOMORROW))
    assert not PrintedList.objects.exists()


@pytest.mark.django_db
def test_slips_come_one_a_call_and_timetables_one_a_person() -> None:
    place, session = arranged()
    people = [call.participant for call in Call.objects.order_by("id")]
    with acting(make.member(RoleName.CONTROL, facility=place)) as by:
        slips = lists.slips(place, TOMORROW)
        assert len(slips) == 3
        paper = print_slips(
            by=by, listing=lists.call_out(place, TOMORROW), slips=slips, title="Movement slips"
        )
    assert paper.startswith(b"%PDF")
    week = lists.timetable(people, make.TODAY)
    assert all(len(slip["lines"]) == 1 for slip in week)  # type: ignore[arg-type]
    assert session.called == 0  # counted by the database, not by this object


@pytest.mark.django_db
def test_lists_cost_the_same_for_many_people(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    place, session = arranged()
    for _ in range(8):
        make.enrollment(make.participant(place), session.cohort)
    with django_assert_max_num_queries(6):
        lists.call_out(place, TOMORROW)
    with django_assert_max_num_queries(7):
        lists.unlock(place, TOMORROW)


lines = st.lists(
    st.builds(Line, st.text("abc", min_size=1, max_size=2), st.just("unit"), st.tuples(st.text(max_size=3))),
    unique_by=lambda line: line.key,
)


@given(lines, lines)
def test_nothing_changes_on_a_list_without_being_seen(before: list[Line], after: list[Line]) -> None:
    changes = changes_since(digests(before), after)
    assert bool(changes) == ({line: 1 for line in before} != {line: 1 for line in after})
    assert not changes_since(digests(after), after)
