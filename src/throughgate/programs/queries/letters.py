"""The enquiry to an organization about a weekly course that is lacking. No count of people that could be small."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class Course(Protocol):
    """What the letter says of the course."""

    @property
    def label(self) -> str:
        """The need in words."""
        ...

    @property
    def weekday(self) -> str:
        """The day in words."""
        ...

    @property
    def starts(self) -> dt.time:
        """From when."""
        ...

    @property
    def ends(self) -> dt.time:
        """Until when."""
        ...

    @property
    def weeks(self) -> int:
        """For how many weeks."""
        ...

    @property
    def seats(self) -> int:
        """For how many people at a time."""
        ...


class Place(Protocol):
    """Where the course is lacking."""

    name: str


@dataclass(frozen=True)
class Letter:
    """A subject and paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


def letter(course: Course, place: Place) -> Letter:
    """An enquiry that says what is lacking, when it would help most, and what to do next."""
    words = {
        "need": course.label,
        "place": place.name,
        "day": course.weekday,
        "starts": time_format(course.starts, "H:i"),
        "ends": time_format(course.ends, "H:i"),
        "weeks": course.weeks,
    }
    return Letter(
        _("Would you offer something at %(place)s?") % words,
        (
            _("Good day,"),
            _(
                "many people at %(place)s need help with this: %(need)s. There are not enough seats for them."
                " You do such work outside, so we ask you first."
            )
            % words,
            _("A weekly course would help most on %(day)s from %(starts)s to %(ends)s, for %(weeks)d weeks,")
            % words
            + " "
            + ngettext("for %(n)d person.", "for %(n)d people at a time.", course.seats) % {"n": course.seats}
            + " "
            + _("Other days and lengths help too."),
            _(
                "We help with clearances, a room and materials, and tell you beforehand what coming in is like."
                " Would you talk with us? Answer this letter, or come and see a session first."
            ),
        ),
    )
