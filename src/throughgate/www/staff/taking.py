"""From an enquiry to a visitor's application: the step between two rooms that do not know each other."""

from __future__ import annotations

from throughgate.access.actor import Actor
from throughgate.partners.models import Enquiry
from throughgate.places.models import Facility
from throughgate.visitors import actions
from throughgate.visitors.models import VisitorKind

# What somebody said they would like to do, as the kind of visitor that it makes them; the first that fits.
KINDS = {
    "mentor": VisitorKind.MENTOR,
    "tutor": VisitorKind.TUTOR,
    "facilitator": VisitorKind.FACILITATOR,
    "faith": VisitorKind.FAITH,
}


def begin_for(*, by: Actor, enquiry: Enquiry, facility: Facility) -> str:
    """Begin the application of the person who asked, at a facility; returns the application's code."""
    first, _blank, last = enquiry.name.strip().rpartition(" ")
    application = actions.begin_application(
        by=by,
        facility=facility,
        kind=_kind(enquiry),
        first_name=first or last,
        last_name=last if first else "-",
        email=enquiry.email,
        phone=enquiry.phone,
        language=enquiry.language,
        enquiry=enquiry,
    )
    return application.code


def _kind(enquiry: Enquiry) -> str:
    roles = enquiry.answers.get("roles") or []
    return next((KINDS[role].value for role in KINDS if role in roles), VisitorKind.VOLUNTEER.value)
