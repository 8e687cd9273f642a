"""Three studies whose truth is known, because their people are invented; and one that is real.

In all three, people who would have done well anyway sign up more often, so that a plain comparison makes every
program look like a great success. The true effects are 3 of 100 fewer, none, and 2 of 100 more; the studies are
run here by the same engine and the same plan as any other, and the page of each says what it found. The real one
is the work program of 1,445 men released in North Carolina in 1977-78: its stored report, without its people.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from throughgate.demo.making import Build, at, save
from throughgate.outcomes import files, publishing
from throughgate.outcomes.models import (
    Basis,
    Publication,
    PublicationKind,
    RunState,
    Study,
    StudyFile,
    StudyRun,
    StudyVersion,
)
from throughgate.policies import queries as policies
from throughgate.policies.worth import cost_section
from throughgate.programs.models import Program

REAL = Path(__file__).parent / "data" / "work-program.json"
PEOPLE = 24_000
LEAST = 4_000  # in a small demonstration, where no verdict is promised
JURISDICTION = "US-HB"
EVALUATOR, PUBLISHER = "Noor Castellan", "Louise Hargrove"
MEASURE = "reincarceration_36"
WINDOW = 36
FOLLOWED = (40, 84)  # months that people could be followed, from the youngest release to the oldest


@dataclass(frozen=True)
class Truth:
    """One invented program: what it really does to the share that returns, and its words in both languages."""

    program: str
    effect: float
    words: str
    words_es: str
    cost: str


TRUTHS = (
    Truth("Thinking for a change of course", -0.03, "the course Thinking for a change of course",
          "el curso Pensar para cambiar de rumbo", "workshop"),
    Truth("Money that lasts", 0.0, "the workshop Money that lasts", "el taller Dinero que alcanza", "workshop"),
    Truth("Digital basics", 0.02, "the course Digital basics", "el curso Computación básica", "course"),
)  # fmt: skip


def make(build: Build) -> None:
    """Write the studies, their runs and what of them is public."""
    from throughgate.demo.truth import people  # noqa: PLC0415 - numpy, for the demonstration only

    for number, truth in enumerate(TRUTHS):
        invented = people(
            truth.effect, seed=build.seed + number, people=build.count(PEOPLE, least=LEAST), followed=FOLLOWED
        )
        run = _study(build, truth, invented, number)
        _publish(build, truth, run)
    _real(build)


def definition(truth: Truth) -> dict[str, Any]:
    """The plan of an invented study, as a study file holds it."""
    from throughgate.engines.impact.measures import catalogue  # noqa: PLC0415

    measure = catalogue()[MEASURE]
    pack = policies.costs(JURISDICTION, dt.date(2026, 1, 1))
    facts = ("age", "earlier_convictions", "days_inside", "asked_on_arrival", "has_diploma")
    return {
        "study": {
            "title": f"{truth.program}: does it help people stay free? (invented)",
            "program": truth.words,
            "event": f"returned to prison within {WINDOW} months",
            "measure": measure.sentence(),
            "window": WINDOW,
            "unit": "month",
            "margin_points": 3,
            "plausible_points": 13,
            "supervision_adjusted": True,
            "counts_technical": True,
            "subgroups": ["sex", "age_group"],
            "notes": ["The people and their records are invented for the demonstration."],
        },
        "trial": {
            "eligibility": "everybody released from the four facilities after at least 90 days in custody",
            "time_zero": "release",
            "strategy": "began the program during the stay, whether or not they stayed in it",
            "compared_with": "the usual services",
            "outcome": f"return to prison within {WINDOW} months of release",
            "estimand": "ATT",
            "arm": "started",
            "place": "inside",
        },
        "columns": {
            "person": {"kind": "text", "required": True},
            "took_part": {"kind": "bool", "required": True},
            "month": {"kind": "int", "required": True},
            "returned": {"kind": "bool", "required": True},
            "followed": {"kind": "int", "required": True},
            "covered": {"kind": "bool", "required": True},
            "supervised": {"kind": "bool", "required": True},
            "new_crime": {"kind": "bool", "required": True},
            **{name: {"kind": "float"} for name in facts},
            "sex": {"kind": "text"},
            "age_group": {"kind": "text"},
        },
        "roles": {
            "person": "person",
            "treated": "took_part",
            "time": "month",
            "event": "returned",
            "available": "followed",
            "covered": "covered",
            "supervised": "supervised",
            "new_crime": "new_crime",
        },
        "covariates": {name: {"measured": "before"} for name in (*facts, "supervised")},
        "costs": cost_section(pack, pack.data.programs[truth.cost].per_participant),
    }


def _study(build: Build, truth: Truth, invented: Any, number: int) -> StudyRun:
    """Write the file of an invented study and take it through plan, registration and run."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - the demonstration is built once

    from throughgate.engines.impact import report, study  # noqa: PLC0415
    from throughgate.engines.impact.registration import Standing, file_hash  # noqa: PLC0415
    from throughgate.outcomes.actions.publications import keep_selection  # noqa: PLC0415

    plan = study.plan(definition(truth))
    file = StudyFile(
        code=build.code(),
        file_name=f"releases-{number + 1}-invented.parquet",
        ending=".parquet",
        given_by=EVALUATOR,
    )
    path = files.data_file(file.code, file.ending)
    pq.write_table(invented, path)
    planned = at(build.day(-60 + 4 * number), dt.time(10, 20))
    result = study.run(plan, path, now=planned + dt.timedelta(days=2))
    standing = Standing(planned.date().isoformat(), True, 1, True)
    source = _with(result.provenance, standing=standing, plan=plan.hash)
    data = {**json.loads(report.as_json(result.analysis, source)), "labels": ["invented"]}
    owner = Study(
        code=build.code(),
        title=plan.spec.title,
        program=Program.objects.filter(name=truth.program).first(),
        basis=Basis.FILE,
        made_by=EVALUATOR,
        facility_ids=_facilities(build),
    )
    run = _written(build, owner, plan.facts, data, planned)
    file.study, file.digest, file.size = owner, file_hash(path), path.stat().st_size
    file.headings = list(invented.column_names)
    file.reading = {"rows": result.reading.rows, "taken": invented.num_rows, "refused_rows": 0, "refused": []}
    save([file])
    keep_selection(run=run, people=study.to_people(plan, result.reading), space=f"file {file.digest[:40]}")
    return run


