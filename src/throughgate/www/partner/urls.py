"""The partner's addresses."""

from __future__ import annotations

from django.urls import path

from throughgate.www.partner import views

app_name = "partner"
urlpatterns = [
    path("", views.today, name="today"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<str:code>/", views.session, name="session"),
    path("sessions/<str:code>/roster/", views.roster, name="roster"),
    path("participants/", views.participants, name="participants"),
    path("offers/", views.offers, name="offers"),
    path("team/", views.team, name="team"),
    path("team/<str:code>/end/", views.end_membership, name="end_membership"),
    path("agreements/", views.agreements, name="agreements"),
    path("results/", views.results, name="results"),
    path("calendar/<str:token>.ics", views.calendar, name="calendar"),
]
