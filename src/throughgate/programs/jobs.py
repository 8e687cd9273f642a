"""What runs by the clock in this room. Each is idempotent."""

from __future__ import annotations

from django.utils import timezone

from throughgate.base.jobs import job
from throughgate.programs.actions.credit import accrue_due
from throughgate.programs.chasing import chase_missing_attendance


@job("chase missing attendance", every="10 * * * *")
def chase_attendance() -> None:
    """Remind those who led a session and recorded nothing; each stage once."""
    chase_missing_attendance(timezone.now())


@job("credit of the month", every="40 3 * * *")
def monthly_credit() -> None:
    """Credit that counts whole months or days, once they are over."""
    accrue_due(timezone.now())
