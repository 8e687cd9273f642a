"""Forms that mentors, participants and staff share when they speak of mentoring and tutoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Reason
from throughgate.base.ui import DateInput
from throughgate.mentoring import words
from throughgate.mentoring.models import Kind, Mode, Offered
from throughgate.policies.mentoring import MentoringRules

SEVERAL = forms.CheckboxSelectMultiple


class Refusing(forms.Form):
    """A form that shows what a verb refused beside its fields."""

    def refuse(self, reasons: Sequence[Reason]) -> None:
        """Put every reason beside its field, or above the form."""
        for reason in reasons:
            field = reason.field if reason.field in self.fields else None
            self.add_error(field, f"{reason.text} {reason.remedy}".strip())


class SideForm(Refusing):
    """What one of the two says of themselves."""

    kinds = forms.MultipleChoiceField(label=_("About"), choices=Kind.choices, widget=SEVERAL)
    subjects = forms.MultipleChoiceField(label=_("Help with"), required=False, widget=SEVERAL)
    interests = forms.MultipleChoiceField(label=_("Interests"), required=False, widget=SEVERAL)
    languages = forms.MultipleChoiceField(label=_("Languages"), widget=SEVERAL)
    modes = forms.MultipleChoiceField(label=_("Ways to meet"), choices=Mode.choices, widget=SEVERAL)
    times = forms.MultipleChoiceField(label=_("Times that suit"), required=False, widget=SEVERAL)
    region = forms.CharField(
        label=_("City or county"),
        help_text=_("Where you live or will live after release."),
        max_length=80,
        required=False,
    )
    after_release = forms.BooleanField(label=_("I would like to go on after release"), required=False)
    boundaries = forms.CharField(
        label=_("What I do not want"),
        help_text=_("Only the coordinator reads this."),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, house: MentoringRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["subjects"].choices = [(code, str(label)) for code, label in house.subjects.items()]
        fields["interests"].choices = [(code, str(label)) for code, label in house.interests.items()]
        fields["languages"].choices = [(code, words.language_words(code)) for code in words.LANGUAGES]
        fields["times"].choices = words.times()

    @classmethod
    def start(cls, row: Offered | None) -> dict[str, Any]:
        """What a form begins with: what was said before."""
        return {name: getattr(row, name) for name in cls.base_fields} if row is not None else {}


class OfferForm(SideForm):
    """What a mentor or tutor offers."""

    most = forms.IntegerField(label=_("People at once"), min_value=1, initial=1)
    open = forms.BooleanField(label=_("I am ready for somebody new"), required=False, initial=True)


class MeetingForm(Refusing):
    """A meeting in three taps: when, how long, how; and whether something worries."""

    on = forms.DateField(label=_("Day"), widget=DateInput(), initial=timezone.localdate)
    minutes = forms.TypedChoiceField(
        label=_("How long"),
        coerce=int,
        choices=[(n, _("%(n)s minutes") % {"n": n}) for n in (15, 30, 45, 60, 90, 120, 180)],
        initial=60,
    )
    mode = forms.ChoiceField(label=_("How you met"), choices=Mode.choices)
    concern = forms.BooleanField(label=_("Something worries me"), required=False)
    worry = forms.CharField(
        label=_("What worries you"),
        help_text=_("Only the coordinator reads this, and is told at once."),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class EndForm(Refusing):
    """Ending well."""

    reason = forms.ChoiceField(label=_("Why it ends"))
    last_meeting = forms.ChoiceField(
        label=_("A last meeting to say goodbye"),
        choices=[
            ("", "—"),
            ("held", _("We met to say goodbye")),
            ("planned", _("It is planned")),
            ("none", _("There was none")),
        ],
    )
    thanks = forms.CharField(
        label=_("A word of thanks to the other one"),
        help_text=_("The other one reads it. No address or phone number, please."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, house: MentoringRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["reason"]
        field.choices = [("", "—"), *((code, str(label)) for code, label in house.end_reasons.items())]
