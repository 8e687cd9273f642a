"""Forms of the catalog, cohorts and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput, TimeInput
from throughgate.partners.models import Agreement, Organization, OrganizationStatus
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility, Room, Weekday
from throughgate.programs.models import (
    CohortStatus,
    EligibilityRule,
    Program,
)
from throughgate.visitors.models import Visitor
from throughgate.www.staff.shell import Refusable

SMALL = {"rows": 3}

if TYPE_CHECKING:
    OneOf = forms.ModelChoiceField[Any]
    SomeOf = forms.ModelMultipleChoiceField[Any]
else:
    OneOf, SomeOf = forms.ModelChoiceField, forms.ModelMultipleChoiceField


def working_partners() -> Any:
    """Partners that a program or cohort may belong to."""
    return Organization.objects.filter(
        status__in=[OrganizationStatus.APPROVED, OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED]
    ).order_by("name")


class ByName(OneOf):
    """Choose a row by its name."""

    def label_from_instance(self, obj: Any) -> str:
        """What the choice says."""
        return str(obj.name)


class ManyByName(SomeOf):
    """Choose rows by their names."""

    def label_from_instance(self, obj: Any) -> str:
        """What the choice says."""
        return str(obj.name)


class ProgramFilter(forms.Form):
    """What narrows the catalog."""

    q = forms.CharField(label=_("Words"), required=False)
    need = forms.ChoiceField(label=_("Need"), required=False, choices=[("", _("Any")), *NeedDomain.choices])
    here = forms.ChoiceField(
        label=_("Where"),
        required=False,
        choices=[
            ("", _("Everywhere")),
            ("running", _("Running here")),
            ("waiting", _("People in line here")),
        ],
    )


class ProgramForm(Refusable):
    """A program as it stands in the catalog."""

    name = forms.CharField(label=_("Name"), max_length=120)
    name_es = forms.CharField(label=_("Name in Spanish"), max_length=120, required=False)
    organization = ByName(
        label=_("Partner"),
        queryset=Organization.objects.none(),
        required=False,
        empty_label=_("The facility itself"),
    )
    summary = forms.CharField(label=_("What it is"), required=False, widget=forms.Textarea(attrs=SMALL))
    summary_es = forms.CharField(
        label=_("What it is, in Spanish"), required=False, widget=forms.Textarea(attrs=SMALL)
    )
    needs = forms.MultipleChoiceField(
        label=_("Needs addressed"), choices=NeedDomain.choices, widget=forms.CheckboxSelectMultiple
    )
    dose_hours = forms.DecimalField(
        label=_("Hours in full"), min_value=0, max_digits=6, decimal_places=1, help_text=_("Such as 36.5")
    )
    group_min = forms.IntegerField(label=_("Smallest group"), min_value=1, initial=1)
    group_max = forms.IntegerField(label=_("Largest group"), min_value=1)
    credential = forms.CharField(label=_("What one earns"), max_length=120, required=False)
    credit_rule = forms.CharField(
        label=_("Credit rule"),
        max_length=60,
        required=False,
        help_text=_("The code of a rule in the credit pack in force, if hours here earn credit."),
    )
    movement_label = forms.CharField(
        label=_("What lists call it"),
        max_length=60,
        required=False,
        help_text=_("A neutral word where the name would tell too much, such as Health appointment."),
    )
    part2 = forms.BooleanField(label=_("Substance-use treatment (42 CFR Part 2)"), required=False)
    listed = forms.BooleanField(label=_("In the catalog"), required=False, initial=True)
    prerequisites = ManyByName(
        label=_("Completed before"),
        queryset=Program.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=_("Programs that a person must have completed. Hold Ctrl to choose several."),
    )

    def __init__(self, *args: Any, program: Program | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Program.objects.order_by("name")
        organizations = working_partners()
        if program is not None:
            others = others.exclude(pk=program.pk)
            if program.organization_id:
                organizations = organizations | Organization.objects.filter(pk=program.organization_id)
        self.fields["prerequisites"].queryset = others  # type: ignore[attr-defined]
        self.fields["organization"].queryset = organizations  # type: ignore[attr-defined]


class ConditionForm(forms.Form):
    """One eligibility condition; an empty row is no condition."""

    fact = forms.ChoiceField(
        label=_("What is looked at"),
        required=False,
        choices=[("", _("No condition")), *EligibilityRule.Fact.choices],
    )
    test = forms.ChoiceField(label=_("How"), required=False, choices=EligibilityRule.Test.choices)
    value = forms.CharField(label=_("Value"), required=False, max_length=120)
    almost = forms.DecimalField(
        label=_("Almost, when this near"), required=False, max_digits=6, decimal_places=1
    )
    words = forms.CharField(label=_("In words"), required=False, max_length=160)
    words_es = forms.CharField(label=_("In words, Spanish"), required=False, max_length=160)
    required = forms.BooleanField(label=_("A must, not a wish"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        """A condition that looks at something needs its value and its words."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("fact"):
            for name, words in (
                ("value", _("Give the value that is asked for.")),
                ("words", _("Say the condition in words that a person can read.")),
            ):
                if not data.get(name):
                    self.add_error(name, words)
        return data


