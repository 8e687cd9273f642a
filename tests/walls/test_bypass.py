"""Attempts to get past the walls with the application's own login, as someone who can run any SQL would.

Each must fail: an error, or nothing seen and nothing changed ([G-3]).
"""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.scope import Audience, Context
from throughgate.people.models import KeepApart, Participant

pytestmark = pytest.mark.django_db

CANARY = "Zyxwvut"


@pytest.fixture
def target() -> Participant:
    """Someone in another facility, with a keep-apart order."""
    there = make.facility()
    person = make.participant(there, last_name=CANARY)
    other = make.participant(there, last_name=CANARY)
    KeepApart.objects.create(
        first=person, second=other, reason="threat", note=CANARY, source="test", starts_on=make.TODAY
    )
    org = make.organization()
    make.enrollment(person, make.cohort(there, make.program(org)))
    return person


# Every statement is run as a coordinator of a facility that has nothing to do with the target.
STATEMENTS = {
    "plain read": "SELECT last_name FROM people_participant",
    "read by id": "SELECT last_name FROM people_participant WHERE id = {id}",
    "read by code": "SELECT last_name FROM people_participant WHERE code = '{code}'",
    "or true": "SELECT last_name FROM people_participant WHERE id = 0 OR true",
    "count": "SELECT count(*) FROM people_participant WHERE last_name = 'Zyxwvut' HAVING count(*) > 0",
    "profile": "SELECT p.release_on FROM people_profile p",
    "join": "SELECT p.last_name FROM programs_call c JOIN people_participant p ON p.id = c.participant_id",
    "calls": "SELECT id FROM programs_call WHERE participant_id = {id}",
    "enrollments": "SELECT id FROM programs_enrollment WHERE participant_id = {id}",
    "stays": "SELECT id FROM people_stay",
    "identifiers": "SELECT value FROM people_identifier",
    "keep-apart": "SELECT note FROM people_keepapart",
    "union": "SELECT name FROM places_agency UNION SELECT last_name FROM people_participant",
    "row to json": "SELECT row_to_json(p) FROM people_participant p",
    "leaky function": "SELECT last_name FROM people_participant WHERE length(last_name) / (id - id) > 0",
    "row security off": "SET LOCAL row_security = off; SELECT last_name FROM people_participant",
    "become owner": "SET ROLE tg_owner",
    "become superuser": "SET ROLE postgres",
    "session authorization": "SET SESSION AUTHORIZATION postgres",
    "disable": "ALTER TABLE people_participant DISABLE ROW LEVEL SECURITY",
    "no force": "ALTER TABLE people_participant NO FORCE ROW LEVEL SECURITY",
    "drop policy": "DROP POLICY read_staff ON people_participant",
    "new policy": "CREATE POLICY p ON people_participant USING (true)",
    "grant": "GRANT SELECT ON people_keepapart TO tg_staff",
    "truncate": "TRUNCATE people_participant CASCADE",
    "delete": "DELETE FROM people_participant WHERE id = {id} RETURNING id",
    "move here": "UPDATE people_participant SET facility_id = {mine} WHERE id = {id} RETURNING id",
    "insert elsewhere": "INSERT INTO people_participant (code, facility_id, cell, whereabouts, first_name,"
    " last_name, preferred_name, sort_name, language, interpreter) VALUES"
    " ('AAAAAAAA', {theirs}, '', 'inside', 'x', 'x', '', 'x', 'en', false) RETURNING id",
    "keep-apart oracle": "SELECT id FROM people_participant WHERE tg.must_keep_apart({id}, 1)",
    "copy program": "COPY people_participant TO PROGRAM 'cat'",
    "server file": "SELECT pg_read_file('postgresql.conf')",
    "statistics": "SELECT most_common_vals FROM pg_stats WHERE tablename = 'people_participant'",
    "secret": "SELECT ipad FROM tg.secret",
    "new key": "INSERT INTO tg.secret VALUES ('context', '', '')",
    "own function": "CREATE FUNCTION tg.facility_ids() RETURNS bigint[] AS 'SELECT ARRAY[1]::bigint[]' LANGUAGE sql",
    "shadow function": "CREATE FUNCTION public.x() RETURNS int AS 'SELECT 1' LANGUAGE sql",
    "shadow table": "CREATE TABLE public.people_participant2 AS SELECT 1",
    "audit delete": "DELETE FROM audit_event",
    "audit read": "SELECT diff FROM audit_event",
    "audit insert": "INSERT INTO audit_event DEFAULT VALUES",
    "passwords": "SELECT password FROM access_user",
    "sessions": "SELECT session_data FROM django_session",
    "own role up": "UPDATE access_membership SET agency_wide = true WHERE id = {membership} RETURNING id",
    "own permission": "INSERT INTO access_rolepermission (role, permission)"
    " VALUES ('coordinator', 'view_keep_apart') RETURNING id",
    "own grant": "INSERT INTO access_accessgrant (organization_id, participant_id, tier, purpose, basis,"
    " basis_ref, valid) VALUES (1, {id}, 4, 'x', 'consent', 'x', tstzrange(now(), NULL)) RETURNING id",
    "who looked": "SELECT * FROM tg.lookers({id})",
    "queue a job": "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', 'x', '{{}}')",
    "large object": "SELECT lo_import('/etc/passwd')",
    "forged purpose": "SELECT set_config('app.context', 'staff|1|1|x|y|9999999999', true), last_name"
    " FROM people_participant",
}


