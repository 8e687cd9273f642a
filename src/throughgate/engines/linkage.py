"""Finding the people of a roster in a register, by probability: a thin layer over Splink (Fellegi and Sunter).

Pure: rows in, candidates out. For every row of the roster the candidates' probabilities add up to at most
one, so that two people who look alike share the doubt and neither is linked without a person.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

# How often the same person's facts agree in two lists: the same, nearly, somewhat, ..., not. Typing errors in
# names and days are a few in a hundred in administrative lists; how often other people's facts agree is
# estimated from the register itself.
NAME_AGREES = (0.90, 0.05, 0.02, 0.015, 0.015)
NAME_BY_CHANCE = (0.002, 0.002, 0.003, 0.043, 0.95)
BIRTH_AGREES = (0.93, 0.04, 0.01, 0.008, 0.007, 0.005)
BIRTH_BY_CHANCE = (0.00005, 0.0012, 0.004, 0.04, 0.36, 0.59475)
SEX_AGREES = (0.985, 0.015)
SEX_BY_CHANCE = (0.8, 0.2)
LEAST_FOR_ESTIMATES = 2000


@dataclass(frozen=True)
class Person:
    """A row to link: a key, names, and where known date of birth and sex."""

    key: int
    first_name: str
    last_name: str
    birth_date: date | None = None
    sex: str = ""


@dataclass(frozen=True)
class Candidate:
    """Somebody of the register who may be meant, with the probability that it is them."""

    key: int
    probability: float


def version() -> str:
    """What links, for the report."""
    import splink  # noqa: PLC0415 - a second of imports

    return f"Splink {splink.__version__}"


def link(
    roster: Sequence[Person], register: Sequence[Person], *, expected: float = 0.9, least: float = 0.01
) -> dict[int, list[Candidate]]:
    """Candidates for each row of the roster, best first: roster key -> candidates of at least ``least``.

    expected: share of the roster that one expects to be in the register at all (0 to 1).
    """
    if not roster or not register:
        return {each.key: [] for each in roster}
    pairs = _scores(roster, register, min(0.5, expected / len(register)))
    return {each.key: _shared(pairs.get(each.key, []), least) for each in roster}


def _shared(scored: list[tuple[int, float]], least: float) -> list[Candidate]:
    """One row is at most one person: odds of all candidates, and of nobody, are made to add up to one."""
    odds = [(key, p / max(1 - p, 1e-12)) for key, p in scored]
    total = 1 + sum(each for _, each in odds)
    found = [Candidate(key, each / total) for key, each in odds if each / total >= least]
    return sorted(found, key=lambda each: (-each.probability, each.key))


def _scores(
    roster: Sequence[Person], register: Sequence[Person], prior: float
) -> dict[int, list[tuple[int, float]]]:
    import duckdb  # noqa: PLC0415
    from splink import DuckDBAPI, Linker  # noqa: PLC0415

    api = DuckDBAPI(duckdb.connect())
    left = api.register(_table(roster), dataset_display_name="a_roster")
    right = api.register(_table(register), dataset_display_name="b_register")
    linker = Linker([left, right], _settings(prior), log_level="ERROR")
    if len(register) >= LEAST_FOR_ESTIMATES:
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    rows = linker.inference.predict(threshold_match_probability=1e-4).as_dict()
    found: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for a, b, p in zip(rows["unique_id_l"], rows["unique_id_r"], rows["match_probability"], strict=True):
        found[int(a)].append((int(b), float(p)))
    return found


def _settings(prior: float) -> Any:
    import splink.comparison_library as compare  # noqa: PLC0415
    from splink import SettingsCreator, block_on  # noqa: PLC0415

    def name(column: str) -> Any:
        return compare.NameComparison(column).configure(
            m_probabilities=list(NAME_AGREES), u_probabilities=list(NAME_BY_CHANCE)
        )

    birth = compare.DateOfBirthComparison("birth_date", input_is_string=True).configure(
        m_probabilities=list(BIRTH_AGREES), u_probabilities=list(BIRTH_BY_CHANCE)
    )
    sex = compare.ExactMatch("sex").configure(
        m_probabilities=list(SEX_AGREES), u_probabilities=list(SEX_BY_CHANCE)
    )
    return SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=prior,
        comparisons=[name("first_name"), name("last_name"), birth, sex],
        blocking_rules_to_generate_predictions=[
            block_on("birth_date"),
            block_on("last_name"),
            block_on("first_name", "substr(birth_date, 1, 4)"),
            block_on("substr(last_name, 1, 3)", "substr(first_name, 1, 2)"),
        ],
    )


def _table(people: Sequence[Person]) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    def column(values: list[str]) -> Any:
        return pa.array([value or None for value in values], pa.string())

    return pa.table(
        {
            "unique_id": pa.array([each.key for each in people], pa.int64()),
            "first_name": column([plain(each.first_name) for each in people]),
            "last_name": column([plain(each.last_name) for each in people]),
            "birth_date": column(
                ["" if each.birth_date is None else each.birth_date.isoformat() for each in people]
            ),
            "sex": column([each.sex.strip().lower() for each in people]),
        }
    )


def plain(name: str) -> str:
    """A name for comparing: no accents, capitals, hyphens or apostrophes."""
    letters = unicodedata.normalize("NFKD", name.lower())
    return " ".join(
        "".join(c if c.isalpha() else " " for c in letters if not unicodedata.combining(c)).split()
    )


@dataclass(frozen=True)
class Quality:
    """What a linkage is worth: rows handed in, linked, left to a person; of the links made, the share that is
    right (estimated); of the people who are in the register, the share found (estimated)."""

    submitted: int
    linked: int
    to_decide: int
    precision: float
    recall: float

    @property
    def unlinked_share(self) -> float:
        """Share of the roster that nobody was found for."""
        return 1 - self.linked / self.submitted if self.submitted else 0.0


def quality(
    candidates: Mapping[int, Sequence[Candidate]], chosen: Mapping[int, float], open_: int
) -> Quality:
    """Quality by the model's own probabilities.

    chosen: linked roster keys with the probability that the link is right (1 where a person decided).
    The share found counts as people in the register what all candidates add up to.
    """
    there = sum(
        1.0 if chosen.get(key) == 1.0 else min(1.0, sum(each.probability for each in own))
        for key, own in candidates.items()
    )
    right = sum(chosen.values())
    return Quality(
        submitted=len(candidates),
        linked=len(chosen),
        to_decide=open_,
        precision=right / len(chosen) if chosen else 1.0,
        recall=min(1.0, right / there) if there else 1.0,
    )


def possible(candidates: Sequence[Candidate], *, sure: float, possible: float) -> str:
    """What becomes of a row by its candidates alone: "sure", "open" (a person decides) or "nobody"."""
    best = candidates[0].probability if candidates else 0.0
    if best >= sure:
        return "sure"
    together = sum(each.probability for each in candidates)
    return "open" if together >= possible else "nobody"


__all__ = ["Candidate", "Person", "Quality", "link", "plain", "possible", "quality", "version"]
