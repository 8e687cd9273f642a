"""The public directory: who helps with what, where, in which language, and when they are open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

from django import forms
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from throughgate.base.ui import Crumb
from throughgate.partners import queries
from throughgate.partners.models import Location, OpeningHours, OrganizationKind, Service
from throughgate.people.models import NeedDomain
from throughgate.www.doors import everyone, not_found
from throughgate.www.public import search

ANY = ("", gettext_lazy("Any"))
# What the public sees of a service; what has ended for good is left out.
OFFERED = ("active", "closed")
CHOICES_SECONDS = 600


class DirectoryForm(forms.Form):
    """What is looked for."""

    q = forms.CharField(
        label=gettext_lazy("What do you look for?"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    need = forms.ChoiceField(label=gettext_lazy("Help with"), required=False)
    city = forms.ChoiceField(label=gettext_lazy("Town"), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language spoken"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Who"), required=False)

    def __init__(self, data: Mapping[str, Any] | None, known: Mapping[str, list[str]]) -> None:
        super().__init__(data)
        self._offer("need", NeedDomain.choices)
        self._offer("city", [(name, name) for name in known["city"]])
        self._offer("language", [(name, language_name(name)) for name in known["language"]])
        self._offer("kind", OrganizationKind.choices)

    def _offer(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [ANY, *choices]


@everyone()
def directory(request: HttpRequest) -> HttpResponse:
    """Search what organizations offer, and narrow it; a filter that is not known narrows nothing."""
    form = DirectoryForm(request.GET, _known())
    form.is_valid()
    chosen = {key: str(value) for key, value in form.cleaned_data.items() if value}
    words = chosen.pop("q", "")
    page = request.GET.get("page", "")
    found = queries.search_directory(
        words,
        get_language() or "en",
        queries.DirectoryFilters(**chosen, page=int(page) if page.isdecimal() and len(page) < 6 else 1),
    )
    context = {
        "form": form,
        "found": found,
        "rows": [_row(hit) for hit in found.hits],
        "page": Paginator(range(found.total), queries.PAGE).get_page(found.page),
        "narrowed": bool(words or chosen),
        "door": "directory",
    }
    return render(request, "public/directory.html", context)


def _known() -> dict[str, list[str]]:
    """Towns and languages to choose from. They are looked for again when something was added, or after a while."""
    service, location = (model.objects.aggregate(n=Max("pk"))["n"] for model in (Service, Location))
    key = f"directory-choices-{service}-{location}"
    return cache.get_or_set(key, queries.directory_choices, CHOICES_SECONDS) or {}


@everyone()
def organization(request: HttpRequest, code: str) -> HttpResponse:
    """One organization: what it offers, where, when, and how to reach it."""
    page = queries.organization_page(code)
    not_found(page is not None and page.organization.status in queries.SHOWN)
    assert page is not None
    offers = [_offer(service) for service in page.services if service.status in OFFERED]
    about = page.organization.description.strip()
    context = {
        "organization": page.organization,
        # Real directories repeat themselves: what a service says already is not said again above it.
        "about": "" if about in {offer.service.description.strip() for offer in offers} else about,
        "website": web_address(page.organization.website),
        "offers": offers,
        "data": search.organization_data(page.organization, [offer.service for offer in offers]),
        **search.alternates(request),
        "door": "directory",
        "crumbs": [Crumb(_("Directory"), reverse("public:directory")), Crumb(page.organization.name)],
    }
    return render(request, "public/organization.html", context)


@dataclass(frozen=True)
class Wording:
    """A text with the language it is in, where that is not the page's."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Row:
    """A service as a line of the directory."""

    service: Service
    name: Wording
    about: Wording
    needs: list[str]
    cities: tuple[str, ...]
    languages: list[str]


@dataclass(frozen=True)
class Place:
    """Where a service is given, with the way there and the hours there."""

    location: Location
    lines: list[str]
    phone: str
    map_url: str
    hours: list[OpenLine]


@dataclass(frozen=True)
class OpenLine:
    """Days that share their hours: "Monday to Friday, 09:00 to 17:00". ``doubtful``: cannot be right."""

    days: str
    opens: dt.time | None
    closes: dt.time | None
    note: str
    doubtful: bool


