"""Who gets what: the figures an agency, an auditor and a critic ask for. Reads groups; changes nothing.

Allocation (who has a seat) and need met are both shown, because fairness in one usually costs some in the other,
and which matters more is for the agency to say in writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .arrays import B1, F8, I4
from .instance import Instance
from .problem import need_met

NEAR_DAYS = 26 * 7


@dataclass(frozen=True, slots=True)
class GroupShare:
    """One label of a group: people, share of its need met, share with any seat."""

    people: int
    coverage: float
    any_seat: float


@dataclass(frozen=True, slots=True)
class Report:
    """Shares are 0..1. `groups` maps group -> label -> figures; facilities count as a group."""

    need_met: float
    any_seat: float
    near_any_seat: float
    """Share with a seat among those leaving within 26 weeks."""
    gini: float
    """Inequality of the met share of each person's need: 0 = all alike, 1 = one person has all."""
    groups: Mapping[str, Mapping[str, GroupShare]]

    def coverage_ratio(self, group: str) -> float:
        """Lowest coverage of a label over the highest."""
        return _ratio([g.coverage for g in self.groups[group].values()])

    def selection_ratio(self, group: str) -> float:
        """Lowest share with any seat over the highest."""
        return _ratio([g.any_seat for g in self.groups[group].values()])


def report(instance: Instance, seats: I4) -> Report:
    """Fairness figures of a plan given as (person, cohort) rows."""
    met, need = need_met(instance, seats), instance.p_needs.sum(axis=1)
    has = np.zeros(instance.n, dtype=bool)
    has[seats[:, 0]] = True
    near = (instance.p_release >= 0) & (instance.p_release <= NEAR_DAYS)
    codes = {**instance.groups, "facility": (instance.facilities, instance.p_facility)}
    groups = {
        name: {
            label: _share(met, need, has, code == i) for i, label in enumerate(labels) if (code == i).any()
        }
        for name, (labels, code) in codes.items()
    }
    return Report(
        _part(met.sum(), need.sum()),
        _mean(has),
        _mean(has[near]),
        gini(met[need > 0] / need[need > 0]),
        groups,
    )


def gini(x: F8) -> float:
    """Gini coefficient of non-negative numbers; 0 for none."""
    if not len(x) or x.sum() <= 0:
        return 0.0
    x = np.sort(x)
    rank = np.arange(1, len(x) + 1)
    return float(2 * (rank @ x) / (len(x) * x.sum()) - (len(x) + 1) / len(x))


@dataclass(frozen=True, slots=True)
class Change:
    """What one plan does to people beside another: who is better or worse off in need met, and by how much."""

    gained: I4
    lost: I4
    seated: I4
    """People with a seat now and none before."""
    unseated: I4
    need_gained: float
    need_lost: float


def compare(instance: Instance, before: I4, after: I4) -> Change:
    """Gains and losses person by person between two plans over the same people: losers are named, not averaged."""
    diff = need_met(instance, after) - need_met(instance, before)
    had, has = np.zeros(instance.n, dtype=bool), np.zeros(instance.n, dtype=bool)
    had[before[:, 0]], has[after[:, 0]] = True, True

    def people(mask: B1) -> I4:
        return np.flatnonzero(mask).astype(np.int32)

    return Change(
        people(diff > 1e-9), people(diff < -1e-9), people(has & ~had), people(had & ~has),
        float(diff[diff > 0].sum()), float(-diff[diff < 0].sum()),
    )  # fmt: skip


def changed_people(before: I4, after: I4) -> int:
    """How many people have other seats than before (both as (person, cohort) rows)."""
    old, new = {(int(p), int(c)) for p, c in before}, {(int(p), int(c)) for p, c in after}
    return len({p for p, _ in old ^ new})


def _share(met: F8, need: F8, has: B1, mask: B1) -> GroupShare:
    return GroupShare(int(mask.sum()), _part(met[mask].sum(), need[mask].sum()), _mean(has[mask]))


def _part(a: float, b: float) -> float:
    return float(a / b) if b > 0 else 0.0


def _mean(x: B1) -> float:
    return float(x.mean()) if len(x) else 0.0


def _ratio(values: list[float]) -> float:
    return min(values) / max(values) if values and max(values) > 0 else 1.0
