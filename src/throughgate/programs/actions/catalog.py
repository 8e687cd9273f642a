"""The catalog: programs with what they need beforehand and whom they are for."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Decision, Reason
from throughgate.base.saving import set_facts
from throughgate.programs.actions.saving import problems, stop
from throughgate.programs.models import EligibilityRule, Prerequisite, Program
from throughgate.programs.rules.eligibility import Condition, problem

FIELDS = frozenset(
    {
        "organization",
        "name",
        "name_es",
        "summary",
        "summary_es",
        "needs",
        "dose_hours",
        "group_min",
        "group_max",
        "credit_rule",
        "credential",
        "movement_label",
        "part2",
        "listed",
    }
)


@transaction.atomic
def save_program(
    *,
    by: Actor,
    program: Program | None = None,
    prerequisites: Iterable[Program] | None = None,
    eligibility: Iterable[Condition] | None = None,
    **values: Any,
) -> Program:
    """Add a program to the catalog, or change one. Fields that are not given stay as they are.

    ``prerequisites`` and ``eligibility`` replace what was there; None leaves them. Refuses with every reason:
    fields out of order, a condition that cannot be asked, a program that would require itself by some way.
    """
    by.require(Permission.MANAGE_PROGRAMS)
    program = program or Program()
    set_facts(program, values, FIELDS)
    required = None if prerequisites is None else list(dict.fromkeys(prerequisites))
    conditions = None if eligibility is None else list(eligibility)
    stop(problems(program), _conditions(conditions or ()), _circle(program, required or ()))
    with refusing():
        program.save()
        if required is not None:
            Prerequisite.objects.filter(program=program).exclude(required__in=required).delete()
            known = set(
                Prerequisite.objects.filter(program=program)
                .order_by("id")
                .values_list("required_id", flat=True)
            )
            Prerequisite.objects.bulk_create(
                Prerequisite(program=program, required=each) for each in required if each.pk not in known
            )
        if conditions is not None:
            EligibilityRule.objects.filter(program=program).delete()
            EligibilityRule.objects.bulk_create(_rule(program, each) for each in conditions)
    return program


def _rule(program: Program, condition: Condition) -> EligibilityRule:
    return EligibilityRule(
        program=program,
        fact=condition.fact,
        test=condition.test,
        value=condition.value,
        almost=None if condition.almost is None else Decimal(condition.almost),
        words=condition.words,
        words_es=condition.words_es,
        required=condition.required,
    )


def _conditions(conditions: Iterable[Condition]) -> Decision:
    found = (problem(each) for each in conditions)
    return Decision(tuple(Reason("condition_unclear", text) for text in found if text))


def _circle(program: Program, required: Iterable[Program]) -> Decision:
    """Whether what is required leads back to the program itself."""
    wanted = {each.pk for each in required}
    if not wanted or program.pk is None:
        return Decision()
    needs: dict[int, set[int]] = {}
    for which, before in Prerequisite.objects.order_by("id").values_list("program_id", "required_id"):
        needs.setdefault(which, set()).add(before)
    seen: set[int] = set()
    ahead = set(wanted)
    while ahead:
        each = ahead.pop()
        seen.add(each)
        ahead |= needs.get(each, set()) - seen
    if program.pk not in seen:
        return Decision()
    return Decision(
        (Reason("requires_itself", _("The program would require itself, directly or by others.")),)
    )
