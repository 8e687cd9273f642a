"""The read log and the log of refusals ([A-65], [A-66])."""

from __future__ import annotations

from collections.abc import Sequence

from throughgate.base.audit.transactions import own_transaction


def log_read(view: str, participant_ids: Sequence[int], fields: str, count: int) -> int:
    """Write that an answer shows these participants' data; one row an answer, whatever its length.

    Call it before the answer is sent, for everything of tier 2 and up: it is committed when this returns,
    and when it raises the answer must not go out. ``fields`` names what is shown in a few words, ``count``
    the number of rows shown. Repeated ids are written once. Returns the row's id.
    """
    with own_transaction() as cursor:
        cursor.execute(
            "SELECT tg.log_read(%s, %s::bigint[], %s, %s)",
            [view, sorted(set(participant_ids)), fields, count],
        )
        return int(cursor.fetchone()[0])


def log_denied(permission: str, view: str, reason: str, participant_id: int | None = None) -> int:
    """Write that someone was refused. It stays when the request's transaction rolls back.

    ``permission`` is what was asked for, ``reason`` why it was refused, in codes rather than in personal
    data. Returns the row's id.
    """
    with own_transaction() as cursor:
        cursor.execute("SELECT tg.log_denied(%s, %s, %s, %s)", [permission, view, reason, participant_id])
        return int(cursor.fetchone()[0])
