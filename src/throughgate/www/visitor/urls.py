"""The visitor's addresses."""

from __future__ import annotations

from django.urls import path

from throughgate.www.visitor import views

app_name = "visitor"
urlpatterns = [
    path("", views.home, name="home"),
    path("visits/", views.visits, name="visits"),
    path("requirements/", views.requirements, name="requirements"),
    path("hours/", views.hours, name="hours"),
]
