"""A study file (TOML) and its data, from reading to report.

The study file describes the question, the columns and the gates; it is the plan that gets registered.
`docs/impact.md` shows one in full. Every mistake in it is answered with the key and what to write.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import registration, report
from .analysis import analyse, foresee
from .benefit_cost import CostTable
from .design import Card, Finding, Level
from .errors import StudyError
from .provenance import Provenance
from .readers import Column, Reading, read
from .spec import Analysis, Foresight, People, Spec

Progress = Callable[[str, float], None]

STUDY_KEYS = {"title", "program", "event", "measure", "window", "unit", "margin_points", "plausible_points"}
STUDY_KEYS |= {"subgroups", "counts_technical", "supervision_adjusted", "submitted", "linked", "notes"}
STUDY_KEYS |= {"negative_control"}
ROLE_KEYS = {
    "person",
    "treated",
    "time",
    "event",
    "departed",
    "available",
    "started",
    "covered",
    "supervised",
}
ROLE_KEYS |= {"offense_time", "new_crime", "negative_control"}
CARD_KEYS = {
    "eligibility",
    "time_zero",
    "strategy",
    "compared_with",
    "outcome",
    "estimand",
    "arm",
    "place",
    "landmark",
}
SECTIONS = {"study", "trial", "columns", "roles", "covariates", "costs", "linkage"}


@dataclass(frozen=True)
class Plan:
    """A study file read and checked: the agreed spec, how to read columns, which one plays which role."""

    spec: Spec
    columns: tuple[Column, ...]
    roles: Mapping[str, str]
    facts: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """The hash that is registered."""
        return registration.plan_hash(self.facts)


@dataclass(frozen=True)
class Result:
    """A finished study: the analysis, what reading gave, where it comes from."""

    analysis: Analysis
    reading: Reading
    provenance: Provenance


def load(path: Path) -> Plan:
    """Read a study file. Raises StudyError naming the key that is missing, unknown or wrong."""
    if not path.exists():
        raise StudyError(f"There is no study file {path.name}.")
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as problem:
        raise StudyError(f"{path.name} is not valid TOML: {problem}.") from None
    return plan(facts)


def plan(facts: Mapping[str, Any]) -> Plan:
    """Check a study given as plain data (what the TOML holds, or what a page collected)."""
    _known("the study file", facts, SECTIONS)
    study = _section(facts, "study")
    roles = dict(_section(facts, "roles"))
    covariates = _section(facts, "covariates")
    _known("[study]", study, STUDY_KEYS)
    _known("[roles]", roles, ROLE_KEYS)
    for key in ("title", "program", "event", "measure", "window"):
        if key not in study:
            raise StudyError(f"[study] needs {key}.")
    for key in ("treated", "time", "event"):
        if key not in roles:
            raise StudyError(f"[roles] needs {key}: the name of the column that holds it.")
    trial = dict(_section(facts, "trial"))
    _known("[trial]", trial, CARD_KEYS)
    columns = tuple(Column.from_dict(name, c) for name, c in _section(facts, "columns").items())
    named = {c.name for c in columns}
    used = set(roles.values()) | set(covariates) | set(study.get("subgroups", ()))
    if missing := sorted(used - named):
        raise StudyError(
            f"Describe the column {', '.join(missing)} under [columns]; it is used but not described."
        )
    spec = Spec(
        title=str(study["title"]),
        program=str(study["program"]),
        event=str(study["event"]),
        measure=str(study["measure"]),
        window=_positive(study["window"], "[study] window"),
        card=Card(**trial),
        timing=_timing(covariates),
        unit=str(study.get("unit", "day")),
        margin=float(study.get("margin_points", 3.0)) / 100,
        plausible=float(study.get("plausible_points", 13.0)) / 100,
        subgroups=tuple(study.get("subgroups", ())),
        counts_technical=bool(study.get("counts_technical", False)),
        supervision_adjusted=bool(study.get("supervision_adjusted", False)),
        submitted=study.get("submitted"),
        linked=study.get("linked"),
        negative_control=str(study.get("negative_control", "")),
        costs=CostTable.from_dict(facts["costs"]) if "costs" in facts else None,
        notes=(*study.get("notes", ()), *_linkage(facts)),
    )
    if spec.unit not in ("day", "month"):
        raise StudyError('[study] unit must be "day" or "month".')
    if not 0 < spec.margin < 0.5:
        raise StudyError(
            "[study] margin_points is the smallest difference that matters, between 0 and 50 points."
        )
    return Plan(spec, columns, roles, facts)


def _linkage(facts: Mapping[str, Any]) -> list[str]:
    """How well the roster was found in the records, as a note of the report."""
    if "linkage" not in facts:
        return []
    link = _section(facts, "linkage")
    _known("[linkage]", link, {"method", "wrong_percent", "missed_percent"})
    try:
        wrong, missed = float(link["wrong_percent"]), float(link["missed_percent"])
        method = str(link["method"])
    except KeyError as missing:
        raise StudyError(f"[linkage] needs {missing.args[0]}.") from None
    return [
        f"The roster was found in the records by {method}: about {wrong:g} in 100 links may be wrong, which pulls "
        f"the two groups toward each other, and about {missed:g} in 100 people were missed."
    ]


def _section(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = facts.get(name, {})
    if not isinstance(section, Mapping):
        raise StudyError(f"[{name}] must be a section of the study file.")
    if not section and name in ("study", "roles", "columns", "covariates"):
        raise StudyError(f"The study file needs a section [{name}].")
    return section


def _known(where: str, facts: Mapping[str, Any], known: set[str]) -> None:
    if extra := sorted(set(facts) - known):
        raise StudyError(
            f"{where} has an unknown key {', '.join(extra)}; it may have {', '.join(sorted(known))}."
        )


def _positive(value: Any, where: str) -> int:
    if not isinstance(value, int) or value < 1:
        raise StudyError(f"{where} must be a whole number above 0.")
    return value


def _timing(covariates: Mapping[str, Any]) -> dict[str, str]:
    """Covariate -> when it was measured; an added shape ("log" is log(1 + x)) is as old as its covariate."""
    out = {}
    for name, facts in covariates.items():
        if not isinstance(facts, Mapping) or "measured" not in facts:
            raise StudyError(f'[covariates] {name} must say when it was measured: {{ measured = "before" }}.')
        _known(f"[covariates] {name}", facts, {"measured", "also"})
        out[name] = str(facts["measured"])
        for shape in facts.get("also", ()):
            if shape not in ("log", "square"):
                raise StudyError(f'[covariates] {name}: also may list "log" and "square", not {shape!r}.')
            out[f"{shape} of {name}"] = out[name]
    return out


def to_people(plan: Plan, reading: Reading) -> People:
    """Turn the rows read into arrays. Raises StudyError when a role's column cannot play it."""
    table, roles = reading.table, plan.roles

    def numbers(role: str) -> NDArray[np.float64] | None:
        return _numbers(table, roles[role]) if role in roles else None

    def flags(role: str) -> NDArray[np.bool_] | None:
        values = numbers(role)
        return None if values is None else _flags(values, roles[role])

    treated, event = flags("treated"), flags("event")
    time = _whole(_numbers(table, roles["time"]), roles["time"])
    if treated is None or event is None:
        raise StudyError("[roles] needs treated and event.")
    departed = flags("departed")
    cause = event.astype(np.int64)
    if departed is not None:
        cause = np.where(~event & departed, 2, cause)
    n = table.num_rows
    person = _text(table, roles["person"]) if "person" in roles else np.arange(n).astype(str)
    return People(
        person=person,
        treated=treated,
        time=time,
        cause=cause,
        covariates=_covariates(plan, table),
        available=numbers("available"),
        started=numbers("started"),
        covered=flags("covered"),
        supervised=flags("supervised"),
        offense_time=numbers("offense_time"),
        new_crime=flags("new_crime"),
        control_outcome=numbers("negative_control"),
        groups={g: _text(table, g) for g in plan.spec.subgroups},
    )


