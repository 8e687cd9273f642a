"""Defining, registering and running studies. The order is the point: plan, register, look, run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Forbidden, Reason, Refused
from throughgate.base.jobs import enqueue
from throughgate.base.works.models import Work
from throughgate.outcomes import jobs, rules
from throughgate.outcomes.errors import answering
from throughgate.outcomes.models import (
    Basis,
    RunState,
    Study,
    StudyRun,
    StudyVersion,
)
from throughgate.places.models import Facility
from throughgate.programs.models import Program


def definition_from_toml(text: str) -> dict[str, Any]:
    """A plan written as a study file (TOML). Refuses what is no TOML, naming the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise Refused(
            Reason("toml", _("This is no valid study file: %(why)s.") % {"why": problem}, field="plan")
        ) from None


def require(by: Actor, study: Study | None = None) -> None:
    """Who evaluates may; a study only who works in every facility that it looks at."""
    by.require(Permission.EVALUATE)
    if study is not None and not by.is_system and not set(study.facility_ids) <= by.facility_ids:
        raise Forbidden(
            _("%(name)s does not work in every facility of this study.") % {"name": by.name},
            Permission.EVALUATE.value,
        )


@transaction.atomic
def define(
    *, by: Actor, title: str, basis: str, definition: Mapping[str, Any], program: Program | None = None
) -> Study:
    """Begin a study with its first plan. Nothing is computed.

    Refuses a plan whose target-trial card is not complete, a covariate measured after time zero, and every
    key that is missing or unknown; all reasons at once. A study of a file may come without [columns] and
    [roles]: they follow with :func:`map_columns`.
    """
    require(by)
    if basis not in Basis.values:
        raise Refused(Reason("basis", _("Say where the people come from."), field="basis"))
    if not title.strip():
        raise Refused(Reason("title", _("Give the study a title."), field="title"))
    plain = _checked(basis, definition)
    facilities = (
        list(Facility.objects.order_by("id").values_list("id", flat=True))
        if by.is_system
        else sorted(by.facility_ids)
    )
    study = Study.objects.create(
        title=title.strip()[:200], program=program, basis=basis, made_by=by.name, facility_ids=facilities
    )
    _version(by, study, plain)
    return study


@transaction.atomic
def revise(*, by: Actor, study: Study, definition: Mapping[str, Any]) -> StudyVersion:
    """Another version of the plan; the earlier ones stay. An equal plan is no new version."""
    require(by, study)
    held = Study.objects.select_for_update().get(pk=study.pk)
    plain = _checked(held.basis, definition)
    newest = held.versions.order_by("-number").first()
    if newest is not None and newest.sha256 == _hash(plain):
        return newest
    return _version(by, held, plain)


def _checked(basis: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    from throughgate.engines.impact import study as engine  # noqa: PLC0415 - numpy loads for work only

    plain: dict[str, Any] = rules.plain(definition)
    reasons = rules.against(plain, basis)
    if reasons:
        raise Refused(reasons)
    with answering():
        if basis == Basis.LIVE:
            engine.plan(rules.compiled(plain, window=1, known=rules.ALL_COLUMNS))
        elif plain.get("columns") or plain.get("roles"):
            engine.plan(plain)
    return plain


def _hash(plain: Mapping[str, Any]) -> str:
    from throughgate.engines.impact.registration import plan_hash  # noqa: PLC0415

    return plan_hash(plain)


def _version(by: Actor, study: Study, plain: dict[str, Any]) -> StudyVersion:
    number = (study.versions.aggregate(most=Max("number"))["most"] or 0) + 1
    return StudyVersion.objects.create(
        study=study, number=number, definition=plain, sha256=_hash(plain), made_by=by.name
    )


def newest(study: Study) -> StudyVersion:
    """The newest plan of a study."""
    return study.versions.select_related("study").order_by("-number")[0]


def _ready(study: Study) -> StudyVersion:
    version = newest(study)
    if study.basis == Basis.FILE:
        if not version.definition.get("roles"):
            raise Refused(
                Reason(
                    "no_columns", _("Nobody has said yet which column is what."), _("Map the columns first.")
                )
            )
        if not study.files.filter(removed_at__isnull=True).exists():
            raise Refused(Reason("no_file", _("The study has no data file."), _("Hand one in first.")))
    return version


@transaction.atomic
def register(*, by: Actor, study: Study) -> StudyVersion:
    """Register the newest plan: its hash and the moment. Refuses a plan that is registered already, or unfinished.

    It is allowed after a run too, and then the report says so.
    """
    require(by, study)
    version = newest(study)
    if study.basis == Basis.FILE and not version.definition.get("roles"):
        raise Refused(
            Reason("no_columns", _("Nobody has said yet which column is what."), _("Map the columns first."))
        )
    if version.registered_at is not None:
        raise Refused(
            Reason(
                "registered", _("This plan is registered already."), _("Change the plan to register anew.")
            )
        )
    version.registered_at, version.registered_by = timezone.now(), by.name
    version.save(update_fields=["registered_at", "registered_by"])
    return version


def _work(by: Actor, kind: str, label: str) -> Work:
    return Work.objects.create(
        kind=kind, label=label[:200], unit="%", total=100, asked_by=by.name, membership_id=by.membership_id
    )


@transaction.atomic
def check(*, by: Actor, study: Study, later: bool = True) -> StudyVersion:
    """Ask what the plan could find on the data as it is now: people, smallest difference, what stands in the way.

    It is worked out in the background and kept with the plan; no effect is looked at.
    """
    require(by, study)
    version = _ready(study)
    version.work = _work(by, "study check", _("Looking at %(title)s") % {"title": study.title})
    version.save(update_fields=["work"])
    if later:
        enqueue(jobs.check_study, key=f"check study version {version.pk}", version_id=version.pk)
    return version


@transaction.atomic
def run(*, by: Actor, study: Study, later: bool = True) -> StudyRun:
    """Run the newest plan in the background. Every run is counted and none is ever deleted.

    Refuses a plan for which nobody has asked yet what it could find, and a second run while one is going on.
    """
    require(by, study)
    held = Study.objects.select_for_update().get(pk=study.pk)
    version = _ready(held)
    told = version.check_result
    if version.checked_at is None or "refused" in told:
        raise Refused(
            Reason(
                "not_checked",
                _("First look at what this study could find at all."),
                _("It takes a moment and shows the smallest difference so many people can show."),
            )
        )
    going_on = held.runs.filter(state__in=[RunState.WAITING, RunState.RUNNING]).first()
    if going_on is not None:
        raise Refused(Reason("going_on", _("This study is being run."), _("Wait for its end.")))
    number = (held.runs.aggregate(most=Max("number"))["most"] or 0) + 1
    made = StudyRun.objects.create(
        study=held,
        version=version,
        number=number,
        plan_hash=version.sha256,
        detectable=told.get("detectable"),
        asked_by=by.name,
        work=_work(by, "study", _("Running %(title)s") % {"title": held.title}),
    )
    if later:
        enqueue(jobs.run_study, key=f"run study {made.code}", code=made.code)
    return made


@transaction.atomic
def archive(*, by: Actor, study: Study) -> Study:
    """Put a study away: it stays, with all its runs, and is no longer listed first."""
    require(by, study)
    study.archived_at = timezone.now()
    study.save(update_fields=["archived_at"])
    return study
