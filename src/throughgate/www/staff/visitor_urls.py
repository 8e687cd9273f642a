"""Addresses of applications, steps and training; they come before the visitors' own, whose codes would catch them."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import training, visitor_steps

urlpatterns = [
    path("visitors/applications/", visitor_steps.applications, name="applications"),
    path("visitors/applications/new/", visitor_steps.application_new, name="application_new"),
    path("visitors/training/", training.trainings, name="trainings"),
    path("visitors/training/new/", training.training_new, name="training_new"),
    path("visitors/training/<str:code>/", training.training, name="training"),
    path("visitors/training/<str:code>/cancel/", training.training_cancel, name="training_cancel"),
    path("visitors/training/<str:code>/book/<str:visitor>/", training.training_book, name="training_book"),
    path("visitors/steps/<str:code>/references/", visitor_steps.references, name="references"),
    path("visitors/steps/<str:code>/<str:act>/", visitor_steps.step_form, name="step_form"),
    path("visitors/steps/<str:code>/<str:act>/now/", visitor_steps.step_now, name="step_now"),
    path("visitors/references/<str:code>/<str:act>/", visitor_steps.reference_now, name="reference_now"),
    path("visitors/conflicts/<str:code>/", visitor_steps.conflict_settle, name="conflict_settle"),
    path("visitors/<str:code>/conflict/", visitor_steps.visitor_conflict, name="visitor_conflict"),
    path("visitors/<str:code>/leave/", visitor_steps.visitor_leave, name="visitor_leave"),
    path("clearances/<str:code>/regular/", visitor_steps.clearance_regular, name="clearance_regular"),
    path("clearances/<str:code>/<str:act>/now/", visitor_steps.clearance_now, name="clearance_now"),
]
