"""Public pages: what this is, what runs here, what is missing, how to help, honest results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control, never_cache

from throughgate.places.models import Agency, Facility
from throughgate.programs.queries import public
from throughgate.programs.queries.missing import most_missed
from throughgate.stories.models import PublishedStory
from throughgate.www.doors import everyone, not_found
from throughgate.www.public import search

# A browser may keep these for a minute; what must be true at once (stories, anything by link) is never kept.
FRESH = cache_control(private=True, max_age=60)


@FRESH
@everyone()
def home(request: HttpRequest) -> HttpResponse:
    """What this is, and the facilities."""
    agency = Agency.objects.order_by("id").first()
    context = {
        "agency": agency,
        "facilities": public.facilities(),
        "story": _told(PublishedStory.objects.order_by("-published_on", "-pk")[:1]),
        "data": search.home_data(agency),
        "door": "home",
        **search.alternates(request),
    }
    return render(request, "public/home.html", context)


@FRESH
@everyone()
def programs(request: HttpRequest) -> HttpResponse:
    """What runs in each facility."""
    runs = [public.runs_in(facility) for facility in public.facilities()]
    return render(
        request, "public/programs.html", {"runs": runs, "door": "runs", **search.alternates(request)}
    )


@FRESH
@everyone()
def facility(request: HttpRequest, code: str) -> HttpResponse:
    """One facility: what runs here, what is missing most, three ways to help."""
    found = Facility.objects.filter(code=code, active=True).first()
    not_found(found is not None)
    assert found is not None
    runs = public.runs_in(found)
    context = {
        "facility": found,
        "runs": runs,
        "data": search.facility_data(found, runs.programs),
        **search.alternates(request),
        "missed": most_missed(found),
        "totals": public.totals(found.today(), found),
        "door": "runs",
    }
    return render(request, "public/facility.html", context)


@never_cache
@everyone()
def stories(request: HttpRequest) -> HttpResponse:
    """Stories of second chances; none is published without its person's recorded consent."""
    rows = PublishedStory.objects.order_by("-published_on", "-pk")[:100]
    context = {"stories": _told(rows), "door": "stories", **search.alternates(request)}
    return render(request, "public/stories.html", context)


@dataclass(frozen=True)
class Told:
    """A story in the reader's language where there is one, else in the other, marked."""

    code: str
    title: str
    text: str
    name: str
    on: dt.date
    lang: str = ""


def _told(rows: Iterable[PublishedStory]) -> list[Told]:
    spanish = (get_language() or "en").startswith("es")
    found = []
    for row in rows:
        own = spanish and bool(row.text_es)
        title, text = (row.title_es or row.title, row.text_es) if own else (row.title, row.text)
        lang = "en" if spanish and not own else ""
        found.append(Told(row.code, title, text, row.shown_name, row.published_on, lang))
    return found
