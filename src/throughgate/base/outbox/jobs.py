"""Sending what waits in the outbox."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.utils import timezone

from throughgate.base.jobs import enqueue, job
from throughgate.base.outbox import digests
from throughgate.base.outbox.actions import deliver
from throughgate.base.outbox.models import Message

# A message's own job has had its chance by then; what still waits lost its job and gets another.
GRACE = dt.timedelta(minutes=30)


@job("send message")
def send_message(code: str) -> None:
    """Send one message."""
    deliver(code=code)


@job("send digests", every="*/5 * * * *", lock="send digests", own_transactions=True)
def send_digests() -> None:
    """Make one mail of what waits for each person whose digest has come to its hour."""
    digests.assemble_all()


@job("messages left waiting", every="25 * * * *", lock="messages left waiting")
def left_waiting() -> None:
    """Give another job to messages whose own gave up, so that a mail server's bad night loses nothing."""
    for code in forgotten(timezone.now()):
        enqueue(send_message, key=f"again {code}", code=code)


def forgotten(now: dt.datetime) -> list[str]:
    """Codes of messages that should have gone and still wait, oldest first."""
    late = now - GRACE
    rows = Message.objects.filter(
        Q(not_before__lt=late) | Q(not_before__isnull=True, recorded_at__lt=late),
        status=Message.Status.WAITING,
        held=False,
        digest__isnull=True,
    )
    return list(rows.order_by("pk").values_list("code", flat=True))
