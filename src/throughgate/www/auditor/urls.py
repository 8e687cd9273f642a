"""The auditor's addresses."""

from __future__ import annotations

from django.urls import path

from throughgate.www.auditor import seats, studies, views

app_name = "audit"
urlpatterns = [
    path("", views.trail, name="trail"),
    path("fill/", seats.index, name="seats"),
    path("fill/<str:code>/", seats.one, name="seat_record"),
    path("fill/<str:code>/record.csv", seats.as_csv, name="seat_record_csv"),
    path("fill/<str:code>/record.json", seats.as_json, name="seat_record_json"),
    path("studies/", studies.studies, name="studies"),
    path("studies/<str:code>/", studies.report, name="report"),
]
