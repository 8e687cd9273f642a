"""Public addresses."""

from __future__ import annotations

from django.urls import path

from throughgate.www.public import directory, impact, involved, search, views

app_name = "public"
urlpatterns = [
    path("", views.home, name="home"),
    path("programs/", views.programs, name="programs"),
    path("facilities/<str:code>/", views.facility, name="facility"),
    path("directory/", directory.directory, name="directory"),
    path("directory/<str:code>/", directory.organization, name="organization"),
    path("get-involved/", involved.involved, name="involved"),
    path("get-involved/<str:kind>/", involved.begin, name="begin"),
    path("results/", impact.results, name="results"),
    path("results/<str:code>/", impact.result, name="result"),
    path("results/<str:code>/table.csv", impact.result_csv, name="result_csv"),
    path("stories/", views.stories, name="stories"),
    path("robots.txt", search.robots, name="robots"),
    path("sitemap.xml", search.sitemap, name="sitemap"),
]
