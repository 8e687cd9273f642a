"""A custody extract comes in, bad rows and doubts stay out, and what it says follows the people's own rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

import extract
import pytest
from arrive import apply, bring, reasons, receive, text
from extract import AS_OF

import factories as make
from acting import acting, actor_of
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.exchange import actions, pipeline
from throughgate.exchange.models import Import, ImportRow
from throughgate.people.models import Change, Identifier, Participant, Profile, ReleaseDate, Stay
from throughgate.places.models import Facility

pytestmark = pytest.mark.django_db
LATER = AS_OF + dt.timedelta(days=7)


@pytest.fixture
def ridge() -> Facility:
    return make.facility(external_code="RIDGE")


@pytest.fixture
def shore() -> Facility:
    return make.facility(external_code="SHORE")


def row(**given: str) -> dict[str, str]:
    values = dict.fromkeys(extract.COLUMNS, "")
    values.update(
        person_ref="B1", last_name="Brooks", first_name="Ana", birth_date="1990-05-05", facility_code="RIDGE",
        admission_date="2025-01-10", admission_type="1", projected_release_date="2027-03-01", sex="2",
    )  # fmt: skip
    return {**values, **given}


def table(*rows: dict[str, str]) -> bytes:
    return text(extract.COLUMNS, [list(each.values()) for each in rows])


def bring_rows(*rows: dict[str, str], **given: Any) -> Import:
    return bring("custody", table(*rows), "extract.csv", **given)


def read_rows(*rows: dict[str, str], **given: Any) -> Import:
    return receive("custody", table(*rows), "extract.csv", **given)


def test_an_extract_of_two_thousand_rows_with_every_kind_of_bad_row(ridge: Facility, shore: Facility) -> None:
    content, expected = extract.make(2000, 120, ["RIDGE", "SHORE"])
    load = receive("custody", content, "extract.csv")
    found = {line: codes[0] for line, codes in reasons(load).items()}
    assert found == expected
    assert set(expected.values()) == {kind.split("/")[0] for kind in extract.KINDS}
    apply(load)
    assert Participant.objects.count() == 1880 == Identifier.objects.count() == Stay.objects.count()
    assert load.rows.filter(what="new").count() == 1880
    again = receive("custody", content, "extract.csv")
    assert again.counts == {"participant": {"unchanged": 1880, "refused": 120}}


def test_a_newcomer_comes_with_number_stay_and_dates(ridge: Facility) -> None:
    unit = make.unit(ridge, name="Unit B")
    bring_rows(
        row(
            unit="unit b",
            cell="12",
            language="Spanish",
            parole_eligibility_date="2026-12-01",
            offense_code="999",
        )
    )
    person = Participant.objects.get()
    assert (person.facility, person.unit, person.cell, person.language) == (ridge, unit, "12", "es")
    assert (person.sort_name, person.whereabouts) == ("brooks, ana", "inside")
    profile = person.profile
    assert (profile.birth_date, profile.sex, profile.release_on) == (
        dt.date(1990, 5, 5),
        "female",
        dt.date(2027, 3, 1),
    )
    assert (profile.release_source, profile.release_as_of) == ("HB-DOC", AS_OF)
    assert {each.kind: each.on for each in person.release_dates.all()} == {
        "projected": dt.date(2027, 3, 1),
        "parole": dt.date(2026, 12, 1),
    }
    stay = Stay.objects.get()
    assert (stay.during.lower, stay.during.upper, stay.reason_in) == (
        dt.date(2025, 1, 10),
        None,
        "new_commitment",
    )
    assert Identifier.objects.get().primary


def test_offenses_are_not_kept_anywhere(ridge: Facility) -> None:
    load = bring_rows(row(offense_code="CANARY-187"))
    assert not ImportRow.objects.filter(values__icontains="CANARY").exists()
    assert any("offense_code" in notice for notice in load.notices)
    assert not [each for each in ImportRow.objects.all() if "CANARY" in str(vars(each))]


def test_several_terms_of_one_person_are_stays(ridge: Facility, shore: Facility) -> None:
    bring_rows(
        row(admission_date="2015-01-01", release_date="2016-01-01", release_type="1", facility_code="SHORE"),
        row(),
    )
    assert Participant.objects.get().facility == ridge
    assert Stay.objects.count() == 2


def test_somebody_whose_last_term_ended_is_in_the_community(ridge: Facility) -> None:
    bring_rows(row(release_date="2026-10-01", release_type="2"))
    person = Participant.objects.get()
    assert (person.whereabouts, person.release_dates.count()) == ("community", 0)


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ({}, {"sex": "1"}, "contradiction"),
        ({"release_date": "2026-01-10"}, {"admission_date": "2026-01-01"}, "overlap"),
        (
            {"release_date": "2025-05-01"},
            {"admission_date": "2026-01-01", "last_name": "Other"},
            "rows_disagree",
        ),
        ({"release_date": "2025-05-01"}, {"admission_date": "2026-02-30"}, "other_row"),
    ],
)
def test_rows_that_contradict_each_other_stay_out_together(
    ridge: Facility, one: dict[str, str], other: dict[str, str], code: str
) -> None:
    load = bring_rows(row(**one), row(**other), row(person_ref="B2", last_name="Grant"))
    assert code in reasons(load)[2]
    assert set(reasons(load)) == {2, 3}
    assert Participant.objects.get().last_name == "Grant"


@pytest.mark.parametrize("change", [{"last_name": "Grant"}, {"birth_date": "1991-05-05"}])
def test_a_number_that_belongs_to_somebody_else_goes_to_a_person(
    ridge: Facility, change: dict[str, str]
) -> None:
    bring_rows(row())
    load = bring_rows(row(**change), as_of=LATER)
    assert reasons(load) == {2: ["identity_number"]}
    assert Participant.objects.get().last_name == "Brooks"
    assert Change.objects.filter(kind="identity").count() == 1
    bring_rows(row(**change), as_of=LATER)
    assert Change.objects.filter(kind="identity").count() == 1


def test_a_person_can_decide_that_it_is_the_same(ridge: Facility) -> None:
    bring_rows(row())
    load = read_rows(row(last_name="Brooks-Grant"), as_of=LATER)
    actions.decide(by=actor_of(member(ridge)), row=load.rows.get(), decision="same")
    load = apply(pipeline.compare_again(load.code))
    person = Participant.objects.get()
    assert (person.last_name, person.sort_name) == ("Brooks-Grant", "brooks-grant, ana")


@pytest.mark.parametrize(("decision", "people"), [("same", 1), ("other", 2)])
def test_a_namesake_with_another_number_is_decided_by_a_person(
    ridge: Facility, decision: str, people: int
) -> None:
    bring_rows(row())
    load = read_rows(row(person_ref="B2"), as_of=LATER)
    assert reasons(load) == {2: ["identity_twin"]}
    actions.decide(by=actor_of(member(ridge)), row=load.rows.get(), decision=decision)
    apply(pipeline.compare_again(load.code))
    assert Participant.objects.count() == people
    assert Identifier.objects.count() == 2
    assert not reasons(read_rows(row(), row(person_ref="B2"), as_of=LATER)) or decision == "same"


def test_namesakes_within_the_file_are_both_left_to_a_person(ridge: Facility) -> None:
    load = bring_rows(row(), row(person_ref="B2"), row(person_ref="B3", last_name="King"))
    assert reasons(load) == {2: ["identity_twin_file"], 3: ["identity_twin_file"]}
    assert Participant.objects.get().last_name == "King"


def test_a_date_that_moved_keeps_its_history_and_is_told(ridge: Facility) -> None:
    bring_rows(row())
    load = bring_rows(row(projected_release_date="2027-06-01"), as_of=LATER)
    assert load.rows.get().diff == {"projected_release_date": ["2027-03-01", "2027-06-01"]}
    assert [(each.on, each.superseded_at is None) for each in ReleaseDate.objects.order_by("on")] == [
        (dt.date(2027, 3, 1), False),
        (dt.date(2027, 6, 1), True),
    ]
    assert Profile.objects.get().release_on == dt.date(2027, 6, 1)
    assert Change.objects.get(kind="date_moved").facility == ridge


def test_a_date_that_is_only_confirmed_is_no_change_but_newer(ridge: Facility) -> None:
    bring_rows(row())
    load = bring_rows(row(), as_of=LATER)
    assert load.counts == {"participant": {"unchanged": 1}}
    assert ReleaseDate.objects.get().as_of == LATER == Profile.objects.get().release_as_of


def test_a_blank_erases_nothing(ridge: Facility) -> None:
    bring_rows(row(language="es"))
    load = bring_rows(row(projected_release_date="", sex="", language=""), as_of=LATER)
    assert load.counts == {"participant": {"unchanged": 1}}
    assert "projected_release_date" in load.rows.get().notes[0]
    assert Profile.objects.get().sex == "female"


def test_an_older_extract_of_the_same_source_is_refused(ridge: Facility) -> None:
    bring_rows(row(), as_of=LATER)
    with pytest.raises(Refused, match="newer extract"):
        read_rows(row())


def test_transfer_release_and_return_follow_the_peoples_own_verbs(ridge: Facility, shore: Facility) -> None:
    bring_rows(row())
    load = bring_rows(row(facility_code="SHORE"), as_of=LATER)
    assert load.rows.get().diff == {"facility": ["RIDGE", "SHORE"]}
    person = Participant.objects.get()
    assert person.facility == shore
    assert [(s.facility_id, s.during.upper) for s in Stay.objects.order_by("during")] == [
        (ridge.pk, LATER),
        (shore.pk, None),
    ]
    bring_rows(
        row(facility_code="SHORE", release_date="2026-11-10", release_type="1"), as_of=dt.date(2026, 11, 11)
    )
    person.refresh_from_db()
    assert person.whereabouts == "community"
    assert not Stay.objects.filter(during__endswith__isnull=True).exists()
    back = row(admission_date="2026-11-15", admission_type="2", projected_release_date="2028-01-01")
    bring_rows(back, as_of=dt.date(2026, 11, 16))
    person.refresh_from_db()
    assert (person.whereabouts, person.facility) == ("inside", ridge)
    kinds = list(Change.objects.order_by("id").values_list("kind", flat=True).distinct())
    assert {"transferred", "released", "returned"} <= set(kinds)
    assert bring_rows(back, as_of=dt.date(2026, 11, 16)).total["unchanged"] == 1


def test_someone_released_here_but_inside_there_goes_to_a_person(ridge: Facility) -> None:
    bring_rows(row(release_date="2026-10-01"))
    load = bring_rows(row(), as_of=LATER)
    assert reasons(load) == {2: ["released_here"]}


def member(facility: Facility, role: RoleName = RoleName.CLASSIFICATION) -> Any:
    return make.member(role, facility=facility)


def test_staff_bring_in_their_own_facilitys_people_only(ridge: Facility, shore: Facility) -> None:
    bring_rows(row(person_ref="B7", facility_code="SHORE", last_name="Chen"))
    by = actor_of(member(ridge))
    rows = [
        row(),
        row(person_ref="B8", facility_code="SHORE", last_name="King"),
        row(person_ref="B7", last_name="Chen"),
        row(person_ref="B9", last_name="Chen"),
    ]
    load = receive("custody", table(*rows), "e.csv", by=by, as_of=LATER)
    assert reasons(load) == {3: ["not_yours"], 4: ["not_yours"], 5: ["identity_elsewhere"]}
    assert not load.rows.filter(person_id__isnull=False).exists()


def test_an_import_is_seen_by_who_asked_and_who_works_in_all_its_facilities(
    ridge: Facility, shore: Facility
) -> None:
    one, two = member(ridge), member(shore)
    load = receive("custody", table(row()), "e.csv", by=actor_of(one))
    both = make.member(RoleName.CLASSIFICATION, agency_wide=True)
    case_manager = member(ridge, RoleName.CASE_MANAGER)
    seen = {}
    for name, who in (("asked", one), ("elsewhere", two), ("all", both), ("may not import", case_manager)):
        with acting(who):
            seen[name] = (Import.objects.count(), ImportRow.objects.count())
    assert seen == {"asked": (1, 1), "elsewhere": (0, 0), "all": (1, 1), "may not import": (0, 0)}
    with pytest.raises(Forbidden):
        receive("custody", table(row()), "e.csv", by=actor_of(case_manager))
    assert load.facility_ids == [ridge.pk]


def test_pressing_apply_again_changes_nothing(ridge: Facility) -> None:
    load = bring_rows(row())
    apply(load)
    apply(load)
    assert Participant.objects.count() == 1


def test_a_row_that_the_database_refuses_stops_no_other(ridge: Facility) -> None:
    load = read_rows(*(row(person_ref=f"B{n}", last_name=f"Name{'abcdefg'[n]}") for n in range(7)))
    # Somebody registers B3 with another stay between preview and applying.
    person = make.participant(
        ridge, first_name="Ana", last_name="Named", profile={"birth_date": dt.date(1990, 5, 5)}
    )
    Identifier.objects.filter(participant=person).update(system="HB-DOC", value="B3")
    Participant.objects.filter(pk=person.pk).update(whereabouts="died")
    load = apply(load)
    assert load.total["new"] == 6
    assert reasons(load) == {5: ["died_here"]}
