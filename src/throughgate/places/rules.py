"""Pure decisions about places: which part of the day a time belongs to, what a sound setting looks like."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Reason
from throughgate.policies.packs import JURISDICTION

NOON, EVENING = dt.time(12), dt.time(17)
LONGEST_COUNT_MINUTES = 240


@dataclass(frozen=True)
class Window:
    """When people may be moved to a part of the day ("am", "pm", "ed"), on these weekdays (Monday 0)."""

    part: str
    opens: dt.time
    closes: dt.time
    weekdays: tuple[int, ...]


def day_part(windows: Sequence[Window], weekday: int, time: dt.time) -> str:
    """The part of the day that a session beginning at a time belongs to.

    The last movement window that has opened by then counts; before the first one, the first; on a day without
    windows the clock: morning to noon, afternoon to five.
    """
    today = sorted((w for w in windows if weekday in w.weekdays), key=lambda window: window.opens)
    if not today:
        return "am" if time < NOON else "pm" if time < EVENING else "ed"
    opened = [window for window in today if window.opens <= time]
    return (opened[-1] if opened else today[0]).part


def sound_facility(timezone: str, jurisdiction: str) -> list[Reason]:
    """What is wrong with a facility's clock and law."""
    reasons = []
    if timezone not in zoneinfo.available_timezones():
        reasons.append(
            Reason(
                "timezone.unknown",
                _("This time zone is not known."),
                _("Write it as in America/New_York."),
                field="timezone",
            )
        )
    if not re.fullmatch(JURISDICTION, jurisdiction):
        reasons.append(
            Reason(
                "jurisdiction.malformed",
                _("This is no jurisdiction."),
                _("Write it as in US-CA, or default."),
                field="jurisdiction",
            )
        )
    return reasons


def sound_weekdays(weekdays: Iterable[int]) -> list[Reason]:
    """Weekdays must be named, once each, from Monday (0) to Sunday (6)."""
    days = list(weekdays)
    if days and len(set(days)) == len(days) and all(0 <= day <= 6 for day in days):
        return []
    return [Reason("weekdays.required", _("Choose at least one day of the week."), field="weekdays")]


def sound_count(minutes: int) -> list[Reason]:
    """A count lasts some minutes, and ends some day."""
    if 0 < minutes <= LONGEST_COUNT_MINUTES:
        return []
    words = _("A count lasts from 1 to %(most)s minutes.") % {"most": LONGEST_COUNT_MINUTES}
    return [Reason("minutes.out_of_range", words, field="minutes")]


def overlapping(one: Window, others: Iterable[Window]) -> list[Reason]:
    """Movement windows of two different parts of the day may not overlap: a list could not be told apart."""
    for other in others:
        shared = set(one.weekdays) & set(other.weekdays)
        if other.part != one.part and shared and one.opens < other.closes and other.opens < one.closes:
            words = _("This window overlaps the one from %(opens)s to %(closes)s.") % {
                "opens": other.opens.strftime("%H:%M"),
                "closes": other.closes.strftime("%H:%M"),
            }
            return [Reason("opens.overlaps", words, field="opens")]
    return []
