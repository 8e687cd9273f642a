"""Addresses of imports, below /staff/."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import imports

urlpatterns = [
    path("imports/", imports.index, name="imports"),
    path("imports/new/", imports.new, name="import_new"),
    path("imports/columns/", imports.columns, name="import_columns"),
    path("imports/<str:code>/", imports.one, name="import"),
    path("imports/<str:code>/preview/", imports.preview, name="import_preview"),
    path("imports/<str:code>/apply/", imports.apply, name="import_apply"),
    path("imports/<str:code>/discard/", imports.discard, name="import_discard"),
    path("imports/<str:code>/rows/<int:line>/decide/", imports.decide, name="import_decide"),
]
