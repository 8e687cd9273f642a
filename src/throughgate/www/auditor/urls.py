"""The auditor's addresses."""

from __future__ import annotations

from django.urls import path

from throughgate.www.auditor import views

app_name = "audit"
urlpatterns = [path("", views.trail, name="trail")]
