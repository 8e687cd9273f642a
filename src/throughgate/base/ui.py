"""The plain data that components show, the form renderer, and the words around every page.

Pages build these values in their views; ``templatetags/ui.py`` draws them. Nothing here reads the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import django.forms
from django import forms
from django.conf import settings
from django.forms.renderers import BaseRenderer
from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from throughgate import __version__

Text = str | Promise
Tone = Literal["good", "wait", "late", "done", "info"]
Light = Literal["green", "amber", "red"]

TONES = ("good", "wait", "late", "done", "info")
TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


@dataclass(frozen=True)
class NavItem:
    """A door or a tab. A page says which one is current by ``key``, in its context as ``door`` or ``tab``."""

    label: Text
    url: str
    current: bool = False
    key: str = ""
    count: int | None = None


@dataclass(frozen=True)
class Crumb:
    """A step on the way to this page; the last one, this page itself, has no address."""

    label: Text
    url: str = ""


@dataclass(frozen=True)
class ActorLine:
    """Who is signed in, and where, as the masthead says it."""

    name: str
    place: Text = ""


@dataclass(frozen=True)
class Word:
    """A state as a word in a tint."""

    word: Text
    tone: Tone = "done"


@dataclass(frozen=True)
class Link:
    """A cell that leads somewhere, with an optional soft line under it."""

    label: Text
    url: str
    under: Text = ""


@dataclass(frozen=True)
class Column:
    """A column's heading; ``number`` aligns to the right, ``sort`` is what ``?sort=`` calls this order."""

    label: Text
    number: bool = False
    sort: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose cells are plain values, ``Link`` or ``Word``; the first cell of a row names the row."""

    caption: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    total: Sequence[Any] = ()


@dataclass(frozen=True)
class Event:
    """Something that happened, for a timeline."""

    what: Text
    when: date | datetime
    who: Text = ""
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Slot:
    """One session on the week board; ``start`` and ``end`` are local times as text, such as "14:00"."""

    start: str
    end: str
    title: Text
    url: str = ""
    detail: Text = ""
    state: Word | None = None


@dataclass(frozen=True)
class Day:
    """One column of the week board."""

    date: date
    slots: Sequence[Slot] = ()
    today: bool = False
    note: Text = ""


@dataclass(frozen=True)
class Choice:
    """An attendance code as the marking grid offers it; ``letter`` is its key on the keyboard."""

    value: str
    letter: str
    label: Text


@dataclass(frozen=True)
class Mark:
    """One row of the marking grid: who, what is said so far (or was just typed), and what else is noted.

    The form's fields are ``m-``, ``d-``, ``n-`` and ``t-`` with the ``key``: mark, detail, note, minutes.
    """

    key: str
    label: Text
    value: str = ""
    under: Text = ""
    url: str = ""
    detail: str = ""
    note: str = ""
    minutes: str = ""

    @property
    def more(self) -> bool:
        """Whether something beyond the mark itself is noted."""
        return bool(self.detail or self.note or self.minutes)


@dataclass(frozen=True)
class Work:
    """Long work as the progress panel shows it; ``total`` 0 means that the end is not known yet."""

    code: str
    label: Text
    state: Literal["waiting", "running", "done", "failed"]
    done: int = 0
    total: int = 0
    started: datetime | None = None
    finished: datetime | None = None
    unit: Text = ""
    result: Text = ""
    result_url: str = ""
    reason: Text = ""
    poll_url: str = ""

    @property
    def left(self) -> int:
        """How many are still to do."""
        return max(self.total - self.done, 0)


@dataclass(frozen=True)
class Confirmation:
    """A question before something hard to undo, for ``patterns/confirm.html``."""

    title: Text
    consequences: Sequence[Text]
    button: Text
    cancel_url: str
    danger: bool = True
    form: forms.BaseForm | None = None
    layout: str = "layouts/staff.html"
    crumbs: Sequence[Crumb] = field(default_factory=tuple)


# What a deployment may call things otherwise: one and many. Settings: THROUGHGATE_NOUNS[key][language].
NOUNS: Mapping[str, Any] = {
    "participant": ngettext_lazy("participant", "participants", "count"),
    "visitor": ngettext_lazy("visitor", "visitors", "count"),
    "partner": ngettext_lazy("partner", "partners", "count"),
    "facility": ngettext_lazy("facility", "facilities", "count"),
    "unit": ngettext_lazy("unit", "units", "count"),
    "program": ngettext_lazy("program", "programs", "count"),
    "cohort": ngettext_lazy("cohort", "cohorts", "count"),
    "session": ngettext_lazy("session", "sessions", "count"),
    "case manager": ngettext_lazy("case manager", "case managers", "count"),
}


def noun(key: str, count: int = 1) -> str:
    """The deployment's own word for ``key`` in the reader's language; KeyError for an unknown key."""
    own = getattr(settings, "THROUGHGATE_NOUNS", {}).get(key, {})
    language = (get_language() or "en").split("-", maxsplit=1)[0]
    if language in own:
        one, many = own[language]
        return str(one if count == 1 else many)
    return str(NOUNS[key] % {"count": count})


class FormRenderer(BaseRenderer):
    """Draws forms and fields with our templates: label, hint, error above the field."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"

    @cached_property
    def engine(self) -> DjangoTemplates:
        """Our templates first, Django's widgets behind them, whatever the settings say."""
        widgets = Path(django.forms.__file__).parent / "templates"
        return DjangoTemplates(
            {"NAME": "forms", "DIRS": [TEMPLATES, widgets], "APP_DIRS": True, "OPTIONS": {}},
        )

    def get_template(self, template_name: str) -> Any:
        """A form, field or widget template by its name."""
        return self.engine.get_template(template_name)


class DateInput(forms.DateInput):
    """The browser's own date field, which needs the date as 2027-02-14."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own time field, to the minute."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs, format="%H:%M")


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what every page shell shows.

    Settings: ``THROUGHGATE_BANNER`` (text over every page; a demonstration says by itself that its people are
    invented), ``THROUGHGATE_PERSONAS`` (where a demonstration lets one become somebody else) and
    ``THROUGHGATE_LOCK_MINUTES`` (idle minutes after which a signed-in screen hides itself; 10, 0 = never).
    """
    invented = _("Demonstration: every person here is invented.") if getattr(settings, "DEMO", False) else ""
    return {
        "product_version": __version__,
        "printed_at": timezone.now(),
        "environment_banner": getattr(settings, "THROUGHGATE_BANNER", "") or invented,
        "personas_address": getattr(settings, "THROUGHGATE_PERSONAS", "") if invented else "",
        "lock_after": getattr(settings, "THROUGHGATE_LOCK_MINUTES", 10),
    }


LIGHT_WORDS: Mapping[str, tuple[Text, Tone]] = {
    "green": (_("Ready"), "good"),
    "amber": (_("At risk"), "wait"),
    "red": (_("Cannot run"), "late"),
}
