"""Forms about proposals for seats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.programs.models import (
    LIVE_COHORT,
    Cohort,
    SeatProposal,
    WaitlistEntry,
    WaitStatus,
)
from throughgate.www.staff.shell import Refusable

if TYPE_CHECKING:
    OneCohort = forms.ModelChoiceField[Cohort]
    OnePerson = forms.ModelChoiceField[Participant]
else:
    OneCohort = OnePerson = forms.ModelChoiceField

WHY = {"rows": 3}


class _Named(OnePerson):
    def label_from_instance(self, obj: Participant) -> str:
        return obj.list_name


class _Run(OneCohort):
    def label_from_instance(self, obj: Cohort) -> str:
        return obj.name


class AskForm(Refusable):
    """For what a proposal is asked."""

    cohort = _Run(
        queryset=Cohort.objects.none(),
        label=_("Which seats?"),
        required=False,
        to_field_name="code",
        empty_label=_("All free seats here"),
    )

    def __init__(self, *args: Any, facility: Facility) -> None:
        super().__init__(*args)
        field = self.fields["cohort"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Cohort.objects.filter(
            facility=facility, status__in=LIVE_COHORT, ends_on__gte=facility.today()
        ).order_by("name", "id")


class WhyForm(Refusable):
    """A decision's reason, for the record."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=250,
        widget=forms.Textarea(attrs=WHY),
        help_text=_("At least 10 characters. It stays in the decision record."),
    )


class InsteadForm(WhyForm):
    """Who gets the seat instead, and why."""

    participant = _Named(
        queryset=Participant.objects.none(), label=_("Who gets the seat?"), to_field_name="code"
    )
    field_order = ("participant", "reason")

    def __init__(self, *args: Any, proposal: SeatProposal) -> None:
        super().__init__(*args)
        in_line = WaitlistEntry.objects.filter(program=proposal.cohort.program_id, status=WaitStatus.APPROVED)
        field = self.fields["participant"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = (
            Participant.objects.filter(
                facility=proposal.plan.facility_id, pk__in=in_line.values("participant")
            )
            .exclude(pk=proposal.participant_id)
            .order_by("sort_name", "id")
        )
