"""What a message says: its subject and its text, from its template, in its reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils import translation

from throughgate.base.outbox.models import Message


def say(message: Message, parts: Sequence[Message]) -> tuple[str, str]:
    """Subject (one line) and text of a message; ``parts`` are what a digest holds, in their order."""
    with translation.override(message.language):
        context = {**message.data, "name": message.name}
        if parts:
            context["parts"] = [_entry(part) for part in parts]
        subject = render_to_string(f"messages/{message.template}/subject.txt", context)
        body = render_to_string(f"messages/{message.template}/body.txt", context)
    return " ".join(subject.split()), body.strip() + "\n"


def _entry(part: Message) -> dict[str, str]:
    subject, body = say(part, [])
    return {"subject": subject, "body": body.strip()}
