"""About proposals for seats: what counts, those asked for together, the decision record to read and to keep."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.ui import Crumb
from throughgate.exchange.files import write_csv
from throughgate.policies.queries import seat_weights
from throughgate.programs.models import PlanState, SeatPlan
from throughgate.programs.queries import plan_record, plans
from throughgate.programs.queries.plan_figures import percent, weight_words
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.fill import READ, fill_crumbs, plan_of, plan_url
from throughgate.www.staff.shell import here, show, staff


@staff(Permission.ENROLL)
def weights(request: HttpRequest) -> HttpResponse:
    """What counts when seats are filled here, in plain words, with who says so."""
    facility = here(request)
    pack = seat_weights(facility.jurisdiction, facility.today())
    context = {
        "pack": pack,
        "rows": weight_words(pack),
        "crumbs": [*fill_crumbs(), Crumb(_("What counts"))],
    }
    return show(request, "fill_weights", "programs", context)


@staff(Permission.ENROLL)
def together(request: HttpRequest, code: str) -> HttpResponse:
    """Proposals that were asked for together, facility by facility."""
    each = plan_of(request, code)
    rows = plans.together(each.round, sorted(actor_of(request).facility_ids))
    context = {
        "plan": each,
        "rows": [(row, _need_met(row)) for row in rows],
        "waiting": any(row.state == PlanState.WAITING for row in rows),
        "undecided": sum(getattr(row, "undecided", 0) for row in rows if row.state == PlanState.READY),
        "crumbs": [*fill_crumbs(), Crumb(_("All facilities"))],
    }
    return show(request, "fill_together", "programs", context)


def _need_met(plan: SeatPlan) -> tuple[str, str]:
    ours, theirs = plan.figures.get("plan"), plan.figures.get("first_come")
    return (percent(ours["need_met"]), percent(theirs["need_met"])) if ours and theirs else ("", "")


def _record(request: HttpRequest, code: str) -> plan_record.Record:
    found = plan_record.record_of(plan_of(request, code))
    not_found(found is not None)
    assert found is not None
    note_read(request, found.people, READ)
    return found


@staff(Permission.ENROLL)
def record(request: HttpRequest, code: str) -> HttpResponse:
    """The decision record: what the proposal was made from and what people decided; nothing here can be changed."""
    found = _record(request, code)
    context = {
        "plan": found.plan,
        "record": found,
        "gap": percent(found.data["proven_gap"]),
        "crumbs": [
            *fill_crumbs(), Crumb(found.plan.code, plan_url(found.plan)), Crumb(_("Decision record"))
        ],
    }  # fmt: skip
    return show(request, "fill_record", "programs", context)


@staff(Permission.ENROLL)
def record_csv(request: HttpRequest, code: str) -> HttpResponse:
    """The decision record as a table with names, guarded against formulas."""
    each = plan_of(request, code)
    found = plans.shown(each)
    note_read(request, found.people, READ)
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="seats-{each.code}.csv"'
    write_csv(response, plan_record.COLUMNS, plan_record.staff_rows(found))
    return response


@staff(Permission.ENROLL)
def record_json(request: HttpRequest, code: str) -> HttpResponse:
    """The whole decision record by codes, with its digest."""
    found = _record(request, code)
    response = JsonResponse(
        plan_record.as_json(found), json_dumps_params={"indent": 1, "ensure_ascii": False}
    )
    response["Content-Disposition"] = f'attachment; filename="seats-{found.plan.code}.json"'
    return response
