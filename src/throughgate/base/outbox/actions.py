"""Writing a message, and sending it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from throughgate.base import links, scope
from throughgate.base.jobs import enqueue
from throughgate.base.outbox.models import Message
from throughgate.base.scope import Audience

# Asked again right before sending: still true? Rooms register their questions under a name.
RECHECKS: dict[str, Callable[[Mapping[str, Any]], bool]] = {}


def send(
    *,
    key: str,
    address: str,
    template: str,
    data: Mapping[str, Any],
    channel: str = Message.Channel.EMAIL,
    name: str = "",
    language: str = "en",
    facility_id: int | None = None,
    recheck: str = "",
    after: dt.timedelta | None = None,
) -> bool:
    """Write a message into the outbox, within the caller's transaction; it goes out if that is kept.

    ``key`` names the matter and the recipient: the same key is written once, however often this is called.
    ``template`` is the folder ``messages/<template>/`` with ``subject.txt`` and ``body.txt``; ``data`` must
    be plain JSON values without anything sensitive. ``recheck`` names a question of :data:`RECHECKS` that is
    asked again at send time. Returns whether the message is new; without an address nothing is written.
    """
    if not address:
        return False
    from throughgate.base.outbox.jobs import send_message  # noqa: PLC0415 - the job calls back into here

    with scope.as_role(Audience.JOB, purpose="write a message"):
        message, new = Message.objects.get_or_create(
            key=key,
            defaults={
                "channel": channel,
                "address": address,
                "name": name,
                "language": language,
                "template": template,
                "data": dict(data),
                "recheck": recheck,
                "facility_id": facility_id,
            },
        )
        if new:
            enqueue(send_message, code=message.code, after=after)
    return new


def deliver(*, code: str) -> None:
    """Send one message if it still waits and is still true. Runs as the system, from its job."""
    message = Message.objects.select_for_update(of=("self",)).get(code=code)
    if message.status != Message.Status.WAITING:
        return
    if message.recheck and not RECHECKS[message.recheck](message.data):
        message.status = Message.Status.DROPPED
        message.save(update_fields=["status"])
        return
    message.subject, message.body = _words(message)
    message.attempts += 1
    carry = import_string(CARRIERS[message.channel])
    carry(message)
    message.status, message.sent_at = Message.Status.SENT, timezone.now()
    if not settings.DEMO:
        _hide_links(message)
    message.save(update_fields=["subject", "body", "data", "attempts", "status", "sent_at"])


def _hide_links(message: Message) -> None:
    """Who may see what was sent cannot follow its no-account links; a demonstration's mailbox can."""
    message.body = links.hidden(message.body)
    message.data = json.loads(links.hidden(json.dumps(message.data, ensure_ascii=False)))


CARRIERS = {
    Message.Channel.EMAIL.value: "throughgate.base.outbox.actions.by_email",
    Message.Channel.TEXT.value: getattr(
        settings, "TEXT_MESSAGE_CARRIER", "throughgate.base.outbox.actions.by_nobody"
    ),
}


def by_email(message: Message) -> None:
    """Hand the message to the mail server. The message id is the code, so that a repeat can be told."""
    EmailMultiAlternatives(
        message.subject,
        message.body,
        to=[message.address],
        headers={"Message-ID": f"<{message.code.lower()}@throughgate>"},
    ).send()


def by_nobody(message: Message) -> None:
    """No carrier for text messages is set up: the outbox page shows what would have been sent."""


def _words(message: Message) -> tuple[str, str]:
    with translation.override(message.language):
        context = {**message.data, "name": message.name}
        subject = render_to_string(f"messages/{message.template}/subject.txt", context)
        body = render_to_string(f"messages/{message.template}/body.txt", context)
    return " ".join(subject.split()), body.strip() + "\n"
