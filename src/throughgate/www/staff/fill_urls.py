"""Addresses of proposals for seats, below /staff/."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import fill

urlpatterns = [
    path("fill/", fill.index, name="fill"),
    path("fill/seats/<str:code>/decline/", fill.decline, name="fill_decline"),
    path("fill/seats/<str:code>/change/", fill.change, name="fill_change"),
    path("fill/<str:code>/", fill.plan, name="fill_plan"),
    path("fill/<str:code>/accept/", fill.accept, name="fill_accept"),
    path("fill/<str:code>/close/", fill.close, name="fill_close"),
    path("fill/<str:code>/record/", fill.record, name="fill_record"),
]
