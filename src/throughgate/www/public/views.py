"""Public pages: what this is, what runs here, what is missing, how to help, honest results."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from throughgate.places.models import Agency, Facility
from throughgate.programs.queries import public
from throughgate.www.doors import everyone, not_found


@everyone()
def home(request: HttpRequest) -> HttpResponse:
    """What this is, and the facilities."""
    context = {
        "agency": Agency.objects.order_by("id").first(),
        "facilities": public.facilities(),
        "door": "home",
    }
    return render(request, "public/home.html", context)


@everyone()
def programs(request: HttpRequest) -> HttpResponse:
    """What runs in each facility."""
    runs = [public.runs_in(facility) for facility in public.facilities()]
    return render(request, "public/programs.html", {"runs": runs, "door": "runs"})


@everyone()
def facility(request: HttpRequest, code: str) -> HttpResponse:
    """One facility: what runs here, what is missing most, three ways to help."""
    found = Facility.objects.filter(code=code, active=True).first()
    not_found(found is not None)
    assert found is not None
    context = {
        "facility": found,
        "runs": public.runs_in(found),
        "wanted": public.wanted_in(found),
        "totals": public.totals(found.today(), found),
        "door": "runs",
    }
    return render(request, "public/facility.html", context)


@everyone()
def results(request: HttpRequest) -> HttpResponse:
    """What can be said honestly today, and what cannot."""
    today = timezone.localdate()
    rows = [(place, public.totals(today, place)) for place in public.facilities()]
    return render(
        request, "public/results.html", {"rows": rows, "all": public.totals(today), "door": "results"}
    )


@everyone()
def stories(request: HttpRequest) -> HttpResponse:
    """Stories of second chances; none is published without its person's recorded consent."""
    return render(request, "public/stories.html", {"door": "stories"})
