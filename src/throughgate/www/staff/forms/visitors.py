"""Forms of visitors and their clearances."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput
from throughgate.partners.models import Organization
from throughgate.places.models import Facility
from throughgate.visitors.models import ClearanceLevel, VisitorKeepApart, VisitorKind
from throughgate.www.staff.forms.people import choices_of
from throughgate.www.staff.forms.programs import ByName, working_partners
from throughgate.www.staff.shell import HereFilter, Refusable

LINES = {"rows": 3}


class VisitorFilter(HereFilter):
    """What narrows the list of visitors."""

    q = forms.CharField(label=_("Name or organization"), required=False)
    everywhere = forms.BooleanField(label=_("Also those without a clearance here"), required=False)


class VisitorForm(Refusable):
    """Somebody who comes in. This gives no clearance."""

    first_name = forms.CharField(label=_("First name"), max_length=80)
    last_name = forms.CharField(label=_("Last name"), max_length=80)
    kind = forms.ChoiceField(label=_("Comes as"), choices=VisitorKind.choices)
    organization = ByName(
        label=_("Organization"),
        queryset=Organization.objects.none(),
        required=False,
        empty_label=_("On their own"),
    )
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=[("en", _("English")), ("es", _("Spanish"))])
    id_document = forms.CharField(
        label=_("Identity document shown at the gate"), max_length=40, initial="driver license"
    )
    left_on = forms.DateField(label=_("No longer comes since"), widget=DateInput(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["organization"].queryset = working_partners()


class ClearanceForm(Refusable):
    """Let a visitor in from one day until another."""

    facility = ByName(label=_("Facility"), queryset=Facility.objects.none(), empty_label=None)
    level = forms.ChoiceField(label=_("Level"), choices=ClearanceLevel.choices, widget=forms.RadioSelect)
    first = forms.DateField(label=_("From"), widget=DateInput())
    until = forms.DateField(label=_("Until"), widget=DateInput(), help_text=_("The last day that counts"))
    provisional = forms.BooleanField(label=_("Provisional for now"), required=False)
    on_paper = forms.BooleanField(
        label=_("Decided on paper before: everything that is asked was seen"),
        required=False,
        help_text=_("Every step then counts as shown, on your word. Leave it empty for somebody new."),
    )

    def __init__(self, *args: Any, facilities: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["facility"].queryset = facilities


class StopForm(Refusable):
    """Why a clearance stops or is refused. Neither the visitor nor the partner reads it."""

    reason = forms.CharField(
        label=_("Why"),
        widget=forms.Textarea(attrs=LINES),
        help_text=_("Restricted: neither the visitor nor the partner reads it."),
    )


class SuspendForm(StopForm):
    """Suspend a clearance, here or everywhere."""

    everywhere = forms.BooleanField(
        label=_("At every facility at once"),
        required=False,
        help_text=_("A matter of safety. Only each facility itself lets them in again."),
    )


class VisitorApartForm(Refusable):
    """A visitor and a participant who must not meet in a session."""

    person = forms.CharField(
        label=_("The participant"), max_length=40, help_text=_("Their number or code, exactly.")
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=choices_of(VisitorKeepApart, "reason"))
    note = forms.CharField(label=_("Restricted note"), required=False, widget=forms.Textarea(attrs=LINES))
