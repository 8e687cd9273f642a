"""What the engine is told: people, programs, cohorts, the agency's weights, and the plan it gives back.

Rows are plain frozen dataclasses; [instance.Instance][] packs them into arrays. Units: days are whole days
counted from the planning day (0); an end day is the first day *after*; minutes are minutes after midnight,
local to the facility; need, strength and fit are fractions (need and strength 0..1, fit about 1).

No risk score and no reason for a keep-apart order has a place here. Group labels (race, sex, language) are
read by audits and floors only, never by the value of a seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .arrays import B1, F8, I4

MAX_SEATS = 3
"""The most new seats one plan may give one person."""


class AllocationError(ValueError):
    """The engine cannot go on; the message says what to change."""


class InstanceError(AllocationError):
    """The input contradicts itself or lacks something."""


class FloorUnreachable(AllocationError):
    """No plan was found that meets a group floor."""


class PlanRefused(AllocationError):
    """The independent check found violations; the plan must not be shown."""


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """One weekly meeting: weekday 0 (Monday) to 6, start and end in minutes after midnight."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Program:
    """What a cohort teaches. `strengths` says how much of each need one completion covers (0..1)."""

    id: str
    primary: str
    strengths: Mapping[str, float]
    prerequisites: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    """Languages it is taught in; empty = any participant can follow it."""
    min_literacy: int = 0
    max_custody: int = 99
    release_window: int | None = None
    """Only for people with at most this many days left; None = no limit."""
    continues_outside: bool = False


@dataclass(frozen=True, slots=True)
class Cohort:
    """One dated run of a program. `facilities` lists every place it can be attended from (many when remote)."""

    id: str
    program: str
    facilities: tuple[str, ...]
    start: int
    end: int
    seats: int
    sessions: tuple[Session, ...] = ()
    min_seats: int = 0
    """Fewer people than this and the cohort does not run (0 = runs with anyone)."""


@dataclass(frozen=True, slots=True)
class Person:
    """A participant. `wait` is days on waiting lists; `busy` is the fixed weekly schedule (job, medical)."""

    id: str
    facility: str
    needs: Mapping[str, float]
    release: int | None = None
    wait: float = 0.0
    custody: int = 0
    literacy: int = 99
    languages: frozenset[str] = frozenset()
    busy: tuple[Session, ...] = ()
    done: frozenset[str] = frozenset()
    max_seats: int = MAX_SEATS
    consent: bool = True
    present_from: int = 0
    """First day on which this person can attend; cohorts that start earlier are out of reach."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Audit labels, e.g. {"language": "es"}; never an input to a value."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is known about one person and one cohort: fit (responsivity), preference, or a bar with its code."""

    person: str
    cohort: str
    fit: float = 1.0
    preference: float = 0.0
    barred: str = ""
    """Why this person may not or will not take this cohort ("declined", an opaque "safety" code); "" = free."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A promise to a group: the need met in it, as a share of its need.

    `at_least` with `relative=False` is that share itself; with `relative=True` it is a fraction of the share
    met for everyone else (0.9 = at least nine tenths of what others get).
    """

    group: str
    label: str
    at_least: float
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """The agency's own weights. `version` is printed on every plan and decision record."""

    version: str = "default-1"
    first_seat: float = 1.0
    """Worth of a person's first seat, in units of fully met need [F-1]."""
    first_seat_base: float = 1.0
    first_seat_urgent: float = 1.0
    """The first seat is worth first_seat x (base + urgent x exp(-weeks to release / urgency_weeks))."""
    urgency: float = 1.0
    """Need met counts 1 + urgency x exp(-weeks to release / urgency_weeks)."""
    urgency_weeks: float = 26.0
    waiting: float = 0.04
    """Added per seat for someone who has waited `waiting_weeks` or longer, less for shorter waits."""
    waiting_weeks: float = 104.0
    preference: float = 0.02
    held: float = 0.02
    """Added per seat that the last plan already proposed: keeps plans calm from week to week [F-5]."""
    max_seats: int = MAX_SEATS
    promise: bool = True
    """Nobody without a seat is passed over by someone with less need, later release and shorter wait [F-3]."""
    outside_days: int = 14
    """A cohort that continues outside may be begun only this many days before release."""
    travel_minutes: int = 0
    """Kept free after every session (movement, count)."""
    floors: tuple[Floor, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.max_seats <= MAX_SEATS:
            raise InstanceError(f"max_seats must be 1 to {MAX_SEATS}, not {self.max_seats}.")
        for name in (
            "first_seat",
            "first_seat_base",
            "first_seat_urgent",
            "urgency",
            "waiting",
            "preference",
            "held",
        ):
            if getattr(self, name) < 0:
                raise InstanceError(f"The weight {name} is negative. Use 0 to switch it off.")
        if self.urgency_weeks <= 0 or self.waiting_weeks <= 0:
            raise InstanceError("urgency_weeks and waiting_weeks must be above 0.")


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try. Only `seconds` depends on the clock; all else is counted, so runs repeat exactly."""

    seconds: float = 60.0
    gap: float = 0.0003
    """Stop improving once the proven gap is at most this."""
    sweeps: int = 14
    mip: bool = True
    threads: int = 2
    engine: Literal["auto", "numba", "plain"] = "auto"


@dataclass(frozen=True, slots=True)
class Prices:
    """Seat prices and the bound they prove. `seat` has one price per cohort; `bound` is above every plan."""

    seat: F8
    floor: F8
    bound: float
    sweeps: int
    history: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """One line of the tie lottery's ledger: equals for one cohort, their tickets, and who got the seat."""

    cohort: int
    person: int
    ticket: float
    seated: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A proposal; nobody is enrolled by it.

    `seats` is (person index, cohort index) rows, sorted, with the fixed seats; `fixed` marks those. `value` and
    `bound` are in units of weighted need met; `gap` = (bound - value) / bound is proven, and `raw_gap` is the
    gap before the passed-over promise was kept. `repeatable` is False when the clock stopped the work.
    """

    seats: I4
    fixed: B1
    value: float
    bound: float
    raw_value: float
    prices: Prices
    lottery: tuple[Ticket, ...]
    policy: Policy
    seed: int
    instance_digest: str
    digest: str
    seconds: Mapping[str, float]
    repeatable: bool
    closed: tuple[int, ...] = ()
    """Cohorts left empty because too few people would have come for them to run."""

    @property
    def gap(self) -> float:
        """Share of the bound that this plan may at most be missing."""
        return max(0.0, (self.bound - self.value) / self.bound) if self.bound > 0 else 0.0

    @property
    def raw_gap(self) -> float:
        """The gap before the promise was kept."""
        return max(0.0, (self.bound - self.raw_value) / self.bound) if self.bound > 0 else 0.0
