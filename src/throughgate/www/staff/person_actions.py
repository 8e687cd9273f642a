"""What one may do for a person: each a form of its own, behind the permission it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission as P
from throughgate.access.reading import note_read
from throughgate.base.codes import clean
from throughgate.base.errors import Reason, Refused
from throughgate.base.ui import Crumb
from throughgate.people import actions
from throughgate.people.models import Absence, Change, Consent, KeepApart, Participant
from throughgate.people.queries import find
from throughgate.programs.actions import line, seats
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.forms import people as forms
from throughgate.www.staff.forms.line import AskForm, PlaceForm
from throughgate.www.staff.settings import key_of
from throughgate.www.staff.shell import (
    Refusable,
    attempt,
    done,
    edit,
    found,
    here,
    own,
    run_now,
    sent,
    staff,
)


def home() -> Crumb:
    """The way back to the case list."""
    return Crumb(_("People"), reverse("staff:people"))


Run = Callable[[Actor, Participant, dict[str, Any]], Any]


@dataclass(frozen=True)
class Doing:
    """One thing to do for a person: who may, the form, the words, the verb."""

    permission: P
    title: Any
    button: Any
    said: Any
    form: Callable[[HttpRequest, Participant], Refusable]
    run: Run
    danger: bool = False
    note: Any = ""


def _simple(form: type[Refusable], **start: Callable[[Participant], Any]) -> Any:
    """A form without anything of its own to know about the person, begun with these values."""

    def make(request: HttpRequest, who: Participant) -> Refusable:
        return form(sent(request), initial={name: value(who) for name, value in start.items()})

    return make


def _of_person(form: Any, **start: Callable[[Participant], Any]) -> Any:
    def make(request: HttpRequest, who: Participant) -> Refusable:
        made: Refusable = form(
            sent(request), initial={name: value(who) for name, value in start.items()}, person=who
        )
        return made

    return make


def today(who: Participant) -> dt.date:
    """The local day of the person's facility."""
    return who.facility.today()


def _seat_form(request: HttpRequest, who: Participant) -> Refusable:
    form = PlaceForm(sent(request), facility=who.facility)
    if not actor_of(request).can(P.OVERRIDE_BOOKING, who.facility_id):
        del form.fields["override"]
    return form


def _ask_form(request: HttpRequest, who: Participant) -> Refusable:
    form = AskForm(sent(request), initial={"requested_on": today(who), "requested_by": "self"})
    if not actor_of(request).can(P.OVERRIDE_BOOKING, who.facility_id):
        del form.fields["override"]
    return form


def _keep_apart(by: Actor, who: Participant, data: dict[str, Any]) -> Any:
    others = find(by, data.pop("other"))
    people = [*others.mine, *others.elsewhere]
    if len(people) != 1:
        text = _("No one person has this number or code.")
        raise Refused(Reason("nobody", text, _("Type it exactly."), field="other"))
    other = others.mine[0] if others.mine else Participant(pk=others.elsewhere[0].participant_id)
    return actions.add_keep_apart(by=by, first=who, second=other, **data)


def _consent(by: Actor, who: Participant, data: dict[str, Any]) -> Any:
    named = [each.strip() for each in data.pop("fields_named").replace(",", "\n").splitlines()]
    last = data.pop("expires_on")
    expires = who.facility.at(last + dt.timedelta(days=1), dt.time())
    return actions.give_consent(
        by=by, participant=who, fields=[each for each in named if each], expires_at=expires, **data
    )


