"""Many rows in one statement: one JSON value goes in, PostgreSQL takes it apart.

The ORM's own bulk methods spend several times longer in Python than the database needs. Triggers, row policies
and constraints see every row all the same. Values must be plain JSON (days as ISO text, ranges as "[a,b)").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection, models

Row = Mapping[str, Any]


@cache
def _shape(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, list[str], str]:
    """The quoted table, the quoted columns and the record that JSON is read as."""
    quote = connection.ops.quote_name
    fields = [model._meta.get_field(name) for name in names]
    columns, record = [], []
    for field in fields:
        assert isinstance(field, models.Field)
        assert field.column is not None
        kind = field.rel_db_type(connection) if field.primary_key else field.db_type(connection)
        columns.append(quote(field.column))
        record.append(f"{quote(field.column)} {kind}")
    return quote(model._meta.db_table), columns, ", ".join(record)


def _json(rows: Sequence[Row], names: tuple[str, ...], model: type[models.Model]) -> str:
    columns = {name: model._meta.get_field(name).column for name in names}  # type: ignore[union-attr]
    return json.dumps([{columns[name]: row[name] for name in names} for row in rows], ensure_ascii=False)


def insert(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Insert rows that all have the same names; columns that are not named get the database's defaults.

    Raises the database's own errors, as the ORM does.
    """
    if not rows:
        return
    names = tuple(rows[0])
    table, columns, record = _shape(model, names)
    listed = ", ".join(columns)
    _run(
        f"INSERT INTO {table} ({listed}) SELECT {listed} FROM json_to_recordset(%s::json) AS r({record})",  # noqa: S608
        _json(rows, names, model),
    )


def update(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Update rows by primary key, which the first name is; every row has the same names."""
    if not rows:
        return
    names = tuple(rows[0])
    table, columns, record = _shape(model, names)
    told = ", ".join(f"{column} = r.{column}" for column in columns[1:])
    _run(
        f"UPDATE {table} AS t SET {told} FROM json_to_recordset(%s::json) AS r({record})"  # noqa: S608
        f" WHERE t.{columns[0]} = r.{columns[0]}",
        _json(rows, names, model),
    )


def _run(sql: str, argument: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [argument])
