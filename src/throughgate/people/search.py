"""What somebody typed into the search field: a code, a number, a name, a date of birth. Pure."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from throughgate.base.codes import clean, is_code
from throughgate.base.names import fold, sort_name

_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_US = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")


@dataclass(frozen=True)
class Wanted:
    """What is looked for. ``exact`` is a number or code as typed, ``names`` are folded words in their order."""

    exact: str = ""
    code: str = ""
    names: tuple[str, ...] = ()
    born: dt.date | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was typed that could find anybody."""
        return not (self.exact or self.names)

    @property
    def full_name(self) -> str:
        """The name as lists order it, when at least a first and a last name were typed, or empty.

        "Garcia, Ana Maria" gives the last name first; "Ana Maria Garcia" gives it last.
        """
        return self._full_name if len(self.names) > 1 else ""

    _full_name: str = ""


def read_words(words: str) -> Wanted:
    """Understand what was typed. A wrong date stays out of the search; everything else is tried as typed."""
    text, born = _take_date(" ".join(words.split()))
    if not text:
        return Wanted(born=born)
    names = tuple(fold(text).replace(",", " ").split())
    if "," in text:
        last, first = text.split(",", 1)
    else:
        first, _blank, last = text.rpartition(" ")
    has_digit = any(letter.isdigit() for letter in text)
    return Wanted(
        exact=text if has_digit or " " not in text else "",
        code=clean(text) if is_code(text) else "",
        names=() if has_digit else names,
        born=born,
        _full_name=sort_name(last, first),
    )


def _take_date(text: str) -> tuple[str, dt.date | None]:
    for pattern, order in ((_ISO, (1, 2, 3)), (_US, (3, 1, 2))):
        found = pattern.search(text)
        if found:
            year, month, day = (int(found.group(part)) for part in order)
            rest = " ".join((text[: found.start()] + " " + text[found.end() :]).split())
            try:
                return rest, dt.date(year, month, day)
            except ValueError:
                return rest, None
    return text, None
