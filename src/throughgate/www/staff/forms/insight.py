"""Forms about appeals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.base import codes
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.programs.models import AppealOutcome, Contested, Program
from throughgate.www.staff.shell import Refusable

if TYPE_CHECKING:
    OneProgram = forms.ModelChoiceField[Program]
else:
    OneProgram = forms.ModelChoiceField

WORDS = {"rows": 4}


class _Named(OneProgram):
    def label_from_instance(self, obj: Program) -> str:
        return obj.name


class AnswerForm(Refusable):
    """What came of an appeal, in words for the person."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("What came of it"), choices=AppealOutcome.choices, widget=forms.RadioSelect
    )
    answer = forms.CharField(
        label=gettext_lazy("Answer, for the person"),
        max_length=2000,
        widget=forms.Textarea(attrs=WORDS),
        help_text=gettext_lazy("Short and plain: the person reads it on their page and on paper."),
    )


class PaperForm(Refusable):
    """An appeal that came in on paper."""

    participant = forms.CharField(
        label=gettext_lazy("Code of the person"),
        max_length=12,
        help_text=gettext_lazy("Eight letters and digits at the head of the slip."),
        widget=forms.TextInput(attrs={"class": "short"}),
    )
    program = _Named(queryset=Program.objects.none(), label=gettext_lazy("Program"), to_field_name="code")
    about = forms.ChoiceField(label=gettext_lazy("What is wrong"), choices=Contested.choices)
    words = forms.CharField(
        label=gettext_lazy("In the person's own words"), max_length=2000, widget=forms.Textarea(attrs=WORDS)
    )

    def __init__(self, *args: Any, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.facility = facility
        field = self.fields["program"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Program.objects.filter(listed=True).order_by("name", "id")

    def clean_participant(self) -> Participant:
        """The person of that code in this facility."""
        code = codes.clean(self.cleaned_data["participant"])
        person = (
            Participant.objects.select_related("facility").filter(code=code, facility=self.facility).first()
        )
        if person is None:
            raise forms.ValidationError(_("Nobody here has this code. Look again at the head of the slip."))
        return person
