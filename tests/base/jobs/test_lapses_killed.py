"""The real runner is killed (kill -9) while it hands a reminder over; another one finishes, and nobody hears twice."""

from __future__ import annotations

import datetime as dt
import os
import signal

import pytest
from test_jobs import eventually, worker

import factories as make
from throughgate.base import scope
from throughgate.base.jobs import enqueue
from throughgate.base.lapses.jobs import look_and_remind
from throughgate.base.outbox.models import Preference

SENT = "SELECT count(*) FROM outbox_message WHERE status = 'sent' AND template = 'lapse'"
REMINDED = "SELECT count(*) FROM lapses_reminder"


@pytest.mark.slow
def test_a_reminder_survives_its_killed_runner_and_is_given_once(live_database: str) -> None:
    with scope.system("test"):
        who = make.visitor(email="kim@example.org")
        place = make.facility()
        make.clearance(
            who, place, valid=(make.TODAY - dt.timedelta(days=9), make.TODAY + dt.timedelta(days=5))
        )
        Preference.objects.create(person=f"visitor {who.code}", rhythm="at_once")
        enqueue(look_and_remind)
    with worker(live_database, crawl=True) as first:
        eventually(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'send message' AND status = 'doing'",
            live_database,
            1,
        )
        os.kill(first.pid, signal.SIGKILL)
    eventually(SENT, live_database, 0)
    with scope.system("test"):
        enqueue(look_and_remind)
    with worker(live_database):
        eventually(SENT, live_database, 1)
    eventually(REMINDED, live_database, 1)
