"""Studies over the records kept here: the event model, the table of people, and the whole way to a verdict."""

from __future__ import annotations

import datetime as dt

import pytest
from past import CARD, DAY, EXTRACT, SYSTEM, person, places, plan, population, reach, took_part

import factories as make
from throughgate.base.errors import Refused
from throughgate.outcomes import actions, running
from throughgate.outcomes.models import Departure, JusticeEvent, StudyRun, SupervisionSpell
from throughgate.outcomes.queries import history, people
from throughgate.people.models import Stay

pytestmark = pytest.mark.django_db
D = dt.date


def table_of(program: object, **changes: object) -> people.Table:
    from throughgate.places.models import Facility

    ids = list(Facility.objects.values_list("id", flat=True))
    return people.table_of(plan(program, **changes), ids)  # type: ignore[arg-type]


def test_stays_that_touch_are_one_spell_and_a_transfer_is_no_release() -> None:
    first, office = places()
    second = make.facility()
    who = person(first, (D(2020, 1, 1), D(2020, 6, 1), "new_commitment", "transfer"))
    for place, a, b, came, left in (
        (second, D(2020, 6, 1), D(2022, 3, 1), "transfer", "conditional"),
        (office, D(2022, 3, 1), D(2022, 9, 1), "release", "returned"),
        (first, D(2022, 9, 1), None, "parole_return", ""),
    ):
        Stay.objects.create(
            participant=who, facility=place, during=(a, b), reason_in=came, reason_out=left, source="test"
        )
    own = [each for each in history.spells() if each.person == who.pk]
    assert [(each.start, each.end, each.reason_in, each.kind) for each in own] == [
        (D(2020, 1, 1), D(2022, 3, 1), "new_commitment", "conditional"),
        (D(2022, 9, 1), None, "parole_return", "unconditional"),
    ]
    reach()
    past = history.history(found=own)
    returned = past.events.to_pylist()
    assert [(each["on"], each["type"], each["new_crime"]) for each in returned] == [
        (D(2022, 9, 1), "incarceration", False)
    ]


def test_leaving_by_escape_or_death_is_no_release_and_coming_back_from_it_no_return() -> None:
    place, _office = places()
    reach()
    for left in ("escape", "died", "court order"):
        person(
            place, (D(2021, 1, 1), D(2022, 2, 1), "new_commitment", left), (D(2022, 5, 1), None, "return", "")
        )
    program = make.program()
    with pytest.raises(Refused, match="Nobody was released"):
        table_of(program)
    assert history.history(found=history.spells()).events.num_rows == 0


def test_the_table_says_of_everybody_what_is_true() -> None:
    place, _office = places()
    reach(covers=["US-HB"])
    program = make.program()
    group = make.cohort(place, program)
    inside = (D(2021, 1, 1), D(2022, 3, 1), "new_commitment", "conditional")
    returns = person(place, inside, (D(2022, 8, 1), None, "new_commitment", ""))
    took_part(returns, group, D(2021, 5, 1))
    stays_out = person(place, inside, birth_date=None)
    late = person(place, inside, (D(2023, 3, 1), None, "parole_return", ""))  # the day after the window
    died = person(place, inside)
    Departure.objects.create(participant=died, kind="death", on=D(2022, 5, 1), source="x", source_key="1")
    moved = person(place, inside)
    SupervisionSpell.objects.create(
        participant=moved,
        kind="parole",
        starts_on=D(2022, 3, 5),
        jurisdiction="US-XX",
        source="x",
        source_key="1",
    )
    JusticeEvent.objects.create(
        participant=stays_out, kind="arrest", on=D(2020, 1, 1), nature="new_crime", source="x", source_key="2"
    )
    earlier = person(place, (D(2018, 1, 1), D(2019, 1, 1), "new_commitment", "conditional"), inside)
    took_part(earlier, group, D(2018, 3, 1))
    table = table_of(program)
    order = sorted([returns, stays_out, late, died, moved], key=lambda each: f"{each.pk}:2021-01-01")
    where = {each.pk: i for i, each in enumerate(order)}

    def of(who: object, *names: str) -> tuple[object, ...]:
        return tuple(table.columns[name][where[who.pk]] for name in names)  # type: ignore[attr-defined]

    assert len(table.columns["person"]) == 5
    assert table.left_out == {"the person took part during an earlier stay": 1}
    assert table.window == 365
    assert of(returns, "treated", "time", "event", "started", "new_crime") == (True, 153, True, -304, True)
    assert of(stays_out, "treated", "event", "age", "earlier_arrests") == (False, False, None, 1.0)
    assert of(late, "time", "event") == (365, False)
    assert of(died, "time", "event", "departed") == (61, False, True)
    assert of(moved, "covered") == (False,)
    assert of(returns, "covered", "under_supervision", "days_inside") == (True, True, 424.0)
    assert of(returns, "available")[0] == (EXTRACT - D(2022, 3, 1)).days + 1
    assert "person" in table.known
    assert set(table.columns["person"]) == {"1", "2", "3", "4", "5"}


