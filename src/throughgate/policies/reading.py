"""Reads a TOML table key by key and collects every problem, each with its file and key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from .words import Label

T = TypeVar("T")
NOWHERE = Label({"en": "?"})


@dataclass(frozen=True)
class Problem:
    """What is wrong in a pack file, where, and what to do."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.message}"


class PolicyError(Exception):
    """Rule packs that cannot be used. Carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class Table:
    """One TOML table being read. A bad or missing value is noted and a harmless stand-in returned,
    so that one reading finds every problem; nothing is used while a problem stands."""

    def __init__(self, data: Mapping[str, Any], file: str, path: str, problems: list[Problem]) -> None:
        self._data = data
        self._read: set[str] = set()
        self.file = file
        self.path = path
        self.problems = problems

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def where(self, key: str) -> str:
        """The full name of a key, as a person finds it in the file."""
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, message: str) -> None:
        """Notes a problem at a key of this table."""
        self.problems.append(Problem(self.file, self.where(key) if key else self.path, message))

    def _get(self, key: str, kind: type | tuple[type, ...], named: str, default: Any, needed: bool) -> Any:
        self._read.add(key)
        if key not in self._data:
            if needed:
                self.wrong(key, f"is missing; write {key} = {named}")
            return default
        value = self._data[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.wrong(key, f"must be {named}, not {value!r}")
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A non-empty text; with a default it may be left out."""
        value = str(self._get(key, str, '"a text"', default or "", default is None))
        if key in self._data and not value.strip() and default is None:
            self.wrong(key, "must not be empty")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """true or false; with a default it may be left out."""
        return bool(self._get(key, bool, "true or false", bool(default), default is None))

    def whole(self, key: str, *, at_least: int = 0, default: int | None = None) -> int:
        """A whole number."""
        value = int(self._get(key, int, "a whole number", default or 0, default is None))
        if key in self._data and value < at_least:
            self.wrong(key, f"must be at least {at_least}, not {value}")
        return value

    def maybe_whole(self, key: str, *, at_least: int = 0) -> int | None:
        """A whole number that may be left out."""
        return None if self._absent(key) else self.whole(key, at_least=at_least)

    def number(self, key: str, *, above_zero: bool = False) -> Decimal:
        """A number kept exact, such as 4 or 7.5."""
        value = self._get(key, (int, str, float), "a number such as 4 or 7.5", 0, True)
        try:
            exact = Decimal(str(value))
        except InvalidOperation:
            exact = Decimal("NaN")
        if not exact.is_finite() or exact < 0 or (above_zero and exact == 0):
            self.wrong(key, f"must be a number {'above' if above_zero else 'not below'} zero, not {value!r}")
            return Decimal(1)
        return exact

    def maybe_number(self, key: str, *, above_zero: bool = False) -> Decimal | None:
        """An exact number that may be left out."""
        return None if self._absent(key) else self.number(key, above_zero=above_zero)

    def day(self, key: str) -> dt.date:
        """A date written as 2027-01-31, without quotes."""
        value = self._get(key, dt.date, "a date such as 2027-01-31", dt.date.min, True)
        if isinstance(value, dt.datetime):
            self.wrong(key, "must be a date without a time")
            return value.date()
        return value if isinstance(value, dt.date) else dt.date.min

    def maybe_day(self, key: str) -> dt.date | None:
        """A date that may be left out."""
        return None if self._absent(key) else self.day(key)

    def clock(self, key: str) -> dt.time:
        """A time of day written as 16:30:00, without quotes."""
        value = self._get(key, dt.time, "a time such as 16:30:00", dt.time.min, True)
        return value if isinstance(value, dt.time) else dt.time.min

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """One of a few words."""
        value = self.text(key, default)
        if value not in options and key in self:
            self.wrong(key, f"must be one of {', '.join(options)}, not {value!r}")
        return value if value in options else options[0]

    def texts(
        self, key: str, *, options: Sequence[str] = (), default: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """A list of texts, each once; every one among the options where there are any."""
        value = self._get(key, list, '["a text", ...]', list(default or ()), default is None)
        if not all(isinstance(item, str) and item.strip() for item in value):
            self.wrong(key, 'must be a list of texts such as ["one", "two"]')
            return ()
        if len(set(value)) != len(value):
            self.wrong(key, "names something twice")
        for item in value:
            if options and item not in options:
                self.wrong(key, f"{item!r} is not known here; it must be one of {', '.join(options)}")
        return tuple(value)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers, each at least 0 and each once."""
        value = self._get(key, list, "[1, 2, ...]", [], True)
        if not all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in value):
            self.wrong(key, "must be a list of whole numbers such as [120, 90]")
            return ()
        if len(set(value)) != len(value):
            self.wrong(key, "names a number twice")
        return tuple(value)

    def label(self, key: str) -> Label:
        """A text in languages: { en = "...", es = "..." }, English needed."""
        value = self._get(key, dict, '{ en = "...", es = "..." }', {}, True)
        good = all(isinstance(text, str) and text.strip() for text in value.values())
        if key in self and (not good or "en" not in value):
            self.wrong(key, 'must be texts by language such as { en = "...", es = "..." }')
            return NOWHERE
        return Label(dict(value)) if value else NOWHERE

    def maybe_label(self, key: str) -> Label | None:
        """A text in languages that may be left out."""
        return None if self._absent(key) else self.label(key)

    def table(self, key: str, *, needed: bool = True) -> Table:
        """A table inside this one; empty when it may be left out and is."""
        value = self._get(key, dict, f"a table [{self.where(key)}]", {}, needed)
        return Table(value, self.file, self.where(key), self.problems)

    def tables(self, key: str, *, needed: bool = True) -> list[Table]:
        """A list of tables, [[key]]."""
        value = self._get(key, list, f"a list of tables [[{self.where(key)}]]", [], needed)
        if not all(isinstance(item, dict) for item in value):
            self.wrong(key, f"must be a list of tables [[{self.where(key)}]]")
            return []
        if needed and key in self and not value:
            self.wrong(key, "must hold at least one entry")
        return [
            Table(item, self.file, f"{self.where(key)}[{item.get('code', number)}]", self.problems)
            for number, item in enumerate(value, start=1)
        ]

    def coded(self, key: str, read: Callable[[Table], T], *, needed: bool = True) -> dict[str, T]:
        """A list of tables that each have their own `code`, as a mapping in the order of the file."""
        found: dict[str, T] = {}
        for table in self.tables(key, needed=needed):
            code = table.text("code")
            if code in found:
                table.wrong("code", f"{code!r} stands here twice")
            found[code] = read(table)
            table.finish()
        return found

    def text_map(self, key: str) -> dict[str, str]:
        """A table of texts by key."""
        table = self.table(key)
        return {name: table.text(name) for name in table}

    def finish(self) -> None:
        """Notes every key that nobody read: most often a slip of the pen."""
        for key in self._data:
            if key not in self._read:
                self.wrong(key, f"is not known here; known are {', '.join(sorted(self._read))}")

    def _absent(self, key: str) -> bool:
        self._read.add(key)
        return key not in self._data
