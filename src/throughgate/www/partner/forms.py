"""Forms of the partner's pages; staff pages use some of them too."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput, TimeInput
from throughgate.partners.actions import WishedSlot
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility, Weekday
from throughgate.www.staff.shell import Refusable


def area(label: Any, *, required: bool = False, help_text: Any = "", rows: int = 4) -> forms.CharField:
    """A field of several lines."""
    return forms.CharField(
        label=label, required=required, help_text=help_text, widget=forms.Textarea(attrs={"rows": rows})
    )


class ProfileForm(Refusable):
    """How to reach the organization, and what it is."""

    alternate_name = forms.CharField(label=_("Also known as"), max_length=250, required=False)
    description = area(_("What you do"))
    website = forms.CharField(label=_("Website"), max_length=500, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=60, required=False)


class InviteForm(Refusable):
    """A colleague who may sign in."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail"))
    role = forms.ChoiceField(
        label=_("What they do"),
        choices=[
            ("partner_staff", _("Comes to sessions, marks attendance")),
            ("partner_lead", _("Leads: also team, documents, offers and signing")),
        ],
        widget=forms.RadioSelect,
        initial="partner_staff",
    )


class HandOverForm(Refusable):
    """Who takes over from somebody who leaves."""

    name = forms.CharField(label=_("Name of the one who takes over"), max_length=120)
    email = forms.EmailField(label=_("Their e-mail"))
    reason = forms.CharField(label=_("Why"), max_length=200)


class UploadForm(Refusable):
    """A document on its way to us."""

    kind = forms.ChoiceField(label=_("Which document"))
    title = forms.CharField(label=_("What it says on it"), max_length=200, required=False)
    valid_from = forms.DateField(label=_("Holds from"), widget=DateInput(), required=False)
    valid_until = forms.DateField(
        label=_("Holds until"),
        widget=DateInput(),
        required=False,
        help_text=_("The last day on the document; leave it empty if there is none."),
    )
    file = forms.FileField(label=_("File"), help_text=_("PDF, JPEG, PNG or plain text"))

    def __init__(self, *args: Any, kinds: list[tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kinds is None:
            del self.fields["kind"]
        else:
            field: Any = self.fields["kind"]
            field.choices = kinds


class SignForm(Refusable):
    """The organization's signature."""

    name = forms.CharField(label=_("Your name"), max_length=120)
    office = forms.CharField(label=_("What you are in the organization"), max_length=120)
    agree = forms.BooleanField(label=_("I have read this agreement, and I sign it for the organization."))


class SubmitForm(Refusable):
    """Sending a proposal its way, with answers where there were questions."""

    words = area(_("Your answers"))

    def __init__(self, *args: Any, questions: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not questions:
            del self.fields["words"]


class LetterForm(Refusable):
    """A message of a thread."""

    words = area(_("Your message"), required=True)


class OfferForm(Refusable):
    """An offer in a few words."""

    facility = forms.ModelChoiceField(
        label=_("To which facility"), queryset=Facility.objects.none(), to_field_name="code"
    )
    title = forms.CharField(label=_("What you offer"), max_length=120)
    title_es = forms.CharField(label=_("The same in Spanish"), max_length=120, required=False)
    summary = area(_("In a few sentences"), required=True)
    whom = area(_("For whom"), rows=2)
    needs = forms.MultipleChoiceField(
        label=_("What it helps with"),
        choices=NeedDomain.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    cost = forms.CharField(label=_("What it costs, and who pays"), max_length=200, required=False)
    earliest = forms.DateField(label=_("Earliest start"), widget=DateInput(), required=False)

    def __init__(self, *args: Any, facilities: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if facilities is None:
            del self.fields["facility"]
        else:
            field: Any = self.fields["facility"]
            field.queryset = facilities


class ProposalForm(OfferForm):
    """A whole proposal. Everything may be left open until it is sent."""

    weeks = forms.IntegerField(label=_("Weeks"), min_value=1, max_value=260, required=False)
    dose_hours = forms.DecimalField(
        label=_("Hours in full"), min_value=0, max_digits=6, decimal_places=1, required=False
    )
    group_min = forms.IntegerField(label=_("Smallest group"), min_value=1, max_value=500, required=False)
    group_max = forms.IntegerField(label=_("Largest group"), min_value=1, max_value=500, required=False)
    curriculum = area(_("Curriculum and its version"))
    evidence = area(_("What shows that it works"), rows=2)
    leaders = area(_("Who leads it, with which training"), rows=2)
    prerequisites = area(_("What people need before, and who cannot come"), rows=2)
    materials = area(
        _("Materials you bring"), rows=2, help_text=_("All of them; write none if there are none.")
    )
    space = area(_("Space and equipment"), rows=2)
    cover = area(_("What you need of the staff"), rows=2)
    measures = area(_("How you will know that it helped"), rows=2)
    credit = forms.CharField(label=_("Credit or pay asked for"), max_length=200, required=False)
    credential = forms.CharField(label=_("What one earns"), max_length=120, required=False)
    part2 = forms.BooleanField(label=_("Substance-use treatment (42 CFR Part 2)"), required=False)


class TimeForm(forms.Form):
    """A weekly time that would suit; a row without a day is left out."""

    weekday = forms.TypedChoiceField(
        label=_("Day"),
        choices=[("", "—"), *Weekday.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    starts = forms.TimeField(label=_("From"), widget=TimeInput(), required=False)
    ends = forms.TimeField(label=_("Until"), widget=TimeInput(), required=False)

    def clean(self) -> dict[str, Any]:
        """A day needs its times."""
        data = super().clean() or {}
        if data.get("weekday") is not None and not (data.get("starts") and data.get("ends")):
            raise forms.ValidationError(_("Give both times of this day, or take the day out."))
        return data


TimeForms = forms.formset_factory(TimeForm, extra=3, max_num=10)


def slots_of(formset: Any) -> list[WishedSlot]:
    """The wished times that a sound formset holds."""
    return [
        WishedSlot(row["weekday"], row["starts"], row["ends"])
        for row in formset.cleaned_data
        if row.get("weekday") is not None and isinstance(row.get("starts"), dt.time)
    ]