@dataclass(frozen=True)
class Offer:
    """A service in full."""

    service: Service
    name: Wording
    about: Wording
    needs: list[str]
    languages: list[str]
    website: str
    places: list[Place]
    hours: list[OpenLine]


def _row(hit: queries.Hit) -> Row:
    service = hit.service
    return Row(
        service,
        _worded(service.name, service.name_es),
        _worded(service.description, service.description_es),
        _needs(service),
        hit.cities,
        [language_name(name) for name in service.languages],
    )


def _offer(service: Service) -> Offer:
    by_place: dict[int | None, list[OpeningHours]] = {}
    for each in service.hours.all():
        by_place.setdefault(each.location_id, []).append(each)
    places = [
        Place(
            location=row.location,
            lines=_address(row.location),
            phone=row.phone,
            map_url=map_address(row.location),
            hours=open_lines(by_place.pop(row.location_id, [])),
        )
        for row in service.places.all()
    ]
    return Offer(
        service=service,
        name=_worded(service.name, service.name_es),
        about=_worded(service.description, service.description_es),
        needs=_needs(service),
        languages=[language_name(name) for name in service.languages],
        website=web_address(service.url),
        places=places,
        hours=open_lines([hours for rest in by_place.values() for hours in rest]),
    )


def _worded(english: str, spanish: str) -> Wording:
    """The text in the reader's language where there is one, else the other one, marked."""
    wants = "es" if (get_language() or "en").startswith("es") else "en"
    mine, other = (spanish, english) if wants == "es" else (english, spanish)
    if mine.strip():
        return Wording(mine.strip())
    return Wording(other.strip(), "en" if wants == "es" else "es")


def _needs(service: Service) -> list[str]:
    labels = dict(NeedDomain.choices)
    return [str(labels[need]) for need in service.needs if need in labels]


def language_name(name: str) -> str:
    """A language as directories write it, in the reader's words where Django knows it: Spanish, español."""
    word = _(name) if name else ""
    return word[:1].upper() + word[1:]


def _address(location: Location) -> list[str]:
    last = " ".join(filter(None, (location.region, location.postal_code)))
    town = ", ".join(filter(None, (location.city, last)))
    return [line for line in (location.address_1, location.address_2, town) if line]


def map_address(location: Location) -> str:
    """Where a map shows the place, by its position or else its street; empty when it has neither."""
    if location.latitude is not None and location.longitude is not None:
        lat, lon = location.latitude, location.longitude
        return f"https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=17/{lat}/{lon}"
    if location.address_1 and location.city:
        return "https://www.openstreetmap.org/search?query=" + quote_plus(", ".join(_address(location)))
    return ""


def web_address(given: str) -> str:
    """A website as directories write it, as a link that is safe to follow; empty for anything else."""
    address = given.strip()
    if not address or any(letter.isspace() for letter in address):
        return ""
    if "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and "." in parts.netloc else ""


def open_lines(hours: Iterable[OpeningHours]) -> list[OpenLine]:
    """Opening hours with the days that share them drawn together, Monday first, notes without a day last."""
    alike: dict[tuple[dt.time | None, dt.time | None, str, bool], set[int]] = {}
    for each in sorted(
        hours, key=lambda row: (row.weekday is None, row.weekday or 0, row.opens or dt.time())
    ):
        days = alike.setdefault((each.opens, each.closes, each.note.strip(), each.doubtful), set())
        if each.weekday is not None:
            days.add(each.weekday)
    return [
        OpenLine(day_words(days), opens, closes, note, doubtful)
        for (opens, closes, note, doubtful), days in alike.items()
    ]


def day_words(days: set[int]) -> str:
    """Weekdays (Monday 0) in words: "Monday to Friday", "Tuesday, Thursday"."""
    runs: list[list[int]] = []
    for day in sorted(day for day in days if day in WEEKDAYS):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    words = []
    for run in runs:
        first, last = str(WEEKDAYS[run[0]]), str(WEEKDAYS[run[-1]])
        if len(run) > 2:
            words.append(_("%(first)s to %(last)s") % {"first": first, "last": last})
        else:
            words.extend([first, last][: len(run)])
    joined = ", ".join(words)
    return joined[:1].upper() + joined[1:]
