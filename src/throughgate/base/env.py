"""Settings from the environment: plain text, yes/no, and secrets that may sit in a file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable's value, or the contents of the file named by ``<name>_FILE``."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def flag(name: str, *, default: bool = False) -> bool:
    """A yes/no variable; anything else than a clear yes or no is refused."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in YES:
        return True
    if value.lower() in NO:
        return False
    raise ValueError(f"{name} must be yes or no, not {value!r}.")


def kept_secret(name: str, folder: Path) -> str:
    """A secret from the environment, or one made at first use and kept in ``folder`` (mode 0600)."""
    given = text(name)
    if given:
        return given
    path = folder / name.lower()
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = secrets.token_urlsafe(48)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(fresh)
    return fresh
