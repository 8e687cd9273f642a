"""The address table with the import pages, whether or not the staff doors stand yet."""

from __future__ import annotations

from django.urls import include, path

from throughgate import urls
from throughgate.www.staff import import_urls

urlpatterns = [path("staff/", include((import_urls.urlpatterns, "staff"))), *urls.urlpatterns]
