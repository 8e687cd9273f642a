"""The participant's addresses."""

from __future__ import annotations

from django.urls import path

from throughgate.www.participant import mentor, stories, telling, views

app_name = "participant"
urlpatterns = [
    path("", views.week, name="week"),
    path("slip/", views.slip, name="slip"),
    path("line/", views.line, name="line"),
    path("line/<str:code>/<str:verb>/", views.step, name="step"),
    path("fits/", telling.fits, name="fits"),
    path("fits/slip/", telling.fits_slip, name="fits_slip"),
    path("fits/<str:code>/wrong/", telling.appeal, name="appeal"),
    path("goals/", views.goals, name="goals"),
    path("papers/", views.papers, name="papers"),
    path("sharing/", views.sharing, name="sharing"),
    path("sharing/<str:code>/revoke/", views.revoke, name="revoke"),
    path("stories/", stories.stories, name="stories"),
    path("stories/<str:code>/<str:verb>/", stories.story_step, name="story_step"),
    path("mentor/", mentor.mentor, name="mentor"),
    path("mentor/wish/", mentor.wish, name="mentor_wish"),
    path("mentor/wish/back/", mentor.unwish, name="mentor_unwish"),
    path("mentor/<str:code>/end/", mentor.end, name="mentor_end"),
    path("mentor/<str:code>/worry/", mentor.worry, name="mentor_worry"),
    path("mentor/<str:code>/<str:verb>/", mentor.step, name="mentor_step"),
    path("ask/", views.ask, name="ask"),
]
