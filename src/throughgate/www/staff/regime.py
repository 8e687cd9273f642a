"""The regime switch: see what a lockdown would touch, declare it as one event, shorten it, lift it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb
from throughgate.places.models import RegimePeriod, RegimeReason
from throughgate.policies import queries as policies
from throughgate.programs.actions import regime as verbs
from throughgate.programs.models import RegimeEffect
from throughgate.www.doors import actor_of
from throughgate.www.staff.forms.regime import RegimeForm, UntilForm, rounded
from throughgate.www.staff.shell import attempt, done, own, place_of, run_now, sent, show, staff, tried

USUAL_HOURS = 4
FACTS = ("facilities", "start", "end", "kind", "units")


def home() -> list[Crumb]:
    """The way back to the switch."""
    return [Crumb(_("Today"), reverse("staff:today")), Crumb(_("Regime switch"), reverse("staff:regimes"))]


def _form(request: HttpRequest) -> RegimeForm:
    place = place_of(request)
    now = rounded(place.facility.now())
    reasons = policies.cancellations(place.facility.jurisdiction, now.date()).data.reasons
    return RegimeForm(
        sent(request),
        initial={
            "kind": "lockdown",
            "facilities": [place.facility.pk],
            "start": now,
            "end": now + dt.timedelta(hours=USUAL_HOURS),
        },
        facilities=place.choices,
        causes=[(code, str(reason.label)) for code, reason in reasons.items()],
    )


@staff(Permission.DECLARE_REGIME)
def regimes(request: HttpRequest) -> HttpResponse:
    """The switch: what holds now, what held lately, and the form that first shows what it would touch."""
    form, actor = _form(request), actor_of(request)
    if request.method == "POST" and form.is_valid():
        found: list[verbs.Declared] = []
        facts = {name: form.cleaned_data[name] for name in FACTS}
        if tried(form, lambda: found.append(verbs.preview(by=actor, **facts))):
            return _preview(request, form, found[0])
    rows = (
        RegimePeriod.objects.filter(facility__in=actor.facility_ids)
        .select_related("facility")
        .prefetch_related("units")
        .order_by("-during", "facility__name")[:30]
    )
    now = timezone.now()
    live = [row for row in rows if _holds(row, now)]
    context = {
        "form": form,
        "live": live,
        "past": [row for row in rows if row not in live],
        "crumbs": [*home()[:1], Crumb(_("Regime switch"))],
    }
    return show(request, "regimes", "today", context)


def _holds(row: RegimePeriod, now: dt.datetime) -> bool:
    """Whether a regime holds or is still to come."""
    during: Any = row.during
    return row.lifted_at is None and during.upper > now


def _preview(request: HttpRequest, form: RegimeForm, found: verbs.Declared) -> HttpResponse:
    """Everything it would touch, and the button that declares it; the event makes pressing twice harmless."""
    context = {
        "form": form,
        "found": found,
        "cancelled": [hit for hit in found.hits if hit.effect.what == "cancel"],
        "others": [hit for hit in found.hits if hit.effect.what != "cancel"],
        "calls": [hit for hit in found.hits if hit.call_now],
        "event": request.POST.get("event") or str(found.event),
        "typed": [(name, value) for name in form.fields for value in request.POST.getlist(name)],
        "crumbs": [*home(), Crumb(_("What it would touch"))],
    }
    return show(request, "regime_preview", "today", context)


@staff(Permission.DECLARE_REGIME)
@require_POST
def regime_declare(request: HttpRequest) -> HttpResponse:
    """Declare it: cancels, tells everybody once, protects what the rules protect."""
    form = _form(request)
    try:
        event = uuid.UUID(request.POST.get("event", ""))
    except ValueError:
        event = uuid.uuid4()
    made: list[verbs.Declared] = []
    if attempt(
        request, form, lambda data: made.append(verbs.declare(by=actor_of(request), event=event, **data))
    ):
        return _declared(request, event, made[0])
    context = {"form": form, "live": [], "past": [], "crumbs": home()}
    return show(request, "regimes", "today", context)


def _declared(request: HttpRequest, event: uuid.UUID, made: verbs.Declared) -> HttpResponseRedirect:
    row = RegimePeriod.objects.filter(event=event, facility__in=actor_of(request).facility_ids)
    first = row.order_by("pk").first()
    words = ngettext(
        "Declared. %(n)d session is touched.", "Declared. %(n)d sessions are touched.", len(made.hits)
    )
    if not made.regimes:
        return done(request, _("This was declared already."), _url(first))
    for session, why in made.not_touched:
        messages.warning(request, f"{session.cohort.name}: {why}")
    return done(request, words % {"n": len(made.hits)}, _url(first))


def _url(row: RegimePeriod | None) -> str:
    return reverse("staff:regime", args=[row.code]) if row else reverse("staff:regimes")


def _regime(request: HttpRequest, code: str) -> RegimePeriod:
    return own(actor_of(request), RegimePeriod.objects.select_related("facility"), code)


@staff(Permission.DECLARE_REGIME)
def regime(request: HttpRequest, code: str) -> HttpResponse:
    """One regime: what it did to each session, and how to end it earlier."""
    row = _regime(request, code)
    effects = list(
        RegimeEffect.objects.filter(regime__event=row.event)
        .select_related("session__cohort__program", "session__facility", "session__room", "regime")
        .order_by("session__starts_at", "pk")
    )
    reason = RegimeReason.objects.filter(regime=row).first()
    context = {
        "regime": row,
        "together": RegimePeriod.objects.filter(event=row.event)
        .select_related("facility")
        .order_by("facility__name"),
        "effects": effects,
        "lost_hours": sum(each.lost_minutes for each in effects) / 60,
        "live": _holds(row, timezone.now()),
        "restricted": reason.text if reason else "",
        "form": UntilForm(initial={"until": rounded(row.facility.now()) + dt.timedelta(hours=1)}),
        "crumbs": [*home(), Crumb(row.get_kind_display())],
    }
    return show(request, "regime", "today", context)


def _tell(request: HttpRequest, lifted: verbs.Lifted) -> str:
    """What came back, and what did not and why."""
    for back in lifted.back:
        for words in back.missing:
            messages.warning(request, f"{back.session.cohort.name}: {words}")
    for session, why in lifted.stayed:
        messages.warning(request, f"{session.cohort.name}: {why}")
    count = len(lifted.back)
    return ngettext("%(n)d session came back.", "%(n)d sessions came back.", count) % {"n": count}


@staff(Permission.DECLARE_REGIME)
@require_POST
def regime_lift(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """End it now, everywhere it was declared."""
    row, said = _regime(request, code), []

    def lift() -> None:
        said.append(verbs.lift(by=actor_of(request), event=row.event))

    response = run_now(request, lift, _("Lifted."), _url(row))
    if said:
        messages.info(request, _tell(request, said[0]))
    return response


@staff(Permission.DECLARE_REGIME)
def regime_shorten(request: HttpRequest, code: str) -> HttpResponse:
    """Let it end earlier than announced."""
    row = _regime(request, code)
    form = UntilForm(sent(request))
    said: list[verbs.Lifted] = []
    if attempt(
        request,
        form,
        lambda data: said.append(verbs.shorten(by=actor_of(request), event=row.event, until=data["until"])),
    ):
        return done(request, _("It ends earlier.") + " " + _tell(request, said[0]), _url(row))
    context = {"form": form, "regime": row, "crumbs": [*home(), Crumb(row.get_kind_display(), _url(row))]}
    return show(request, "regime_shorten", "today", context)
