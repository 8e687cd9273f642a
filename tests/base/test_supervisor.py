"""Children come back, everything stops together, and only one supervisor holds a folder."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from throughgate.base import supervisor
from throughgate.base.trouble import Trouble

PROGRAM = """
import signal, sys
from pathlib import Path
from throughgate.base import supervisor as s
folder = Path(sys.argv[1])
child = s.Child("child", [sys.executable, "-c", f"import os, time; open({str(folder / 'pids')!r}, 'a').write(str(os.getpid()) + chr(10)); time.sleep(60)"])
with s.only_one(folder, "http://there"):
    it = s.Supervisor([child])
    signal.signal(signal.SIGTERM, it.ask_to_stop)
    it.run()
print("clean")
"""  # noqa: E501


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def _pids(folder: Path) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(line) for line in (folder / "pids").read_text().split()]
    return []


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    _until(lambda: len(_pids(tmp_path)) == 1)
    yield process
    process.kill()
    process.communicate()


def test_a_killed_child_is_started_again(running: subprocess.Popen[str], tmp_path: Path) -> None:
    os.kill(_pids(tmp_path)[0], signal.SIGKILL)
    _until(lambda: len(_pids(tmp_path)) == 2)
    assert _alive(_pids(tmp_path)[1])


def test_a_signal_ends_the_children_and_then_us(running: subprocess.Popen[str], tmp_path: Path) -> None:
    running.send_signal(signal.SIGTERM)
    said, _ = running.communicate(timeout=10)
    assert running.returncode == 0
    assert said.endswith("clean\n")
    assert not _alive(_pids(tmp_path)[0])


def test_stop_asks_the_one_that_runs_and_waits_for_it(running: subprocess.Popen[str], tmp_path: Path) -> None:
    assert supervisor.stop_running(tmp_path) is True
    assert not _alive(_pids(tmp_path)[0])
    assert supervisor.stop_running(tmp_path) is False


def test_a_second_one_is_refused_with_the_address_of_the_first(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    with (
        pytest.raises(supervisor.AlreadyRunning, match=rf"process {running.pid}, http://there.*--data"),
        supervisor.only_one(tmp_path, "http://here"),
    ):
        pytest.fail("two supervisors on one folder")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no parent-death signal")
def test_children_do_not_outlive_a_killed_supervisor(running: subprocess.Popen[str], tmp_path: Path) -> None:
    running.kill()
    _until(lambda: not _alive(_pids(tmp_path)[0]))
    with supervisor.only_one(tmp_path, "http://here"):
        pass  # what a killed one leaves behind does not stop the next


def test_pauses_grow_while_a_child_keeps_dying_and_shrink_when_it_has_lived() -> None:
    child = supervisor.Child("bad", [sys.executable, "-c", "raise SystemExit(3)"])
    pauses, now = [], 100.0
    for _ in range(9):
        child.tend(now)
        assert child.process
        child.process.wait()
        child.tend(now)
        assert child.process is None
        pauses.append(child.due - now)
        now = child.due
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert pauses[-1] == supervisor.LONGEST_PAUSE
    child.tend(now)
    assert child.process
    child.process.wait()
    child.tend(now + supervisor.HEALTHY_AFTER)
    assert child.due == now + supervisor.HEALTHY_AFTER + supervisor.FIRST_PAUSE


def test_a_taken_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_PORT_SECONDS", 0.0)
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Trouble, match=r"cannot listen on 127.0.0.1:\d+ .*--port"):
            supervisor._refuse_a_taken_port("127.0.0.1", other.getsockname()[1])
