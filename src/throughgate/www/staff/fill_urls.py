"""Addresses of proposals for seats and of what would change, below /staff/."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import fill, fill_about, what_if

urlpatterns = [
    path("fill/", fill.index, name="fill"),
    path("fill/weights/", fill_about.weights, name="fill_weights"),
    path("fill/what-if/", what_if.index, name="what_if"),
    path("fill/what-if/new/<str:change>/", what_if.ask, name="what_if_ask"),
    path("fill/what-if/<str:code>/", what_if.one, name="what_if_one"),
    path("fill/what-if/<str:code>/again/", what_if.again, name="what_if_again"),
    path("fill/together/<str:code>/", fill_about.together, name="fill_together"),
    path("fill/seats/<str:code>/decline/", fill.decline, name="fill_decline"),
    path("fill/seats/<str:code>/change/", fill.change, name="fill_change"),
    path("fill/<str:code>/", fill.plan, name="fill_plan"),
    path("fill/<str:code>/accept/", fill.accept, name="fill_accept"),
    path("fill/<str:code>/close/", fill.close, name="fill_close"),
    path("fill/<str:code>/again/", fill.again, name="fill_again"),
    path("fill/<str:code>/record/", fill_about.record, name="fill_record"),
    path("fill/<str:code>/record.csv", fill_about.record_csv, name="fill_record_csv"),
    path("fill/<str:code>/record.json", fill_about.record_json, name="fill_record_json"),
]
