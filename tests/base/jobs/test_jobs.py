"""Jobs run when the caller's transaction is kept, once, and again when their worker is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core import mail
from django.db import connection

from cluster import SERVER, admin
from throughgate.base import scope
from throughgate.base.jobs import enqueue
from throughgate.base.outbox.actions import RECHECKS, deliver, send
from throughgate.base.outbox.jobs import send_message
from throughgate.base.outbox.models import Message


def waiting() -> int:
    with connection.cursor() as cursor, scope.as_role(scope.Audience.QUEUE):
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
        return int(cursor.fetchone()[0])


def message(**given: object) -> bool:
    values: dict[str, object] = {
        "key": "session ABC cancelled to kim",
        "address": "kim@example.org",
        "template": "session_cancelled",
        "data": {"program": "Welding", "when": "Thursday 13:00", "place": "Ridgeway", "why": "lockdown"},
    }
    return send(**{**values, **given})  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_message_is_written_once_and_its_job_goes_with_the_transaction() -> None:
    assert message()
    assert not message()
    assert Message.objects.count() == 1
    assert waiting() == 1
    with pytest.raises(RuntimeError), scope.system("fails"):
        message(key="another")
        raise RuntimeError
    assert waiting() == 1


@pytest.mark.django_db
def test_delivery_sends_once_and_asks_again_first() -> None:
    message()
    first = Message.objects.get()
    deliver(code=first.code)
    deliver(code=first.code)
    assert len(mail.outbox) == 1
    assert "Welding" in mail.outbox[0].subject
    RECHECKS["never true"] = lambda data: False
    message(key="stale", recheck="never true")
    deliver(code=Message.objects.get(key="stale").code)
    assert len(mail.outbox) == 1
    assert Message.objects.get(key="stale").status == Message.Status.DROPPED


@pytest.mark.django_db
def test_the_same_key_waits_once() -> None:
    assert enqueue(send_message, key="k", code="x")
    assert not enqueue(send_message, key="k", code="x")


@contextmanager
def worker(database: str, *, crawl: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    assert SERVER is not None
    info = SERVER.conninfo("tg_web", database)
    environment = {
        **os.environ,
        "DATABASE_URL": " ".join(f"{key}={value}" for key, value in info.items()),
        "THROUGHGATE_HEARTBEAT": "0.5",
        "EMAIL_BACKEND": "slowmail.Slow" if crawl else "django.core.mail.backends.dummy.EmailBackend",
        "PYTHONPATH": os.pathsep.join(["src", os.path.dirname(__file__)]),
        "DJANGO_SETTINGS_MODULE": "throughgate.settings",
    }
    process = subprocess.Popen([sys.executable, "-m", "throughgate", "worker"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def eventually(question: str, database: str, answer: object, seconds: float = 25) -> None:
    end = time.monotonic() + seconds
    with admin(database) as connection_:
        while time.monotonic() < end:
            row = connection_.execute(question).fetchone()
            if row and row[0] == answer:
                return
            time.sleep(0.1)
    raise AssertionError(f"{question} is {row}, not {answer}")


@pytest.mark.slow
def test_a_job_whose_worker_is_killed_runs_again(live_database: str) -> None:
    with scope.system("test"):
        message()
    with worker(live_database, crawl=True) as first:
        eventually("SELECT status::text FROM procrastinate_jobs", live_database, "doing")
        os.kill(first.pid, signal.SIGKILL)
    eventually("SELECT status FROM outbox_message", live_database, "waiting")
    with worker(live_database):
        eventually("SELECT status FROM outbox_message", live_database, "sent")


@pytest.mark.slow
def test_what_runs_by_the_clock_runs(live_database: str) -> None:
    """A job of every minute is enqueued by the worker at its start, for the minute that has just begun."""
    with worker(live_database) as process:
        eventually("SELECT count(*) > 0 FROM procrastinate_periodic_defers", live_database, True, seconds=75)
        assert process.poll() is None


@pytest.mark.slow
def test_a_worker_survives_a_restart_of_its_connections(live_database: str) -> None:
    with worker(live_database) as process:
        with scope.system("test"):
            message()
        eventually("SELECT status FROM outbox_message", live_database, "sent")
        with admin() as connection_:
            connection_.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [live_database]
            )
        connection.close()
        with scope.system("test"):
            message(key="second")
        eventually("SELECT status FROM outbox_message WHERE key = 'second'", live_database, "sent")
        assert process.poll() is None
