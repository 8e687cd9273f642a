"""What each table lets each audience do, declared beside the model and enforced by PostgreSQL.

Every model carries ``guard = Guard(...)``. After each migration :func:`statements` makes the row-level
policies, the grants and the audit triggers anew from these declarations, so that the code is the one
place to read them. A table without a guard stops the set-up: deny by default ([A-1], [A-3], [G-3]).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from django.apps import apps
from django.db import models

from throughgate.base.scope import Audience

OWNER = "tg_owner"


class Tier(IntEnum):
    """How sensitive a table is; tiers are separate tables, never hidden columns ([A-41] to [A-45])."""

    PUBLIC = 0
    OPERATIONAL = 1
    RESTRICTED = 2
    CLINICAL = 3
    PROTECTED = 4


@dataclass(frozen=True)
class Rule:
    """The rows an audience may read and the rows it may write, as SQL conditions on the table itself.

    ``write`` covers insert and update; ``delete`` stands alone because facts are rarely deleted.
    ``insert_only`` leaves updates out. An empty condition means never.
    """

    read: str = ""
    write: str = ""
    delete: str = ""
    insert_only: bool = False


ALWAYS = "true"
SYSTEM = "(SELECT tg.audience()) = 'job'"
ANY = Rule(read=SYSTEM, write=SYSTEM, delete=SYSTEM)


@dataclass(frozen=True)
class Guard:
    """A table's tier, the column that names its participant, and one rule an audience."""

    tier: Tier
    rules: Mapping[Audience, Rule] = field(default_factory=dict)
    participant: str | None = None
    audited: bool = True
    # Whether rows are policed one by one; the job queue is one role's alone and needs none.
    by_row: bool = True
    # Jobs run as the system and may read and write every row unless the table says otherwise.
    job: Rule = ANY


def own_facility(column: str = "facility_id") -> str:
    """Rows of a facility where the acting member of staff has a live membership."""
    return f"{column} = ANY((SELECT tg.facility_ids())::bigint[])"


def own_organization(column: str = "organization_id") -> str:
    """Rows of the organization for which the actor has a live membership."""
    return f"{column} = (SELECT tg.organization_id())"


def granted(column: str, tier: Tier) -> str:
    """Rows about participants for whom the actor's organization has a live grant of this tier or above."""
    return f"{column} = ANY((SELECT tg.granted_participants({int(tier)}))::bigint[])"


def seen_participant(column: str = "participant_id") -> str:
    """Rows about a participant whom the actor may see; the participant table's own policy decides."""
    return f"EXISTS (SELECT 1 FROM people_participant seen WHERE seen.id = {column})"


def seen(table: str, column: str) -> str:
    """Rows that hang on a row of another table which the actor may see."""
    return f"EXISTS (SELECT 1 FROM {table} seen WHERE seen.id = {column})"


def myself(column: str = "participant_id") -> str:
    """Rows about the participant who is signed in."""
    return f"{column} = (SELECT tg.participant_id())"


def not_blocked(column: str = "participant_id") -> str:
    """Rows about anybody but those whom the actor may not see, whatever else lets them ([A-49])."""
    return f"{column} <> ALL((SELECT tg.blocked_ids())::bigint[])"


def my_visitor(column: str = "visitor_id") -> str:
    """Rows about the visitor who is signed in."""
    return f"{column} = (SELECT tg.visitor_id())"


def in_emergency(column: str = "participant_id") -> str:
    """Rows about a participant whose record the actor has opened in an emergency, for its hour."""
    return f"{column} = ANY((SELECT tg.broken_glass())::bigint[])"


def permitted(permission: str, condition: str = ALWAYS) -> str:
    """A condition that also needs a permission of the acting membership's role, looked up by the database."""
    return f"(SELECT tg.has_permission('{permission}')) AND {condition}"


# Tables that other packages own. Sign-in runs as tg_auth, jobs as tg_queue; nobody else sees them.
_AUTH = Guard(tier=Tier.RESTRICTED, audited=False, rules={Audience.AUTH: Rule(ALWAYS, ALWAYS, ALWAYS)})
_QUEUE = Guard(
    tier=Tier.OPERATIONAL, audited=False, by_row=False, rules={Audience.QUEUE: Rule(ALWAYS, ALWAYS, ALWAYS)}
)
_CATALOG = Guard(
    tier=Tier.PUBLIC,
    audited=False,
    rules={Audience.AUTH: Rule(ALWAYS), Audience.QUEUE: Rule(ALWAYS)},
)
EXTERNAL_PREFIXES: dict[str, Guard] = {
    "account_": _AUTH,
    "mfa_": _AUTH,
    "socialaccount_": _AUTH,
    "usersessions_": _AUTH,
    "django_session": _AUTH,
    "auth_": _AUTH,
    "django_content_type": _CATALOG,
    "django_migrations": _CATALOG,
    "procrastinate_": _QUEUE,
}