def _facilities(build: Build) -> list[int]:
    return sorted(each.pk for each in build.places.facilities.values())


def _with(source: Any, **changes: Any) -> Any:
    from dataclasses import replace  # noqa: PLC0415

    return replace(source, **changes)


def _written(build: Build, owner: Study, plan: Any, data: dict[str, Any], planned: dt.datetime) -> StudyRun:
    """A study with one registered plan and one finished run."""
    plan_hash = data["provenance"]["plan"]
    save([owner])
    version = StudyVersion(
        study=owner,
        number=1,
        definition=dict(plan),
        sha256=plan_hash,
        made_by=EVALUATOR,
        registered_at=planned,
        registered_by=EVALUATOR,
        check_result=_told(data),
        checked_at=planned,
        recorded_at=planned,
    )
    save([version])
    verdict = data["verdict"]
    run = StudyRun(
        code=build.code(),
        study=owner,
        version=version,
        number=1,
        state=RunState.DONE,
        data_digest=data["provenance"]["data"],
        plan_hash=plan_hash,
        code_version=data["provenance"]["code"],
        detectable=data["minimum_detectable"],
        answer=verdict["answer"],
        sentence=verdict["sentence"],
        guards=[
            {"guard": g, "reason": r} for g, r in zip(verdict["guards"], verdict["reasons"], strict=True)
        ],
        result=data,
        asked_by=EVALUATOR,
        started_at=planned + dt.timedelta(days=2),
        finished_at=planned + dt.timedelta(days=2, seconds=4),
        recorded_at=planned + dt.timedelta(days=2),
    )
    save([run])
    return run


def _told(data: dict[str, Any]) -> dict[str, Any]:
    """What was told before running."""
    last = data["counted"][-1]
    return {
        "participants": last["participants"],
        "comparison": last["people"] - last["participants"],
        "detectable": data["minimum_detectable"],
        "plausible": data["plausible"],
        "margin": data["margin"],
        "findings": [each for each in data["findings"] if each["level"] != "note"],
        "steps": data["counted"],
        "event": data["event"],
        "measure": data["measure"],
        "notes": data["notes"],
    }


def _publish(build: Build, truth: Truth, run: StudyRun) -> None:
    """The public page of an invented study, through the same disclosure control as any other."""
    words = {
        "en": {
            "title": f"{truth.program} (invented)",
            "program": truth.words,
            "event": f"returned to prison within {WINDOW} months",
            "compared_with": "the usual services",
        },
        "es": {
            "title": f"{truth.words_es[0].upper()}{truth.words_es[1:]} (inventado)",
            "program": truth.words_es,
            "event": f"volvieron a prisión en {WINDOW} meses",
            "compared_with": "los servicios habituales",
        },
    }
    pack = policies.publishing(JURISDICTION, build.today)
    standing = run.result["provenance"]["standing"]
    content = publishing.content(
        run.result,
        words,
        pack.data,
        standing={
            "registered": standing["registered"],
            "before_first_run": standing["before_first_run"],
            "runs": standing["runs"],
        },
    )
    publication = Publication(
        code=build.code(),
        kind=PublicationKind.STUDY,
        run=run,
        title=words["en"]["title"],
        content={**content, "rules": pack.cite},
        published_by=PUBLISHER,
        recorded_at=run.recorded_at + dt.timedelta(days=9),
    )
    save([publication])


def _real(build: Build) -> None:
    """The real example, from its stored report."""
    stored = json.loads(REAL.read_text(encoding="utf-8"))
    data = stored["report"]
    owner = Study(
        code=build.code(),
        title=data["title"],
        basis=Basis.FILE,
        made_by=EVALUATOR,
        facility_ids=_facilities(build),
    )
    planned = at(build.day(-75), dt.time(9, 40))
    data["provenance"]["standing"] = {
        "registered": planned.date().isoformat(), "before_first_run": True, "runs": 1, "same_plan": True,
    }  # fmt: skip
    _written(build, owner, stored["plan"], data, planned)
