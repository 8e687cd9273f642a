"""Consents that cannot be saved incomplete, and whose end is felt at the next statement ([A-22] to [A-27])."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.models import AccessGrant, GrantBasis
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Forbidden
from throughgate.base.saving import save
from throughgate.base.scope import Audience
from throughgate.partners.models import Organization
from throughgate.people import rules
from throughgate.people.actions.held import allow, held
from throughgate.people.models import Consent, Participant
from throughgate.people.rules import ConsentDraft


@transaction.atomic
def give_consent(
    *,
    by: Actor,
    participant: Participant,
    organization: Organization | None,
    recipient_words: str,
    purpose: str,
    what: str,
    tier: int,
    fields: Sequence[str],
    form_text: str,
    form_version: str,
    language: str,
    channel: str,
    witness: str,
    expires_at: dt.datetime | None,
) -> Consent:
    """Save what the person signed: the whole text (as its hash), version, language, channel, witness, scope, end.

    Refuses with everything that is missing. With an organization it opens that organization's sight of the
    person, as deep as the consent says and no longer than it holds; consent to somebody outside the system
    is kept as a record alone.
    """
    person = held(by, participant, Permission.EDIT_PEOPLE)
    now = timezone.now()
    draft = ConsentDraft(
        recipient_words=recipient_words,
        purpose=purpose,
        what=what,
        tier=tier,
        fields=tuple(fields),
        form_text=form_text,
        form_version=form_version,
        language=language,
        channel=channel,
        witness=witness,
        expires_at=expires_at,
    )
    allow(rules.whole_consent(draft, now))
    assert expires_at is not None  # the rule above refuses a consent without an end
    consent = Consent(
        participant=person,
        organization=organization,
        recipient_words=recipient_words,
        purpose=purpose,
        what=what,
        tier=tier,
        fields=[field.strip() for field in fields if field.strip()],
        form_version=form_version,
        text_sha256=text_hash(form_text),
        language=language,
        channel=channel,
        witness=witness,
        given_at=now,
        expires_at=expires_at,
    )
    save(consent)
    if organization is not None:
        with scope.as_role(Audience.JOB, purpose="consent"):
            AccessGrant.objects.create(
                organization=organization,
                participant=person,
                tier=tier,
                purpose=purpose[:60],
                basis=GrantBasis.CONSENT,
                basis_ref=consent.code,
                valid=(now, expires_at),
            )
    return consent


@transaction.atomic
def revoke_consent(*, by: Actor, consent: Consent) -> Consent:
    """Take a consent back, as the person themselves or as staff who hold them; what it opened closes at once.

    Once is enough: a second time changes nothing.
    """
    if by.participant_id is None or by.participant_id != consent.participant_id:
        held(by, consent.participant, Permission.EDIT_PEOPLE)
    if not Consent.objects.filter(pk=consent.pk).exists():
        raise Forbidden(_("This consent is not yours to take back."), Permission.EDIT_PEOPLE.value)
    with scope.as_role(Audience.JOB, purpose="consent taken back"):
        row = Consent.objects.select_for_update(of=("self",)).get(pk=consent.pk)
        close_consents([row])
    return row


def close_consents(consents: Sequence[Consent]) -> None:
    """End these consents now and delete what they opened. Run as the system."""
    now = timezone.now()
    for consent in consents:
        AccessGrant.objects.filter(basis=GrantBasis.CONSENT, basis_ref=consent.code).delete()
        if consent.revoked_at is None:
            consent.revoked_at = now
            consent.save(update_fields=["revoked_at"])


def text_hash(text: str) -> str:
    """SHA-256 of the text that was signed, so that the very words can be proven later."""
    return hashlib.sha256(text.encode()).hexdigest()
