"""Clearances: decided by a person, felt at the gate at the next statement."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import ProgrammingError, transaction
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Forbidden, Refused
from throughgate.people import moves
from throughgate.people.moves import Apart
from throughgate.places.models import Facility
from throughgate.programs.models import Facilitator
from throughgate.visitors import actions, queries, rules
from throughgate.visitors.models import Clearance, ClearanceNote, Visitor, VisitorKeepApart
from throughgate.visitors.rules import Standing

TODAY = make.TODAY
DAY = dt.timedelta(days=1)
DATES = st.dates(dt.date(2025, 1, 1), dt.date(2025, 3, 31))


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


def test_the_table_of_steps_is_total_and_ends() -> None:
    assert set(rules.NEXT) == set(rules.STATUSES)
    assert all(step <= set(rules.STATUSES) for step in rules.NEXT.values())
    assert not rules.NEXT["ended"] and not rules.NEXT["refused"]
    for status in rules.STATUSES:
        for wanted in rules.STATUSES:
            assert rules.may_become(status, wanted).refused == (wanted not in rules.NEXT[status])


@given(
    st.lists(
        st.builds(Standing, status=st.sampled_from(rules.STATUSES), first=DATES, until=DATES), max_size=4
    ),
    st.none() | DATES,
    DATES,
)
def test_who_comes_in_has_a_clearance_that_holds_and_has_not_left(
    clearances: list[Standing], left_on: dt.date | None, day: dt.date
) -> None:
    let_in = not rules.at_the_gate(clearances, left_on, day).refused
    holds = any(
        c.status in ("approved", "provisional") and c.first <= day <= c.until  # type: ignore[operator]
        for c in clearances
    )
    assert let_in == (holds and (left_on is None or left_on > day))


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        ([], "no_clearance"),
        ([Standing(status="ended")], "no_clearance"),
        ([Standing(status="applied")], "not_decided"),
        ([Standing(status="suspended", first=TODAY, until=TODAY)], "suspended"),
        ([Standing(status="approved", first=TODAY - 9 * DAY, until=TODAY - DAY)], "expired"),
        ([Standing(status="approved", first=TODAY + DAY, until=TODAY + 9 * DAY)], "not_yet"),
    ],
)
def test_the_gate_says_why_not(standing: list[Standing], code: str) -> None:
    assert [reason.code for reason in rules.at_the_gate(standing, None, TODAY).reasons] == [code]


@pytest.mark.django_db
def test_granting_deciding_renewing_and_ending() -> None:
    here = make.facility()
    today = here.today()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        visitor = actions.save_visitor(
            by=by, kind="mentor", first_name="Lía", last_name="Óbregon", email="lia@example.org"
        )
        assert queries.gate_ready(visitor, here, today).reasons[0].code == "no_clearance"
        applied = actions.apply_for_clearance(by=by, visitor=visitor, facility=here)
        assert actions.apply_for_clearance(by=by, visitor=visitor, facility=here) == applied
        first = actions.grant_clearance(
            by=by, visitor=visitor, facility=here, on_paper=True, first=today, until=today + 10 * DAY
        )
        assert first.pk == applied.pk
        assert (first.decided_by, first.status) == (by.name, "approved")
        renewed = actions.grant_clearance(
            by=by,
            visitor=visitor,
            facility=here,
            first=today + 5 * DAY,
            until=today + 400 * DAY,
            level="unescorted",
            on_paper=True,
        )
        assert Clearance.objects.count() == 1
        stored = queries.standing(Clearance.objects.get())
        assert (stored.first, stored.until) == (today, today + 400 * DAY)
        assert list(queries.cleared_on(here, today + 400 * DAY)) == [visitor]
        assert list(queries.cleared_on(here, today + 401 * DAY)) == []
        actions.end_clearance(by=by, clearance=renewed)
        with pytest.raises(Refused) as over:
            actions.end_clearance(by=by, clearance=renewed)
        assert codes(over) == {"has_ended"}
        again = actions.grant_clearance(
            by=by, visitor=visitor, facility=here, on_paper=True, first=today, until=today
        )
        assert again.pk != renewed.pk
        page = queries.visitor_page(visitor.code)
        assert page is not None and len(page[1]) == 2
        assert queries.visitor_list(by, "obregon lia", facility=here) == ([visitor], 1)


@pytest.mark.django_db
def test_a_clearance_is_refused_with_all_that_is_wrong() -> None:
    here = make.facility()
    visitor = make.visitor()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        with pytest.raises(Refused) as no:
            actions.grant_clearance(
                by=by,
                visitor=visitor,
                facility=here,
                first=here.today(),
                until=here.today() - 9 * DAY,
                level="armed",
            )
        assert codes(no) == {"over_already", "ends_before_start", "level_unknown"}
        with pytest.raises(Refused) as odd:
            actions.save_visitor(by=by, kind="spy", first_name="", last_name="X", email="no")
        assert {reason.field for reason in odd.value.reasons} == {"kind", "first_name", "email"}
        with pytest.raises(Refused) as why:
            actions.suspend_clearance(by=by, visitor=visitor, facility=here, reason=" ")
        assert codes(why) == {"no_reason"}
        with pytest.raises(Refused) as none:
            actions.suspend_clearance(by=by, visitor=visitor, facility=here, reason="x")
        assert codes(none) == {"not_cleared"}
        actions.save_visitor(by=by, visitor=visitor, left_on=here.today())
        visitor.refresh_from_db()
        with pytest.raises(Refused) as left:
            actions.grant_clearance(
                by=by, visitor=visitor, facility=here, on_paper=True, first=here.today(), until=here.today()
            )
        assert codes(left) == {"has_left"}


@pytest.mark.django_db
def test_suspension_is_felt_at_the_next_statement_everywhere() -> None:
    here, there = make.facility(), make.facility()
    visitor, org = make.visitor(here), make.organization()
    make.clearance(visitor, there)
    lesson = make.session(make.cohort(here, make.program(org)))
    coordinator = make.member(RoleName.COORDINATOR, facility=here)
    with acting(coordinator) as by:
        assert not queries.gate_ready(visitor, here, here.today()).refused
        stopped = actions.suspend_clearance(
            by=by, visitor=visitor, facility=here, reason="contraband found", everywhere=True
        )
        assert {row.facility_id for row in stopped} == {here.pk, there.pk}
        assert queries.gate_ready(visitor, here, here.today()).reasons[0].code == "suspended"
        assert queries.gate_ready_many([visitor.pk], here, here.today())[visitor.pk].refused
        assert list(queries.cleared_on(here, here.today())) == []
        with pytest.raises(Refused) as no, refusing():
            Facilitator.objects.create(session=lesson, visitor=visitor)
        assert codes(no) == {"visitor_not_cleared"}
        assert not ClearanceNote.objects.exists()
        with pytest.raises(Forbidden):
            actions.grant_clearance(
                by=by, visitor=visitor, facility=there, first=there.today(), until=there.today()
            )
        actions.grant_clearance(
            by=by, visitor=visitor, facility=here, on_paper=True, first=TODAY, until=TODAY + 9 * DAY
        )
        assert not queries.gate_ready(visitor, here, here.today()).refused
    with acting(make.member(RoleName.CAPTAIN, facility=here)):
        assert "contraband found" in ClearanceNote.objects.get(clearance__facility=here).text
    with acting(make.member(RoleName.VISITOR, visitor=visitor)):
        assert {c.status for c in Clearance.objects.all().order_by("pk")} == {"approved", "suspended"}
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            ClearanceNote.objects.exists()


@pytest.mark.django_db
def test_only_who_keeps_visitors_there_decides() -> None:
    here, there = make.facility(), make.facility()
    visitor = make.visitor(here)
    row = visitor.clearances.get()
    for role, place in ((RoleName.COORDINATOR, there), (RoleName.GATE, here), (RoleName.CASE_MANAGER, here)):
        with acting(make.member(role, facility=place)) as by:
            with pytest.raises(Forbidden):
                actions.suspend_clearance(by=by, visitor=visitor, facility=here, reason="x")
            with pytest.raises(Forbidden):
                actions.refuse_clearance(by=by, clearance=row, reason="x")
            with pytest.raises(Forbidden):
                actions.grant_clearance(
                    by=by, visitor=visitor, facility=here, on_paper=True, first=TODAY, until=TODAY
                )
    with acting(make.member(RoleName.GATE, facility=here)) as by, pytest.raises(Forbidden):
        actions.save_visitor(by=by, kind="mentor", first_name="A", last_name="B")


@pytest.mark.django_db
def test_a_visitor_and_a_participant_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Apart] = []
    monkeypatch.setattr(moves, "AFTER_KEEP_APART", [told.append])
    here, there = make.facility(), make.facility()
    visitor, person, other = make.visitor(here), make.participant(here), make.participant(there)
    with acting(make.member(RoleName.CAPTAIN, facility=here)) as by:
        order = actions.add_visitor_keep_apart(by=by, visitor=visitor, participant=person, reason="kin")
        with pytest.raises(Refused) as no:
            actions.add_visitor_keep_apart(by=by, visitor=visitor, participant=person, reason="other")
        assert codes(no) == {"note_missing", "visitor_keep_apart_once"}
        with pytest.raises(Forbidden):
            actions.add_visitor_keep_apart(by=by, visitor=visitor, participant=other, reason="kin")
        assert actions.end_visitor_keep_apart(by=by, order=order).ends_on == here.today()
    assert [(each.participant_ids, each.visitor_ids) for each in told] == [((person.pk,), (visitor.pk,))]
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        assert not VisitorKeepApart.objects.exists()
        with pytest.raises(Forbidden):
            actions.add_visitor_keep_apart(by=by, visitor=visitor, participant=person, reason="kin")


@pytest.mark.django_db
def test_what_runs_out_before_it_is_needed_comes_first() -> None:
    here, there = make.facility(), make.facility()
    today = here.today()

    def cleared(days: int, place: Facility = here) -> Visitor:
        visitor = make.visitor()
        make.clearance(visitor, place, valid=(today - 9 * DAY, today + (days + 1) * DAY))
        return visitor

    soon, needed, renewed = cleared(5), cleared(20), cleared(3)
    make.clearance(renewed, here, valid=(today + 4 * DAY, today + 400 * DAY))
    cleared(300)
    cleared(5, there)
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        found = queries.expiring(by, 90, {(needed.pk, here.pk): [today + 15 * DAY, today + 22 * DAY]})
    assert [each.clearance.visitor_id for each in found] == [needed.pk, soon.pk]
    assert [(each.days_left, each.stage) for each in found] == [(20, 30), (5, 7)]
    assert found[0].needed_on == today + 22 * DAY
