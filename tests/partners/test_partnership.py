"""From being taken on to running, pausing and leaving: the stages, the list, papers, what is signed."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from acting import acting
from throughgate.access.actor import Actor
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.outbox.models import Message
from throughgate.partners import actions, queries
from throughgate.partners.actions import SignatureFacts
from throughgate.partners.models import (
    Agreement,
    Document,
    Letter,
    Organization,
    Signature,
    StageChange,
    Vetting,
    VettingNote,
)
from throughgate.partners.queries.partnership import checklist, papers, standing
from throughgate.partners.rules import stages, vetting
from throughgate.places.models import Facility

DAY = dt.timedelta(days=1)
TODAY = make.TODAY
DATES = st.dates(TODAY - 400 * DAY, TODAY + 400 * DAY)


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


def begun(by: Actor, facility: Facility, **facts: Any) -> Vetting:
    values = {"name": "Tin Whistle Reading Circle", "kind": "nonprofit", **facts}
    return actions.begin_vetting(
        by=by, facility=facility, contact_name="Ada Finch", contact_email="ada@example.org", **values
    )


def settle_all(by: Actor, row: Vetting, before: str = "approval") -> None:
    for line in checklist(row):
        if line.asked.before == before and line.state != "done":
            actions.settle_item(by=by, item=line.row, state="done", words="seen")


def signed(by: Actor, organization: Organization, facility: Facility, **facts: Any) -> Agreement:
    values: dict[str, Any] = {"first": TODAY, "until": TODAY + 365 * DAY, **facts}
    row = actions.save_agreement(
        by=by, organization=organization, kind="mou", title="Reading circles", facilities=[facility], **values
    )
    for side in ("them", "us"):
        row = actions.sign(
            by=by, agreement=row, side=side, signature=SignatureFacts(name=f"Signer of {side}")
        )
    return row


@given(st.sampled_from(stages.STAGES), st.sampled_from(stages.STAGES), st.text(max_size=3),
       st.lists(st.just("x"), max_size=1), st.lists(st.just("y"), max_size=1), st.booleans())  # fmt: skip
def test_every_pair_of_stages_is_answered(
    before: str, after: str, words: str, unsettled: list[str], unready: list[str], agreement: bool
) -> None:
    decision = stages.may_step(
        before,
        after,
        stages.Standing(
            words=words, open_before_approval=unsettled, open_before_start=unready, agreement=agreement
        ),
    )
    step = stages.TABLE[before].get(after)
    if step is None:
        assert [each.code for each in decision.reasons] == ["no_such_step"]
        return
    wrong = (
        (step.reason and not words.strip())
        or ((step.settled or step.ready) and unsettled)
        or (step.ready and unready)
        or (step.agreement and not agreement)
    )
    assert decision.refused == bool(wrong)


def test_the_table_of_stages_is_whole_and_nobody_works_with_us_unvetted() -> None:
    assert set(stages.TABLE) == set(stages.STAGES)
    assert all(set(following) <= set(stages.STAGES) for following in stages.TABLE.values())
    for before, after in itertools.product(stages.STAGES, stages.STAGES):
        step = stages.TABLE[before].get(after)
        if step is not None and after == stages.APPROVED:
            assert step.settled, before
        if step is not None and after == stages.ACTIVE:
            assert step.agreement, before
    # Whoever left or was turned down comes in through vetting alone.
    assert set(stages.TABLE[stages.ENDED]) == set(stages.TABLE[stages.DECLINED]) == {stages.VETTING}


@given(st.sampled_from(vetting.STATES), st.none() | DATES, DATES)
def test_what_was_done_counts_through_its_last_day(state: str, until: dt.date | None, day: dt.date) -> None:
    counts = state == "waived" or (state == "done" and (until is None or day <= until))
    assert vetting.settled(state, until, day) == counts
    assert (vetting.standing(state, until, day) == "expired") == (
        state == "done" and until is not None and until < day
    )


@pytest.mark.django_db
def test_an_organization_comes_in_is_vetted_approved_and_works_with_us() -> None:
    here = make.facility()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        row = begun(by, here)
        org = row.organization
        assert (org.status, org.listed) == ("vetting", False)
        assert [line.row.item for line in checklist(row) if line.asked.kinds] == ["finances"]
        with pytest.raises(Refused) as early:
            actions.move(by=by, organization=org, to="approved")
        assert codes(early) == {"not_settled"} and len(early.value.reasons) == 7
        by_item = {line.row.item: line for line in checklist(row)}
        with pytest.raises(Refused) as silent:
            actions.settle_item(by=by, item=by_item["references"].row, state="done")
        assert codes(silent) == {"no_evidence"}
        with pytest.raises(Refused) as strict:
            actions.settle_item(by=by, item=by_item["exclusions"].row, state="waived", words="we know them")
        assert codes(strict) == {"not_waivable"}
        actions.settle_item(by=by, item=by_item["references"].row, state="waived", words="known since 2019")
        settle_all(by, row)
        done = actions.settle_item(by=by, item=by_item["insurance"].row, state="done", words="certificate 7")
        assert done.decided_by == by.name and done.valid_until is not None
        assert done.valid_until > TODAY + 360 * DAY
        org = actions.move(by=by, organization=org, to="approved", words="Welcome.")
        with pytest.raises(Refused) as unready:
            actions.move(by=by, organization=org, to="active")
        assert codes(unready) == {"not_settled", "no_agreement"}
        settle_all(by, row, "start")
        signed(by, org, here)
        org = actions.move(by=by, organization=org, to="active")
        assert org.listed
        row.refresh_from_db()
        assert (row.outcome, row.decided_by) == ("approved", by.name)
        assert [each.after for each in standing(org).history] == ["active", "approved", "vetting"]
    with scope.system("look"):
        assert Message.objects.filter(template="partner_stage", address="ada@example.org").count() == 2


@pytest.mark.django_db
def test_a_stage_is_not_typed_in_and_other_facilities_do_not_decide() -> None:
    here, there = make.facility(), make.facility()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        row = begun(by, here)
        with pytest.raises(Refused) as typed:
            actions.save_organization(by=by, organization=row.organization, status="active")
        assert codes(typed) == {"by_its_stage"}
    with acting(make.member(RoleName.COORDINATOR, facility=there)) as by:
        with pytest.raises(Forbidden):
            actions.move(by=by, organization=row.organization, to="ended", words="no")
        with pytest.raises(Forbidden):
            actions.settle_item(by=by, item=row.items.all()[0], state="done", words="seen")
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Forbidden):
        begun(by, here)


@pytest.mark.django_db
def test_who_is_turned_down_reads_the_words_and_never_the_restricted_reason() -> None:
    here = make.facility()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        row = begun(by, here)
        with pytest.raises(Refused) as silent:
            actions.move(by=by, organization=row.organization, to="declined")
        assert codes(silent) == {"no_reason"}
        actions.move(
            by=by, organization=row.organization, to="declined", words="Not now.", restricted="See file 12."
        )
        assert VettingNote.objects.get().words == "See file 12."
    with scope.system("look"):
        told = Message.objects.get(template="partner_stage")
        assert "file 12" not in str(told.data)
        member = Membership.objects.select_related("user").get(organization=row.organization)
        assert member.ends_at is not None
    with pytest.raises(DatabaseError), acting(member), transaction.atomic():
        VettingNote.objects.count()


@pytest.mark.django_db
def test_pending_see_only_themselves_and_who_left_sees_nothing() -> None:
    here = make.facility()
    other = make.organization()
    make.agreement(other, here)
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        row = begun(by, here)
        actions.ask_document(by=by, organization=row.organization, kind="insurance")
        actions.ask_document(by=by, organization=other, kind="insurance")
        begun(by, here, name="Somebody Else")
        actions.write_letter(by=by, organization=other, facility=here, words="For them alone")
    with scope.system("look"):
        member = Membership.objects.select_related("user").get(organization=row.organization)
    tables = (Vetting, Document, StageChange, Agreement)
    with acting(member) as by:
        for table in tables:
            mine = {each.organization_id for each in table.objects.all()}
            assert mine <= {row.organization_id}, table
        assert Vetting.objects.count() == 1 and row.items.count() > 5
        names = set(Organization.objects.values_list("name", flat=True))
        assert row.organization.name in names and "Somebody Else" not in names
        assert Letter.objects.count() == 0
        with pytest.raises(Forbidden):
            actions.move(by=by, organization=row.organization, to="approved")
    with scope.public():
        assert "Tin Whistle Reading Circle" not in set(Organization.objects.values_list("name", flat=True))
    with scope.system("the organization leaves, an account was forgotten"):
        Organization.objects.filter(pk=row.organization_id).update(status="ended")
    with acting(member):
        for table in (*tables, Membership):
            assert table.objects.count() == 0, table
        assert not Organization.objects.filter(pk=row.organization_id).exists()


@pytest.mark.django_db
def test_ending_closes_everything_that_was_open() -> None:
    here = make.facility()
    org = make.organization()
    lead = make.member(RoleName.PARTNER_LEAD, organization=org)
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        paper = signed(by, org, here)
        asked = actions.ask_document(by=by, organization=org, kind="insurance")
        offer = actions.make_offer(by=by, organization=org, facility=here, title="A", summary="B")
        actions.move(by=by, organization=org, to="ended", words="The agreement ran out.")
    for row, state in ((asked, "withdrawn"), (offer, "withdrawn")):
        row.refresh_from_db()
        assert row.state == state
    paper.refresh_from_db()
    lead.refresh_from_db()
    assert paper.terminated_on == timezone.localdate()
    assert lead.ends_at is not None
    assert not queries.has_agreement(org, here, timezone.localdate())


@pytest.mark.django_db
def test_a_paper_is_asked_for_sent_accepted_and_replaced() -> None:
    here, org = make.facility(), make.organization()
    lead = make.member(RoleName.PARTNER_LEAD, organization=org)
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        row = actions.ask_document(by=by, organization=org, kind="insurance", words="With its last day.")
        with pytest.raises(Refused) as early:
            actions.accept_document(by=by, document=row)
        assert codes(early) == {"not_sent"}
    with acting(lead) as them:
        row = actions.send_document(
            by=them, organization=org, document=row, title="Certificate", valid_until=TODAY + 40 * DAY
        )
        with pytest.raises(Forbidden):
            actions.accept_document(by=them, document=row)
        with pytest.raises(Forbidden):
            actions.send_document(by=them, organization=make_other(), kind="insurance")
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        with pytest.raises(Refused):
            actions.return_document(by=by, document=row, words=" ")
        row = actions.accept_document(by=by, document=row)
        assert (row.decided_by, row.valid_until) == (by.name, TODAY + 40 * DAY)
        assert [(each.word, each.days_left) for each in papers(org, TODAY)] == [("Ends soon", 40)]
        new = actions.ask_document(by=by, organization=org, kind="insurance", replaces=row)
        with pytest.raises(Refused) as twice:
            actions.ask_document(by=by, organization=org, kind="insurance", replaces=row)
        assert codes(twice) == {"asked_already"}
    with acting(lead) as them:
        actions.send_document(by=them, organization=org, document=new)
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        actions.accept_document(by=by, document=new)
        assert [each.row for each in papers(org, TODAY)] == [new]


def make_other() -> Organization:
    with scope.system("another organization"):
        return make.organization()


@pytest.mark.django_db
def test_what_is_signed_stays_and_a_change_is_a_new_version() -> None:
    here, org = make.facility(), make.organization()
    lead = make.member(RoleName.PARTNER_LEAD, organization=org)
    coordinator = make.member(RoleName.COORDINATOR, facility=here)
    facts: dict[str, Any] = {"kind": "mou", "title": "Reading", "facilities": [here]}
    with acting(coordinator) as by:
        row = actions.save_agreement(
            by=by, organization=org, first=TODAY, until=TODAY + 100 * DAY, terms="Two circles.", **facts
        )
        assert not queries.has_agreement(org, here, TODAY)
    with acting(lead):
        assert not Agreement.objects.exists()  # a draft is ours
    with acting(coordinator) as by:
        row = actions.send_for_signature(by=by, agreement=row)
        with pytest.raises(Refused) as frozen:
            actions.save_agreement(
                by=by, organization=org, agreement=row, first=TODAY, until=TODAY + 200 * DAY, **facts
            )
        assert codes(frozen) == {"signed"}
    with acting(lead) as them:
        facts_of_signing = SignatureFacts(name="Ada Finch", statement="I agree.", how="signed_in")
        actions.sign(by=them, agreement=row, side="them", signature=facts_of_signing)
        with pytest.raises(Refused) as twice:
            actions.sign(by=them, agreement=row, side="them", signature=facts_of_signing)
        assert codes(twice) == {"signed_already"}
        with pytest.raises(Refused) as ours:
            actions.sign(by=them, agreement=row, side="us", signature=facts_of_signing)
        assert codes(ours) == {"other_side"}
    with acting(coordinator) as by:
        assert not queries.has_agreement(org, here, TODAY)
        row = actions.sign(by=by, agreement=row, side="us", signature=SignatureFacts(name="L. Hargrove"))
        assert row.state == "signed" and queries.has_agreement(org, here, TODAY)
        with pytest.raises(DatabaseError), transaction.atomic():
            Agreement.objects.filter(pk=row.pk).update(terms="Three circles.")
        with pytest.raises(DatabaseError), transaction.atomic(), scope.system("not even the system"):
            Signature.objects.filter(agreement=row).update(name="Somebody else")
        new = actions.new_version(by=by, agreement=row)
        assert (new.version, new.valid.lower) == (2, TODAY + 101 * DAY)
        with pytest.raises(Refused) as second:
            actions.new_version(by=by, agreement=row)
        assert codes(second) == {"has_next"}
        new = actions.save_agreement(
            by=by, organization=org, agreement=new, first=TODAY + 50 * DAY, until=TODAY + 400 * DAY, **facts
        )
        for side in ("us", "them"):
            new = actions.sign(by=by, agreement=new, side=side, signature=SignatureFacts(name="On paper"))
        row.refresh_from_db()
        assert row.terminated_on == TODAY + 50 * DAY
        held = [
            queries.agreements_on(here, TODAY + n * DAY).values_list("version", flat=True)
            for n in (0, 49, 50, 400, 401)
        ]
        assert [list(each) for each in held] == [[1], [1], [2], [2], []]
