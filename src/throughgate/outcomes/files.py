"""Where study files wait and where runs leave their reports; outside the database, for this user alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason, Refused
from throughgate.base.paths import var_dir

MEGABYTE = 1024 * 1024
MOST_BYTES = 2048 * MEGABYTE
# What the engine reads by its ending; any other text is of fixed width.
ENDINGS = {".csv": ".csv", ".tsv": ".tsv", ".parquet": ".parquet", ".txt": ".txt", ".dat": ".txt", "": ".txt"}


def _folder(*parts: str) -> Path:
    path = var_dir().joinpath("studies", *parts)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def data_file(code: str, ending: str) -> Path:
    """The kept data file of a study."""
    return _folder("data") / f"{code}{ending}"


def run_folder(code: str) -> Path:
    """Where a run leaves report.html, public.html, report.json and cube.parquet."""
    return _folder("runs") / code


def run_file(code: str, name: str) -> Path | None:
    """One file of a run, or None when it has none of that name."""
    if name not in ("report.html", "public.html", "report.json", "cube.parquet"):
        return None
    path = run_folder(code) / name
    return path if path.is_file() else None


def ending_of(file_name: str) -> str:
    """The ending by which a file is read. Refuses what is neither CSV, Parquet nor plain text."""
    found = ENDINGS.get(Path(file_name.replace("\\", "/")).suffix.lower())
    if found is None:
        raise Refused(
            Reason(
                "file_kind",
                _("This is not a study file that can be read."),
                _("Give a CSV, TSV or Parquet file, or text of fixed width ending in .txt or .dat."),
                field="file",
            )
        )
    return found


def keep(path: Path, content: Iterator[bytes]) -> tuple[int, str]:
    """Write a file (mode 0600); returns its size and SHA-256. Refuses what is empty or too large, leaving nothing."""
    size, digest = 0, hashlib.sha256()
    path.unlink(missing_ok=True)
    try:
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            for piece in content:
                size += len(piece)
                if size > MOST_BYTES:
                    raise Refused(
                        Reason(
                            "too_large",
                            _("The file is larger than %(most)s MB.") % {"most": MOST_BYTES // MEGABYTE},
                            _("Run it with the command: throughgate study run."),
                            field="file",
                        )
                    )
                digest.update(piece)
                out.write(piece)
        if not size:
            raise Refused(Reason("empty", _("The file is empty."), _("Export it again."), field="file"))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size, digest.hexdigest()
