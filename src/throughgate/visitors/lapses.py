"""What of this room lapses: clearances, and what was shown for them and runs out before."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation
from django.utils.translation import gettext as _

from throughgate.base.lapses import Lapse, Recipient, Window, source
from throughgate.visitors import rules
from throughgate.visitors.models import Clearance, Step, Visitor
from throughgate.visitors.steps import requirement_of


@source("clearance")
def clearances(window: Window) -> Iterator[Lapse]:
    """Clearances that end, for the visitor; the last of each at a facility."""
    rows = Clearance.objects.filter(
        status__in=rules.CLEARED, visitor__left_on__isnull=True, valid__endswith__isnull=False
    ).select_related("visitor__organization", "facility")
    last: dict[tuple[int, int], Clearance] = {}
    for row in rows.order_by("valid", "pk"):
        last[row.visitor_id, row.facility_id] = row
    for row in last.values():
        until = row.last_day
        if until is not None and until in window:
            yield Lapse(
                kind="clearance",
                key=row.code,
                until=until,
                title=_("Clearance of %(name)s for %(place)s")
                % {"name": row.visitor.name, "place": row.facility.name},
                recipients=recipients(row),
                url=f"/staff/visitors/{row.visitor.code}/",
                facility_ids=(row.facility_id,),
                about=row.visitor.name,
                subject=f"visitor {row.visitor.code}",
                jurisdiction=row.facility.jurisdiction,
                zone=row.facility.timezone,
            )


@source("training")
def trainings(window: Window) -> Iterator[Lapse]:
    """Training and orientation that must be repeated."""
    yield from _steps(window, "training", {"training"})


@source("requirement")
def requirements(window: Window) -> Iterator[Lapse]:
    """Everything else that was shown and runs out: a decision about the background, agreed rules, what was seen."""
    yield from _steps(window, "requirement", {"agree", "seen", "check", "reference", "evaluation"})


def _steps(window: Window, kind: str, proofs: set[str]) -> Iterator[Lapse]:
    rows = (
        Step.objects.filter(
            asked=True,
            waived_on__isnull=True,
            until__range=(window.first, window.last),
            clearance__status__in=rules.CLEARED,
            clearance__visitor__left_on__isnull=True,
        )
        .select_related("clearance__visitor__organization", "clearance__facility")
        .order_by("until", "pk")
    )
    for row in rows:
        asked, clearance = requirement_of(row), row.clearance
        # What ends with the clearance or after it is part of its renewal, and told with that.
        if asked.proof not in proofs or (clearance.last_day is not None and row.until == clearance.last_day):
            continue
        assert row.until is not None
        yield Lapse(
            kind=kind,
            key=row.code,
            until=row.until,
            title=_("%(what)s of %(name)s for %(place)s")
            % {
                "what": asked.label.in_language(translation.get_language() or "en"),
                "name": clearance.visitor.name,
                "place": clearance.facility.name,
            },
            recipients=recipients(clearance),
            url=f"/staff/visitors/{clearance.visitor.code}/",
            facility_ids=(clearance.facility_id,),
            about=clearance.visitor.name,
            subject=f"visitor {clearance.visitor.code}",
            jurisdiction=clearance.facility.jurisdiction,
            zone=clearance.facility.timezone,
        )


def recipients(clearance: Clearance) -> list[Recipient]:
    """The visitor themselves."""
    who: Visitor = clearance.visitor
    return [
        Recipient(
            key=f"visitor {who.code}",
            address=who.email,
            name=who.name,
            language=who.language,
            zone=clearance.facility.timezone,
        )
    ]
