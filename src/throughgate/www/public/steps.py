"""The forms of "Get involved": for an organization, an individual, an employer, each in a few short steps."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.partners.models import EnquiryKind, OrganizationKind
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility

Text = str | Promise
# Line ends and tabs stay; other control characters, and the ones that turn text around, are dropped quietly:
# they come from copying, and nobody can be told which key to press instead.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
MOST_TEXT = 3000
PHONE = re.compile(r"[0-9+()./\-\s]*(?:(?:x|ext\.?)\s*[0-9]{1,6})?", re.IGNORECASE)

HOW_OFTEN = (
    ("weekly", gettext_lazy("Every week")),
    ("fortnightly", gettext_lazy("Every two weeks")),
    ("monthly", gettext_lazy("Every month")),
    ("course", gettext_lazy("A course over some weeks")),
    ("once", gettext_lazy("Once, to begin with")),
    ("open", gettext_lazy("We would like to talk about that")),
)
COSTS = (
    ("free", gettext_lazy("It costs the facility nothing")),
    ("partly", gettext_lazy("We need a part paid, such as materials")),
    ("paid", gettext_lazy("It has to be paid for")),
    ("unknown", gettext_lazy("We do not know yet")),
)
ROLES = (
    ("mentor", gettext_lazy("Mentor: meet one person, inside and after release")),
    ("tutor", gettext_lazy("Tutor: reading, writing, math, a language")),
    ("facilitator", gettext_lazy("Lead or help in a group or class")),
    ("faith", gettext_lazy("Faith and spiritual care")),
    ("skills", gettext_lazy("Share a trade or a profession")),
    ("other", gettext_lazy("Something else")),
)
TIMES = (
    ("weekday_morning", gettext_lazy("Weekday mornings")),
    ("weekday_afternoon", gettext_lazy("Weekday afternoons")),
    ("evening", gettext_lazy("Evenings")),
    ("weekend", gettext_lazy("Weekends")),
)
MODES = (
    ("inside", gettext_lazy("I can come to the facility")),
    ("online", gettext_lazy("Only by phone or video")),
    ("both", gettext_lazy("Both")),
)
YES_NO = (("no", gettext_lazy("No")), ("yes", gettext_lazy("Yes")))
SECTORS = (
    ("building", gettext_lazy("Building and trades")),
    ("making", gettext_lazy("Making and warehouses")),
    ("food", gettext_lazy("Food and hospitality")),
    ("driving", gettext_lazy("Driving and transport")),
    ("care", gettext_lazy("Health and care")),
    ("office", gettext_lazy("Office and technology")),
    ("land", gettext_lazy("Land and gardens")),
    ("other", gettext_lazy("Something else")),
)
STARTS = (
    ("now", gettext_lazy("Now")),
    ("weeks", gettext_lazy("In some weeks")),
    ("months", gettext_lazy("In some months")),
    ("open", gettext_lazy("We hire all the time")),
)


class Line(forms.CharField):
    """One line of text, without what cannot be seen."""

    def to_python(self, value: Any) -> str:
        """The line, blanks drawn together."""
        return " ".join(UNSEEN.sub("", unicodedata.normalize("NFC", str(super().to_python(value)))).split())


class Words(forms.CharField):
    """Free text over several lines, without what cannot be seen."""

    def __init__(self, **given: Any) -> None:
        rows = given.pop("rows", 5)
        given.setdefault("max_length", MOST_TEXT)
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **given)

    def to_python(self, value: Any) -> str:
        """The text with plain line ends."""
        text = unicodedata.normalize("NFC", str(super().to_python(value)))
        return UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


class Step(forms.Form):
    """One step. ``company_fax`` is a trap: people do not see it, machines fill it."""

    title: Text = ""
    free: tuple[str, ...] = ()
    company_fax = forms.CharField(
        required=False,
        label=gettext_lazy("Leave this empty"),
        max_length=200,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    def shown(self) -> list[forms.BoundField]:
        """The fields that people see."""
        return [field for field in self if field.name != "company_fax"]

    def answers(self) -> dict[str, Any]:
        """What was answered, as it is kept."""
        return {name: value for name, value in self.cleaned_data.items() if name != "company_fax"}


def _choice(label: Any, choices: Any, *, many: bool = False, **given: Any) -> forms.ChoiceField:
    if many:
        return forms.MultipleChoiceField(
            label=label, choices=choices, widget=forms.CheckboxSelectMultiple, **given
        )
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, **given)


class WhoOrganization(Step):
    title = gettext_lazy("Who are you?")
    organization_name = Line(label=gettext_lazy("Name of the organization"), max_length=250)
    organization_kind = forms.ChoiceField(
        label=gettext_lazy("What kind is it?"), choices=OrganizationKind.choices
    )
    city = Line(label=gettext_lazy("Town"), max_length=100)
    website = Line(label=gettext_lazy("Website"), max_length=300, required=False)


class WhatOrganization(Step):
    title = gettext_lazy("What do you offer?")
    free = ("offer", "for_whom", "evidence")
    offer = Words(
        label=gettext_lazy("What would you do with people inside, or after they come home?"),
        help_text=gettext_lazy("A few sentences are enough."),
    )
    needs = _choice(gettext_lazy("What does it help with?"), NeedDomain.choices, many=True)
    for_whom = Words(
        label=gettext_lazy("For whom, and for how many at a time?"), required=False, max_length=600, rows=3
    )
    languages = Line(label=gettext_lazy("In which languages?"), max_length=200, required=False)
    evidence = Words(
        label=gettext_lazy("Where did you do it before, and how did it go?"),
        required=False,
        max_length=1500,
        rows=3,
    )


class Where(Step):
    """Which facility, offered from those that there are."""

    facility = forms.ChoiceField(label=gettext_lazy("For which facility?"), required=False)

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        rows = Facility.objects.filter(active=True).order_by("name").values_list("code", "name")
        field = self.fields["facility"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Any facility, wherever it is needed")), *rows]


class WhenOrganization(Where):
    title = gettext_lazy("Where and when?")
    free = ("when",)
    how_often = forms.ChoiceField(label=gettext_lazy("How often?"), choices=HOW_OFTEN)
    when = Line(label=gettext_lazy("Which days and times suit you?"), max_length=300, required=False)
    cost = forms.ChoiceField(label=gettext_lazy("What does it cost?"), choices=COSTS)
    conflict = _choice(
        gettext_lazy("Does anyone of you have family or a close friend in one of the facilities?"),
        YES_NO,
        help_text=gettext_lazy("It does not end anything. We need it to plan who goes where."),
    )


class Reach(Step):
    title = gettext_lazy("How do we reach you?")
    name = Line(label=gettext_lazy("Your name"), max_length=120)
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=250,
        help_text=gettext_lazy("We answer there, with a link to your own page."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = Line(label=gettext_lazy("Phone"), max_length=40, required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("In which language do we write to you?"), choices=settings.LANGUAGES
    )
    heard = Line(label=gettext_lazy("How did you hear of us?"), max_length=200, required=False)

    def clean_phone(self) -> str:
        """A phone number may look any way that people write one."""
        phone = str(self.cleaned_data["phone"])
        if not PHONE.fullmatch(phone):
            raise forms.ValidationError(_("Write the number with digits, such as (805) 555-0100."))
        return phone


class WhatIndividual(Step):
    title = gettext_lazy("What would you like to do?")
    free = ("about",)
    roles = _choice(gettext_lazy("How would you like to help?"), ROLES, many=True)
    about = Words(
        label=gettext_lazy("What do you bring, and why would you like to?"),
        help_text=gettext_lazy(
            "People who have been inside themselves are welcome. You need not write about that here."
        ),
    )
    languages = Line(label=gettext_lazy("Which languages do you speak?"), max_length=200, required=False)
    adult = _choice(
        gettext_lazy("Are you 18 or older?"), (("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No")))
    )

    def clean_adult(self) -> str:
        """Who comes in must be of age [P-176]."""
        if self.cleaned_data["adult"] != "yes":
            raise forms.ValidationError(
                _(
                    "You must be 18 to come in. Until then, an organization in the directory may have something."
                )
            )
        return "yes"


class WhenIndividual(Where):
    title = gettext_lazy("Where and when?")
    mode = _choice(gettext_lazy("How can you meet?"), MODES)
    times = _choice(gettext_lazy("When do you have time?"), TIMES, many=True)
    conflict = _choice(
        gettext_lazy(
            "Do you have family or a close friend in one of the facilities, or visit someone there?"
        ),
        YES_NO,
        help_text=gettext_lazy("It does not end anything. You would help in another facility."),
    )


class WhoEmployer(Step):
    title = gettext_lazy("Who are you?")
    organization_name = Line(label=gettext_lazy("Name of the business"), max_length=250)
    sector = forms.ChoiceField(label=gettext_lazy("Which kind of work?"), choices=SECTORS)
    city = Line(label=gettext_lazy("Town where the work is"), max_length=100)
    website = Line(label=gettext_lazy("Website"), max_length=300, required=False)


class WorkEmployer(Where):
    title = gettext_lazy("What work do you have?")
    free = ("work", "hours")
    work = Words(
        label=gettext_lazy("What would people do, and what must they be able to do?"),
        help_text=gettext_lazy("A few sentences are enough."),
    )
    jobs = forms.IntegerField(
        label=gettext_lazy("How many places?"), min_value=1, max_value=9999, required=False
    )
    starts = forms.ChoiceField(label=gettext_lazy("When could it begin?"), choices=STARTS)
    hours = Line(label=gettext_lazy("Hours and pay, roughly"), max_length=300, required=False)


@dataclass(frozen=True)
class Journey:
    """A form for one kind of helper."""

    kind: str
    title: Text
    lede: Text
    steps: tuple[type[Step], ...]


JOURNEYS: dict[str, Journey] = {
    journey.kind: journey
    for journey in (
        Journey(
            EnquiryKind.ORGANIZATION,
            gettext_lazy("Help as an organization"),
            gettext_lazy("Four short steps, about five minutes. You can stop and come back."),
            (WhoOrganization, WhatOrganization, WhenOrganization, Reach),
        ),
        Journey(
            EnquiryKind.INDIVIDUAL,
            gettext_lazy("Help as a mentor, tutor or volunteer"),
            gettext_lazy("Three short steps, about three minutes. You can stop and come back."),
            (WhatIndividual, WhenIndividual, Reach),
        ),
        Journey(
            EnquiryKind.EMPLOYER,
            gettext_lazy("Help as an employer"),
            gettext_lazy("Three short steps, about three minutes. You can stop and come back."),
            (WhoEmployer, WorkEmployer, Reach),
        ),
    )
}


@dataclass(frozen=True)
class Answered:
    """A question with its answer in words, as it is read back."""

    label: Text
    text: str
    step: int


def read_back(kind: str, answers: Mapping[str, Any]) -> list[Answered]:
    """Every question that was answered, in the order of the form, choices in the reader's words."""
    found = []
    for number, step in enumerate(JOURNEYS[kind].steps, start=1):
        for name, field in step().fields.items():
            value = answers.get(name)
            if name != "company_fax" and value not in (None, "", []):
                found.append(Answered(field.label or name, _in_words(field, value), number))
    return found


def _in_words(field: forms.Field, value: Any) -> str:
    choices = getattr(field, "choices", None)
    if choices is None:
        return str(value)
    words = {str(key): str(label) for key, label in choices}
    values: Sequence[Any] = value if isinstance(value, list) else [value]
    return ", ".join(words.get(str(each), str(each)) for each in values)


def free_texts(kind: str, answers: Mapping[str, Any]) -> list[str]:
    """What was typed freely, the offer first: what spam is judged by."""
    names = [name for step in JOURNEYS[kind].steps for name in step.free]
    return [str(answers[name]) for name in names if answers.get(name)]
