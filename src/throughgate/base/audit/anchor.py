"""The anchor: one JSON line a seal in a file outside the database, so that a cut tail is noticed.

The same lines go to the log ``throughgate.audit.anchor``; send that to another machine. Besides seals the
file holds signed notes: ``begun`` (the file was started when seals existed already) and ``restored`` (an
earlier state of the database was put back on purpose, with the reason).
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from throughgate.base.audit.keys import Signer

log = logging.getLogger("throughgate.audit.anchor")

Line = dict[str, Any]


class AnchorMismatch(Exception):
    """The anchor ends with a seal that the database does not hold; the text says what to do."""


@dataclass(frozen=True)
class Tip:
    """The last seal that the anchor counts as standing; ``seq`` 0 before the first."""

    seq: int = 0
    head: str = ""


@dataclass
class Story:
    """What the whole file says: the head of every standing seal, the notes, and lines that are no JSON."""

    heads: dict[int, str] = field(default_factory=dict)
    notes: list[Line] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)


def note_message(note: Line) -> bytes:
    """What a note's signature covers: every field but the signature, in a fixed form."""
    told = {name: value for name, value in note.items() if name != "signature"}
    return sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).digest()


def signed_note(signer: Signer, note: str, **facts: Any) -> Line:
    """A note with the key's id and signature."""
    line: Line = {"note": note, **facts, "key_id": signer.key_id}
    line["signature"] = signer.sign(note_message(line)).hex()
    return line


def _standing(line: Line) -> Tip | None:
    if line.get("note") == "restored":
        return Tip(line["kept_seq"], line["kept_head"])
    if "note" in line:
        return None
    return Tip(line["seq"], line["head"])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other sealers from appending while the block reads and appends."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def tip(path: Path) -> Tip | None:
    """The last standing seal, from the end of the file; None when there is no file yet.

    A last line that a crash left without its end does not count; it is completed over by the next append.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            reach = 4096
            while True:
                file.seek(max(0, size - reach))
                lines = file.read().split(b"\n")
                complete = lines[:-1] if size <= reach else lines[1:-1]
                for line in map(_parsed, reversed(complete)):
                    if line is not None and (found := _standing(line)) is not None:
                        return found
                if size <= reach:
                    return Tip()
                reach *= 4
    except FileNotFoundError:
        return None


_SHAPES: dict[str | None, dict[str, type]] = {
    None: {"seq": int, "head": str},
    "begun": {"seq": int},
    "restored": {"kept_seq": int, "kept_head": str, "lost_to": int, "reason": str, "by": str, "at": str},
}


def _parsed(raw: bytes) -> Line | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(line, dict) or not isinstance(line.get("note"), str | None):
        return None
    shape = _SHAPES.get(line.get("note"))
    if shape is None or not all(isinstance(line.get(name), kind) for name, kind in shape.items()):
        return None
    return line


def append(path: Path, lines: Iterable[Line]) -> None:
    """Add lines durably; a torn last line is cut off first. Call inside :func:`locked`."""
    text = "".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in lines).encode()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.seek(_end_of_last_line(path))
        file.truncate()
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    for told in text.decode().splitlines():
        log.info(told)


def _end_of_last_line(path: Path) -> int:
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - 4096)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def story(path: Path) -> Story:
    """Read the whole file; a declared restore takes back the seals after the one it kept."""
    told = Story()
    if not path.exists():
        return told
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            line = _parsed(raw)
            if line is None:
                told.broken.append(number)
            elif "note" in line:
                told.notes.append(line)
                if line["note"] == "restored":
                    told.heads = {seq: head for seq, head in told.heads.items() if seq <= line["kept_seq"]}
            elif told.heads.get(line["seq"], line["head"]) != line["head"]:
                told.broken.append(number)
            else:
                told.heads[line["seq"]] = line["head"]
    return told
