"""Forms of the team."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.access.roles import ROLES
from throughgate.base.scope import Audience
from throughgate.www.staff.shell import Refusable

STAFF_ROLES = [
    (role.name.value, role.display_name)
    for role in ROLES.values()
    if role.audience in (Audience.STAFF, Audience.AUDITOR)
]


class SuccessorForm(Refusable):
    """Who is invited."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"), help_text=_("They sign in with it."))


class InviteForm(SuccessorForm):
    """A role, and where it holds."""

    role = forms.ChoiceField(label=_("Role"), choices=STAFF_ROLES)
    where = forms.ChoiceField(
        label=_("Where"),
        choices=[("facility", _("In this facility")), ("agency", _("In the whole agency"))],
        widget=forms.RadioSelect,
        initial="facility",
    )

    def __init__(self, *args: Any, everywhere: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not everywhere:
            del self.fields["where"]


class EndForm(Refusable):
    """Why a role ends."""

    reason = forms.CharField(
        label=_("Why"), max_length=200, help_text=_("Kept with the role. For example: left the agency.")
    )


class HandOverForm(SuccessorForm):
    """Who takes over, and why."""

    reason = forms.CharField(label=_("Why"), max_length=200)
