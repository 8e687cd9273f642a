"""The front door: how long forms and links are kept, what is held back, when two enquiries look alike."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .reading import Table


@dataclass(frozen=True)
class SpamRules:
    """Points for each sign, and from how many points on an enquiry is held back."""

    hold_at: int
    trap: int
    quick: int
    quick_seconds: int
    link: int
    links_free: int
    word: int
    shouting: int
    many: int
    copy: int
    copy_days: int
    a_day: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class FrontDoorRules:
    """The data of a front-door pack. Days are calendar days."""

    draft_days: int
    status_days: int
    park_days: int
    letters_a_day: int
    posts_a_minute: int
    closeness: float
    most_alike: int
    spam: SpamRules


LONGEST_LINK = 400


def read(top: Table) -> FrontDoorRules:
    """Reads what is particular to a front-door pack."""
    keeping, flood, alike = top.table("keeping"), top.table("flood"), top.table("alike")
    closeness = alike.number("closeness", above_zero=True)
    if closeness > 1:
        alike.wrong("closeness", "must lie between 0 and 1")
        closeness = Decimal(1)
    rules = FrontDoorRules(
        draft_days=keeping.whole("draft_days", at_least=1),
        status_days=keeping.whole("status_days", at_least=1),
        park_days=keeping.whole("park_days", at_least=1),
        letters_a_day=keeping.whole("letters_a_day", at_least=1),
        posts_a_minute=flood.whole("posts_a_minute", at_least=1),
        closeness=float(closeness),
        most_alike=alike.whole("most", at_least=1),
        spam=_spam(top.table("spam"), flood.whole("a_day", at_least=1)),
    )
    for key in ("draft_days", "status_days"):
        if keeping.whole(key) > LONGEST_LINK:
            keeping.wrong(key, f"must be at most {LONGEST_LINK}: links end")
    for table in (keeping, flood, alike):
        table.finish()
    return rules


def _spam(spam: Table, a_day: int) -> SpamRules:
    names = ("trap", "quick", "quick_seconds", "link", "links_free", "word", "shouting", "many", "copy")
    rules = SpamRules(
        hold_at=spam.whole("hold_at", at_least=1),
        **{name: spam.whole(name) for name in names},
        copy_days=spam.whole("copy_days", at_least=1),
        a_day=a_day,
        words=spam.texts("words"),
    )
    spam.finish()
    return rules
