"""What runs later: jobs enqueued inside the caller's transaction, run as the system with a purpose.

A room declares its jobs in ``jobs.py`` with :func:`job`; ``enqueue`` puts one in the queue, so that it runs
if and only if the caller's transaction is kept. Jobs may run twice (a worker can die after its work and
before its word), so each must be idempotent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import Task

from throughgate.base import scope
from throughgate.base.scope import Audience

P = ParamSpec("P")
R = TypeVar("R")

RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)


def job(
    name: str, *, every: str = "", lock: str = "", own_transactions: bool = False
) -> Callable[[Callable[P, R]], Task[P, R, ...]]:
    """Declare a job called ``name`` that runs as the system, with its name as the purpose in the audit.

    ``every`` is a cron expression (UTC) for what runs by the clock; such a job takes no arguments. ``lock``
    names a lock so that two of them never run at once. A job is one transaction, unless
    ``own_transactions`` says that it enters scopes by itself (imports with progress do).
    """

    def declare(function: Callable[P, R]) -> Task[P, R, ...]:
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            kwargs.pop("timestamp", None)
            if own_transactions:
                return function(*args, **kwargs)
            with scope.system(f"job {name}"):
                return function(*args, **kwargs)

        run.__name__ = function.__name__
        run.__doc__ = function.__doc__
        task: Task[P, R, ...] = app.task(
            name=name, retry=RETRY, lock=lock or None, queueing_lock=f"every {name}" if every else None
        )(run)
        if every:
            app.periodic(cron=every)(task)
        return task

    return declare


def enqueue(
    task: Task[..., Any, ...], *, key: str = "", after: dt.timedelta | None = None, **arguments: Any
) -> bool:
    """Put a job in the queue within the caller's transaction; arguments must be plain JSON values.

    With ``key`` a second one waiting under the same key is not added. Returns whether it was.
    """
    options: dict[str, Any] = {}
    if key:
        options["queueing_lock"] = key
    if after is not None:
        options["schedule_in"] = {"seconds": int(after.total_seconds())}
    try:
        with scope.as_role(Audience.QUEUE):
            task.configure(**options).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True
