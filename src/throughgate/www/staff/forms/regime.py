"""The form of a lockdown or modified regime."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.places.models import Facility, RegimeKind, Unit
from throughgate.www.staff.forms.programs import ManyByName
from throughgate.www.staff.shell import Refusable

MOMENT = "%Y-%m-%dT%H:%M"
LINES = {"rows": 2}


def moment(label: Any, **more: Any) -> forms.DateTimeField:
    """A day and time on the facility's clock."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
    return forms.DateTimeField(label=label, widget=widget, **more)


class RegimeForm(Refusable):
    """What is locked down, from when until when, why, and what others are told."""

    kind = forms.ChoiceField(label=_("What"), choices=RegimeKind.choices, widget=forms.RadioSelect)
    facilities = ManyByName(
        label=_("Facilities"), queryset=Facility.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    units = forms.ModelMultipleChoiceField(
        label=_("Units"),
        queryset=Unit.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick none for the whole facility. With some, only their people are left out."),
    )
    start = moment(_("From"))
    end = moment(_("Until"), help_text=_("It can be shortened or lifted later."))
    cause = forms.ChoiceField(label=_("Cause"))
    public_reason = forms.CharField(
        label=_("What others are told"),
        max_length=200,
        required=False,
        help_text=_("Leave empty for the words of the rules. Partners, visitors and participants read this."),
    )
    restricted_reason = forms.CharField(
        label=_("Restricted reason"),
        required=False,
        widget=forms.Textarea(attrs=LINES),
        help_text=_("For security and review only."),
    )

    def __init__(
        self,
        *args: Any,
        facilities: Sequence[Facility],
        causes: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        ids = [each.pk for each in facilities]
        fields["facilities"].queryset = Facility.objects.filter(pk__in=ids).order_by("name")
        fields["cause"].choices = causes
        units = Unit.objects.filter(facility__in=ids).select_related("facility")
        fields["units"].queryset = units.order_by("facility__name", "position", "name")
        several = len(ids) > 1
        fields["units"].label_from_instance = lambda each: (
            f"{each.facility.short_name}: {each.name}" if several else each.name
        )


class UntilForm(Refusable):
    """An earlier end."""

    until = moment(_("Ends at"))


def rounded(now: dt.datetime) -> dt.datetime:
    """The full minute."""
    return now.replace(second=0, microsecond=0)
