"""Addresses of studies, the portfolio and returns, below /staff/."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import impact, impact_publish, impact_totals, rosters

urlpatterns = [
    path("outcomes/rosters/", rosters.rosters, name="rosters"),
    path("outcomes/rosters/new/", rosters.roster_new, name="roster_new"),
    path("outcomes/rosters/<str:code>/", rosters.roster_links, name="roster_links"),
    path("outcomes/rosters/<str:code>/<int:line>/", rosters.roster_decide, name="roster_decide"),
    path("outcomes/studies/", impact.studies, name="studies"),
    path("outcomes/studies/new/", impact.study_new, name="study_new"),
    path("outcomes/studies/<str:code>/", impact.study, name="study"),
    path("outcomes/studies/<str:code>/plan/", impact.study_revise, name="study_revise"),
    path("outcomes/studies/<str:code>/file/", impact.study_file, name="study_file"),
    path("outcomes/studies/<str:code>/columns/", impact.study_columns, name="study_columns"),
    path("outcomes/studies/<str:code>/do/<str:verb>/", impact.study_do, name="study_do"),
    path("outcomes/reports/<str:code>/", impact.report, name="report"),
    path("outcomes/reports/<str:code>/print/", impact.report_pdf, name="study_pdf"),
    path("outcomes/reports/<str:code>/data.<str:kind>", impact.report_data, name="study_data"),
    path("outcomes/reports/<str:code>/publish/", impact_publish.study_publish, name="study_publish"),
    path("outcomes/public/<str:code>/withdraw/", impact_publish.study_withdraw, name="study_withdraw"),
    path("outcomes/programs/", impact_totals.portfolio, name="portfolio"),
    path("outcomes/returns/", impact_totals.funder, name="returns"),
    path("outcomes/returns/table.csv", impact_totals.funder_csv, name="returns_csv"),
    path("outcomes/returns/print/", impact_totals.funder_pdf, name="returns_pdf"),
]
