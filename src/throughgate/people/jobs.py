"""What runs by the clock in this room."""

from __future__ import annotations

from throughgate.access.actor import Actor
from throughgate.base.jobs import job
from throughgate.people.actions import settle_absences


@job("planned absences", every="*/5 * * * *", lock="planned absences")
def planned_absences() -> None:
    """Let absences that were planned begin and end at their time; safe to run at any moment."""
    settle_absences(by=Actor.system("planned absences"))
