"""What a coordinator types when dealing with an enquiry."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.base.ui import DateInput
from throughgate.partners.enquiries.actions import LONGEST_TEXT
from throughgate.partners.models import EnquiryKind
from throughgate.www.staff.shell import HereFilter, Refusable


def _letter(label: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label or gettext_lazy("Letter to them"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=gettext_lazy("Goes out by mail, signed with your name, with a link to their page."),
    )


class AnswerForm(Refusable):
    text = _letter()


class AskForm(Refusable):
    text = _letter(gettext_lazy("What would you like to know?"))


class NoteForm(Refusable):
    text = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Stays with us; they never see it."),
    )


class DeclineForm(Refusable):
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, help_text=gettext_lazy("For us: kept, not sent.")
    )
    signpost = forms.CharField(
        label=gettext_lazy("Who may help instead"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("An organization, a phone number, an address: it goes into the letter."),
    )
    text = _letter()


class ParkForm(Refusable):
    until = forms.DateField(label=gettext_lazy("Until"), widget=DateInput())
    text = _letter()


class JoinForm(Refusable):
    into = forms.CharField(
        label=gettext_lazy("Number of the other enquiry"), max_length=8, widget=forms.TextInput()
    )


class TakeVisitorForm(Refusable):
    facility = forms.ChoiceField(label=gettext_lazy("Facility"))
    text = _letter()

    def __init__(self, *args: Any, facilities: list[tuple[str, str]], **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["facility"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = facilities


class TakeForm(TakeVisitorForm):
    organization = forms.CharField(
        label=gettext_lazy("Code of an organization we know already"),
        required=False,
        max_length=8,
        help_text=gettext_lazy("Leave empty to make a new one from what they wrote."),
    )


class MoveForm(TakeVisitorForm):
    text = None  # type: ignore[assignment]


class EnquiryFilter(HereFilter):
    """Which enquiries."""

    q = forms.CharField(
        label=gettext_lazy("Name, mail or number"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Who"),
        required=False,
        choices=[("", gettext_lazy("Everybody")), *EnquiryKind.choices],
    )
    view = forms.CharField(required=False, widget=forms.HiddenInput())


def starting_letter(verb: str, kind: str) -> str:
    """Words to begin a letter with, in the language that is active: the coordinator changes them."""
    if verb == "take" and kind == EnquiryKind.INDIVIDUAL:
        return _(
            "We would like to have you with us. Your application has begun: the next mail brings your own page,"
            " which shows each step and what is still missing."
        )
    return {
        "answer": _("Thank you for writing. What you offer is needed here. Could we talk this week?"),
        "ask": _("Thank you for writing. Before we go on, we would like to know:"),
        "decline": _("Thank you for your offer. We cannot take it on at this time, because"),
        "park": _("Thank you for your offer. We would like to come back to it later, because"),
        "take": _(
            "We would like to work with you. Next we ask for a few papers about your organization; then we agree"
            " in writing on what, where and when, and your people are cleared to come in."
        ),
    }.get(verb, "")
