"""Addresses of the staff pages; they read like the doors."""

from __future__ import annotations

from django.urls import include, path

from throughgate.www.staff import (
    cohorts,
    emergencies,
    lapses,
    line,
    outcomes,
    partners,
    people,
    person_actions,
    programs,
    regime,
    sessions,
    settings,
    today,
    visitors,
    week,
)

app_name = "staff"

TODAY = [
    path("today/", today.my_day, name="today"),
    path("today/missing/", today.missing, name="missing"),
    path("today/lapses/", lapses.lapses, name="lapses"),
    path("today/attendance/", today.summary, name="summary"),
    path("regimes/", regime.regimes, name="regimes"),
    path("regimes/declare/", regime.regime_declare, name="regime_declare"),
    path("regimes/<str:code>/", regime.regime, name="regime"),
    path("regimes/<str:code>/lift/", regime.regime_lift, name="regime_lift"),
    path("regimes/<str:code>/shorten/", regime.regime_shorten, name="regime_shorten"),
    path("find/", people.find, name="find"),
]
WEEK = [
    path("week/", week.board, name="week"),
    path("week/officers/", week.officers, name="officers"),
    path("sessions/<str:code>/", sessions.session, name="session"),
    path("sessions/<str:code>/attendance/", sessions.session_attendance, name="session_attendance"),
    path("sessions/<str:code>/outcome/", sessions.session_outcome, name="session_outcome"),
    path("sessions/<str:code>/cancel/", sessions.session_cancel, name="session_cancel"),
    path("sessions/<str:code>/undo/", sessions.session_undo, name="session_undo"),
    path("sessions/<str:code>/move/", sessions.session_move, name="session_move"),
    path("sessions/<str:code>/make-up/", sessions.session_make_up, name="session_make_up"),
    path("sessions/<str:code>/staffing/", sessions.session_staffing, name="session_staffing"),
    path("sessions/<str:code>/without/<str:visitor>/", sessions.session_without, name="session_without"),
]
PEOPLE = [
    path("people/", people.people, name="people"),
    path("people/register/", person_actions.register, name="register"),
    path("people/changes/<str:code>/seen/", person_actions.change_seen, name="change_seen"),
    path("people/consents/<str:code>/back/", person_actions.consent_back, name="consent_back"),
    path("people/<str:code>/", people.person, name="person"),
    path("people/<str:code>/do/<str:what>/", person_actions.person_do, name="person_do"),
    path("people/<str:code>/emergency/", emergencies.emergency_open, name="emergency"),
    path("people/<str:code>/absences/<str:key>/end/", person_actions.absence_end, name="absence_end"),
    path("people/<str:person>/apart/<str:code>/end/", person_actions.keep_apart_end, name="keep_apart_end"),
    path("people/<str:code>/<str:tab>/", people.person, name="person_tab"),
]
PROGRAMS = [
    path("programs/", programs.programs, name="programs"),
    path("programs/new/", programs.program_edit, name="program_new"),
    path("programs/<str:code>/", programs.program, name="program"),
    path("programs/<str:code>/edit/", programs.program_edit, name="program_edit"),
    path("programs/<str:code>/line/", line.line, name="line"),
    path("programs/<str:code>/cohorts/new/", cohorts.cohort_new, name="cohort_new"),
    path("cohorts/<str:code>/", cohorts.cohort, name="cohort"),
    path("cohorts/<str:code>/edit/", cohorts.cohort_edit, name="cohort_edit"),
    path("cohorts/<str:code>/times/", cohorts.cohort_slots, name="cohort_slots"),
    path("cohorts/<str:code>/leaders/", cohorts.cohort_usual, name="cohort_usual"),
    path("cohorts/<str:code>/sessions/", cohorts.cohort_make, name="cohort_make"),
    path("cohorts/<str:code>/sessions/new/", sessions.session_new, name="session_new"),
    path("cohorts/<str:code>/end/", cohorts.cohort_finish, name="cohort_finish"),
    path("cohorts/<str:code>/seats/", cohorts.cohort_seats, name="cohort_seats"),
    path("cohorts/<str:code>/seats/<str:person>/", cohorts.cohort_seat, name="cohort_seat"),
    path("line/<str:code>/<str:step>/", line.entry, name="entry"),
    path("line/<str:code>/<str:step>/now/", line.entry_now, name="entry_now"),
    path("places/<str:code>/", line.place, name="place"),
    path("places/<str:code>/end/", line.place_end, name="place_end"),
    path("places/<str:code>/pause/", line.place_pause, name="place_pause"),
    path("places/<str:code>/resume/", line.place_resume, name="place_resume"),
    path("places/<str:code>/times/", line.place_slot, name="place_slot"),
    path("carried/<str:code>/", line.carried, name="carried"),
]
PARTNERS = [
    path("partners/", partners.partners, name="partners"),
    path("partners/new/", partners.organization_edit, name="organization_new"),
    path("partners/<str:code>/", partners.organization, name="organization"),
    path("partners/<str:code>/edit/", partners.organization_edit, name="organization_edit"),
    path("partners/<str:code>/agreements/new/", partners.agreement_edit, name="agreement_new"),
    path("partners/<str:code>/agreements/<str:agreement>/", partners.agreement_edit, name="agreement_edit"),
    path("partners/<str:code>/agreements/<str:agreement>/end/", partners.agreement_end, name="agreement_end"),
    path("partners/<str:code>/services/new/", partners.service_edit, name="service_new"),
    path("partners/<str:code>/services/<str:service>/", partners.service_edit, name="service_edit"),
]
VISITORS = [
    path("visitors/", visitors.visitors, name="visitors"),
    path("visitors/expiring/", visitors.expiring, name="visitors_expiring"),
    path("visitors/new/", visitors.visitor_edit, name="visitor_new"),
    path("visitors/<str:code>/", visitors.visitor, name="visitor"),
    path("visitors/<str:code>/edit/", visitors.visitor_edit, name="visitor_edit"),
    path("visitors/<str:code>/clearance/", visitors.clearance_grant, name="clearance_grant"),
    path("visitors/<str:code>/application/", visitors.clearance_apply, name="clearance_apply"),
    path("visitors/<str:code>/apart/", visitors.visitor_apart, name="visitor_apart"),
    path("visitors/apart/<str:code>/end/", visitors.visitor_apart_end, name="visitor_apart_end"),
    path("clearances/<str:code>/<str:step>/", visitors.clearance_step, name="clearance_step"),
]
SETTINGS = [
    path("outcomes/", outcomes.outcomes, name="outcomes"),
    path("settings/", settings.home_page, name="settings"),
    path("settings/rules/", settings.rules, name="rules"),
    path("settings/rules/<str:kind>/", settings.rule, name="rule"),
    path("settings/team/", settings.team, name="team"),
    path("settings/messages/", settings.messages_sent, name="messages"),
    path("settings/messages/<str:code>/", settings.message, name="message"),
    path("settings/reviews/", emergencies.reviews, name="reviews"),
    path("settings/reviews/<str:code>/", emergencies.review, name="review"),
    path("settings/facilities/<str:code>/", settings.facility, name="facility"),
    path("settings/facilities/<str:code>/edit/", settings.facility_edit, name="facility_edit"),
    path("settings/facilities/<str:code>/<str:kind>/new/", settings.furniture_edit, name="furniture_new"),
    path(
        "settings/facilities/<str:code>/<str:kind>/<str:key>/",
        settings.furniture_edit,
        name="furniture_edit",
    ),
    path(
        "settings/facilities/<str:code>/<str:kind>/<str:key>/remove/",
        settings.furniture_remove,
        name="furniture_remove",
    ),
]

urlpatterns = [
    path("", include("throughgate.www.staff.visitor_urls")),
    *TODAY,
    *WEEK,
    *PEOPLE,
    *PROGRAMS,
    *PARTNERS,
    *VISITORS,
    *SETTINGS,
    path("", include("throughgate.www.staff.list_urls")),
    path("", include("throughgate.www.staff.import_urls")),
    path("", include("throughgate.www.staff.fill_urls")),
    path("", include("throughgate.www.staff.enquiry_urls")),
    path("", include("throughgate.www.staff.insight_urls")),
    path("", include("throughgate.www.staff.story_urls")),
    path("", include("throughgate.www.staff.impact_urls")),
]
