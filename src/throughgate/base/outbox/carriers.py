"""Who carries a message out of the house: the mail server, or whoever is set up for text messages."""

from __future__ import annotations

import hashlib
from urllib.parse import urlparse

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from throughgate.base import links
from throughgate.base.outbox.models import Message
from throughgate.base.outbox.preferences import house

# Mails of one matter that a reader's program should know of; older ones are long in the same conversation.
REFERENCES = 10


def by_email(message: Message) -> None:
    """Hand the message to the mail server, as plain text with HTML beside it.

    The message id is the code, so that a repeat can be told; mails of one matter refer to each other. What the
    person may do without carries the way to stop it (RFC 8058).
    """
    off = _off_link(message)
    with translation.override(message.language):
        context = {"message": message, "off": off, "manage": links.address(reverse("entry:notices"))}
        text = render_to_string("messages/layout.txt", context)
        html = render_to_string("messages/layout.html", context)
    mail = EmailMultiAlternatives(message.subject, text, to=[message.address], headers=headers(message, off))
    mail.attach_alternative(html, "text/html")
    mail.send()


def by_nobody(message: Message) -> None:
    """No carrier for text messages is set up: the outbox page shows what would have been sent."""


def headers(message: Message, off: str = "") -> dict[str, str]:
    """The mail's own headers: its id, the conversation it belongs to, and how to stop such mails."""
    found = {"Message-ID": _id(message.code), "Auto-Submitted": "auto-generated"}
    if message.thread:
        before = (
            Message.objects.filter(
                address=message.address, thread=message.thread, status=Message.Status.SENT, digest=None
            )
            .exclude(pk=message.pk)
            .order_by("-sent_at", "-pk")
            .values_list("code", flat=True)[:REFERENCES]
        )
        earlier = [_root(message), *(_id(code) for code in reversed(list(before)))]
        found["In-Reply-To"], found["References"] = earlier[-1], " ".join(earlier)
    if off:
        found["List-Unsubscribe"] = f"<{off}>"
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def _id(code: str) -> str:
    return f"<{code.lower()}@{_domain()}>"


def _root(message: Message) -> str:
    """The beginning of a conversation: the same for every mail of the matter, and telling nothing of it."""
    mark = hashlib.sha256(f"{message.address}|{message.thread}".encode()).hexdigest()[:16]
    return f"<matter.{mark}@{_domain()}>"


def _domain() -> str:
    return urlparse(settings.SITE_ADDRESS).hostname or "throughgate"


def _off_link(message: Message) -> str:
    """The address that stops this topic for this person; empty when it may not be off."""
    if not message.person or not house().topic(message.topic).may_be_off:
        return ""
    path = links.offer(
        purpose="stop notices",
        subject=message.person,
        days=UNSUBSCRIBE_DAYS,
        single_use=False,
        data={"topic": message.topic},
    )
    return links.address(path)


UNSUBSCRIBE_DAYS = 180
