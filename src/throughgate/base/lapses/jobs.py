"""What runs by the clock: looking at everything that lapses."""

from __future__ import annotations

from throughgate.base.jobs import job
from throughgate.base.lapses import actions


@job("what lapses", every="15 * * * *", lock="what lapses", own_transactions=True)
def look_and_remind() -> None:
    """Hourly rather than nightly: a facility's day begins when its own clock says so, and what was renewed
    leaves the list soon. Every reminder is given once, however often this runs."""
    actions.run()
