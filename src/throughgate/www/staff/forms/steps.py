"""Forms of applications, steps, training dates and conflicts of interest."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput, TimeInput
from throughgate.partners.models import Organization
from throughgate.places.models import Facility
from throughgate.visitors.models import ClearanceLevel, Conflict, VisitorKind
from throughgate.visitors.steps import rules_here
from throughgate.www.staff.forms.programs import ByName, working_partners
from throughgate.www.staff.shell import HereFilter, Refusable

LINES = {"rows": 3}


class WaitingFilter(HereFilter):
    """What narrows the list of applications."""

    waits = forms.ChoiceField(
        label=_("Waits for"),
        required=False,
        choices=[
            ("", _("Anybody")),
            ("staff", _("Us")),
            ("visitor", _("The visitor")),
            ("referee", _("References")),
        ],
    )


class ApplicationForm(Refusable):
    """Somebody who would like to come in."""

    first_name = forms.CharField(label=_("First name"), max_length=80)
    last_name = forms.CharField(label=_("Last name"), max_length=80)
    email = forms.EmailField(label=_("E-mail"), help_text=_("They get an account and see where they stand."))
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    kind = forms.ChoiceField(label=_("Comes as"), choices=VisitorKind.choices)
    grade = forms.ChoiceField(label=_("Level by the rules"), required=False)
    organization = ByName(
        label=_("Organization"),
        queryset=Organization.objects.none(),
        required=False,
        empty_label=_("On their own"),
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("en", _("English")), ("es", _("Spanish"))])

    def __init__(self, *args: Any, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["organization"].queryset = working_partners()
        pack = rules_here(facility)
        levels = [(code, str(level.label)) for code, level in pack.data.levels.items()] if pack else []
        if levels:
            fields["grade"].choices = levels
        else:
            del self.fields["grade"]


class RecordForm(Refusable):
    """That something was shown, and until when it counts. Nothing else is kept."""

    on = forms.DateField(label=_("On which day"), widget=DateInput())
    until = forms.DateField(
        label=_("Counts until"), widget=DateInput(), required=False, help_text=_("Empty: as the rules say.")
    )
    authority = forms.CharField(
        label=_("Who made the decision"),
        max_length=120,
        required=False,
        help_text=_("The office alone. Never what it was based on, and no copy of a document."),
    )

    def __init__(self, *args: Any, check: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not check:
            del self.fields["authority"]


class WaiveForm(Refusable):
    """Why a requirement is waived."""

    reason = forms.CharField(label=_("Why it is waived"), widget=forms.Textarea(attrs=LINES), max_length=200)
    until = forms.DateField(
        label=_("Waived until"), widget=DateInput(), required=False, help_text=_("Empty: for good.")
    )


class SendBackForm(Refusable):
    """What is missing, for the visitor."""

    words = forms.CharField(
        label=_("What is missing"),
        max_length=200,
        widget=forms.Textarea(attrs=LINES),
        help_text=_("The visitor reads this."),
    )


class RegularForm(Refusable):
    """A provisional clearance becomes a regular one."""

    level = forms.ChoiceField(label=_("Level"), choices=ClearanceLevel.choices, widget=forms.RadioSelect)


class LeaveForm(Refusable):
    """Since when somebody no longer comes."""

    on = forms.DateField(label=_("No longer comes since"), widget=DateInput())


class ConflictForm(Refusable):
    """A tie that a visitor told staff about."""

    kind = forms.ChoiceField(label=_("What it is"), choices=Conflict.Kind.choices)
    about = forms.CharField(label=_("With whom, as far as it is known"), max_length=200)


class SettleForm(Refusable):
    """What follows from a conflict of interest."""

    state = forms.ChoiceField(
        label=_("What follows"),
        widget=forms.RadioSelect,
        choices=[
            ("nobody", _("Nothing: nobody here is meant")),
            ("apart", _("The two are never in one session")),
            ("bars", _("No visitor at this facility; a clearance is suspended at once")),
        ],
    )
    person = forms.CharField(
        label=_("The participant who is meant"),
        max_length=40,
        required=False,
        help_text=_("Their number or code, exactly. Only needed to keep the two apart."),
    )


class TrainingForm(Refusable):
    """A date on which a training can be attended."""

    requirement = forms.ChoiceField(label=_("Which training"))
    day = forms.DateField(label=_("Day"), widget=DateInput())
    starts = forms.TimeField(label=_("From"), widget=TimeInput())
    ends = forms.TimeField(label=_("Until"), widget=TimeInput())
    place = forms.CharField(label=_("Where"), max_length=120)
    seats = forms.IntegerField(label=_("Seats"), min_value=1, max_value=500)

    def __init__(self, *args: Any, choices: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["requirement"].choices = list(choices.items())

    def clean(self) -> dict[str, Any]:
        """The end comes after the start."""
        data = super().clean() or {}
        starts, ends = data.get("starts"), data.get("ends")
        if isinstance(starts, dt.time) and isinstance(ends, dt.time) and ends <= starts:
            self.add_error("ends", _now("The training must end after it starts."))
        return data
