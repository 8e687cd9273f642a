"""Digests: what waits for one person becomes one mail, assembled exactly once."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from throughgate.base import scope
from throughgate.base.jobs import enqueue
from throughgate.base.outbox.actions import DIGEST
from throughgate.base.outbox.models import Message


def due(now: dt.datetime) -> list[tuple[str, str]]:
    """Whose digest has come to its hour: person and address."""
    rows = Message.objects.filter(
        status=Message.Status.WAITING, held=True, digest__isnull=True, not_before__lte=now
    )
    return list(rows.order_by("person", "address").values_list("person", "address").distinct())


def assemble(person: str, address: str, now: dt.datetime) -> Message | None:
    """Put everything whose hour has come for one person into one digest; None when another did it first.

    One transaction: the rows are locked and each takes part in one digest only, so that a second run at the
    same moment, or after a crash, finds nothing left.
    """
    waiting = Message.objects.select_for_update(of=("self",), skip_locked=True).filter(
        person=person,
        address=address,
        status=Message.Status.WAITING,
        held=True,
        digest__isnull=True,
        not_before__lte=now,
    )
    parts = list(waiting.order_by("pk"))
    if not parts:
        return None
    from throughgate.base.outbox.jobs import send_message  # noqa: PLC0415 - the job calls back into here

    last = parts[-1]
    made = Message.objects.create(
        key=f"digest of {parts[0].code}",
        channel=Message.Channel.EMAIL,
        address=address,
        name=last.name,
        person=person,
        language=last.language,
        zone=last.zone,
        template=DIGEST,
    )
    Message.objects.filter(pk__in=[part.pk for part in parts]).update(digest=made)
    enqueue(send_message, code=made.code)
    return made


def assemble_all() -> int:
    """Assemble every digest whose hour has come, each in its own transaction; how many were made."""
    now = timezone.now()
    with scope.system("digests", readonly=True):
        people = due(now)
    made = 0
    for person, address in people:
        with scope.system("digest"):
            made += assemble(person, address, now) is not None
    return made
