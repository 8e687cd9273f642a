"""Coming in."""

from __future__ import annotations

from django.urls import path

from throughgate.base.ui_views import styleguide
from throughgate.www.doors import everyone
from throughgate.www.entry import follow, health, mail, notices, views

app_name = "entry"
urlpatterns = [
    path("start/", views.start, name="start"),
    path("be/", views.be, name="be"),
    path("be/<str:code>/", views.become, name="become"),
    path("switch/", views.switch, name="switch"),
    path("notices/", notices.notices, name="notices"),
    path("styleguide/", everyone()(styleguide), name="styleguide"),
    path("l/<str:token>/", follow.follow, name="link"),
    path("mail/", mail.mail, name="mail"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
