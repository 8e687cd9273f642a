"""A made-up custody extract of any size with bad rows of every kind, the same for the same seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

AS_OF = dt.date(2026, 11, 1)
COLUMNS = [
    "person_ref", "last_name", "first_name", "birth_date", "facility_code", "admission_date", "admission_type",
    "release_date", "release_type", "projected_release_date", "parole_eligibility_date", "max_sentence_days",
    "offense_code", "sex", "race_ethnicity", "unit", "cell", "language",
]  # fmt: skip
FIRST = ["Ana", "Luis", "José", "Marta", "Devon", "Keisha", "Tomás", "Wren", "Ola", "Bao", "Ines", "Zoë"]
LAST = ["Alvarez", "Brooks", "Chen", "Díaz", "Evans", "Flores", "Grant", "Huỳnh", "Iyer", "López", "Nuñez"]

Row = dict[str, str]
Spoil = Callable[[Row], None]


def _set(**values: str) -> Spoil:
    return lambda row: row.update(values)


# Every kind of row that must not come in, with the code of its reason.
BAD: dict[str, Spoil] = {
    "no_person_ref": _set(person_ref=""),
    "no_last_name": _set(last_name=" "),
    "no_first_name": _set(first_name="NULL"),
    "no_birth_date": _set(birth_date=""),
    "no_admission_date": _set(admission_date=""),
    "no_facility_code": _set(facility_code=""),
    "no_day": _set(admission_date="2026-02-30"),
    "no_day/2": _set(projected_release_date="31/12/2027"),
    "facility": _set(facility_code="ATLANTIS"),
    "admission_date_future": _set(admission_date="2027-01-01", projected_release_date=""),
    "release_date_future": _set(release_date="2026-12-24"),
    "release_first": _set(admission_date="2025-05-05", release_date="2025-05-04"),
    "projected_first": _set(admission_date="2025-05-05", projected_release_date="2020-01-01"),
    "age": _set(birth_date="2024-01-01"),
    "age/2": _set(birth_date="1901-01-01"),
    "code": _set(sex="7"),
    "code/2": _set(admission_type="walked in"),
    "code/3": _set(release_date="2026-10-01", release_type="8"),
    "sentence": _set(max_sentence_days="ten years"),
    "too_long": _set(last_name="x" * 81),
    "too_long/2": _set(person_ref="9" * 61),
    "control": _set(first_name="An\x07a"),
    "name": _set(last_name="12345"),
    "nul": _set(first_name="An\0a"),
}
# Rows spoiled as lines of text, after writing.
BROKEN: dict[str, Callable[[str], str]] = {
    "cells": lambda line: line.rsplit(",", 3)[0],
    "cells/2": lambda line: line + ",one,too,many",
    "quotes": lambda line: line.replace(",", ',"', 1),
    "too_long/line": lambda line: line.replace(",", "," + "A" * 70_000, 1),
    "bytes": lambda line: line.replace(",", "\udcff,", 1),
}
KINDS = [*BAD, *BROKEN, "same_twice"]


def good(number: int, dice: random.Random, facilities: list[str]) -> Row:
    """A row that comes in: somebody inside, with dates to come."""
    admitted = AS_OF - dt.timedelta(days=dice.randint(10, 3000))
    row = dict.fromkeys(COLUMNS, "")
    row.update(
        person_ref=f"B{number:07}",
        last_name=f"{dice.choice(LAST)}-{_letters(number)}",
        first_name=dice.choice(FIRST),
        birth_date=str(dt.date(1960, 1, 1) + dt.timedelta(days=dice.randint(0, 16000))),
        facility_code=dice.choice(facilities),
        admission_date=str(admitted),
        admission_type=dice.choice("123"),
        projected_release_date=str(AS_OF + dt.timedelta(days=dice.randint(5, 4000))),
        parole_eligibility_date=str(AS_OF + dt.timedelta(days=dice.randint(5, 2000))) if number % 2 else "",
        max_sentence_days=str(dice.randint(300, 9000)),
        offense_code=f"{dice.randint(100, 999)}",
        sex=dice.choice("12"),
        race_ethnicity=dice.choice("12349"),
        language=dice.choice(["en", "en", "Spanish"]),
    )
    return row


def _letters(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def _line(row: Row) -> str:
    return ",".join(f'"{value}"' if "," in value else value for value in row.values())


def make(size: int, bad: int, facilities: list[str], seed: int = 7) -> tuple[bytes, dict[int, str]]:
    """An extract of ``size`` rows, ``bad`` of them spoiled in turn by every kind, and the reason by line."""
    dice = random.Random(seed)
    places = sorted(dice.sample(range(1, size), bad))
    spoiled = {place: KINDS[number % len(KINDS)] for number, place in enumerate(places)}
    lines, expected = [",".join(COLUMNS)], {}
    for number in range(size):
        row = good(number, dice, facilities)
        kind = spoiled.get(number)
        if kind == "same_twice":
            before = next(place for place in range(number - 1, -1, -1) if place not in spoiled)
            lines.append(lines[before + 1])
        elif kind in BROKEN:
            lines.append(BROKEN[kind](_line(row)))
        else:
            if kind:
                BAD[kind](row)
            lines.append(_line(row))
        if kind:
            expected[number + 2] = "too_long" if kind.startswith("too_long") else kind.split("/")[0]
    return "\n".join(lines).encode("utf-8", "surrogateescape") + b"\n", expected
