"""Where an installation keeps what it writes.

Everything lives in one folder: ``var/`` in the project, or the folder that ``THROUGHGATE_DATA`` names.
"""

import os
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[3]


def var_dir() -> Path:
    """The folder of everything this installation writes. It need not exist yet."""
    chosen = os.environ.get("THROUGHGATE_DATA", "")
    if chosen:
        return Path(chosen).expanduser().resolve()
    base = _PROJECT if (_PROJECT / "pyproject.toml").is_file() else Path.cwd()
    return base / "var"


def database_dir() -> Path:
    """The folder of the embedded database, below :func:`var_dir`."""
    return var_dir() / "db"
