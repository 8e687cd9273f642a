"""Forms of partnerships: vetting, documents, agreements, proposals, messages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput
from throughgate.partners.models import AgreementKind, Document, ItemState, OrganizationKind, SignedHow
from throughgate.places.models import Facility, Room
from throughgate.www.partner.forms import area
from throughgate.www.staff.forms.programs import ManyByName
from throughgate.www.staff.shell import Refusable


class BeginForm(Refusable):
    """An organization taken on for vetting, and who speaks for it."""

    name = forms.CharField(label=_("Name"), max_length=250)
    kind = forms.ChoiceField(label=_("Kind"), choices=OrganizationKind.choices)
    description = area(_("What it does"), rows=2)
    contact_name = forms.CharField(label=_("Contact"), max_length=120)
    contact_email = forms.EmailField(
        label=_("Contact's e-mail"), help_text=_("They can sign in from now on and see their own page alone.")
    )

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            for name in ("name", "kind", "description"):
                del self.fields[name]


class MoveForm(Refusable):
    """A step to another stage."""

    words = area(_("What the organization is told"))
    restricted = area(
        _("Restricted reason"), help_text=_("For the staff alone; the organization never sees it."), rows=2
    )

    def __init__(self, *args: Any, restricted: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not restricted:
            del self.fields["restricted"]


class ItemForm(Refusable):
    """What somebody says of one thing on the list."""

    state = forms.ChoiceField(label=_("State"), choices=ItemState.choices, widget=forms.RadioSelect)
    words = area(_("What showed it, or why it is waived"))
    document = forms.ModelChoiceField(
        label=_("Document"),
        queryset=Document.objects.none(),
        required=False,
        empty_label=_("None"),
        to_field_name="code",
    )
    on = forms.DateField(label=_("Looked at on"), widget=DateInput())
    valid_until = forms.DateField(
        label=_("Holds until"),
        widget=DateInput(),
        required=False,
        help_text=_("Left empty: as long as the document, or as the rules say."),
    )

    def __init__(self, *args: Any, documents: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["document"]
        field.queryset = documents
        field.label_from_instance = lambda row: row.title or row.file_name or row.code


class AskForm(Refusable):
    """A document that is asked for."""

    kind = forms.ChoiceField(label=_("Which document"))
    words = area(_("What is needed"), rows=2)
    needed_by = forms.DateField(label=_("Needed by"), widget=DateInput(), required=False)

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kind"]
        field.choices = kinds


class RecordForm(Refusable):
    """A document that staff hold themselves."""

    kind = forms.ChoiceField(label=_("Which document"))
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    valid_from = forms.DateField(label=_("Holds from"), widget=DateInput(), required=False)
    valid_until = forms.DateField(label=_("Holds until"), widget=DateInput(), required=False)
    paper_at = forms.CharField(label=_("Where the paper lies"), max_length=200, required=False)
    file = forms.FileField(label=_("File"), required=False, help_text=_("PDF, JPEG, PNG or plain text"))

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kind"]
        field.choices = kinds


class LookForm(Refusable):
    """What is said of a document that was sent."""

    choice = forms.ChoiceField(
        label=_("Does it do?"),
        choices=[("accept", _("Yes, accept it")), ("return", _("No, send it back"))],
        widget=forms.RadioSelect,
    )
    valid_from = forms.DateField(label=_("Holds from"), widget=DateInput(), required=False)
    valid_until = forms.DateField(label=_("Holds until"), widget=DateInput(), required=False)
    words = area(_("What is wrong with it"), rows=2)


class DraftForm(Refusable):
    """A draft of an agreement."""

    kind = forms.ChoiceField(label=_("Kind"), choices=AgreementKind.choices)
    title = forms.CharField(label=_("Title"), max_length=200)
    parties = area(_("Parties"), rows=2)
    terms = area(_("What each side does"), rows=8, help_text=_("Paragraphs, as they are to be printed."))
    facilities = ManyByName(
        label=_("Facilities"), queryset=Facility.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    programs = area(
        _("Programs, one a line"), rows=2, help_text=_("Left empty: all that the facilities agree to.")
    )
    first = forms.DateField(label=_("From"), widget=DateInput())
    until = forms.DateField(label=_("Until"), widget=DateInput(), help_text=_("The last day that counts"))
    notice_days = forms.IntegerField(label=_("Notice (days)"), min_value=0, max_value=3650, initial=30)

    def __init__(self, *args: Any, facilities: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["facilities"]
        field.queryset = facilities

    def clean_programs(self) -> list[str]:
        """Names, one a line."""
        return [line.strip()[:120] for line in self.cleaned_data["programs"].splitlines() if line.strip()]


class SignForm(Refusable):
    """A signature, for the agency or as it stands on paper."""

    side = forms.ChoiceField(
        label=_("Which side"),
        choices=[("us", _("For the agency")), ("them", _("For the organization, on paper"))],
        widget=forms.RadioSelect,
    )
    name = forms.CharField(label=_("Who signed"), max_length=120)
    office = forms.CharField(label=_("Office"), max_length=120, required=False)
    on = forms.DateField(label=_("Signed on"), widget=DateInput())
    how = forms.ChoiceField(
        label=_("How"),
        choices=[each for each in SignedHow.choices if each[0] != SignedHow.LINK],
        widget=forms.RadioSelect,
        initial=SignedHow.PAPER,
    )
    statement = area(_("Statement"), rows=2, help_text=_("What was agreed to, when it is not on paper."))


class SendForm(Refusable):
    """To whom an agreement goes for signature."""

    email = forms.EmailField(
        label=_("Also to this address"),
        required=False,
        help_text=_("It goes to those who lead for the organization in any case."),
    )


class AnswerOfferForm(Refusable):
    """What is said to an offer."""

    choice = forms.ChoiceField(
        label=_("Your answer"),
        choices=[("take", _("Take it up")), ("decline", _("Decline"))],
        widget=forms.RadioSelect,
    )
    chain = forms.ChoiceField(label=_("The way it goes"), widget=forms.RadioSelect)
    words = area(_("Words to the partner"))

    def __init__(self, *args: Any, chains: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["chain"]
        field.choices = chains
        field.initial = chains[0][0] if chains else ""


class DecideForm(Refusable):
    """A decision on one step."""

    choice = forms.ChoiceField(
        label=_("Your decision"),
        choices=[
            ("approved", _("Approve")),
            ("returned", _("Send it back with questions")),
            ("declined", _("Decline")),
        ],
        widget=forms.RadioSelect,
    )
    checked = forms.MultipleChoiceField(
        label=_("Looked at"), required=False, widget=forms.CheckboxSelectMultiple
    )
    evidence = area(_("What shows the outside decision"), rows=2, help_text=_("Letter, day, number."))
    words = area(_("Words to the partner"))

    def __init__(self, *args: Any, checks: list[tuple[str, str]], outside: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if checks:
            field: Any = self.fields["checked"]
            field.choices = checks
        else:
            del self.fields["checked"]
        if not outside:
            del self.fields["evidence"]


class ProgramFromForm(Refusable):
    """The first group of an approved proposal."""

    starts_on = forms.DateField(label=_("First day"), widget=DateInput())
    ends_on = forms.DateField(label=_("Last day"), widget=DateInput())
    capacity = forms.IntegerField(label=_("Seats"), min_value=1, max_value=500)
    room = forms.ModelChoiceField(label=_("Room"), queryset=Room.objects.none(), required=False)
    movement_label = forms.CharField(
        label=_("What lists call it"),
        max_length=60,
        required=False,
        help_text=_("A neutral word where the name would tell too much."),
    )
    needs_officer = forms.BooleanField(label=_("An officer must be present"), required=False, initial=True)

    def __init__(self, *args: Any, rooms: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["room"]
        field.queryset = rooms
