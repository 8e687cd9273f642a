"""Where need goes unmet, and which partner to ask next."""

from __future__ import annotations

from typing import Literal, cast
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.base import pdf, ui
from throughgate.base.ui import Crumb
from throughgate.places.models import Facility
from throughgate.programs.actions import gaps as verbs
from throughgate.programs.models import GapMap, PlanState
from throughgate.programs.queries import gaps as queries
from throughgate.programs.queries import letters
from throughgate.programs.queries.gaps import Ask
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.programs import home
from throughgate.www.staff.shell import here, own, place_of, run_now, show, staff


@staff(Permission.VIEW_RESTRICTED)
def gap_map(request: HttpRequest) -> HttpResponse:
    """Need by time to release here, and need by facility where the actor has several."""
    place = place_of(request)
    made = queries.latest(place.facility)
    maps = queries.latest_of(place.choices) if place.several else {}
    mapped = [each for each in place.choices if each.pk in maps]
    context = {
        "map": made,
        "rows": queries.need_rows(made) if made else [],
        "work": _work(queries.pending(place.facility)),
        "across": _across(mapped, maps),
        "heads": [ui.Column(_("Need")), *(ui.Column(each.short_name) for each in mapped)],
        "crumbs": [home(), Crumb(_("Where need goes unmet"))],
    }
    return show(request, "insight/gap_map", "programs", context)


def _across(
    places: list[Facility], maps: dict[int, GapMap]
) -> list[tuple[str, list[tuple[str, queries.Square | None]]]]:
    """Need by facility: label, and all times together for each facility; nothing where there is one only."""
    if len(places) == 1:
        return []
    rows = {each.pk: {row.need: row.all for row in queries.need_rows(maps[each.pk])} for each in places}
    needs = dict.fromkeys(need for known in rows.values() for need in known)
    return [
        (queries.label_of(need), [(each.short_name, rows[each.pk].get(need)) for each in places])
        for need in needs
    ]


def _work(pending: GapMap | None) -> ui.Work | None:
    if pending is None:
        return None
    work, waiting = pending.work, pending.state == PlanState.WAITING
    state = work.state if work else "waiting" if waiting else "failed"
    return ui.Work(
        code=pending.code,
        label=work.label if work else _("Gap map"),
        state=cast(Literal["waiting", "running", "done", "failed"], state),
        done=work.done if work else 0,
        total=(work.total or 0) if work else 0,
        started=work.started_at if work else None,
        finished=work.finished_at if work else None,
        unit=work.unit if work else "",
        reason=pending.why_failed,
        poll_url=reverse("staff:gap_map") if waiting else "",
    )


@staff(Permission.ENROLL)
@require_POST
def gap_map_new(request: HttpRequest) -> HttpResponseRedirect:
    """Have a new map made."""
    return run_now(
        request,
        lambda: verbs.ask(by=actor_of(request), facility=here(request)),
        _("A new map is being made."),
        reverse("staff:gap_map"),
    )


@staff(Permission.VIEW_RESTRICTED)
def ask_next(request: HttpRequest) -> HttpResponse:
    """The next partners to ask, each with what a weekly course of theirs would be worth."""
    made = queries.latest(here(request))
    context = {
        "map": made,
        "rows": [(each, _mailto(each, here(request))) for each in queries.asks(made)] if made else [],
        "work": _work(queries.pending(here(request))),
        "crumbs": [home(), Crumb(_("Where need goes unmet"), reverse("staff:gap_map")), Crumb(_("Ask next"))],
    }
    return show(request, "insight/ask_next", "programs", context)


def _mailto(each: Ask, facility: Facility) -> str:
    """An enquiry that is written already, for the reader's own mail program; empty without an address."""
    address = (each.service.email if each.service else "") or (
        each.organization.email if each.organization else ""
    )
    if not address:
        return ""
    letter = letters.letter(each, facility)
    body = "\n\n".join(letter.paragraphs)
    return f"mailto:{quote(address)}?subject={quote(letter.title)}&body={quote(body)}"


@staff(Permission.VIEW_RESTRICTED)
@require_POST
def ask_letter(request: HttpRequest, code: str, rank: int) -> HttpResponse:
    """The enquiry as a letter on paper."""
    made = own(actor_of(request), GapMap.objects.select_related("facility"), code)
    each = next((each for each in queries.asks(made) if each.rank == rank), None)
    not_found(each is not None)
    assert each is not None
    letter = letters.letter(each, made.facility)
    paper = pdf.render(
        "letter",
        {
            "title": letter.title,
            "facility": made.facility.name,
            "sender": [made.facility.name],
            "recipient": [each.organization.name] if each.organization else [],
            "date": made.facility.today(),
            "body": list(letter.paragraphs),
            "signed": [actor_of(request).name, made.facility.name],
        },
    )
    return HttpResponse(
        paper,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="enquiry-{made.code}-{rank}.pdf"'},
    )