ConditionForms: type[BaseFormSet[ConditionForm]] = formset_factory(ConditionForm, extra=2, max_num=20)


class CohortForm(Refusable):
    """A run of a program in this facility."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Such as GED mathematics, spring"))
    starts_on = forms.DateField(label=_("First day"), widget=DateInput())
    ends_on = forms.DateField(label=_("Last day"), widget=DateInput())
    capacity = forms.IntegerField(label=_("Seats"), min_value=1)
    minimum = forms.IntegerField(label=_("Fewest people to run"), min_value=1, initial=1)
    room = ByName(label=_("Usual room"), queryset=Room.objects.none(), required=False)
    organization = ByName(
        label=_("Partner"),
        queryset=Organization.objects.none(),
        required=False,
        empty_label=_("The facility itself"),
    )
    agreement = forms.ModelChoiceField(
        label=_("Agreement"), queryset=Agreement.objects.none(), required=False
    )
    needs_officer = forms.BooleanField(label=_("An officer must be present"), required=False, initial=True)
    status = forms.ChoiceField(
        label=_("Status"),
        choices=[
            (status.value, status.label)
            for status in (CohortStatus.PLANNED, CohortStatus.OPEN, CohortStatus.RUNNING)
        ],
    )

    def __init__(self, *args: Any, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["room"].queryset = Room.objects.filter(facility=facility, active=True).order_by("name")
        fields["organization"].queryset = working_partners()
        fields["agreement"].queryset = (
            Agreement.objects.filter(facilities=facility, terminated_on__isnull=True)
            .select_related("organization")
            .order_by("organization__name", "title")
        )
        fields["agreement"].label_from_instance = lambda each: f"{each.organization.name}: {each.title}"


class SlotForm(forms.Form):
    """One weekly time; an empty row is none."""

    weekday = forms.TypedChoiceField(
        label=_("Day"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("No time")), *Weekday.choices],
    )
    starts = forms.TimeField(label=_("From"), required=False, widget=TimeInput())
    ends = forms.TimeField(label=_("Until"), required=False, widget=TimeInput())
    room = ByName(
        label=_("Room"), queryset=Room.objects.none(), required=False, empty_label=_("The usual room")
    )

    def __init__(self, *args: Any, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rooms: Any = self.fields["room"]
        rooms.queryset = Room.objects.filter(facility=facility, active=True).order_by("name")

    def clean(self) -> dict[str, Any]:
        """A day needs both times, the first before the second."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("weekday") is None:
            return data
        for name in ("starts", "ends"):
            if name not in self.errors and data.get(name) is None:
                self.add_error(name, _("Give the time, such as 13:00."))
        starts, ends = data.get("starts"), data.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", _("The time must end after it starts."))
        return data


SlotForms: type[BaseFormSet[SlotForm]] = formset_factory(SlotForm, extra=2, max_num=14)


class UsualForm(Refusable):
    """Who usually leads a cohort, and who covers."""

    leaders = ManyByName(
        label=_("Who leads"),
        queryset=Visitor.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Visitors with a clearance here."),
    )
    covers = ManyByName(
        label=_("Who covers"),
        queryset=Visitor.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, visitors: QuerySet[Visitor], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("leaders", "covers"):
            field: Any = self.fields[name]
            field.queryset = visitors


class MakeSessionsForm(Refusable):
    """Until when dated sessions are made."""

    through = forms.DateField(label=_("Make sessions until"), widget=DateInput())


class FinishForm(Refusable):
    """How a cohort ends."""

    on = forms.DateField(label=_("Last day"), widget=DateInput())
    reason = forms.ChoiceField(label=_("Why it ends"))
    completed = forms.MultipleChoiceField(
        label=_("Who completed it"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self,
        *args: Any,
        reasons: list[tuple[str, str]],
        people: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["reason"].choices = reasons
        fields["completed"].choices = people
