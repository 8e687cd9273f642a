"""kill -9 of the web server, the worker and PostgreSQL while people write ([G-8]).

Every write that was acknowledged must be there afterwards, once, with its hours and its line in the audit
trail; and the trail must verify. The whole installation runs as its operators run it.
"""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from throughgate.base import localpg

ROOT = Path(__file__).resolve().parents[2]
# Full strength with THROUGHGATE_KILLS=20; the everyday run kills each of the three a few times.
KILLS = int(os.environ.get("THROUGHGATE_KILLS", "2"))
WRITERS = 3
SESSIONS_A_KILL = 10


def run(data: Path, *command: str) -> str:
    environment = {
        **os.environ,
        "THROUGHGATE_DATA": str(data),
        "THROUGHGATE_DEMO": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
    }
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def installation(data: Path) -> Iterator[str]:
    """A running installation; gives its address."""
    port = free_port()
    environment = {
        **os.environ,
        "THROUGHGATE_DATA": str(data),
        "THROUGHGATE_DEMO": "1",
        "THROUGHGATE_HEARTBEAT": "1",
        "PYTHONPATH": str(ROOT / "src"),
    }
    environment.pop("DATABASE_URL", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "throughgate", "run", "--prepared", "--port", str(port)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _until_ready(address)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(40)
        process.kill()


def _until_ready(address: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise AssertionError("the installation does not answer")


class Writer(threading.Thread):
    """A partner who marks one session after another and remembers which were acknowledged."""

    def __init__(self, address: str, membership: str, work: list[tuple[str, str]]) -> None:
        super().__init__()
        self.address, self.membership, self.work = address, membership, work
        self.acknowledged: list[str] = []
        self.given_up: dict[str, str] = {}
        self.browser = self._browser()

    def _browser(self) -> urllib.request.OpenerDirector:
        return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def run(self) -> None:
        signed_in = False
        for session, person in self.work:
            end, last = time.monotonic() + 90, ""
            while time.monotonic() < end:
                try:
                    if not signed_in:
                        self._post("/be/", f"/be/{self.membership}/", {})
                        signed_in = True
                    page = f"/partner/sessions/{session}/"
                    self._post(page, page, {f"m-{person}": "attended"})
                    self.acknowledged.append(session)
                    break
                except (OSError, ValueError, http.client.HTTPException) as error:
                    last = repr(error)
                    if isinstance(error, urllib.error.HTTPError):
                        last += error.read().decode(errors="replace")
                    time.sleep(0.1)
            else:
                self.given_up[session] = last

    def _post(self, form: str, to: str, fields: dict[str, str]) -> None:
        with self.browser.open(self.address + form, timeout=20) as page:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        if token is None:
            raise ValueError("no form")
        data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token[1]}).encode()
        with self.browser.open(self.address + to, data=data, timeout=20) as answer:
            if answer.status != 200:
                raise ValueError(str(answer.status))


def _processes(data: Path, words: str) -> list[int]:
    """Processes of this installation whose command holds these words."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if words in command and str(data).encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def _kill(data: Path, what: str) -> None:
    if what == "database":
        pid = localpg.status(data / "db").pid
        victims = [pid] if pid else []
    else:
        victims = _processes(data, "gunicorn" if what == "web" else "throughgate worker")
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_no_acknowledged_write_is_lost_doubled_or_unaudited() -> None:
    data = ROOT / "var" / "test" / f"kill-{os.getpid()}"
    run(data, "-m", "throughgate", "setup")
    try:
        count = 3 * KILLS * SESSIONS_A_KILL
        facts = json.loads(run(data, str(ROOT / "tests" / "walls" / "killing.py"), str(count)))
        with installation(data) as address:
            writers = [
                Writer(address, facts["membership"], [tuple(s) for s in facts["sessions"][n::WRITERS]])
                for n in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            victims = ["web", "worker", "database"] * KILLS
            random.Random(7).shuffle(victims)
            killed = 0
            for victim in victims:
                time.sleep(1.5)
                if any(writer.is_alive() for writer in writers):
                    _kill(data, victim)
                    killed += 1
            for writer in writers:
                writer.join(300)
            assert [writer.given_up for writer in writers if writer.given_up] == []
            acknowledged = [session for writer in writers for session in writer.acknowledged]
            assert killed >= len(victims) // 2, "the writers were done before the killing"
            time.sleep(8)  # the worker seals what was written
        _check(data, acknowledged, count)
        verified = run(data, "-m", "throughgate", "verify-audit")
        print(
            f"{killed} kills, {len(acknowledged)} acknowledged of {count}; {verified.strip().splitlines()[-1]}"
        )
    finally:
        with suppress(AssertionError):
            run(data, "-m", "throughgate", "stop")
        subprocess.run(["rm", "-rf", str(data)], check=False)


def _check(data: Path, acknowledged: list[str], count: int) -> None:
    server = localpg.ensure(data / "db")
    with psycopg.connect(**server.conninfo(dbname="throughgate"), autocommit=True) as admin:  # type: ignore[arg-type]
        held = dict(
            admin.execute(
                "SELECT s.code, count(a.call_id) FROM programs_session s"
                " LEFT JOIN programs_attendance a ON a.session_id = s.id GROUP BY s.code"
            ).fetchall()
        )
        audited = dict(
            admin.execute(
                "SELECT s.code, count(e.id) FROM programs_session s JOIN programs_attendance a ON a.session_id = s.id"
                " JOIN audit_event e ON e.table_name = 'programs_attendance' AND e.pk_value = a.call_id::text"
                " AND e.op = 'I' GROUP BY s.code"
            ).fetchall()
        )
        hours = dict(
            admin.execute(
                "SELECT s.code, count(l.id) FROM programs_session s JOIN programs_ledgerline l ON l.session_id = s.id"
                " AND l.kind = 'hours' GROUP BY s.code"
            ).fetchall()
        )
    assert len(acknowledged) == len(set(acknowledged)) == count
    assert [code for code in acknowledged if held[code] != 1] == [], "lost or doubled"
    assert [code for code in acknowledged if audited.get(code) != 1] == [], "unaudited"
    assert [code for code in acknowledged if hours.get(code) != 1] == [], "hours lost or doubled"
