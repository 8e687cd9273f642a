"""The Ed25519 keys that sign checkpoints, and where the trail keeps its files outside the database.

``audit/`` in the installation's folder holds ``signing-key.pem`` (mode 0600, made at first use),
``public/<key id>.pem`` for every key ever used, and ``anchor.jsonl``. ``THROUGHGATE_AUDIT_KEY`` and
``THROUGHGATE_AUDIT_ANCHOR`` name other places for the signing key and the anchor.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from throughgate.base.paths import var_dir


class KeyTrouble(Exception):
    """A key file is missing, unreadable, open to others or of the wrong kind; the text says what to do."""


@dataclass(frozen=True)
class Places:
    """Where the signing key, the public keys and the anchor are."""

    signing_key: Path
    public_keys: Path
    anchor: Path


def places() -> Places:
    """The files of the trail below the installation's folder, or where the environment says."""
    folder = var_dir() / "audit"
    return Places(
        signing_key=Path(os.environ.get("THROUGHGATE_AUDIT_KEY") or folder / "signing-key.pem"),
        public_keys=folder / "public",
        anchor=Path(os.environ.get("THROUGHGATE_AUDIT_ANCHOR") or folder / "anchor.jsonl"),
    )


@dataclass(frozen=True)
class Signer:
    """A signing key with the id under which its public half is known."""

    key: Ed25519PrivateKey
    key_id: str

    def sign(self, message: bytes) -> bytes:
        """64 bytes of Ed25519 signature."""
        return self.key.sign(message)


def key_id(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the SHA-256 of the raw public key."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def _create(path: Path, content: bytes, mode: int) -> None:
    """Write a new file in one go: complete and with its final rights, or not there at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its file counts
    finally:
        draft.unlink(missing_ok=True)


def signer(where: Places) -> Signer:
    """The signing key, made at first use; its public half is kept beside it. Raises KeyTrouble."""
    if not where.signing_key.exists():
        fresh = Ed25519PrivateKey.generate()
        pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _create(where.signing_key, pem, 0o600)
    if where.signing_key.stat().st_mode & 0o077:
        raise KeyTrouble(
            f"The audit key {where.signing_key} is open to other users. Run: chmod 600 {where.signing_key}"
        )
    try:
        key = load_pem_private_key(where.signing_key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyTrouble(
            f"The audit key {where.signing_key} cannot be read ({error}). Put the right file back from the"
            " backup, or move it away and a new key is made."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyTrouble(f"The audit key {where.signing_key} is not an Ed25519 key in PEM form.")
    public = key.public_key()
    name = key_id(public)
    kept = where.public_keys / f"{name}.pem"
    if not kept.exists():
        _create(kept, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    return Signer(key, name)


def load_public(path: Path) -> Ed25519PublicKey:
    """A public key from a PEM file. Raises KeyTrouble."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KeyTrouble(f"The public key {path} cannot be read ({error}).") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyTrouble(f"The public key {path} is not an Ed25519 key in PEM form.")
    return key


def public_keys(where: Places) -> dict[str, Ed25519PublicKey]:
    """Every public key that is kept, by key id (computed from the key, not taken from the file's name)."""
    found = [load_public(path) for path in sorted(where.public_keys.glob("*.pem"))]
    return {key_id(key): key for key in found}


def signature_holds(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature is this key's over this message."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