DOINGS: dict[str, Doing] = {
    "line": Doing(
        P.MANAGE_WAITLIST,
        gettext_lazy("Put in line for a program"),
        gettext_lazy("Put in line"),
        gettext_lazy("%(name)s has asked for a place; it waits for a decision."),
        _ask_form,
        lambda by, who, data: line.request_place(by=by, participant=who, **data),
    ),
    "seat": Doing(
        P.ENROLL,
        gettext_lazy("Give a seat"),
        gettext_lazy("Give the seat"),
        gettext_lazy("%(name)s has the seat and is called to the coming sessions."),
        _seat_form,
        lambda by, who, data: seats.enroll(by=by, participant=who, **data),
    ),
    "absence": Doing(
        P.MOVE_PEOPLE,
        gettext_lazy("Temporarily away"),
        gettext_lazy("Record the absence"),
        gettext_lazy("%(name)s is away. Places wait; nobody calls them."),
        _simple(forms.AbsenceForm, starts_at=lambda who: who.facility.now().replace(second=0, microsecond=0)),
        lambda by, who, data: actions.record_absence(by=by, participant=who, **data),
    ),
    "unit": Doing(
        P.MOVE_PEOPLE,
        gettext_lazy("Another unit or cell"),
        gettext_lazy("Move"),
        gettext_lazy("%(name)s has moved."),
        _of_person(forms.UnitMoveForm, unit=lambda who: who.unit_id, cell=lambda who: who.cell),
        lambda by, who, data: actions.move_unit(by=by, participant=who, **data),
    ),
    "transfer": Doing(
        P.MOVE_PEOPLE,
        gettext_lazy("Transfer to another facility"),
        gettext_lazy("Record the transfer"),
        gettext_lazy("%(name)s has moved, with place in line, hours, credit and consents."),
        _of_person(forms.TransferForm, on=today),
        lambda by, who, data: actions.transfer(by=by, participant=who, **data),
        danger=True,
        note=gettext_lazy(
            "Seats here end and calls are withdrawn. Place in line, hours, credit, progress and consents go"
            " along, and the receiving facility gets a list of what to go on with. You no longer see the record."
        ),
    ),
    "release": Doing(
        P.MOVE_PEOPLE,
        gettext_lazy("Release"),
        gettext_lazy("Record the release"),
        gettext_lazy("%(name)s is released."),
        _of_person(forms.ReleaseForm, on=today, reason=lambda who: "released"),
        lambda by, who, data: actions.release(by=by, participant=who, **data),
        danger=True,
        note=gettext_lazy("Seats here end. The office that you choose goes on with what the person brings."),
    ),
    "date": Doing(
        P.EDIT_PEOPLE,
        gettext_lazy("Release date"),
        gettext_lazy("Record the date"),
        gettext_lazy("The date is recorded; the earlier one stays in the history."),
        _simple(forms.ReleaseDateForm, as_of=today),
        lambda by, who, data: actions.record_release_date(by=by, participant=who, **data),
        note=gettext_lazy("Dates come from custody. This product never computes a legal release date."),
    ),
    "need": Doing(
        P.EDIT_PEOPLE,
        gettext_lazy("Assessed need"),
        gettext_lazy("Record the need"),
        gettext_lazy("The need is recorded."),
        _simple(forms.NeedForm, as_of=today),
        lambda by, who, data: actions.record_need(by=by, participant=who, **data),
    ),
    "access-need": Doing(
        P.EDIT_PEOPLE,
        gettext_lazy("What a session must offer"),
        gettext_lazy("Record it"),
        gettext_lazy("Recorded; rosters and readiness know it."),
        _simple(forms.AccessNeedForm),
        lambda by, who, data: actions.record_access_need(by=by, participant=who, **data),
    ),
    "keep-apart": Doing(
        P.EDIT_KEEP_APART,
        gettext_lazy("Keep apart from somebody"),
        gettext_lazy("Order it"),
        gettext_lazy("The order stands. Booking refuses the two in one room and names nobody."),
        _simple(forms.KeepApartForm, starts_on=today),
        _keep_apart,
    ),
    "consent": Doing(
        P.EDIT_PEOPLE,
        gettext_lazy("Consent that was signed"),
        gettext_lazy("Record the consent"),
        gettext_lazy("The consent is recorded; it holds until its last day or until it is taken back."),
        _simple(forms.ConsentForm),
        _consent,
    ),
}


