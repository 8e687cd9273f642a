"""Decision records of seats for the auditor: people by their codes, groups protected, reasons as they were given."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.scope import Audience
from throughgate.base.ui import Crumb
from throughgate.exchange.files import write_csv
from throughgate.policies.queries import publishing
from throughgate.programs.models import ProposalStatus, SeatAudit, SeatPlan
from throughgate.programs.queries import plan_record
from throughgate.programs.queries.plan_figures import coverage, or_unknown, percent, promise
from throughgate.www.doors import not_found, page

PAGE = 50
READ = "proposed seats and decisions, by code"


@page(Audience.AUDITOR, permission=Permission.VIEW_AUDIT)
def index(request: HttpRequest) -> HttpResponse:
    """Every proposal that was made, newest first, with how many were decided otherwise."""
    rows = (
        SeatPlan.objects.filter(made_at__isnull=False)
        .select_related("facility")
        .annotate(
            given=Count("proposals", filter=Q(proposals__status=ProposalStatus.ACCEPTED)),
            overruled=Count("proposals", filter=Q(proposals__status__in=plan_record.OVERRULED)),
            proposed=Count("proposals", filter=~Q(proposals__status=ProposalStatus.NOT_PROPOSED)),
        )
        .order_by("-made_at", "-id")
    )
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "auditor/seats.html", {"page": found, "door": "seats"})


def _record(request: HttpRequest, code: str) -> plan_record.Record:
    plan = SeatPlan.objects.select_related("facility").filter(code=code).first()
    not_found(plan is not None)
    assert plan is not None
    record = plan_record.record_of(plan)
    not_found(record is not None)
    assert record is not None
    note_read(request, record.people, READ)
    return record


@page(Audience.AUDITOR, permission=Permission.VIEW_AUDIT)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One decision record: digests, weights, prices, lottery, decisions, and how groups fared."""
    record = _record(request, code)
    plan = record.plan
    smallest = publishing(plan.facility.jurisdiction, plan.facility.today()).data.smallest
    audit = SeatAudit.objects.filter(plan=plan).first()
    words = {"sex": or_unknown, "race": or_unknown}
    context = {
        "plan": plan,
        "record": record,
        "gap": percent(record.data["proven_gap"]),
        "promise_words": promise(plan)[1],
        "groups": coverage(audit.groups, words, smallest) if audit else [],
        "smallest": smallest,
        "whole": record.sha256 == plan_record.digest_of(record.data),
        "door": "seats",
        "crumbs": [Crumb(_("Decisions about seats"), reverse("audit:seats")), Crumb(plan.code)],
    }
    with timezone.override(plan.facility.zone):
        return render(request, "auditor/seat_record.html", context)


@page(Audience.AUDITOR, permission=Permission.VIEW_AUDIT)
def as_csv(request: HttpRequest, code: str) -> HttpResponse:
    """The record as a table, guarded against formulas."""
    record = _record(request, code)
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="seats-{record.plan.code}.csv"'
    write_csv(response, plan_record.AUDIT_COLUMNS, plan_record.audit_rows(record))
    return response


@page(Audience.AUDITOR, permission=Permission.VIEW_AUDIT)
def as_json(request: HttpRequest, code: str) -> HttpResponse:
    """The whole record as plain values."""
    record = _record(request, code)
    response = JsonResponse(
        plan_record.as_json(record), json_dumps_params={"indent": 1, "ensure_ascii": False}
    )
    response["Content-Disposition"] = f'attachment; filename="seats-{record.plan.code}.json"'
    return response
