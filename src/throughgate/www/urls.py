"""Pages by audience."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("throughgate.www.entry.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("visitor/", include("throughgate.www.visitor.urls")),
    path("audit/", include("throughgate.www.auditor.urls")),
    path("me/", include("throughgate.www.participant.urls")),
    path("partner/", include("throughgate.www.partner.urls")),
    path("staff/", include("throughgate.www.staff.urls")),
    path("", include("throughgate.www.public.urls")),
]
