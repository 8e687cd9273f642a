"""Addresses of mentoring and tutoring."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import mentoring

urlpatterns = [
    path("mentoring/", mentoring.mentoring, name="mentoring"),
    path("mentoring/wishes/<str:code>/", mentoring.fitting, name="fitting"),
    path("mentoring/wishes/<str:code>/<str:visitor>/", mentoring.propose, name="propose"),
    path("mentoring/concerns/<str:code>/", mentoring.concern, name="concern"),
    path("mentoring/of/<str:code>/", mentoring.wish, name="mentor_wish"),
    path("mentoring/<str:code>/", mentoring.match, name="match"),
    path("mentoring/<str:code>/end/", mentoring.end, name="match_end"),
    path("mentoring/<str:code>/<str:verb>/", mentoring.step, name="match_step"),
]
