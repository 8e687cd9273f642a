"""How an enquiry comes in: saved step by step, mailed to its writer on request, sent, and perhaps held back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.base import links, scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.outbox.actions import send as send_letter
from throughgate.base.outbox.models import Message
from throughgate.base.saving import save
from throughgate.base.scope import Audience
from throughgate.partners.enquiries import queries, rules, spam
from throughgate.partners.enquiries.actions import confirm
from throughgate.partners.models.enquiries import Enquiry, EnquiryDraft
from throughgate.partners.models.enquiries import EnquiryStatus as S
from throughgate.places.models import Facility

DRAFT_LINK = "fill enquiry"
COMPUTED = {"name_key", "domain", "digits", "sender", "text_key"}


@transaction.atomic
def begin(*, kind: str, answers: Mapping[str, Any], language: str, sender: str) -> tuple[EnquiryDraft, str]:
    """Keep the first step of a form; returns it with the path of the only link that leads back to it."""
    days = queries.rules_for(queries.place_for(None)).draft_days
    with scope.as_role(Audience.JOB, purpose="keep an unsent form"):
        draft = EnquiryDraft(
            kind=kind,
            answers=dict(answers),
            language=language,
            sender=sender,
            expires_at=timezone.now() + dt.timedelta(days=days),
        )
        save(draft)
    return draft, links.offer(purpose=DRAFT_LINK, subject=draft.code, days=days, single_use=False)


@transaction.atomic
def keep(*, draft: EnquiryDraft, answers: Mapping[str, Any]) -> EnquiryDraft:
    """Keep another step. Run as the system."""
    row = EnquiryDraft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    row.answers = {**row.answers, **answers}
    save(row)
    return row


@transaction.atomic
def mail_back(*, draft: EnquiryDraft, email: str, path: str) -> None:
    """Mail the link of an unsent form to its writer; a few times a day at most. Run as the system."""
    front = queries.rules_for(queries.place_for(None))
    today = timezone.now().date().isoformat()
    start = f"unsent form {draft.code} {today} "
    sent = Message.objects.filter(key__startswith=start).count()
    if sent >= front.letters_a_day:
        raise Refused(
            Reason(
                "letters",
                _("It was mailed several times today."),
                _("Look into the folder for unwanted mail, or try again tomorrow. Nothing is lost."),
                field="email",
            )
        )
    send_letter(
        key=f"{start}{sent + 1}",
        address=email,
        template="enquiry_saved",
        data={"link": links.address(path), "until": draft.expires_at.date().isoformat()},
        language=draft.language,
    )


@transaction.atomic
def arrive(
    *,
    kind: str,
    facility: Facility | None,
    name: str,
    email: str,
    phone: str,
    language: str,
    organization_name: str,
    needs: Sequence[str],
    answers: Mapping[str, Any],
    free_texts: Sequence[str],
    sender: str,
    seconds: float | None,
    trap: bool = False,
) -> Enquiry:
    """Take an enquiry in. What looks like advertising or a machine is held back, without a word to its sender.

    ``free_texts`` is what was typed freely: what spam is judged by. Run as the system.
    """
    place = queries.place_for(facility)
    front, now = queries.rules_for(place), timezone.now()
    key = spam.text_key([text for text in free_texts if text])
    day, week = now - dt.timedelta(days=1), now - dt.timedelta(days=front.spam.copy_days)
    before = Enquiry.objects.filter(sender=sender, arrived_at__gte=day).count() if sender else 0
    copies = Enquiry.objects.filter(text_key=key, arrived_at__gte=week).count()
    traits = spam.Traits(tuple(free_texts), trap, seconds, before, copies)
    verdict = spam.judge(traits, front.spam)
    today = queries.today_at(place)
    row = Enquiry(
        kind=kind,
        status=S.HELD if verdict.held else S.NEW,
        facility=facility,
        name=name,
        email=email,
        phone=phone,
        language=language,
        organization_name=organization_name,
        summary=rules.one_line([text for text in free_texts if text][:1]),
        needs=list(needs),
        answers=dict(answers),
        name_key=rules.name_key(organization_name or name),
        domain=rules.domain_of(email),
        digits=rules.digits_of(phone),
        sender=sender,
        text_key=key,
        score=verdict.score,
        signs=list(verdict.signs),
        arrived_at=now,
        due_on=None if verdict.held else queries.due_day(place, today),
    )
    save(row, trusted=COMPUTED)
    if not verdict.held:
        confirm(row)
    return row


@transaction.atomic
def discard(draft: EnquiryDraft) -> None:
    """Delete an unsent form and close its link. Run as the system."""
    links.withdraw(purpose=DRAFT_LINK, subject=draft.code)
    EnquiryDraft.objects.filter(pk=draft.pk).delete()


def sweep(now: dt.datetime) -> int:
    """Delete the unsent forms whose days are over. Run as the system."""
    deleted, _details = EnquiryDraft.objects.filter(expires_at__lte=now).delete()
    return deleted
