"""Studies with their plans and runs, as the actor may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from throughgate.engines.impact.design import CHOICES
from throughgate.outcomes import files
from throughgate.outcomes.models import (
    Publication,
    PublicationKind,
    RunState,
    Study,
    StudyFile,
    StudyRun,
    StudyVersion,
)


@dataclass(frozen=True)
class StudyPage:
    """A study with everything that its page shows. ``files`` are seen by those who evaluate it alone."""

    study: Study
    version: StudyVersion
    versions: list[StudyVersion]
    runs: list[StudyRun]
    files: list[StudyFile]

    @property
    def registered(self) -> StudyVersion | None:
        """The first plan that was registered."""
        known = [each for each in self.versions if each.registered_at is not None]
        return min(known, key=lambda each: each.registered_at or each.recorded_at, default=None)

    @property
    def latest(self) -> StudyRun | None:
        """The newest finished run."""
        return next((each for each in self.runs if each.state == RunState.DONE), None)

    @property
    def going_on(self) -> StudyRun | None:
        """The run that is waiting or running."""
        return next((each for each in self.runs if each.state in (RunState.WAITING, RunState.RUNNING)), None)


def studies(*, archived: bool = False) -> QuerySet[Study]:
    """Studies, newest first, with ``run_count``, ``answer`` and ``sentence`` of the newest finished run."""
    done = StudyRun.objects.filter(study=OuterRef("pk"), state=RunState.DONE).order_by("-number")
    return (
        Study.objects.filter(archived_at__isnull=not archived)
        .select_related("program")
        .annotate(
            run_count=Count("runs"),
            answer=Subquery(done.values("answer")[:1]),
            sentence=Subquery(done.values("sentence")[:1]),
        )
        .order_by("-id")
    )


def study(code: str) -> StudyPage | None:
    """A study by its code, or None when the actor may not see it."""
    found = Study.objects.select_related("program").filter(code=code).first()
    if found is None:
        return None
    versions = list(found.versions.select_related("work").order_by("-number"))
    return StudyPage(
        found,
        versions[0],
        versions,
        list(found.runs.select_related("version", "work").order_by("-number")),
        list(found.files.order_by("-id")),
    )


def run(code: str) -> StudyRun | None:
    """A run by its code, with its study, plan and progress."""
    return StudyRun.objects.select_related("study__program", "version", "work").filter(code=code).first()


def run_file(run: StudyRun, name: str) -> Path | None:
    """The path of a file of a run (report.html, public.html, report.json, cube.parquet), or None."""
    return files.run_file(run.code, name)


def latest_results() -> list[StudyRun]:
    """The newest finished run of every study that is not put away: what a portfolio is made of."""
    newest = (
        StudyRun.objects.filter(study=OuterRef("study"), state=RunState.DONE)
        .order_by("-number")
        .values("pk")[:1]
    )
    return list(
        StudyRun.objects.filter(Q(pk=Subquery(newest)), study__archived_at__isnull=True)
        .select_related("study__program", "version")
        .order_by("study__title", "id")
    )


def card_choices() -> Mapping[str, tuple[str, ...]]:
    """The lines of the target-trial card that are choices, with what they may be."""
    return CHOICES


def publications(kind: str = PublicationKind.STUDY) -> QuerySet[Publication]:
    """What everybody may read, newest first."""
    return Publication.objects.filter(kind=kind, withdrawn_at__isnull=True).order_by("-id")


def publication(code: str) -> Publication | None:
    """One published page by its code."""
    return Publication.objects.filter(code=code, withdrawn_at__isnull=True).first()
