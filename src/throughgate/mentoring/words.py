"""Matches in words: why two people would go together, and the choices of the forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from babel import Locale, UnknownLocaleError
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from throughgate.mentoring.models import TIMES, WEEKDAYS, Mode
from throughgate.policies.mentoring import MentoringRules

PART_WORDS: Mapping[str, str | Promise] = {
    "am": gettext_lazy("morning"),
    "pm": gettext_lazy("afternoon"),
    "ev": gettext_lazy("evening"),
}
# The languages that forms offer; matching takes any code.
LANGUAGES = ("en", "es", "fr", "pt", "ht", "vi", "zh", "ar", "so")
# Waiting and free hands order proposals; to the two people they say nothing about each other.
INWARD = frozenset({"waiting", "free_hands"})


def time_words(code: str) -> str:
    """A time that suits, such as "Tue evening"."""
    day, part = code.split("-")
    return f"{WEEKDAYS_ABBR[WEEKDAYS.index(day)]} {PART_WORDS[part]}"


def language_words(code: str) -> str:
    """A language by its name in the reader's language."""
    try:
        return str(Locale.parse(code).get_display_name(get_language() or "en") or code)
    except (ValueError, UnknownLocaleError):
        return code


def times() -> list[tuple[str, str]]:
    """Every part of every day, to choose from."""
    return [(code, time_words(code)) for code in TIMES]


def say(reasons: Iterable[Mapping[str, Any]], house: MentoringRules, *, inward: bool = False) -> list[str]:
    """The reasons of a pair in the reader's language; ``inward`` adds what only staff are told."""
    found = []
    for each in reasons:
        if inward or each["code"] not in INWARD:
            words = _one(str(each["code"]), list(each["about"]), house)
            if words:
                found.append(words)
    return found


def _one(code: str, about: Sequence[str], house: MentoringRules) -> str:
    if code == "waiting":
        days = int(about[0])
        return ngettext("Waits %(n)s day", "Waits %(n)s days", days) % {"n": days}
    plain = {
        "region": _("Both live, or will live, in the same place"),
        "after_release": _("Both want to go on after release"),
        "free_hands": _("The mentor has nobody yet"),
    }
    if code in plain:
        return plain[code]
    named = {
        "language": (_("Both speak %(what)s"), language_words),
        "subject": (_("Help with %(what)s"), lambda each: _label(house.subjects, each)),
        "interest": (_("Both like %(what)s"), lambda each: _label(house.interests, each)),
        "time": (_("Both free: %(what)s"), time_words),
        "mode": (_("Could meet %(what)s"), lambda each: str(Mode(each).label).lower()),
    }
    if code not in named:
        return ""
    words, name = named[code]
    return words % {"what": ", ".join(name(each) for each in about)}


def _label(labels: Mapping[str, Any], code: str) -> str:
    return str(labels.get(code, code))
