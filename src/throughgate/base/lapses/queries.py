"""What pages ask: what lapses where, when, and who was told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from throughgate.base.lapses.models import Lapsing, Reminder
from throughgate.base.lapses.rules import Steps

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to: a kind, some places (with what concerns none), days ahead."""

    kind: str = ""
    facility_ids: Collection[int] | None = None
    within: int | None = None


def lapsing(filters: Filter, today: dt.date) -> QuerySet[Lapsing]:
    """What lapses, what it hits first, then by its last day. Row security shows each reader their own."""
    rows = Lapsing.objects.all()
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.facility_ids is not None:
        rows = rows.filter(Q(facility_ids__overlap=list(filters.facility_ids)) | Q(facility_ids=[]))
    if filters.within is not None:
        rows = rows.filter(until__lte=today + filters.within * DAY)
    return rows.order_by(F("first_hit").asc(nulls_last=True), "until", "kind", "ref")


def pressing(facility_ids: Collection[int], kinds_left_out: Collection[str] = ()) -> list[Lapsing]:
    """What needs somebody now at these places, for the page of the day."""
    rows = Lapsing.objects.filter(light__in=("red", "amber"), facility_ids__overlap=list(facility_ids))
    return list(rows.exclude(kind__in=kinds_left_out).order_by("until", "kind", "ref"))


def told(rows: Collection[Lapsing]) -> dict[int, list[Reminder]]:
    """Who was reminded of each thing's present end, newest first, by the row's id. One query."""
    by_key = {(row.kind, row.ref, row.until): row.pk for row in rows}
    found: dict[int, list[Reminder]] = {}
    given = Reminder.objects.filter(ref__in={row.ref for row in rows}).order_by("-recorded_at", "person")
    for each in given:
        pk = by_key.get((each.kind, each.ref, each.until))
        if pk is not None:
            found.setdefault(pk, []).append(each)
    return found


def kinds() -> list[str]:
    """The kinds that something on the list is of."""
    return list(Lapsing.objects.order_by("kind").values_list("kind", flat=True).distinct())


def kind_words(kind: str, on: dt.date) -> str:
    """What a kind is called, in the reader's language."""
    steps: Steps = import_string(settings.REMINDER_STEPS)(kind, "", on)
    return steps.words(get_language() or "en")
