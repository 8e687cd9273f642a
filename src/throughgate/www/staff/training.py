"""Training and orientation dates: offered, booked, attended."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb
from throughgate.visitors import actions, journeys
from throughgate.visitors.models import TrainingDate, TrainingSeat, Visitor
from throughgate.www.doors import actor_of
from throughgate.www.staff.forms.steps import TrainingForm
from throughgate.www.staff.shell import (
    attempt,
    done,
    edit,
    found,
    own,
    place_of,
    run_now,
    sent,
    show,
    staff,
)
from throughgate.www.staff.visitors import home


def _here() -> Crumb:
    return Crumb(_("Training dates"), reverse("staff:trainings"))


def _date(request: HttpRequest, code: str) -> TrainingDate:
    return own(actor_of(request), TrainingDate.objects.select_related("facility"), code)


@staff(Permission.MANAGE_VISITORS)
def trainings(request: HttpRequest) -> HttpResponse:
    """Coming dates with their free seats, and past ones that wait to be marked."""
    facility = place_of(request).facility
    labels = journeys.training_labels(facility)
    past = journeys.trainings(facility, past=True)
    unmarked = set(
        TrainingSeat.objects.filter(training__in=past, state="booked").values_list("training_id", flat=True)
    )
    return show(
        request,
        "trainings",
        "visitors",
        {
            "coming": [
                (row, labels.get(row.requirement, row.requirement)) for row in journeys.trainings(facility)
            ],
            "past": [(row, labels.get(row.requirement, row.requirement), row.pk in unmarked) for row in past],
            "offered": bool(labels),
            "crumbs": [home(), Crumb(_("Training dates"))],
        },
    )


@staff(Permission.MANAGE_VISITORS)
def training_new(request: HttpRequest) -> HttpResponse:
    """Offer a date."""
    facility, by = place_of(request).facility, actor_of(request)
    form = TrainingForm(sent(request), choices=journeys.training_labels(facility), initial={"seats": 12})

    def save(data: dict[str, Any]) -> None:
        actions.save_training(
            by=by,
            facility=facility,
            requirement=data["requirement"],
            starts_at=facility.at(data["day"], data["starts"]),
            ends_at=facility.at(data["day"], data["ends"]),
            place=data["place"],
            seats=data["seats"],
        )

    if attempt(request, form, save):
        return done(
            request, _("The date is offered. Those who need it can book."), reverse("staff:trainings")
        )
    return edit(
        request,
        form,
        door="visitors",
        title=_("Offer a training date"),
        lede=facility.name,
        button=_("Offer it"),
        cancel_url=reverse("staff:trainings"),
        crumbs=[home(), _here()],
    )


@staff(Permission.MANAGE_VISITORS)
def training(request: HttpRequest, code: str) -> HttpResponse:
    """Who has a seat; after it has begun, who came."""
    row, by = _date(request, code), actor_of(request)
    if request.method == "POST":
        came = request.POST.getlist("came")
        return run_now(
            request,
            lambda: actions.mark_training(by=by, training=row, attended=came),
            _("Recorded. Those who came have this step done."),
            reverse("staff:training", args=[row.code]),
        )
    seats = row.bookings.select_related("visitor__organization").exclude(state="cancelled")
    return show(
        request,
        "training",
        "visitors",
        {
            "row": row,
            "label": journeys.training_label(row),
            "seats": list(seats.order_by("visitor__sort_name", "pk")),
            "begun": row.starts_at <= row.facility.now(),
            "crumbs": [home(), _here(), Crumb(journeys.training_label(row))],
        },
    )


@staff(Permission.MANAGE_VISITORS)
@require_POST
def training_cancel(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Call a date off."""
    row = _date(request, code)
    return run_now(
        request,
        lambda: actions.cancel_training(by=actor_of(request), training=row),
        _("Called off. Everybody who booked is told."),
        reverse("staff:trainings"),
    )


@staff(Permission.MANAGE_VISITORS)
@require_POST
def training_book(request: HttpRequest, code: str, visitor: str) -> HttpResponseRedirect:
    """Book a seat for a visitor who asked by phone."""
    row, who = _date(request, code), found(Visitor.objects, code=visitor)
    return run_now(
        request,
        lambda: actions.book_training(by=actor_of(request), training=row, visitor=who),
        _("%(name)s has a seat and is told.") % {"name": who.name},
        reverse("staff:visitor", args=[who.code]),
    )
