"""Forms about one person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput
from throughgate.partners.models import Organization, OrganizationStatus
from throughgate.people.models import (
    CLINICAL_DOMAINS,
    Absence,
    AccessNeed,
    Consent,
    DateKind,
    KeepApart,
    Need,
    NeedDomain,
    Participant,
)
from throughgate.places.models import Facility, FacilityKind, Unit
from throughgate.www.staff.forms.programs import ByName
from throughgate.www.staff.shell import HereFilter, Place, Refusable

LINES = {"rows": 3}


def choices_of(model: Any, field: str) -> list[tuple[str, Any]]:
    """The choices of a model's field."""
    return list(model._meta.get_field(field).choices)


class CaseFilter(HereFilter):
    """What narrows the case list."""

    words = forms.CharField(label=_("Name"), required=False)
    unit = forms.ChoiceField(label=_("Unit"), required=False)
    kind = forms.ChoiceField(label=_("What is due"), required=False)
    within = forms.TypedChoiceField(
        label=_("Due"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", _("Any time")),
            (0, _("Late or today")),
            (7, _("Within 7 days")),
            (30, _("Within 30 days")),
        ],
    )

    KINDS = [
        ("", _("Anything")),
        ("change", _("Changes")),
        ("release", _("Release near or passed")),
        ("date", _("Release date not known")),
        ("review", _("Reviews")),
        ("consent", _("Consents that end")),
    ]

    def __init__(self, *args: Any, place: Place, units: list[Unit], **kwargs: Any) -> None:
        super().__init__(*args, place=place, **kwargs)
        fields: Any = self.fields
        fields["unit"].choices = [("", _("Every unit")), *((each.code, each.name) for each in units)]
        fields["kind"].choices = self.KINDS


class AbsenceForm(Refusable):
    """A temporary absence: places wait, nobody is called."""

    kind = forms.ChoiceField(label=_("Where to"), choices=choices_of(Absence, "kind"))
    starts_at = forms.DateTimeField(
        label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    ends_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Leave empty when not known."),
    )


