"""Files as they really come: what they are whatever they are called, how large, in which encoding.

Nothing here trusts a name, a type that a browser tells, or a size that an archive tells about itself.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason, Refused
from throughgate.base.paths import var_dir

MEGABYTE = 1024 * 1024
MOST_BYTES = 200 * MEGABYTE
MOST_UNPACKED = 500 * MEGABYTE
MOST_RATIO = 200
MOST_LINE = 64 * 1024
MOST_LINES_IN_A_FIELD = 50
DELIMITERS = ",;\t|"


@dataclass
class Record:
    """One row of a table as text by column, or the reasons why it cannot be read."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)


@dataclass
class Table:
    """A table in a file: its columns as written, and its rows."""

    columns: list[str]
    records: Iterator[Record]


def refuse(code: str, text: str, remedy: str = "") -> Refused:
    """A refusal of the whole file, in words."""
    return Refused(Reason(code, text, remedy))


# --- keeping ---


def folder() -> Path:
    """Where files wait until they are read; only this installation's user may look."""
    path = var_dir() / "imports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def kept(code: str) -> Path:
    """The file of an import that has not been read yet."""
    return folder() / f"{code}.bin"


def keep(code: str, source: Iterator[bytes]) -> tuple[int, str]:
    """Write a file (mode 0600) and return its size and SHA-256. Refuses what is too large, and leaves nothing."""
    path, size, digest = kept(code), 0, hashlib.sha256()
    path.unlink(missing_ok=True)
    try:
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            for piece in source:
                size += len(piece)
                if size > MOST_BYTES:
                    raise refuse(
                        "too_large",
                        _("The file is larger than %(most)s MB.") % {"most": MOST_BYTES // MEGABYTE},
                        _("Split it, or ask your administrator to import it by command."),
                    )
                digest.update(piece)
                out.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not size:
        path.unlink(missing_ok=True)
        raise refuse("empty", _("The file is empty."), _("Export it again and look inside."))
    return size, digest.hexdigest()


def pieces(path: Path) -> Iterator[bytes]:
    """A file in pieces of a megabyte."""
    with path.open("rb") as source:
        while piece := source.read(MEGABYTE):
            yield piece


# --- recognizing ---

_NAMES = {
    "json": {".json"},
    "csv": {".csv", ".txt", ".tsv", ".tab"},
    "excel": {".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"},
    "zip": {".zip"},
}


def recognize(path: Path, name: str) -> str:
    """What a file is by its content: ``json``, ``csv``, ``excel`` or ``zip``.

    Refuses what is none of them, what its name denies, and archives that would unpack to far more than
    they say.
    """
    with path.open("rb") as source:
        head = source.read(4096)
    found = _by_content(path, head)
    if not found:
        raise refuse(
            "unknown_type",
            _("This is not a table or directory that can be read here."),
            _("Give a CSV, Excel, JSON or ZIP file."),
        )
    suffix = Path(name).suffix.lower()
    if suffix and suffix not in _NAMES[found] and any(suffix in each for each in _NAMES.values()):
        raise refuse(
            "lying_name",
            _("The name says %(name)s, but the content is %(found)s.") % {"name": suffix, "found": found},
            _("Save it again in the format that its name says."),
        )
    return found


def _by_content(path: Path, head: bytes) -> str:
    if head.startswith(b"PK\x03\x04"):
        names = _safe_members(path)
        office = {"[Content_Types].xml", "mimetype"} & names and not any(n.endswith(".csv") for n in names)
        return "excel" if office else "zip"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "excel"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "csv"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"[", b"{"):
        return "json"
    binary = head.startswith((b"%PDF", b"\x7fELF", b"MZ", b"\x89PNG", b"\xff\xd8", b"GIF8", b"\x1f\x8b"))
    return "" if binary or _mostly_control(head) else "csv"


def _mostly_control(head: bytes) -> bool:
    control = sum(byte < 9 or 13 < byte < 32 for byte in head)
    return control * 10 > len(head)


