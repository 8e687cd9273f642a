"""What the verbs of this room share: checked saving, writing many with each refusal told, and locks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.db import models

from throughgate.base import scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Decision, Reason, Refused
from throughgate.base.scope import Audience
from throughgate.people.models import Participant
from throughgate.programs.models import Cohort

M = TypeVar("M", bound=models.Model)


def stop(*decisions: Decision) -> None:
    """Raise Refused with every reason of every decision; return when there is none."""
    reasons = [reason for decision in decisions for reason in decision.reasons]
    if reasons:
        raise Refused(reasons)


def problems(
    instance: models.Model, *, exclude: frozenset[str] = frozenset(), constraints: bool = True
) -> Decision:
    """Everything that the model itself holds against these values, a reason each, with the field's name.

    Without ``constraints`` only the fields are looked at, where rules of ours have better words for the rest.
    """
    try:
        instance.full_clean(exclude=set(exclude), validate_constraints=constraints)
    except ValidationError as error:
        return Decision(
            tuple(
                Reason(f"invalid_{field}", f"{_label(instance, field)}{message}")
                for field, messages in error.message_dict.items()
                for message in messages
            )
        )
    return Decision()


def _label(instance: models.Model, field: str) -> str:
    if field == NON_FIELD_ERRORS:
        return ""
    try:
        return f"{getattr(instance._meta.get_field(field), 'verbose_name', field)}: "
    except FieldDoesNotExist:
        return ""


def save_all(rows: Sequence[M]) -> list[tuple[M, Refused]]:
    """Insert many rows at once; when the database refuses some, insert the others and say which and why."""
    if not rows:
        return []
    manager = type(rows[0])._default_manager
    try:
        with refusing():
            manager.bulk_create(rows)
        return []
    except Refused:
        pass
    refused: list[tuple[M, Refused]] = []
    for row in rows:
        row.pk = None
        try:
            with refusing():
                row.save(force_insert=True)
        except Refused as no:
            refused.append((row, no))
    return refused


def hold(participant: Participant | None, cohort: Cohort) -> Cohort:
    """Lock the person, then the cohort, until the transaction ends; the cohort as it stands now.

    Whoever gives a seat need not have the right to change a cohort, so the system takes the locks. Always in
    this order, so that two who seat people never wait for each other in a circle.
    """
    with scope.as_role(Audience.JOB, purpose="take turns"):
        if participant is not None:
            Participant.objects.select_for_update(of=("self",), no_key=True).get(pk=participant.pk)
        return (
            Cohort.objects.select_for_update(of=("self",), no_key=True)
            .select_related("facility", "program", "organization", "room")
            .get(pk=cohort.pk)
        )
