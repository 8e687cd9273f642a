"""Running studies: data in, the engine, results out. In the worker only; every step may be run again.

A run whose worker was killed starts over: what it left lies in a folder that no run points to, and the run
itself is written once, at the end.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience, Context
from throughgate.base.works.models import Work
from throughgate.engines.impact import registration, study
from throughgate.engines.impact.errors import StudyError
from throughgate.engines.impact.registration import Standing
from throughgate.engines.impact.spec import Foresight
from throughgate.outcomes import files, rules
from throughgate.outcomes.actions.publications import keep_selection, space_of
from throughgate.outcomes.errors import answering
from throughgate.outcomes.models import Basis, RunState, Study, StudyFile, StudyRun, StudyVersion
from throughgate.outcomes.queries import people
from throughgate.outcomes.queries.linkage import linkage_facts

Progress = Callable[[str, float], None]
EVERY_SECONDS = 0.5


@contextmanager
def acting(purpose: str, work: Work | None = None) -> Iterator[None]:
    """One transaction of the system for the one who asked; the audit names both."""
    membership = work.membership_id if work else None
    with scope.enter(Context(audience=Audience.JOB, membership_id=membership, purpose=purpose)):
        yield


def telling(work: Work | None, purpose: str) -> Progress:
    """A progress function that moves a work's mark, at most twice a second."""
    last = 0.0

    def tell(what: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if work is None or (now - last < EVERY_SECONDS and share < 1):
            return
        last = now
        with acting(purpose, work):
            Work.objects.filter(pk=work.pk).update(done=round(share * 100), total=100)

    return tell


def _mark(work: Work | None, **given: object) -> None:
    if work is not None:
        Work.objects.filter(pk=work.pk).update(**given)


# --- data ---


@contextmanager
def data_of(version: StudyVersion, purpose: str) -> Iterator[tuple[study.Plan, Path]]:
    """The plan as the engine takes it, and its data file. People's rows are gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="throughgate-study-") as folder:
        if version.study.basis == Basis.LIVE:
            yield _live(version, Path(folder), purpose)
        else:
            yield _file(version, purpose)


def _file(version: StudyVersion, purpose: str) -> tuple[study.Plan, Path]:
    with acting(purpose):
        newest = (
            StudyFile.objects.filter(study=version.study, removed_at__isnull=True).order_by("-id").first()
        )
    path = files.data_file(newest.code, newest.ending) if newest else None
    if path is None or not path.is_file():
        raise Refused(
            Reason("no_file", _("The study has no data file."), _("Hand one in first."), field="file")
        )
    with answering():
        return study.plan(version.definition), path


def _live(version: StudyVersion, folder: Path, purpose: str) -> tuple[study.Plan, Path]:
    import pyarrow as pa  # noqa: PLC0415 - only the worker comes here
    import pyarrow.parquet as pq  # noqa: PLC0415

    with acting(purpose), answering():
        table = people.table_of(version.definition, version.study.facility_ids)
        facts = rules.compiled(version.definition, window=table.window, known=table.known)
        roster = rules.cohort_of(version.definition).roster
        if roster:
            _carry_linkage(facts, roster)
    facts["study"]["notes"] = [*facts["study"].get("notes", ()), *table.notes()]
    path = folder / "people.parquet"
    pq.write_table(pa.table({name: table.columns[name] for name in sorted(table.known)}), path)
    with answering():
        return study.plan(facts), path


def _carry_linkage(facts: dict[str, Any], roster: str) -> None:
    quality = linkage_facts(roster)
    facts["linkage"] = quality["linkage"]
    facts["study"] |= {"submitted": quality["submitted"], "linked": quality["linked"]}


def digest_of(path: Path) -> str:
    """SHA-256 of a data file."""
    return registration.file_hash(path)


# --- before running ---


def check(version_id: int) -> StudyVersion:
    """Say what a plan could find on the data as it is now. Safe to repeat."""
    purpose = f"check study version {version_id}"
    with scope.system(purpose):
        version = StudyVersion.objects.select_related("study", "work").get(pk=version_id)
        _mark(version.work, state=Work.State.RUNNING, started_at=timezone.now(), done=0, total=100)
    try:
        with data_of(version, purpose) as (plan, path), answering():
            reading, seen = study.look(plan, path, progress=telling(version.work, purpose))
            result = _told(seen, plan, reading, digest_of(path))
    except Refused as refused:
        result = {"refused": [_plain(each) for each in refused.reasons]}
    with acting(purpose, version.work):
        StudyVersion.objects.filter(pk=version.pk).update(check_result=result, checked_at=timezone.now())
        if version.study.basis == Basis.FILE and "refused" not in result:
            _keep_reading(version.study, reading)
        _mark(version.work, state=Work.State.DONE, finished_at=timezone.now(), done=100)
        version.refresh_from_db()
    return version


def _plain(reason: Reason) -> dict[str, str]:
    return {
        "code": reason.code,
        "text": str(reason.text),
        "remedy": str(reason.remedy),
        "field": reason.field,
    }


def _told(seen: Foresight, plan: study.Plan, reading: Any, digest: str) -> dict[str, Any]:
    return {
        "participants": seen.participants,
        "comparison": seen.comparison,
        "detectable": seen.detectable,
        "plausible": plan.spec.plausible,
        "margin": plan.spec.margin,
        "findings": [
            {"guard": each.guard, "level": str(each.level), "message": each.message, "remedy": each.remedy}
            for each in seen.findings
        ],
        "steps": [
            {"label": each.label, "people": each.people, "participants": each.participants, "why": each.why}
            for each in seen.steps
        ],
        "rows": reading.rows,
        "refused_rows": reading.refused_rows,
        "digest": digest,
        "event": plan.spec.event,
        "measure": plan.spec.measure,
        "notes": list(plan.spec.notes),
    }


def _keep_reading(of: Study, reading: Any) -> None:
    newest = StudyFile.objects.filter(study=of, removed_at__isnull=True).order_by("-id").first()
    if newest is not None:
        newest.reading = {
            "rows": reading.rows,
            "taken": reading.table.num_rows,
            "refused_rows": reading.refused_rows,
            "refused": [
                {"row": each.row, "column": each.column, "value": each.value[:80], "why": each.why}
                for each in reading.refused
            ],
        }
        newest.save(update_fields=["reading"])


def look_at_file(code: str) -> StudyFile:
    """Find the columns of a file that was handed in. Safe to repeat."""
    with scope.system(f"study file {code}"):
        found = StudyFile.objects.get(code=code)
    path = files.data_file(found.code, found.ending)
    headings: list[str] = []
    reading: dict[str, Any] = {}
    try:
        headings = _headings(path)
    except (StudyError, OSError) as problem:
        reading = {"reason": str(problem) if isinstance(problem, StudyError) else _("The file is gone.")}
    with scope.system(f"study file {code}"):
        found.headings, found.reading = headings, reading
        found.save(update_fields=["headings", "reading"])
    return found


def _headings(path: Path) -> list[str]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    if path.suffix == ".parquet":
        try:
            return [str(name) for name in pq.read_schema(path).names]
        except pa.ArrowInvalid:
            raise StudyError("The file ends in .parquet but is none. Export it again.") from None
    if path.suffix in (".csv", ".tsv"):
        with path.open(encoding="utf-8-sig", errors="replace") as source:
            first = source.readline()[:20000]
        return [
            name.strip().strip('"')
            for name in first.rstrip("\r\n").split("\t" if path.suffix == ".tsv" else ",")
        ]
    return []


# --- running ---


def run(code: str) -> StudyRun:
    """Run a study. Starts over when it was broken off; does nothing when it is done."""
    purpose = f"study run {code}"
    with scope.system(purpose):
        found = StudyRun.objects.select_related("study", "version__study", "work").get(code=code)
        if found.state in (RunState.DONE, RunState.FAILED):
            return found
        StudyRun.objects.filter(pk=found.pk).update(state=RunState.RUNNING, started_at=timezone.now())
        _mark(found.work, state=Work.State.RUNNING, started_at=timezone.now(), done=0, total=100)
        standing = standing_of(found)
    try:
        with data_of(found.version, purpose) as (plan, path), answering():
            result = study.run(
                plan,
                path,
                now=timezone.localtime(),
                progress=telling(found.work, purpose),
                before=lambda seen: _foretell(found, seen, purpose),
            )
    except Refused as refused:
        return _fail(found, refused, purpose)
    result = replace(
        result, provenance=replace(result.provenance, plan=found.version.sha256, standing=standing)
    )
    listed = _write(result, found.code)
    with acting(purpose, found.work):
        _finish(found, plan, result, listed)
        _mark(found.work, state=Work.State.DONE, finished_at=timezone.now(), done=100)
    return found


def standing_of(of: StudyRun) -> Standing:
    """What the record of plans and runs says about a run: registered when, before the first run, how many."""
    registered = (
        StudyVersion.objects.filter(study=of.study_id, registered_at__isnull=False)
        .order_by("registered_at")
        .first()
    )
    runs = StudyRun.objects.filter(study=of.study_id, number__lte=of.number).order_by("number")
    first = runs.first()
    if registered is None or registered.registered_at is None:
        return Standing("", False, runs.count(), False)
    same = StudyVersion.objects.filter(
        study=of.study_id, registered_at__isnull=False, sha256=of.plan_hash
    ).exists()
    before = first is None or registered.registered_at <= first.recorded_at
    return Standing(registered.registered_at.date().isoformat(), before, runs.count(), same)


def _foretell(found: StudyRun, seen: Foresight, purpose: str) -> None:
    """Write down what the run could find before it is known what it finds."""
    with acting(purpose, found.work):
        StudyRun.objects.filter(pk=found.pk).update(detectable=seen.detectable)


def _fail(found: StudyRun, refused: Refused, purpose: str) -> StudyRun:
    with acting(purpose, found.work):
        found.state, found.finished_at = RunState.FAILED, timezone.now()
        found.reason = " ".join(f"{each.text} {each.remedy}".strip() for each in refused.reasons)
        found.save(update_fields=["state", "finished_at", "reason"])
        _mark(found.work, state=Work.State.FAILED, reason=found.reason, finished_at=timezone.now())
    return found


def _write(result: study.Result, code: str) -> list[dict[str, Any]]:
    """Write the reports into the run's folder, whole or not at all."""
    folder = files.run_folder(code)
    half = folder.with_name(f"{folder.name}.half")
    for stale in (half, folder):
        shutil.rmtree(stale, ignore_errors=True)
    written = study.write(result, half)
    listed = [
        {"name": path.name, "bytes": path.stat().st_size, "sha256": registration.file_hash(path)}
        for path in written
    ]
    os.replace(half, folder)
    return listed


def _finish(found: StudyRun, plan: study.Plan, result: study.Result, listed: list[dict[str, Any]]) -> None:
    verdict, source = result.analysis.verdict, result.provenance
    text = (files.run_folder(found.code) / "report.json").read_text(encoding="utf-8")
    found.state, found.finished_at = RunState.DONE, timezone.now()
    found.data_digest, found.code_version = source.data, source.code
    found.detectable = result.analysis.detectable
    found.answer, found.sentence = str(verdict.answer), verdict.sentence
    found.guards = [
        {"guard": guard, "reason": reason}
        for guard, reason in zip(verdict.guards, verdict.reasons, strict=False)
    ]
    found.result, found.files = _finite(json.loads(text)), listed
    found.linkage = dict(plan.facts.get("linkage", {}))
    found.refused_rows = result.reading.refused_rows
    found.save()
    # Whom a result is about must be known when it is published, and is known only while the rows are here.
    everybody = study.to_people(plan, result.reading)
    keep_selection(run=found, people=everybody, space=space_of(found.study.basis, plan.facts, source.data))


def _finite(value: Any) -> Any:
    """Plain data that the database can hold: a number that is none becomes null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return value
