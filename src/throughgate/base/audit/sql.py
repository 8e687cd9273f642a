"""The SQL of the audit trail, as text: functions, rights and triggers. Run by the owner after migrations.

Every statement is idempotent. The order is: tables (migrations), the signed context (``tg.context()``),
:func:`install_functions`, then :func:`install_trigger` for each audited table.

``tg.context()`` must return NULL or a text array: audience, actor, membership, purpose, request id,
expiry and, when known, basis and IP address.
"""

# ruff: noqa: S608 (every name put in these texts is a constant of this file or checked by _checked)

from __future__ import annotations

import re
from collections.abc import Sequence

STREAMS = ("event", "read", "denied")

# From this tier on the trail holds keyed hashes instead of values ([A-64]).
HASHED_FROM_TIER = 3

_COMMON = ("login", "actor", "membership", "audience", "purpose", "basis", "request_id", "ip")
_COLUMNS = {
    "event": (*_COMMON, "op", "table_name", "pk_value", "participant_id", "tier", "diff"),
    "read": (*_COMMON, "view", "participant_ids", "fields", "count"),
    "denied": (*_COMMON, "permission", "view", "reason", "participant_id"),
}
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

OWNER = "tg_owner"
AUDIENCES = (
    "staff", "partner", "visitor", "participant", "employer", "public",
    "report", "job", "auth", "queue", "auditor",
)  # fmt: skip


def canonical(stream: str, row: str = "") -> str:
    """An SQL expression for the canonical bytes of a row: UTF-8 JSON text of its values in a fixed order.

    Times are whole microseconds since 1970 and everything else is text, number, null or JSON, so that
    neither time zone nor locale changes a byte. ``row`` is the prefix of the columns, such as ``"e."``.
    """
    start = [
        f"'{stream}/1'",
        f"{row}id",
        f"(extract(epoch FROM {row}at) * 1000000)::bigint",
        f"{row}xid",
        f"{row}epoch",
    ]
    values = start + [f"{row}{column}" for column in _COLUMNS[stream]]
    return f"convert_to(json_build_array({', '.join(values)})::text, 'UTF8')"


def _fill(stream: str) -> str:
    """PL/pgSQL that sets what all streams share in the row variable ``e``."""
    return f"""
    e.id := nextval('public.audit_{stream}_id_seq');
    e.at := clock_timestamp();
    e.xid := pg_current_xact_id()::text::bigint;
    e.epoch := (SELECT system_identifier FROM pg_control_system());
    e.login := session_user;
    e.audience := ctx[1];
    e.actor := nullif(ctx[2], '')::bigint;
    e.membership := nullif(ctx[3], '')::bigint;
    e.purpose := ctx[4];
    e.request_id := ctx[5];
    e.basis := ctx[7];
    e.ip := nullif(ctx[8], '')::inet;"""


def _store(stream: str) -> str:
    """PL/pgSQL that hashes the row variable ``e`` and stores it."""
    return f"""
    e.leaf := sha256({canonical(stream, "e.")});
    INSERT INTO public.audit_{stream} SELECT e.*;"""


_DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'"

# CREATE SCHEMA IF NOT EXISTS would ask for rights on the database even when the schema is there.
_SCHEMA = "DO $$ BEGIN IF to_regnamespace('tg') IS NULL THEN CREATE SCHEMA tg; END IF; END $$"

_KEYS = """
CREATE TABLE IF NOT EXISTS tg.secret (name text PRIMARY KEY, ipad bytea NOT NULL, opad bytea NOT NULL)
"""

# gen_random_uuid() is the server's cryptographic source; two give 244 random bits.
_KEYS_ROW = """
INSERT INTO tg.secret (name, ipad, opad)
SELECT 'audit', sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')),
       sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
ON CONFLICT (name) DO NOTHING
"""

# Each value is hashed together with its table, record and column: equal values do not look equal.
_HIDE = """
CREATE OR REPLACE FUNCTION tg.audit_hide(place text, value jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    inner_pad bytea;
    outer_pad bytea;
BEGIN
    IF value IS NULL OR value = 'null' THEN RETURN value; END IF;
    SELECT ipad, opad INTO STRICT inner_pad, outer_pad FROM tg.secret WHERE name = 'audit';
    RETURN to_jsonb('hmac:' || encode(sha256(outer_pad || sha256(
        inner_pad || convert_to(json_build_array(place, value)::text, 'UTF8'))), 'hex'));
END $$
"""

# A long text or file is told by its size and hash; the trail is not a second copy of the documents.
_SHORT = """
CREATE OR REPLACE FUNCTION tg.audit_short(value jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN pg_column_size(value) <= 4000 THEN value
        ELSE jsonb_build_object('bytes', octet_length(value::text),
                                'sha256', encode(sha256(convert_to(value::text, 'UTF8')), 'hex')) END
$$
"""

