"""Forms about proposals for seats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.programs.models import (
    LIVE_COHORT,
    Cohort,
    Program,
    SeatProposal,
    WaitlistEntry,
    WaitStatus,
)
from throughgate.www.staff.shell import Refusable

if TYPE_CHECKING:
    OnePerson = forms.ModelChoiceField[Participant]
else:
    OnePerson = forms.ModelChoiceField

WHY = {"rows": 3}
HERE, EVERYWHERE = "here", "agency"


class _Named(OnePerson):
    def label_from_instance(self, obj: Participant) -> str:
        return obj.list_name


class AskForm(Refusable):
    """For which free seats a proposal is asked: all here, of one program or cohort, or of all my facilities."""

    seats = forms.ChoiceField(label=_("Which seats?"))

    def __init__(self, *args: Any, facility: Facility, several: bool) -> None:
        super().__init__(*args)
        live = list(
            Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, ends_on__gte=facility.today())
            .select_related("program")
            .order_by("name", "id")
        )
        self.cohorts = {each.code: each for each in live}
        self.programs: dict[str, Program] = {
            each.program.code: each.program for each in sorted(live, key=lambda one: one.program.name)
        }
        whole = [(HERE, _now("All free seats here"))]
        if several:
            whole.append((EVERYWHERE, _now("All free seats at all my facilities")))
        field = self.fields["seats"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            *whole,
            (_now("One program"), [(f"program {code}", each.name) for code, each in self.programs.items()]),
            (_now("One cohort"), [(f"cohort {code}", each.name) for code, each in self.cohorts.items()]),
        ]

    @property
    def everywhere(self) -> bool:
        """Whether all facilities of the actor are meant."""
        return bool(self.cleaned_data["seats"] == EVERYWHERE)

    @property
    def chosen(self) -> dict[str, Any]:
        """The one program or cohort that was chosen, as the verb takes it."""
        kind, _space, code = self.cleaned_data["seats"].partition(" ")
        if kind == "program":
            return {"program": self.programs[code]}
        return {"cohort": self.cohorts[code]} if kind == "cohort" else {}


class WhyForm(Refusable):
    """A decision's reason, for the record."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=250,
        widget=forms.Textarea(attrs=WHY),
        help_text=_(
            "At least 10 characters. It stays in the decision record, and an auditor reads it: name nobody."
        ),
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
