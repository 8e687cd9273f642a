"""Measures as data: what counts, on which clock, within which window, for whom.

A measure can always be printed as one sentence, because the same people give 25 % or 67 % depending on
what is counted. Its version is a hash of everything that defines it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .errors import StudyError

EVENT_TYPES = ("arrest", "conviction", "incarceration")
NOT_RELEASES: tuple[str, ...] = (
    "death",
    "execution",
    "escape",
    "transfer",
    "court_order",
    "status_change",
    "temporary_release",
    "temporary_custody",
    "parole_board_hold",
    "unknown",
)
LEAVING = ("death", "removal", "transfer")


@dataclass(frozen=True)
class Measure:
    """A named way of counting returns.

    events: which of arrest, conviction, incarceration count; new_crime_only leaves technical violations
    out; window with unit "month" (calendar months, month ends agree) or "day", end exclusive; clock
    "calendar" or "street" (days in custody are not at risk); basis "first" (each person's first release in
    the period) or "each" (every release); exclude: release kinds that are not releases; competing: exits
    that are neither return nor success; deaths: "compete", "drop" (leave known deaths out) or "ignore".
    """

    name: str
    title: str
    events: tuple[str, ...]
    window: int = 36
    unit: str = "month"
    new_crime_only: bool = False
    clock: str = "calendar"
    basis: str = "first"
    exclude: tuple[str, ...] = NOT_RELEASES
    competing: tuple[str, ...] = LEAVING
    deaths: str = "compete"

    def __post_init__(self) -> None:
        """Refuse a measure that could not be counted."""
        unknown = [e for e in self.events if e not in EVENT_TYPES]
        if unknown or not self.events:
            raise StudyError(
                f"Measure {self.name}: events must be among {', '.join(EVENT_TYPES)}, not {unknown}."
            )
        _among(self.name, "unit", self.unit, ("month", "day"))
        _among(self.name, "clock", self.clock, ("calendar", "street"))
        _among(self.name, "basis", self.basis, ("first", "each"))
        _among(self.name, "deaths", self.deaths, ("compete", "drop", "ignore"))
        if self.window < 1:
            raise StudyError(f"Measure {self.name}: the window must be at least 1 {self.unit}.")

    @property
    def version(self) -> str:
        """Twelve hex digits over every choice; the title does not matter."""
        facts = {k: v for k, v in asdict(self).items() if k not in ("name", "title")}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]

    def sentence(self) -> str:
        """The measure in one sentence."""
        what = _joined(
            {
                "arrest": "arrested",
                "conviction": "convicted",
                "incarceration": "returned to prison",
            }[e]
            for e in self.events
        )
        why = "for a new crime" if self.new_crime_only else "for any reason (technical violations included)"
        who = (
            "people released in the period, each counted once from the first release"
            if self.basis == "first"
            else "releases in the period, a person counting once per release"
        )
        clock = "" if self.clock == "calendar" else ", not counting days spent in custody,"
        gone = {
            "compete": f"; {_joined(c.replace('_', ' ') for c in self.competing)} end the time at risk "
            "without counting as success or failure",
            "drop": "; people known to have died are left out",
            "ignore": "; deaths and departures are not taken into account",
        }[self.deaths]
        return (
            f"Of all {who}, the share {what} {why} within {self.window} {self.unit}s after release{clock} "
            f"among those whose whole {self.window} {self.unit}s could be observed{gone}."
        )

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Measure:
        """Build a measure from TOML or JSON. Unknown keys are refused by name."""
        known = {f.name for f in fields(cls)}
        extra = sorted(set(facts) - known)
        if extra:
            raise StudyError(
                f"A measure has no setting {', '.join(extra)}. It may have {', '.join(sorted(known))}."
            )
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}
        missing = [k for k in ("name", "title", "events") if k not in values]
        if missing:
            raise StudyError(f"A measure needs {', '.join(missing)}.")
        return cls(**values)


def _among(name: str, what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise StudyError(f"Measure {name}: {what} must be {' or '.join(allowed)}, not {value!r}.")


def _joined(words: Any) -> str:
    items = [str(w) for w in words]
    if not items:
        return ""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " or " + items[-1]


def catalogue() -> dict[str, Measure]:
    """The usual measures by name, at 6, 12, 24 and 36 months, and two published conventions."""
    base = (
        Measure("rearrest", "Arrested again", ("arrest",)),
        Measure("reconviction", "Convicted again", ("conviction",)),
        Measure("reincarceration", "Back in prison", ("incarceration",)),
        Measure("new_crime", "Convicted of a new crime", ("conviction",), new_crime_only=True),
        Measure(
            "new_crime_prison", "Back in prison for a new crime", ("incarceration",), new_crime_only=True
        ),
    )
    out = {}
    for measure in base:
        for months in (6, 12, 24, 36):
            name = f"{measure.name}_{months}"
            out[name] = replace(
                measure, name=name, title=f"{measure.title} within {months} months", window=months
            )
    agency = Measure(
        "agency_return_36",
        "Back in prison within 36 months, every release, departures not considered",
        ("incarceration",),
        basis="each",
        deaths="ignore",
        competing=(),
    )
    federal = Measure(
        "bjs_rearrest_36",
        "Arrested within 36 months, known deaths left out",
        ("arrest",),
        deaths="drop",
        competing=(),
    )
    return {**out, agency.name: agency, federal.name: federal}
