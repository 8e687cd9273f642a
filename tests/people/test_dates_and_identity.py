"""Release dates keep their history; numbers name one person; nobody is merged by guess."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from acting import acting
from throughgate.access.actor import Actor
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.people import actions, rules
from throughgate.people.models import Change, Identifier, Participant, Profile, ReleaseDate, Stay
from throughgate.people.rules import GivenDate, Identity, Match, Standing

TODAY = make.TODAY
DAY = dt.timedelta(days=1)
DATES = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


@given(st.lists(st.tuples(DATES, DATES), min_size=1, max_size=12))
def test_whatever_the_order_of_arrival_the_newest_as_of_stands(told: list[tuple[dt.date, dt.date]]) -> None:
    in_force: GivenDate | None = None
    for as_of, on in told:
        new = GivenDate(kind="projected", as_of=as_of, on=on, source="extract")
        if rules.standing(new, in_force) is Standing.IN_FORCE:
            in_force = new
    assert in_force is not None
    newest = max(as_of for as_of, _on in told)
    assert in_force.as_of == newest
    assert in_force.on == [on for as_of, on in told if as_of == newest][-1]


@given(DATES, DATES)
def test_telling_the_same_again_changes_nothing(as_of: dt.date, on: dt.date) -> None:
    one = GivenDate(kind="projected", as_of=as_of, on=on, source="extract")
    assert rules.standing(one, one) is Standing.SAME


def test_eligibility_for_parole_is_no_release() -> None:
    parole = GivenDate(kind="parole", as_of=TODAY, on=TODAY)
    assert rules.expected_release({"parole": parole}) is None
    unknown = GivenDate(kind="projected", as_of=TODAY, unknown_reason="not sentenced")
    latest = GivenDate(kind="maximum", as_of=TODAY, on=TODAY + 900 * DAY)
    assert rules.expected_release({"maximum": latest, "projected": unknown}) is unknown
    assert rules.expected_release({"maximum": latest, "parole": parole}) is latest


@pytest.mark.django_db
def test_a_newer_date_moves_the_profile_and_tells_the_facility() -> None:
    here = make.facility()
    person = make.participant(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:

        def told(days: int, ago: int, **more: object) -> ReleaseDate:
            on = more.pop("on", TODAY + days * DAY)
            return actions.record_release_date(  # type: ignore[arg-type]
                by=by,
                participant=person,
                kind="projected",
                on=on,
                source="sentence computation",
                as_of=here.today() - ago * DAY,
                **more,
            )

        told(100, 20)
        old = told(90, 30)
        assert old.superseded_at is not None
        assert Profile.objects.get().release_on == TODAY + 100 * DAY
        told(60, 5)
        same = told(60, 5)
        profile = Profile.objects.get()
        assert (profile.release_on, profile.release_source) == (TODAY + 60 * DAY, "sentence computation")
        assert ReleaseDate.objects.count() == 3
        assert ReleaseDate.objects.get(superseded_at=None) == same
        told(0, 1, on=None, unknown_reason="awaiting a hearing")
        profile.refresh_from_db()
        assert (profile.release_on, profile.release_unknown_reason) == (None, "awaiting a hearing")
        moved = list(Change.objects.filter(kind="date_moved").order_by("pk"))
        assert len(moved) == 3
        assert str(TODAY + 60 * DAY) in moved[1].summary
        actions.acknowledge_change(by=by, change=moved[0])
        first = actions.acknowledge_change(by=by, change=moved[0]).acknowledged_at
        assert first is not None
    with acting(make.member(RoleName.CONTROL, facility=here)) as by, pytest.raises(Forbidden):
        actions.acknowledge_change(by=by, change=moved[1])


@pytest.mark.django_db
def test_a_date_is_refused_with_everything_that_is_wrong() -> None:
    here = make.facility()
    person = make.participant(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Refused) as no:
        actions.record_release_date(
            by=by, participant=person, kind="projected", on=None, source="", as_of=here.today() + 9 * DAY
        )
    assert codes(no) == {"date_or_reason", "no_source", "as_of_in_the_future"}
    assert {reason.field for reason in no.value.reasons} == {"on", "source", "as_of"}


def registered(by: Actor, **given_facts: object) -> Participant:
    facts = {
        "first_name": "Ana",
        "last_name": "Núñez",
        "identifiers": [("HB-DOC", "B1"), ("HB-SID", "77")],
        "on": TODAY - DAY,
        "reason": "new_commitment",
        "source": "intake",
        "birth_date": dt.date(1990, 2, 3),
    }
    return actions.register(by=by, **{**facts, **given_facts})  # type: ignore[arg-type]


@pytest.mark.django_db
def test_registering_writes_name_numbers_profile_and_stay() -> None:
    here = make.facility()
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        person = registered(by, facility=here, language="es", custody_level="low")
        assert Participant.objects.get().sort_name == "nunez, ana"
        assert person.identifiers.get(primary=True).value == "B1"
        assert Profile.objects.get().custody_level == "low"
        assert Stay.objects.get().during.lower == TODAY - DAY
        assert Change.objects.get().kind == "received"
    with acting(make.member(RoleName.CONTROL, facility=here)) as by, pytest.raises(Forbidden):
        registered(by, facility=here, identifiers=[("HB-DOC", "B9")])


@pytest.mark.django_db
def test_registering_says_everything_that_is_wrong_by_field() -> None:
    here = make.facility()
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        with pytest.raises(Refused) as no:
            registered(by, facility=here, first_name="", last_name="x" * 90)
        assert {reason.field for reason in no.value.reasons} == {"first_name", "last_name"}
        with pytest.raises(Refused) as half:
            registered(by, facility=here, identifiers=[("HB-DOC", " ")])
        assert codes(half) == {"half_a_number"}
        with pytest.raises(TypeError, match="shoe_size"):
            registered(by, facility=here, shoe_size=42)
    assert not Participant.objects.exists()


@pytest.mark.django_db
def test_the_same_person_is_not_registered_twice() -> None:
    here = make.facility()
    there = make.facility()
    registered(Actor.system("test"), facility=here)
    with (
        acting(make.member(RoleName.CASE_MANAGER, facility=there)) as by,
        pytest.raises(Refused) as no,
    ):
        registered(by, facility=there, last_name="NUNEZ", identifiers=[("HB-DOC", "B1")])
    assert codes(no) == {"already_known"}


@pytest.mark.django_db
def test_a_number_of_two_people_goes_to_a_person_at_both_facilities() -> None:
    here, there = make.facility(), make.facility()
    owner = registered(Actor.system("test"), facility=here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=there)) as by:
        newcomer = registered(
            by, facility=there, first_name="Rosa", identifiers=[("HB-DOC", "B1"), ("HB-DOC", "B2")]
        )
        assert [n.value for n in newcomer.identifiers.order_by("pk")] == ["B2"]
        assert Change.objects.filter(kind="identity").count() == 1
    told = Change.objects.filter(kind="identity")
    assert set(told.values_list("facility_id", flat=True)) == {here.pk, there.pk}
    assert not any(word in change.summary for change in told for word in ("Ana", "Rosa"))
    assert Identifier.objects.get(value="B1").participant_id == owner.pk
    with acting(make.member(RoleName.CASE_MANAGER, agency_wide=True)) as by:
        assert actions.add_identifier(by=by, participant=newcomer, system="HB-SID", value="77") is None
        with pytest.raises(Refused):
            actions.reassign_identifier(
                by=by, identifier=Identifier.objects.get(value="B1"), to=newcomer, reason=""
            )
        actions.reassign_identifier(
            by=by, identifier=Identifier.objects.get(value="B1"), to=newcomer, reason="fingerprints compared"
        )
    assert Identifier.objects.get(value="B1").participant_id == newcomer.pk


@pytest.mark.parametrize(
    ("holders", "match"),
    [
        ([], Match.NEW),
        ([Identity(first_name="ANA", last_name="Nunez", birth_date=TODAY)], Match.SAME),
        ([Identity(first_name="Ana", last_name="Núñez", birth_date=None)], Match.CONFLICT),
        ([Identity(first_name="Ana", last_name="Núñez", birth_date=TODAY - DAY)], Match.CONFLICT),
        ([Identity(first_name="Ana", last_name="Núñez", birth_date=TODAY)] * 2, Match.CONFLICT),
    ],
)
def test_who_is_the_same_person(holders: list[Identity], match: Match) -> None:
    wanted = Identity(first_name="Ana", last_name="Núñez", birth_date=TODAY)
    assert rules.match_identity(wanted, holders) is match


def test_every_state_knows_every_event() -> None:
    assert set(rules.NEXT) == {(state, event) for state in rules.STATES for event in rules.Event}
    assert {state for state in rules.NEXT.values() if state} <= set(rules.STATES)
