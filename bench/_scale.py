"""Fills an empty database with an agency of any size, in SQL, within seconds. For measurements only.

A facility holds about 1,200 people: 37 groups of 12 that meet three times a week (111 sessions), four weeks
of history and three to come, a line, needs, orders and changes. Larger agencies have more such facilities.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import models

GROUPS, SEATS, WEEKS_BACK, WEEKS_AHEAD = 37, 12, 4, 3
PEOPLE_EACH = 1200
CALL_OUT_DAYS_AHEAD = 40
HEX = "translate({}, '0123456789abcdef', '23456789ABCDEFGH')"


def fill(connection: psycopg.Connection[Any], people: int) -> None:
    """Write everything as the database's superuser, whose rights pass by policies; triggers rest meanwhile."""
    from throughgate.access.models import AccessGrant, Membership, User
    from throughgate.partners.models import Agreement, Organization
    from throughgate.people.models import Change, Identifier, KeepApart, Need, Participant, Profile, Stay
    from throughgate.places.models import Facility, MovementWindow, Room, Unit
    from throughgate.programs.models import (
        Attendance,
        Call,
        Cohort,
        Enrollment,
        Facilitator,
        Program,
        Session,
        WaitlistEntry,
    )
    from throughgate.visitors.models import Clearance, Visitor

    facilities = max(1, round(people / PEOPLE_EACH))
    each = people // facilities
    groups = f"generate_series(1, {facilities}) f, generate_series(0, {GROUPS - 1}) g"
    group_id = f"((f - 1) * {GROUPS} + g + 1)"
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET timezone = 'America/New_York'")
    write = Writer(connection)
    write(Facility, f"generate_series(1, {facilities}) f", id="f", name="'Facility ' || f", short_name="'F' || f",
          kind="'prison'", jurisdiction="'US-HB'", timezone="'America/New_York'",
          external_code="'FAC' || f", active="true")  # fmt: skip
    write(MovementWindow,
          f"generate_series(1, {facilities}) f, (VALUES ('am', '07:00', '12:00'), ('pm', '12:00', '17:00'),"
          " ('ed', '17:00', '21:00')) w(part, opens, closes)",
          facility_id="f", part="part", opens="opens::time", closes="closes::time",
          weekdays="'{0,1,2,3,4,5,6}'")  # fmt: skip
    write(Unit, f"generate_series(1, {facilities}) f, generate_series(0, 9) u", id="(f - 1) * 10 + u + 1",
          facility_id="f", name="'Unit ' || u", position="u", beds="130")  # fmt: skip
    write(Room, groups, id=group_id, facility_id="f", name="'Room ' || g", capacity="20")
    write(Organization, "generate_series(1, 35) n", id="n", name="'Partner ' || n", kind="'nonprofit'",
          status="'active'")  # fmt: skip
    write(Agreement, "generate_series(1, 35) n", id="n", organization_id="n", kind="'mou'", title="'Agreement'",
          valid="daterange(current_date - 300, current_date + 300)")  # fmt: skip
    connection.execute(
        "INSERT INTO partners_agreement_facilities (agreement_id, facility_id)"
        f" SELECT a, f FROM generate_series(1, 35) a, generate_series(1, {facilities}) f"
    )
    write(Program, "generate_series(1, 45) n", id="n", organization_id="1 + n % 35", name="'Program ' || n",
          needs="'{education}'", dose_hours="40", group_max="12", listed="true")  # fmt: skip
    write(Cohort, groups, id=group_id, program_id="1 + (g + f) % 45", facility_id="f",
          organization_id="1 + (1 + (g + f) % 45) % 35", room_id=group_id, name="'Group ' || g", capacity=str(SEATS),
          minimum="3", seats_taken=str(SEATS), starts_on="current_date - 60", ends_on="current_date + 120",
          status="'running'")  # fmt: skip
    write(Visitor, groups, id=group_id, organization_id="1 + (1 + (g + f) % 45) % 35", kind="'facilitator'",
          first_name="'Vis' || g", last_name="'Itor' || f", sort_name="'itor' || f || ' vis' || g")  # fmt: skip
    write(Clearance, groups, id=group_id, visitor_id=group_id, facility_id="f", status="'approved'",
          level="'escorted'", valid="daterange(current_date - 100, current_date + 10 + g * 7)")  # fmt: skip

    persons = f"generate_series(1, {people}) n"
    place = f"(1 + (n - 1) / {each} % {facilities})"
    within = f"((n - 1) % {each})"
    letters = "translate(n::text, '0123456789', 'abcdefghij')"
    write(Participant, persons, id="n", facility_id=place, unit_id=f"({place} - 1) * 10 + {within} % 10 + 1",
          cell="'A-' || n % 120", first_name=f"'First' || {letters}", last_name=f"'Last' || {letters}",
          sort_name=f"'last' || {letters} || ', first' || {letters}")  # fmt: skip
    write(Identifier, persons, participant_id="n", system="'HB-DOC'", value="'A' || lpad(n::text, 7, '0')",
          primary="true")  # fmt: skip
    write(Profile, persons, participant_id="n", custody_level="(ARRAY['minimum','medium','close'])[1 + n % 3]",
          birth_date="date '1970-01-01' + n % 11000", release_on="current_date + 30 + n % 1500",
          release_source="'records'", release_as_of="current_date")  # fmt: skip
    write(Stay, persons, participant_id="n", facility_id=place, reason_in="'new_commitment'", source="'records'",
          during="daterange(current_date - 100 - n % 700, NULL)")  # fmt: skip
    write(Need, persons, participant_id="n", domain="'education'", level="1 + n % 3", as_of="current_date - n % 300",
          tool="'tool 1'")  # fmt: skip
    write(Change, f"generate_series(1, {people}, 101) n", participant_id="n", facility_id=place,
          kind="'date_moved'", summary="'The release date moved.'")  # fmt: skip
    write(KeepApart, f"generate_series(1, {people - 3}, 53) n", first_id="n", second_id="n + 2", reason="'threat'",
          source="'records'", starts_on="current_date - 50")  # fmt: skip
    write(WaitlistEntry, f"generate_series(1, {people}, 3) n", participant_id="n", program_id="1 + n % 45",
          status="'approved'", requested_on="current_date - n % 400", requested_by="'self'",
          confirmed_on="current_date - n % 90")  # fmt: skip

    seated = f"{groups}, generate_series(0, {SEATS - 1}) s"
    person = f"((f - 1) * {each} + g * {SEATS} + s + 1)"
    write(Enrollment, seated, id=f"({group_id} - 1) * {SEATS} + s + 1", participant_id=person, cohort_id=group_id,
          organization_id="1 + (1 + (g + f) % 45) % 35", starts_on="current_date - 60",
          ends_on="current_date + 120", enrolled_by="'x'")  # fmt: skip
    meets = f"{groups}, generate_series({-WEEKS_BACK}, {WEEKS_AHEAD - 1}) w, generate_series(0, 2) k"
    nth = f"({group_id} - 1) * {(WEEKS_BACK + WEEKS_AHEAD) * 3} + (w + {WEEKS_BACK}) * 3 + k + 1"
    starts = (
        "date_trunc('week', now()) + make_interval(days => (w * 7 + (g + (ARRAY[0, 2, 3])[k + 1]) % 5)::int,"
        " hours => (ARRAY[9, 13, 15])[1 + g % 3])"
    )
    past = f"({starts} < now() - interval '3 hours')"
    write(Session, meets, id=nth, cohort_id=group_id, facility_id="f", organization_id="1 + (1 + (g + f) % 45) % 35",
          room_id=group_id, number=f"1 + (w + {WEEKS_BACK}) * 3 + k", starts_at=starts,
          ends_at=f"{starts} + interval '90 minutes'", status=f"CASE WHEN {past} THEN 'held' ELSE 'planned' END",
          called=str(SEATS), recorded=f"CASE WHEN {past} THEN {SEATS} ELSE 0 END",
          attended=f"CASE WHEN {past} THEN {SEATS} ELSE 0 END", officer="'Officer'")  # fmt: skip
    write(Facilitator, "programs_session s", session_id="s.id", visitor_id="s.cohort_id",
          during="tstzrange(s.starts_at, s.ends_at)", active="true")  # fmt: skip
    write(Call, "programs_session s JOIN programs_enrollment e ON e.cohort_id = s.cohort_id", session_id="s.id",
          participant_id="e.participant_id", enrollment_id="e.id", starts_at="s.starts_at", ends_at="s.ends_at",
          status="'called'")  # fmt: skip
    # A day on which everybody of the first facility is called somewhere: the longest call-out there is.
    day = f"(current_date + {CALL_OUT_DAYS_AHEAD})::timestamptz"
    write(Call, f"generate_series(1, {each}) n", participant_id="n", label="'Appointment ' || n % 40",
          place="'Wing ' || n % 40", starts_at=f"{day} + interval '9 hours'",
          ends_at=f"{day} + interval '10 hours'", status="'called'")  # fmt: skip
    write(Attendance, "programs_call c JOIN programs_session s ON s.id = c.session_id AND s.status = 'held'",
          call_id="c.id", participant_id="c.participant_id", session_id="s.id", code="'attended'", minutes="90",
          marked_by="'x'", marked_at="s.ends_at", pack="'attendance/default'")  # fmt: skip
    write(AccessGrant, "programs_enrollment e", organization_id="e.organization_id", participant_id="e.participant_id",
          tier="2", purpose="'program'", basis="'enrollment'", basis_ref="e.code",
          valid="tstzrange(now() - interval '60 days', NULL)")  # fmt: skip
    write(User, "generate_series(1, 1) n", id="n", email="'coordinator@example.org'", name="'Coordinator'",
          password="'!'", is_active="true")  # fmt: skip
    write(Membership, "generate_series(1, 1) n", id="n", user_id="n", person_name="'Coordinator'",
          role="'coordinator'", facility_id="1")  # fmt: skip
    connection.execute("SET session_replication_role = origin")
    connection.execute("ANALYZE")


