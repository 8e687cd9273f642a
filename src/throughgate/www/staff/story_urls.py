"""Addresses of the stories, below the people's door."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import stories

urlpatterns = [
    path("stories/", stories.stories, name="stories"),
    path("stories/new/<str:person>/", stories.story_edit, name="story_new"),
    path("stories/<str:code>/", stories.story, name="story"),
    path("stories/<str:code>/edit/", stories.story_edit, name="story_edit"),
    path("stories/<str:code>/paper/", stories.story_paper, name="story_paper"),
    path("stories/<str:code>/now/<str:verb>/", stories.story_now, name="story_now"),
]
