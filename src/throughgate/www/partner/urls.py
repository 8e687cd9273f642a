"""The partner's addresses."""

from __future__ import annotations

from django.urls import path

from throughgate.www.partner import views, workspace

app_name = "partner"
urlpatterns = [
    path("", views.today, name="today"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<str:code>/", views.session, name="session"),
    path("sessions/<str:code>/roster/", views.roster, name="roster"),
    path("participants/", views.participants, name="participants"),
    path("organization/", workspace.organization, name="organization"),
    path("organization/profile/", workspace.profile, name="profile"),
    path("documents/new/", workspace.document_new, name="document_new"),
    path("documents/<str:code>/", workspace.document, name="document"),
    path("documents/<str:code>/file/", workspace.document_file, name="document_file"),
    path("offers/", workspace.offers, name="offers"),
    path("offers/new/", workspace.offer_new, name="offer_new"),
    path("offers/<str:code>/", workspace.proposal, name="proposal"),
    path("offers/<str:code>/edit/", workspace.proposal_edit, name="proposal_edit"),
    path("offers/<str:code>/send/", workspace.proposal_submit, name="proposal_submit"),
    path("offers/<str:code>/withdraw/", workspace.proposal_withdraw, name="proposal_withdraw"),
    path("messages/", workspace.threads, name="threads"),
    path("messages/<str:code>/", workspace.letters, name="letters"),
    path("messages/<str:code>/read/", workspace.letters_read, name="letters_read"),
    path("team/", views.team, name="team"),
    path("team/invite/", workspace.invite, name="invite"),
    path("team/<str:code>/hand-over/", workspace.hand_over, name="hand_over"),
    path("team/<str:code>/end/", views.end_membership, name="end_membership"),
    path("agreements/", workspace.agreements, name="agreements"),
    path("agreements/<str:code>/", workspace.agreement, name="agreement"),
    path("agreements/<str:code>/print/", workspace.agreement_print, name="agreement_print"),
    path("results/", views.results, name="results"),
    path("calendar/<str:token>.ics", views.calendar, name="calendar"),
]
