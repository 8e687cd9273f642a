"""What search engines are told: where pages are, in which languages, and what stands on them (schema.org)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from throughgate.base import links
from throughgate.partners.models import Organization
from throughgate.partners.queries import SHOWN
from throughgate.places.models import Agency, Facility
from throughgate.programs.models import Program
from throughgate.www.doors import everyone

# What one file of the format may hold.
MOST_ADDRESSES = 40_000
ESCAPED = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
FIXED = ("home", "programs", "directory", "involved", "results", "stories")


def described(data: Mapping[str, Any]) -> SafeString:
    """Structured data as it stands in a page; nothing in it can end the element or begin another."""
    text = json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False).translate(ESCAPED)
    return mark_safe(text)  # noqa: S308 - every sign that markup is made of was just escaped


def home_data(agency: Agency | None) -> SafeString:
    """Who stands behind the site."""
    return described(
        {
            "@type": "GovernmentOrganization",
            "name": agency.name if agency else "Throughgate",
            "url": links.address(reverse("public:home")),
        }
    )


def facility_data(facility: Facility, programs: list[Program]) -> SafeString:
    """A facility, and the programs that anybody may know to run there."""
    return described(
        {
            "@type": "CivicStructure",
            "name": facility.name,
            "url": links.address(reverse("public:facility", args=[facility.code])),
            "address": {
                "@type": "PostalAddress",
                "streetAddress": facility.address,
                "addressLocality": facility.city,
            },
            "telephone": facility.phone,
            "event": [
                {
                    "@type": "EducationEvent",
                    "name": program.name,
                    "description": program.summary,
                    "location": facility.name,
                    **({"organizer": program.organization.name} if program.organization else {}),
                }
                for program in programs
            ],
        }
    )


def organization_data(organization: Organization, services: list[Any]) -> SafeString:
    """An organization of the directory with what it offers."""
    return described(
        {
            "@type": "Organization",
            "name": organization.name,
            "url": links.address(reverse("public:organization", args=[organization.code])),
            **{key: value for key, value in _reach(organization).items() if value},
            "makesOffer": [
                {"@type": "Offer", "itemOffered": {"@type": "Service", "name": str(service.name)}}
                for service in services
            ],
        }
    )


def _reach(organization: Organization) -> dict[str, str]:
    return {
        "description": organization.description,
        "telephone": organization.phone,
        "email": organization.email,
    }


def alternates(request: HttpRequest) -> dict[str, Any]:
    """The page's own address and the same page in each language; only for pages without a question."""
    here = links.address(request.path)
    chosen = request.GET.get("lang", "")
    known = [code for code, _name in settings.LANGUAGES]
    return {
        "canonical": f"{here}?lang={chosen}" if chosen in known else here,
        "alternates": [("x-default", here), *((code, f"{here}?lang={code}") for code in known)],
        "lang": get_language() or "en",
    }


@everyone()
@require_safe
@cache_control(public=True, max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    """What machines may look at: public pages, never a link out of a mail."""
    closed = (
        "/l/",
        "/account/",
        "/staff/",
        "/partner/",
        "/visitor/",
        "/me/",
        "/audit/",
        "/start/",
        "/switch/",
    )
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    lines.append(f"Sitemap: {links.address(reverse('public:sitemap'))}")
    return HttpResponse("\n".join(lines) + "\n", "text/plain; charset=utf-8")


@everyone()
@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every public page in each language."""
    pages = "".join(_entry(path) for path in _paths())
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{pages}</urlset>\n'
    )
    return HttpResponse(text, "application/xml; charset=utf-8")


def _paths() -> Iterator[str]:
    yield from (reverse(f"public:{name}") for name in FIXED)
    yield from (reverse("public:begin", args=[kind]) for kind in ("organization", "individual", "employer"))
    for code in Facility.objects.filter(active=True).order_by("pk").values_list("code", flat=True):
        yield reverse("public:facility", args=[code])
    rows = Organization.objects.filter(status__in=SHOWN).order_by("pk").values_list("code", flat=True)
    for code in rows[:MOST_ADDRESSES]:
        yield reverse("public:organization", args=[code])


def _entry(path: str) -> str:
    # Paths are made of our own words and codes: letters, digits, dashes and slashes.
    here = links.address(path)
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{here}?lang={code}"/>'
        for code, _name in settings.LANGUAGES
    )
    return f"<url><loc>{here}</loc>{others}</url>\n"
