"""The sealer: signed Merkle checkpoints over finished rows, every few seconds ([A-67]).

A seal covers all rows of one stream and cluster whose transaction ids lie in ``[xid_from, xid_to)``. Every
transaction below the snapshot's xmin has ended, so the range is complete for ever, in whatever order rows
were committed; a row that turns up in it later was not there.
"""

# ruff: noqa: S608 (the names in these statements are constants; values are parameters)

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from throughgate.base.audit import anchor, merkle
from throughgate.base.audit.anchor import AnchorMismatch
from throughgate.base.audit.keys import Places, Signer, places, signature_holds, signer
from throughgate.base.audit.sql import STREAMS
from throughgate.base.audit.transactions import own_transaction

ENTRY_BYTES = 40
# A seal's rows are held in memory at once; one transaction is never split.
MOST_ROWS = 200_000
SEALER = "tg_auditlog"
AUDITOR = "tg_auditor"
# Any constant will do: it keeps two sealers apart.
LOCK = 0x7467_5345_414C


MISMATCH = (
    "The audit anchor ends with seal {seq}, which the database does not hold in this form. Either seals were"
    " removed or changed, or an older state of the database was put back. Run `throughgate verify-audit` to"
    " see what differs. If the database was restored on purpose, say so: `throughgate verify-audit"
    ' --restored "the reason"`. Nothing is sealed until then.'
)


class Cursor(Protocol):
    """The part of a database cursor that is needed here; psycopg's and Django's both fit."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Run a statement."""

    def fetchone(self) -> Any:
        """The next row or None."""

    def fetchall(self) -> list[Any]:
        """All rows left."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A seal without its entries; hashes in hex, ``at`` in microseconds since 1970 (UTC)."""

    seq: int
    stream: str
    epoch: int
    xid_from: int
    xid_to: int
    rows: int
    root: str
    prev: str
    at: int
    key_id: str
    head: str = ""
    signature: str = ""

    def computed_head(self) -> bytes:
        """What the head must be: SHA-256 over every other field in a fixed form."""
        fields = (
            "seal/1", self.seq, self.prev, self.stream, self.epoch, self.xid_from, self.xid_to,
            self.rows, self.root, self.at, self.key_id,
        )  # fmt: skip
        return sha256(json.dumps(fields, separators=(",", ":")).encode()).digest()


@dataclass(frozen=True)
class Span:
    """A range of one stream and cluster: transaction ids from ``low`` up to but not including ``high``."""

    stream: str
    epoch: int
    low: int
    high: int


COLUMNS = (
    "seq, stream, epoch, xid_from, xid_to, rows, encode(root, 'hex'), encode(prev, 'hex'),"
    " (extract(epoch FROM at) * 1000000)::bigint, key_id, encode(head, 'hex'), encode(signature, 'hex')"
)


def checkpoint(row: Sequence[Any]) -> Checkpoint:
    """A checkpoint from a row of COLUMNS."""
    names = ("seq", "stream", "epoch", "xid_from", "xid_to", "rows", "root", "prev", "at", "key_id", "head",
             "signature")  # fmt: skip
    return Checkpoint(**dict(zip(names, row, strict=True)))


