"""Between rows and rules: a step's facts, its requirement in the pack it was opened under, and opening steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.policies.clearances import ClearanceRules, Requirement
from throughgate.policies.packs import Pack
from throughgate.policies.words import Label
from throughgate.visitors import rules
from throughgate.visitors.models import Clearance, Step
from throughgate.visitors.requirements import StepFacts

DAY = dt.timedelta(days=1)


def rules_here(facility: Facility, on: dt.date | None = None) -> Pack[ClearanceRules] | None:
    """What is asked of visitors at a facility; None where nothing was written down."""
    return policies.clearances(facility.jurisdiction, on or facility.today())


def rules_of(clearance: Clearance) -> ClearanceRules | None:
    """The rules under which a clearance was opened; None for one that was taken over, or whose pack is gone."""
    pack = policies.pack_of(clearance.pack) if clearance.pack else None
    return pack.data if pack is not None and pack.kind == "clearances" else None


def requirement_of(step: Step) -> Requirement:
    """What the step asks, in the words of its pack; a bare one when the pack is gone."""
    known = rules_of(step.clearance)
    found = known.requirements.get(step.requirement) if known else None
    words = Label({"en": step.requirement.replace("-", " ").capitalize()})
    return found or Requirement(code=step.requirement, label=words, stage=step.stage, proof="seen")


def facts(step: Step, label: str = "") -> StepFacts:
    """A stored step as the rules take it."""
    return StepFacts(
        requirement=step.requirement,
        stage=step.stage,
        label=label,
        asked=step.asked,
        due=step.due_on,
        claimed=step.claimed_on,
        done=step.done_on,
        until=step.until,
        grace=step.grace_days,
        waived=step.waived_on,
        waived_until=step.waived_until,
    )


def named_facts(clearance: Clearance) -> list[StepFacts]:
    """Every step of a clearance with its name, in order; read it with its steps fetched."""
    known = rules_of(clearance)
    names = {code: str(each.label) for code, each in known.requirements.items()} if known else {}
    ordered = sorted(clearance.steps.all(), key=lambda step: (step.position, step.pk))
    return [facts(step, names.get(step.requirement, step.requirement)) for step in ordered]


def standing(clearance: Clearance) -> rules.Standing:
    """A stored clearance as the rules take it; the stored range ends the day after the last one."""
    if clearance.valid is None:
        return rules.Standing(status=clearance.status)
    return rules.Standing(
        status=clearance.status,
        first=clearance.valid.lower,
        until=clearance.last_day,
        grace=clearance.grace_days if clearance.renewal_asked_on else 0,
        steps=tuple(named_facts(clearance)),
    )


def fresh(clearance: Clearance, asked: Iterable[Requirement], *, due_on: dt.date | None = None) -> list[Step]:
    """Unsaved steps for requirements; what the visitor has shown elsewhere in the jurisdiction is taken along."""
    shown = _shown_elsewhere(clearance)
    made = []
    for position, each in enumerate(asked):
        step = Step(
            clearance=clearance,
            requirement=each.code,
            stage=each.stage,
            position=position,
            grace_days=each.grace_days,
            due_on=due_on,
        )
        other = shown.get(each.code) if each.everywhere else None
        if other is not None:
            step.done_on, step.until = other.done_on, other.until
            step.decided_by, step.authority = other.decided_by, other.authority
        made.append(step)
    return made


def alike(step: Step) -> list[Step]:
    """The same requirement in the visitor's other open clearances of the jurisdiction, locked."""
    rows = Step.objects.select_for_update(of=("self",)).filter(
        clearance__visitor=step.clearance.visitor_id,
        clearance__status__in=rules.OPEN,
        clearance__facility__jurisdiction=step.clearance.facility.jurisdiction,
        requirement=step.requirement,
    )
    return list(rows.exclude(pk=step.pk).order_by("pk"))


def _shown_elsewhere(clearance: Clearance) -> dict[str, Step]:
    rows = Step.objects.filter(
        clearance__visitor=clearance.visitor_id,
        clearance__facility__jurisdiction=clearance.facility.jurisdiction,
        done_on__isnull=False,
    ).exclude(clearance=clearance.pk)
    today = clearance.facility.today()
    found: dict[str, Step] = {}
    for row in rows.order_by("done_on", "pk"):
        if row.until is None or row.until >= today:
            found[row.requirement] = row
    return found
