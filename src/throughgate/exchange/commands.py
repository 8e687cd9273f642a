"""``throughgate import`` and ``throughgate export``."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from throughgate.access.actor import Actor
from throughgate.base import scope
from throughgate.base.errors import Refused
from throughgate.base.trouble import Trouble
from throughgate.exchange import actions, files, out, pipeline
from throughgate.exchange.models import Import, Kind, State, What

# What the command calls the kinds of records about what became of people.
RECORD_KINDS = {
    "justice-events": (
        Kind.JUSTICE,
        "arrests, convictions, returns to prison: CSV or Excel, one row an event",
    ),
    "supervision": (Kind.SUPERVISION, "times under supervision"),
    "departures": (Kind.DEPARTURE, "deaths, removals, moves to other jurisdictions"),
    "positive-outcomes": (Kind.POSITIVE, "work, housing, education, health, family"),
}
SHOWN = (What.NEW, What.CHANGED, What.UNCHANGED, What.REFUSED, What.CONFLICT)


def main_import(argv: Sequence[str]) -> int:
    """Bring in a directory, a custody extract, or what became of people.

    Exit code 0: all rows good; 3: some refused; 1: nothing read.
    """
    options = _import_options(list(argv))
    path = Path(options.file)
    if not path.is_file():
        raise Trouble(f"there is no file {path}. Give the path of a file that you may read.")
    try:
        load = _unfinished(options, path) or _read(options, path)
        if load.state == State.FAILED:
            raise Trouble(load.reason)
        if options.preview_to:
            _preview(load, Path(options.preview_to))
        if options.apply:
            load = _apply(load)
    except Refused as refused:
        raise Trouble(" ".join(f"{each.text} {each.remedy}".strip() for each in refused.reasons)) from None
    _print_summary(load)
    total = load.total
    return 3 if total[What.REFUSED] or total[What.CONFLICT] else 0


def _import_options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="throughgate import", description=main_import.__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    directory = kinds.add_parser("directory", help="a partner directory: HSDS JSON, HSDS tables (ZIP), CSV")
    custody = kinds.add_parser("custody", help="a custody extract: CSV or Excel, one row a term")
    records = [kinds.add_parser(name, help=words) for name, (_kind, words) in RECORD_KINDS.items()]
    for each in (directory, custody, *records):
        each.add_argument("file", metavar="FILE")
        each.add_argument("--source", help="where it comes from; the same name each time")
        each.add_argument("--apply", action="store_true", help="write it; without, only look")
        each.add_argument("--preview-to", metavar="OUT.csv", help="write the preview, row by row")
    for each in (custody, *records):
        each.add_argument("--as-of", required=True, type=_day, metavar="YYYY-MM-DD", help="the extract's day")
        each.add_argument("--system", default="", help="whose numbers person_ref are (else the source)")
    for each in records:
        each.add_argument("--lag-days", type=int, metavar="N", help="days until everything is in it")
        each.add_argument("--covers", metavar="US-XX,US-YY", help="jurisdictions whose events it holds")
    options = parser.parse_args(argv)
    options.kind = RECORD_KINDS[options.kind][0] if options.kind in RECORD_KINDS else options.kind
    options.source = options.source or Path(options.file).name.split(".")[0][:60]
    return options


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2027-02-14") from None


def _as_of(options: argparse.Namespace) -> dt.date | None:
    return getattr(options, "as_of", None)


def _unfinished(options: argparse.Namespace, path: Path) -> Import | None:
    """An import of the same file that was broken off while it was applied: it goes on."""
    if not options.apply:
        return None
    import hashlib  # noqa: PLC0415

    digest = hashlib.sha256()
    for piece in files.pieces(path):
        digest.update(piece)
    with scope.system("import command"):
        found = Import.objects.filter(
            kind=options.kind, source=options.source, digest=digest.hexdigest(), state=State.APPLYING
        )
        load = found.order_by("-id").first()
    as_of = _as_of(options)
    if load and load.options.get("as_of", "") == (as_of.isoformat() if as_of else ""):
        _say("Going on with an import that was broken off.")
        return load
    return None


def _read(options: argparse.Namespace, path: Path) -> Import:
    with scope.system("import command"):
        load = actions.receive(
            by=Actor.system("import command"),
            kind=options.kind,
            file_name=path.name,
            content=files.pieces(path),
            source=options.source,
            as_of=_as_of(options),
            system=getattr(options, "system", ""),
            lag_days=getattr(options, "lag_days", None),
            covers=_listed(getattr(options, "covers", None)),
            later=False,
        )
    return pipeline.read(load.code, _progress("Comparing"))


def _apply(load: Import) -> Import:
    with scope.system("import command"):
        actions.apply(by=Actor.system("import command"), load=load, later=False)
    return pipeline.apply(load.code, _progress("Applying"))


def _preview(load: Import, path: Path) -> None:
    with scope.system("import preview"), path.open("w", newline="", encoding="utf-8-sig") as target:
        count = out.preview(load, target)
    path.chmod(0o600)
    _say(f"Preview of {count} rows: {path}")


def _progress(word: str) -> pipeline.Progress:
    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{word} {done} of {total}", end="\n" if done >= total else "", file=sys.stderr)  # noqa: T201

    return show


def _say(text: str) -> None:
    print(text)  # noqa: T201 - a command speaks


def _print_summary(load: Import) -> None:
    verb = {State.DONE: "applied", State.READY: "read, nothing written"}.get(State(load.state), load.state)
    _say(f"{load.file_name} as {load.source!r}: {verb}.")
    _say("".join(f"{word:>12}" for word in ("", *(str(what.label) for what in SHOWN[:4]), "To decide")))
    for thing, counts in sorted(load.counts.items()):
        _say(f"{thing:>12}" + "".join(f"{counts.get(what, 0):>12}" for what in SHOWN))
    for notice in load.notices:
        _say(f"- {notice}")
    with scope.system("import command"):
        for text, number in out.commonest_reasons(load):
            _say(f"  {number:>6} x {text}")
    if load.state == State.READY:
        _say("Look at it, then run the same command with --apply.")


def main_export(argv: Sequence[str]) -> int:
    """Hand data out: the directory as HSDS 3.1 JSON, or tables as CSV. Every export is logged."""
    parser = argparse.ArgumentParser(prog="throughgate export", description=main_export.__doc__)
    parser.add_argument("what", choices=sorted(out.EXPORTS), help="what to hand out")
    parser.add_argument("--to", metavar="FILE", help="where to (else the screen)")
    options = parser.parse_args(list(argv))
    with scope.system(f"export {options.what}"):
        if options.to:
            path = Path(options.to)
            with path.open("w", newline="", encoding="utf-8") as target:
                path.chmod(0o600)
                count = out.EXPORTS[options.what](target)
        else:
            count = out.EXPORTS[options.what](sys.stdout)
    print(f"{count} rows.", file=sys.stderr)  # noqa: T201
    return 0
