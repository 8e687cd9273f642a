"""What a partner offers and the way it goes: the usual chain, the college's, and every history in between."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from acting import acting
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.outbox.models import Message
from throughgate.partners import actions
from throughgate.partners.actions import WishedSlot
from throughgate.partners.models import Organization, Proposal, ProposalStep
from throughgate.partners.queries import waiting
from throughgate.partners.queries.proposals import page
from throughgate.partners.rules import chains
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.programs.actions.proposals import from_proposal

DAY = dt.timedelta(days=1)
TODAY = make.TODAY
WHOLE: dict[str, Any] = {
    "whom": "Men who write", "needs": ["education"], "dose_hours": 24, "group_min": 4, "group_max": 12,
    "curriculum": "Version 3", "leaders": "Two writers", "materials": "Pencils", "space": "A quiet room",
    "measures": "A text by each",
}  # fmt: skip
LINKS = st.lists(
    st.builds(chains.Link, st.just(""), st.integers(1, 4), st.sampled_from(chains.STATES), st.booleans()),
    max_size=7,
).map(lambda found: [replace(each, step=str(number)) for number, each in enumerate(found)])


@given(LINKS)
def test_nothing_opens_before_everything_of_the_stages_before_is_approved(given_: list[chains.Link]) -> None:
    opened = set(chains.next_open(given_))
    now = [each for each in given_ if not each.later]
    for each in now:
        turn = all(before.state == "approved" for before in now if before.stage < each.stage)
        stopped = any(other.state in {"returned", "declined"} for other in now)
        if each.step in opened and each.state == "waiting":
            assert turn and not stopped
        if each.state == "waiting" and turn and not stopped:
            assert each.step in opened
    if chains.verdict(given_) == "approved":
        assert all(each.state == "approved" for each in now) and not opened


@given(LINKS, st.booleans(), st.booleans())
def test_sent_again_nobody_approved_what_they_never_saw(
    given_: list[chains.Link], changed: bool, reopen: bool
) -> None:
    after = chains.sent_again(given_, changed=changed, reopen=reopen)
    for before, each in zip(given_, after, strict=True):
        if before.later:
            assert each == before
        elif changed and reopen:
            assert each.state in {"waiting", "declined"}
        else:
            assert (each.state == "approved") == (before.state == "approved")
        assert not (each.state == "returned" and not before.later)


def test_every_role_of_a_chain_is_a_role_of_the_house_and_may_decide() -> None:
    from throughgate.access.permissions import Permission
    from throughgate.access.roles import ROLES

    for pack in policies.all_packs():
        if pack.kind == "proposals":
            for chain in pack.data.chains.values():
                for step in chain.steps.values():
                    for role in step.roles:
                        assert Permission.DECIDE_PROPOSALS in ROLES[RoleName(role)].permissions, role


class House:
    """A facility with everyone who decides, and an organization that offers."""

    def __init__(self, kind: str = "nonprofit") -> None:
        self.here: Facility = make.facility()
        self.org: Organization = make.organization(kind=kind)
        self.lead = make.member(RoleName.PARTNER_LEAD, organization=self.org)
        roles = (
            RoleName.COORDINATOR, RoleName.EDUCATION, RoleName.HEALTH, RoleName.CAPTAIN, RoleName.WARDEN,
        )  # fmt: skip
        self.staff: dict[str, Membership] = {
            role.value: make.member(role, facility=self.here) for role in roles
        }

    def submitted(self, chain: str = "standard", **facts: Any) -> Proposal:
        with acting(self.lead) as by:
            row = actions.make_offer(
                by=by, organization=self.org, facility=self.here, title="Writing", summary="We write.",
                times=[WishedSlot(1, dt.time(13), dt.time(15))],
            )  # fmt: skip
        with acting(self.staff["coordinator"]) as by:
            actions.answer_offer(by=by, proposal=row, take_up=True, chain=chain)
        with acting(self.lead) as by:
            actions.save_proposal(by=by, proposal=row, **{**WHOLE, **facts})
            return actions.submit_proposal(by=by, proposal=row)

    def decide(
        self, role: str, row: Proposal, choice: str = "approved", step: str = "", **said: Any
    ) -> ProposalStep:
        with acting(self.staff[role]) as by:
            mine = [each for each in waiting.to_decide(by) if not step or each.step == step]
            each = mine[0]
            assert each.proposal_id == row.pk
            checks = list(waiting.step_of(each.proposal, each).checks)
            said = {"checked": checks, "evidence": "letter 4 of May", **said}
            return actions.decide_step(by=by, step=each, choice=choice, **said)

    def open(self, row: Proposal) -> set[str]:
        with scope.system("look"):
            return set(ProposalStep.objects.filter(proposal=row, state="open").values_list("step", flat=True))


@pytest.mark.django_db
def test_an_offer_becomes_a_program_by_the_usual_way() -> None:
    house = House()
    row = house.submitted()
    assert house.open(row) == {"education", "health"}
    with acting(house.staff["warden"]) as by:
        assert waiting.to_decide(by) == []
        step = ProposalStep.objects.get(proposal=row, step="education")
        with pytest.raises(Forbidden):
            actions.decide_step(by=by, step=step, choice="approved")
    with acting(house.staff["education"]) as by:
        with pytest.raises(Refused) as unseen:
            actions.decide_step(by=by, step=step, choice="approved")
        assert [each.code for each in unseen.value.reasons] == ["not_checked"]
        with pytest.raises(Refused) as silent:
            actions.decide_step(by=by, step=step, choice="declined")
        assert [each.code for each in silent.value.reasons] == ["no_words"]
    house.decide("education", row)
    assert house.open(row) == {"health"}
    house.decide("health", row)
    assert house.open(row) == {"security"}
    house.decide("captain", row)
    house.decide("warden", row)
    row.refresh_from_db()
    assert row.state == "approved"
    coordinator = house.staff["coordinator"]
    with acting(coordinator) as by:
        with pytest.raises(Refused) as unsigned:
            from_proposal(by=by, proposal=row, starts_on=TODAY, ends_on=TODAY + 80 * DAY)
        assert [each.code for each in unsigned.value.reasons] == ["no_agreement"]
    make.agreement(house.org, house.here)
    with acting(coordinator) as by:
        made = from_proposal(by=by, proposal=row, starts_on=TODAY, ends_on=TODAY + 80 * DAY)
        assert (made.program.name, made.program.organization_id) == ("Writing", house.org.pk)
        assert [each.weekday for each in made.cohort.slots.all()] == [1]
        with pytest.raises(Refused):
            from_proposal(by=by, proposal=row, starts_on=TODAY, ends_on=TODAY + 80 * DAY)
    row.refresh_from_db()
    assert (row.state, row.program_code) == ("running", made.program.code)
    with acting(house.lead):
        seen = page(Proposal.objects.get())
        assert [each.row.decided_by for each in seen.steps] == [
            house.staff[role].person_name for role in ("education", "health", "captain", "warden")
        ]
        assert [event.what for event, _step in seen.events][-1] == "running"
    with scope.system("look"):
        waits = Message.objects.filter(template="proposal_waits").count()
        answers = Message.objects.filter(template="proposal_answer").count()
        assert (waits, answers) == (5, 5)


@pytest.mark.django_db
def test_questions_are_answered_and_a_change_opens_what_was_approved() -> None:
    house = House()
    row = house.submitted()
    house.decide("health", row)
    house.decide("education", row, "returned", words="Which books?")
    row.refresh_from_db()
    assert row.state == "returned" and row.due_on is not None
    with acting(house.lead) as by:
        with pytest.raises(Refused) as silent:
            actions.submit_proposal(by=by, proposal=row)
        assert [each.code for each in silent.value.reasons] == ["no_answer"]
        actions.submit_proposal(by=by, proposal=row, words="None but theirs.")
    assert house.open(row) == {"education"}  # nothing changed: health need not look again
    house.decide("education", row, "returned", words="How many?")
    with acting(house.lead) as by:
        actions.save_proposal(by=by, proposal=row, group_max=15)
        actions.submit_proposal(by=by, proposal=row, words="Fifteen.")
    assert house.open(row) == {"education", "health"}
    house.decide("health", row, "declined", words="Not with this group.")
    row.refresh_from_db()
    assert row.state == "declined" and house.open(row) == {"education"}
    with acting(house.staff["education"]) as by:
        assert waiting.to_decide(by) == []


@pytest.mark.django_db
def test_the_college_s_chain_is_one_of_the_packs_and_what_comes_later_gets_its_day() -> None:
    house = House("college")
    row = house.submitted("pell-pep", title_es="Escritura")
    house.decide("education", row)
    house.decide("captain", row)
    house.decide("warden", row)
    assert house.open(row) == {"accreditor", "state"}
    with acting(house.staff["coordinator"]) as by:
        step = ProposalStep.objects.get(proposal=row, step="state")
        with pytest.raises(Refused) as unshown:
            actions.decide_step(by=by, step=step, choice="approved")
        assert [each.code for each in unshown.value.reasons] == ["no_evidence"]
    for step_code in ("accreditor", "state", "secretary"):
        house.decide("coordinator", row, step=step_code)
    row.refresh_from_db()
    assert row.state == "approved" and house.open(row) == set()
    make.agreement(house.org, house.here)
    with acting(house.staff["coordinator"]) as by:
        from_proposal(by=by, proposal=row, starts_on=TODAY, ends_on=TODAY + 80 * DAY)
    with scope.system("look"):
        due = dict(ProposalStep.objects.filter(proposal=row, state="open").values_list("step", "due_on"))
    assert {step: (day.year - TODAY.year) for step, day in due.items()} == {
        "site-visit": 1,
        "best-interest": 2,
    }
    house.decide("warden", row, step="best-interest")
    row.refresh_from_db()
    assert row.state == "running" and house.open(row) == {"site-visit"}


@pytest.mark.django_db
def test_partners_see_their_own_proposals_and_facilities_theirs() -> None:
    house, other = House(), House()
    mine, theirs = house.submitted(), other.submitted()
    with acting(house.lead) as by:
        assert list(Proposal.objects.all()) == [mine]
        assert {each.proposal_id for each in ProposalStep.objects.all()} == {mine.pk}
        with pytest.raises(Forbidden):
            actions.withdraw_proposal(by=by, proposal=theirs)
        with pytest.raises(Forbidden):
            actions.make_offer(by=by, organization=other.org, facility=other.here, title="X", summary="Y")
    with acting(house.staff["captain"]) as by:
        assert list(Proposal.objects.all()) == [mine]
        with pytest.raises(Forbidden):
            step = ProposalStep(pk=0, facility=other.here, proposal=theirs)
            actions.decide_step(by=by, step=step, choice="approved")
    staff = make.member(RoleName.PARTNER_STAFF, organization=house.org)
    with acting(staff) as by, pytest.raises(Forbidden):
        actions.withdraw_proposal(by=by, proposal=mine)
    with acting(house.lead) as by:
        assert actions.withdraw_proposal(by=by, proposal=mine).state == "withdrawn"


@pytest.mark.django_db
def test_what_waits_is_on_the_side_of_the_one_whose_turn_it_is() -> None:
    house = House()
    row = house.submitted()
    with acting(house.staff["coordinator"]) as by:
        found = [(each.side, each.who) for each in waiting.of_staff(by, TODAY)]
        assert found == [("us", "Education staff"), ("us", "Health services")]
    house.decide("education", row, "returned", words="Which books?")
    with acting(house.staff["coordinator"]) as by:
        assert [each.side for each in waiting.of_staff(by, TODAY)] == ["them"]
    with acting(house.lead):
        (mine,) = waiting.of_organization(house.org, None, TODAY)
        assert (mine.side, mine.partner_page) == ("them", ("partner:proposal", (row.code,)))
