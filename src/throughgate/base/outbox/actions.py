"""Writing a message, and sending it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from throughgate.base import links, scope
from throughgate.base.jobs import enqueue
from throughgate.base.outbox import rules
from throughgate.base.outbox.models import Message
from throughgate.base.outbox.preferences import habits_of, house, preference_of
from throughgate.base.outbox.words import say
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
    person: str = "",
    thread: str = "",
    topic: str = "",
    urgent: bool = False,
    zone: str = "",
    deadline: dt.datetime | None = None,
) -> bool:
    """Write a message into the outbox, within the caller's transaction; it goes out if that is kept.

    ``key`` names the matter and the recipient: the same key is written once, however often this is called.
    ``template`` is the folder ``messages/<template>/`` with ``subject.txt`` and ``body.txt``; ``data`` must
    be plain JSON values without anything sensitive. ``recheck`` names a question of :data:`RECHECKS` that is
    asked again at send time. Returns whether the message is new; without an address nothing is written.

    ``person`` is the key of the one it is for ("visitor ABCD2345", "user ...", "organization ..."): their
    preferences decide how and when it goes. ``topic`` is a code of the notices pack, ``thread`` names the
    matter ("session ABCD2345") whose mails belong together, ``urgent`` goes at once at any hour. ``zone`` is
    the recipient's time zone where they have not said; ``deadline`` is when the message is of no more use, so
    that it does not wait for a digest that comes too late.
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
                "person": person,
                "language": language,
                "template": template,
                "data": dict(data),
                "recheck": recheck,
                "facility_id": facility_id,
                "thread": thread,
                "topic": topic,
                "urgent": urgent,
                "zone": zone,
                "deadline": deadline,
            },
        )
        if new and _settle(message):
            wait = message.not_before - timezone.now() if message.not_before else None
            enqueue(send_message, code=message.code, after=max(filter(None, (wait, after)), default=None))
    return new


def _settle(message: Message) -> bool:
    """Decide how a waiting message goes and write it down; whether a job of its own must send it."""
    if message.template == DIGEST:
        return True
    plan = rules.plan(
        habits=habits_of(message.person, message.zone),
        house=house(),
        topic=message.topic,
        urgent=message.urgent,
        now=timezone.now(),
        deadline=message.deadline,
    )
    message.held, message.not_before = plan.how == rules.DIGEST, plan.at
    if plan.how == rules.OFF:
        message.status = Message.Status.OFF
    if plan.how != rules.NOW:
        message.save(update_fields=["status", "held", "not_before"])
    return plan.how in {rules.NOW, rules.LATER}


DIGEST = "digest"


def deliver(*, code: str) -> None:
    """Send one message if it still waits and is still true. Runs as the system, from its job.

    What came to its hour in somebody's night waits for the morning. Handing over and writing it down are one
    transaction: who dies between the two makes the same mail go again, with the same Message-ID.
    """
    message = Message.objects.select_for_update(of=("self",)).get(code=code)
    if message.status != Message.Status.WAITING or message.held:
        return
    if not _still_true(message):
        _close(message, Message.Status.DROPPED)
        return
    if _waits_for_morning(message):
        return
    _address(message)
    parts = _parts(message)
    if message.template == DIGEST and not parts:
        _close(message, Message.Status.DROPPED)
        return
    message.subject, message.body = say(message, parts)
    message.attempts += 1
    carry = import_string(CARRIERS[message.channel])
    carry(message)
    _close(message, Message.Status.SENT)
    for part in parts:
        part.subject, part.body = say(part, [])
        _close(part, Message.Status.SENT)


def _address(message: Message) -> None:
    """In the language and to the place that the person chose; digests are too long for a text message."""
    chosen = preference_of(message.person)
    if chosen is None:
        return
    message.language = chosen.language or message.language
    if chosen.channel == Message.Channel.TEXT and message.template != DIGEST and texts_go_out():
        message.channel, message.address = Message.Channel.TEXT, chosen.phone


def _still_true(message: Message) -> bool:
    return not message.recheck or RECHECKS[message.recheck](message.data)


def _waits_for_morning(message: Message) -> bool:
    if message.urgent:
        return False
    wakes = rules.night_ends(habits_of(message.person, message.zone), timezone.now())
    if wakes is None:
        return False
    from throughgate.base.outbox.jobs import send_message  # noqa: PLC0415 - the job calls back into here

    message.not_before = wakes
    message.save(update_fields=["not_before"])
    enqueue(send_message, code=message.code, after=wakes - timezone.now())
    return True


def _parts(message: Message) -> list[Message]:
    """What a digest holds and is still true; the rest is dropped here."""
    if message.template != DIGEST:
        return []
    kept = []
    waiting = Message.objects.select_for_update(of=("self",)).filter(
        digest=message, status=Message.Status.WAITING
    )
    for part in waiting.order_by("pk"):
        if _still_true(part):
            part.language, part.name = message.language, message.name
            kept.append(part)
        else:
            _close(part, Message.Status.DROPPED)
    return kept


def _close(message: Message, status: str) -> None:
    message.status = status
    if status == Message.Status.SENT:
        message.sent_at = timezone.now()
        if not settings.DEMO:
            _hide_links(message)
    message.save(update_fields=[*CLOSED, "status", "sent_at"])


CLOSED = ("channel", "address", "subject", "body", "data", "attempts", "language")


def _hide_links(message: Message) -> None:
    """Who may see what was sent cannot follow its no-account links; a demonstration's mailbox can."""
    message.body = links.hidden(message.body)
    message.data = json.loads(links.hidden(json.dumps(message.data, ensure_ascii=False)))


def resettle(person: str) -> int:
    """Decide anew about what waits for somebody whose preferences changed; how many messages were waiting."""
    from throughgate.base.outbox.jobs import send_message  # noqa: PLC0415 - the job calls back into here

    waiting = (
        Message.objects.select_for_update(of=("self",))
        .filter(person=person, status=Message.Status.WAITING, digest__isnull=True)
        .exclude(template=DIGEST)
    )
    rows = list(waiting.order_by("pk"))
    for message in rows:
        before = message.not_before
        if _settle(message):
            if before is not None and message.not_before is None:
                message.save(update_fields=["held", "not_before"])
            wait = message.not_before - timezone.now() if message.not_before else None
            enqueue(send_message, code=message.code, after=wait)
    return len(rows)


NOBODY = "throughgate.base.outbox.carriers.by_nobody"
CARRIERS = {
    Message.Channel.EMAIL.value: "throughgate.base.outbox.carriers.by_email",
    Message.Channel.TEXT.value: getattr(settings, "TEXT_MESSAGE_CARRIER", NOBODY),
}


def texts_go_out() -> bool:
    """Whether somebody carries text messages here."""
    return CARRIERS[Message.Channel.TEXT.value] != NOBODY
