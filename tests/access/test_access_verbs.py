"""Emergency access, blocks, memberships, and the nightly proof."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from acting import acting, actor_of
from throughgate.access import actions, queries, rules
from throughgate.access.actor import Actor
from throughgate.access.jobs import proof_of_grants
from throughgate.access.models import AccessGrant, Blocked, BreakGlass, Membership, User
from throughgate.access.proof import grants_without_live_basis
from throughgate.access.roles import ROLES, RoleName
from throughgate.access.rules import Invitation
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.scope import Audience, Context
from throughgate.people.models import Participant
from throughgate.programs.models import EnrollmentStatus

DAY = dt.timedelta(days=1)
WHY = "He has collapsed and we must know his language."


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


PLACES = ("facility", "agency_wide", "organization", "participant", "visitor")


@given(st.sampled_from(list(RoleName)), st.sets(st.sampled_from(PLACES)))
def test_a_role_is_tied_to_its_own_kind_of_place_and_no_other(role: RoleName, places: set[str]) -> None:
    invitation = Invitation(role=role, email="a@example.org", name="A", **dict.fromkeys(places, True))
    allowed = not rules.sound_invitation(invitation).refused
    own = {
        Audience.PARTNER: [{"organization"}, {"organization", "visitor"}],
        Audience.EMPLOYER: [{"organization"}, {"organization", "visitor"}],
        Audience.PARTICIPANT: [{"participant"}],
        Audience.VISITOR: [{"visitor"}],
    }.get(ROLES[role].audience, [{"facility"}, {"agency_wide"}])
    assert allowed == (places in own)


@pytest.mark.django_db
def test_an_emergency_opens_one_record_for_an_hour_and_is_reviewed_by_another() -> None:
    here, there = make.facility(), make.facility()
    person, _other = make.participant(there), make.participant(there)
    member = make.member(RoleName.CASE_MANAGER, facility=here)
    with acting(member) as by:
        with pytest.raises(Refused) as short:
            actions.open_break_glass(by=by, participant=person.pk, reason="urgent            now")
        assert codes(short) == {"reason_too_short"}
        opening = actions.open_break_glass(by=by, participant=person.pk, reason=WHY)
        assert actions.open_break_glass(by=by, participant=person.pk, reason=WHY) == opening
        assert opening.open.upper - opening.open.lower == dt.timedelta(minutes=60)  # type: ignore[operator]
        assert not Participant.objects.exists()
        emergency = Context(
            audience=Audience.EMERGENCY, actor_id=by.user_id, membership_id=by.membership_id, purpose="x"
        )
        with scope.enter(emergency):
            assert [p.pk for p in Participant.objects.order_by("pk")] == [person.pk]
        with pytest.raises(Forbidden):
            actions.review_break_glass(by=by, opening=opening, finding="fine")
    reviewer = make.member(RoleName.LEADERSHIP, facility=there)
    with acting(reviewer) as by:
        assert queries.waiting_for_review(by) == [opening]
        with pytest.raises(Refused) as no:
            actions.review_break_glass(by=by, opening=opening, finding=" ")
        assert codes(no) == {"no_finding"}
        assert actions.review_break_glass(by=by, opening=opening, finding="Needed").reviewed_by == by.name
        assert queries.waiting_for_review(by) == []
    with acting(make.member(RoleName.GATE, facility=here)) as by, pytest.raises(Forbidden):
        actions.open_break_glass(by=by, participant=person, reason=WHY)
    with pytest.raises(Forbidden):
        actions.open_break_glass(by=Actor.system("test"), participant=person, reason=WHY)


@pytest.mark.django_db
def test_no_new_emergency_while_an_old_one_waits_too_long_or_for_who_is_blocked() -> None:
    here = make.facility()
    person, other = make.participant(here), make.participant(here)
    member = make.member(RoleName.CAPTAIN, facility=here)
    now = timezone.now()
    BreakGlass.objects.create(
        user=member.user,
        membership=member,
        participant=other,
        reason=WHY,
        open=(now - 4 * DAY, now - 3 * DAY),
    )
    with acting(member) as by, pytest.raises(Refused) as no:
        actions.open_break_glass(by=by, participant=person, reason=WHY)
    assert codes(no) == {"review_overdue"}
    BreakGlass.objects.update(reviewed_at=now, reviewed_by="x")
    with acting(make.member(RoleName.ADMINISTRATOR, facility=here)) as by:
        blocked = actions.block(by=by, member=member, participant=person, reason="her brother")
        assert actions.block(by=by, member=member, participant=person, reason="again") == blocked
        with pytest.raises(Refused) as why:
            actions.block(by=by, member=member, participant=other, reason=" ")
        assert codes(why) == {"no_reason"}
    with acting(member) as by:
        assert [p.pk for p in Participant.objects.order_by("pk")] == [other.pk]
        with pytest.raises(Forbidden):
            actions.open_break_glass(by=by, participant=person, reason=WHY)
        with pytest.raises(Forbidden):
            actions.unblock(by=by, blocked=blocked)
    with (
        acting(make.member(RoleName.ADMINISTRATOR, facility=make.facility())) as by,
        pytest.raises(Forbidden),
    ):
        actions.unblock(by=by, blocked=blocked)
    with acting(make.member(RoleName.ADMINISTRATOR, facility=here)) as by:
        actions.unblock(by=by, blocked=blocked)
    assert not Blocked.objects.exists()


@pytest.mark.django_db
def test_administrators_invite_where_they_work() -> None:
    here, there, org = make.facility(), make.facility(), make.organization()
    admin = make.member(RoleName.ADMINISTRATOR, facility=here)
    with acting(admin) as by:
        made = actions.invite(
            by=by, email=" Ana@Example.org ", name="Ana", role="case_manager", facility=here
        )
        assert made == actions.invite(
            by=by, email="ana@example.org", name="Ana", role="case_manager", facility=here
        )
        actions.invite(by=by, email="lead@example.org", name="Lee", role="partner_lead", organization=org)
        with pytest.raises(Refused) as no:
            actions.invite(by=by, email="nobody", name=" ", role="case_manager", organization=org)
        assert codes(no) == {"name_missing", "email_missing", "place_does_not_fit"}
        with pytest.raises(Refused) as odd:
            actions.invite(by=by, email="a b@example.org", name="A", role="gate", facility=here)
        assert codes(odd) == {"email.invalid"}
        with pytest.raises(Refused) as unknown:
            actions.invite(by=by, email="a@example.org", name="A", role="king", facility=here)
        assert codes(unknown) == {"role_unknown"}
        with pytest.raises(Refused) as own:
            actions.invite(by=by, email=admin.user.email, name="Me", role="captain", facility=here)
        assert codes(own) == {"own_access"}
        for place in ({"facility": there}, {"agency_wide": True}):
            with pytest.raises(Forbidden):
                actions.invite(by=by, email="b@example.org", name="B", role="gate", **place)  # type: ignore[arg-type]
    assert User.objects.get(email="ana@example.org").has_usable_password() is False
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by, pytest.raises(Forbidden):
        actions.invite(by=by, email="c@example.org", name="C", role="gate", facility=here)


@pytest.mark.django_db
def test_a_partner_lead_keeps_their_own_team_only() -> None:
    org, other = make.organization(), make.organization()
    lead = make.member(RoleName.PARTNER_LEAD, organization=org)
    with acting(lead) as by:
        made = actions.invite(
            by=by, email="t@example.org", name="Tia", role="partner_staff", organization=org
        )
        for wrong in (
            {"role": "partner_staff", "organization": other},
            {"role": "employer", "organization": org},
        ):
            with pytest.raises(Forbidden):
                actions.invite(by=by, email="u@example.org", name="U", **wrong)  # type: ignore[arg-type]
        assert actions.end_membership(by=by, membership=made, reason="left").ends_at is not None
    outsider = make.member(RoleName.PARTNER_STAFF, organization=other)
    with acting(lead) as by, pytest.raises(Forbidden):
        actions.end_membership(by=by, membership=outsider, reason="x")


@pytest.mark.django_db
def test_an_ended_membership_sees_nothing_and_a_handed_over_one_goes_on() -> None:
    here = make.facility()
    make.participant(here)
    member = make.member(RoleName.CASE_MANAGER, facility=here)
    admin = make.member(RoleName.ADMINISTRATOR, agency_wide=True)
    with acting(member):
        assert Participant.objects.count() == 1
        with acting(admin) as by:
            successor = actions.hand_over(
                by=by, membership=member, email="next@example.org", name="Next", reason="retires"
            )
            with pytest.raises(Refused) as same:
                actions.hand_over(by=by, membership=successor, email="next@example.org", name="N", reason="x")
            assert codes(same) == {"same_person"}
            with pytest.raises(Refused) as last:
                actions.end_membership(by=by, membership=admin, reason="leaves")
            assert codes(last) == {"last_administrator"}
        assert not Participant.objects.exists()
    member.refresh_from_db()
    assert member.ended_reason == "retires"
    assert (successor.role, successor.facility_id) == (member.role, here.pk)
    make.member(RoleName.ADMINISTRATOR, agency_wide=True)
    with acting(admin) as by:
        assert actions.end_membership(by=by, membership=admin, reason="leaves").ends_at is not None
    assert Membership.objects.filter(ends_at=None).count() == 2
    assert actor_of(successor).facility_ids == {here.pk}


@pytest.mark.django_db
def test_the_nightly_proof_finds_grants_that_stand_on_nothing() -> None:
    here, org = make.facility(), make.organization()
    person = make.participant(here)
    seat = make.enrollment(person, make.cohort(here, make.program(org)))
    assert AccessGrant.objects.count() == 1
    assert grants_without_live_basis() == []
    now = timezone.now()

    def grant(basis: str, ref: str, until: dt.datetime | None = None) -> AccessGrant:
        return AccessGrant.objects.create(
            organization=org,
            participant=person,
            tier=2,
            purpose="x",
            basis=basis,
            basis_ref=ref,
            valid=(now - DAY, until),
        )

    loose = grant("consent", "NOSUCH22")
    grant("consent", "OVER2222", now - dt.timedelta(hours=1))
    odd = grant("referral", "NOSUCH22")
    assert [each.grant_id for each in grants_without_live_basis()] == [loose.pk, odd.pk]
    grant("enrollment", "NOSUCH22")
    assert len(grants_without_live_basis()) == 3
    seat.status, seat.ended_on, seat.end_reason = EnrollmentStatus.ENDED, make.TODAY, "completed"
    seat.save()
    assert len(grants_without_live_basis()) == 3


@pytest.mark.django_db
def test_the_nightly_job_says_loudly_what_it_found(caplog: pytest.LogCaptureFixture) -> None:
    person, org = make.participant(make.facility()), make.organization()
    AccessGrant.objects.create(
        organization=org,
        participant=person,
        tier=2,
        purpose="x",
        basis="consent",
        basis_ref="NOSUCH22",
        valid=(timezone.now() - DAY, None),
    )
    proof_of_grants()
    assert [record.levelname for record in caplog.records if "no live basis" in record.message] == ["ERROR"]


@pytest.mark.django_db
def test_an_administrator_of_a_facility_gives_no_role_that_reaches_beyond_it() -> None:
    here, there = make.facility(), make.facility()
    theirs, elsewhere = make.participant(there), make.organization()
    make.cohort(there, make.program(elsewhere))
    partner_here = make.organization()
    make.cohort(here, make.program(partner_here))
    mine, fresh = make.participant(here), make.organization()
    with acting(make.member(RoleName.ADMINISTRATOR, facility=here)) as by:
        for role, place in (
            (RoleName.PARTICIPANT, {"participant": theirs}),
            (RoleName.PARTNER_LEAD, {"organization": elsewhere}),
            (RoleName.AUDITOR, {"facility": here}),
            (RoleName.COORDINATOR, {"facility": there}),
            (RoleName.COORDINATOR, {"agency_wide": True}),
        ):
            with pytest.raises(Forbidden):
                actions.invite(by=by, email="x@example.org", name="X", role=role, **place)
        for role, place in (
            (RoleName.PARTICIPANT, {"participant": mine}),
            (RoleName.PARTNER_LEAD, {"organization": partner_here}),
            (RoleName.PARTNER_LEAD, {"organization": fresh}),
        ):
            assert actions.invite(by=by, email=f"{role}@example.org", name="X", role=role, **place)


@pytest.mark.django_db
def test_a_partner_lead_ties_nobody_to_a_visitor_of_others() -> None:
    org = make.organization()
    own, other = make.visitor(organization=org), make.visitor()
    with acting(make.member(RoleName.PARTNER_LEAD, organization=org)) as by:
        invite = {"by": by, "name": "X", "role": RoleName.PARTNER_STAFF, "organization": org}
        with pytest.raises(Forbidden):
            actions.invite(email="x@example.org", visitor=other, **invite)
        assert actions.invite(email="x@example.org", visitor=own, **invite).visitor_id == own.pk


@pytest.mark.django_db
def test_an_opening_is_reviewed_where_the_person_is_or_where_the_colleague_works() -> None:
    here, there, third = make.facility(), make.facility(), make.facility()
    person = make.participant(there)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        opening = actions.open_break_glass(by=by, participant=person, reason=WHY)
    with acting(make.member(RoleName.LEADERSHIP, facility=third)) as by:
        assert queries.waiting_for_review(by) == []
        with pytest.raises(Forbidden):
            actions.review_break_glass(by=by, opening=opening, finding="fine")
    for place in (here, there):
        with acting(make.member(RoleName.LEADERSHIP, facility=place)) as by:
            assert queries.waiting_for_review(by) == [opening]
