"""Makes the database ready: roles, tables, signed context, policies, audit triggers. Safe to run again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path

import django
import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from throughgate.base import env, guard, localpg, scope
from throughgate.base.audit import sql as audit_sql
from throughgate.base.databases import NAME
from throughgate.base.localpg import Server
from throughgate.base.paths import database_dir

# Rooms above the base add their own SQL functions here (in their AppConfig.ready).
FUNCTION_FILES: list[tuple[str, str]] = [("throughgate.base", "context.sql")]
AFTER_SYNC: list[Callable[[], None]] = []


def prepare() -> None:
    """Start the database if it is ours to start, and bring it up to date; quick when it already is."""
    if not env.text("DATABASE_URL"):
        server = localpg.ensure(database_dir())
        create_database(server)
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "throughgate.settings")
        django.setup()
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    if _state() != fingerprint():
        migrate()


def _state() -> str:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('tg.state') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return ""
        cursor.execute("SELECT value FROM tg.state WHERE name = 'fingerprint'")
        row = cursor.fetchone()
        return str(row[0]) if row else ""


def create_database(server: Server, name: str = NAME) -> None:
    """Roles and an empty database on the embedded server, as its superuser."""
    with psycopg.connect(**server.conninfo(), autocommit=True) as admin:  # type: ignore[arg-type]
        admin.execute(_text("throughgate.base", "roles.sql"))
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            admin.execute(
                psycopg.sql.SQL("CREATE DATABASE {} OWNER tg_owner").format(psycopg.sql.Identifier(name))
            )
    with psycopg.connect(**server.conninfo(dbname=name), autocommit=True) as admin:  # type: ignore[arg-type]
        for extension in ("btree_gist", "pg_trgm", "unaccent"):
            admin.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        admin.execute("GRANT ALL ON SCHEMA public TO tg_owner")
        admin.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")


def migrate(*, verbosity: int = 0) -> None:
    """Bring the tables up to date and make every policy, grant and trigger anew from the code."""
    call_command("migrate", database="owner", verbosity=verbosity, interactive=False)
    sync()


def sync() -> None:
    """Functions, keys, policies, grants and audit triggers as the code declares them, in one transaction."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("BEGIN")
        _run(cursor, (_text(package, file) for package, file in FUNCTION_FILES[:1]))
        _store_key(cursor)
        _run(cursor, audit_sql.install_functions())
        _run(cursor, (_text(package, file) for package, file in FUNCTION_FILES[1:]))
        roles = ", ".join(audience.role for audience in scope.Audience)
        cursor.execute(f"GRANT USAGE ON SCHEMA tg TO {roles}, tg_auditlog")
        _open_functions(cursor)
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {roles}")
        for model, rules in guard.guarded_models():
            table = model._meta.db_table
            _run(cursor, guard.table_statements(table, rules))
            if rules.audited:
                pk = str(model._meta.pk.column)
                _run(
                    cursor,
                    audit_sql.install_trigger(
                        table, int(rules.tier), rules.participant, pk, hidden=guard.hidden_columns(model)
                    ),
                )
        cursor.execute("COMMIT")
    for step in AFTER_SYNC:
        step()
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS tg.state (name text PRIMARY KEY, value text NOT NULL)")
        cursor.execute(
            "INSERT INTO tg.state VALUES ('fingerprint', %s)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [fingerprint()],
        )


def _open_functions(cursor: object) -> None:
    """Who may call which function of ours: those of policies everybody, those that answer about keep-apart
    orders only staff and jobs, those of the audit only whom it lets."""
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT p.oid::regprocedure::text, p.proname, p.prorettype = 'trigger'::regtype FROM pg_proc p"
        " WHERE p.pronamespace = 'tg'::regnamespace AND p.proname NOT LIKE 'audit\\_%%'"
        " AND p.proname NOT IN ('log_read', 'log_denied', 'lookers')"
    )
    everyone = ", ".join(audience.role for audience in scope.Audience)
    for signature, name, is_trigger in cursor.fetchall():  # type: ignore[attr-defined]
        cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC, {everyone}")  # type: ignore[attr-defined]
        if not is_trigger:
            roles = "tg_staff, tg_job" if "apart" in name else f"{everyone}, tg_auditlog"
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {roles}")  # type: ignore[attr-defined]


def fingerprint() -> str:
    """Changes whenever migrations, guards or SQL files change: which template a test database comes from."""
    digest = hashlib.sha256(scope.context_key())
    package = Path(settings.PACKAGE)
    for pattern in (
        "**/migrations/*.py",
        "**/*.sql",
        "**/models.py",
        "**/models/*.py",
        "base/**/*.py",
        "access/*.py",
    ):
        for path in sorted(package.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _run(cursor: object, statements: Iterable[str]) -> None:
    for statement in statements:
        cursor.execute(statement)  # type: ignore[attr-defined]


def _store_key(cursor: object) -> None:
    block = scope.context_key().ljust(64, b"\0")
    cursor.execute(  # type: ignore[attr-defined]
        "INSERT INTO tg.secret VALUES ('context', %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET ipad = excluded.ipad, opad = excluded.opad",
        [bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)],
    )


def _text(package: str, file: str) -> str:
    return resources.files(package).joinpath(file).read_text(encoding="utf-8")
