"""Reads on studies and records; pages use these, and never the engine itself."""

from throughgate.outcomes.queries.catalogue import covariates, measures, sources, subgroups
from throughgate.outcomes.queries.linkage import linkage_facts, roster, rosters, to_decide
from throughgate.outcomes.queries.studies import (
    card_choices,
    latest_results,
    publication,
    publications,
    run,
    run_file,
    studies,
    study,
)

__all__ = [
    "card_choices",
    "covariates",
    "latest_results",
    "linkage_facts",
    "measures",
    "publication",
    "publications",
    "roster",
    "rosters",
    "run",
    "run_file",
    "sources",
    "studies",
    "study",
    "subgroups",
    "to_decide",
]
