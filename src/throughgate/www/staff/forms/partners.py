"""Forms of partners: organizations, agreements and what they offer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput
from throughgate.partners.models import OrganizationKind, Service
from throughgate.people.models import NeedDomain
from throughgate.www.staff.forms.people import choices_of
from throughgate.www.staff.shell import Refusable

LINES = {"rows": 4}


class DirectoryFilter(forms.Form):
    """What narrows the directory."""

    q = forms.CharField(label=_("Words, in English or Spanish"), required=False)
    need = forms.ChoiceField(label=_("Need"), required=False, choices=[("", _("Any")), *NeedDomain.choices])
    city = forms.ChoiceField(label=_("City"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("Any")), *OrganizationKind.choices]
    )

    def __init__(self, *args: Any, choices: dict[str, list[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, values in choices.items():
            field: Any = self.fields[name]
            field.choices = [("", _("Any")), *((value, value) for value in values)]


class OrganizationForm(Refusable):
    """An organization in the directory."""

    name = forms.CharField(label=_("Name"), max_length=250)
    alternate_name = forms.CharField(label=_("Also known as"), max_length=250, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=OrganizationKind.choices)
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea(attrs=LINES))
    website = forms.CharField(label=_("Website"), max_length=500, required=False)
    email = forms.CharField(label=_("E-mail"), max_length=250, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=60, required=False)
    listed = forms.BooleanField(label=_("In the public directory"), required=False)
    part2 = forms.BooleanField(label=_("Substance-use treatment program (42 CFR Part 2)"), required=False)


class TerminateForm(Refusable):
    """The end of an agreement before its day."""

    on = forms.DateField(
        label=_("Ends on"), widget=DateInput(), help_text=_("On this day it no longer holds.")
    )


class ServiceForm(Refusable):
    """Something an organization does for people."""

    name = forms.CharField(label=_("Name"), max_length=300)
    name_es = forms.CharField(label=_("Name in Spanish"), max_length=300, required=False)
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea(attrs=LINES))
    description_es = forms.CharField(
        label=_("Description in Spanish"), required=False, widget=forms.Textarea(attrs=LINES)
    )
    status = forms.ChoiceField(label=_("Status"), choices=choices_of(Service, "status"))
    needs = forms.MultipleChoiceField(
        label=_("Needs"), choices=NeedDomain.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    eligibility = forms.CharField(label=_("Who can come"), required=False, widget=forms.Textarea(attrs=LINES))
    fees = forms.CharField(label=_("Fees"), required=False)
    how_to_apply = forms.CharField(
        label=_("How to apply"), required=False, widget=forms.Textarea(attrs=LINES)
    )
    phone = forms.CharField(label=_("Phone"), max_length=60, required=False)
    email = forms.CharField(label=_("E-mail"), max_length=250, required=False)
    url = forms.CharField(label=_("Website"), max_length=500, required=False)
    last_verified = forms.DateField(label=_("Last verified"), widget=DateInput(), required=False)
