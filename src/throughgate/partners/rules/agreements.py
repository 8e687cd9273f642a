"""Pure decisions about partners: when an agreement holds, and what a sound one names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason
from throughgate.base.names import fold


@dataclass(frozen=True, kw_only=True)
class Term:
    """From when until when an agreement holds, both days included; None is open on that side."""

    first: dt.date | None
    until: dt.date | None
    terminated_on: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Whether it holds on a day. On the day of its termination it no longer does."""
        return (
            (self.first is None or self.first <= day)
            and (self.until is None or day <= self.until)
            and (self.terminated_on is None or day < self.terminated_on)
        )


def sound_agreement(first: dt.date | None, until: dt.date | None, facilities: Collection[object]) -> Decision:
    """Whether an agreement names its days and where it holds; none lasts for ever ([P-122])."""
    reasons = []
    if first is None:
        reasons.append(Reason("first_missing", _("Say from which day it holds."), field="first"))
    if until is None:
        reasons.append(Reason("until_missing", _("Say until which day it holds."), field="until"))
    if first is not None and until is not None and until < first:
        reasons.append(Reason("ends_before_start", _("The last day lies before the first."), field="until"))
    if not facilities:
        reasons.append(
            Reason("no_facility", _("Say for which facilities it was signed."), field="facilities")
        )
    return Decision(tuple(reasons))


def sound_needs(needs: Iterable[str], known: Collection[str]) -> list[Reason]:
    """Needs are those of the house's list."""
    unknown = sorted(set(needs) - set(known))
    if not unknown:
        return []
    words = _("There is no such need: %(needs)s.") % {"needs": ", ".join(unknown)}
    return [Reason("needs.unknown", words, field="needs")]


# Words that say nothing in a search, in both languages.
ENGLISH_EMPTY = "a an and at by for from in of on or the to with"
SPANISH_EMPTY = "al con de del el en la las los o para por un una y"
EMPTY_WORDS = frozenset(f"{ENGLISH_EMPTY} {SPANISH_EMPTY}".split())
MOST_WORDS = 8


def search_words(typed: str) -> tuple[str, ...]:
    """The words that are searched for, folded: no accents, no punctuation, no empty words, eight at most."""
    plain = "".join(letter if letter.isalnum() else " " for letter in fold(typed))
    words = [word for word in dict.fromkeys(plain.split()) if word not in EMPTY_WORDS]
    return tuple(words[:MOST_WORDS])