@pytest.mark.parametrize("attempt", STATEMENTS)
def test_another_facility_stays_out_of_reach(attempt: str, target: Participant) -> None:
    mine = make.facility()
    member = make.member(RoleName.COORDINATOR, facility=mine)
    sql = STATEMENTS[attempt].format(
        id=target.pk, code=target.code, mine=mine.pk, theirs=target.facility_id, membership=member.pk
    )
    seen: list[object] = []
    with acting(member):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in sql.split("; "):
                    cursor.execute(statement)
                seen = [] if cursor.description is None else list(cursor.fetchall())
        except DatabaseError as refused:
            assert CANARY not in str(refused)
    assert CANARY not in str(seen)
    if attempt not in {"union", "count"}:
        assert seen in ([], [(None,)]), seen
    target.refresh_from_db()
    assert target.last_name == CANARY


def test_copy_out_copies_only_what_may_be_seen(target: Participant) -> None:
    with (
        acting(make.member(RoleName.COORDINATOR, facility=make.facility())),
        connection.cursor() as cursor,
        cursor.copy("COPY people_participant TO STDOUT") as rows,
    ):
        assert list(rows) == []


@pytest.mark.parametrize("audience", [a for a in Audience if a not in {Audience.JOB, Audience.STAFF}])
def test_a_context_without_a_live_membership_sees_nobody(audience: Audience, target: Participant) -> None:
    with scope.enter(Context(audience=audience, actor_id=1, membership_id=1)), connection.cursor() as cursor:
        for table in ("people_participant", "people_profile", "programs_call", "people_keepapart"):
            try:
                with transaction.atomic():
                    cursor.execute(f"SELECT count(*) FROM {table}")
                    assert cursor.fetchone() == (0,)
            except DatabaseError as refused:
                assert "permission denied" in str(refused)


def test_the_way_is_open_for_those_who_hold_the_person(target: Participant) -> None:
    """The attempts above fail because of who asks, not because nothing works."""
    with acting(make.member(RoleName.CAPTAIN, facility=target.facility)), connection.cursor() as cursor:
        cursor.execute("SELECT last_name FROM people_participant WHERE id = %s", [target.pk])
        assert cursor.fetchone() == (CANARY,)
        cursor.execute("SELECT count(*) FROM people_keepapart")
        assert cursor.fetchone() == (1,)


def test_stale_contexts_count_as_none(target: Participant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "LIFETIME_SECONDS", -1)
    with acting(make.member(RoleName.CAPTAIN, facility=target.facility)):
        assert Participant.objects.count() == 0
    monkeypatch.undo()
