"""Plans of studies as plain data: what must be in them, and what a plan over live records means. Pure.

A plan over a study file is what ``docs/impact.md`` describes. A plan over the records kept here names its
people under [cohort] instead, and :func:`compiled` turns it into the same thing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.base.errors import Reason, Refused
from throughgate.engines.impact import design, measures
from throughgate.engines.impact.errors import StudyError

Definition = Mapping[str, Any]
COHORT_KEYS = frozenset({"program", "roster", "since", "until", "measure", "facilities", "least_days_inside"})
LIVE_PARTS = frozenset({"study", "trial", "cohort", "covariates", "costs", "linkage"})
MONTH_DAYS = 31


@dataclass(frozen=True)
class Covariate:
    """A fact about people that is dated before their release, and the table column that holds it."""

    label: str | Promise
    kind: str = "float"


# Only facts that carry their own date, or that never change. Custody level, reading level and diploma are
# kept without the day they were true, so they could already be what the program did ([T-8]): not offered.
COVARIATES: Mapping[str, Covariate] = {
    "age": Covariate(gettext_lazy("Age at release")),
    "female": Covariate(gettext_lazy("Woman")),
    "days_inside": Covariate(gettext_lazy("Days in custody before release")),
    "earlier_releases": Covariate(gettext_lazy("Earlier releases on record")),
    "earlier_arrests": Covariate(gettext_lazy("Arrests before the stay in custody")),
    "earlier_convictions": Covariate(gettext_lazy("Convictions before the stay in custody")),
    "years_since_first_event": Covariate(gettext_lazy("Years since the first event on record")),
    "supervised": Covariate(gettext_lazy("Under supervision after release")),
    "release_year": Covariate(gettext_lazy("Year of release")),
    "race_white": Covariate(gettext_lazy("Recorded as white")),
    "race_black": Covariate(gettext_lazy("Recorded as Black")),
    "race_hispanic": Covariate(gettext_lazy("Recorded as Hispanic")),
    "need_education": Covariate(gettext_lazy("Need in education on arrival")),
    "need_work": Covariate(gettext_lazy("Need in work on arrival")),
    "need_cognition": Covariate(gettext_lazy("Need in thinking and problem solving on arrival")),
    "need_peers": Covariate(gettext_lazy("Need in friends and support on arrival")),
    "need_family": Covariate(gettext_lazy("Need in family on arrival")),
}
SUBGROUPS: Mapping[str, str | Promise] = {
    "sex": gettext_lazy("Sex"),
    "age_group": gettext_lazy("Age group"),
    "release_facility": gettext_lazy("Facility of release"),
}


@dataclass(frozen=True)
class CohortPlan:
    """Whom a study over live records looks at. ``program`` or ``roster`` is a code; facilities are codes."""

    measure: measures.Measure
    since: dt.date
    until: dt.date
    program: str = ""
    roster: str = ""
    facilities: tuple[str, ...] = ()
    least_days_inside: int = 0
    landmark: int | None = None

    @property
    def window_days(self) -> int:
        """The longest that the window can be in days: months differ, the engine's window does not."""
        return self.measure.window * MONTH_DAYS if self.measure.unit == "month" else self.measure.window


def against(definition: Definition, basis: str) -> list[Reason]:
    """What keeps a plan from being kept: the card first, then every key that is missing or unknown."""
    reasons = list(_card(definition))
    if basis == "live":
        reasons += list(_live(definition))
    return reasons


def _card(definition: Definition) -> Iterator[Reason]:
    trial = definition.get("trial")
    if not isinstance(trial, Mapping) or not trial:
        yield Reason(
            "card", _("The target-trial card is empty."), _("Fill in every line of it first."), field="trial"
        )
        return
    known = {name for name in design.Card.__dataclass_fields__}
    for name in sorted(set(trial) - known):
        yield Reason("card_unknown", _("The card has no line “%(name)s”.") % {"name": name}, field=name)
    card = design.Card(**{name: value for name, value in trial.items() if name in known})
    for finding in design.card_complete(card):
        yield Reason(finding.guard, finding.message, finding.remedy, field="trial")


def _live(definition: Definition) -> Iterator[Reason]:
    for part in sorted(set(definition) - LIVE_PARTS):
        yield Reason("unknown_part", _("A plan over live records has no part [%(name)s].") % {"name": part})
    study = definition.get("study", {})
    for name in ("title", "program"):
        if not study.get(name):
            yield Reason("study_part", _("[study] needs %(name)s.") % {"name": name}, field=name)
    for name in sorted(set(study.get("subgroups", ())) - set(SUBGROUPS)):
        yield Reason("subgroup", _("“%(name)s” is no subgroup here.") % {"name": name}, field="subgroups")
    yield from _covariates(definition.get("covariates"))
    try:
        cohort_of(definition)
    except Refused as refused:
        yield from refused.reasons


def _covariates(given: Any) -> Iterator[Reason]:
    if not given:
        yield Reason(
            "covariates",
            _("Name at least one fact that makes people alike before release."),
            _("Age, days in custody and earlier arrests are a beginning."),
            field="covariates",
        )
        return
    for name in sorted(set(given) - set(COVARIATES)):
        yield Reason(
            "covariate",
            _("“%(name)s” is not kept here with its day.") % {"name": name},
            _("Choose among %(names)s.") % {"names": ", ".join(COVARIATES)},
            field="covariates",
        )


