"""Forms of a dated session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import DateInput, TimeInput
from throughgate.places.models import Facility, Room
from throughgate.programs.models import Session
from throughgate.visitors.models import Visitor
from throughgate.www.staff.shell import Refusable

WHY = _("Why it should be so all the same")


class CancelForm(Refusable):
    """Why a session does not take place, and what others are told."""

    reason = forms.ChoiceField(label=_("Why"), widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("What those concerned are told"),
        max_length=200,
        required=False,
        help_text=_("Leave empty to use the public words of the reason. Never write about a person here."),
    )

    def __init__(self, *args: Any, reasons: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["reason"]
        choice.choices = reasons


class UndoForm(Refusable):
    """Take a cancellation back."""

    override = forms.CharField(
        label=WHY,
        max_length=120,
        required=False,
        help_text=_("Only when the time to take it back is over."),
    )


class WhenForm(Refusable):
    """A day, a time and a room on the facility's clock."""

    day = forms.DateField(label=_("Day"), widget=DateInput())
    starts = forms.TimeField(label=_("From"), widget=TimeInput())
    ends = forms.TimeField(label=_("Until"), widget=TimeInput())
    room = forms.ModelChoiceField(
        label=_("Room"), queryset=Room.objects.none(), required=False, empty_label=_("No room yet")
    )

    def __init__(self, *args: Any, facility: Facility, free: Sequence[Room] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.facility = facility
        rooms: Any = self.fields["room"]
        rooms.queryset = Room.objects.filter(facility=facility, active=True).order_by("name")
        open_now = {room.pk for room in free}
        rooms.label_from_instance = lambda each: (
            (
                _("%(room)s (%(seats)d seats, free at the time it has now)")
                if each.pk in open_now
                else _("%(room)s (%(seats)d seats)")
            )
            % {"room": each.name, "seats": each.capacity}
        )

    def clean(self) -> dict[str, Any]:
        """The end lies after the start."""
        data: dict[str, Any] = super().clean() or {}
        starts, ends = data.get("starts"), data.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", _("The session must end after it starts."))
        return data

    @property
    def moments(self) -> tuple[dt.datetime, dt.datetime]:
        """From and until as moments."""
        data = self.cleaned_data
        return self.facility.at(data["day"], data["starts"]), self.facility.at(data["day"], data["ends"])


class MoveForm(WhenForm):
    """Another time or room for a session."""

    override = forms.CharField(
        label=WHY,
        max_length=120,
        required=False,
        help_text=_("Only to move it without the people who are called elsewhere then. They read this."),
    )


class SessionForm(WhenForm):
    """One more session of a cohort."""

    title = forms.CharField(
        label=_("Title"), max_length=120, required=False, help_text=_("Leave empty for the program's name.")
    )


class OutcomeForm(Refusable):
    """What became of a session that took place."""

    minutes = forms.IntegerField(
        label=_("Minutes it lasted"),
        min_value=1,
        required=False,
        help_text=_("Leave empty when it lasted as long as planned."),
    )


class OfficerForm(Refusable):
    """Which officer or escort is there."""

    officer = forms.CharField(label=_("Officer, escort or post"), max_length=80)


class LeadForm(Refusable):
    """Who leads or covers a session."""

    visitor = forms.ModelChoiceField(label=_("Who comes"), queryset=Visitor.objects.none())
    instead_of = forms.ModelChoiceField(
        label=_("Instead of"),
        queryset=Visitor.objects.none(),
        required=False,
        empty_label=_("Nobody: beside the others"),
    )

    def __init__(
        self, *args: Any, visitors: Iterable[Visitor], leaders: Iterable[Visitor], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        for name, rows in (("visitor", visitors), ("instead_of", leaders)):
            fields[name].queryset = Visitor.objects.filter(pk__in=[row.pk for row in rows]).select_related(
                "organization"
            )
            fields[name].label_from_instance = said
        if not leaders:
            del fields["instead_of"]


def said(visitor: Visitor) -> str:
    """A visitor with their organization."""
    return f"{visitor.name} · {visitor.organization.name}" if visitor.organization else visitor.name


class MarksForm(Refusable):
    """What goes with the marks of everybody called."""

    why = forms.CharField(
        label=_("Why it is corrected"),
        max_length=250,
        required=False,
        help_text=_("Needed only when the time to change a mark is over."),
    )


def begin_at(session: Session) -> dict[str, Any]:
    """A session's day, time and room as a form shows them."""
    starts = session.starts_at.astimezone(session.facility.zone)
    ends = session.ends_at.astimezone(session.facility.zone)
    return {"day": starts.date(), "starts": starts.time(), "ends": ends.time(), "room": session.room_id}