class TransferForm(Refusable):
    """To another facility, with everything that is the person's."""

    to = ByName(label=_("To"), queryset=Facility.objects.none())
    on = forms.DateField(label=_("Day"), widget=DateInput())
    reason = forms.CharField(label=_("Reason"), max_length=30)

    def __init__(self, *args: Any, person: Participant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["to"].queryset = (
            Facility.objects.filter(active=True)
            .exclude(pk=person.facility_id)
            .exclude(kind=FacilityKind.COMMUNITY_OFFICE)
            .order_by("name")
        )


class ReleaseForm(Refusable):
    """Release to the office that goes on with the person."""

    on = forms.DateField(label=_("Day"), widget=DateInput())
    to_office = ByName(
        label=_("Office that goes on with the person"),
        queryset=Facility.objects.none(),
        required=False,
        empty_label=_("None"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=30, initial="released")

    def __init__(self, *args: Any, person: Participant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["to_office"].queryset = Facility.objects.filter(
            active=True, kind=FacilityKind.COMMUNITY_OFFICE
        ).order_by("name")


class UnitMoveForm(Refusable):
    """Another unit or cell here."""

    unit = ByName(label=_("Unit"), queryset=Unit.objects.none(), required=False)
    cell = forms.CharField(label=_("Cell or bed"), max_length=20, required=False)

    def __init__(self, *args: Any, person: Participant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["unit"].queryset = Unit.objects.filter(facility=person.facility_id).order_by(
            "position", "name"
        )


class ReleaseDateForm(Refusable):
    """A release date as custody gives it, or why there is none."""

    kind = forms.ChoiceField(label=_("Which date"), choices=DateKind.choices, initial=DateKind.PROJECTED)
    on = forms.DateField(label=_("Date"), widget=DateInput(), required=False)
    unknown_reason = forms.CharField(label=_("Why it is not known"), max_length=100, required=False)
    source = forms.CharField(
        label=_("Source"), max_length=60, help_text=_("Who says so, such as Records office")
    )
    as_of = forms.DateField(
        label=_("As of"), widget=DateInput(), help_text=_("The day on which this was true")
    )


class NeedForm(Refusable):
    """An assessed need outside the clinical areas."""

    domain = forms.ChoiceField(
        label=_("Area"),
        choices=[(each.value, each.label) for each in NeedDomain if each not in CLINICAL_DOMAINS],
        help_text=_("Clinical areas are kept by the treating partner, with the person's consent."),
    )
    level = forms.TypedChoiceField(label=_("Level"), coerce=int, choices=choices_of(Need, "level"))
    as_of = forms.DateField(label=_("Assessed on"), widget=DateInput())
    tool = forms.CharField(label=_("Tool and version"), max_length=60, required=False)


class AccessNeedForm(Refusable):
    """What a session must offer so that the person can take part."""

    kind = forms.ChoiceField(label=_("Need"), choices=choices_of(AccessNeed, "kind"))
    note = forms.CharField(
        label=_("What helps"),
        max_length=200,
        required=False,
        help_text=_("The need, never the diagnosis."),
    )


class KeepApartForm(Refusable):
    """Two people who must not be in the same room."""

    other = forms.CharField(
        label=_("The other person"), max_length=40, help_text=_("Their number or code, exactly.")
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=choices_of(KeepApart, "reason"))
    note = forms.CharField(label=_("Restricted note"), required=False, widget=forms.Textarea(attrs=LINES))
    source = forms.CharField(label=_("Who ordered it"), max_length=60)
    starts_on = forms.DateField(label=_("From"), widget=DateInput())
    ends_on = forms.DateField(label=_("Until"), widget=DateInput(), required=False)


class ConsentForm(Refusable):
    """What the person signed, whole."""

    organization = ByName(
        label=_("Who receives it"),
        queryset=Organization.objects.none(),
        required=False,
        empty_label=_("Somebody outside this system"),
    )
    recipient_words = forms.CharField(
        label=_("Who receives it, in words"), max_length=200, help_text=_("As the signed form says it")
    )
    purpose = forms.CharField(label=_("What for"), max_length=200)
    what = forms.CharField(label=_("What may be shared"), widget=forms.Textarea(attrs=LINES))
    fields_named = forms.CharField(
        label=_("Facts, one a line"),
        widget=forms.Textarea(attrs=LINES),
        help_text=_("Such as: attendance, release date"),
    )
    tier = forms.TypedChoiceField(
        label=_("How sensitive"),
        coerce=int,
        choices=[
            (1, _("Name, unit and calls")),
            (2, _("Release date, needs, attendance, progress")),
            (3, _("Clinical facts")),
        ],
    )
    form_version = forms.CharField(label=_("Form version"), max_length=40)
    form_text = forms.CharField(
        label=_("The text that was signed"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Kept as a digest, so that the very words can be proven later."),
    )
    language = forms.ChoiceField(label=_("Read in"), choices=[("en", _("English")), ("es", _("Spanish"))])
    channel = forms.ChoiceField(label=_("How it was signed"), choices=choices_of(Consent, "channel"))
    witness = forms.CharField(label=_("Witness"), max_length=120)
    expires_on = forms.DateField(label=_("Ends on"), widget=DateInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["organization"].queryset = Organization.objects.filter(
            status=OrganizationStatus.ACTIVE
        ).order_by("name")


class EmergencyForm(Refusable):
    """Why one record is needed now."""

    reason = forms.CharField(
        label=_("Why you need this record now"),
        widget=forms.Textarea(attrs=LINES),
        help_text=_(
            "At least 20 characters. Somebody else reads this, and the person can see that you looked."
        ),
    )


class FindingForm(Refusable):
    """What somebody else thinks of an opening."""

    finding = forms.CharField(label=_("What you found"), max_length=200)


class RegisterForm(Refusable):
    """Somebody who has arrived."""

    last_name = forms.CharField(label=_("Last name"), max_length=80)
    first_name = forms.CharField(label=_("First name"), max_length=80)
    birth_date = forms.DateField(label=_("Date of birth"), widget=DateInput(), required=False)
    system = forms.CharField(label=_("Number system"), max_length=30, help_text=_("Such as HB-DOC"))
    number = forms.CharField(label=_("Number"), max_length=60)
    unit = ByName(label=_("Unit"), queryset=Unit.objects.none(), required=False)
    on = forms.DateField(label=_("Arrived on"), widget=DateInput())
    reason = forms.CharField(label=_("Reason for arriving"), max_length=30)
    source = forms.CharField(label=_("Source"), max_length=60, help_text=_("Who says so, such as Reception"))

    def __init__(self, *args: Any, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["unit"].queryset = Unit.objects.filter(facility=facility).order_by("position", "name")
