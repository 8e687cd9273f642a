"""Addresses of why and why not, appeals, the gap map and whom to ask next, below /staff/."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import gaps, why

urlpatterns = [
    path("why/<str:code>/", why.fill_why, name="fill_why"),
    path("why/<str:code>/<str:person>/", why.fill_why, name="fill_why"),
    path("slips/answers/<str:code>/", why.why_slip, name="why_slip"),
    path("slips/filled/<str:code>/", why.fill_slips, name="fill_slips"),
    path("appeals/", why.appeals, name="appeals"),
    path("appeals/paper/", why.appeal_paper, name="appeal_paper"),
    path("appeals/<str:code>/", why.appeal, name="appeal"),
    path("gaps/", gaps.gap_map, name="gap_map"),
    path("gaps/new/", gaps.gap_map_new, name="gap_map_new"),
    path("gaps/ask/", gaps.ask_next, name="ask_next"),
    path("gaps/ask/<str:code>/<int:rank>/", gaps.ask_letter, name="ask_letter"),
]
