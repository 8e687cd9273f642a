"""Questions about a demonstration, asked of the database."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import connection

from throughgate.base import scope


def rows(sql: str, *given: Any) -> list[tuple[Any, ...]]:
    """What a query finds, asked as the system."""
    with scope.system("test", readonly=True), connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()


def one(sql: str, *given: Any) -> Any:
    """The one value that a query finds."""
    return rows(sql, *given)[0][0]


CONTENT = (
    "SELECT code, first_name, last_name, cell, whereabouts FROM people_participant ORDER BY code",
    "SELECT code, starts_at, status, reason, officer, called, attended FROM programs_session ORDER BY code",
    "SELECT code, status, starts_on, ended_on, end_reason FROM programs_enrollment ORDER BY code",
    "SELECT code, status, requested_on, confirmed_on FROM programs_waitlistentry ORDER BY code",
    "SELECT s.code, p.code, a.code, a.minutes FROM programs_attendance a JOIN programs_session s"
    " ON s.id = a.session_id JOIN people_participant p ON p.id = a.participant_id ORDER BY 1, 2",
    "SELECT c.code, c.status, c.valid::text, v.last_name FROM visitors_clearance c JOIN visitors_visitor v"
    " ON v.id = c.visitor_id ORDER BY 1",
    'SELECT code, kind, quantity, on_day FROM (SELECT code, kind, quantity, "on" AS on_day'
    " FROM programs_ledgerline) l ORDER BY 1",
    "SELECT person_name, role FROM access_membership ORDER BY person_name, role",
)


def digest() -> str:
    """The same for the same demonstration, whatever its internal numbers."""
    whole = hashlib.sha256()
    for sql in CONTENT:
        whole.update(repr(rows(sql)).encode())
    return whole.hexdigest()
