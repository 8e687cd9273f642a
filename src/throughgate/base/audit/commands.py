"""``throughgate verify-audit``: check the trail, or declare that an older database was put back."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from throughgate.base.audit import anchor, seal
from throughgate.base.audit.keys import KeyTrouble, key_id, load_public, places, public_keys, signer
from throughgate.base.audit.transactions import own_transaction
from throughgate.base.audit.verify import Result, Verifier, report


def verify(arguments: list[str], out: TextIO | None = None) -> int:
    """Run the command. Exit code 0: whole; 1: tampering found; 2: it could not be checked."""
    out = out or sys.stdout
    options = _parser().parse_args(arguments)
    try:
        if options.restored is not None:
            return _declare(options.restored, out)
        if options.seal_first:
            seal.run_once()
        result = verify_now(options.anchor, options.public_key)
    except (KeyTrouble, anchor.AnchorMismatch, ValueError) as error:
        out.write(f"{error}\n")
        return 2
    out.writelines(f"{line}\n" for line in report(result))
    return 1 if result.findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="throughgate verify-audit",
        description="Recompute the whole audit trail and name whatever was tampered with.",
    )
    parser.add_argument(
        "--public-key", type=Path, action="append", default=[], metavar="FILE",
        help="trust only this public key (PEM), not those in the data folder; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--anchor", type=Path, metavar="FILE", help="the anchor to compare with, such as a copy"
    )
    parser.add_argument("--seal-first", action="store_true", help="seal what is finished before checking")
    parser.add_argument(
        "--restored", metavar="REASON", help="declare that an older database was put back on purpose, and why"
    )
    return parser


def verify_now(anchor_file: Path | None = None, trusted: list[Path] | None = None) -> Result:
    """Check the whole trail. Raises KeyTrouble when a named key cannot be read."""
    where = places()
    named = [load_public(path) for path in trusted or []]
    keys = {key_id(key): key for key in named} or public_keys(where)
    # The anchor is read first: seals made meanwhile are then merely not expected in it.
    told = anchor.story(anchor_file or where.anchor)
    with own_transaction(role=seal.AUDITOR) as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        return Verifier(cursor.connection, keys, told).run()


def _declare(reason: str, out: TextIO) -> int:
    where = places()
    with own_transaction(role=seal.SEALER) as cursor:
        note = seal.declare_restore(
            cursor, where, signer(where), reason=reason, by=getpass.getuser(), at=datetime.now(UTC)
        )
    if note is None:
        out.write("Database and anchor agree; there is nothing to declare.\n")
    else:
        out.write(
            f"Noted: seals {note['kept_seq'] + 1} to {note['lost_to']} are given up. Sealing goes on.\n"
        )
    return 0