def _person(request: HttpRequest, code: str) -> Participant:
    rows = Participant.objects.select_related("facility", "unit")
    return own(actor_of(request), rows, clean(code))


def url_of(who: Participant) -> str:
    """The person's page."""
    return reverse("staff:person", args=[who.code])


@staff()
def person_do(request: HttpRequest, code: str, what: str) -> HttpResponse:
    """One thing to do for a person."""
    not_found(what in DOINGS)
    doing, actor = DOINGS[what], actor_of(request)
    actor.require(doing.permission)
    who = _person(request, code)
    note_read(request, [who.pk], "name, unit")
    form = doing.form(request, who)
    if attempt(request, form, lambda data: doing.run(actor, who, dict(data))):
        moved = what in {"transfer", "release"}
        return done(
            request, doing.said % {"name": who.name}, reverse("staff:people") if moved else url_of(who)
        )
    return edit(
        request,
        form,
        door="people",
        title=doing.title,
        lede=who.name,
        button=doing.button,
        danger=doing.danger,
        cancel_url=url_of(who),
        notes=[doing.note] if doing.note else [],
        crumbs=[home(), Crumb(who.list_name, url_of(who))],
    )


@staff(P.MOVE_PEOPLE)
@require_POST
def absence_end(request: HttpRequest, code: str, key: str) -> HttpResponseRedirect:
    """The person is back."""
    who = _person(request, code)
    row = _by_key(list(Absence.objects.filter(participant=who).order_by("pk")), key)
    words = _("%(name)s is back and is called again.") % {"name": who.name}
    return run_now(
        request, lambda: actions.end_absence(by=actor_of(request), absence=row), words, url_of(who)
    )


def _by_key(rows: list[Any], key: str) -> Any:
    row = next((each for each in rows if key_of(each) == key), None)
    not_found(row is not None)
    return row


@staff(P.VIEW_RESTRICTED)
@require_POST
def change_seen(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Say that somebody in the facility knows of a change."""
    change = own(actor_of(request), Change.objects.select_related("participant"), code)
    return run_now(
        request,
        lambda: actions.acknowledge_change(by=actor_of(request), change=change),
        _("Noted."),
        url_of(change.participant),
    )


@staff(P.EDIT_PEOPLE)
@require_POST
def consent_back(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """The person takes a consent back; what it opened closes at once."""
    rows = Consent.objects.select_related("participant")
    consent = own(actor_of(request), rows, code, "participant__facility")
    return run_now(
        request,
        lambda: actions.revoke_consent(by=actor_of(request), consent=consent),
        _("The consent is taken back; what it opened is closed."),
        url_of(consent.participant),
    )


@staff(P.EDIT_KEEP_APART)
@require_POST
def keep_apart_end(request: HttpRequest, code: str, person: str) -> HttpResponseRedirect:
    """End a keep-apart order today."""
    who = _person(request, person)
    order = found(KeepApart.objects, code=code)
    return run_now(
        request,
        lambda: actions.end_keep_apart(by=actor_of(request), order=order),
        _("The order ends today."),
        url_of(who),
    )


@staff(P.EDIT_PEOPLE)
def register(request: HttpRequest) -> HttpResponse:
    """Somebody has arrived who is not in the system."""
    facility = here(request)
    form = forms.RegisterForm(sent(request), initial={"on": facility.today()}, facility=facility)
    made: list[Participant] = []

    def run(data: dict[str, Any]) -> None:
        facts = dict(data)
        number = (facts.pop("system"), facts.pop("number"))
        made.append(actions.register(by=actor_of(request), facility=facility, identifiers=[number], **facts))

    if attempt(request, form, run):
        words = _("%(name)s is registered.") % {"name": made[0].name}
        return done(request, words, url_of(made[0]))
    return edit(
        request,
        form,
        door="people",
        title=_("Register somebody who has arrived"),
        lede=facility.name,
        button=_("Register"),
        cancel_url=reverse("staff:people"),
        crumbs=[home()],
    )
