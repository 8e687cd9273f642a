"""What goes into a study and what comes out of it, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .benefit_cost import CostTable, Worth
from .comparison import Comparison, Estimate
from .counting import Cube
from .design import Card, Finding
from .portfolio import Shrunk
from .survival import Curve, LogRank
from .verdict import Verdict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Spec:
    """The study as agreed before it runs.

    program: as in "the work program"; event: as in "returned to prison within 36 months"; measure: its full
    sentence; window in `unit`; margin: smallest effect that matters (share); plausible: largest effect one
    would believe (share); timing: covariate -> "before" or "after" time zero; subgroups: declared ones only;
    counts_technical: whether technical violations are events; supervision_adjusted: whether release type is
    among the covariates; submitted and linked: people handed in and found again in the records.
    """

    title: str
    program: str
    event: str
    measure: str
    window: int
    card: Card
    timing: Mapping[str, str]
    unit: str = "day"
    margin: float = 0.03
    plausible: float = 0.13
    subgroups: tuple[str, ...] = ()
    counts_technical: bool = False
    supervision_adjusted: bool = False
    submitted: int | None = None
    linked: int | None = None
    negative_control: str = ""
    costs: CostTable | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class People:
    """One row per person, arrays of length n (None: not known).

    treated: took part; time: whole units to the event or the end of observation; cause: 0 end of data, 1 the
    event, 2 a competing departure; available: units each person could be observed; covariates: numbers, NaN
    for a gap; started: unit the program began, from release; covered: events would be seen; supervised: under
    supervision after release; offense_time: unit of the offense, from release; new_crime: the event is a new
    crime; control_outcome: something the program cannot have changed; groups: declared subgroup labels.
    """

    person: NDArray[np.str_]
    treated: Bools
    time: Ints
    cause: Ints
    covariates: Mapping[str, Floats]
    available: Floats | None = None
    started: Floats | None = None
    covered: Bools | None = None
    supervised: Bools | None = None
    offense_time: Floats | None = None
    new_crime: Bools | None = None
    control_outcome: Floats | None = None
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def take(self, keep: Bools) -> People:
        """The people selected by a mask."""

        def cut(values: object) -> object:
            if isinstance(values, np.ndarray):
                return values[keep]
            if isinstance(values, dict):
                return {k: v[keep] for k, v in values.items()}
            return values

        changed: dict[str, Any] = {k: cut(v) for k, v in self.__dict__.items()}
        return replace(self, **changed)


@dataclass(frozen=True)
class Step:
    """One step of "who was counted": how many remain, and why the others do not."""

    label: str
    people: int
    participants: int
    why: str = ""


@dataclass(frozen=True)
class Foresight:
    """What is known before the comparison: people on both sides, the smallest difference they could show
    (share; None when one side is empty), what was found, and who was counted."""

    participants: int
    comparison: int
    detectable: float | None
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class ArmCurve:
    """One arm over time: share with the event (departures competing), share free of it, mean time."""

    arm: str
    people: int
    returned: Curve
    free: Curve
    mean_free: tuple[float, float]


@dataclass(frozen=True)
class Subgroup:
    """A declared subgroup level with its own estimate and the one pulled toward the others."""

    label: str
    people: int
    estimate: Estimate
    shrunk: Shrunk | None


@dataclass(frozen=True)
class Analysis:
    """The whole result of a study. `comparison` is None when a guard stopped it before computing."""

    spec: Spec
    verdict: Verdict
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]
    detectable: float | None = None
    comparison: Comparison | None = None
    complete_cases: Comparison | None = None
    rates: tuple[tuple[str, int, int, float, float, float], ...] = ()
    curves: tuple[ArmCurve, ...] = ()
    cube: Cube | None = None
    test: LogRank | None = None
    hazard_ratio: tuple[float, float, float] | None = None
    new_crimes: Estimate | None = None
    technical: Estimate | None = None
    negative_control: Estimate | None = None
    e_value: tuple[float, float] | None = None
    subgroups: tuple[Subgroup, ...] = ()
    worth: Worth | None = None

    @property
    def rate_with(self) -> float:
        """Share of participants with the event inside the window."""
        return self.comparison.rate_participants if self.comparison else float("nan")

    @property
    def rate_without(self) -> float:
        """What that share would have been without the program, by the primary estimate, kept in 0..1."""
        if self.comparison is None:
            return float("nan")
        return min(1.0, max(0.0, self.rate_with - self.comparison.primary.value))
