"""Forms of places: in line, and in a cohort."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput
from throughgate.places.models import Facility
from throughgate.programs.models import LIVE_COHORT, Cohort, Program, RequestedBy
from throughgate.www.staff.forms.programs import SMALL, ByName
from throughgate.www.staff.shell import Refusable


class SeatForm(Refusable):
    """A seat for one person; the reason is asked for only when something stands against it."""

    override = forms.CharField(
        label=_("Why it should be so all the same"),
        required=False,
        max_length=180,
        widget=forms.Textarea(attrs=SMALL),
        help_text=_("Kept with the place. At least 10 characters. Needed only to overrule a refusal."),
    )


class AskForm(Refusable):
    """Put a person in line for a program."""

    program = ByName(label=_("Program"), queryset=Program.objects.none())
    requested_by = forms.ChoiceField(
        label=_("Who asked"), choices=RequestedBy.choices, initial=RequestedBy.SELF
    )
    requested_on = forms.DateField(
        label=_("Asked on"),
        widget=DateInput(),
        help_text=_("The day the person asked. It is their place in line, wherever they go."),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=250)
    override = forms.CharField(
        label=_("Why it should be so all the same"),
        required=False,
        max_length=180,
        help_text=_("Only to overrule the number of open requests."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        programs: Any = self.fields["program"]
        programs.queryset = Program.objects.filter(listed=True).order_by("name")


class PlaceForm(Refusable):
    """Give a person a seat: which cohort."""

    cohort = forms.ModelChoiceField(label=_("Cohort"), queryset=Cohort.objects.none())
    override = forms.CharField(
        label=_("Why it should be so all the same"),
        required=False,
        max_length=180,
        widget=forms.Textarea(attrs=SMALL),
        help_text=_("Kept with the place. Needed only to overrule a refusal."),
    )

    def __init__(self, *args: Any, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cohorts: Any = self.fields["cohort"]
        cohorts.queryset = (
            Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT)
            .select_related("program")
            .order_by("name")
        )
        cohorts.label_from_instance = lambda each: (
            _("%(name)s (%(free)d free)")
            % {
                "name": each.name,
                "free": each.free_seats,
            }
        )


class StepForm(Refusable):
    """One step with a place in line, and its reason for the person."""

    reason = forms.CharField(
        label=_("Reason, in words for the person"),
        max_length=250,
        widget=forms.Textarea(attrs=SMALL),
        help_text=_("The person reads this."),
    )

    def __init__(self, *args: Any, needed: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = needed


class PauseForm(Refusable):
    """A pause of a place."""

    start = forms.DateField(label=_("From"), widget=DateInput())
    end = forms.DateField(
        label=_("Until"), widget=DateInput(), required=False, help_text=_("Leave empty when not known.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=40)
    with_pay = forms.BooleanField(label=_("With pay or credit"), required=False)


class EndForm(Refusable):
    """The end of a place."""

    on = forms.DateField(label=_("Last day"), widget=DateInput())
    reason = forms.ChoiceField(label=_("Why it ends"))
    note = forms.CharField(
        label=_("Note"), required=False, max_length=250, widget=forms.Textarea(attrs=SMALL)
    )

    def __init__(self, *args: Any, reasons: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["reason"]
        choice.choices = [("", _("Choose a reason")), *reasons]


class ContinueForm(Refusable):
    """What becomes of something carried over from another facility."""

    decision = forms.ChoiceField(
        label=_("What becomes of it"),
        widget=forms.RadioSelect,
        choices=[
            ("continued", _("It goes on here")),
            ("kept", _("It is kept for later")),
            ("unavailable", _("It is not available here")),
        ],
    )
    cohort = forms.ModelChoiceField(
        label=_("In which cohort"), queryset=Cohort.objects.none(), required=False
    )
    override = forms.CharField(label=_("Why it should be so all the same"), required=False, max_length=180)

    def __init__(self, *args: Any, program: Program, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cohorts: Any = self.fields["cohort"]
        cohorts.queryset = Cohort.objects.filter(
            facility=facility, program=program, status__in=LIVE_COHORT
        ).order_by("name")
        cohorts.label_from_instance = lambda each: each.name
