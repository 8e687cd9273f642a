"""One study from people to verdict: guards first, then the comparison, then the words.

`analyse` computes nothing about the effect while a guard stops it. Time is in the study's unit; a "day"
window is end exclusive, a "month" window counts the month as published (an event in month 36 is inside 36).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from . import design
from .benefit_cost import worth
from .comparison import Comparison, Estimate, compare, e_value, minimum_detectable
from .counting import Cube
from .design import Finding, Level
from .errors import NotFair, StudyError
from .models import cox
from .portfolio import shrink
from .spec import Analysis, ArmCurve, Foresight, People, Spec, Step, Subgroup
from .survival import (
    LogRank,
    aalen_johansen,
    kaplan_meier,
    logrank,
    restricted_mean,
    wilson,
)
from .verdict import Answer, Verdict, decide

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Progress = Callable[[str, float], None]
ARMS = ("took part", "did not")
SMALLEST_SUBGROUP = 60


def analyse(spec: Spec, people: People, *, progress: Progress | None = None) -> Analysis:
    """Run a study. Raises StudyError when the arrays do not fit together; unfair questions do not raise, they
    give the verdict "cannot be answered fairly" with the guard named."""
    tell = progress or (lambda what, share: None)
    _check(spec, people)
    tell("Checking whether the question can be answered", 0.0)
    findings = list(_before(spec, people))
    people, steps, gate = _mature(spec, people)
    findings += gate
    if any(f.level is Level.STOP for f in findings):
        return Analysis(spec, _decide(spec, None, 0, findings), tuple(findings), steps)
    outcome = within(spec, people)
    detectable = _detectable(people, outcome)
    findings += design.too_small_to_see(detectable, spec.plausible)
    tell("Comparing with similar people", 0.3)
    matrix, names, gaps = fill(people.covariates)
    try:
        main = compare(outcome, people.treated, matrix, names)
    except NotFair as problem:
        findings.append(Finding(problem.guard, Level.STOP, str(problem)))
        return Analysis(spec, _decide(spec, None, 0, findings), tuple(findings), steps, detectable)
    findings += [Finding(guard, Level.STOP, why) for guard, why in main.failures]
    complete, flips = _complete_cases(people, outcome, gaps, main)
    findings += flips
    control = _control(people, matrix, names)
    if control is not None and not control.low <= 0 <= control.high:
        findings.append(_control_failed(spec))
    tell("Following people over time", 0.6)
    steps = (*steps, Step("Compared", main.participants + main.comparison, main.participants))
    verdict = _decide(spec, main.primary, main.participants, findings)
    cube, curves, test = _curves(spec, people)
    new, technical = _kinds(spec, people, outcome, matrix, names)
    tell("Done", 1.0)
    answered = verdict.answer is not Answer.UNFAIR
    return Analysis(
        spec=spec,
        verdict=verdict,
        findings=tuple(findings),
        steps=steps,
        detectable=detectable,
        comparison=main,
        complete_cases=complete,
        rates=_rates(outcome, people.treated),
        curves=curves,
        cube=cube,
        test=test,
        hazard_ratio=_hazard_ratio(people, matrix),
        new_crimes=new,
        technical=technical,
        negative_control=control,
        e_value=_sensitivity(main) if answered else None,
        subgroups=_subgroups(spec, people, outcome) if answered else (),
        worth=worth(main.primary, spec.costs) if answered and spec.costs else None,
    )


def foresee(spec: Spec, people: People) -> Foresight:
    """What can be said before any comparison: who would be compared, what stands in the way, and the smallest
    difference that so many people could show. Nothing of the effect is computed."""
    _check(spec, people)
    findings = list(_before(spec, people))
    kept, steps, gate = _mature(spec, people)
    findings += gate
    participants = int(kept.treated.sum())
    others = len(kept.person) - participants
    detectable = None
    if participants and others:
        detectable = _detectable(kept, within(spec, kept))
        findings += design.too_small_to_see(detectable, spec.plausible)
    return Foresight(participants, others, detectable, tuple(findings), steps)


def _check(spec: Spec, people: People) -> None:
    n = len(people.person)
    for name, values in people.__dict__.items():
        parts = values.values() if isinstance(values, dict) else [values]
        if any(isinstance(p, np.ndarray) and len(p) != n for p in parts):
            raise StudyError(f"{name} does not have one value per person ({n} people).")
    if np.any(people.time < 0):
        raise StudyError("Time counts from time zero and cannot be negative. Leave out who left before it.")
    if n == 0:
        raise StudyError("The study has no people. Check the file and the eligibility rules.")
    if set(spec.timing) != set(people.covariates):
        odd = sorted(set(spec.timing) ^ set(people.covariates))
        raise StudyError(f"Say for each covariate when it was measured; unclear for {', '.join(odd)}.")
    missing = [g for g in spec.subgroups if g not in people.groups]
    if missing:
        raise StudyError(f"The declared subgroup {', '.join(missing)} is not in the data.")


def _before(spec: Spec, p: People) -> list[Finding]:
    returned = p.cause == 1
    found = [*design.card_complete(spec.card), *design.completers_only(spec.card)]
    if not p.treated.any() or p.treated.all():
        nobody = "There is nobody to compare with."
        return [*found, Finding("no_comparison", Level.STOP, nobody, "Add people who did not take part.")]
    found += design.immortal_time(spec.card, p.treated, p.started)
    found += design.post_baseline(spec.timing)
    found += design.double_counting(list(p.person), p.treated)
    found += design.coverage(p.covered, p.treated)
    found += design.surveillance(spec.counts_technical, p.supervised, p.treated, spec.supervision_adjusted)
    offense = None if p.offense_time is None else p.offense_time[returned]
    found += design.before_release(p.time[returned].astype(float), offense)
    return found


def _mature(spec: Spec, p: People) -> tuple[People, tuple[Step, ...], list[Finding]]:
    """Keep only people whose whole window was observed, returned or not [T-3], [T-4]."""
    found = design.follow_up(spec.window, p.available, p.time.astype(float), p.cause > 0)
    steps = [Step("Handed in", spec.submitted, spec.submitted)] if spec.submitted else []
    if spec.linked:
        steps.append(Step("Found in the records", spec.linked, spec.linked, "not found under any identifier"))
    steps.append(Step("In the study file", len(p.person), int(p.treated.sum())))
    if p.available is None:
        return p, tuple(steps), found
    keep = p.available >= spec.window
    if keep.all():
        return p, tuple(steps), found
    left = replace(
        found[0], level=Level.NOTE, remedy="They were left out, whether or not they had the event."
    )
    kept = p.take(keep)
    if not kept.treated.any() or kept.treated.all():
        return p, tuple(steps), found
    steps.append(
        Step(
            "Observed for the whole window",
            len(kept.person),
            int(kept.treated.sum()),
            "their window is not over",
        )
    )
    return kept, tuple(steps), [left]


def within(spec: Spec, p: People) -> Floats:
    """1.0 for people with the event inside the window, shape (n,)."""
    inside = p.time < spec.window if spec.unit == "day" else p.time <= spec.window
    return np.asarray((p.cause == 1) & inside, dtype=float)


def fill(covariates: Mapping[str, Floats]) -> tuple[Floats, list[str], Bools]:
    """Covariates without gaps: (matrix (n, q), names, who had a gap (n,)).

    A gap gets the mean of the others and an extra column that says it was a gap, so nobody is dropped.
    """
    columns, names = [], []
    n = len(next(iter(covariates.values()))) if covariates else 0
    gaps = np.zeros(n, dtype=bool)
    for name, values in covariates.items():
        missing = np.isnan(values)
        if missing.all():
            raise StudyError(f"The covariate {name} is empty for everybody. Remove it.")
        columns.append(np.where(missing, values[~missing].mean(), values))
        names.append(name)
        if missing.any():
            columns.append(missing.astype(float))
            names.append(f"{name} not recorded")
            gaps |= missing
    if not columns:
        raise StudyError(
            "Name at least one covariate dated before time zero; otherwise nobody is made similar."
        )
    # Two gap columns that are the same would make the fit impossible; one of them says it all.
    unique: list[int] = []
    for j, column in enumerate(columns):
        if not any(np.array_equal(column, columns[k]) for k in unique):
            unique.append(j)
    return np.column_stack([columns[j] for j in unique]), [names[j] for j in unique], gaps


def _detectable(p: People, outcome: Floats) -> float:
    base = float(np.clip(outcome[~p.treated].mean(), 0.01, 0.99))
    return minimum_detectable(int(p.treated.sum()), int((~p.treated).sum()), base)


def _complete_cases(
    p: People, outcome: Floats, gaps: Bools, main: Comparison
) -> tuple[Comparison | None, list[Finding]]:
    if not gaps.any():
        return None, []
    keep = ~gaps
    q = p.take(keep)
    if min(int(q.treated.sum()), int((~q.treated).sum())) < 10:
        return None, [Finding("missing_data", Level.WARN, "Hardly anybody has a complete record.")]
    matrix = np.column_stack(list(q.covariates.values()))
    try:
        complete = compare(outcome[keep], q.treated, matrix, list(q.covariates))
    except StudyError:
        return None, []
    pairs = [
        ("adjusted difference", main.primary.value, complete.primary.value),
        ("plain difference", main.unadjusted.value, complete.unadjusted.value),
    ]
    return complete, design.missing_flip(pairs)


def _control(p: People, matrix: Floats, names: list[str]) -> Estimate | None:
    if p.control_outcome is None:
        return None
    known = np.isfinite(p.control_outcome)
    return compare(p.control_outcome[known], p.treated[known], matrix[known], names).primary


def _control_failed(spec: Spec) -> Finding:
    return Finding(
        "negative_control",
        Level.STOP,
        f"The groups differ in {spec.negative_control or 'an outcome the program cannot have changed'} even "
        "after being made similar, so something that was not measured still sets them apart.",
        "Look for what is missing from the covariates.",
    )


def _decide(spec: Spec, estimate: Estimate | None, participants: int, findings: list[Finding]) -> Verdict:
    stops = [(f.guard, f.message) for f in findings if f.level is Level.STOP]
    placeholder = Estimate("none", 0.0, 1.0)

    def words(stopped: list[tuple[str, str]]) -> Verdict:
        return decide(
            estimate or placeholder,
            program=spec.program,
            event=spec.event,
            participants=participants,
            margin=spec.margin,
            stops=stopped,
            compared_with=spec.card.compared_with or "usual services",
        )

    verdict = words(stops)
    flips = [(f.guard, f.message) for f in findings if f.guard == "missing_data"]
    if flips and verdict.answer in (Answer.REDUCED, Answer.INCREASED):
        return words(flips)
    return verdict


def _rates(outcome: Floats, treated: Bools) -> tuple[tuple[str, int, int, float, float, float], ...]:
    out = []
    for arm, mask in zip(ARMS, (treated, ~treated), strict=True):
        events, people = int(outcome[mask].sum()), int(mask.sum())
        out.append((arm, people, events, *wilson(events, people)))
    return tuple(out)


def _curves(spec: Spec, p: People) -> tuple[Cube, tuple[ArmCurve, ...], LogRank | None]:
    causes = ("censored", "returned", "left the population")
    days = int(p.time.max()) + 1
    exits = np.zeros((2, days, 3), dtype=np.int64)
    np.add.at(exits, ((~p.treated).astype(int), p.time, p.cause), 1)
    entries = np.zeros((2, days + 1), dtype=np.int64)
    entries[:, 0] = exits.sum(axis=(1, 2))
    cube = Cube(ARMS, causes, exits, entries, spec.unit)
    horizon = min(spec.window, days)
    curves = []
    for arm in ARMS:
        counts = cube.counts(arm)
        curves.append(
            ArmCurve(
                arm,
                counts.people,
                aalen_johansen(counts),
                kaplan_meier(counts),
                restricted_mean(counts, horizon),
            )
        )
    test = logrank([cube.counts(arm) for arm in ARMS]) if (p.cause == 1).any() else None
    return cube, tuple(curves), test


def _kinds(
    spec: Spec, p: People, outcome: Floats, matrix: Floats, names: list[str]
) -> tuple[Estimate | None, Estimate | None]:
    """New crimes and technical violations apart, always both when the data tell them apart [T-6]."""
    if p.new_crime is None:
        return None, None
    crimes = np.where(p.new_crime, outcome, 0.0)
    return (
        compare(crimes, p.treated, matrix, names).primary,
        compare(outcome - crimes, p.treated, matrix, names).primary,
    )


def _hazard_ratio(p: People, matrix: Floats) -> tuple[float, float, float] | None:
    """Adjusted hazard ratio with its interval, for the annex; None when the model has no answer."""
    varying = matrix.std(axis=0) > 0
    x = np.column_stack((p.treated.astype(float), matrix[:, varying] / matrix[:, varying].std(axis=0)))
    try:
        fit = cox(p.time.astype(float), (p.cause == 1).astype(float), x)
    except (StudyError, np.linalg.LinAlgError):
        return None
    b, se = float(fit.coef[0]), float(fit.se[0])
    return float(np.exp(b)), float(np.exp(b - 1.96 * se)), float(np.exp(b + 1.96 * se))


def _sensitivity(main: Comparison) -> tuple[float, float] | None:
    """E-value of the estimate and of the interval's end nearest to no effect (1 when it includes none)."""
    with_, effect = main.rate_participants, main.primary
    without = with_ - effect.value
    if not (0 < with_ < 1 and 0 < without < 1):
        return None
    if effect.low <= 0 <= effect.high:
        return e_value(with_ / without), 1.0
    nearest = effect.high if effect.high < 0 else effect.low
    return e_value(with_ / without), e_value(with_ / max(with_ - nearest, 1e-9))


def _subgroups(spec: Spec, p: People, outcome: Floats) -> tuple[Subgroup, ...]:
    """Declared subgroups only, each pulled toward the others when there are at least three."""
    made: list[tuple[str, int, Estimate]] = []
    for name in spec.subgroups:
        for level in sorted(set(p.groups[name].tolist())):
            mask = p.groups[name] == level
            if min(int((mask & p.treated).sum()), int((mask & ~p.treated).sum())) < SMALLEST_SUBGROUP:
                continue
            matrix, names, _ = fill({k: v[mask] for k, v in p.covariates.items()})
            try:
                part = compare(outcome[mask], p.treated[mask], matrix, names)
            except StudyError:
                continue
            if not part.failures and part.primary.se > 0:
                made.append((f"{name}: {level}", int(mask.sum()), part.primary))
    if len(made) < 3:
        return tuple(Subgroup(label, n, e, None) for label, n, e in made)
    pulled = shrink(
        [m[0] for m in made], np.array([m[2].value for m in made]), np.array([m[2].se for m in made])
    )
    return tuple(Subgroup(m[0], m[1], m[2], s) for m, s in zip(made, pulled, strict=True))
