"""Sending what waits in the outbox."""

from __future__ import annotations

from throughgate.base.jobs import job
from throughgate.base.outbox.actions import deliver


@job("send message")
def send_message(code: str) -> None:
    """Send one message."""
    deliver(code=code)
