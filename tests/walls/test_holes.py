"""Ways past the walls that were once open, tried again as the application's own login, table by table.

The verbs never do these things; a mistake in a verb, or a statement smuggled into one, could. Each attempt
must be refused by the database itself, or change and show nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, models, transaction
from django.utils import timezone

import factories as make
from acting import acting
from throughgate.access.models import AccessGrant, Blocked, BreakGlass, Membership
from throughgate.access.roles import RoleName
from throughgate.partners.models import Agreement
from throughgate.people.models import Consent, Participant
from throughgate.places.models import RegimePeriod, RegimeReason
from throughgate.programs.models import (
    Attendance,
    Call,
    Enrollment,
    LedgerLine,
    PrintedList,
    Session,
    SlotExclusion,
    Suspension,
    WaitlistEntry,
)
from throughgate.visitors.models import Clearance, ClearanceNote

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def refused(attempt: Callable[[], Any]) -> None:
    """The attempt raises an error of the database, or touches no row at all."""
    try:
        with transaction.atomic():
            done = attempt()
    except DatabaseError:
        return
    assert done == 0, "the database let it through"


# What a visitor and a participant see of sessions.


def test_a_visitor_sees_the_sessions_they_lead_and_no_other() -> None:
    place = make.facility()
    group = make.cohort(place)
    led, other = make.session(group), make.session(group, make.TODAY + dt.timedelta(days=2))
    me = make.visitor(place)
    # The numbers of the rows must not happen to agree.
    row = led.facilitators.create(visitor=me)
    while row.pk in {led.pk, other.pk}:
        row.delete()
        row = led.facilitators.create(visitor=me)
    other.facilitators.create(visitor=make.visitor(place))
    with acting(make.member(RoleName.VISITOR, visitor=me)):
        assert list(Session.objects.values_list("pk", flat=True)) == [led.pk]


def test_a_participant_sees_the_sessions_they_are_called_to_and_no_other() -> None:
    place = make.facility()
    group, unrelated = make.cohort(place), make.cohort(place)
    first = make.session(group)
    make.session(unrelated)
    me = make.participant(place)
    make.enrollment(make.participant(place), group)
    make.enrollment(make.participant(place), unrelated)
    make.enrollment(me, group)
    with acting(make.member(RoleName.PARTICIPANT, participant=me)):
        assert list(Session.objects.values_list("pk", flat=True)) == [first.pk]


# Rows of one facility that hang on another's.


@pytest.fixture
def two() -> tuple[Any, Any]:
    return make.facility(), make.facility()


def test_a_person_cannot_be_seated_or_called_in_another_facility(two: tuple[Any, Any]) -> None:
    here, there = two
    person, theirs = make.participant(here), make.cohort(there)
    session = make.session(theirs)
    with acting(make.member(RoleName.COORDINATOR, facility=here)):
        refused(lambda: make.enrollment(person, theirs))
        refused(lambda: make.call(person, session))
    assert not Enrollment.objects.exists()
    assert not Call.objects.exists()


def test_a_session_belongs_to_the_facility_and_partner_of_its_cohort(two: tuple[Any, Any]) -> None:
    here, there = two
    theirs = make.cohort(there, make.program(make.organization()))
    mine = make.cohort(here, make.program(make.organization()))
    session = make.session(mine)
    begins = timezone.now() + HOUR
    with acting(make.member(RoleName.COORDINATOR, facility=here)):
        refused(
            lambda: Session.objects.create(
                cohort=theirs, facility=here, starts_at=begins, ends_at=begins + HOUR
            )
        )
        refused(lambda: Session.objects.filter(pk=session.pk).update(cohort=theirs))
        refused(lambda: Session.objects.filter(pk=session.pk).update(organization=theirs.organization))
    assert Session.objects.count() == 1


def test_a_seat_opens_sight_to_the_partner_of_its_cohort_only() -> None:
    here = make.facility()
    person, friends = make.participant(here), make.organization()
    group = make.cohort(here, make.program(make.organization()))
    with acting(make.member(RoleName.COORDINATOR, facility=here)):
        refused(
            lambda: Enrollment.objects.create(
                participant=person,
                cohort=group,
                organization=friends,
                starts_on=group.starts_on,
                ends_on=group.ends_on,
                enrolled_by="x",
            )
        )
        seat = make.enrollment(person, group)
        refused(lambda: Enrollment.objects.filter(pk=seat.pk).update(organization=friends))
        refused(lambda: Enrollment.objects.filter(pk=seat.pk).update(participant=make.participant(here)))
    assert not AccessGrant.objects.filter(organization=friends).exists()


def test_a_pause_a_time_left_out_a_mark_and_a_line_are_about_the_one_whose_seat_it_is(
    two: tuple[Any, Any],
) -> None:
    here, there = two
    mine, theirs = make.participant(here), make.participant(there)
    group = make.cohort(there)
    session = make.session(group, make.TODAY - dt.timedelta(days=1))
    seat = make.enrollment(theirs, group)
    call = Call.objects.get(participant=theirs)
    with acting(make.member(RoleName.COORDINATOR, facility=here)):
        refused(
            lambda: Suspension.objects.create(
                enrollment=seat, participant=mine, during=(make.TODAY, None), reason="x", by_name="x"
            )
        )
        refused(
            lambda: SlotExclusion.objects.create(
                enrollment=seat, participant=mine, weekday=1, starts="09:00", reason="x", by_name="x"
            )
        )
        refused(
            lambda: Attendance.objects.create(
                call=call, participant=mine, session=session, code="x", marked_by="x",
                marked_at=timezone.now(), pack="x",
            )
        )  # fmt: skip
        refused(
            lambda: LedgerLine.objects.create(
                participant=mine, enrollment=seat, kind="credit_days", quantity=90, on=make.TODAY, pack="x",
                rule="x", evidence="x",
            )
        )  # fmt: skip
    assert not Attendance.objects.exists()
    assert not LedgerLine.objects.exists()


def test_a_printed_list_is_of_a_session_of_its_facility_and_stays_as_printed(two: tuple[Any, Any]) -> None:
    here, there = two
    org = make.organization()
    session = make.session(make.cohort(there, make.program(org)))

    def printed(facility: Any) -> PrintedList:
        return PrintedList.objects.create(
            kind="roster", facility=facility, session=session, day=make.TODAY, version=1, printed_by="x",
            printed_at=timezone.now(),
        )  # fmt: skip

    with acting(make.member(RoleName.COORDINATOR, facility=here)):
        refused(lambda: printed(here))
    with acting(make.member(RoleName.PARTNER_LEAD, organization=org)):
        refused(lambda: printed(here))
        paper = printed(there)
        refused(lambda: PrintedList.objects.filter(pk=paper.pk).update(version=9))


def lockdown(facility: Any) -> RegimePeriod:
    now = timezone.now()
    return RegimePeriod.objects.create(
        facility=facility, event=uuid.uuid4(), kind="lockdown", cause="lockdown", public_reason="closed",
        during=(now, now + HOUR), declared_by="x", first_until=now + HOUR,
    )  # fmt: skip


# What hangs on a row by a many-to-many table.


def test_links_need_the_permission_of_the_row_they_belong_to(two: tuple[Any, Any]) -> None:
    here, there = two
    org, unit = make.organization(), make.unit(here)
    agreement = make.agreement(org, there)
    regime = lockdown(here)
    regime.units.add(unit)
    gate = make.member(RoleName.GATE, facility=here)
    with acting(gate):
        refused(lambda: Agreement.objects.get(pk=agreement.pk).facilities.add(here))
        refused(lambda: RegimePeriod.units.through.objects.filter(regimeperiod=regime).delete()[0])
    with acting(make.member(RoleName.COORDINATOR, facility=here)):
        Agreement.objects.get(pk=agreement.pk).facilities.add(here)
    with acting(make.member(RoleName.CAPTAIN, facility=here)):
        RegimePeriod.objects.get(pk=regime.pk).units.clear()
    assert agreement.facilities.count() == 2
    assert regime.units.count() == 0


# Protected facts of another facility.


def test_restricted_reasons_stay_in_the_facility(two: tuple[Any, Any]) -> None:
    here, there = two
    regime = lockdown(there)
    RegimeReason.objects.create(regime=regime, text="what was found")
    clearance = Clearance.objects.get(visitor=make.visitor(there))
    ClearanceNote.objects.create(clearance=clearance, text="what was found")
    with acting(make.member(RoleName.CAPTAIN, facility=here)):
        assert not RegimeReason.objects.exists()
        assert not ClearanceNote.objects.exists()
        refused(lambda: RegimeReason.objects.update(text="x"))
    with acting(make.member(RoleName.CAPTAIN, facility=there)):
        assert RegimeReason.objects.count() == 1
        assert ClearanceNote.objects.count() == 1


def test_emergencies_and_blocks_are_reviewed_where_the_person_is(two: tuple[Any, Any]) -> None:
    here, there = two
    person = make.participant(there)
    nurse = make.member(RoleName.CASE_MANAGER, facility=there)
    opening(nurse, person)
    Blocked.objects.create(user=nurse.user, participant=person, reason="a relative")
    with acting(make.member(RoleName.LEADERSHIP, facility=here)):
        assert not BreakGlass.objects.exists()
        assert not Blocked.objects.exists()
    with acting(make.member(RoleName.LEADERSHIP, facility=there)):
        assert BreakGlass.objects.count() == 1
        assert Blocked.objects.count() == 1
        refused(lambda: Blocked.objects.all().delete()[0])


# Emergency access.


def opening(member: Membership, person: Participant, **given: Any) -> BreakGlass:
    now = timezone.now()
    return BreakGlass.objects.create(
        **{
            "user": member.user,
            "membership": member,
            "participant": person,
            "reason": "a reason of twenty letters",
            "open": (now, now + HOUR),
            **given,
        }
    )


def test_an_emergency_is_an_hour_ones_own_and_reviewed_by_another() -> None:
    here = make.facility()
    person = make.participant(make.facility())
    me, colleague = (make.member(RoleName.CASE_MANAGER, facility=here) for _ in range(2))
    now = timezone.now()
    with acting(me):
        refused(lambda: opening(me, person, open=(now, now + dt.timedelta(days=365))))
        refused(lambda: opening(me, person, open=(now, None)))
        refused(lambda: opening(me, person, open=(now + HOUR, now + 2 * HOUR)))
        refused(lambda: opening(me, person, user=colleague.user))
        refused(lambda: opening(me, person, reviewed_at=now, reviewed_by="me"))
        mine = opening(me, person)
        refused(lambda: BreakGlass.objects.filter(pk=mine.pk).update(open=(now, now + 9 * HOUR)))
        refused(lambda: BreakGlass.objects.filter(pk=mine.pk).update(reviewed_at=now, reviewed_by="me"))


def test_a_block_closes_what_an_emergency_opened() -> None:
    from throughgate.base import scope
    from throughgate.base.scope import Audience

    person = make.participant(make.facility())
    me = make.member(RoleName.CASE_MANAGER, facility=make.facility())
    now = timezone.now()
    opening(me, person)
    with acting(me), scope.as_role(Audience.EMERGENCY):
        assert Participant.objects.count() == 1
    Blocked.objects.create(user=me.user, participant=person, reason="a relative")
    with acting(me):
        refused(lambda: opening(me, person, open=(now + HOUR, now + 2 * HOUR)))
        with scope.as_role(Audience.EMERGENCY):
            assert not Participant.objects.exists()


# Giving oneself more.


def test_grants_are_made_by_consents_and_seats_never_by_hand() -> None:
    here = make.facility()
    person, org = make.participant(here), make.organization()
    make.enrollment(person, make.cohort(here, make.program(make.organization())))
    with acting(make.member(RoleName.COORDINATOR, facility=here)):
        refused(
            lambda: AccessGrant.objects.create(
                organization=org, participant=person, tier=4, purpose="x", basis="consent", basis_ref="x",
                valid=(timezone.now(), None),
            )
        )  # fmt: skip
        refused(lambda: AccessGrant.objects.update(tier=4, organization=org))
        refused(lambda: AccessGrant.objects.all().delete()[0])
    assert AccessGrant.objects.count() == 1


def test_an_administrator_of_a_facility_gives_nothing_beyond_it(two: tuple[Any, Any]) -> None:
    here, there = two
    me = make.member(RoleName.ADMINISTRATOR, facility=here)
    other = make.member(RoleName.COORDINATOR, facility=there)
    accomplice = make.member(RoleName.GATE, facility=here)
    with acting(me):
        refused(lambda: Membership.objects.filter(pk=me.pk).update(agency_wide=True))
        refused(lambda: Membership.objects.filter(pk=accomplice.pk).update(facility=there))
        refused(lambda: Membership.objects.filter(pk=accomplice.pk).update(agency_wide=True))
        refused(lambda: Membership.objects.filter(pk=other.pk).update(facility=here))
        refused(
            lambda: Membership.objects.create(
                user=accomplice.user, person_name="x", role=RoleName.CAPTAIN, facility=there
            )
        )


def test_a_partner_lead_gives_no_more_than_a_place_in_the_own_team() -> None:
    org, other = make.organization(), make.organization()
    place = make.facility()
    lead = make.member(RoleName.PARTNER_LEAD, organization=org)
    colleague = make.member(RoleName.PARTNER_STAFF, organization=org)
    stranger = make.visitor(place, organization=other)
    person = make.participant(place)
    with acting(lead):
        rows = Membership.objects.filter(pk=colleague.pk)
        refused(lambda: rows.update(participant=person))
        refused(lambda: rows.update(visitor=stranger))
        refused(lambda: rows.update(facility=place))
        refused(lambda: rows.update(agency_wide=True))
        refused(lambda: rows.update(organization=other))
        refused(lambda: rows.update(user=lead.user))
        assert rows.update(ended_reason="left") == 1


# Partners and participants write no more than their part.


def test_a_partner_records_a_session_and_changes_nothing_else_of_it() -> None:
    place, org = make.facility(), make.organization()
    session = make.session(make.cohort(place, make.program(org)), make.TODAY - dt.timedelta(days=1))
    with acting(make.member(RoleName.PARTNER_LEAD, organization=org)):
        mine = Session.objects.filter(pk=session.pk)
        refused(lambda: mine.update(starts_at=session.starts_at + HOUR, ends_at=session.ends_at + HOUR))
        refused(lambda: mine.update(status="cancelled", reason="x"))
        refused(lambda: mine.update(officer="nobody"))
        refused(
            lambda: Session.objects.create(
                cohort=session.cohort, facility=place, organization=org, starts_at=session.ends_at,
                ends_at=session.ends_at + HOUR,
            )
        )  # fmt: skip
        held = mine.update(status="held", minutes_held=120, settled_by="me", settled_at=timezone.now())
        assert held == 1


def test_a_partner_writes_no_credit() -> None:
    place, org = make.facility(), make.organization()
    group = make.cohort(place, make.program(org))
    session, person = make.session(group), make.participant(place)
    seat = make.enrollment(person, group)
    with acting(make.member(RoleName.PARTNER_LEAD, organization=org)):
        refused(
            lambda: LedgerLine.objects.create(
                participant=person, enrollment=seat, session=session, kind="credit_days", quantity=90,
                on=make.TODAY, pack="x", rule="x", evidence="x",
            )
        )  # fmt: skip


def test_a_participant_asks_and_leaves_and_does_not_decide() -> None:
    place = make.facility()
    me, program = make.participant(place), make.program()

    def entry(**given: Any) -> WaitlistEntry:
        return WaitlistEntry.objects.create(
            **{
                "participant": me,
                "program": program,
                "requested_on": make.TODAY,
                "requested_by": "self",
                "confirmed_on": make.TODAY,
                **given,
            }
        )

    with acting(make.member(RoleName.PARTICIPANT, participant=me)):
        refused(lambda: entry(status="approved"))
        refused(lambda: entry(requested_on=make.TODAY - dt.timedelta(days=400)))
        refused(lambda: entry(participant=make.participant(place)))
        mine = WaitlistEntry.objects.filter(pk=entry().pk)
        refused(lambda: mine.update(status="approved"))
        refused(lambda: mine.update(status="enrolled"))
        refused(lambda: mine.update(requested_on=make.TODAY - dt.timedelta(days=400)))
        refused(lambda: mine.update(program=make.program()))
        assert mine.update(confirmed_on=make.TODAY) == 1
        assert mine.update(status="withdrawn") == 1


# The Blocked list reaches what hangs on a person, for partners too.


def test_a_block_hides_every_row_about_the_person_from_a_partner() -> None:
    place, org = make.facility(), make.organization()
    group = make.cohort(place, make.program(org))
    make.session(group, make.TODAY - dt.timedelta(days=1))
    person = make.participant(place)
    make.enrollment(person, group)
    now = timezone.now()
    Consent.objects.create(
        participant=person, organization=org, recipient_words="x", purpose="x", what="x", tier=2,
        form_version="1", text_sha256="x", language="en", channel="paper", witness="x", given_at=now,
        expires_at=now + HOUR,
    )  # fmt: skip
    lead = make.member(RoleName.PARTNER_LEAD, organization=org)
    about: list[type[models.Model]] = [Participant, Enrollment, Call, Consent, AccessGrant]
    with acting(lead):
        assert [model._default_manager.count() for model in about] == [1] * len(about)
    Blocked.objects.create(user=lead.user, participant=person, reason="a relative")
    with acting(lead):
        assert [model._default_manager.count() for model in about] == [0] * len(about)


def test_sight_follows_when_another_partner_takes_over_a_cohort() -> None:
    place, before, after = make.facility(), make.organization(), make.organization()
    group = make.cohort(place, make.program(before))
    past, coming = make.session(group, make.TODAY - dt.timedelta(days=7)), make.session(group)
    make.enrollment(make.participant(place), group)
    group.organization = after
    group.save()
    with acting(make.member(RoleName.PARTNER_LEAD, organization=before)):
        assert not Participant.objects.exists()
        assert list(Session.objects.all()) == [past]
    with acting(make.member(RoleName.PARTNER_LEAD, organization=after)):
        assert Participant.objects.count() == 1
        assert list(Session.objects.all()) == [coming]
