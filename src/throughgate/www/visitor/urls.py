"""The visitor's addresses."""

from __future__ import annotations

from django.urls import path

from throughgate.www.visitor import matches, steps, views

app_name = "visitor"
urlpatterns = [
    path("", views.home, name="home"),
    path("visits/", views.visits, name="visits"),
    path("requirements/", steps.requirements, name="requirements"),
    path("requirements/another/", steps.another, name="another"),
    path("requirements/tie/", steps.conflict, name="conflict"),
    path("requirements/leave/", steps.leave, name="leave"),
    path("requirements/references/<str:code>/<str:act>/", steps.reference_now, name="reference_now"),
    path("requirements/training/<str:code>/book/", steps.training_book, name="training_book"),
    path("requirements/training/<str:code>/cancel/", steps.training_cancel, name="training_cancel"),
    path("requirements/renew/<str:code>/", steps.renew, name="renew"),
    path("requirements/<str:code>/", steps.step, name="step"),
    path("requirements/<str:code>/references/", steps.references, name="references"),
    path("hours/", views.hours, name="hours"),
    path("hours/letter/", views.letter, name="letter"),
    path("matches/letter/", matches.letter, name="hours_letter"),
    path("matches/", matches.matches, name="matches"),
    path("matches/offer/", matches.offer, name="offer"),
    path("matches/<str:code>/", matches.match, name="match"),
    path("matches/<str:code>/end/", matches.end, name="match_end"),
    path("matches/<str:code>/<str:verb>/", matches.step, name="match_step"),
]
