"""Consents that cannot be saved incomplete, and keep-apart orders that two roles know."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

import factories as make
from acting import acting
from throughgate.access.models import AccessGrant
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.people import actions, moves
from throughgate.people.models import AccessNeed, Change, Consent, KeepApart, Need, Participant, Profile
from throughgate.people.moves import Apart

pytestmark = pytest.mark.django_db
TODAY = make.TODAY
DAY = dt.timedelta(days=1)


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


def whole(**given: object) -> dict[str, object]:
    return {
        "recipient_words": "Second Chance Housing, its case managers",
        "purpose": "finding a room",
        "what": "name, release date and needs",
        "tier": 2,
        "fields": ["release_on", "needs"],
        "form_text": "I agree that ...",
        "form_version": "2026-1",
        "language": "es",
        "channel": "paper",
        "witness": "J. Ortiz",
        "expires_at": timezone.now() + 90 * DAY,
        **given,
    }


@pytest.mark.parametrize(
    "part",
    [
        *("recipient_words", "purpose", "what", "fields", "form_text", "form_version"),
        *("language", "channel", "witness", "expires_at", "tier"),
    ],
)
def test_a_consent_without_any_one_part_is_not_saved(part: str) -> None:
    here = make.facility()
    person, org = make.participant(here), make.organization()
    nothing = {"expires_at": None, "fields": [" "], "tier": 0}.get(part, "  ")
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Refused) as no:
        actions.give_consent(
            by=by,
            participant=person,
            organization=org,
            **whole(**{part: nothing}),  # type: ignore[arg-type]
        )
    assert [reason.field for reason in no.value.reasons] == [part]
    assert not Consent.objects.exists()
    assert not AccessGrant.objects.exists()


def test_consent_opens_and_taking_it_back_closes_at_the_next_statement() -> None:
    here, org = make.facility(), make.organization()
    person, _other = make.participant(here), make.participant(here)
    manager = make.member(RoleName.CASE_MANAGER, facility=here)
    partner = make.member(RoleName.PARTNER_STAFF, organization=org)
    with acting(manager) as by:
        consent = actions.give_consent(by=by, participant=person, organization=org, **whole())  # type: ignore[arg-type]
    assert len(consent.text_sha256) == 64
    with acting(partner):
        assert Participant.objects.get().pk == person.pk
        assert Profile.objects.count() == 1
        with acting(manager) as by:
            actions.revoke_consent(by=by, consent=consent)
        assert not Participant.objects.exists()
        assert not Profile.objects.exists()
    assert not AccessGrant.objects.exists()
    revoked = Consent.objects.get().revoked_at
    with acting(manager) as by:
        assert actions.revoke_consent(by=by, consent=consent).revoked_at == revoked


def test_the_person_takes_their_own_consent_back_and_nobody_elses() -> None:
    here, org = make.facility(), make.organization()
    person, other = make.participant(here), make.participant(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        consent = actions.give_consent(by=by, participant=person, organization=org, **whole())  # type: ignore[arg-type]
    with acting(make.member(RoleName.PARTICIPANT, participant=other)) as by, pytest.raises(Forbidden):
        actions.revoke_consent(by=by, consent=consent)
    with acting(make.member(RoleName.PARTICIPANT, participant=person)) as by:
        assert actions.revoke_consent(by=by, consent=consent).revoked_at is not None


def test_consent_to_tier_one_shows_names_but_no_profile_and_ends_by_itself() -> None:
    here, org = make.facility(), make.organization()
    person = make.participant(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        actions.give_consent(by=by, participant=person, organization=org, **whole(tier=1))  # type: ignore[arg-type]
    with acting(make.member(RoleName.PARTNER_STAFF, organization=org)):
        assert Participant.objects.count() == 1
        assert not Profile.objects.exists()
    now = timezone.now()
    AccessGrant.objects.update(valid=(now - 2 * DAY, now - DAY))
    with acting(make.member(RoleName.PARTNER_STAFF, organization=org)):
        assert not Participant.objects.exists()


def test_keep_apart_is_put_in_order_and_both_facilities_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Apart] = []
    monkeypatch.setattr(moves, "AFTER_KEEP_APART", [told.append])
    here, there = make.facility(), make.facility()
    low, high = make.participant(there), make.participant(here)
    captain = make.member(RoleName.CAPTAIN, facility=here)
    with acting(captain) as by:
        order = actions.add_keep_apart(by=by, first=high, second=low, reason="threat", source="SIS memo 4")
        assert (order.first_id, order.second_id) == (low.pk, high.pk)
        assert KeepApart.objects.count() == 1
        with pytest.raises(Refused) as twice:
            actions.add_keep_apart(by=by, first=low, second=high, reason="gang", source="x")
    assert codes(twice) == {"keep_apart_once"}
    assert [order.participant_ids for order in told] == [(low.pk, high.pk)]
    changes = Change.objects.filter(kind="keep_apart")
    assert set(changes.values_list("facility_id", flat=True)) == {here.pk, there.pk}
    assert not any(p.last_name in c.summary for p in (low, high) for c in changes)
    with acting(make.member(RoleName.CAPTAIN, facility=there)):
        assert KeepApart.objects.count() == 1
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)):
        assert not KeepApart.objects.exists()
    with acting(captain) as by:
        ended = actions.end_keep_apart(by=by, order=order)
        assert (ended.ends_on, ended.ended_by) == (here.today(), by.name)


def test_keep_apart_refusals_and_rights() -> None:
    here, there = make.facility(), make.facility()
    one, two = make.participant(here), make.participant(here)
    with acting(make.member(RoleName.CAPTAIN, facility=here)) as by:
        with pytest.raises(Refused) as no:
            actions.add_keep_apart(by=by, first=one, second=one, reason="other", source="")
        assert codes(no) == {"one_person", "note_missing", "no_source"}
        with pytest.raises(Refused) as unknown:
            actions.add_keep_apart(by=by, first=one, second=two, reason="dislike", source="x")
        assert codes(unknown) == {"reason_unknown"}
    for role in (RoleName.COORDINATOR, RoleName.CASE_MANAGER, RoleName.CLASSIFICATION):
        with acting(make.member(role, facility=here)) as by, pytest.raises(Forbidden):
            actions.add_keep_apart(by=by, first=one, second=two, reason="threat", source="x")
    with acting(make.member(RoleName.CAPTAIN, facility=there)) as by, pytest.raises(Forbidden):
        actions.add_keep_apart(by=by, first=one, second=two, reason="threat", source="x")


def test_needs_are_kept_but_clinical_ones_are_not() -> None:
    here = make.facility()
    person = make.participant(here)
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        for level in (2, 3):
            actions.record_need(
                by=by, participant=person, domain="work", level=level, as_of=here.today(), tool="T"
            )
        assert Need.objects.get().level == 3
        with pytest.raises(Refused) as no:
            actions.record_need(by=by, participant=person, domain="substance", level=2, as_of=here.today())
        assert codes(no) == {"clinical_need"}
        with pytest.raises(Refused) as odd:
            actions.record_need(by=by, participant=person, domain="work", level=9, as_of=here.today())
        assert [reason.field for reason in odd.value.reasons] == ["level"]
        actions.record_access_need(by=by, participant=person, kind="step_free")
        actions.record_access_need(by=by, participant=person, kind="step_free", note="ramp")
        assert AccessNeed.objects.get().note == "ramp"
        actions.remove_access_need(by=by, participant=person, kind="step_free")
        assert not AccessNeed.objects.exists()
