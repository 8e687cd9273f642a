"""Sets of days, as PostgreSQL keeps them: one or more spans with gaps between."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Lookup
from django.utils.translation import gettext_lazy as _


class DaySet(models.Field):  # type: ignore[type-arg]
    """A ``datemultirange``. Read as psycopg's ``Multirange`` of date ranges; written by the database alone.

    ``field__contains=day`` (or a range of days, or an expression that gives one) asks whether all of it is in.
    """

    description = _("days")

    def db_type(self, connection: Any) -> str:
        """The type of the column."""
        return "datemultirange"

    def get_prep_value(self, value: Any) -> Any:
        """As it is: psycopg knows sets of ranges."""
        return value


@DaySet.register_lookup
class Holds(Lookup):
    """``@>`` for a day or a span of days."""

    lookup_name = "contains"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The comparison, with a plain date told apart from a text."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        cast = "" if hasattr(self.rhs, "resolve_expression") or hasattr(self.rhs, "as_sql") else "::date"
        return f"{left} @> {right}{cast}", (*left_params, *right_params)
