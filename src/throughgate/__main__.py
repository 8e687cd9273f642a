"""The command ``throughgate``: one word for everything an installation can do.

Each command is a function ``(arguments: list[str]) -> int | None`` that is imported only when it is called,
so that a command starts fast and one whose room is missing takes nobody else down.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from throughgate.base import env
from throughgate.base.paths import database_dir, var_dir
from throughgate.base.trouble import Trouble

Target = Callable[[list[str]], int | None]


@dataclass(frozen=True)
class Command:
    """``target`` is "module:function"; with ``django`` the models are loaded before it is imported."""

    help: str
    target: str
    django: bool = True
    # The demo's invented people live in a data folder of their own, never beside real ones.
    demo: bool = False


COMMANDS: dict[str, Command] = {
    "demo": Command("build an invented agency and open it", "throughgate.__main__:demo", False, demo=True),
    "run": Command("run everything: database, web server, worker", "throughgate.base.supervisor:main", False),
    "serve": Command("the same as run", "throughgate.base.supervisor:main", False),
    "worker": Command("run the worker alone", "throughgate.base.jobs.worker:main"),
    "setup": Command("make the database and bring it up to date", "throughgate.__main__:setup", False),
    "stop": Command("stop a running installation and its database", "throughgate.__main__:stop", False),
    "begin": Command("found your agency and its first administrator", "throughgate.places.commands:begin"),
    "doctor": Command("look for trouble and say what to do", "throughgate.base.doctor:main", False),
    "backup": Command("write the database to one file", "throughgate.base.backup:main_backup", False),
    "restore": Command("read the database from such a file", "throughgate.base.backup:main_restore", False),
    "verify-audit": Command("prove that the audit trail is whole", "throughgate.base.audit.commands:verify"),
    "import": Command("bring in a directory or an extract", "throughgate.exchange.commands:main_import"),
    "export": Command("hand data out in an agreed shape", "throughgate.exchange.commands:main_export"),
    "allocate": Command("propose who fills which seat", "throughgate.engines.allocation.cli:main", False),
    "study": Command("estimate what a program does", "throughgate.engines.impact.cli:main", False),
    "manage": Command("Django's own management commands", "throughgate.__main__:manage", False),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code (0 well, 1 failed, 2 not understood)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "throughgate.settings")
    options, rest = _parse(list(sys.argv[1:] if arguments is None else arguments))
    command = COMMANDS[options.command]
    if options.data:
        os.environ["THROUGHGATE_DATA"] = options.data
    if options.demo or command.demo:
        _be_the_demo()
    try:
        return _load(options.command, command)(rest) or 0
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1
    except Trouble as problem:
        print(f"throughgate {options.command}: {problem}", file=sys.stderr)
        return 1


def _parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Options before the command are ours, everything after it is the command's."""
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="throughgate",
        usage="throughgate [--data FOLDER] [--demo] COMMAND ...",
        description="Runs the partnerships between correctional facilities and the community.",
        epilog=f"commands:\n{listing}\n\n`throughgate COMMAND --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", metavar="FOLDER", help="the data folder (else THROUGHGATE_DATA, else var/)")
    parser.add_argument("--demo", action="store_true", help="mean the demo's data folder, not the real one")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of the commands below")
    parser.add_argument("rest", nargs="...", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    return options, options.rest


def _be_the_demo() -> None:
    if os.environ.get("THROUGHGATE_DEMO") != "1":
        os.environ["THROUGHGATE_DEMO"] = "1"
        if "THROUGHGATE_DATA" not in os.environ:
            os.environ["THROUGHGATE_DATA"] = str(var_dir() / "demo")


def _load(name: str, command: Command) -> Target:
    module, _, function = command.target.partition(":")
    if command.django:
        import django  # noqa: PLC0415 - loading Django costs half a second that stop need not pay

        _start_database()
        django.setup()
    try:
        return cast(Target, getattr(importlib.import_module(module), function))
    except ModuleNotFoundError as missing:
        if missing.name and (module == missing.name or module.startswith(f"{missing.name}.")):
            raise Trouble(f"this installation has no `{name}` ({module} is not there). Update it.") from None
        raise


# --- commands of a few lines ---


def setup(arguments: list[str]) -> int:
    """Make the database, its roles and tables, and bring them up to date."""
    argparse.ArgumentParser(prog="throughgate setup", description=setup.__doc__).parse_args(arguments)
    _prepare()
    sys.stdout.write(f"Ready. Data: {var_dir()}\n")
    return 0


def demo(arguments: list[str]) -> int:
    """Build the invented agency where it is not there yet, and run it until Ctrl-C. Takes the options of run."""
    argparse.ArgumentParser(prog="throughgate demo", description=demo.__doc__).parse_known_args(arguments)
    _prepare()
    build = _load("demo", Command("", "throughgate.demo.build:main"))
    build([])
    run = _load("run", COMMANDS["run"])
    return run(["--prepared", *arguments]) or 0


def stop(arguments: list[str]) -> int:
    """Stop a running installation and its embedded database, and the demo beside it."""
    argparse.ArgumentParser(prog="throughgate stop", description=stop.__doc__).parse_args(arguments)
    from throughgate.base import localpg, supervisor  # noqa: PLC0415

    folders = [var_dir()] if "THROUGHGATE_DATA" in os.environ else [var_dir(), var_dir() / "demo"]
    stopped = [supervisor.stop_running(folder) + localpg.stop(folder / "db") for folder in folders]
    print("Stopped." if any(stopped) else "Nothing was running.")
    return 0


def manage(arguments: list[str]) -> None:
    """Django's management commands, under the name people know them by."""
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    _start_database()
    execute_from_command_line(["throughgate manage", *arguments])


def _start_database() -> None:
    """Start the embedded database, if that is the one in use, before settings ask where it is."""
    if not env.text("DATABASE_URL"):
        from throughgate.base import localpg  # noqa: PLC0415

        localpg.ensure(database_dir())


def _prepare() -> None:
    prepare = _load("setup", Command("", "throughgate.base.setup:prepare"))
    cast(Callable[[], object], prepare)()


if __name__ == "__main__":
    sys.exit(main())
