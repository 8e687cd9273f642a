"""Invented people with strong self-selection and a true effect that is known, as an Arrow table."""

from __future__ import annotations

from typing import Any

import numpy as np

LEAST, MOST = 0.06, 0.94
WINDOW = 36


def people(effect: float, *, seed: int, people: int, followed: tuple[int, int]) -> Any:
    """One row for each person released; `effect` is added to everybody's chance to return who takes part.

    Who is older, has fewer convictions, asked for a program on arrival and has a diploma signs up far more
    often and returns far less often, whatever the program does.
    """
    import pyarrow as pa  # noqa: PLC0415 - only the demonstration and tests come here

    rng = np.random.default_rng(seed)
    age = np.clip(rng.gamma(7.0, 5.0, people), 18, 75)
    earlier = rng.poisson(2.4, people).astype(float)
    days = np.clip(rng.lognormal(6.2, 0.7, people), 90, 6000)
    asked, diploma = rng.random(people) < 0.45, rng.random(people) < 0.5
    woman, supervised = rng.random(people) < 0.12, rng.random(people) < 0.7
    drive = 0.030 * (age - 35) - 0.22 * (earlier - 2.4) + 0.9 * (asked - 0.45) + 0.5 * (diploma - 0.5)
    took_part = rng.random(people) < _odds(-0.65 + drive)
    chance = np.clip(_odds(-0.45 - 0.8 * drive - 0.15 * woman + 0.2 * (supervised - 0.7)), LEAST, MOST)
    returned = rng.random(people) < chance + effect * took_part
    length = rng.integers(followed[0], followed[1], people)
    month = np.where(returned, np.ceil(WINDOW * rng.beta(1.1, 1.9, people)), length).astype(np.int64)
    new_crime = returned & (rng.random(people) < np.where(supervised, 0.55, 0.95))
    return pa.table(
        {
            "person": [f"HB-{number:06d}" for number in range(1, people + 1)],
            "took_part": took_part,
            "month": np.clip(month, 1, None),
            "returned": returned,
            "followed": length,
            "covered": rng.random(people) < 0.97,
            "supervised": supervised,
            "new_crime": new_crime,
            "age": np.round(age, 1),
            "earlier_convictions": earlier,
            "days_inside": np.round(days),
            "asked_on_arrival": asked.astype(float),
            "has_diploma": diploma.astype(float),
            "sex": np.where(woman, "women", "men"),
            "age_group": np.select([age < 25, age < 40], ["under 25", "25 to 39"], "40 and over"),
        }
    )


def _odds(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))
