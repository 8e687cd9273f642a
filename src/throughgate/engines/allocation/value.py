"""What a plan is worth: the agency's weights, in the open.

For a person with needs d (0..1), a bundle S of cohorts is worth

    urgency * sum over needs of d * min(1, sum over S of strength * fit)
    + first_seat * (S is not empty)
    + sum over S of (waiting + preference + held)

The saturating sum makes two courses for the same need worth less than twice one. `bundle_value` is the plain
reference; the kernels compute the same number incrementally and are tested against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .arrays import F8, NEVER
from .instance import Instance
from .model import Policy


@dataclass(frozen=True, slots=True)
class Weights:
    """Per-person weights, each of shape (n,): urgency on need met, worth of a first seat, bonus per seat."""

    urgency: F8
    first: F8
    waiting: F8


def weights(instance: Instance, policy: Policy) -> Weights:
    """Turn the policy into per-person weights. Release date and time waited are the only facts used."""
    left = np.maximum(instance.p_release.astype(np.float64), 0.0) / 7.0
    near = np.where(instance.p_release >= NEVER, 0.0, np.exp(-left / policy.urgency_weeks))
    wait = np.minimum(instance.p_wait / 7.0 / policy.waiting_weeks, 1.0)
    return Weights(
        urgency=1.0 + policy.urgency * near,
        first=policy.first_seat * (policy.first_seat_base + policy.first_seat_urgent * near),
        waiting=policy.waiting * wait,
    )


def coverage(instance: Instance, person: int, cohorts: Iterable[int]) -> F8:
    """How far each need would be covered, shape (N,), capped at 1."""
    total = np.zeros(len(instance.needs))
    for c in cohorts:
        total += instance.g_strength[instance.c_program[c]] * instance.pair(person, c)[0]
    return np.minimum(1.0, total)


def bundle_value(instance: Instance, policy: Policy, person: int, cohorts: Iterable[int]) -> float:
    """Worth of one person's whole plan (the reference, slow)."""
    seats = list(cohorts)
    if not seats:
        return 0.0
    w = weights(_one(instance, person), policy)
    held = {(int(p), int(c)) for p, c in instance.held[instance.held[:, 0] == person]}
    fixed = {(int(p), int(c)) for p, c in instance.fixed[instance.fixed[:, 0] == person]}
    met = float(instance.p_needs[person] @ coverage(instance, person, seats))
    total = float(w.urgency[0]) * met + float(w.first[0])
    for c in seats:
        total += float(w.waiting[0]) + policy.preference * instance.pair(person, c)[1]
        total += policy.held if (person, c) in held - fixed else 0.0
    return total


def _one(instance: Instance, person: int) -> Instance:
    cut = slice(person, person + 1)
    return instance.with_changes(p_release=instance.p_release[cut], p_wait=instance.p_wait[cut])
