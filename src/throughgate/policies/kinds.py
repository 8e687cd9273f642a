"""Every kind of rule pack and how its own part is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    attendance,
    clearances,
    credit,
    deadlines,
    frontdoor,
    holidays,
    house,
    linkage,
    mentoring,
    notices,
    outreach,
    partnerships,
    readiness,
    reasons,
    regime,
    waitlist,
    weights,
    worth,
)
from .reading import Table

KINDS: dict[str, Callable[[Table], Any]] = {
    "attendance": attendance.read,
    "cancellations": reasons.read_cancellations,
    "clearances": clearances.read,
    "contacts": deadlines.read_contacts,
    "costs": worth.read_costs,
    "credit": credit.read,
    "deadlines": deadlines.read_deadlines,
    "effects": worth.read_effects,
    "front-door": frontdoor.read,
    "holidays": holidays.read,
    "leaving": reasons.read_leaving,
    "linkage": linkage.read,
    "outreach": outreach.read,
    "mentoring": mentoring.read,
    "notices": notices.read,
    "proposals": partnerships.read_proposals,
    "publishing": house.read_publishing,
    "readiness": readiness.read,
    "regime": regime.read,
    "reminders": house.read_reminders,
    "retention": house.read_retention,
    "reviews": deadlines.read_reviews,
    "seat-weights": weights.read,
    "sign-in": house.read_sign_in,
    "vetting": partnerships.read_vetting,
    "waitlist": waitlist.read,
}
