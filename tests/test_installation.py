"""A whole installation, from an empty folder: made, run, hurt, backed up, and restored somewhere else."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="is about the embedded database"),
    # The application answers on this machine's own loopback.
    pytest.mark.enable_socket,
]

ACT = """
import django; django.setup()
from django.db import connection
from throughgate.base import scope
with scope.enter(scope.Context(audience=scope.Audience.JOB)), connection.cursor() as cursor:
    cursor.execute("SELECT tg.audience()")
    print(cursor.fetchone()[0])
"""


class Installation:
    """An installation in a folder of its own, with keys of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {k: v for k, v in os.environ.items() if k not in {"SECRET_KEY", "THROUGHGATE_DEMO"}}
        self.environment = kept | {
            "THROUGHGATE_DATA": str(folder),
            "PYTHONPATH": "src",
            "DJANGO_SETTINGS_MODULE": "throughgate.settings",
        }

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=180)

    def throughgate(self, *arguments: str) -> str:
        done = self.python("-m", "throughgate", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, port: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "throughgate", "run", "--prepared", "--port", str(port)]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tg-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
    except urllib.error.HTTPError as answer:
        answer.close()
        return True
    except OSError:
        return False
    return True


def _until_it_answers(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not _answers(port):
        assert time.monotonic() < end, "the web server did not answer"
        time.sleep(0.1)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_it_is_made_run_hurt_backed_up_and_restored_elsewhere(folder: Path) -> None:
    first, second = Installation(folder / "first"), Installation(folder / "second")
    try:
        first.throughgate("setup")
        assert "!!" not in first.throughgate("doctor")
        _runs_and_comes_back(first)
        first.throughgate("backup", str(folder / "all.backup"))
        again = first.python("-m", "throughgate", "restore", str(folder / "all.backup"))
        assert again.returncode == 1
        assert "--replace" in again.stderr

        second.throughgate("restore", str(folder / "all.backup"))
        # The other installation signs with keys of its own, which the restored database must have learned.
        assert second.python("-c", ACT).stdout == "job\n"
    finally:
        first.throughgate("stop")
        second.throughgate("stop")


def _runs_and_comes_back(installation: Installation) -> None:
    port = _free_port()
    process = installation.start(port)
    try:
        _until_it_answers(port)
        assert json.loads((installation.folder / "running").read_text())["pid"] == process.pid
        second = installation.python("-m", "throughgate", "run", "--port", str(_free_port()))
        assert second.returncode == 1
        assert f"already runs on {installation.folder}" in second.stderr
        if sys.platform.startswith("linux"):
            for child in _children(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.3)
            _until_it_answers(port)
        installation.throughgate("stop")
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert f"open http://127.0.0.1:{port}" in said
        assert not _answers(port)
    finally:
        process.kill()
        process.communicate()
