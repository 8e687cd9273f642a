"""Recomputes the whole trail: every leaf from its row, every root, head, signature and the anchor ([A-68]).

The canonical bytes are put together by an expression of this module out of PostgreSQL's built-in functions,
never by a function stored in the database, and hashed here. Seals are read before rows, so that rows
written or sealed meanwhile merely count as not sealed yet.
"""

# ruff: noqa: S608 (the names in these statements are constants; values are parameters)

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from throughgate.base.audit import anchor, merkle
from throughgate.base.audit.keys import signature_holds
from throughgate.base.audit.seal import COLUMNS, ENTRY_BYTES, Checkpoint, checkpoint, unpack
from throughgate.base.audit.sql import STREAMS, canonical

BATCH = 10_000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: its kind, where (stream and row id, or seal number), and words for people."""

    kind: str
    text: str
    stream: str = ""
    row_id: int | None = None
    seal: int | None = None


@dataclass
class Result:
    """What a verification saw. ``window`` rows have no seal yet; the oldest is ``window_seconds`` old."""

    findings: list[Finding] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STREAMS, 0))
    seals: int = 0
    anchored: int = 0
    window: int = 0
    window_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Rows a second."""
        return sum(self.rows.values()) / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Row:
    """A row as read: its place, the leaf it carries and whether its content hashes to that leaf."""

    id: int
    xid: int
    epoch: int
    leaf: bytes
    intact: bool