def pack(entries: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """Entries of the tree: the row's id in eight bytes, big-endian, and its leaf hash."""
    return [row_id.to_bytes(8, "big", signed=True) + leaf for row_id, leaf in entries]


def unpack(blob: bytes) -> list[bytes]:
    """The entries in a seal's stored bytes."""
    return [blob[start : start + ENTRY_BYTES] for start in range(0, len(blob), ENTRY_BYTES)]


def last_checkpoint(cursor: Cursor) -> Checkpoint | None:
    """The newest seal in the database."""
    cursor.execute(f"SELECT {COLUMNS} FROM audit_seal ORDER BY seq DESC LIMIT 1")
    row = cursor.fetchone()
    return checkpoint(row) if row else None


def seal_finished(cursor: Cursor, signer: Signer, *, most_rows: int = MOST_ROWS) -> list[Checkpoint]:
    """Seal every finished row that has no seal yet; the cursor must be in a transaction of its own.

    Returns the new seals; none when there is nothing to seal or another sealer is at work.
    """
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
    if not cursor.fetchone()[0]:
        return []
    cursor.execute(
        "SELECT (SELECT system_identifier FROM pg_control_system()),"
        " pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
        " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    )
    cluster, finished, now = cursor.fetchone()
    last = last_checkpoint(cursor)
    made: list[Checkpoint] = []
    for stream in STREAMS:
        for epoch in _epochs(cursor, stream):
            end = finished if epoch == cluster else _end_of_epoch(cursor, stream, epoch)
            for span in _spans(cursor, Span(stream, epoch, 0, end), most_rows):
                fresh = _seal_span(cursor, signer, span, last=last, now=now)
                if fresh is not None:
                    last = fresh
                    made.append(fresh)
    return made


def _epochs(cursor: Cursor, stream: str) -> list[int]:
    """The clusters that rows were written in, by a loose walk over the index."""
    table = f"audit_{stream}"
    cursor.execute(
        f"WITH RECURSIVE e(epoch) AS (SELECT min(epoch) FROM {table} UNION ALL"
        f" SELECT (SELECT min(epoch) FROM {table} t WHERE t.epoch > e.epoch) FROM e"
        " WHERE e.epoch IS NOT NULL)"
        " SELECT epoch FROM e WHERE epoch IS NOT NULL"
    )
    return [row[0] for row in cursor.fetchall()]


def _end_of_epoch(cursor: Cursor, stream: str, epoch: int) -> int:
    """Rows of a cluster that is no more came with the dump: all of them have ended."""
    cursor.execute(f"SELECT max(xid) + 1 FROM audit_{stream} WHERE epoch = %s", [epoch])
    return int(cursor.fetchone()[0])


def _spans(cursor: Cursor, whole: Span, most: int) -> Iterator[Span]:
    """What has no seal yet before the end of ``whole``, in parts of at most ``most`` rows."""
    cursor.execute(
        "SELECT coalesce(max(xid_to), 0) FROM audit_seal WHERE stream = %s AND epoch = %s",
        [whole.stream, whole.epoch],
    )
    low = int(cursor.fetchone()[0])
    bounds = f"FROM audit_{whole.stream} WHERE epoch = %s AND xid >= %s AND xid < %s"
    while low < whole.high:
        place = [whole.epoch, low, whole.high]
        cursor.execute(
            f"SELECT (SELECT min(xid) {bounds}), (SELECT xid {bounds} ORDER BY xid OFFSET %s LIMIT 1)",
            [*place, *place, most],
        )
        first, beyond = cursor.fetchone()
        if first is None:
            return
        # A transaction is sealed whole, also when it alone has more rows than a seal should.
        high = whole.high if beyond is None else max(beyond, first + 1)
        yield replace(whole, low=low, high=high)
        low = high


def _seal_span(
    cursor: Cursor, signer: Signer, span: Span, *, last: Checkpoint | None, now: int
) -> Checkpoint | None:
    cursor.execute(
        f"SELECT id, leaf FROM audit_{span.stream} WHERE epoch = %s AND xid >= %s AND xid < %s"
        " ORDER BY xid, id",
        [span.epoch, span.low, span.high],
    )
    entries = pack([(row_id, bytes(leaf)) for row_id, leaf in cursor.fetchall()])
    if not entries:
        return None
    draft = Checkpoint(
        seq=(last.seq if last else 0) + 1,
        stream=span.stream,
        epoch=span.epoch,
        xid_from=span.low,
        xid_to=span.high,
        rows=len(entries),
        root=merkle.root(entries).hex(),
        prev=last.head if last else bytes(32).hex(),
        at=now,
        key_id=signer.key_id,
    )
    head = draft.computed_head()
    made = replace(draft, head=head.hex(), signature=signer.sign(head).hex())
    cursor.execute(
        "INSERT INTO audit_seal (seq, at, stream, epoch, xid_from, xid_to, rows, entries, root, prev, head,"
        " key_id, signature) VALUES (%s, timestamptz 'epoch' + %s * interval '1 microsecond',"
        " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [made.seq, made.at, span.stream, span.epoch, span.low, span.high, made.rows, b"".join(entries),
         bytes.fromhex(made.root), bytes.fromhex(made.prev), head, made.key_id,
         bytes.fromhex(made.signature)],
    )  # fmt: skip
    return made


def catch_up(cursor: Cursor, where: Places, signer: Signer) -> int:
    """Write the seals that the anchor lacks into it; returns how many. Raises AnchorMismatch.

    The database commits first and the anchor follows, so after a crash the anchor may be behind, never
    ahead. An anchor that is ahead, or that names another head, means an older database was put back or
    seals were removed.
    """
    with anchor.locked(where.anchor):
        tip = anchor.tip(where.anchor)
        known = tip or anchor.Tip()
        if known.seq:
            cursor.execute("SELECT encode(head, 'hex') FROM audit_seal WHERE seq = %s", [known.seq])
            row = cursor.fetchone()
            if row is None or row[0] != known.head:
                raise AnchorMismatch(MISMATCH.format(seq=known.seq))
        cursor.execute(f"SELECT {COLUMNS} FROM audit_seal WHERE seq > %s ORDER BY seq", [known.seq])
        lines: list[anchor.Line] = [asdict(checkpoint(row)) for row in cursor.fetchall()]
        missing = len(lines)
        if tip is None and missing > len(STREAMS):
            # Only a new trail begins with the handful of seals of one first run.
            lines.insert(0, anchor.signed_note(signer, "begun", seq=lines[-1]["seq"], at=lines[-1]["at"]))
        if lines:
            anchor.append(where.anchor, lines)
        return missing


def declare_restore(
    cursor: Cursor, where: Places, signer: Signer, *, reason: str, by: str, at: datetime
) -> anchor.Line | None:
    """Note in the anchor that an older database was put back on purpose; None when the anchor agrees.

    ``reason`` and ``by`` (who says so) are required and shown by every later verification.
    """
    if not reason.strip() or not by.strip():
        raise ValueError("Say why the database was restored, and who did it.")
    with anchor.locked(where.anchor):
        told = anchor.story(where.anchor)
        last = last_checkpoint(cursor)
        kept = last.seq if last else 0
        while kept:
            cursor.execute("SELECT encode(head, 'hex') FROM audit_seal WHERE seq = %s", [kept])
            row = cursor.fetchone()
            if row and told.heads.get(kept) == row[0]:
                break
            kept -= 1
        lost = max(told.heads, default=0)
        if lost <= kept:
            return None
        note = anchor.signed_note(
            signer, "restored", kept_seq=kept, kept_head=told.heads.get(kept, ""), lost_to=lost,
            reason=reason.strip(), by=by.strip(), at=at.isoformat(),
        )  # fmt: skip
        anchor.append(where.anchor, [note])
        return note


def run_once() -> list[Checkpoint]:
    """Seal what is finished and anchor it: the one thing to call every ten seconds or sooner.

    Returns the new seals. Two callers at once do no harm. Raises AnchorMismatch (then nothing is sealed)
    and KeyTrouble.
    """
    where = places()
    signing = signer(where)
    with own_transaction(role=SEALER) as cursor:
        catch_up(cursor, where, signing)
        made = seal_finished(cursor, signing)
    if made:
        with own_transaction(role=SEALER) as cursor:
            catch_up(cursor, where, signing)
    return made


@dataclass(frozen=True)
class Waiting:
    """Rows that have no seal yet, and the age of the oldest in seconds (0 when there is none)."""

    rows: int
    seconds: float


def waiting() -> Waiting:
    """How far behind the sealer is, for health checks: more than a minute means that it does not run."""
    rows, seconds = 0, 0.0
    with own_transaction(role=AUDITOR) as cursor:
        for stream in STREAMS:
            for epoch in _epochs(cursor, stream):
                cursor.execute(
                    "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::float8"
                    f" FROM audit_{stream} WHERE epoch = %s AND xid >= (SELECT coalesce(max(xid_to), 0)"
                    " FROM audit_seal WHERE stream = %s AND epoch = %s)",
                    [epoch, stream, epoch],
                )
                found = cursor.fetchone()
                rows, seconds = rows + found[0], max(seconds, found[1])
    return Waiting(rows, seconds)


def prove(cursor: Cursor, stream: str, row_id: int) -> dict[str, Any] | None:
    """An inclusion proof for one row, to hand to someone who trusts only the public key.

    A plain dictionary for JSON; check it with :func:`check_proof`. None when the row has no seal yet or is
    not among the entries of the seal that covers its transaction.
    """
    if stream not in STREAMS:
        raise ValueError(f"There is no stream {stream!r}; there are {', '.join(STREAMS)}.")
    cursor.execute(f"SELECT epoch, xid FROM audit_{stream} WHERE id = %s", [row_id])
    found = cursor.fetchone()
    if found is None:
        return None
    cursor.execute(
        f"SELECT {COLUMNS} FROM audit_seal WHERE stream = %s AND epoch = %s AND xid_from <= %s"
        " AND xid_to > %s",
        [stream, found[0], found[1], found[1]],
    )
    row = cursor.fetchone()
    if row is None:
        return None
    seal = checkpoint(row)
    cursor.execute("SELECT entries FROM audit_seal WHERE seq = %s", [seal.seq])
    entries = unpack(bytes(cursor.fetchone()[0]))
    wanted = row_id.to_bytes(8, "big", signed=True)
    for index, entry in enumerate(entries):
        if entry.startswith(wanted):
            hashes = [value.hex() for value in merkle.path(entries, index)]
            return {
                "id": row_id,
                "leaf": entry[8:].hex(),
                "index": index,
                "path": hashes,
                "seal": asdict(seal),
            }
    return None


def check_proof(proof: Mapping[str, Any], key: Ed25519PublicKey) -> bool:
    """Whether the proof's row is in its seal and the seal is signed with this key. Needs no database."""
    try:
        seal = Checkpoint(**proof["seal"])
        entry = int(proof["id"]).to_bytes(8, "big", signed=True) + bytes.fromhex(proof["leaf"])
        path = [bytes.fromhex(value) for value in proof["path"]]
        root = merkle.root_from_path(entry, int(proof["index"]), seal.rows, path)
        signature = bytes.fromhex(seal.signature)
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
    head = seal.computed_head()
    return root.hex() == seal.root and head.hex() == seal.head and signature_holds(key, signature, head)
