"""Checks on one row of a custody extract, alone. Pure: text in, values or reasons out, all reasons at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason
from throughgate.base.names import sort_name
from throughgate.exchange.custody.columns import columns, missing_values

ADMISSION = {"1": "new_commitment", "2": "parole_return", "3": "other", "9": ""}
RELEASE = {"1": "conditional", "2": "unconditional", "3": "other", "9": ""}
SEX = {"1": "male", "2": "female", "m": "male", "f": "female", "male": "male", "female": "female",
       "x": "other", "other": "other", "9": "", "u": "", "unknown": ""}  # fmt: skip
RACE = {"1": "white", "2": "black", "3": "hispanic", "4": "other", "9": ""}
LANGUAGE = {"english": "en", "spanish": "es", "español": "es", "french": "fr", "vietnamese": "vi",
            "chinese": "zh", "arabic": "ar", "somali": "so", "haitian creole": "ht"}  # fmt: skip
WORDS = {"new court commitment": "1", "new commitment": "1", "parole return": "2", "parole revocation": "2",
         "parole return/revocation": "2", "conditional": "1", "unconditional": "2", "other": "3",
         "missing": "9", "unknown": "9"}  # fmt: skip

YOUNGEST, OLDEST = 10, 110
FIRST_DAY = dt.date(1900, 1, 1)
LAST_DAY = dt.date(2200, 1, 1)
# What some systems write for "life" or "not known" where a date should stand.
NO_DATE = frozenset({"9999-12-31", "99999999", "12/31/9999", "0000-00-00", "9999"})


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.A)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.A)


@dataclass
class Checked:
    """What a row says: typed values as plain JSON, or the reasons against it."""

    values: dict[str, str] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """Name and date of birth, by which two numbers may be one person."""
        name = sort_name(self.values.get("last_name", ""), self.values.get("first_name", ""))
        return f"{name}|{self.values.get('birth_date', '')}"


def day_of(text: str) -> dt.date | None:
    """A day written as 2027-02-14, 20270214 or 02/14/2027 (month first); None for anything else.

    Never guesses: 14/02/2027 is no day here.
    """
    if found := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day = found.groups()
    elif found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text, re.A):
        month, day, year = found.groups()
    else:
        return None
    try:
        read = dt.date(int(year), int(month), int(day))
    except ValueError:
        return None
    return read if FIRST_DAY <= read < LAST_DAY else None


def check(cells: Mapping[str, str], facilities: Mapping[str, int], as_of: dt.date) -> Checked:
    """Check a row: what is needed is there, what is there can be read, and the days can be true together.

    ``facilities`` maps the codes of the custody system to our facilities. Offenses are not even looked at.
    """
    row = Checked()
    _texts(row, cells)
    days = _days(row, cells)
    _coded(row, cells)
    _facility(row, facilities)
    _days_together(row, days, as_of)
    return row


def _refuse(row: Checked, code: str, text: str, remedy: str = "") -> None:
    row.reasons.append(Reason(code, text, remedy))


def _texts(row: Checked, cells: Mapping[str, str]) -> None:
    nothing = missing_values()
    for column in columns().values():
        text = cells.get(column.name, "")
        if text:
            text = " ".join(text.split())
            text = "" if text in nothing else text
        if column.kept or column.kind != "string":
            row.values[column.name] = text
        if not text and not column.required:
            continue
        if not text:
            _refuse(row, f"no_{column.name}", _("“%(name)s” is empty.") % {"name": column.name})
        elif column.kept and len(text) > column.most:
            _refuse(
                row,
                "too_long",
                _("“%(name)s” is longer than %(most)s letters.") % {"name": column.name, "most": column.most},
            )
        elif column.kept and _CONTROL.search(text):
            _refuse(row, "control", _("“%(name)s” holds control characters.") % {"name": column.name})
    for name in ("first_name", "last_name"):
        text = row.values[name]
        if text and not any(letter.isalpha() for letter in text):
            _refuse(row, "name", _("“%(name)s” has no letters.") % {"name": name})


def _days(row: Checked, cells: Mapping[str, str]) -> dict[str, dt.date]:
    found = {}
    for column in columns().values():
        text = row.values.get(column.name, "")
        if column.kind != "date" or not text:
            continue
        if text in NO_DATE and not column.required:
            row.values[column.name] = ""
            continue
        day = day_of(text)
        if day is None:
            _refuse(
                row,
                "no_day",
                _("“%(text)s” is no day (%(name)s).") % {"text": text[:40], "name": column.name},
                _("Write days as 2027-02-14 or 02/14/2027."),
            )
        else:
            found[column.name] = day
            row.values[column.name] = day.isoformat()
    return found


def _choice(row: Checked, name: str, choices: Mapping[str, str], clean: Callable[[str], str]) -> None:
    text = row.values[name]
    if not text:
        return
    key = clean(text)
    if key in choices:
        row.values[name] = choices[key]
    else:
        _refuse(
            row,
            "code",
            _("“%(text)s” is no code of %(name)s.") % {"text": text[:40], "name": name},
            _("Known: %(known)s.") % {"known": ", ".join(choices)},
        )


def _coded(row: Checked, cells: Mapping[str, str]) -> None:
    def number(text: str) -> str:
        return WORDS.get(text.lower().replace("_", " "), text)

    _choice(row, "admission_type", ADMISSION, number)
    _choice(row, "release_type", RELEASE, number)
    _choice(row, "sex", SEX, str.lower)
    row.values["race_ethnicity"] = RACE.get(row.values["race_ethnicity"], row.values["race_ethnicity"])
    sentence = row.values.pop("max_sentence_days", "")
    if sentence and not (sentence.isascii() and sentence.isdigit() and len(sentence) <= 6):
        _refuse(row, "sentence", _("“%(text)s” is no number of days.") % {"text": sentence[:40]})
    language = row.values["language"].lower()
    code = LANGUAGE.get(language, language)
    if code and not re.fullmatch(r"[a-z]{2,3}(-[a-z]{2,4})?", code, re.A):
        row.notes.append(
            _("The language “%(text)s” is not known and was left out.") % {"text": language[:40]}
        )
        code = ""
    row.values["language"] = code


def _facility(row: Checked, facilities: Mapping[str, int]) -> None:
    code = row.values["facility_code"]
    if code and code not in facilities:
        _refuse(
            row,
            "facility",
            _("No facility here has the code “%(code)s”.") % {"code": code[:30]},
            _("Give the facility this code in its settings, or correct the extract."),
        )


def _days_together(row: Checked, days: Mapping[str, dt.date], as_of: dt.date) -> None:
    admitted, released = days.get("admission_date"), days.get("release_date")
    born, supervised = days.get("birth_date"), days.get("supervision_start")
    for name, day, text in (
        ("admission_date", admitted, _("The admission lies after the day of the extract.")),
        ("release_date", released, _("The release lies after the day of the extract.")),
    ):
        if day and day > as_of:
            _refuse(row, f"{name}_future", text, _("A release still to come is a projected one."))
    if admitted and released and released < admitted:
        _refuse(row, "release_first", _("The release lies before the admission."))
    if admitted and (projected := days.get("projected_release_date")) and projected < admitted:
        _refuse(row, "projected_first", _("The projected release lies before the admission."))
    if born and admitted and not YOUNGEST <= _age(born, admitted) <= OLDEST:
        _refuse(
            row, "age", _("The person would have been %(age)s at admission.") % {"age": _age(born, admitted)}
        )
    if supervised and (ended := days.get("supervision_end")) and ended < supervised:
        _refuse(row, "supervision", _("Supervision ends before it starts."))
    for name in ("supervision_start", "supervision_end"):
        row.values.pop(name, None)


def _age(born: dt.date, on: dt.date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