def _safe_members(path: Path) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise refuse(
            "broken_zip", _("The archive is damaged or was cut off."), _("Export or send it again.")
        ) from error
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if unpacked > MOST_UNPACKED or (unpacked > MEGABYTE and unpacked / packed > MOST_RATIO):
        raise refuse(
            "zip_bomb",
            _("The archive would unpack to %(size)s MB; it is refused.") % {"size": unpacked // MEGABYTE},
            _("Send the tables as plain files."),
        )
    if any(member.flag_bits & 1 for member in members):
        raise refuse("locked", _("The file is locked with a password."), _("Save it without a password."))
    return {member.filename for member in members}


def unpacked(path: Path) -> dict[str, bytes]:
    """The tables in an archive by their names without folder and ending; sizes are counted, not believed."""
    tables: dict[str, bytes] = {}
    left = MOST_UNPACKED
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = Path(member.filename)
            if member.is_dir() or name.suffix.lower() != ".csv" or name.name.startswith("."):
                continue
            with archive.open(member) as source:
                content = source.read(left + 1)
            left -= len(content)
            if left < 0:
                raise refuse("zip_bomb", _("The archive unpacks to far more than it says."))
            tables[name.stem.lower()] = content
    return tables


# --- text ---

_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")


def encoding_of(sample: bytes) -> str:
    """The encoding of a text: by its mark, else UTF-8 when its high bytes mostly make sense so, else cp1252."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if sample.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    sense = sum(len(found) for found in _MULTIBYTE.findall(sample))
    high = len(_HIGH.findall(sample))
    return "utf-8" if sense * 2 >= high else "cp1252"


def _lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, str]]:
    """Numbered physical lines without their ends; an endless one is cut short, never gathered."""
    errors = "replace" if encoding in {"utf-16", "cp1252"} else "surrogateescape"
    with io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline=None) as text:
        number = 0
        while line := text.readline(MOST_LINE + 1):
            number += 1
            if len(line) > MOST_LINE and not line.endswith("\n"):
                while (more := text.readline(MEGABYTE)) and not more.endswith("\n"):
                    pass
            yield number, line.rstrip("\n")


def csv_table(stream: BinaryIO) -> Table:
    """A CSV text as a table: any of four delimiters, quotes, BOM, UTF-8, UTF-16 or cp1252.

    A row that cannot be read (a quote never closed, too few or too many cells, unreadable bytes, NUL, over
    64 KB) becomes a record with its reasons; the rows after it are read as if it were not there.
    """
    sample = stream.read(MEGABYTE)
    stream.seek(0)
    lines = _lines(stream, encoding_of(sample))
    heading = next(((n, text) for n, text in lines if text.strip()), None)
    if heading is None:
        raise refuse("empty", _("The file is empty."), _("Export it again and look inside."))
    delimiter = max(DELIMITERS, key=heading[1].count)
    columns = [name.strip() for name in _parse(heading[1], delimiter) or []]
    return Table(columns, _records(lines, delimiter, columns))


def _parse(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record, or None when its quotes do not add up."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _records(lines: Iterator[tuple[int, str]], delimiter: str, columns: list[str]) -> Iterator[Record]:
    waiting: list[tuple[int, str]] = []
    while True:
        number, text = waiting.pop(0) if waiting else next(lines, (0, ""))
        if not number:
            return
        if not text.strip(delimiter + " \r"):
            continue
        if len(text) > MOST_LINE:
            yield _unreadable(number, "too_long", _("The line is longer than 64 KB."))
            continue
        cells = _parse(text, delimiter)
        if cells is None or text.count('"') % 2:
            cells = _continued(text, delimiter, len(columns), lines, waiting)
        yield _record(number, cells, columns)


def _continued(
    text: str, delimiter: str, width: int, lines: Iterator[tuple[int, str]], waiting: list[tuple[int, str]]
) -> list[str] | None:
    """Cells of a record whose quoted text goes on in the next lines; lines that do not belong go back."""
    joined, taken = text, 0
    while joined.count('"') % 2 and taken < MOST_LINES_IN_A_FIELD and len(joined) <= MOST_LINE:
        if taken == len(waiting):
            more = next(lines, None)
            if more is None:
                return None
            waiting.append(more)
        joined += "\n" + waiting[taken][1]
        taken += 1
    try:
        rows = list(csv.reader(io.StringIO(joined), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    if len(rows) != 1 or len(rows[0]) != width:
        return None
    del waiting[:taken]
    return rows[0]


def _unreadable(line: int, code: str, text: str) -> Record:
    return Record(line, reasons=[Reason(code, text)])


def _record(line: int, cells: list[str] | None, columns: list[str]) -> Record:
    if cells is None:
        return _unreadable(line, "quotes", _("The quotation marks do not add up."))
    if len(cells) != len(columns):
        return _unreadable(
            line,
            "cells",
            _("The row has %(found)s cells; the heading has %(wanted)s.")
            % {"found": len(cells), "wanted": len(columns)},
        )
    record = Record(line, dict(zip(columns, (cell.strip() for cell in cells), strict=True)))
    text = "".join(cells)
    if "\0" in text:
        record.reasons.append(Reason("nul", _("The row holds NUL bytes.")))
    elif any("\ud800" <= letter <= "\udfff" or letter == "\ufffd" for letter in text if letter > "~"):
        record.reasons.append(Reason("bytes", _("The row holds bytes that are not text in this encoding.")))
    return record


# --- Excel ---


def excel_table(path: Path) -> Table:
    """The first sheet of a workbook as a table; dates become 2027-02-14, whole numbers lose their ".0"."""
    import python_calamine  # noqa: PLC0415 - only those who import need it

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        rows: Iterator[list[Any]] = iter(workbook.get_sheet_by_index(0).to_python(skip_empty_area=False))
    except Exception as error:  # the reader raises many kinds, some of its own
        raise refuse(
            "broken_excel",
            _("The workbook cannot be read: it is damaged, locked or of another kind."),
            _("Save it again as .xlsx, or as CSV."),
        ) from error
    number, heading = 0, [""]
    while not any(heading) and (row := next(rows, None)) is not None:
        number += 1
        heading = [_cell(value).strip() for value in row]
    while heading and not heading[-1]:
        heading.pop()
    return Table(heading, _sheet(rows, number, heading))


def _sheet(rows: Iterator[list[Any]], number: int, heading: list[str]) -> Iterator[Record]:
    for line, row in enumerate(rows, number + 1):
        cells = [_cell(value) for value in row]
        if not any(cells):
            continue
        if any(cells[len(heading) :]):
            yield _record(line, cells, heading)
        else:
            yield _record(line, (cells + [""] * len(heading))[: len(heading)], heading)


def _cell(value: object) -> str:
    if isinstance(value, dt.datetime):
        return (value.date() if value.time() == dt.time() else value).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def table_of(path: Path, found: str) -> Table:
    """The table in a CSV or Excel file."""
    if found == "excel":
        return excel_table(path)
    if found == "csv":
        return csv_table(path.open("rb"))
    raise refuse(
        "not_a_table",
        _("This import needs a table."),
        _("Give a CSV or Excel file with one row for each term of custody."),
    )


# --- writing ---

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: what could be one gets a quote before it.

    Plain numbers and phone numbers that begin with + stay as they are.
    """
    text = "" if value is None else str(value)
    if text.startswith(_FORMULA) and not re.fullmatch(r"[+-]?[\d .()-]*\d", text):
        return "'" + text
    return text


def write_csv(out: Any, columns: list[str], rows: Iterator[list[object]]) -> int:
    """Write a table for spreadsheets (UTF-8 with mark, guarded against formulas); returns the rows."""
    writer = csv.writer(out)
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
        count += 1
    return count
