"""What the front door does by itself: parked enquiries come back, unsent forms are forgotten."""

from __future__ import annotations

from django.utils import timezone

from throughgate.base.jobs import job
from throughgate.partners.enquiries import actions, arriving


@job("wake parked enquiries", every="10 * * * *")
def wake_parked() -> None:
    """Bring back what was parked until today, by each facility's own day."""
    actions.wake(timezone.now().date())


@job("forget unsent forms", every="40 2 * * *")
def forget_unsent() -> None:
    """Delete forms that nobody sent within their days."""
    arriving.sweep(timezone.now())
