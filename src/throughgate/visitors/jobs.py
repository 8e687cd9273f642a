"""What runs by the clock in this room."""

from __future__ import annotations

from throughgate.access.actor import Actor
from throughgate.base.jobs import job
from throughgate.visitors.actions import follow_rules, open_under_other_rules


@job("clearances follow the rules", every="20 2 * * *", lock="clearances follow the rules")
def clearances_follow_rules() -> None:
    """Bring open clearances under the rules that hold from today; nothing changes when they already are."""
    by = Actor.system("clearances follow the rules")
    for clearance in open_under_other_rules():
        follow_rules(by=by, clearance=clearance)
