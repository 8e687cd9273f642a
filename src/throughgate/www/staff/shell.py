"""What every staff page shares: its guard, the facility it is about, and how forms meet verbs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from babel import Locale, UnknownLocaleError
from django import forms
from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Reason, Refused
from throughgate.base.ui import Crumb
from throughgate.places.models import Facility
from throughgate.www import doors
from throughgate.www.doors import actor_of, not_found

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=models.Model)
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

COOKIE = "facility"
COOKIE_SECONDS = 60 * 60 * 24 * 90


@dataclass(frozen=True)
class Place:
    """The facility that a page is about, and the others that the actor may choose instead."""

    facility: Facility
    choices: tuple[Facility, ...]

    @property
    def several(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.choices) > 1


def staff(permission: Permission | None = None) -> Callable[[View[P]], View[P]]:
    """A staff page. Times show on the clock of the facility that was chosen by ``?facility=`` (and is kept)."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def placed(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            actor = actor_of(request)
            place = _place(request, actor)
            request.place = place  # type: ignore[attr-defined]
            with timezone.override(place.facility.zone):
                response = view(request, *args, **kwargs)
            if place.several and request.GET.get("facility") == place.facility.code:
                response.set_cookie(
                    COOKIE, place.facility.code, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax"
                )
            return response

        return doors.staff(permission)(cast(View[P], placed))

    return guard


def _place(request: HttpRequest, actor: Actor) -> Place:
    own = tuple(Facility.objects.filter(pk__in=actor.facility_ids, active=True).order_by("name"))
    not_found(bool(own))
    by_code = {facility.code: facility for facility in own}
    asked = request.GET.get("facility", "")
    chosen = by_code.get(asked) or by_code.get(request.COOKIES.get(COOKIE, "")) or own[0]
    return Place(chosen, own)


def place_of(request: HttpRequest) -> Place:
    """The facility of this request; every view under :func:`staff` has one."""
    place: Place = request.place  # type: ignore[attr-defined]
    return place


def here(request: HttpRequest) -> Facility:
    """The facility that this request is about."""
    return place_of(request).facility


def show(
    request: HttpRequest, template: str, door: str, context: Mapping[str, Any] | None = None
) -> HttpResponse:
    """A page behind one of the doors, with what every staff page knows."""
    place = place_of(request)
    known = {
        "door": door,
        "place": place,
        "facility": place.facility,
        "today": place.facility.today(),
        "may": May(actor_of(request)),
        "crumbs": (),
    }
    return render(request, f"staff/{template}.html", {**known, **(context or {})})


class May:
    """Permissions for templates: ``{% if may.enroll %}``."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def __getattr__(self, name: str) -> bool:
        try:
            return self._actor.can(Permission(name))
        except ValueError as error:
            raise AttributeError(name) from error


def found(queryset: models.QuerySet[M] | models.Manager[M], **lookup: Any) -> M:
    """The one row, or 404; a hidden row and one that never was look the same."""
    row = queryset.filter(**lookup).first()
    not_found(row is not None)
    assert row is not None
    return row


def own(actor: Actor, queryset: models.QuerySet[M], code: str, facility: str = "facility") -> M:
    """The row of that code in one of the actor's facilities, or 404."""
    return found(queryset.filter(**{f"{facility}__in": actor.facility_ids}), code=code)


class HereFilter(forms.Form):
    """A filter that begins with the facility, for those who have several."""

    def __init__(self, *args: Any, place: Place, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if place.several:
            choice = forms.ChoiceField(
                label=_("Facility"),
                required=False,
                choices=[(each.code, each.name) for each in place.choices],
                initial=place.facility.code,
            )
            self.fields = {"facility": choice, **self.fields}

    @property
    def asked(self) -> dict[str, Any]:
        """What the filter holds; nothing where it cannot be understood."""
        return self.cleaned_data if self.is_valid() else {}


class Refusable(forms.Form):
    """A form that can also hold what a verb refused: every reason above the fields, nothing typed is lost."""

    reasons: Sequence[Reason] = ()

    def refuse(self, reasons: Sequence[Reason]) -> None:
        """Show these reasons above the form."""
        self.reasons = reasons
        for reason in reasons:
            words = f"{reason.text} {reason.remedy}" if reason.remedy else str(reason.text)
            field = getattr(reason, "field", "")
            self.add_error(field if field in self.fields else None, words)

    @property
    def overridable(self) -> bool:
        """Whether someone who may could overrule everything that stands against it."""
        return bool(self.reasons) and all(reason.overridable for reason in self.reasons)


def attempt(request: HttpRequest, form: Refusable, verb: Callable[[dict[str, Any]], Any]) -> bool:
    """Run a verb with what a sound, sent form holds; what it refuses goes back onto the form."""
    if request.method != "POST" or not form.is_valid():
        return False
    return tried(form, lambda: verb(form.cleaned_data))


def tried(form: Refusable, verb: Callable[[], Any]) -> bool:
    """Run a verb; put what it refuses onto the form."""
    try:
        verb()
    except Refused as refused:
        form.refuse(refused.reasons)
        return False
    return True


def sent(request: HttpRequest) -> Any:
    """What was sent, for a form's ``data``: None when nothing was."""
    return request.POST if request.method == "POST" else None


def done(request: HttpRequest, words: str, url: str) -> HttpResponseRedirect:
    """Say what happened and go on; where the sender says it came from a page of ours, back there."""
    messages.success(request, words)
    back = request.POST.get("back", "")
    if back and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(url)


def edit(
    request: HttpRequest,
    form: forms.BaseForm,
    *,
    door: str,
    title: Any,
    button: Any,
    cancel_url: str,
    lede: Any = "",
    crumbs: Sequence[Crumb] = (),
    danger: bool = False,
    notes: Sequence[Any] = (),
    remove: tuple[Any, str] = ("", ""),
) -> HttpResponse:
    """The page of one form: what it is about, the fields, the button that says what happens, the way out.

    ``remove`` is a label and address for taking the thing away altogether.
    """
    return show(
        request,
        "form",
        door,
        {
            "form": form,
            "title": title,
            "lede": lede,
            "button": button,
            "kind": "danger" if danger else "",
            "cancel_url": cancel_url,
            "notes": notes,
            "remove_label": remove[0],
            "remove_url": remove[1],
            "crumbs": [*crumbs, Crumb(title)],
        },
    )


def run_now(request: HttpRequest, verb: Callable[[], Any], words: str, url: str) -> HttpResponseRedirect:
    """A verb behind a single button: go on with its words, or go back and say every reason why not."""
    try:
        verb()
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, f"{reason.text} {reason.remedy}".strip())
        return HttpResponseRedirect(url)
    return done(request, words, url)


def a_day(text: str | None, otherwise: dt.date) -> dt.date:
    """A day from an address; a text that is none gives the other day."""
    try:
        return dt.date.fromisoformat(text or "")
    except ValueError:
        return otherwise


def language_words(code: str) -> str:
    """A language by its name in the reader's language; an unknown code as it is."""
    try:
        return Locale.parse(code, sep="-").get_display_name(get_language() or "en") or code
    except (ValueError, UnknownLocaleError):
        return code
