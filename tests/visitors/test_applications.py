"""From an application to the gate: every step, who may take it, and what it leads to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import factories as make
from acting import acting
from throughgate.access.actor import Actor
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.outbox.models import Message
from throughgate.base.scope import Audience
from throughgate.places.models import Facility
from throughgate.policies import library
from throughgate.visitors import actions, journeys, queries, requirements
from throughgate.visitors.actions import references as refs
from throughgate.visitors.models import (
    Clearance,
    Conflict,
    Reference,
    ReferenceAnswer,
    Step,
    TrainingDate,
    TrainingSeat,
    Visitor,
    VisitorKeepApart,
)

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def here() -> Facility:
    return make.facility()


@pytest.fixture
def keeper(here: Facility) -> Membership:
    return make.member(RoleName.COORDINATOR, facility=here)


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


def begin(keeper: Membership, here: Facility, **given: Any) -> Clearance:
    facts = {"first_name": "Tam", "last_name": "Ito", "email": "tam@example.org", "kind": "tutor", **given}
    with acting(keeper) as by:
        return actions.begin_application(by=by, facility=here, **facts)


@contextmanager
def being(visitor: Visitor) -> Iterator[Actor]:
    member = Membership.objects.filter(visitor=visitor).first() or make.member(
        RoleName.VISITOR, visitor=visitor
    )
    with acting(member) as by:
        yield by


def step(row: Clearance, code: str) -> Step:
    return Step.objects.select_related("clearance__facility", "clearance__visitor").get(
        clearance=row, requirement=code
    )


def test_an_application_has_the_steps_of_the_rules_and_the_applicant_is_told(
    here: Facility, keeper: Membership
) -> None:
    row = begin(keeper, here)
    assert (row.status, row.pack, row.role) == ("applied", "clearances-us-hb", "tutor")
    asked = [each.requirement for each in row.steps.order_by("position")]
    assert asked == ["application", "age", "references", "check", "training", "tb", "orientation", "rules"]
    assert begin(keeper, here).pk == row.pk and Visitor.objects.count() == 1
    assert Message.objects.get(template="visitor_welcome").address == "tam@example.org"
    assert Membership.objects.get(visitor=row.visitor).role == RoleName.VISITOR
    # Partner staff bring no references, by the same rules.
    other = begin(keeper, here, email="lee@example.org", first_name="Lee", kind="partner_staff")
    assert "references" not in {each.requirement for each in other.steps.all()}


def test_levels_of_a_pack_ask_different_things() -> None:
    place = make.facility(jurisdiction="US-BOP")
    keeper = make.member(RoleName.COORDINATOR, facility=place)
    second = begin(keeper, place)
    first = begin(keeper, place, email="b@example.org", grade="level-1", first_name="B")
    assert {"check", "references"} <= {each.requirement for each in second.steps.all()}
    assert {each.requirement for each in first.steps.all()} == {"application", "age", "check-short", "rules"}
    for each in first.steps.all():
        each.done_on = place.today()
        each.save()
    with acting(keeper) as by, pytest.raises(Refused) as no:
        actions.grant_clearance(
            by=by, visitor=first.visitor, facility=place, first=place.today(),
            until=place.today() + 30 * DAY, level="unescorted",
        )  # fmt: skip
    assert codes(no) == {"must_be_escorted"}


def finish(keeper: Membership, row: Clearance, *, skip: tuple[str, ...] = ()) -> None:
    """Every step done by whom it waits for."""
    who = row.visitor
    with being(who) as me:
        actions.claim_step(by=me, step=step(row, "application"))
        actions.claim_step(by=me, step=step(row, "age"))
        if "rules" not in skip:
            actions.claim_step(by=me, step=step(row, "rules"))
        for n in (1, 2):
            actions.name_reference(
                by=me,
                step=step(row, "references"),
                name=f"Ref {n}",
                email=f"r{n}@example.org",
                relation="work",
            )
    for each in Reference.objects.filter(step__clearance=row):
        actions.answer_reference(
            code=each.code,
            answers={"known": "Two years", "reliable": "always", "boundaries": "Well", "recommend": "yes"},
        )
    with acting(keeper) as by:
        for code in ("age", "references", "training", "orientation", "tb"):
            if code not in skip:
                actions.record_step(by=by, step=step(row, code))
        actions.record_step(by=by, step=step(row, "check"), authority="Central screening office")


def approve(keeper: Membership, row: Clearance, **given: Any) -> Clearance:
    today = row.facility.today()
    with acting(keeper) as by:
        return actions.grant_clearance(
            by=by, visitor=row.visitor, facility=row.facility, first=today,
            until=given.pop("until", today + 600 * DAY), provisional=True, **given,
        )  # fmt: skip


def test_the_whole_way_to_the_gate(here: Facility, keeper: Membership) -> None:
    row, today = begin(keeper, here), here.today()
    with pytest.raises(Refused) as early:
        approve(keeper, row)
    assert codes(early) == {
        f"step.{code}" for code in ("application", "age", "references", "check", "training")
    }
    finish(keeper, row, skip=("orientation", "tb", "rules"))
    approve(keeper, row)
    # Approved, but onboarding is not done: not on the list. The TB result has its thirty days.
    assert {r.code for r in queries.gate_ready(row.visitor, here, today).reasons} == {
        "step.orientation",
        "step.rules",
    }
    with being(row.visitor) as me:
        actions.claim_step(by=me, step=step(row, "rules"))
    with acting(keeper) as by:
        actions.record_step(by=by, step=step(row, "orientation"))
    assert not queries.gate_ready(row.visitor, here, today).refused
    assert list(queries.cleared_on(here, today + 29 * DAY)) == [row.visitor]
    assert list(queries.cleared_on(here, today + 30 * DAY)) == []
    with acting(keeper) as by:
        actions.undo_step(by=by, step=step(row, "rules"))
    assert list(queries.cleared_on(here, today)) == []


def test_what_the_visitor_says_counts_for_nothing_until_it_was_seen(
    here: Facility, keeper: Membership
) -> None:
    row = begin(keeper, here)
    with being(row.visitor) as me:
        claimed = actions.claim_step(by=me, step=step(row, "age"))
        assert (claimed.done_on, claimed.claimed_on) == (None, here.today())
        with pytest.raises(Refused) as no:
            actions.claim_step(by=me, step=step(row, "check"))
        assert codes(no) == {"not_yours"}
    with acting(keeper) as by:
        actions.send_back(by=by, step=claimed, words="The card had run out.")
    again = step(row, "age")
    assert (again.claimed_on, again.sent_back) == (None, "The card had run out.")
    assert Message.objects.filter(template="visitor_sent_back").count() == 1
    other = make.visitor()
    with being(other) as me, pytest.raises(Forbidden):
        actions.claim_step(by=me, step=again)


def test_a_check_needs_who_decided_and_keeps_nothing_else(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    with acting(keeper) as by:
        with pytest.raises(Refused) as no:
            actions.record_step(by=by, step=step(row, "check"))
        assert codes(no) == {"authority_missing"}
        with pytest.raises(Refused) as far:
            actions.record_step(
                by=by, step=step(row, "check"), authority="Office", until=here.today() + 4000 * DAY
            )
        assert codes(far) == {"until_too_far"}
        done = actions.record_step(by=by, step=step(row, "check"), authority="Office")
        assert (done.decided_by, done.authority) == (by.name, "Office")
    # No place for a record behind the decision, or a picture of a document: no bytes, and no long text.
    for model in (Step, Clearance, Visitor):
        kinds = {field.get_internal_type() for field in model._meta.local_fields}
        assert not kinds & {"BinaryField", "FileField", "ImageField", "TextField", "JSONField"}


def test_who_may_waive_is_the_rules_to_say(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    captain = make.member(RoleName.CAPTAIN, facility=here)
    with acting(keeper) as by:
        with pytest.raises(Refused) as nobody:
            actions.waive_step(by=by, step=step(row, "check"), reason="in a hurry")
        assert codes(nobody) == {"not_waivable"}
        with pytest.raises(Forbidden):
            actions.waive_step(by=by, step=step(row, "training"), reason="knows it all")
        with pytest.raises(Refused) as no:
            actions.waive_step(by=by, step=step(row, "tb"), reason=" ")
        assert codes(no) == {"no_reason"}
        actions.waive_step(by=by, step=step(row, "tb"), reason="Comes online only")
    with acting(captain) as by:
        waived = actions.waive_step(by=by, step=step(row, "training"), reason="Teaches it")
        assert (waived.waived_by, waived.waived_because) == (by.name, "Teaches it")
        actions.take_back_waiver(by=by, step=waived)
    assert step(row, "training").waived_on is None


def test_references_are_confidential(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    finish(keeper, row)
    assert ReferenceAnswer.objects.count() == 2
    with acting(keeper):
        assert ReferenceAnswer.objects.count() == 2
    for member in (
        make.member(RoleName.GATE, facility=here),
        make.member(RoleName.COORDINATOR, facility=make.facility()),
    ):
        with acting(member):
            assert ReferenceAnswer.objects.count() == 0
    with being(row.visitor):
        assert Reference.objects.count() == 2
    given = Reference.objects.first()
    assert given is not None
    with pytest.raises(Refused) as twice:
        actions.answer_reference(code=given.code, answers={})
    assert codes(twice) == {"answered"}


def test_references_are_asked_a_few_times_and_can_be_exchanged(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    asks = step(row, "references")
    with being(row.visitor) as me:
        with pytest.raises(Refused) as oneself:
            actions.name_reference(by=me, step=asks, name="Me", email="TAM@example.org", relation="me")
        assert codes(oneself) == {"oneself"}
        first = actions.name_reference(by=me, step=asks, name="A", email="a@example.org", relation="work")
        for _ in range(refs.EACH_AT_MOST - 1):
            actions.ask_again(by=me, reference=first)
        with pytest.raises(Refused) as enough:
            actions.ask_again(by=me, reference=first)
        assert codes(enough) == {"asked_enough"}
        actions.withdraw_reference(by=me, reference=first)
        for name in ("b", "c"):
            actions.name_reference(by=me, step=asks, name=name, email=f"{name}@example.org", relation="work")
        with pytest.raises(Refused) as many:
            actions.name_reference(by=me, step=asks, name="d", email="d@example.org", relation="work")
        assert codes(many) == {"enough"}
    with pytest.raises(Refused) as gone:
        actions.answer_reference(code=first.code, answers={})
    assert codes(gone) == {"not_asked"}
    second = Reference.objects.filter(withdrawn_at=None).first()
    assert second is not None
    with pytest.raises(Refused) as empty:
        actions.answer_reference(code=second.code, answers={"recommend": "of course"})
    assert {r.field for r in empty.value.reasons} == {"known", "reliable", "boundaries", "recommend"}


def a_date(
    here: Facility, keeper: Membership, code: str = "training", seats: int = 2, days: int = 3
) -> TrainingDate:
    starts = here.at(here.today() + days * DAY, dt.time(9))
    with acting(keeper) as by:
        return actions.save_training(
            by=by, facility=here, requirement=code, starts_at=starts,
            ends_at=starts + dt.timedelta(hours=4), place="Training room", seats=seats,
        )  # fmt: skip


def test_the_last_seat_goes_to_one_and_a_seat_given_back_to_the_next(
    here: Facility, keeper: Membership
) -> None:
    date = a_date(here, keeper, seats=1)
    one, two = (begin(keeper, here, email=f"{n}@example.org", first_name=n).visitor for n in ("one", "two"))
    with being(one) as me:
        seat = actions.book_training(by=me, training=date, visitor=one)
        with pytest.raises(Refused):
            actions.book_training(by=me, training=date, visitor=one)
        with pytest.raises(Forbidden):
            actions.book_training(by=me, training=date, visitor=two)
    with being(two) as me:
        with pytest.raises(Refused) as full:
            actions.book_training(by=me, training=date, visitor=two)
        assert codes(full) == {"training_is_full"}
    with being(one) as me:
        actions.cancel_seat(by=me, seat=seat)
    with being(two) as me:
        actions.book_training(by=me, training=date, visitor=two)
    date.refresh_from_db()
    assert date.taken == 1
    with acting(keeper) as by:
        actions.cancel_training(by=by, training=date)
    assert not TrainingSeat.objects.filter(state="booked").exists()
    assert Message.objects.filter(template="training_cancelled").count() == 1


def test_coming_to_a_training_does_the_step_everywhere_it_counts(here: Facility, keeper: Membership) -> None:
    there = make.facility()
    row = begin(keeper, here)
    with being(row.visitor) as me:
        other = actions.ask_for_facility(by=me, visitor=row.visitor, facility=there)
    both = {code: a_date(here, keeper, code) for code in ("training", "orientation")}
    for date in both.values():
        with acting(keeper) as by:
            seat = actions.book_training(by=by, training=date, visitor=row.visitor)
        TrainingDate.objects.filter(pk=date.pk).update(
            starts_at=here.at(here.today() - DAY, dt.time(9)),
            ends_at=here.at(here.today() - DAY, dt.time(12)),
        )
        with acting(keeper) as by:
            assert actions.mark_training(by=by, training=date, attended=[seat.code]) == 1
    assert step(row, "training").done_on == step(other, "training").done_on == here.today() - DAY
    assert step(row, "orientation").done_on == here.today() - DAY
    assert step(other, "orientation").done_on is None
    # A mark that was wrong takes the step back, everywhere.
    with acting(keeper) as by:
        assert actions.mark_training(by=by, training=both["training"], attended=[]) == 0
    assert step(row, "training").done_on is None and step(other, "training").done_on is None


def test_a_further_facility_takes_along_what_counts_everywhere(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    finish(keeper, row)
    there = make.facility()
    with being(row.visitor) as me:
        other = actions.ask_for_facility(by=me, visitor=row.visitor, facility=there)
    left = {each.requirement for each in other.steps.all() if each.done_on is None}
    assert left == {"orientation"}


def test_a_declared_tie_stops_the_decision_and_keeps_the_two_apart(
    here: Facility, keeper: Membership
) -> None:
    row = begin(keeper, here)
    finish(keeper, row)
    with being(row.visitor) as me:
        tie = actions.declare_conflict(
            by=me, visitor=row.visitor, facility=here, kind="correspondent", about="Sam"
        )
    with pytest.raises(Refused) as waits:
        approve(keeper, row)
    assert codes(waits) == {"conflict_open"}
    person = make.participant(here)
    captain = make.member(RoleName.CAPTAIN, facility=here)
    with acting(keeper) as by, pytest.raises(Forbidden):
        actions.settle_conflict(by=by, conflict=tie, state="nobody")
    with acting(captain) as by:
        with pytest.raises(Refused) as who:
            actions.settle_conflict(by=by, conflict=tie, state="apart")
        assert codes(who) == {"who_missing"}
        actions.settle_conflict(by=by, conflict=tie, state="apart", participant=person)
    order = VisitorKeepApart.objects.get()
    assert (order.visitor_id, order.participant_id, order.reason) == (
        row.visitor_id,
        person.pk,
        "correspondent",
    )
    approve(keeper, row)
    with being(row.visitor):
        assert VisitorKeepApart._default_manager.model is VisitorKeepApart
        assert [each.state for each in Conflict.objects.all()] == ["apart"]
    assert list(queries.cleared_on(here, here.today())) == [row.visitor]
    with acting(captain) as by:
        actions.settle_conflict(by=by, conflict=tie, state="bars")
    assert list(queries.cleared_on(here, here.today())) == []
    with pytest.raises(Refused) as barred:
        approve(keeper, row)
    assert "conflict_bars" in codes(barred)


def test_provisional_becomes_regular_after_its_months_only(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    finish(keeper, row)
    approve(keeper, row)
    with acting(keeper) as by:
        with pytest.raises(Refused) as early:
            actions.make_regular(by=by, clearance=row, level="unescorted")
        assert codes(early) == {"still_provisional"}
    Clearance.objects.filter(pk=row.pk).update(provisional_since=here.today() - 200 * DAY)
    with acting(keeper) as by:
        regular = actions.make_regular(by=by, clearance=row, level="unescorted")
    assert (regular.status, regular.level) == ("approved", "unescorted")


def test_renewal_has_a_window_and_days_of_grace_once_asked(here: Facility, keeper: Membership) -> None:
    row, today = begin(keeper, here), here.today()
    finish(keeper, row)
    approve(keeper, row)
    with being(row.visitor) as me, pytest.raises(Refused) as early:
        actions.ask_for_renewal(by=me, clearance=row)
    assert codes(early) == {"too_early"}
    Clearance.objects.filter(pk=row.pk).update(valid=(today - 700 * DAY, today - 3 * DAY))
    assert list(queries.cleared_on(here, today)) == []
    with being(row.visitor) as me:
        actions.ask_for_renewal(by=me, clearance=row)
    assert list(queries.cleared_on(here, today)) == [row.visitor]
    assert list(queries.cleared_on(here, today + 10 * DAY)) == [row.visitor]
    assert list(queries.cleared_on(here, today + 11 * DAY)) == []
    with acting(keeper) as by:
        renewed = actions.renew_clearance(by=by, clearance=row)
        assert renewed.last_day is not None and (renewed.last_day - today).days > 700
        with pytest.raises(Refused) as again:
            actions.renew_clearance(by=by, clearance=row)
        assert codes(again) == {"too_early"}
    Clearance.objects.filter(pk=row.pk).update(valid=(today - 700 * DAY, today - 30 * DAY))
    with acting(keeper) as by, pytest.raises(Refused) as late:
        actions.renew_clearance(by=by, clearance=row)
    assert codes(late) == {"too_late"}


def test_a_step_renewed_early_loses_no_day(here: Facility, keeper: Membership) -> None:
    row, today = begin(keeper, here), here.today()
    finish(keeper, row)
    Step.objects.filter(clearance=row, requirement="tb").update(
        done_on=today - 340 * DAY, until=today + 20 * DAY
    )
    with acting(keeper) as by:
        actions.record_step(by=by, step=step(row, "tb"))
        renewed = step(row, "tb")
        assert (
            renewed.done_on == today - 340 * DAY
            and renewed.until is not None
            and renewed.until > today + 360 * DAY
        )
        with pytest.raises(Refused) as early:
            actions.record_step(by=by, step=renewed)
        assert codes(early) == {"too_early"}


def test_leaving_takes_the_visitor_off_every_list(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    finish(keeper, row)
    approve(keeper, row)
    date = a_date(here, keeper, "orientation")
    with acting(keeper) as by:
        actions.book_training(by=by, training=date, visitor=row.visitor)
    with being(row.visitor) as me:
        actions.leave(by=me, visitor=row.visitor, on=here.today() + 5 * DAY)
    assert list(queries.cleared_on(here, here.today() + 4 * DAY)) == [row.visitor]
    assert list(queries.cleared_on(here, here.today() + 5 * DAY)) == []
    assert TrainingSeat.objects.get().state == "cancelled"
    assert Message.objects.filter(template="visitor_thanks").count() == 1
    # Who comes back applies anew or is taken up again; the decision was never lost.
    assert begin(keeper, here).visitor.left_on is None


def test_new_rules_give_time_for_what_they_add(
    here: Facility, keeper: Membership, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = begin(keeper, here)
    finish(keeper, row)
    approve(keeper, row)
    shipped = (library.SHIPPED / "clearances/us-hb.toml").read_text()
    newer = shipped.replace(
        'id = "clearances-us-hb"', 'id = "clearances-us-hb-2"\nreplaces = ["clearances-us-hb"]'
    )
    newer = newer.replace("2020-01-01", (here.today() - DAY).isoformat())
    newer = newer.replace('code = "age"', 'code = "first-aid"')
    (tmp_path / "clearances").mkdir()
    (tmp_path / "clearances/us-hb-2.toml").write_text(newer)
    made = library.load([library.SHIPPED, tmp_path])
    monkeypatch.setattr(library, "library", lambda: made)
    monkeypatch.setattr("throughgate.policies.queries.library", lambda: made)
    assert actions.open_under_other_rules() == [row]
    with acting(keeper) as by:
        assert actions.follow_rules(by=by, clearance=row) == 2
        assert actions.follow_rules(by=by, clearance=row) == 0
    assert not step(row, "age").asked
    added = step(row, "first-aid")
    assert added.due_on == here.today() + 60 * DAY
    assert list(queries.cleared_on(here, here.today() + 29 * DAY)) == [row.visitor]
    assert list(queries.cleared_on(here, here.today() + 60 * DAY)) == []


def test_the_list_of_applications_says_who_is_waited_for(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    with acting(keeper) as by:
        (each,) = journeys.applications(by, here)
        assert (each.done, each.of) == (0, 8)
        assert dict(each.waits) == {"staff": 1, "visitor": 7}
    finish(keeper, row, skip=("orientation",))
    with acting(keeper) as by:
        (each,) = journeys.applications(by, here, "staff")
        assert each.may_decide and (each.done, each.of) == (7, 8)
        assert journeys.applications(by, here, "referee") == []
    with acting(make.member(RoleName.COORDINATOR, facility=make.facility())) as by:
        assert journeys.applications(by, here) == []


def test_every_state_of_seats_and_ties_has_its_line() -> None:
    from throughgate.visitors.actions import ties, training

    assert set(training.NEXT) == set(TrainingSeat.State.values)
    assert set(ties.NEXT) == set(Conflict.State.values)
    for table in (training.NEXT, ties.NEXT):
        assert set().union(*table.values()) <= set(table)


def test_only_staff_of_the_facility_write_steps(here: Facility, keeper: Membership) -> None:
    row = begin(keeper, here)
    with being(row.visitor):
        assert Step.objects.filter(clearance=row).count() == 8
    with being(make.visitor()):
        assert Step.objects.count() == 0
    with acting(make.member(RoleName.COORDINATOR, facility=make.facility())) as by:
        assert Step.objects.count() == 0
        with pytest.raises(Forbidden):
            actions.record_step(by=by, step=step_of(row))
    with acting(make.member(RoleName.PARTNER_LEAD, organization=make.organization())):
        assert Step.objects.count() == 0


def step_of(row: Clearance) -> Step:
    with scope.as_role(Audience.JOB):
        return step(row, "age")


def test_nothing_lapses_unsaid(here: Facility, keeper: Membership) -> None:
    from throughgate.base.lapses import Window
    from throughgate.visitors import lapses

    row, today = begin(keeper, here), here.today()
    finish(keeper, row)
    approve(keeper, row)
    window = Window(today - 30 * DAY, today + 1000 * DAY)
    (clearance,) = lapses.clearances(window)
    assert (clearance.until, clearance.key) == (today + 600 * DAY, row.code)
    assert {each.until for each in lapses.trainings(window)} == {
        step(row, "training").until, step(row, "orientation").until
    }  # fmt: skip
    said = {each.key for each in lapses.requirements(window)}
    assert said == {step(row, code).code for code in ("check", "tb", "rules")}
    with acting(keeper) as by:
        actions.leave(by=by, visitor=row.visitor)
    assert not list(lapses.clearances(window)) and not list(lapses.requirements(window))


def test_words_for_every_party() -> None:
    facts = requirements.StepFacts(requirement="x")
    assert requirements.waits_on(facts, "reference", make.TODAY, asked=2, answered=1, count=2) == "referee"
    assert requirements.waits_on(facts, "reference", make.TODAY, asked=2, answered=2, count=2) == "staff"
    assert requirements.waits_on(facts, "training", make.TODAY) == "visitor"
