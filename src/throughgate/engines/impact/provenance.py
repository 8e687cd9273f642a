"""Where a report comes from."""

from __future__ import annotations

from dataclasses import dataclass

from .registration import Standing


@dataclass(frozen=True)
class Provenance:
    """Where a report comes from: hashes of data, plan and code, the day it was made, and its standing in
    the run log (None: no log was kept)."""

    made: str
    data: str
    plan: str
    code: str
    standing: Standing | None = None
    refused_rows: int = 0