_ROW = f"""
CREATE OR REPLACE FUNCTION tg.audit_row() RETURNS trigger LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
    ctx text[] := tg.context();
    e public.audit_event;
    before jsonb := '{{}}';
    after jsonb := '{{}}';
    present jsonb;
    hidden text[] := string_to_array(TG_ARGV[3], ',');
BEGIN
    -- Arguments: tier, participant column or '', primary key column, hidden columns.
    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW); END IF;
    present := CASE WHEN TG_OP = 'DELETE' THEN before ELSE after END;
    {_fill("event")}
    e.op := left(TG_OP, 1);
    e.table_name := TG_TABLE_NAME;
    e.pk_value := present ->> TG_ARGV[2];
    IF TG_ARGV[1] <> '' THEN e.participant_id := (present ->> TG_ARGV[1])::bigint; END IF;
    e.tier := TG_ARGV[0]::smallint;
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(n.key, jsonb_build_array(before -> n.key, n.value)) INTO e.diff
        FROM jsonb_each(after) n WHERE n.value IS DISTINCT FROM before -> n.key;
    ELSE
        SELECT jsonb_object_agg(p.key, CASE TG_OP WHEN 'INSERT' THEN jsonb_build_array(NULL, p.value)
                                            ELSE jsonb_build_array(p.value, NULL) END) INTO e.diff
        FROM jsonb_each(present) p WHERE p.value <> 'null';
    END IF;
    IF e.tier >= {HASHED_FROM_TIER} OR hidden <> '{{}}' THEN
        SELECT jsonb_object_agg(d.key, CASE
            WHEN d.key IN (TG_ARGV[1], TG_ARGV[2]) THEN d.value
            WHEN e.tier < {HASHED_FROM_TIER} AND NOT d.key = ANY (hidden) THEN d.value
            ELSE jsonb_build_array(
                tg.audit_hide(TG_TABLE_NAME || '/' || e.pk_value || '/' || d.key, d.value -> 0),
                tg.audit_hide(TG_TABLE_NAME || '/' || e.pk_value || '/' || d.key, d.value -> 1)) END)
        INTO e.diff FROM jsonb_each(e.diff) d;
    END IF;
    IF pg_column_size(e.diff) > 4000 THEN
        SELECT jsonb_object_agg(d.key, jsonb_build_array(
            tg.audit_short(d.value -> 0), tg.audit_short(d.value -> 1)))
        INTO e.diff FROM jsonb_each(e.diff) d;
    END IF;
    e.diff := coalesce(e.diff, '{{}}');
    {_store("event")}
    RETURN NULL;
END $$
"""

_REFUSE = """
CREATE OR REPLACE FUNCTION tg.audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'insufficient_privilege';
END $$
"""

_LOG_READ = f"""
CREATE OR REPLACE FUNCTION tg.log_read(view text, participant_ids bigint[], fields text, n integer)
RETURNS bigint LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
    ctx text[] := tg.context();
    e public.audit_read;
BEGIN
    {_fill("read")}
    e.view := log_read.view;
    e.participant_ids := log_read.participant_ids;
    e.fields := log_read.fields;
    e.count := n;
    {_store("read")}
    RETURN e.id;
END $$
"""

_LOG_DENIED = f"""
CREATE OR REPLACE FUNCTION tg.log_denied(permission text, view text, reason text, participant bigint)
RETURNS bigint LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
    ctx text[] := tg.context();
    e public.audit_denied;
BEGIN
    {_fill("denied")}
    e.permission := log_denied.permission;
    e.view := log_denied.view;
    e.reason := log_denied.reason;
    e.participant_id := participant;
    {_store("denied")}
    RETURN e.id;
END $$
"""

# Nobody sees until access control says who may: it replaces this function with its own.
_MAY_SEE = """
DO $do$ BEGIN
    IF to_regprocedure('tg.may_see_participant(bigint)') IS NULL THEN
        CREATE FUNCTION tg.may_see_participant(participant bigint) RETURNS boolean
        LANGUAGE sql STABLE AS 'SELECT false';
    END IF;
END $do$
"""

_LOOKERS = f"""
CREATE OR REPLACE FUNCTION tg.lookers(participant bigint, since timestamptz DEFAULT '-infinity')
RETURNS TABLE (at timestamptz, kind text, actor bigint, membership bigint, audience text, purpose text,
               basis text, place text, op text, fields text)
LANGUAGE plpgsql STABLE {_DEFINER} AS $$
BEGIN
    IF tg.may_see_participant(participant) IS NOT TRUE THEN
        RAISE EXCEPTION 'You may not see who looked at this record.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
        SELECT r.at, 'read', r.actor, r.membership, r.audience, r.purpose, r.basis, r.view,
               NULL::text, r.fields
        FROM public.audit_read r
        WHERE r.participant_ids @> ARRAY[participant] AND r.at >= since
      UNION ALL
        SELECT w.at, 'write', w.actor, w.membership, w.audience, w.purpose, w.basis, w.table_name, w.op::text,
               (SELECT string_agg(key, ', ' ORDER BY key) FROM jsonb_object_keys(w.diff) key)
        FROM public.audit_event w
        WHERE w.participant_id = participant AND w.at >= since
      ORDER BY 1 DESC;
END $$
"""


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain lower-case SQL name.")
    return name


