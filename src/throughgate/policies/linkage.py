"""When a row of a partner's roster is taken for somebody here, and when a person decides."""

from __future__ import annotations

from dataclasses import dataclass

from .reading import Table


@dataclass(frozen=True)
class LinkageRules:
    """The data of a linkage pack, as shares.

    From `sure` on a link is made; from `possible` on a person decides; below, nobody is meant. `expected` is
    the share of a roster that one expects to find at all. At most `most_candidates` are shown to the person.
    """

    sure: float
    possible: float
    expected: float
    most_candidates: int


def read(top: Table) -> LinkageRules:
    """Reads what is particular to a linkage pack."""
    links = top.table("links")
    rules = LinkageRules(
        sure=links.whole("sure_percent", at_least=1) / 100,
        possible=links.whole("possible_percent", at_least=1) / 100,
        expected=links.whole("expected_percent", at_least=1) / 100,
        most_candidates=links.whole("most_candidates", at_least=1),
    )
    if not rules.possible < rules.sure < 1:
        links.wrong("possible_percent", "must be below sure_percent, and that below 100")
    links.finish()
    return rules
