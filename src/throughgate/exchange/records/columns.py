"""What files of justice events, supervision, departures and positive outcomes hold, and how a row is checked."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from django.db import models
from django.utils.translation import gettext as _

from throughgate.base.errors import Reason, Refused
from throughgate.exchange.custody.rows import day_of
from throughgate.exchange.models import Kind
from throughgate.outcomes.models import (
    Departure,
    DepartureKind,
    EventKind,
    JusticeEvent,
    Nature,
    PositiveKind,
    PositiveOutcome,
    RecordKind,
    SupervisionKind,
    SupervisionSpell,
)

Words = Mapping[str, str]
LATEST = dt.timedelta(days=1)


@dataclass(frozen=True)
class Column:
    """A column: the field it fills, how it is read, and other headings that mean the same."""

    name: str
    read: Callable[[str], object]
    required: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """A kind of file: the table it fills, what its rows are called, its columns, and how days must follow."""

    model: type[models.Model]
    thing: str
    covers: RecordKind
    columns: tuple[Column, ...]
    order: tuple[tuple[str, str], ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)


def _text(text: str) -> str:
    return text[:120]


def _day(text: str) -> str:
    found = day_of(text)
    if found is None:
        raise ValueError(
            _("“%(text)s” is no day here; write 2027-02-14 or 02/14/2027.") % {"text": text[:40]}
        )
    return found.isoformat()


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(_("“%(text)s” is no number.") % {"text": text[:40]})
    return f"{number.quantize(Decimal('0.01')).normalize():f}"


def _grade(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise ValueError(_("“%(text)s” is no whole number from 0 to 999.") % {"text": text[:40]})
    return int(text)


def _choice(choices: type[models.TextChoices], words: Words) -> Callable[[str], str]:
    def read(text: str) -> str:
        plain = re.sub(r"[^a-z]+", "_", text.lower()).strip("_")
        found = plain if plain in choices.values else words.get(plain)
        if found is None:
            raise ValueError(
                _("“%(text)s” is not known here; write %(known)s.")
                % {"text": text[:40], "known": ", ".join(choices.values)}
            )
        return found

    return read


EVENTS = {
    "rearrest": "arrest", "booking": "arrest", "reconviction": "conviction", "sentence": "conviction",
    "reincarceration": "incarceration", "return": "incarceration", "return_to_prison": "incarceration",
    "revocation": "incarceration", "prison": "incarceration", "admission": "incarceration",
}  # fmt: skip
NATURES = {
    "new": "new_crime", "new_offense": "new_crime", "new_charge": "new_crime", "yes": "new_crime",
    "y": "new_crime", "true": "new_crime", "technical_violation": "technical", "violation": "technical",
    "no": "technical", "n": "technical", "false": "technical", "revocation_technical": "technical",
}  # fmt: skip
GONE = {"died": "death", "deceased": "death", "deported": "removal", "deportation": "removal",
        "out_of_state": "transfer", "interstate": "transfer", "moved": "transfer"}  # fmt: skip
WATCHED = {"conditional_release": "parole", "mandatory_supervision": "parole", "special_sentence": "other"}
GOOD = {"job": "employment", "work": "employment", "ged": "education", "credential": "education"}

PERSON = Column("person_ref", _text, True, ("person_id", "doc_number", "offender_id", "sid", "number"))
KEY = Column("event_id", _text, False, ("record_id", "id", "key"))

SHAPES: Mapping[str, Shape] = {
    Kind.JUSTICE.value: Shape(
        JusticeEvent, "justice event", RecordKind.JUSTICE,
        (
            PERSON, KEY,
            Column("kind", _choice(EventKind, EVENTS), True, ("type", "event", "event_type")),
            Column("on", _day, True, ("date", "event_date", "arrest_date")),
            Column("offense_on", _day, False, ("offense_date", "date_of_offense")),
            Column("nature", _choice(Nature, NATURES), True, ("new_crime", "reason", "why")),
            Column("seriousness", _grade, False, ("severity", "class")),
        ),
        (("offense_on", "on"),),
    ),
    Kind.SUPERVISION.value: Shape(
        SupervisionSpell, "supervision", RecordKind.SUPERVISION,
        (
            PERSON, KEY,
            Column("kind", _choice(SupervisionKind, WATCHED), True, ("type", "supervision_type")),
            Column("starts_on", _day, True, ("start", "start_date", "from")),
            Column("ends_on", _day, False, ("end", "end_date", "until")),
            Column("jurisdiction", lambda text: text.upper()[:12], False, ("state", "where")),
        ),
        (("starts_on", "ends_on"),),
    ),
    Kind.DEPARTURE.value: Shape(
        Departure, "departure", RecordKind.DEPARTURE,
        (
            PERSON, KEY,
            Column("kind", _choice(DepartureKind, GONE), True, ("type", "what")),
            Column("on", _day, True, ("date", "death_date", "date_of_death")),
        ),
    ),
    Kind.POSITIVE.value: Shape(
        PositiveOutcome, "positive", RecordKind.POSITIVE,
        (
            PERSON, KEY,
            Column("kind", _choice(PositiveKind, GOOD), True, ("type", "what")),
            Column("on", _day, True, ("date",)),
            Column("value", _number, False, ("amount", "hours", "wage")),
        ),
    ),
}  # fmt: skip
NOTHING = frozenset({"", "NA", "N/A", "NULL", "null", "-"})


def _plain(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", heading.strip().lower()).strip("_")


def recognize(shape: Shape, headings: list[str]) -> dict[str, str]:
    """Our column to the file's heading. Refuses the file when a needed one is missing or there twice."""
    found: dict[str, str] = {}
    reasons: list[Reason] = []
    for column in shape.columns:
        wanted = {column.name, *column.aliases}
        own = [heading for heading in headings if _plain(heading) == column.name]
        own = own or [heading for heading in headings if _plain(heading) in wanted]
        if len(own) > 1:
            reasons.append(
                Reason("column_twice", _("The column “%(name)s” is there twice.") % {"name": column.name})
            )
        elif own:
            found[column.name] = own[0]
        elif column.required:
            reasons.append(
                Reason(
                    "missing_column",
                    _("The column “%(name)s” is missing.") % {"name": column.name},
                    _("Other headings that mean the same: %(others)s.")
                    % {"others": ", ".join(column.aliases)},
                )
            )
    if reasons:
        shown = ", ".join(headings)[:200]
        raise Refused([*reasons, Reason("headings", _("Headings found: %(found)s.") % {"found": shown})])
    return found


def check(shape: Shape, cells: Mapping[str, str], as_of: dt.date) -> tuple[dict[str, object], list[Reason]]:
    """The values of one row by field, and every reason against it."""
    values: dict[str, object] = {}
    reasons: list[Reason] = []
    for column in shape.columns:
        text = " ".join(cells.get(column.name, "").split())
        if text in NOTHING:
            values[column.name] = None
            if column.required:
                reasons.append(Reason(f"no_{column.name}", _("“%(name)s” is empty.") % {"name": column.name}))
            continue
        try:
            values[column.name] = column.read(text)
        except ValueError as problem:
            values[column.name] = None
            reasons.append(Reason(f"bad_{column.name}", str(problem)))
    for earlier, later in shape.order:
        first, last = values.get(earlier), values.get(later)
        if first and last and str(first) > str(last):
            reasons.append(
                Reason(
                    "order", _("“%(first)s” is after “%(last)s”.") % {"first": earlier, "last": later},
                    _("Correct one of the days."),
                )
            )  # fmt: skip
    happened = values.get("on") or values.get("starts_on")
    if happened and str(happened) > (as_of + LATEST).isoformat():
        reasons.append(Reason("after_extract", _("The day is after the day the file speaks of.")))
    return values, reasons
