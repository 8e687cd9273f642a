"""Merkle trees as in RFC 6962, section 2.1: roots and inclusion proofs over plain bytes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry; the 0x00 keeps it apart from that of a node."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def _next_level(level: list[bytes]) -> list[bytes]:
    """Pairs of one level become the next; a last one without a partner moves up as it is."""
    above = [
        sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) % 2:
        above.append(level[-1])
    return above


def root(entries: Sequence[bytes]) -> bytes:
    """The root over the entries in their order; of none, the hash of the empty text."""
    if not entries:
        return sha256(b"").digest()
    level = [sha256(b"\x00" + entry).digest() for entry in entries]
    while len(level) > 1:
        level = _next_level(level)
    return level[0]


def path(entries: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from the entry at ``index`` to the root, lowest first. IndexError outside."""
    if not 0 <= index < len(entries):
        raise IndexError(f"There is no entry {index} among {len(entries)}.")
    level = [leaf_hash(entry) for entry in entries]
    hashes = []
    while len(level) > 1:
        partner = index ^ 1
        if partner < len(level):
            hashes.append(level[partner])
        level = _next_level(level)
        index //= 2
    return hashes


def root_from_path(entry: bytes, index: int, size: int, hashes: Sequence[bytes]) -> bytes:
    """The root that an entry's path leads to. ValueError when the path cannot belong to the place."""
    if not 0 <= index < size:
        raise ValueError(f"There is no entry {index} among {size}.")
    value = leaf_hash(entry)
    remaining = list(hashes)
    while size > 1:
        if index ^ 1 < size:
            if not remaining:
                raise ValueError("The path is too short for its place in the tree.")
            partner = remaining.pop(0)
            value = node_hash(partner, value) if index % 2 else node_hash(value, partner)
        index, size = index // 2, (size + 1) // 2
    if remaining:
        raise ValueError("The path is too long for its place in the tree.")
    return value
