"""Short transactions of the trail's own, on a second connection to the same database.

The read log is written while the request's transaction is read-only, a refusal while it rolls back, and
seals while nobody acts. So all three take the connection alias ``audit``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

ALIAS = "audit"

Telling = Callable[[], Mapping[str, str]]


def _nobody() -> Mapping[str, str]:
    raise ImproperlyConfigured("Nothing tells the audit trail who is acting: call transactions.tell_with().")


_telling: Telling = _nobody


def tell_with(source: Telling) -> None:
    """Set where own transactions learn who is acting.

    ``source`` is called at their start and returns the settings to make for that transaction: ``role`` and
    the signed context, the same that the request's own transaction has.
    """
    global _telling  # noqa: PLW0603
    _telling = source


@contextmanager
def own_transaction(role: str | None = None) -> Iterator[CursorWrapper]:
    """A cursor in a short transaction outside the current one; commits at the end, rolls back on errors.

    Runs as the one who is acting, or as the bare database role ``role`` with no context at all. Must not be
    nested. What it raises is the database's error; nothing is swallowed.
    """
    told = {"role": role} if role else _telling()
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        calls = ", ".join(["set_config(%s, %s, true)"] * len(told))
        cursor.execute(f"SELECT {calls}", [part for pair in told.items() for part in pair])
        yield cursor
