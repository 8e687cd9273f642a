"""Runs an installation: keeps the database, the web server and the worker alive until told to stop.

One supervisor per data folder, in a terminal or in the background. A child that dies is started again, after
a pause that grows while it keeps dying. SIGTERM, Ctrl-C and a closed terminal all stop everything in order.
"""

import argparse
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from throughgate.base import env, localpg
from throughgate.base.paths import database_dir, var_dir
from throughgate.base.trouble import Trouble

FIRST_PAUSE: Final = 0.5  # seconds before a dead child is started again; doubled each time
LONGEST_PAUSE: Final = 30.0
HEALTHY_AFTER: Final = 60.0  # a child that lived this long begins again with the first pause
STOP_SECONDS: Final = 30.0  # how long children may finish what they are doing
_PORT_SECONDS: Final = 5.0  # a web server of ours that is just ending still holds it
_TICK: Final = 0.2
_DATABASE_TICK: Final = 1.0
_PR_SET_PDEATHSIG: Final = 1


class AlreadyRunning(Trouble):
    """Another supervisor holds this data folder."""


@dataclass
class Child:
    """A program to keep alive."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float = 0.0  # when to start it, on the monotonic clock

    def tend(self, now: float) -> None:
        """Start the program when it is due; notice when it has died, and set the time of its next start."""
        if self.process is None:
            if now >= self.due:
                self.process, self.started = _spawn(self.command), now
            return
        code = self.process.poll()
        if code is None:
            return
        if now - self.started >= HEALTHY_AFTER:
            self.pause = FIRST_PAUSE
        _say(f"{self.name} ended ({_why(code)}); starting it again in {self.pause:g} s")
        _kill_group(self.process)  # what it had started must not hold its port or its jobs
        self.process, self.due = None, now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)


@dataclass
class Supervisor:
    """Tends its children and the embedded database (None when a server is named by DATABASE_URL).

    When the web server first answers at ``address``, that is said.
    """

    children: list[Child]
    database: Path | None = None
    address: str = ""
    stopping: bool = False
    _database_due: float = field(default=0.0, repr=False)

    def run(self) -> None:
        """Tend until a signal asks to stop, then stop everything."""
        try:
            while not self.stopping:
                self._tend_database(time.monotonic())
                for child in self.children:
                    child.tend(time.monotonic())
                self._announce()
                time.sleep(_TICK)
        finally:
            self.stop()

    def ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        """A signal handler: the loop ends at its next turn."""
        self.stopping = True

    def stop(self) -> None:
        """Stop the children, the last first, then the database."""
        alive = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in reversed(alive):
            process.terminate()
        until = time.monotonic() + STOP_SECONDS
        for process in alive:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, until - time.monotonic()))
            if process.poll() is None:
                _kill_group(process)
        if self.database:
            localpg.stop(self.database)

    def _announce(self) -> None:
        if self.address and _answers(self.address):
            _say(f"open {self.address} (Ctrl-C, or `throughgate stop`, stops it)")
            self.address = ""

    def _tend_database(self, now: float) -> None:
        if self.database is None or now < self._database_due:
            return
        if localpg.status(self.database).state != "up":
            _say("the database is down; starting it")
            try:
                localpg.ensure(self.database)
            except Trouble as problem:
                _say(str(problem))
        self._database_due = time.monotonic() + _DATABASE_TICK


def main(arguments: list[str]) -> int:
    """Run everything in the foreground until SIGTERM or Ctrl-C."""
    options = _options(arguments)
    address = f"http://{options.host}:{options.port}"
    with only_one(var_dir(), address):
        _refuse_a_taken_port(options.host, options.port)
        if not options.prepared:
            done = subprocess.run([sys.executable, "-m", "throughgate", "setup"], check=False)
            if done.returncode:
                return done.returncode
        embedded = None if env.text("DATABASE_URL") else database_dir()
        supervisor = Supervisor(_children(options), embedded, address)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and "&" mean it
                signal.signal(number, supervisor.ask_to_stop)
        supervisor.run()
        _say("stopped")
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="throughgate run", description=main.__doc__)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")), help="default: 8000")
    parser.add_argument("--web-workers", type=int, default=2, metavar="N", help="web processes (default: 2)")
    parser.add_argument(
        "--web-threads", type=int, default=4, metavar="N", help="threads in each (default: 4)"
    )
    parser.add_argument("--without-worker", action="store_true", help="the worker runs somewhere else")
    parser.add_argument("--prepared", action="store_true", help="the database is up to date; do not look")
    return parser.parse_args(arguments)


def _children(options: argparse.Namespace) -> list[Child]:
    web = [sys.executable, "-m", "gunicorn", "throughgate.wsgi:application"]
    web += ["--bind", f"{options.host}:{options.port}", "--worker-class", "gthread"]
    web += ["--workers", str(options.web_workers), "--threads", str(options.web_threads)]
    web += ["--timeout", "60", "--graceful-timeout", "20", "--log-level", "warning", "--no-control-socket"]
    if os.access("/dev/shm", os.W_OK):  # noqa: S108 - gunicorn makes private files there; a slow disk stalls it
        web += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    worker = Child("worker", [sys.executable, "-m", "throughgate", "worker"])
    return [Child("web", web), *([] if options.without_worker else [worker])]


# --- one supervisor a folder ---


@contextlib.contextmanager
def only_one(folder: Path, address: str) -> Iterator[None]:
    """Hold the data folder; raise AlreadyRunning, with the other's address, when somebody else does."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "running", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = _who(folder)
            raise AlreadyRunning(
                f"it already runs on {folder} (process {other.get('pid', '?')}, {other.get('address', '')}). "
                "Open that address, stop it with `throughgate stop`, or name another folder with --data."
            ) from None
        os.truncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "address": address}).encode(), 0)
        yield
        os.truncate(handle, 0)
    finally:
        os.close(handle)


