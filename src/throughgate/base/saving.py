"""Saving with every complaint at once: what a model refuses becomes reasons that name their field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused


def set_facts(instance: models.Model, facts: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Write facts onto a row that is not saved yet. A name outside ``allowed`` is a programming error."""
    unknown = sorted(set(facts) - set(allowed))
    if unknown:
        raise TypeError(
            f"{type(instance).__name__} takes {', '.join(sorted(allowed))}; not {', '.join(unknown)}"
        )
    for name, value in facts.items():
        setattr(instance, name, value)


def reasons_of(error: ValidationError) -> list[Reason]:
    """Every message of a validation error as a reason; ``code`` is ``field.kind``, such as capacity.required."""
    if not hasattr(error, "error_dict"):
        return [Reason(each.code or "invalid", _text(each)) for each in error.error_list]
    return [
        _reason("" if field == NON_FIELD_ERRORS else field, each)
        for field, errors in error.error_dict.items()
        for each in errors
    ]


def _reason(field: str, error: ValidationError) -> Reason:
    kind = error.code or "invalid"
    return Reason(f"{field}.{kind}" if field else kind, _text(error), field=field)


def _text(error: ValidationError) -> str:
    return " ".join(str(message) for message in error.messages)


def check(instance: models.Model, *, trusted: Iterable[str] = ()) -> None:
    """Raise :class:`Refused` with everything wrong in a row. ``trusted`` names facts that code computed.

    A constraint's reason carries the constraint's name as its code, as when the database itself refuses.
    """
    left_out = {"sort_name", *trusted} & {field.name for field in instance._meta.fields}
    reasons: list[Reason] = []
    try:
        instance.full_clean(exclude=left_out, validate_constraints=False)
    except ValidationError as error:
        reasons += reasons_of(error)
        left_out |= {reason.field for reason in reasons}
    for constraint in instance._meta.constraints:
        try:
            constraint.validate(type(instance), instance, exclude=left_out)
        except ValidationError as error:
            reasons.append(Reason(constraint.name, _text(error)))
    if reasons:
        raise Refused(reasons)


def save(instance: models.Model, *, trusted: Iterable[str] = ()) -> None:
    """Check a row and save it. What the database still refuses is told in the constraint's own words."""
    check(instance, trusted=trusted)
    with refusing():
        instance.save()
