"""Pre-registration and the run log, so that running again until it "works" is visible.

A plan is registered by hash and day before the outcome is looked at. Every run is appended to a log; the
report says how many runs there were, whether the plan changed, and links each entry to the one before.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import StudyError


@dataclass(frozen=True)
class Entry:
    """One line of the log. kind: "registered" or "run"; chain: hash over this entry and the one before."""

    kind: str
    at: str
    plan: str
    data: str = ""
    code: str = ""
    answer: str = ""
    chain: str = ""


@dataclass(frozen=True)
class Standing:
    """What the log says about a run: registered on (empty: never), whether before the first run, number of
    runs, whether the plan is the registered one."""

    registered: str
    before_first_run: bool
    runs: int
    same_plan: bool

    def sentence(self) -> str:
        """The standing in words."""
        if not self.registered:
            return f"This analysis was not registered in advance. It has been run {_times(self.runs)}."
        when = "before the first run" if self.before_first_run else "only after it had already been run"
        plan = "as registered" if self.same_plan else "with a plan that differs from the registered one"
        return f"Registered on {self.registered[:10]}, {when}; run {_times(self.runs)}, this time {plan}."


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def plan_hash(plan: Any) -> str:
    """Hash of a plan given as plain data (what a study file holds)."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True, default=str).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def code_hash() -> str:
    """SHA-256 over the engine's own source files."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def entries(log: Path) -> list[Entry]:
    """Read the log. Raises StudyError when an entry was changed or taken out."""
    if not log.exists():
        return []
    out: list[Entry] = []
    for number, line in enumerate(log.read_text(encoding="utf-8").splitlines(), start=1):
        entry = Entry(**json.loads(line))
        if entry.chain != _chain(entry, out[-1].chain if out else ""):
            raise StudyError(
                f"The run log {log.name} was changed by hand at line {number}; it no longer proves anything."
            )
        out.append(entry)
    return out


def _chain(entry: Entry, before: str) -> str:
    facts = {k: v for k, v in asdict(entry).items() if k != "chain"}
    return hashlib.sha256((before + json.dumps(facts, sort_keys=True)).encode()).hexdigest()


def append(
    log: Path, kind: str, *, at: datetime, plan: str, data: str = "", code: str = "", answer: str = ""
) -> Entry:
    """Add an entry to the log and return it."""
    earlier = entries(log)
    bare = Entry(kind, at.isoformat(timespec="seconds"), plan, data, code, answer)
    entry = Entry(**{**asdict(bare), "chain": _chain(bare, earlier[-1].chain if earlier else "")})
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(entry), sort_keys=True) + "\n")
    return entry


def standing(log: Path, plan: str) -> Standing:
    """What the log says about the newest run of a plan."""
    listed = entries(log)
    registered = [(i, e) for i, e in enumerate(listed) if e.kind == "registered"]
    runs = [i for i, e in enumerate(listed) if e.kind == "run"]
    if not registered:
        return Standing("", False, len(runs), False)
    index, entry = registered[0]
    before = not runs or index < runs[0]
    return Standing(entry.at, before, len(runs), plan in {e.plan for _, e in registered})