def _replaced_trigger(table: str, name: str, rest: str) -> list[str]:
    return [
        f'DROP TRIGGER IF EXISTS {name} ON "{table}"',
        f"CREATE TRIGGER {name} {rest.format(table=table)}",
    ]


def _table_rights(stream: str) -> list[str]:
    """Rights on one table of the trail: the owner's functions insert, the auditor reads, the sealer seals."""
    table = f"audit_{stream}"
    everyone = ", ".join(f"tg_{audience}" for audience in AUDIENCES)
    statements = [
        f'REVOKE ALL ON "{table}" FROM PUBLIC, tg_web, tg_auditlog, {everyone}',
        f'ALTER TABLE "{table}" OWNER TO {OWNER}',
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
    ]
    policies = [("owner_all", "ALL", OWNER), ("read_auditor", "SELECT", "tg_auditor"),
                ("read_sealer", "SELECT", "tg_auditlog")]  # fmt: skip
    if stream == "seal":
        policies.append(("insert_sealer", "INSERT", "tg_auditlog"))
    for name, command, role in policies:
        using = "" if command == "INSERT" else " USING (true)"
        check = " WITH CHECK (true)" if command in {"INSERT", "ALL"} else ""
        statements += [
            f'DROP POLICY IF EXISTS {name} ON "{table}"',
            f'CREATE POLICY {name} ON "{table}" FOR {command} TO {role}{using}{check}',
        ]
    statements.append(f'GRANT SELECT ON "{table}" TO tg_auditor')
    if stream == "seal":
        statements.append(f'GRANT SELECT, INSERT ON "{table}" TO tg_auditlog')
        statements.append(f'ALTER TABLE "{table}" ALTER COLUMN entries SET STORAGE EXTERNAL')
    else:
        statements.append(f'GRANT SELECT (id, xid, epoch, leaf) ON "{table}" TO tg_auditlog')
    refuse = "FOR EACH {each} EXECUTE FUNCTION tg.audit_refuse('the audit trail is append-only')"
    statements += _replaced_trigger(
        table, "audit_keep_rows", 'BEFORE UPDATE OR DELETE ON "{table}" ' + refuse.format(each="ROW")
    )
    statements += _replaced_trigger(
        table, "audit_keep_all", 'BEFORE TRUNCATE ON "{table}" ' + refuse.format(each="STATEMENT")
    )
    return statements


def install_functions() -> list[str]:
    """The functions of the trail and the rights on its tables, to run as the owner after migrations.

    Needs the roles and ``tg.context()``. Creates ``tg.secret`` (with the key of hidden values) and
    ``tg.may_see_participant(bigint)`` (answering no) only where they do not exist yet.
    """
    everyone = ", ".join(f"tg_{audience}" for audience in AUDIENCES)
    bodies = [_HIDE, _SHORT, _ROW, _REFUSE, _LOG_READ, _LOG_DENIED, _MAY_SEE, _LOOKERS]
    signatures = {
        "tg.audit_hide(text, jsonb)": "",
        "tg.audit_short(jsonb)": "",
        "tg.audit_row()": "",
        "tg.audit_refuse()": "",
        "tg.log_read(text, bigint[], text, integer)": everyone,
        "tg.log_denied(text, text, text, bigint)": everyone,
        "tg.lookers(bigint, timestamptz)": "tg_staff, tg_participant",
    }
    statements = [
        _SCHEMA,
        _KEYS,
        f"ALTER TABLE tg.secret OWNER TO {OWNER}",
        "REVOKE ALL ON tg.secret FROM PUBLIC",
        _KEYS_ROW,
    ]
    statements += bodies
    for signature, readers in signatures.items():
        statements.append(f"ALTER FUNCTION {signature} OWNER TO {OWNER}")
        statements.append(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        if readers:
            statements.append(f"GRANT EXECUTE ON FUNCTION {signature} TO {readers}")
    statements.append(f"GRANT USAGE ON SCHEMA tg TO tg_auditlog, {everyone}")
    for stream in (*STREAMS, "seal"):
        statements += _table_rights(stream)
    return statements


def install_trigger(
    table: str,
    tier: int,
    participant_column: str | None,
    pk_column: str = "id",
    hidden: Sequence[str] = (),
) -> list[str]:
    """The statements that put one table under audit; they may be run again at any time.

    Every inserted, updated and deleted row leaves an event in the same transaction, and TRUNCATE, which
    would leave none, is refused. ``hidden`` columns (secrets, such as password hashes) are always stored as
    keyed hashes. Raises ValueError for names that are not plain.
    """
    for name in (table, pk_column, *hidden, *([participant_column] if participant_column else [])):
        _checked(name)
    arguments = f"'{int(tier)}', '{participant_column or ''}', '{pk_column}', '{','.join(hidden)}'"
    return [
        *_replaced_trigger(
            table,
            "zz_audit",
            'AFTER INSERT OR UPDATE OR DELETE ON "{table}" FOR EACH ROW'
            f" EXECUTE FUNCTION tg.audit_row({arguments})",
        ),
        *_replaced_trigger(
            table,
            "zz_audit_truncate",
            'BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT'
            " EXECUTE FUNCTION tg.audit_refuse('audited rows are deleted one by one')",
        ),
    ]
