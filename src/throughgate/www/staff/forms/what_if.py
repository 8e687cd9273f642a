"""Forms of questions about seats: what would change."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base import ui
from throughgate.people.models import CLINICAL_DOMAINS, NeedDomain
from throughgate.places.models import Facility, Room, Weekday
from throughgate.programs.models import LIVE_COHORT, Cohort, Program
from throughgate.www.staff.shell import Refusable

if TYPE_CHECKING:
    OneCohort = forms.ModelChoiceField[Cohort]
    OneProgram = forms.ModelChoiceField[Program]
    ManyRooms = forms.ModelMultipleChoiceField[Room]
else:
    OneCohort = OneProgram = forms.ModelChoiceField
    ManyRooms = forms.ModelMultipleChoiceField


class _Run(OneCohort):
    def label_from_instance(self, obj: Cohort) -> str:
        return obj.name


class _Course(OneProgram):
    def label_from_instance(self, obj: Program) -> str:
        return obj.name


class _Rooms(ManyRooms):
    def label_from_instance(self, obj: Room) -> str:
        return obj.name


class _Asked(Refusable):
    """A question about one facility."""

    def __init__(self, *args: Any, facility: Facility) -> None:
        super().__init__(*args)
        self.facility = facility
        if "starts_on" in self.fields:
            day = facility.today()
            self.fields["starts_on"].initial = day + dt.timedelta(days=7 - day.weekday())

    def offer(self, name: str, rows: Any) -> None:
        """What may be chosen in a field."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows


def _days() -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        label=_("Days of the week"), choices=Weekday.choices, coerce=int, widget=forms.CheckboxSelectMultiple
    )


def _from(initial: dt.time) -> forms.TimeField:
    return forms.TimeField(label=_("From"), widget=ui.TimeInput, initial=initial)


class InstructorForm(_Asked):
    """A second group like one that runs."""

    cohort = _Run(
        queryset=Cohort.objects.none(), label=_("Which group would run twice?"), to_field_name="code"
    )
    weekdays = _days()
    starts = _from(dt.time(13))
    starts_on = forms.DateField(label=_("First day"), widget=ui.DateInput)
    weeks = forms.IntegerField(label=_("Weeks"), min_value=1, max_value=104, initial=12)

    def __init__(self, *args: Any, facility: Facility) -> None:
        super().__init__(*args, facility=facility)
        rows = Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, ends_on__gte=facility.today())
        self.offer("cohort", rows.order_by("name", "id"))


class RoomsForm(_Asked):
    """Rooms that would be closed."""

    rooms = _Rooms(
        queryset=Room.objects.none(),
        label=_("Which rooms would be closed?"),
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, facility: Facility) -> None:
        super().__init__(*args, facility=facility)
        self.offer("rooms", Room.objects.filter(facility=facility).order_by("name", "id"))


class EveningsForm(_Asked):
    """A program at another hour."""

    program = _Course(queryset=Program.objects.none(), label=_("Which program?"), to_field_name="code")
    starts = _from(dt.time(18, 15))

    def __init__(self, *args: Any, facility: Facility) -> None:
        super().__init__(*args, facility=facility)
        live = Cohort.objects.filter(facility=facility, status__in=LIVE_COHORT, ends_on__gte=facility.today())
        self.offer("program", Program.objects.filter(pk__in=live.values("program")).order_by("name", "id"))


class PartnerForm(_Asked):
    """A program that a new partner would bring."""

    name = forms.CharField(label=_("Name of the partner or program"), max_length=120)
    needs = forms.MultipleChoiceField(
        label=_("For which needs?"),
        choices=[each for each in NeedDomain.choices if each[0] not in CLINICAL_DOMAINS],
        widget=forms.CheckboxSelectMultiple,
    )
    seats = forms.IntegerField(label=_("Seats"), min_value=1, max_value=200, initial=12)
    weekdays = _days()
    starts = _from(dt.time(18, 15))
    minutes = forms.IntegerField(label=_("Minutes each time"), min_value=15, max_value=480, initial=90)
    starts_on = forms.DateField(label=_("First day"), widget=ui.DateInput)
    weeks = forms.IntegerField(label=_("Weeks"), min_value=1, max_value=104, initial=12)
