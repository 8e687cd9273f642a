"""What every table must have, checked in the database's own catalog: a new table cannot forget it ([G-3])."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import connection

from throughgate.base.guard import Tier, guard_of, guarded_models
from throughgate.base.scope import Audience

pytestmark = pytest.mark.django_db

ROLES = [audience.role for audience in Audience] + ["tg_auditlog"]
# Functions that run as the owner: each one is a door, so each is named here and reviewed.
DEFINERS = {
    "tg.audience", "tg.audit_hide", "tg.audit_row", "tg.blocked_ids", "tg.broken_glass", "tg.call_guard",
    "tg.clearance_ready", "tg.context", "tg.count_attendance", "tg.count_calls",
    "tg.count_new_attendance", "tg.count_new_calls", "tg.count_training_seats",
    "tg.leaving_changes_ready", "tg.step_changes_ready",
    "tg.enrollment_grant", "tg.facilitator_guard", "tg.facility_ids", "tg.find_participant",
    "tg.granted_participants", "tg.has_permission", "tg.kept_apart", "tg.live_membership", "tg.local_day",
    "tg.log_denied", "tg.log_read", "tg.lookers", "tg.match_guard", "tg.match_kept_apart",
    "tg.may_see_participant", "tg.must_keep_apart",
    "tg.my_notices",
    "tg.of_the_call", "tg.of_the_mark", "tg.of_the_seat", "tg.organization_id", "tg.organization_words",
    "tg.participant_id", "tg.partner_of_cohort", "tg.seat_of_cohort", "tg.seats", "tg.service_words",
    "tg.session_moved", "tg.session_of_cohort", "tg.sessions_to_keep_apart", "tg.story_as_agreed", "tg.story_down",
    "tg.visitor_cleared",
    "tg.visitor_id", "tg.visitor_kept_apart",
}  # fmt: skip


def rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_every_table_of_ours_has_a_guard_forced_row_security_and_a_policy() -> None:
    known = {
        str(table): (enabled, forced)
        for table, enabled, forced in rows(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND relkind IN ('r', 'p')"
        )
    }
    guarded = {model._meta.db_table: guard for model, guard in guarded_models()}
    unguarded = {
        table
        for table in known
        if table not in guarded and not table.startswith(("audit_", "django_migrations", "procrastinate_"))
    }
    assert not unguarded
    for table, guard in guarded.items():
        if guard.by_row:
            assert known[table] == (True, True), table


def test_every_table_about_a_participant_names_its_column_and_is_audited() -> None:
    participant = apps.get_model("people", "Participant")
    for model, guard in guarded_models():
        about = [
            field.name
            for field in model._meta.get_fields()
            if getattr(field, "related_model", None) is participant and getattr(field, "concrete", False)
        ]
        own = model._meta.app_label not in {"access"}
        if about and own and not model._meta.auto_created:
            assert guard.participant, f"{model._meta.label} has {about} and names no participant column"
            assert guard.audited, model._meta.label
            assert guard.tier >= Tier.OPERATIONAL, model._meta.label


def test_every_guarded_table_has_its_audit_trigger() -> None:
    triggers = {
        str(table)
        for (table,) in rows("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'zz_audit'")
    }
    wanted = {model._meta.db_table for model, guard in guarded_models() if guard.audited}
    assert wanted <= triggers


def test_no_role_of_the_application_may_pass_by_row_security() -> None:
    powers = rows(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tg\\_%' AND (rolsuper OR rolbypassrls OR rolcreaterole)"
    )
    assert powers == []
    inherits = rows("SELECT rolinherit FROM pg_roles WHERE rolname = 'tg_web'")
    assert inherits == [(False,)]


def test_the_login_has_no_rights_of_its_own() -> None:
    own = rows(
        "SELECT table_name FROM information_schema.role_table_grants WHERE grantee IN ('tg_web', 'PUBLIC')"
        " AND table_schema = 'public'"
    )
    assert own == []


def test_no_view_leaks_and_every_definer_function_is_known() -> None:
    views = rows(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
    )
    assert views == []
    definers = {
        f"{schema}.{name}"
        for schema, name in rows(
            "SELECT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE p.prosecdef AND n.nspname IN ('tg', 'public')"
        )
    }
    assert definers <= DEFINERS, definers - DEFINERS


def test_only_staff_and_jobs_may_ask_about_keep_apart_orders() -> None:
    asking = rows(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE '%apart%' AND pronamespace = 'tg'::regnamespace"
    )
    assert len(asking) >= 4
    for (function,) in asking:
        for role in ROLES:
            may = rows(f"SELECT has_function_privilege('{role}', '{function}', 'EXECUTE')")
            assert may == [(role in {"tg_staff", "tg_job"},)], (role, function)


def test_every_definer_function_fixes_its_search_path() -> None:
    loose = rows(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef"
        " AND n.nspname = 'tg' AND NOT coalesce(array_to_string(p.proconfig, ','), '') LIKE '%search_path%'"
    )
    assert loose == []


def test_nobody_may_change_the_audit_trail() -> None:
    for role in ROLES:
        for table in ("audit_event", "audit_read", "audit_denied", "audit_seal"):
            may = rows(
                f"SELECT has_table_privilege('{role}', '{table}', 'UPDATE')"
                f" OR has_table_privilege('{role}', '{table}', 'DELETE')"
                f" OR has_table_privilege('{role}', '{table}', 'TRUNCATE')"
            )
            assert may == [(False,)], (role, table)


def test_employers_and_the_public_reach_nothing_about_a_participant() -> None:
    for model, guard in guarded_models():
        if guard.participant:
            assert Audience.EMPLOYER not in guard.rules, model._meta.label
            assert Audience.PUBLIC not in guard.rules, model._meta.label


def test_protected_tables_are_open_to_staff_only() -> None:
    for model, guard in guarded_models():
        if guard.tier == Tier.PROTECTED:
            assert set(guard.rules) <= {Audience.STAFF}, model._meta.label
            assert "has_permission" in guard.rules[Audience.STAFF].read, model._meta.label


def test_a_guard_is_found_for_every_model() -> None:
    for model in apps.get_models():
        if model._meta.app_label != "audit" and not model._meta.proxy:
            assert guard_of(model)


def test_no_policy_compares_a_table_with_itself() -> None:
    """A bare "id" inside a policy's inner query means the inner table's: it must name the table it guards."""
    policies = rows(
        "SELECT tablename, policyname, coalesce(qual, '') || ' ' || coalesce(with_check, '') FROM pg_policies"
    )
    assert len(policies) > 100
    wrong = [
        (table, name) for table, name, said in policies if re.search(r"\b(\w+)\.\w+ = \1\.\w+", str(said))
    ]
    assert wrong == []
