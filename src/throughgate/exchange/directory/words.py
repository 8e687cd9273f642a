"""Phone numbers, hours, languages and categories as directories write them, made alike."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import phonenumbers

from throughgate.base.names import fold

# What stands before a time that could not be read, also when it comes back in from an export.
MARK = "the source says"
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Words:
    """The word lists of ``data/directory-words.toml``."""

    categories: dict[str, str]
    names: dict[str, list[str]]
    kinds: dict[str, str]


@cache
def words() -> Words:
    """The word lists, read once."""
    text = resources.files("throughgate.exchange").joinpath("data/directory-words.toml").read_text("utf-8")
    read = tomllib.loads(text)
    return Words(read["categories"], read["names"], read["kinds"])


def _has(phrase: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text) is not None


def needs_of(categories: Iterable[str], name: str) -> list[str]:
    """The needs that a service meets, by its categories; where they say nothing, by words in its name."""
    found = {words().categories[key] for key in map(fold, categories) if key in words().categories}
    if not found:
        plain = fold(name)
        found = {need for phrase, needs in words().names.items() if _has(phrase, plain) for need in needs}
    return sorted(found)


def kind_of(name: str) -> str:
    """What kind of organization a name speaks of; "other" when it does not say."""
    plain = fold(name)
    return next((kind for phrase, kind in words().kinds.items() if _has(phrase, plain)), "other")


def phone(text: str, region: str = "US") -> tuple[str, bool]:
    """A phone number in one shape, and whether it can be a number at all. What cannot stays as written.

    >>> phone("805.963.7777 x115")
    ('(805) 963-7777 ext. 115', True)
    """
    given = " ".join(text.split())
    if not given:
        return "", True
    try:
        number = phonenumbers.parse(given, region)
    except phonenumbers.NumberParseException:
        return given[:60], False
    if not phonenumbers.is_possible_number(number):
        return given[:60], False
    home = number.country_code == phonenumbers.country_code_for_region(region)
    shape = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, shape)[:60], True


def clock(text: str | None) -> dt.time | None:
    """A time of day as directories write it (8:00, 08:00, "17:00 ", 0800, 8:00 PM); None when it is none."""
    if not text:
        return None
    found = re.fullmatch(
        r"\s*(\d{1,2}):?(\d{2})(?::\d{2})?\s*(?:([ap])\.?m\.?)?\s*(?:Z|[+-]\d\d:?\d\d)?\s*", text, re.I
    )
    if not found:
        return None
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return dt.time(hour, minute) if hour < 24 and minute < 60 else None


@dataclass(frozen=True, order=True)
class Hours:
    """One opening on one weekday (0 Monday); times None where the source's cannot be read."""

    weekday: int | None
    opens: str
    closes: str
    note: str
    doubtful: bool


def hours_of(schedule: dict[str, object]) -> list[Hours]:
    """The openings that an HSDS schedule speaks of, one a weekday.

    Times stay as given, also when they close before they open; ``doubtful`` says that they cannot be right.
    What is not a plain weekly opening (monthly, exceptions, a text) goes into the note.
    """
    opens_text, closes_text = (str(schedule.get(name) or "").strip() for name in ("opens_at", "closes_at"))
    opens, closes = clock(opens_text), clock(closes_text)
    doubtful = bool(opens_text or closes_text) and (opens is None or closes is None or closes <= opens)
    notes = [str(schedule.get(name) or "").strip() for name in ("description", "notes")]
    if schedule.get("freq") == "MONTHLY":
        which = schedule.get("bymonthday") or schedule.get("byday") or ""
        notes.insert(0, f"monthly {which}".strip())
    for text, read in ((opens_text, opens), (closes_text, closes)):
        if text and read is None:
            notes.append(f"{MARK} {text!r}")
    doubtful = doubtful or any(MARK in text for text in notes)
    days = _weekdays(str(schedule.get("byday") or ""))
    if not days and not (opens or closes or any(notes)):
        return []
    note = "; ".join(text for text in notes if text)[:300]
    told = [each.strftime("%H:%M") if each else "" for each in (opens, closes)]
    return [Hours(day, told[0], told[1], note, doubtful) for day in days or [None]]


def _weekdays(text: str) -> list[int | None]:
    found: list[int | None] = []
    for part in re.split(r"[,; ]+", text.upper()):
        day = re.sub(r"^[+-]?\d+", "", part)[:2]
        if day in DAYS and DAYS.index(day) not in found:
            found.append(DAYS.index(day))
    return sorted(found, key=lambda day: day or 0)
