"""The worker process: runs jobs, gives those of a dead worker to a living one, and seals the audit trail.

A worker tells every ten seconds that it lives. Whoever has been silent for thirty is taken for dead, and
its jobs go back into the queue: a job whose worker was killed runs again within a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import connections
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.periodic import PeriodicRegistry, PeriodicTask
from procrastinate.psycopg_connector import PsycopgConnector

from throughgate.base import env
from throughgate.base.audit import seal

log = logging.getLogger("throughgate.jobs")

# Silent for 30 s plus at most one sweep of 10 s: a killed worker's job runs again within a minute.
HEARTBEAT_SECONDS = float(env.text("THROUGHGATE_HEARTBEAT", "10"))
DEAD_AFTER_SECONDS = 3 * HEARTBEAT_SECONDS
SWEEP_SECONDS = HEARTBEAT_SECONDS
SEAL_SECONDS = 5


def main(arguments: Sequence[str]) -> int:
    """``throughgate worker``: run jobs until told to stop."""
    parser = argparse.ArgumentParser(prog="throughgate worker", description=__doc__)
    parser.add_argument("--once", action="store_true", help="do what is waiting, then stop")
    options = parser.parse_args(list(arguments))
    asyncio.run(run(once=options.once))
    return 0


def worker_app() -> App:
    """The jobs' application on a connection of the queue's own role."""
    parameters = {**connector_params("default"), "options": "-c role=tg_queue"}
    running = app.with_connector(PsycopgConnector(kwargs=parameters, min_size=1, max_size=4))
    # What runs by the clock is enqueued by the worker itself, so it too needs the queue's connection; jobs
    # that enqueue others keep the request's connection, inside their own transaction.
    running.periodic_registry = PeriodicRegistry()  # type: ignore[no-untyped-call]
    for key, each in app.periodic_registry.periodic_tasks.items():
        task = copy.copy(each.task)
        task.blueprint = running
        running.periodic_registry.periodic_tasks[key] = PeriodicTask(
            task, each.cron, each.periodic_id, each.configure_kwargs
        )
    return running


async def run(*, once: bool = False) -> None:
    """Run the worker and, beside it, the sweep for jobs of workers that died."""
    running = worker_app()
    async with running.open_async():
        beside = [asyncio.create_task(_sweep_for_ever(running)), asyncio.create_task(_seal_for_ever())]
        try:
            await running.run_worker_async(
                wait=not once,
                concurrency=getattr(settings, "WORKER_THREADS", 2),
                fetch_job_polling_interval=2,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=DEAD_AFTER_SECONDS,
                shutdown_graceful_timeout=20,
                delete_jobs="successful",
            )
        finally:
            for task in beside:
                task.cancel()


async def _sweep_for_ever(running: App) -> None:
    while True:
        try:
            await sweep_once(running)
        except Exception:
            log.exception("looking for jobs of dead workers failed; trying again")
        await asyncio.sleep(SWEEP_SECONDS)


async def _seal_for_ever() -> None:
    """Seal what was written, every few seconds ([A-67]); trouble is loud, and the next round tries again."""
    while True:
        try:
            await asyncio.to_thread(_seal)
        except Exception:
            log.exception("sealing the audit trail failed; see throughgate verify-audit")
        await asyncio.sleep(SEAL_SECONDS)


def _seal() -> None:
    try:
        seal.run_once()
    finally:
        connections["audit"].close()


async def sweep_once(running: App) -> int:
    """Put the jobs of silent workers back into the queue; returns how many."""
    stalled = await running.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS)
    count = 0
    for each in stalled:
        await running.job_manager.retry_job(each)
        count += 1
    return count
