"""The nightly proof that every open view of a partner still stands on something ([A-40], [A-47])."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

# Per basis, the SQL that finds what a grant g stands on. A basis that nobody has written here stands on
# nothing. Rooms above add theirs in their AppConfig.ready.
LIVE_BASIS: dict[str, str] = {
    "enrollment": "SELECT 1 FROM programs_enrollment e WHERE e.code = g.basis_ref AND e.status <> 'ended'"
    " AND e.organization_id = g.organization_id AND e.participant_id = g.participant_id",
    "consent": "SELECT 1 FROM people_consent c WHERE c.code = g.basis_ref AND c.revoked_at IS NULL"
    " AND c.expires_at > now() AND c.organization_id = g.organization_id"
    " AND c.participant_id = g.participant_id AND c.tier >= g.tier",
}


@dataclass(frozen=True)
class Loose:
    """A grant that is open now and stands on nothing. Ids only: this goes in a report and in the log."""

    grant_id: int
    organization_id: int
    participant_id: int
    basis: str
    basis_ref: str


def grants_without_live_basis() -> list[Loose]:
    """Every grant open now whose basis is gone; all is well when there is none. Run as the system."""
    live = " OR ".join(f"(g.basis = %s AND EXISTS ({sql}))" for sql in LIVE_BASIS.values()) or "false"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.id, g.organization_id, g.participant_id, g.basis, g.basis_ref"  # noqa: S608 - our own SQL
            f" FROM access_accessgrant g WHERE g.valid @> now() AND NOT ({live}) ORDER BY g.id",
            list(LIVE_BASIS),
        )
        return [Loose(*row) for row in cursor.fetchall()]
