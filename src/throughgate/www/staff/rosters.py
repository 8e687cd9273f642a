"""Rosters of partners: hand one in, see how many were found, and decide where the model cannot."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb
from throughgate.outcomes import actions, queries
from throughgate.outcomes.models import Roster, RosterRecord
from throughgate.partners.models import Organization
from throughgate.people.models import Participant
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.shell import Refusable, attempt, done, edit, found, run_now, sent, show, staff

DOOR = "outcomes"
READ = "names, and whether dates of birth agree"


class RosterForm(Refusable):
    """A partner's list of whom it served."""

    organization = forms.ModelChoiceField(
        label=gettext_lazy("Partner"), queryset=Organization.objects.none(), to_field_name="code"
    )
    program_name = forms.CharField(label=gettext_lazy("Program"), max_length=120)
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV with first_name and last_name; better with birth_date, sex, reference, started_on, completed, hours."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Organization.objects.order_by("name", "id")


def _home() -> list[Crumb]:
    return [Crumb(_("Outcomes"), reverse("staff:outcomes")), Crumb(_("Rosters"), reverse("staff:rosters"))]


@staff(Permission.EVALUATE)
def rosters(request: HttpRequest) -> HttpResponse:
    """Rosters with how many of their people were found."""
    return show(request, "rosters", DOOR, {"rosters": queries.rosters(), "crumbs": _home()[:1]})


@staff(Permission.EVALUATE)
def roster_new(request: HttpRequest) -> HttpResponse:
    """Hand a roster in."""
    form = RosterForm(sent(request), request.FILES or None)
    made: list[Roster] = []

    def hand_in(facts: dict[str, Any]) -> None:
        upload: UploadedFile[bytes] = facts["file"]
        made.append(
            actions.hand_in_roster(
                by=actor_of(request), organization=facts["organization"], program_name=facts["program_name"],
                file_name=upload.name or "roster.csv", content=upload.read(),
            )
        )  # fmt: skip

    if attempt(request, form, hand_in):
        url = reverse("staff:roster_links", args=[made[0].code])
        return done(request, _("The list is here; its people are being looked for."), url)
    return edit(
        request, form, door=DOOR, title=_("Hand in a roster"), button=_("Find these people"),
        cancel_url=reverse("staff:rosters"), crumbs=[*_home(), Crumb(_("Hand in"))],
        lede=_("Names and dates of birth stay with those who evaluate. What comes out are totals."),
    )  # fmt: skip


@staff(Permission.EVALUATE)
def roster_links(request: HttpRequest, code: str) -> HttpResponse:
    """One roster: its quality, the rows that were refused, and the doubts to decide."""
    roster = queries.roster(code)
    not_found(roster is not None)
    assert roster is not None
    doubts = queries.to_decide(roster)
    note_read(request, [each.person.pk for _row, people in doubts for each in people], READ)
    lines = [
        {
            "record": record,
            "people": [(each.person, round(100 * each.share), _agrees(each.same_birth)) for each in people],
        }
        for record, people in doubts
    ]
    context = {"roster": roster, "lines": lines, "crumbs": [*_home(), Crumb(roster.organization.name)]}
    return show(request, "roster_links", DOOR, context)


def _agrees(same: bool | None) -> str:
    if same is None:
        return _("date of birth not known")
    return _("same date of birth") if same else _("another date of birth")


@staff(Permission.EVALUATE)
@require_POST
def roster_decide(request: HttpRequest, code: str, line: int) -> HttpResponseRedirect:
    """Say who is meant by a row, or that nobody here is."""
    roster = queries.roster(code)
    not_found(roster is not None)
    record = found(RosterRecord.objects.filter(roster=roster), line=line)
    chosen = request.POST.get("person", "")
    person = found(Participant.objects.all(), code=chosen) if chosen else None
    url = reverse("staff:roster_links", args=[code])
    words = _("Kept: this is the person.") if person else _("Kept: nobody here is meant.")
    return run_now(
        request,
        lambda: actions.decide_link(by=actor_of(request), record=record, participant=person),
        words,
        url,
    )
