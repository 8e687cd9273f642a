"""Whether an enquiry looks like advertising or a machine. Pure; the weights stand in the front-door pack.

A high score only holds an enquiry back, quietly: a coordinator sees it, with the signs, and lets it in with one
click. Nobody is ever thrown away by a machine.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.base.names import fold
from throughgate.policies.frontdoor import SpamRules

LINK = re.compile(r"(https?://|www\.|\[url|<a\s)", re.IGNORECASE)
SHORTEST_SHOUT = 40


@dataclass(frozen=True)
class Traits:
    """What is looked at. ``seconds`` from opening the form until sending it; None when not known."""

    texts: tuple[str, ...]
    trap: bool = False
    seconds: float | None = None
    sent_before: int = 0
    same_text: int = 0


@dataclass(frozen=True)
class Verdict:
    """The points and the signs they were given for; ``held`` when they reach the pack's line."""

    score: int
    signs: tuple[str, ...]
    held: bool


SIGNS: dict[str, str | Promise] = {
    "trap": _("a field that people cannot see was filled"),
    "quick": _("filled in faster than anybody types"),
    "links": _("many web addresses in the text"),
    "words": _("words of advertising"),
    "shouting": _("written in capitals"),
    "many": _("many enquiries from the same sender"),
    "copy": _("the same text came in before"),
}


def judge(traits: Traits, rules: SpamRules) -> Verdict:
    """Add up the points of an enquiry."""
    text = "\n".join(traits.texts)
    links = len(LINK.findall(text))
    points = {
        "trap": rules.trap if traits.trap else 0,
        "quick": rules.quick if traits.seconds is not None and traits.seconds < rules.quick_seconds else 0,
        "links": rules.link * max(0, links - rules.links_free),
        "words": rules.word * _advertising(text, rules.words),
        "shouting": rules.shouting if _shouts(text) else 0,
        "many": rules.many if traits.sent_before >= rules.a_day else 0,
        "copy": rules.copy if traits.same_text else 0,
    }
    score = min(sum(points.values()), 32_000)
    return Verdict(score, tuple(sign for sign, given in points.items() if given), score >= rules.hold_at)


def _advertising(text: str, words: Iterable[str]) -> int:
    folded = f" {' '.join(re.findall(r'[a-z0-9]+', fold(text)))} "
    return sum(f" {' '.join(re.findall(r'[a-z0-9]+', fold(word)))} " in folded for word in words)


def _shouts(text: str) -> bool:
    letters = [each for each in text if each.isalpha()]
    return len(letters) >= SHORTEST_SHOUT and sum(each.isupper() for each in letters) > 0.8 * len(letters)


def text_key(texts: Iterable[str]) -> str:
    """The same for the same words, whatever the blanks and capitals."""
    return hashlib.sha256(" ".join(fold(" ".join(texts)).split()).encode()).hexdigest()
