"""Who is acting, told to the database in a way that it can check.

A request or a job runs in one transaction. At its start it takes on the database role of its audience and
a signed context; PostgreSQL reads both in its row policies and refuses everything else ([A-2], [A-61]).
Outside a scope the login role has no rights at all.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import StrEnum

from django.conf import settings
from django.db import connection, transaction


class Audience(StrEnum):
    """Whose eyes a transaction has; each is a database role of its own."""

    STAFF = "staff"
    PARTNER = "partner"
    VISITOR = "visitor"
    PARTICIPANT = "participant"
    EMPLOYER = "employer"
    PUBLIC = "public"
    REPORT = "report"
    AUDITOR = "auditor"
    JOB = "job"
    EMERGENCY = "emergency"
    AUTH = "auth"
    QUEUE = "queue"

    @property
    def role(self) -> str:
        """The database role that carries this audience's rights."""
        return f"tg_{self.value}"


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the database is told about the one who acts."""

    audience: Audience
    actor_id: int | None = None
    membership_id: int | None = None
    purpose: str = ""
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def payload(self, *, expires: int) -> str:
        """The text that is signed: fields in a fixed order, none of which may hold the separator."""
        parts = (
            self.audience.value,
            str(self.actor_id or ""),
            str(self.membership_id or ""),
            self.purpose.replace("|", " ")[:200],
            self.request_id.replace("|", "")[:64],
            str(expires),
        )
        return "|".join(parts)


# A context outlives its transaction by nobody: long enough for the slowest import batch, no longer.
LIFETIME_SECONDS = 3600

_current: ContextVar[Context | None] = ContextVar("throughgate_scope", default=None)


def context_key() -> bytes:
    """The key that signs contexts, derived from the deployment's secret."""
    return hmac.new(settings.SECRET_KEY.encode(), b"throughgate database context", hashlib.sha256).digest()


def sign(payload: str) -> str:
    """HMAC-SHA256 of the payload, in hex; the database computes the same from its own copy of the key."""
    return hmac.new(context_key(), payload.encode(), hashlib.sha256).hexdigest()


def current() -> Context | None:
    """The context in force, or None outside any scope."""
    return _current.get()


def require_current() -> Context:
    """The context in force; a programming error outside a scope."""
    context = _current.get()
    if context is None:
        raise RuntimeError("This needs to run inside scope.enter(...): nobody is acting here.")
    return context


@contextmanager
def enter(context: Context, *, readonly: bool = False) -> Iterator[Context]:
    """Run the block as ``context`` in one transaction (a savepoint when nested).

    With ``readonly`` PostgreSQL refuses every write in the block. The role and the context of an outer
    scope come back at the end, also when the block raises.
    """
    outer = _current.get()
    with transaction.atomic():
        if readonly:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        _tell(context)
        token = _current.set(context)
        try:
            yield context
        finally:
            _current.reset(token)
        if outer is not None:
            _tell(outer)


@contextmanager
def as_role(audience: Audience, *, purpose: str = "") -> Iterator[Context]:
    """A short change of role within the same actor and request, such as the one that enqueues a job."""
    outer = _current.get()
    base = outer or Context(audience=audience)
    with enter(replace(base, audience=audience, purpose=purpose or base.purpose)) as context:
        yield context


@contextmanager
def system(purpose: str, *, readonly: bool = False) -> Iterator[Context]:
    """Run the block as the system itself, for jobs, imports and set-up; the purpose goes in the audit."""
    with enter(Context(audience=Audience.JOB, purpose=purpose), readonly=readonly) as context:
        yield context


@contextmanager
def public(*, readonly: bool = True) -> Iterator[Context]:
    """Run the block as someone who has not signed in."""
    with enter(Context(audience=Audience.PUBLIC, purpose="public page"), readonly=readonly) as context:
        yield context


def told() -> dict[str, str]:
    """The database settings of the context in force, for a transaction on another connection."""
    return _settings(require_current())


def _settings(context: Context) -> dict[str, str]:
    payload = context.payload(expires=int(time.time()) + LIFETIME_SECONDS)
    return {"role": context.audience.role, "app.context": payload, "app.signature": sign(payload)}


def _tell(context: Context) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', %(role)s, true), set_config('app.context', %(app.context)s, true),"
            " set_config('app.signature', %(app.signature)s, true)",
            _settings(context),
        )