def _covariates(plan: Plan, table: Any) -> dict[str, NDArray[np.float64]]:
    out = {}
    for name, facts in plan.facts["covariates"].items():
        values = out[name] = _numbers(table, name)
        for shape in facts.get("also", ()):
            if shape == "log" and np.nanmin(values) < 0:
                raise StudyError(f"[covariates] {name} has values below 0, so its logarithm does not exist.")
            out[f"{shape} of {name}"] = np.log1p(values) if shape == "log" else values**2
    return out


def _numbers(table: Any, name: str) -> NDArray[np.float64]:
    import pyarrow as pa  # noqa: PLC0415

    column = table[name]
    if pa.types.is_string(column.type) or pa.types.is_date(column.type):
        raise StudyError(
            f'The column {name} must hold numbers or yes/no: give it kind = "int", "float" or "bool".'
        )
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=float)


def _flags(values: NDArray[np.float64], name: str) -> NDArray[np.bool_]:
    if np.isnan(values).any():
        raise StudyError(
            f"The column {name} is empty for some people. Mark it required = true to refuse these rows."
        )
    if not set(np.unique(values)) <= {0.0, 1.0}:
        raise StudyError(f"The column {name} must be yes or no (1 or 0).")
    return np.asarray(values == 1.0)


def _whole(values: NDArray[np.float64], name: str) -> NDArray[np.int64]:
    if np.isnan(values).any() or np.any(values < 0) or np.any(values != np.floor(values)):
        raise StudyError(f"The column {name} must hold whole numbers from 0 up, for everybody.")
    return values.astype(np.int64)