class MissingGuard(Exception):
    """A table is in the database and nothing says who may use it."""


def guarded_models() -> Iterator[tuple[type[models.Model], Guard]]:
    """Every concrete model of the project with its guard; many-to-many tables inherit their model's."""
    for model in apps.get_models(include_auto_created=True):
        # The audit trail guards its own tables, more strictly than any other.
        if model._meta.proxy or model._meta.app_label == "audit":
            continue
        yield model, guard_of(model)


def guard_of(model: type[models.Model]) -> Guard:
    """The guard of a model, its own or that of the package it comes from."""
    own = getattr(model, "guard", None)
    if isinstance(own, Guard):
        return own
    owner: object = model._meta.auto_created
    if isinstance(owner, type) and issubclass(owner, models.Model):
        return _link_guard(owner)
    table = model._meta.db_table
    for prefix, guard in EXTERNAL_PREFIXES.items():
        if table.startswith(prefix):
            return guard
    raise MissingGuard(
        f"{model._meta.label} has no guard. Say beside the model who may read and write {table}."
    )


def hidden_columns(model: type[models.Model]) -> list[str]:
    """Columns that the audit keeps only as a keyed hash, whatever the tier: secrets."""
    return [str(each.column) for each in model._meta.local_fields if each.name == "password"]


def _link_guard(owner: type[models.Model]) -> Guard:
    """A many-to-many table follows the row that owns the link: seen with it, changed by who may change it."""
    guard = guard_of(owner)
    table, column = owner._meta.db_table, f"{owner._meta.model_name}_id"

    def changeable(rule: Rule) -> str:
        # Column names in the owner's condition mean the owner's columns: the nearest table wins.
        return f"EXISTS (SELECT 1 FROM {table} seen WHERE seen.id = {column} AND ({rule.write}))"

    rules = {
        audience: Rule(
            read=seen(table, column),
            write=changeable(rule) if rule.write else "",
            delete=changeable(rule) if rule.write else "",
        )
        for audience, rule in guard.rules.items()
    }
    return Guard(tier=guard.tier, rules=rules)


def _policies(table: str, audience: Audience, rule: Rule) -> Iterator[str]:
    role = audience.role
    if rule.read:
        yield f'GRANT SELECT ON "{table}" TO {role}'
        yield f'CREATE POLICY read_{audience} ON "{table}" FOR SELECT TO {role} USING ({rule.read})'
    if rule.write:
        yield f'GRANT INSERT ON "{table}" TO {role}'
        yield f'CREATE POLICY insert_{audience} ON "{table}" FOR INSERT TO {role} WITH CHECK ({rule.write})'
        if not rule.insert_only:
            yield f'GRANT UPDATE ON "{table}" TO {role}'
            yield (
                f'CREATE POLICY update_{audience} ON "{table}" FOR UPDATE TO {role}'
                f" USING ({rule.write}) WITH CHECK ({rule.write})"
            )
    if rule.delete:
        yield f'GRANT DELETE ON "{table}" TO {role}'
        yield f'CREATE POLICY delete_{audience} ON "{table}" FOR DELETE TO {role} USING ({rule.delete})'


def table_statements(table: str, guard: Guard) -> Iterator[str]:
    """The SQL that makes one table say no to everybody but those its guard names. Idempotent."""
    roles = ", ".join(audience.role for audience in Audience)
    yield f'REVOKE ALL ON "{table}" FROM PUBLIC, tg_web, {roles}'
    if not guard.by_row:
        for audience in guard.rules:
            yield f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {audience.role}'
        return
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    yield f"""DO $$ DECLARE p text; BEGIN
        FOR p IN SELECT policyname FROM pg_policies WHERE schemaname = 'public' AND tablename = '{table}'
        LOOP EXECUTE format('DROP POLICY %I ON "{table}"', p); END LOOP; END $$"""
    # Definer functions and migrations run as the owner, whom FORCE would otherwise show nothing.
    yield f'CREATE POLICY owner_all ON "{table}" TO {OWNER} USING (true) WITH CHECK (true)'
    for audience, rule in guard.rules.items():
        yield from _policies(table, audience, rule)
    if Audience.JOB not in guard.rules:
        yield from _policies(table, Audience.JOB, guard.job)
    # Emergency access opens one named person, for reading, and never the protected tier ([A-50]).
    if guard.participant and guard.tier < Tier.PROTECTED and Audience.EMERGENCY not in guard.rules:
        yield from _policies(table, Audience.EMERGENCY, Rule(read=in_emergency(guard.participant)))