class Verifier:
    """One run. The connection must be in a transaction that may read all four tables."""

    def __init__(
        self, connection: psycopg.Connection[Any], keys: Mapping[str, Ed25519PublicKey], told: anchor.Story
    ) -> None:
        self.connection = connection
        self.keys = keys
        self.told = told
        self.result = Result()
        self.flagged: set[tuple[str, int]] = set()

    def run(self) -> Result:
        """Check seals, anchor and rows; never raises for what it finds."""
        start = time.perf_counter()
        self.connection.execute("SET LOCAL search_path = pg_catalog, public")
        seals = self._checked_seals()
        self._check_anchor({seal.seq: seal.head for seal in seals})
        for stream in STREAMS:
            self._check_rows(stream, [seal for seal in seals if seal.stream == stream])
        self.result.seconds = time.perf_counter() - start
        return self.result

    def _say(
        self, kind: str, text: str, *, stream: str = "", row_id: int | None = None, seal: int | None = None
    ) -> None:
        if row_id is not None:
            if (stream, row_id) in self.flagged:
                return
            self.flagged.add((stream, row_id))
        self.result.findings.append(Finding(kind, text, stream, row_id, seal))

    # Seals: numbering, ranges, chain, signature.

    def _checked_seals(self) -> list[Checkpoint]:
        found = [
            checkpoint(row)
            for row in self.connection.execute(f"SELECT {COLUMNS} FROM public.audit_seal ORDER BY seq")
        ]
        self.result.seals = len(found)
        ends: dict[tuple[str, int], int] = {}
        previous: Checkpoint | None = None
        for seal in found:
            self._check_seal(seal, previous)
            place = (seal.stream, seal.epoch)
            if seal.xid_from != ends.get(place, 0) or seal.xid_to <= seal.xid_from:
                self._say("seal range", f"seal {seal.seq} does not continue the one before it",
                          seal=seal.seq)  # fmt: skip
            ends[place] = seal.xid_to
            previous = seal
        return found

    def _check_seal(self, seal: Checkpoint, previous: Checkpoint | None) -> None:
        expected = previous.seq + 1 if previous else 1
        if seal.seq != expected:
            gone = f"seal {expected}" if seal.seq == expected + 1 else f"seals {expected} to {seal.seq - 1}"
            self._say("seal missing", f"{gone} missing before seal {seal.seq}", seal=expected)
        elif seal.prev != (previous.head if previous else bytes(32).hex()):
            self._say("seal chain", f"seal {seal.seq} does not follow from the one before it", seal=seal.seq)
        head = seal.computed_head()
        if head.hex() != seal.head:
            self._say("seal changed", f"seal {seal.seq} was changed: its head does not fit it", seal=seal.seq)
        key = self.keys.get(seal.key_id)
        if key is None:
            self._say("unknown key", f"seal {seal.seq} is signed with the unknown key {seal.key_id}",
                      seal=seal.seq)  # fmt: skip
        elif not signature_holds(key, bytes.fromhex(seal.signature), bytes.fromhex(seal.head)):
            self._say("signature", f"seal {seal.seq} has a false signature", seal=seal.seq)

    # The anchor outside the database.

    def _check_anchor(self, heads: Mapping[int, str]) -> None:
        told = self.told
        self.result.anchored = len(told.heads)
        for number in told.broken:
            self._say("anchor", f"line {number} of the anchor is damaged or contradicts an earlier one")
        for note in told.notes:
            self._check_note(note)
        for seq, head in told.heads.items():
            if seq not in heads:
                self._say("seal missing", f"seal {seq} is in the anchor but not in the database", seal=seq)
            elif heads[seq] != head:
                self._say("seal changed", f"seal {seq} differs from what the anchor says", seal=seq)
        behind = [seq for seq in heads if seq not in told.heads]
        last = max(told.heads, default=0)
        for seq in behind:
            if seq < last:
                self._say("anchor", f"the anchor lacks seal {seq}", seal=seq)
        waiting = sum(seq > last for seq in behind)
        if not told.heads and waiting:
            self._say("anchor", "there is no anchor: a cut tail would not be noticed")
        elif waiting:
            self.result.notices.append(f"{waiting} seals are not in the anchor yet")

    def _check_note(self, note: anchor.Line) -> None:
        key = self.keys.get(str(note.get("key_id")))
        try:
            genuine = key is not None and signature_holds(
                key, bytes.fromhex(note["signature"]), anchor.note_message(note)
            )
        except (KeyError, TypeError, ValueError):
            genuine = False
        if not genuine:
            self._say("anchor", f"the anchor holds a note with a false signature: {note.get('note')}")
        elif note["note"] == "restored":
            self.result.notices.append(
                f"an earlier database was put back on {note['at']} by {note['by']} ({note['reason']}):"
                f" seals {note['kept_seq'] + 1} to {note['lost_to']} were given up"
            )
        else:
            self.result.notices.append(
                f"the anchor was begun at seal {note['seq']} of a trail already running"
            )

    # Rows against their seals.

    def _check_rows(self, stream: str, seals: list[Checkpoint]) -> None:
        ordered = sorted(seals, key=lambda seal: (seal.epoch, seal.xid_from))
        tips = {seal.epoch: seal.xid_to for seal in ordered}
        pending = iter(ordered)
        seal = next(pending, None)
        inside: list[Row] = []
        window: list[Row] = []
        for row in self._rows(stream):
            place = (row.epoch, row.xid)
            while seal is not None and place >= (seal.epoch, seal.xid_to):
                self._check_sealed(seal, inside)
                inside = []
                seal = next(pending, None)
            if seal is not None and place >= (seal.epoch, seal.xid_from):
                inside.append(row)
            elif row.xid < tips.get(row.epoch, 0):
                self._say("no seal", f"{stream} {row.id} lies in sealed time but in no seal",
                          stream=stream, row_id=row.id)  # fmt: skip
            else:
                window.append(row)
        while seal is not None:
            self._check_sealed(seal, inside)
            inside = []
            seal = next(pending, None)
        self._check_window(stream, window)

    def _rows(self, stream: str) -> Iterator[Row]:
        name = f"verify_{stream}"
        count = 0
        with self.connection.cursor(name, binary=True) as cursor:
            cursor.execute(
                f"SELECT id, xid, epoch, leaf, {canonical(stream)} FROM public.audit_{stream}"
                " ORDER BY epoch, xid, id"
            )
            while batch := cursor.fetchmany(BATCH):
                count += len(batch)
                for row_id, xid, epoch, leaf, content in batch:
                    intact = sha256(content).digest() == leaf
                    if not intact:
                        self._say("changed", f"the content of {stream} {row_id} does not fit its hash",
                                  stream=stream, row_id=row_id)  # fmt: skip
                    yield Row(row_id, xid, epoch, leaf, intact)
        self.result.rows[stream] = count

    def _check_sealed(self, seal: Checkpoint, rows: list[Row]) -> None:
        found = self.connection.execute(
            "SELECT entries FROM public.audit_seal WHERE seq = %s", [seal.seq]
        ).fetchone()
        blob = bytes(found[0]) if found else b""
        entries = unpack(blob)
        present = [row.id.to_bytes(8, "big", signed=True) + row.leaf for row in rows]
        if len(entries) != seal.rows or len(blob) % ENTRY_BYTES or merkle.root(entries).hex() != seal.root:
            self._say(
                "seal changed", f"the entries of seal {seal.seq} do not lead to its root", seal=seal.seq
            )
            if merkle.root(present).hex() == seal.root:
                return  # the rows are those that were sealed; only their list was spoiled
        if present == entries:
            return
        sealed = {int.from_bytes(entry[:8], "big", signed=True): entry[8:] for entry in entries}
        here = {row.id: row.leaf for row in rows}
        for row_id in sealed.keys() - here.keys():
            self._say("deleted", f"{seal.stream} {row_id} of seal {seal.seq} is gone or was moved in time",
                      stream=seal.stream, row_id=row_id, seal=seal.seq)  # fmt: skip
        for row_id in here.keys() - sealed.keys():
            self._say("inserted", f"{seal.stream} {row_id} was put into the sealed time of seal {seal.seq}",
                      stream=seal.stream, row_id=row_id, seal=seal.seq)  # fmt: skip
        differing = [row_id for row_id in here.keys() & sealed.keys() if here[row_id] != sealed[row_id]]
        for row_id in differing:
            self._say("rewritten", f"{seal.stream} {row_id} was rewritten, hash too, after seal {seal.seq}",
                      stream=seal.stream, row_id=row_id, seal=seal.seq)  # fmt: skip
        if here == sealed:
            self._say("reordered", f"the rows of seal {seal.seq} are in another order", seal=seal.seq)

    def _check_window(self, stream: str, window: list[Row]) -> None:
        if not window:
            return
        found = self.connection.execute(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,"
            " (SELECT system_identifier FROM pg_control_system())"
        ).fetchone()
        assert found is not None
        for row in window:
            if row.epoch == found[1] and row.xid >= found[0]:
                self._say("inserted", f"{stream} {row.id} claims a transaction that has not begun yet",
                          stream=stream, row_id=row.id)  # fmt: skip
        oldest = self.connection.execute(
            f"SELECT extract(epoch FROM clock_timestamp() - min(at))::float8 FROM public.audit_{stream}"
            " WHERE id = ANY(%s)",
            [[row.id for row in window]],
        ).fetchone()
        self.result.window += len(window)
        self.result.window_seconds = max(self.result.window_seconds, oldest[0] if oldest else 0.0)


def report(result: Result) -> Iterator[str]:
    """The result in lines for people."""
    counts = ", ".join(f"{count:,} {stream}" for stream, count in result.rows.items())
    yield f"Checked {counts} rows in {result.seals:,} seals, {result.anchored:,} of them anchored."
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    yield f"{result.seconds:.2f} s, {result.rate:,.0f} rows a second, {now}."
    if result.window:
        yield (
            f"Not sealed yet: {result.window:,} rows, the oldest {result.window_seconds:.1f} s old. A change"
            " to these made with the hash recomputed would not be found."
        )
    else:
        yield "Every row is sealed."
    yield from (f"Note: {notice}." for notice in result.notices)
    yield from (f"TAMPERED [{finding.kind}] {finding.text}." for finding in result.findings)
    yield (f"{len(result.findings)} problems found." if result.findings else "The trail is whole.")