def _text(table: Any, name: str) -> NDArray[np.str_]:
    values = table[name].to_pylist()
    return np.array(["not recorded" if v is None else str(v) for v in values], dtype=str)


def look(plan: Plan, data: Path, *, progress: Progress | None = None) -> tuple[Reading, Foresight]:
    """Read a data file and say what the study could find, without looking at the effect."""
    reading = read(data, plan.columns, progress=progress)
    return reading, foresee(plan.spec, to_people(plan, reading))


def run(
    plan: Plan,
    data: Path,
    *,
    now: datetime,
    log: Path | None = None,
    progress: Progress | None = None,
    before: Callable[[Foresight], None] | None = None,
) -> Result:
    """Run a study on a data file. `now` dates the report; `log` is the run log that shows re-running;
    `before` is told what the study could find before anything is compared."""
    reading = read(data, plan.columns, progress=progress)
    people = to_people(plan, reading)
    if before is not None:
        before(foresee(plan.spec, people))
    analysis = analyse(plan.spec, people, progress=progress)
    if plan.spec.costs and (old := plan.spec.costs.age_warning(now.year)):
        analysis = _with_finding(analysis, Finding("old_costs", Level.WARN, old))
    fingerprint, code = registration.file_hash(data), registration.code_hash()
    standing = None
    if log is not None:
        registration.append(
            log,
            "run",
            at=now,
            plan=plan.hash,
            data=fingerprint,
            code=code,
            answer=str(analysis.verdict.answer),
        )
        standing = registration.standing(log, plan.hash)
    made = f"{now.day} {now:%b %Y}"
    provenance = Provenance(made, fingerprint, plan.hash, code, standing, reading.refused_rows)
    return Result(analysis, reading, provenance)


def _with_finding(analysis: Analysis, finding: Finding) -> Analysis:
    from dataclasses import replace  # noqa: PLC0415

    return replace(analysis, findings=(*analysis.findings, finding))


def write(result: Result, folder: Path) -> list[Path]:
    """Write report.html, public.html, report.json and cube.parquet into a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    a, source = result.analysis, result.provenance
    texts = {
        "report.html": report.as_html(a, source),
        "public.html": report.as_html(a, source, public=True),
        "report.json": report.as_json(a, source),
    }
    written = []
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    if a.cube is not None:
        a.cube.write(folder / "cube.parquet")
        written.append(folder / "cube.parquet")
    return written
