"""The command line of studies: `study preview`, `study register`, `study run`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import StudyError

if TYPE_CHECKING:
    from .spec import Foresight


def parser() -> argparse.ArgumentParser:
    """The commands and what they take."""
    top = argparse.ArgumentParser(
        prog="throughgate study", description="Honest before-you-believe-it studies."
    )
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a study and write its report")
    register = commands.add_parser("register", help="register the plan before looking at the outcome")
    preview = commands.add_parser("preview", help="read the data and show what would be taken and refused")
    for command in (run, register, preview):
        command.add_argument("study", type=Path, help="the study file (TOML)")
        command.add_argument(
            "--log", type=Path, default=None, help="run log (default: beside the study file)"
        )
    for command in (run, preview):
        command.add_argument("data", type=Path, help="the data (CSV, Parquet or fixed width)")
    run.add_argument("-o", "--output", type=Path, required=True, help="folder for the report")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns 0 when done, 1 when the input was refused, 3 when the study ran but the
    question cannot be answered fairly."""
    args = parser().parse_args(argv)
    try:
        return int({"run": _run, "register": _register, "preview": _preview}[args.command](args))
    except StudyError as problem:
        print(f"Refused: {problem}", file=sys.stderr)  # noqa: T201
        return 1


def _log(args: argparse.Namespace) -> Path:
    chosen: Path | None = args.log
    study: Path = args.study
    return chosen or study.with_suffix(".runs.jsonl")


def _now() -> datetime:
    return datetime.now(UTC).astimezone()


def _run(args: argparse.Namespace) -> int:
    from . import study  # noqa: PLC0415 - numpy and friends load only for work
    from .verdict import Answer  # noqa: PLC0415

    plan = study.load(args.study)
    result = study.run(plan, args.data, now=_now(), log=_log(args), progress=_tell, before=_foretell)
    written = study.write(result, args.output)
    a = result.analysis
    _say(a.verdict.sentence)
    for reason in a.verdict.reasons:
        _say(f"  {reason}")
    if result.reading.refused_rows:
        _say(f"{result.reading.refused_rows} rows were refused on reading; `study preview` lists them.")
    if result.provenance.standing:
        _say(result.provenance.standing.sentence())
    _say("Written: " + ", ".join(str(p) for p in written))
    return 3 if a.verdict.answer is Answer.UNFAIR else 0


def _foretell(seen: Foresight) -> None:
    """Say what the study could find, before it is known what it finds."""
    from .verdict import points  # noqa: PLC0415

    people = f"{seen.participants:,} people who took part and {seen.comparison:,} who did not"
    if seen.detectable is None:
        _say(f"Before running: {people}; there is nobody to compare.")
    else:
        _say(
            f"Before running: with {people}, a difference of {points(seen.detectable)} or more could be shown."
        )


def _register(args: argparse.Namespace) -> int:
    from . import registration, study  # noqa: PLC0415

    plan = study.load(args.study)
    entry = registration.append(_log(args), "registered", at=_now(), plan=plan.hash)
    _say(f"Registered {entry.plan[:12]} at {entry.at} in {_log(args).name}.")
    return 0


def _preview(args: argparse.Namespace) -> int:
    from . import study  # noqa: PLC0415
    from .readers import read  # noqa: PLC0415

    plan = study.load(args.study)
    reading = read(args.data, plan.columns)
    _say(f"{reading.rows:,} rows, {reading.table.num_rows:,} taken, {reading.refused_rows:,} refused.")
    for row in reading.preview():
        _say("  " + ", ".join(f"{k}={v}" for k, v in row.items()))
    for refused in reading.refused:
        _say(f"  row {refused.row}, {refused.column or 'whole row'}: {refused.value!r} ({refused.why})")
    return 0


def _tell(what: str, share: float) -> None:
    print(f"{share:4.0%} {what}", file=sys.stderr)  # noqa: T201


def _say(words: str) -> None:
    print(words)  # noqa: T201
