"""Rosters of partners: handed in, linked, doubts decided by a person, quality carried into the study."""

from __future__ import annotations

import datetime as dt

import pytest
from past import CARD, SYSTEM, person, places, plan, reach

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.outcomes import actions, linking, queries, running
from throughgate.outcomes.models import RosterRecord

pytest.importorskip("splink")
pytestmark = pytest.mark.django_db
D = dt.date
HEADING = "First name,Surname,DOB,Sex,Client ID,Start date,Completed,Hours\n"


def hand_in(text: str, **given: object) -> object:
    values: dict[str, object] = {"by": SYSTEM, "program_name": "Mentors"}
    if "organization" not in given:
        values["organization"] = make.organization()
    return actions.hand_in_roster(
        **{**values, **given}, file_name="r.csv", content=text.encode(), later=False
    )  # type: ignore[arg-type]


def test_a_roster_is_linked_and_its_doubts_go_to_a_person() -> None:
    place, _office = places()
    born = D(1980, 5, 5)
    first, twin, other = (person(place, birth_date=born) for _ in range(3))
    for each, name in ((first, "Ana"), (twin, "Ana"), (other, "Bernadette")):
        each.first_name, each.last_name = name, "Okonkwo"
        each.save()
    other.profile.birth_date = D(1971, 2, 3)
    other.profile.save()
    roster = hand_in(
        HEADING
        + "Bernadete,Okonkwo,02/03/1971,m,7,2022-04-01,yes,12.5\n"
        + "Ana,Okonkwo,1980-05-05,M,8,2022-04-02,no,3\n"
        + "Nobody,Known,1990-01-01,F,9,2022-04-02,,\n"
        + ",Nameless,1990-01-01,F,10,,,\n"
        + "Bad,Day,1990-13-01,F,11,,,\n"
    )
    linked = linking.link(roster.code)  # type: ignore[attr-defined]
    assert linked.state == "linked"
    assert [each["line"] for each in linked.refused] == [5, 6]
    assert (linked.quality["submitted"], linked.quality["linked"], linked.quality["to_decide"]) == (3, 1, 1)
    record = RosterRecord.objects.get(reference="7")
    assert (record.participant, record.decision, record.hours) == (other, "sure", 12.5)
    assert linking.link(roster.code).quality == linked.quality  # type: ignore[attr-defined]
    ((doubt, candidates),) = queries.to_decide(linked)
    assert {each.person.pk for each in candidates} == {first.pk, twin.pk}
    with pytest.raises(Refused, match="none of those"):
        actions.decide_link(by=SYSTEM, record=doubt, participant=other)
    actions.decide_link(by=SYSTEM, record=doubt, participant=twin)
    linked.refresh_from_db()
    assert (linked.quality["linked"], linked.quality["to_decide"]) == (2, 0)
    facts = queries.linkage_facts(linked.code)
    assert facts["linkage"]["missed_percent"] == pytest.approx(33.3)
    assert facts["linkage"]["method"].startswith("Splink 5")
    assert (facts["submitted"], facts["linked"]) == (3, 2)


def test_the_quality_of_the_linkage_is_in_the_study_and_its_report() -> None:
    place, _office = places()
    reach()
    inside = (D(2021, 1, 1), D(2022, 3, 1), "new_commitment", "conditional")
    people = [person(place, inside, birth_date=D(1960, 1, 1) + dt.timedelta(days=97 * i)) for i in range(120)]
    lines = "".join(
        f"{each.first_name},{each.last_name},{each.profile.birth_date},M,{each.pk},2022-03-20,yes,10\n"
        for each in people[:40]
    )
    roster = hand_in(HEADING + lines + "Some,Body,1990-01-01,F,0,2022-03-20,,\n")
    linking.link(roster.code)  # type: ignore[attr-defined]
    trial = {**CARD, "time_zero": "landmark", "landmark": 60, "place": "outside"}
    made = plan(make.program(), trial=trial, covariates={"age": {}})
    made["cohort"] = {**made["cohort"], "program": "", "roster": roster.code}  # type: ignore[attr-defined]
    study = actions.define(by=SYSTEM, title="Mentors", basis="live", definition=made)
    told = running.check(actions.check(by=SYSTEM, study=study, later=False).pk).check_result
    assert (told["participants"], told["comparison"]) == (40, 80)
    assert [each["people"] for each in told["steps"]][:2] == [41, 40]
    assert any("links may be wrong" in each for each in told["notes"])
    done = running.run(actions.run(by=SYSTEM, study=study, later=False).code)
    assert done.state == "done", done.reason
    assert done.linkage["missed_percent"] == pytest.approx(2.4)
    report = queries.run_file(done, "report.html")
    assert report is not None
    assert "links may be wrong" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["a,b\n1,2\n", HEADING, "first_name,last_name\n,\n", "\0\1"])
def test_a_roster_without_names_or_rows_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        hand_in(text)


def test_only_who_evaluates_here_sees_a_roster() -> None:
    here, there = make.facility(), make.facility()
    partner = make.organization()
    text = HEADING + "Ana,Lopez,1980-05-05,F,1,,,\n"
    with acting(make.member(RoleName.EVALUATOR, facility=here)) as by:
        hand_in(text, by=by, organization=partner)
        assert len(queries.rosters()) == 1
        assert RosterRecord.objects.count() == 1
    for role, place in (
        (RoleName.EVALUATOR, there),
        (RoleName.LEADERSHIP, here),
        (RoleName.COORDINATOR, here),
    ):
        with acting(make.member(role, facility=place)) as by:
            assert queries.rosters() == []
            assert not RosterRecord.objects.exists()
    with acting(make.member(RoleName.LEADERSHIP, facility=here)) as by, pytest.raises(Forbidden):
        hand_in(text, by=by, organization=partner)
