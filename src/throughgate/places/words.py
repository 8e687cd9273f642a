"""The neutral terms that a deployment may call by its own words ("participant" may be "resident")."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NEUTRAL: dict[str, str | Promise] = {
    "participant": _("participant"),
    "participants": _("participants"),
    "visitor": _("visitor"),
    "visitors": _("visitors"),
    "facility": _("facility"),
    "facilities": _("facilities"),
    "unit": _("unit"),
    "units": _("units"),
    "program": _("program"),
    "programs": _("programs"),
    "session": _("session"),
    "sessions": _("sessions"),
    "partner": _("partner"),
    "partners": _("partners"),
    "waitlist": _("waitlist"),
    "call-out": _("call-out"),
    "coordinator": _("coordinator"),
    "case manager": _("case manager"),
}