class Writer:
    """INSERT ... SELECT for a model: what is not given takes the model's own default."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def __call__(self, model: type[models.Model], source: str, /, **given: str) -> None:
        """Insert one row for each row of ``source``, a FROM clause; values are SQL expressions."""
        columns = {
            field.column: given.pop(field.attname, None) or self._otherwise(field)
            for field in model._meta.local_concrete_fields
            if not isinstance(field, models.GeneratedField)
        }
        assert not given, f"{model.__name__} has no {given}"
        chosen = {name: sql for name, sql in columns.items() if sql}
        names = ", ".join(f'"{name}"' for name in chosen)
        table = model._meta.db_table
        self.connection.execute(
            f'INSERT INTO "{table}" ({names}) OVERRIDING SYSTEM VALUE SELECT {", ".join(chosen.values())} FROM {source}'
        )
        if "id" in chosen:
            self.connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM \"{table}\""
            )

    @staticmethod
    def _otherwise(field: Any) -> str:
        if field.primary_key or field.has_db_default():
            return ""
        if field.name == "code" and field.unique:
            return "'2' || " + HEX.format("lpad(to_hex(row_number() OVER ()), 7, '0')")
        value = field.get_default()
        if value is None:
            return "NULL" if field.null else "''"
        if isinstance(value, bool | int | float):
            return str(value)
        if isinstance(value, list):
            return "'{}'"
        if isinstance(value, dict):
            return "'{}'::jsonb"
        text = str(getattr(value, "value", value)).replace("'", "''")
        return f"'{text}'"
