"""Gap maps as pages show them: need by time to release, facility by facility, and the next partners to ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from throughgate.partners.models import Organization, Service
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility, Weekday
from throughgate.programs.models import GapMap, PlanState

WINDOWS = ("soon", "year", "later")


@dataclass(frozen=True)
class Square:
    """One need in one window of time to release. ``met`` and ``filled`` are shares of the need, 0 to 1:
    met by seats that are held, and once the free seats are filled as well."""

    window: str
    people: int
    without: int
    need: float
    met: float
    filled: float

    @property
    def served(self) -> int:
        """People with this need and a seat that covers some of it."""
        return self.people - self.without

    @property
    def percent_met(self) -> int:
        """Share of the need that is met now, in percent."""
        return round(100 * self.met)

    @property
    def percent_filled(self) -> int:
        """Share of the need that is met once the free seats are filled, in percent."""
        return round(100 * self.filled)


@dataclass(frozen=True)
class NeedRow:
    """One need at one facility: a square for each window (None where nobody has it) and all together."""

    need: str
    label: str
    squares: tuple[Square | None, ...]
    all: Square


@dataclass(frozen=True)
class Ask:
    """A weekly course that is lacking, what it would be worth, and whom to ask; ``rank`` begins with 1."""

    rank: int
    need: str
    label: str
    weekday: str
    starts: dt.time
    ends: dt.time
    weeks: int
    seats: int
    worth: float
    per_seat: float
    people: int
    organization: Organization | None
    service: Service | None
    already: bool


def latest(facility: Facility) -> GapMap | None:
    """The newest map of a facility that is made."""
    return (
        GapMap.objects.filter(facility=facility, state=PlanState.READY)
        .select_related("facility")
        .order_by("-made_at", "-id")
        .first()
    )


def latest_of(facilities: Iterable[Facility]) -> dict[int, GapMap]:
    """The newest map of each facility that has one, by facility id."""
    rows = GapMap.objects.filter(facility__in=list(facilities), state=PlanState.READY).order_by(
        "facility", "-made_at", "-id"
    )
    return {row.facility_id: row for row in rows.distinct("facility").select_related("facility")}


def pending(facility: Facility) -> GapMap | None:
    """The map that is being made, or the newest that failed after the latest one was made."""
    made = latest(facility)
    since = Q(recorded_at__gt=made.recorded_at) if made else Q()
    rows = GapMap.objects.filter(since, facility=facility).exclude(state=PlanState.READY)
    return rows.select_related("work").order_by("-recorded_at", "-id").first()


def need_rows(made: GapMap) -> list[NeedRow]:
    """The map need by need, the most unmet need first."""
    found: dict[str, dict[str, Square]] = {}
    for cell in made.cells:
        found.setdefault(cell["need"], {})[cell["window"]] = _square(cell["window"], [cell])
    rows = [
        NeedRow(
            need,
            label_of(need),
            tuple(squares.get(window) for window in WINDOWS),
            _square("all", [cell for cell in made.cells if cell["need"] == need]),
        )
        for need, squares in found.items()
    ]
    return sorted(rows, key=lambda row: (row.all.need * (row.all.met - 1), row.label))


def _square(window: str, cells: Sequence[dict[str, Any]]) -> Square:
    total = sum(cell["need_total"] for cell in cells)
    return Square(
        window,
        sum(cell["people"] for cell in cells),
        sum(cell["without"] for cell in cells),
        total,
        sum(cell["met"] for cell in cells) / total if total else 0.0,
        sum(cell["met_filled"] for cell in cells) / total if total else 0.0,
    )


def label_of(need: str) -> str:
    """A need in words."""
    return str(dict(NeedDomain.choices).get(need, need))


def asks(made: GapMap) -> list[Ask]:
    """The next partners to ask, best first; an organization that left the directory is not named."""
    organizations = _by_code(Organization, made, "organization")
    services = _by_code(Service, made, "service")
    return [
        Ask(
            rank=rank,
            need=row["need"],
            label=label_of(row["need"]),
            weekday=str(Weekday(row["weekday"]).label),
            starts=(starts := dt.time.fromisoformat(row["starts"])),
            ends=_later(starts, row["minutes"]),
            weeks=row["weeks"],
            seats=row["seats"],
            worth=row["worth"],
            per_seat=row["per_seat"],
            people=row["people"],
            organization=organizations.get(row["organization"]),
            service=services.get(row["service"]),
            already=row["already"],
        )
        for rank, row in enumerate(made.asks, start=1)
    ]


def _by_code(model: type[Any], made: GapMap, key: str) -> dict[str, Any]:
    codes = [row[key] for row in made.asks if row[key]]
    return {row.code: row for row in model.objects.filter(code__in=codes).order_by("id")}


def _later(time: dt.time, minutes: int) -> dt.time:
    return (dt.datetime.combine(dt.date.min, time) + dt.timedelta(minutes=minutes)).time()
