"""The database refuses by itself: each audience sees its own and nothing else."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

import factories as make
from acting import acting, signed_in
from throughgate.access.models import AccessGrant, Blocked
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.scope import Audience, Context
from throughgate.people.models import Participant, Profile
from throughgate.programs.models import Enrollment, EnrollmentStatus

pytestmark = pytest.mark.django_db


def names() -> set[str]:
    return set(Participant.objects.order_by("id").values_list("last_name", flat=True))


def test_staff_see_their_own_facility_only() -> None:
    here, there = make.facility(), make.facility()
    mine, _theirs = make.participant(here), make.participant(there)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)):
        assert names() == {mine.last_name}


def test_a_partner_sees_people_while_they_have_a_seat_with_it() -> None:
    place, org = make.facility(), make.organization()
    group = make.cohort(place, make.program(org))
    person, _other = make.participant(place), make.participant(place)
    lead = make.member(RoleName.PARTNER_LEAD, organization=org)
    with acting(lead):
        assert names() == set()
    seat = make.enrollment(person, group)
    with acting(lead):
        assert names() == {person.last_name}
        assert Profile.objects.count() == 1
    seat.status, seat.ended_on, seat.end_reason = EnrollmentStatus.ENDED, make.TODAY, "completed"
    seat.save()
    with acting(lead):
        assert names() == set()
    assert not AccessGrant.objects.exists()


def test_a_role_without_the_permission_sees_names_but_no_profile() -> None:
    here = make.facility()
    make.participant(here)
    with acting(make.member(RoleName.CONTROL, facility=here)):
        assert Participant.objects.count() == 1
        assert Profile.objects.count() == 0


def test_blocked_beats_every_grant() -> None:
    here = make.facility()
    person = make.participant(here)
    member = make.member(RoleName.CASE_MANAGER, facility=here)
    Blocked.objects.create(user=member.user, participant=person, reason="a relative")
    with acting(member):
        assert names() == set()


def test_an_ended_membership_sees_nothing_at_the_next_statement() -> None:
    here = make.facility()
    make.participant(here)
    member = make.member(RoleName.CASE_MANAGER, facility=here)
    with acting(member):
        assert len(names()) == 1
        with scope.system("ends it"):
            type(member).objects.filter(pk=member.pk).update(ends_at=member.starts_at)
        assert names() == set()


def test_nobody_acting_reads_nothing() -> None:
    make.participant(make.facility())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Participant.objects.count()
        cursor.execute("SELECT set_config('role', 'tg_job', true)")


@pytest.mark.parametrize("forged", ["job", "staff"])
def test_a_forged_context_counts_as_none(forged: str) -> None:
    here = make.facility()
    make.participant(here)
    member = make.member(RoleName.CONTROL, facility=here)
    with acting(member), connection.cursor() as cursor:
        payload = f"{forged}|{member.user_id}|{member.pk}|x|y|9999999999"
        cursor.execute("SELECT set_config('app.context', %s, true)", [payload])
        assert names() == set()


def test_a_context_signed_for_another_role_counts_as_none() -> None:
    here = make.facility()
    make.participant(here)
    with scope.enter(Context(audience=Audience.PUBLIC)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('role', 'tg_job', true)")
        assert names() == set()


def test_reading_requests_cannot_write() -> None:
    here = make.facility()
    member = make.member(RoleName.COORDINATOR, facility=here)
    person = make.participant(here)
    with pytest.raises(Exception, match="read-only"), acting(member, readonly=True):
        person.save()


def test_full_is_full_and_counts_follow() -> None:
    place = make.facility()
    group = make.cohort(place, capacity=1)
    make.enrollment(make.participant(place), group)
    with pytest.raises(Exception, match="cohort_is_full"), transaction.atomic():
        make.enrollment(make.participant(place), group)
    group.refresh_from_db()
    assert group.seats_taken == 1 == Enrollment.objects.count()


def test_someone_signed_in_reaches_no_page_that_is_not_there() -> None:
    member = make.member(RoleName.COORDINATOR, facility=make.facility())
    assert signed_in(member).get("/nowhere/").status_code == 404
