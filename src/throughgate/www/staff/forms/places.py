"""Forms of a facility and what stands in it, so that no developer is needed to keep it true."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput, TimeInput
from throughgate.places.models import Agency, DayPart, Facility, FacilityKind, Weekday
from throughgate.places.words import NEUTRAL
from throughgate.policies.queries import jurisdictions
from throughgate.www.staff.shell import Refusable

POPULATIONS = [("men", _("Men")), ("women", _("Women")), ("all", _("Everyone"))]
WORKWEEK = [0, 1, 2, 3, 4]


def zones() -> list[tuple[str, str]]:
    """Time zones to choose from."""
    names = sorted(
        name
        for name in zoneinfo.available_timezones()
        if name.startswith(("America/", "Pacific/", "Europe/"))
    )
    return [(name, name.replace("_", " ")) for name in [*names, "UTC"]]


class FacilityForm(Refusable):
    """A facility as visitors, lists and rules know it."""

    name = forms.CharField(label=_("Name"), max_length=120)
    short_name = forms.CharField(label=_("Short name"), max_length=30, help_text=_("For lists and slips"))
    kind = forms.ChoiceField(label=_("Kind"), choices=FacilityKind.choices)
    population = forms.ChoiceField(label=_("Who lives here"), choices=POPULATIONS)
    jurisdiction = forms.ChoiceField(label=_("Which rules apply"))
    timezone = forms.ChoiceField(label=_("Time zone"))
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    city = forms.CharField(label=_("City"), max_length=80, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    gate_instructions = forms.CharField(
        label=_("What visitors should know at the gate"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {*jurisdictions(), facility.jurisdiction}
        fields: Any = self.fields
        fields["jurisdiction"].choices = [(each, each) for each in sorted(known)]
        fields["timezone"].choices = zones()


class AgencyForm(Refusable):
    """The agency, and a field for each word that it may have another word for."""

    name = forms.CharField(label=_("Name"), max_length=120)
    jurisdiction = forms.ChoiceField(label=_("Which rules apply"))
    timezone = forms.ChoiceField(label=_("Time zone"))

    def __init__(self, *args: Any, agency: Agency, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        known = {*jurisdictions(), agency.jurisdiction}
        fields["jurisdiction"].choices = [(each, each) for each in sorted(known)]
        fields["timezone"].choices = zones()
        for term in NEUTRAL:
            self.fields[field_of(term)] = forms.CharField(
                label=_("Your word for “%(term)s”") % {"term": NEUTRAL[term]}, max_length=40, required=False
            )

    def facts(self, data: dict[str, Any]) -> dict[str, Any]:
        """What was sent, as ``save_agency`` takes it."""
        labels = {term: data[field_of(term)] for term in NEUTRAL}
        return {"labels": labels, **{name: data[name] for name in ("name", "jurisdiction", "timezone")}}


def field_of(term: str) -> str:
    """The name of the field for a word."""
    return "word_" + term.replace(" ", "_").replace("-", "_")


def words_of(agency: Agency) -> dict[str, str]:
    """The agency's own words, by field of the form."""
    return {field_of(term): word for term, word in agency.labels.items()}


class UnitForm(Refusable):
    """A housing unit."""

    name = forms.CharField(label=_("Name"), max_length=40)
    beds = forms.IntegerField(label=_("Beds"), min_value=0, max_value=32767)
    position = forms.IntegerField(
        label=_("Order on lists"),
        min_value=0,
        max_value=32767,
        initial=0,
        help_text=_("Small numbers come first"),
    )


class RoomForm(Refusable):
    """A room for sessions."""

    name = forms.CharField(label=_("Name"), max_length=60)
    capacity = forms.IntegerField(label=_("Seats"), min_value=1, max_value=32767)
    step_free = forms.BooleanField(label=_("Step-free"), required=False)
    has_screen = forms.BooleanField(label=_("Screen or video link"), required=False)
    active = forms.BooleanField(label=_("In use"), required=False, initial=True)


def days_field() -> forms.TypedMultipleChoiceField:
    """Days of the week to tick."""
    return forms.TypedMultipleChoiceField(
        label=_("Days"),
        coerce=int,
        choices=Weekday.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=WORKWEEK,
    )


class CountForm(Refusable):
    """A standing count."""

    starts = forms.TimeField(label=_("Starts"), widget=TimeInput())
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=600, initial=30)
    weekdays = days_field()


class WindowForm(Refusable):
    """When people may be moved."""

    part = forms.ChoiceField(label=_("Part of the day"), choices=DayPart.choices)
    opens = forms.TimeField(label=_("Opens"), widget=TimeInput())
    closes = forms.TimeField(label=_("Closes"), widget=TimeInput())
    weekdays = days_field()


class ClosedDayForm(Refusable):
    """A day without programs, beside the holidays of the rules."""

    day = forms.DateField(label=_("Day"), widget=DateInput())
    name = forms.CharField(label=_("Why"), max_length=80)