def stop_running(folder: Path) -> bool:
    """Ask the supervisor of this data folder to stop and wait until it has. False when there is none."""
    try:
        handle = os.open(folder / "running", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        until = time.monotonic() + STOP_SECONDS + 15
        asked = False
        while time.monotonic() < until:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return asked
            except OSError:
                if not asked and (pid := _who(folder).get("pid")):
                    os.kill(int(pid), signal.SIGTERM)
                    asked = True
                time.sleep(0.05)
        raise Trouble(f"process {_who(folder).get('pid', '?')} does not stop; end it by hand.")
    finally:
        os.close(handle)


def running_at(folder: Path) -> str | None:
    """The address of the installation that runs on this data folder, or None."""
    try:
        handle = os.open(folder / "running", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return str(_who(folder).get("address", "an unknown address"))
    finally:
        os.close(handle)
    return None


def _who(folder: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        said = json.loads((folder / "running").read_text())
        return said if isinstance(said, dict) else {}
    return {}


def _refuse_a_taken_port(host: str, port: int) -> None:
    """Raise when another program listens there."""
    until = time.monotonic() + _PORT_SECONDS
    while True:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except OSError as problem:
                if time.monotonic() > until:
                    raise Trouble(
                        f"cannot listen on {host}:{port} ({problem.strerror}). Choose another with --port."
                    ) from None
        time.sleep(0.2)


# --- processes ---


def _spawn(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, start_new_session=True, preexec_fn=_die_with_parent())  # noqa: S603, PLW1509


def _die_with_parent() -> Any:
    """On Linux, what makes a child get SIGTERM when we are killed without a chance to say so."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _answers(address: str) -> bool:
    """Whether a web server answers there, whatever it says."""
    where = address.removeprefix("http://").replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - asked, not listened
    connection = http.client.HTTPConnection(where, timeout=5)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _say(text: str) -> None:
    sys.stdout.write(f"throughgate: {text}\n")
    sys.stdout.flush()
