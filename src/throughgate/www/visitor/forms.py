"""Forms of a visitor's own pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput
from throughgate.places.models import Facility
from throughgate.visitors.models import Conflict
from throughgate.www.staff.shell import Refusable


class ClaimForm(Refusable):
    """Since when something is there; the facility confirms it once it has seen it."""

    on = forms.DateField(
        label=_("Date on it"),
        widget=DateInput(),
        help_text=_("Bring it along: somebody looks at it at the gate and gives it back. Do not send it."),
    )


class ReferenceForm(Refusable):
    """Somebody who can say something about you."""

    name = forms.CharField(label=_("Their name"), max_length=120)
    email = forms.EmailField(label=_("Their e-mail"))
    relation = forms.CharField(label=_("How they know you"), max_length=120)


class FacilityField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Facilities by name."""

    def label_from_instance(self, obj: Any) -> str:
        """Its full name."""
        return str(obj.name)


class TieForm(Refusable):
    """A tie to somebody inside, or to the facility."""

    facility = FacilityField(label=_("Facility"), queryset=Facility.objects.none(), empty_label=None)
    kind = forms.ChoiceField(label=_("What it is"), choices=Conflict.Kind.choices)
    about = forms.CharField(label=_("With whom, as well as you know it"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["facility"].queryset = Facility.objects.filter(active=True).order_by("name")


class AnotherForm(Refusable):
    """A further facility to come into."""

    facility = FacilityField(label=_("Facility"), queryset=Facility.objects.none(), empty_label=None)

    def __init__(self, *args: Any, taken: set[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["facility"].queryset = (
            Facility.objects.filter(active=True)
            .exclude(pk__in=taken)
            .exclude(kind="community_office")
            .order_by("name")
        )
