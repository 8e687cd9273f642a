"""The agency, its three facilities and the office for after release; every one of them invented."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from throughgate.demo.making import Build, save
from throughgate.places.models import (
    Agency,
    ClosedDay,
    CountTime,
    Facility,
    FacilityKind,
    MovementWindow,
    Room,
    Unit,
)

AGENCY = "Harbor State Corrections (demonstration)"
ALL_WEEK = list(range(7))
T = dt.time

# name, short name, kind, who lives there, city, external code, units (name, share), telephone extension
FACILITIES = {
    "R": ("Ridgeway Correctional Facility", "Ridgeway", FacilityKind.PRISON, "men", "Kingsbarrow", "RDG"),
    "W": ("Willow Creek Correctional Facility", "Willow Creek", FacilityKind.PRISON, "women", "Fennick", "WLC"),
    "D": ("Dockside Reentry Center", "Dockside", FacilityKind.REENTRY_CENTER, "all", "Port Corrow", "DCK"),
    "H": ("Harbor After Release", "After Release", FacilityKind.COMMUNITY_OFFICE, "all", "Port Corrow", "HAR"),
}  # fmt: skip
STREET = {"R": "1400 Mill Race Road", "W": "88 Orchard Row", "D": "12 Quay Avenue", "H": "230 Lantern Street"}
UNITS = {
    "R": ("Alder", "Birch", "Cedar", "Elm", "Hawthorn", "Juniper", "Linden", "Maple"),
    "W": ("East House", "West House", "Garden House", "Mothers' House"),
    "D": ("First floor", "Second floor", "Third floor"),
    "H": (),
}
BEDS = {"R": 1200, "W": 320, "D": 140, "H": 0}

# room: (kind, seats, step-free, screen). The kind is what a program asks for.
ROOMS: dict[str, dict[str, tuple[str, int, bool, bool]]] = {
    "R": {
        "Classroom 1": ("class", 20, True, True),
        "Classroom 2": ("class", 20, True, False),
        "Classroom 3": ("class", 16, False, False),
        "Classroom 4": ("class", 16, False, True),
        "Group room A": ("group", 14, True, False),
        "Group room B": ("group", 14, True, False),
        "Group room C": ("group", 12, False, False),
        "Computer lab": ("lab", 15, True, True),
        "Library": ("class", 18, True, False),
        "Welding shop": ("weld", 12, False, False),
        "Carpentry shop": ("wood", 12, False, False),
        "Teaching kitchen": ("kitchen", 12, True, False),
        "Chapel": ("chapel", 60, True, False),
        "Interfaith room": ("chapel", 25, True, False),
        "Gymnasium": ("gym", 40, True, False),
        "Music room": ("arts", 14, False, False),
        "Kennel yard": ("dogs", 12, True, False),
        "Clinic group room": ("clinic", 12, True, True),
    },
    "W": {
        "Classroom 1": ("class", 18, True, True),
        "Classroom 2": ("class", 16, False, False),
        "Group room": ("group", 14, True, False),
        "Computer lab": ("lab", 12, True, True),
        "Teaching kitchen": ("kitchen", 10, True, False),
        "Chapel": ("chapel", 40, True, False),
        "Gymnasium": ("gym", 25, True, False),
        "Art room": ("arts", 12, False, False),
        "Clinic group room": ("clinic", 10, True, True),
    },
    "D": {
        "Meeting room": ("group", 16, True, True),
        "Learning lab": ("lab", 12, True, True),
        "Quiet room": ("chapel", 14, True, False),
        "Workshop": ("wood", 10, False, False),
        "Clinic room": ("clinic", 10, True, False),
    },
    "H": {
        "Front room": ("group", 16, True, True),
        "Job desk": ("lab", 10, True, True),
        "Counseling room": ("clinic", 8, True, False),
    },
}

COUNTS = (T(5, 0), T(11, 30), T(16, 0), T(21, 30))
WINDOWS = (("am", T(8, 0), T(8, 45)), ("pm", T(12, 45), T(13, 30)), ("ed", T(17, 45), T(18, 30)))


@dataclass
class Places:
    """The facilities by key, and each one's units and rooms."""

    facilities: dict[str, Facility]
    units: dict[str, list[Unit]]
    rooms: dict[str, list[Room]]
    kinds: dict[int, str]

    def key(self, facility_id: int) -> str:
        """The key of a facility by its id."""
        return next(key for key, each in self.facilities.items() if each.pk == facility_id)


def make(build: Build) -> Places:
    """Write the agency and everything that stands still."""
    Agency.objects.create(name=AGENCY, jurisdiction="US-HB", timezone="America/New_York", demonstration=True)
    facilities = {key: _facility(build, key) for key in FACILITIES}
    for facility in facilities.values():
        facility.save(force_insert=True)
    units = {key: save(_units(build, key, facility)) for key, facility in facilities.items()}
    rooms = {key: save(_rooms(build, key, facility)) for key, facility in facilities.items()}
    inside = [facilities[key] for key in "RWD"]
    save(CountTime(facility=f, starts=at, minutes=30, weekdays=ALL_WEEK) for f in inside for at in COUNTS)
    save(
        MovementWindow(facility=f, part=part, opens=opens, closes=closes, weekdays=ALL_WEEK)
        for f in inside
        for part, opens, closes in WINDOWS
    )
    save(_closed_days(build, facilities))
    kinds = {room.pk: ROOMS[key][room.name][0] for key, each in rooms.items() for room in each}
    return Places(facilities, units, rooms, kinds)


def _facility(build: Build, key: str) -> Facility:
    name, short, kind, population, city, external = FACILITIES[key]
    return Facility(
        code=build.code(),
        name=name,
        short_name=short,
        kind=kind,
        population=population,
        jurisdiction="US-HB",
        timezone="America/New_York",
        address=STREET[key],
        city=f"{city}, Harbor State (invented)",
        phone=f"(555) 555-01{10 + ord(key) % 80}",
        gate_instructions=GATE[key],
        external_code=external,
    )


GATE = {
    "R": "Front gate, left-hand door. Bring the identity document named on your clearance. Telephones and smart"
    " watches stay in your car or in a locker. Be there 20 minutes before your session.",
    "W": "Visitor entrance on Orchard Row. Lockers take a quarter; bags stay in them. Be there 20 minutes"
    " before your session.",
    "D": "Ring at the blue door. Sign in at the desk; somebody walks you up.",
    "H": "Open to the street. No sign-in at a gate; the front desk helps.",
}


def _units(build: Build, key: str, facility: Facility) -> list[Unit]:
    beds = round(build.count(BEDS[key]) / max(1, len(UNITS[key])) * 1.06)
    return [
        Unit(code=build.code(), facility=facility, name=name, position=position, beds=beds)
        for position, name in enumerate(UNITS[key])
    ]


def _rooms(build: Build, key: str, facility: Facility) -> list[Room]:
    return [
        Room(
            code=build.code(),
            facility=facility,
            name=name,
            capacity=seats,
            step_free=step_free,
            has_screen=screen,
        )
        for name, (_, seats, step_free, screen) in ROOMS[key].items()
    ]


def _closed_days(build: Build, facilities: dict[str, Facility]) -> list[ClosedDay]:
    return [
        ClosedDay(facility=facilities["R"], day=build.day(-83), name="Staff training day"),
        ClosedDay(facility=facilities["R"], day=build.day(19), name="Staff training day"),
        ClosedDay(facility=facilities["W"], day=build.day(-55), name="Water main repair"),
        ClosedDay(facility=facilities["D"], day=build.day(12), name="Fire safety inspection"),
    ]
