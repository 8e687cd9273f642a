"""The embedded PostgreSQL server: made, started, found and stopped without an administrator.

One server per data folder, shared by every process that asks for it. It listens on a unix socket in a folder
that only its own user (and root) may enter, never on the network. What lies in the data folder::

    cluster/     PostgreSQL's own files
    run/         the socket (in /tmp when this path is too long for a socket)
    lock         held while somebody starts or stops the server
    start.log    what the last start said; the server's own log is in cluster/log
    elsewhere    only when root's folders are closed to PostgreSQL's user: where all this really is

The superuser is ``postgres`` and is for setting up, backup and restore; the application connects as its own
roles, because a superuser is not held by row security.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shlex
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from psycopg import pq
from psycopg.conninfo import make_conninfo

from throughgate.base.pgbinaries import (
    Binaries,
    DatabaseUnavailable,
    Runner,
    find_binaries,
    reachable,
    runner_for,
)

__all__ = ["SUPERUSER", "DatabaseUnavailable", "Server", "Status", "ensure", "status", "stop"]

SUPERUSER: Final = "postgres"
_PORT: Final = "5432"
_SOCKET_ROOM: Final = 100  # bytes; the system's limit is 108 on Linux and 104 elsewhere
_START_SECONDS: Final = 60
_ELSEWHERE: Final = Path("/var/lib/throughgate")
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log must not carry what people typed: no statements, no "Key (name)=(...)" details.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_file_mode": "0600",
}


@dataclass(frozen=True)
class Server:
    """A running embedded server: ``home`` holds its files, ``socket`` is the folder of its socket."""

    home: Path
    socket: Path

    def conninfo(self, user: str = SUPERUSER, dbname: str = "postgres") -> dict[str, str]:
        """Connection parameters as libpq names them (host, port, user, dbname)."""
        return {"host": str(self.socket), "port": _PORT, "user": user, "dbname": dbname}

    def binaries(self) -> Binaries:
        """The programs (pg_dump, psql...) that fit this server, executable by :meth:`runner`."""
        return _fitting_binaries(self.home, self.runner())

    def runner(self) -> Runner:
        """Who to run those programs as."""
        return runner_for(self.home)


@dataclass(frozen=True)
class Status:
    """``state`` is "up", "starting", "down" or "absent" (not made yet); ``major`` and ``pid`` if known."""

    state: str
    home: Path
    socket: Path
    major: int | None
    pid: int | None


def ensure(data_dir: Path) -> Server:
    """The running server of this data folder; makes and starts it when needed. Cheap when it is up already.

    Safe to call from many processes at once. Raises DatabaseUnavailable, in words that say what to do.
    """
    data_dir = data_dir.absolute()
    server = _server(data_dir)
    if server and _ping(server) == pq.Ping.OK:
        return server
    with _locked(data_dir):
        home = _settle(data_dir)
        runner = runner_for(home)
        server = Server(home, _socket_dir(home))
        if _ping(server) == pq.Ping.REJECT:
            _await_ready(server)
        elif _ping(server) != pq.Ping.OK:
            binaries = _fitting_binaries(home, runner)
            _initialize(home, binaries, runner)
            _make_private(server.socket, runner)
            _start(server, binaries, runner)
        return server


def status(data_dir: Path) -> Status:
    """What the server of this data folder is doing; changes nothing."""
    data_dir = data_dir.absolute()
    server = _server(data_dir)
    if server is None or (major := _major(server.home)) is None:
        return Status("absent", data_dir, _socket_dir(data_dir), None, None)
    states = {pq.Ping.OK: "up", pq.Ping.REJECT: "starting"}
    return Status(
        states.get(_ping(server), "down"), server.home, server.socket, major, _recorded_pid(server.home)
    )


def stop(data_dir: Path) -> bool:
    """Stop the server cleanly, ending open connections. True when it was running."""
    data_dir = data_dir.absolute()
    if not data_dir.exists():
        return False
    with _locked(data_dir):
        server = _server(data_dir)
        if server is None or _ping(server) == pq.Ping.NO_RESPONSE:
            return False
        pid = _recorded_pid(server.home)  # right, because the server has just answered
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)  # "fast": ends connections, rolls back, writes everything out
            _await_gone(server)
        return True


def _ping(server: Server) -> pq.Ping:
    return pq.Ping(pq.PGconn.ping(make_conninfo(**server.conninfo(), connect_timeout=5).encode()))


def _await_ready(server: Server) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if _ping(server) == pq.Ping.OK:
            return
        time.sleep(0.05)
    raise DatabaseUnavailable(
        f"The database still starts after {_START_SECONDS} s; see {server.home}/cluster/log"
    )


def _await_gone(server: Server) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if not (server.home / "cluster" / "postmaster.pid").exists():
            return
        time.sleep(0.02)
    raise DatabaseUnavailable(f"The database did not stop within {_START_SECONDS} s; try again.")


# --- the folder ---


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's lock; whoever comes second waits for the first."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        if os.geteuid() == 0:  # the folder's owner must be able to take the lock without us
            os.fchown(handle, data_dir.stat().st_uid, data_dir.stat().st_gid)
    except OSError as problem:
        raise DatabaseUnavailable(
            f"The database folder {data_dir} cannot be written ({problem.strerror}). Run throughgate as the "
            "user it belongs to, or set THROUGHGATE_DATA to a folder of your own."
        ) from problem
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _server(data_dir: Path) -> Server | None:
    """The server of a data folder that has been settled before, running or not."""
    if not data_dir.exists():
        return None
    pointer = data_dir / "elsewhere"
    home = Path(pointer.read_text().strip()) if pointer.exists() else data_dir
    return Server(home, _socket_dir(home))


def _settle(data_dir: Path) -> Path:
    """The folder that really holds the database: the data folder, unless PostgreSQL's user cannot reach it.

    As root below a closed folder (such as root's home) the files go to /var/lib/throughgate instead of
    opening that folder to everyone; a note in the data folder says where.
    """
    pointer = data_dir / "elsewhere"
    if pointer.exists():
        home = Path(pointer.read_text().strip())
        _refuse_copies(data_dir, home)
        return home
    runner = runner_for(data_dir)
    if runner.can_enter(data_dir.parent):
        runner.own(data_dir)
        if runner.uid is not None:
            data_dir.chmod(0o700)
        return data_dir
    home = _ELSEWHERE / secrets.token_hex(6)
    try:
        home.mkdir(parents=True, mode=0o700)
        _ELSEWHERE.chmod(0o755)
    except OSError as problem:
        raise DatabaseUnavailable(
            f"PostgreSQL cannot run as root, and its unprivileged user cannot reach {data_dir}; "
            f"{home} could not be made instead ({problem.strerror}). Set THROUGHGATE_DATA to a folder that "
            "everyone may enter, such as /srv/throughgate."
        ) from problem
    runner.own(home)
    (home / "belongs-to").write_text(f"{data_dir}\n")
    pointer.write_text(f"{home}\n")
    return home


def _refuse_copies(data_dir: Path, home: Path) -> None:
    note = home / "belongs-to"
    if not note.exists():
        raise DatabaseUnavailable(
            f"{data_dir}/elsewhere says that the database is in {home}, which is gone. Put it back, or "
            f"delete {data_dir} to begin anew (then restore a backup)."
        )
    owner = Path(note.read_text().strip())
    if owner == data_dir:
        return
    if (owner / "elsewhere").exists():
        raise DatabaseUnavailable(
            f"{data_dir} is a copy of {owner}, and both mean the database in {home}. Delete {data_dir} and "
            "use `throughgate backup` and `throughgate restore` to copy a database."
        )
    note.write_text(f"{data_dir}\n")  # the folder was moved


def _socket_dir(home: Path) -> Path:
    natural = home / "run"
    if len(os.fsencode(natural / f".s.PGSQL.{_PORT}")) <= _SOCKET_ROOM:
        return natural
    return Path("/tmp") / f"throughgate-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"  # noqa: S108 - checked below


def _make_private(folder: Path, runner: Runner) -> None:
    """Make the socket's folder, 0700 and owned by PostgreSQL's user; refuse one that is somebody else's."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    expected = os.geteuid() if runner.uid is None else runner.uid
    if folder.is_symlink() or found.st_uid not in (expected, os.geteuid()):
        raise DatabaseUnavailable(f"{folder} belongs to another user; remove it and try again.")
    runner.own(folder)
    folder.chmod(0o700)


# --- making and starting ---


def _major(home: Path) -> int | None:
    try:
        return int((home / "cluster" / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except PermissionError as problem:
        raise DatabaseUnavailable(
            f"The database in {home} belongs to another user. Run throughgate as that user (or as root), "
            "or set THROUGHGATE_DATA to a folder of your own."
        ) from problem


def _fitting_binaries(home: Path, runner: Runner) -> Binaries:
    binaries = find_binaries()
    major = _major(home)
    if major is not None and major != binaries.major:
        raise DatabaseUnavailable(
            f"The database in {home} was made by PostgreSQL {major}, but the programs in {binaries.folder} "
            f"are PostgreSQL {binaries.major}, which cannot open it. Name the program folder of PostgreSQL "
            f"{major} in PG_BIN and run `throughgate backup FILE`; then, without PG_BIN and with an empty "
            "data folder, `throughgate restore FILE`. Nothing was changed."
        )
    return reachable(binaries, runner, home)


def _initialize(home: Path, binaries: Binaries, runner: Runner) -> None:
    """Make the cluster when there is none. It appears whole or not at all."""
    if (home / "cluster").exists():
        return
    part = home / "cluster.part"
    if part.exists():
        shutil.rmtree(part)
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    locale = builtin if binaries.major >= 17 else ["--locale=C.UTF-8"]
    how = ["-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--data-checksums", *locale]
    done = runner.run(binaries / "initdb", "-D", part, *how, cwd=home, timeout=300)
    if done.returncode != 0:
        raise DatabaseUnavailable(f"The database could not be made in {home}: {done.stderr.strip()}")
    # Only the socket's folder guards the door, so only the socket is a door.
    (part / "pg_hba.conf").write_text("local all all trust\nlocal replication all trust\n")
    part.rename(home / "cluster")


def _start(server: Server, binaries: Binaries, runner: Runner) -> None:
    cluster, log = server.home / "cluster", server.home / "start.log"
    settings = _SETTINGS | {"unix_socket_directories": f'"{server.socket}"', "port": _PORT}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    how = ["-w", "-t", str(_START_SECONDS), "-o", shlex.join(options)]
    said = ""
    # For a moment after a crash the old processes still hold shared memory, and the start is refused.
    for pause in (0.2, 0.3, 0.5, 1, 2, 3, 4, 0):
        _clear_stale_pid(server)
        log.unlink(missing_ok=True)
        done = runner.run(
            binaries / "pg_ctl",
            "start",
            "-D",
            cluster,
            "-l",
            log,
            *how,
            cwd=server.home,
            timeout=_START_SECONDS + 30,
        )
        if done.returncode == 0:
            return
        said = log.read_text(errors="replace") if log.exists() else done.stderr
        if not any(sign in said for sign in ("still in use", "already exists", "is another postmaster")):
            break
        time.sleep(pause)
    raise DatabaseUnavailable(
        f"The database did not start. PostgreSQL says:\n{said.strip()}\nIts folder is {server.home}."
    )


def _recorded_pid(home: Path) -> int | None:
    try:
        return int((home / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _clear_stale_pid(server: Server) -> None:
    """Remove a lock file that a killed server left when its pid still looks alive to PostgreSQL.

    That happens when the first process of a container does not collect its dead children (the killed server
    stays a zombie), and when another program of ours has got the same pid. PostgreSQL would refuse for ever.
    The file also guards against a second server over processes that survived, so those are seen off first.
    """
    pid = _recorded_pid(server.home)
    if pid is None or not Path("/proc/self/cwd").exists() or not Path(f"/proc/{pid}").exists():
        return  # a pid that is gone PostgreSQL handles itself
    cluster = server.home / "cluster"
    if pid in _live_in(cluster):
        return  # really a server, perhaps just starting
    until = time.monotonic() + 10
    while (survivors := _live_in(cluster)) and time.monotonic() < until:
        time.sleep(0.05)
    for survivor in survivors:
        with contextlib.suppress(ProcessLookupError):
            os.kill(survivor, signal.SIGQUIT)
    if survivors:
        time.sleep(0.5)
    if not _live_in(cluster):
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        (server.socket / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)


def _live_in(cluster: Path) -> set[int]:
    """Processes whose working folder is the cluster (all of PostgreSQL's are); zombies have none."""
    found, wanted = set(), str(cluster.resolve())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(entry / "cwd") == wanted:
                    found.add(int(entry.name))
    return found