def test_windows_that_are_not_over_are_no_successes() -> None:
    place, _office = places()
    reach(D(2022, 12, 31), lag_days=30)
    for month in (1, 6, 11):
        person(place, (D(2021, 1, 1), D(2022, month, 1), "new_commitment", "conditional"))
    program = make.program()
    table = table_of(program)
    assert all(each < table.window for each in table.columns["available"])
    with pytest.raises(Refused):
        actions.define(by=SYSTEM, title="x", basis="live", definition=plan(program, trial={}))


@pytest.mark.parametrize(
    ("part", "value", "code"),
    [
        ("trial", {**CARD, "estimand": "ATO"}, "wrong_estimand"),
        ("trial", {**CARD, "compared_with": ""}, "incomplete_card"),
        ("trial", {**CARD, "time_zero": "enrollment"}, "time_zero"),
        ("trial", {**CARD, "place": "outside"}, "immortal_time"),
        ("covariates", {"custody_level": {}}, "covariate"),
        ("covariates", {}, "covariates"),
        (
            "cohort",
            {"program": "X", "since": "2022-02-30", "until": "2022-12-31", "measure": "rearrest_12"},
            "period",
        ),
        (
            "cohort",
            {"program": "X", "since": "2022-01-01", "until": "2022-12-31", "measure": "rearest"},
            "measure",
        ),
        ("cohort", {"since": "2022-01-01", "until": "2022-12-31", "measure": "rearrest_12"}, "participants"),
        ("surprise", {"x": 1}, "unknown_part"),
    ],
)
def test_a_plan_that_cannot_be_fair_is_refused_with_its_reason(part: str, value: object, code: str) -> None:
    with pytest.raises(Refused) as refused:
        actions.define(
            by=SYSTEM,
            title="x",
            basis="live",
            definition=plan(make.program(), **{part: value}),  # type: ignore[arg-type]
        )
    assert code in {each.code for each in refused.value.reasons}


def test_a_program_that_helps_is_found_though_its_participants_were_different() -> None:
    program = population(1200, effect=-0.16)
    study = actions.define(
        by=SYSTEM, title="Carpentry", basis="live", definition=plan(program), program=program
    )
    with pytest.raises(Refused, match="what this study could find"):
        actions.run(by=SYSTEM, study=study, later=False)
    actions.register(by=SYSTEM, study=study)
    told = running.check(actions.check(by=SYSTEM, study=study, later=False).pk)
    assert told.check_result["participants"] + told.check_result["comparison"] == 1200
    assert 0.02 < told.check_result["detectable"] < 0.12
    assert "effect" not in str(told.check_result)
    made = running.run(actions.run(by=SYSTEM, study=study, later=False).code)
    assert made.state == "done", made.reason
    assert made.answer == "reduced"
    assert made.detectable == pytest.approx(told.check_result["detectable"])
    assert made.data_digest == told.check_result["digest"]
    again = running.run(actions.run(by=SYSTEM, study=study, later=False).code)
    assert (again.number, again.data_digest, again.answer) == (2, made.data_digest, made.answer)
    standing = running.standing_of(again)
    assert (standing.runs, standing.before_first_run, standing.same_plan) == (2, True, True)
    assert StudyRun.objects.filter(study=study).count() == 2


def test_a_plan_registered_after_its_first_run_says_so() -> None:
    program = population(300, effect=0.0, seed=3)
    study = actions.define(by=SYSTEM, title="Late", basis="live", definition=plan(program))
    running.check(actions.check(by=SYSTEM, study=study, later=False).pk)
    running.run(actions.run(by=SYSTEM, study=study, later=False).code)
    actions.register(by=SYSTEM, study=study)
    made = actions.run(by=SYSTEM, study=study, later=False)
    assert not running.standing_of(made).before_first_run
    changed = plan(program, study={"title": "Late", "program": "it", "margin_points": 20})
    assert actions.revise(by=SYSTEM, study=study, definition=changed).number == 2
    assert actions.revise(by=SYSTEM, study=study, definition=changed).number == 2


def test_a_program_after_release_is_studied_from_a_landmark() -> None:
    place, _office = places()
    reach()
    program = make.program()
    group = make.cohort(_office, program)
    inside = (D(2021, 1, 1), D(2022, 3, 1), "new_commitment", "conditional")
    joined = person(place, inside)
    took_part(joined, group, D(2022, 3, 20))
    too_late = person(place, inside)
    took_part(too_late, group, D(2022, 8, 1))
    back_before = person(place, inside, (D(2022, 3, 15), None, "parole_return", ""))
    trial = {**CARD, "time_zero": "landmark", "landmark": 60, "place": "outside"}
    table = table_of(program, trial=trial)
    assert table.columns["treated"] == [True, False]
    assert table.columns["started"] == [19, None]
    assert table.window == 365 - 60
    assert table.left_out == {"they were not free and observed after the landmark day": 1}
    assert back_before.pk
    assert DAY
