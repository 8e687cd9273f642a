"""Addresses, by audience; they read like the map of the house."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("", include("throughgate.www.urls")),
]
