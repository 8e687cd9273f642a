"""Addresses of the official lists, below /staff/."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import lists

urlpatterns = [
    path("lists/", lists.index, name="lists"),
    path("lists/back/", lists.paper_back, name="paper_back"),
    path("lists/slips/<str:kind>/", lists.print_many_slips, name="print_slips"),
    path("lists/roster/<str:code>/", lists.print_roster, name="print_roster"),
    path("lists/<str:kind>/", lists.one, name="list"),
    path("lists/<str:kind>/print/", lists.print_one, name="print_list"),
]