def cohort_of(definition: Definition) -> CohortPlan:
    """The [cohort] of a plan over live records. Raises Refused with every reason at once."""
    cohort, trial = definition.get("cohort") or {}, definition.get("trial") or {}
    reasons = [
        Reason("cohort_key", _("[cohort] has no key %(name)s.") % {"name": name}, field="cohort")
        for name in sorted(set(cohort) - COHORT_KEYS)
    ]
    since, until = _day(cohort.get("since")), _day(cohort.get("until"))
    if since is None or until is None or until < since:
        reasons.append(
            Reason(
                "period", _("Give the first and the last day of release."), _("Write days as 2023-01-01."),
                field="since",
            )
        )  # fmt: skip
    if bool(cohort.get("program")) == bool(cohort.get("roster")):
        reasons.append(
            Reason(
                "participants",
                _("Name one program, or one roster, that tells who took part."),
                field="program",
            )
        )
    measure = _measure(cohort.get("measure"), reasons)
    reasons += _design(trial, measure)
    if reasons or measure is None or since is None or until is None:
        raise Refused(reasons)
    return CohortPlan(
        measure=measure,
        since=since,
        until=until,
        program=str(cohort.get("program") or ""),
        roster=str(cohort.get("roster") or ""),
        facilities=tuple(cohort.get("facilities") or ()),
        least_days_inside=int(cohort.get("least_days_inside") or 0),
        landmark=trial.get("landmark") if trial.get("time_zero") == "landmark" else None,
    )


def _measure(given: Any, reasons: list[Reason]) -> measures.Measure | None:
    catalogue = measures.catalogue()
    try:
        if isinstance(given, str) and given in catalogue:
            return catalogue[given]
        if isinstance(given, Mapping):
            return measures.Measure.from_dict(given)
    except (StudyError, TypeError) as problem:
        reasons.append(Reason("measure", str(problem), field="measure"))
        return None
    reasons.append(
        Reason(
            "measure",
            _("Name a measure."),
            _("One of %(names)s, or a measure of your own.") % {"names": ", ".join(catalogue)},
            field="measure",
        )
    )
    return None


def _design(trial: Mapping[str, Any], measure: measures.Measure | None) -> Iterator[Reason]:
    if measure is not None and measure.clock == "street":
        yield Reason(
            "clock",
            _("A comparison counts days of the calendar."),
            _("Choose the calendar clock; the street clock is for rates."),
            field="measure",
        )
    if trial.get("time_zero") == "enrollment":
        yield Reason(
            "time_zero",
            _("People who did not take part have no day on which they would have begun."),
            _("Take release as time zero, or a landmark for a program after release."),
            field="time_zero",
        )
    if trial.get("place") == "outside" and trial.get("time_zero") == "release":
        yield Reason(
            "immortal_time",
            _(
                "A program after release cannot be counted from release: only people still free could begin it."
            ),
            _("Take a landmark, such as 90 days after release."),
            field="time_zero",
        )


def _day(given: Any) -> dt.date | None:
    if isinstance(given, dt.date):
        return given
    try:
        return dt.date.fromisoformat(str(given))
    except ValueError:
        return None


def compiled(definition: Definition, *, window: int, known: frozenset[str]) -> dict[str, Any]:
    """The plan as the engine takes it. ``window`` in days; ``known`` are the columns that the table holds.

    A role is only given when everybody has a value for it, because the engine takes no guesses.
    """
    plan = cohort_of(definition)
    study = {
        "event": _event(plan.measure),
        "measure": plan.measure.sentence(),
        **definition["study"],
        "window": window,
        "unit": "day",
        "counts_technical": not plan.measure.new_crime_only,
        "supervision_adjusted": "supervised" in definition["covariates"],
    }
    roles = {
        "person": "person",
        "treated": "treated",
        "time": "time",
        "event": "event",
        "departed": "departed",
    }
    roles |= {
        name: column
        for name, column in (
            ("available", "available"), ("started", "started"), ("covered", "covered"),
            ("supervised", "under_supervision"), ("new_crime", "new_crime"),
        )
        if column in known
    }  # fmt: skip
    facts: dict[str, Any] = {
        "study": study,
        "trial": dict(definition["trial"]),
        "roles": roles,
        "covariates": {
            name: {"measured": "before", **(facts if isinstance(facts, Mapping) else {})}
            for name, facts in definition["covariates"].items()
        },
        "columns": {name: {"kind": _kind(name)} for name in sorted(known)},
    }
    for part in ("costs", "linkage"):
        if part in definition:
            facts[part] = definition[part]
    return facts


def _kind(column: str) -> str:
    if column == "person" or column in SUBGROUPS:
        return "text"
    if column in ("treated", "event", "departed", "covered", "under_supervision", "new_crime"):
        return "bool"
    return "int" if column in ("time", "available", "started") else "float"


def _event(measure: measures.Measure) -> str:
    words = {
        "arrest": _("were arrested"), "conviction": _("were convicted"),
        "incarceration": _("returned to prison"),
    }  # fmt: skip
    what = _(" or ").join(words[each] for each in measure.events)
    why = _(" for a new crime") if measure.new_crime_only else ""
    unit = _("months") if measure.unit == "month" else _("days")
    return f"{what}{why} " + _("within %(number)s %(unit)s") % {"number": measure.window, "unit": unit}


ALL_COLUMNS = frozenset(
    {"person", "treated", "time", "event", "departed", "available", "started", "covered", "under_supervision"}
    | {"new_crime"}
    | set(COVARIATES)
    | set(SUBGROUPS)
)


def plain(value: Any) -> Any:
    """A plan as plain JSON data: days become text, tuples lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, dt.date) else value
