"""What a plan can be made of: measures, covariates, subgroups, and how far the sources reach."""

from __future__ import annotations

from dataclasses import dataclass

from throughgate.engines.impact.measures import catalogue
from throughgate.outcomes import rules
from throughgate.outcomes.models import SourceCoverage


@dataclass(frozen=True)
class MeasureWords:
    """A measure as a page offers it: name for the plan, title, its full sentence, its version and its window."""

    name: str
    title: str
    sentence: str
    version: str
    window: int
    unit: str
    new_crime_only: bool


def measures() -> list[MeasureWords]:
    """The measures that are ready."""
    return [
        MeasureWords(
            each.name,
            each.title,
            each.sentence(),
            each.version,
            each.window,
            each.unit,
            each.new_crime_only,
        )
        for each in catalogue().values()
    ]


def covariates() -> dict[str, str]:
    """Facts that make people alike, dated before release: name for the plan -> words."""
    return {name: str(each.label) for name, each in rules.COVARIATES.items()}


def subgroups() -> dict[str, str]:
    """Groups that a plan may declare in advance: name -> words."""
    return {name: str(label) for name, label in rules.SUBGROUPS.items()}


def sources() -> list[SourceCoverage]:
    """How far each source reaches, by kind."""
    return list(SourceCoverage.objects.order_by("kind", "source"))
