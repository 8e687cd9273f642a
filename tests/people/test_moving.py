"""Moves: one verb carries everything, and sight follows custody at once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

import factories as make
from acting import acting
from throughgate.access.actor import Actor
from throughgate.access.models import AccessGrant, Blocked
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.people import actions, moves
from throughgate.people.jobs import planned_absences
from throughgate.people.models import Absence, Change, Consent, KeepApart, Participant, Profile, Stay
from throughgate.people.moves import Move, MoveKind
from throughgate.places.models import Facility, FacilityKind

pytestmark = pytest.mark.django_db
TODAY = make.TODAY
DAY = dt.timedelta(days=1)


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Move]:
    """What programs would hear."""
    told: list[Move] = []
    monkeypatch.setattr(moves, "AFTER_MOVE", [told.append])
    return told


@pytest.fixture
def here() -> Facility:
    return make.facility()


@pytest.fixture
def there() -> Facility:
    return make.facility()


def test_after_a_transfer_the_sender_sees_nothing_and_the_receiver_all(
    here: Facility, there: Facility, heard: list[Move]
) -> None:
    person = make.participant(here, unit=make.unit(here), cell="12")
    sender = make.member(RoleName.CASE_MANAGER, facility=here)
    receiver = make.member(RoleName.CASE_MANAGER, facility=there)
    with acting(sender) as by:
        actions.transfer(by=by, participant=person, to=there, on=here.today(), reason="bed space")
        for model in (Participant, Profile, Stay, Change):
            assert not model.objects.exists(), model
    with acting(receiver):
        seen = Participant.objects.get()
        assert (seen.facility_id, seen.unit_id, seen.cell) == (there.pk, None, "")
        assert Profile.objects.count() == 1
        assert Stay.objects.count() == 2
        assert [change.kind for change in Change.objects.order_by("pk")] == ["transferred"]
    assert set(Change.objects.values_list("facility_id", flat=True)) == {here.pk, there.pk}
    assert [(m.kind, m.from_facility, m.to_facility) for m in heard] == [(MoveKind.TRANSFER, here, there)]
    closed, opened = Stay.objects.order_by("pk")
    assert (closed.during.upper, closed.reason_out) == (here.today(), "bed space")
    assert (opened.during.lower, opened.during.upper, opened.facility_id) == (here.today(), None, there.pk)


def test_what_follows_a_move_fails_with_it(
    here: Facility, there: Facility, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(move: Move) -> None:
        raise RuntimeError("programs could not follow")

    monkeypatch.setattr(moves, "AFTER_MOVE", [broken])
    person = make.participant(here)
    with pytest.raises(RuntimeError), acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        actions.transfer(by=by, participant=person, to=there, on=here.today(), reason="bed space")
    person.refresh_from_db()
    assert person.facility_id == here.pk
    assert Stay.objects.count() == 1


def test_a_transfer_is_refused_with_every_reason_at_once(here: Facility, there: Facility) -> None:
    there.active = False
    there.save()
    person, elsewhere = make.participant(here), make.unit(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Refused) as no:
        actions.transfer(
            by=by, participant=person, to=there, on=here.today() + 3 * DAY, reason=" ", unit=elsewhere
        )
    assert codes(no) == {"in_the_future", "no_reason", "not_in_use", "unit_elsewhere"}


@pytest.mark.parametrize(
    ("kind", "code"), [(FacilityKind.COMMUNITY_OFFICE, "is_an_office"), (None, "same_place")]
)
def test_people_are_transferred_between_places_of_custody(
    here: Facility, kind: FacilityKind | None, code: str
) -> None:
    person = make.participant(here)
    to = make.facility(kind=kind) if kind else here
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Refused) as no:
        actions.transfer(by=by, participant=person, to=to, on=here.today(), reason="x")
    assert codes(no) == {code}


def test_a_move_before_the_arrival_is_refused(here: Facility, there: Facility) -> None:
    person = make.participant(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Refused) as no:
        actions.transfer(by=by, participant=person, to=there, on=TODAY - 900 * DAY, reason="x")
    assert codes(no) == {"before_arrival"}


def test_arrived_and_moved_on_within_a_day_leaves_one_stay(here: Facility, there: Facility) -> None:
    person = make.participant(here)
    by = Actor.system("test")
    today = here.today()
    actions.transfer(by=by, participant=person, to=there, on=today, reason="x")
    actions.transfer(by=by, participant=person, to=here, on=today, reason="y")
    spans = [(s.during.lower, s.during.upper) for s in Stay.objects.order_by("pk")]
    assert spans == [(TODAY - 200 * DAY, today), (today, None)]


def test_only_who_may_move_people_where_they_are_moves_them(here: Facility, there: Facility) -> None:
    person = make.participant(here)
    for role, place in (
        (RoleName.COORDINATOR, here),
        (RoleName.CONTROL, here),
        (RoleName.CASE_MANAGER, there),
    ):
        with acting(make.member(role, facility=place)) as by, pytest.raises(Forbidden):
            actions.transfer(by=by, participant=person, to=there, on=here.today(), reason="x")


def test_someone_blocked_does_not_move_the_person(here: Facility, there: Facility) -> None:
    person, member = make.participant(here), make.member(RoleName.CASE_MANAGER, facility=here)
    Blocked.objects.create(user=member.user, participant=person, reason="a relative")
    with acting(member) as by, pytest.raises(Forbidden):
        actions.transfer(by=by, participant=person, to=there, on=here.today(), reason="x")


def test_release_hands_the_person_to_the_office(here: Facility, heard: list[Move]) -> None:
    office = make.facility(kind=FacilityKind.COMMUNITY_OFFICE)
    person = make.participant(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        actions.release(by=by, participant=person, on=here.today(), reason="parole", to_office=office)
        assert not Participant.objects.exists()
    with acting(make.member(RoleName.SUPERVISION, facility=office)):
        assert Participant.objects.get().whereabouts == "community"
    assert Stay.objects.get().during.upper == here.today()
    assert [m.kind for m in heard] == [MoveKind.RELEASE]


def test_release_goes_to_an_office_only_and_once(here: Facility, there: Facility) -> None:
    person = make.participant(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        with pytest.raises(Refused) as no:
            actions.release(by=by, participant=person, on=here.today(), reason="x", to_office=there)
        assert codes(no) == {"not_an_office"}
        actions.release(by=by, participant=person, on=here.today(), reason="end of sentence")
        with pytest.raises(Refused) as again:
            actions.release(by=by, participant=person, on=here.today(), reason="end of sentence")
    assert codes(again) == {"in_the_community"}


def test_the_receiving_facility_records_a_return(here: Facility, there: Facility, heard: list[Move]) -> None:
    office = make.facility(kind=FacilityKind.COMMUNITY_OFFICE)
    person = make.participant(here)
    actions.release(
        by=Actor.system("test"), participant=person, on=TODAY - 30 * DAY, reason="x", to_office=office
    )
    with acting(make.member(RoleName.CLASSIFICATION, facility=there)) as by:
        actions.return_to_custody(by=by, participant=person, to=there, on=there.today(), reason="new term")
        assert Participant.objects.get().whereabouts == "inside"
        assert Change.objects.get(kind="returned").facility_id == there.pk
    with acting(make.member(RoleName.CLASSIFICATION, facility=there)) as by, pytest.raises(Refused) as no:
        actions.return_to_custody(by=by, participant=person, to=there, on=there.today(), reason="again")
    assert codes(no) == {"is_inside"}
    with acting(make.member(RoleName.CLASSIFICATION, facility=here)) as by, pytest.raises(Forbidden):
        actions.return_to_custody(by=by, participant=person, to=there, on=there.today(), reason="x")


def test_an_absence_makes_the_person_away_until_it_ends(here: Facility, heard: list[Move]) -> None:
    person = make.participant(here)
    now = timezone.now()
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        absence = actions.record_absence(by=by, participant=person, kind="court", starts_at=now - DAY)
        assert Participant.objects.get().whereabouts == "away"
        with pytest.raises(Refused) as no:
            actions.record_absence(by=by, participant=person, kind="court", starts_at=now + DAY)
        assert codes(no) == {"already_absent"}
        actions.end_absence(by=by, absence=absence)
        assert Participant.objects.get().whereabouts == "inside"
        assert Absence.objects.get().during.upper is not None
    assert [m.kind for m in heard] == [MoveKind.ABSENCE, MoveKind.BACK]


def test_a_planned_absence_begins_and_ends_by_itself(here: Facility) -> None:
    person = make.participant(here)
    now = timezone.now()
    by = Actor.system("test")
    actions.record_absence(
        by=by, participant=person, kind="hospital", starts_at=now + DAY, ends_at=now + 2 * DAY
    )
    seen = []
    for days in (0, 1.5, 2.5):
        actions.settle_absences(by=by, now=now + days * DAY)
        person.refresh_from_db()
        seen.append(person.whereabouts)
    assert seen == ["inside", "away", "inside"]


def test_taking_back_a_coming_absence_leaves_none(here: Facility) -> None:
    person = make.participant(here)
    by = Actor.system("test")
    absence = actions.record_absence(
        by=by, participant=person, kind="court", starts_at=timezone.now() + DAY, ends_at=None
    )
    actions.end_absence(by=by, absence=absence)
    assert not Absence.objects.exists()


def test_death_closes_everything_quietly(here: Facility, heard: list[Move]) -> None:
    person, other, org = make.participant(here), make.participant(here), make.organization()
    other_place = make.facility()
    own = make.member(RoleName.PARTICIPANT, participant=person)
    AccessGrant.objects.create(
        organization=org,
        participant=person,
        tier=2,
        purpose="mentor",
        basis="assignment",
        basis_ref="x",
        valid=(timezone.now(), None),
    )
    low, high = sorted((person, other), key=lambda p: p.pk)
    KeepApart.objects.create(first=low, second=high, reason="threat", source="test", starts_on=TODAY - DAY)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        actions.record_death(by=by, participant=person, on=here.today())
        with pytest.raises(Refused) as no:
            actions.transfer(by=by, participant=person, to=other_place, on=here.today(), reason="x")
    assert "has_died" in codes(no)
    person.refresh_from_db()
    own.refresh_from_db()
    assert person.whereabouts == "died"
    assert own.ends_at is not None
    assert not AccessGrant.objects.exists()
    assert not Consent.objects.filter(revoked_at=None).exists()
    assert KeepApart.objects.get().ends_on == here.today()
    assert Stay.objects.get(participant=person).during.upper == here.today()
    assert [m.kind for m in heard] == [MoveKind.DEATH]


def test_a_unit_move_stays_within_the_facility(here: Facility, there: Facility) -> None:
    person, mine, theirs = make.participant(here), make.unit(here), make.unit(there)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        with pytest.raises(Refused) as no:
            actions.move_unit(by=by, participant=person, unit=theirs)
        assert codes(no) == {"unit_elsewhere"}
        actions.move_unit(by=by, participant=person, unit=mine, cell=" 7 ")
        actions.move_unit(by=by, participant=person, unit=mine, cell="7")
        assert Participant.objects.get().cell == "7"
        assert Change.objects.filter(kind="unit_moved").count() == 1


def test_the_job_of_planned_absences_may_run_at_any_time(here: Facility) -> None:
    back, away = make.participant(here, whereabouts="away"), make.participant(here, whereabouts="away")
    now = timezone.now()
    Absence.objects.create(participant=back, kind="court", during=(now - DAY, now - DAY / 24))
    planned_absences()
    planned_absences()
    back.refresh_from_db()
    away.refresh_from_db()
    assert (back.whereabouts, away.whereabouts) == ("inside", "away")
