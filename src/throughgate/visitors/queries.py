"""What pages and other rooms ask about visitors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from throughgate.access.actor import Actor
from throughgate.base.codes import clean
from throughgate.base.errors import Decision
from throughgate.base.names import fold
from throughgate.base.scope import Audience
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.policies.library import NoPolicy
from throughgate.visitors import rules
from throughgate.visitors.models import CLEARED, Clearance, Visitor
from throughgate.visitors.steps import standing

DAY = dt.timedelta(days=1)


def gate_ready(visitor: Visitor, facility: Facility, day: dt.date) -> Decision:
    """Whether a visitor may come in on a local day, with every reason when not. Two queries."""
    rows = (
        Clearance.objects.filter(visitor=visitor, facility=facility).prefetch_related("steps").order_by("pk")
    )
    return rules.at_the_gate([standing(row) for row in rows], visitor.left_on, day)


def gate_ready_many(visitor_ids: Collection[int], facility: Facility, day: dt.date) -> dict[int, Decision]:
    """The same for many visitors at once, by id; three queries."""
    found: dict[int, list[rules.Standing]] = {pk: [] for pk in visitor_ids}
    rows = Clearance.objects.filter(visitor_id__in=visitor_ids, facility=facility)
    for row in rows.prefetch_related("steps").order_by("pk"):
        found[row.visitor_id].append(standing(row))
    left = dict(Visitor.objects.filter(pk__in=visitor_ids).order_by("pk").values_list("pk", "left_on"))
    return {pk: rules.at_the_gate(stands, left.get(pk), day) for pk, stands in found.items()}


def cleared_on(facility: Facility, day: dt.date) -> QuerySet[Visitor]:
    """Everybody who may come in on a local day, by name."""
    clearances = Clearance.objects.filter(facility=facility, ready__contains=day).values("visitor_id")
    return Visitor.objects.filter(pk__in=clearances).order_by("sort_name", "pk")


def ready_at(visitor: Visitor, facility: Facility, moment: dt.datetime) -> bool:
    """Whether a visitor may come in at a moment, on the facility's own clock. One query; what lists ask too."""
    day = moment.astimezone(facility.zone).date()
    return Clearance.objects.filter(visitor=visitor, facility=facility, ready__contains=day).exists()


@dataclass(frozen=True)
class Expiring:
    """A clearance that runs out. ``stage`` is the reminder step reached (days before), None while it is early.

    ``needed_on`` is the first day on which the visitor is expected after it has run out.
    """

    clearance: Clearance
    until: dt.date
    days_left: int
    stage: int | None
    needed_on: dt.date | None


def expiring(
    by: Actor, within: int = 90, needed: Mapping[tuple[int, int], Iterable[dt.date]] | None = None
) -> list[Expiring]:
    """Clearances at the actor's facilities that run out within so many days, the most urgent first.

    ``needed`` says on which days (visitor id, facility id) are expected; programs know. A clearance that runs
    out before such a day comes first. Steps come from the reminders pack in force.
    """
    rows = Clearance.objects.filter(
        Q(visitor__left_on__isnull=True), status__in=CLEARED, valid__endswith__isnull=False
    ).select_related("visitor__organization", "facility")
    if by.audience == Audience.STAFF:
        rows = rows.filter(facility_id__in=by.facility_ids)
    found = []
    for row in _furthest(rows.order_by("valid", "pk")):
        assert row.valid is not None and row.valid.upper is not None
        today, until = row.facility.today(), row.valid.upper - DAY
        if (until - today).days > within:
            continue
        days = (needed or {}).get((row.visitor_id, row.facility_id), ())
        found.append(
            Expiring(
                clearance=row,
                until=until,
                days_left=(until - today).days,
                stage=_stage(row.facility, until, today),
                needed_on=rules.runs_out_before(until, days),
            )
        )
    return sorted(
        found, key=lambda each: (each.needed_on is None, each.until, each.clearance.visitor.sort_name)
    )


def _furthest(rows: Iterable[Clearance]) -> Iterable[Clearance]:
    """The last clearance of each visitor at each facility: one that is renewed already does not run out."""
    return {(row.visitor_id, row.facility_id): row for row in rows}.values()


def _stage(facility: Facility, until: dt.date, today: dt.date) -> int | None:
    try:
        steps = policies.reminders(facility.jurisdiction, today).data.reminders.get("clearance")
    except NoPolicy:
        return None
    return steps.stage(until, today) if steps else None


def visitor_page(code: str) -> tuple[Visitor, list[Clearance]] | None:
    """A visitor with the clearances that the reader may see, newest first; None when there is none."""
    visitor = Visitor.objects.select_related("organization").filter(code=clean(code)).first()
    if visitor is None:
        return None
    rows = visitor.clearances.select_related("facility", "visitor").prefetch_related("steps__references")
    return visitor, list(rows.order_by("facility__name", "-pk"))


def visitor_list(
    by: Actor, words: str = "", *, facility: Facility | None = None, page: int = 1, size: int = 50
) -> tuple[list[Visitor], int]:
    """Visitors by name, those of one facility when it is given, and how many there are."""
    rows = Visitor.objects.select_related("organization")
    if facility is not None:
        here = Clearance.objects.filter(facility=facility).values("visitor_id")
        rows = rows.filter(pk__in=here)
    for word in fold(words).split():
        rows = rows.filter(Q(sort_name__contains=word) | Q(organization__name__icontains=word))
    start = (max(1, page) - 1) * size
    return list(rows.order_by("sort_name", "pk")[start : start + size]), rows.count()
