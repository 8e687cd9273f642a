"""The people of a study over live records, as a table that the engine reads. As the system, inside a job.

One row per release of the cohort; every column is dated before time zero but the outcome itself. People
are numbered by the order of their releases: no number of ours, and no name, is in the table.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason, Refused
from throughgate.outcomes import rules
from throughgate.outcomes.models import JusticeEvent, Nature, Roster
from throughgate.outcomes.queries import history as live
from throughgate.outcomes.queries.history import Episode, Spell
from throughgate.people.models import Need, Profile
from throughgate.places.models import Facility
from throughgate.programs.models import Program

YEAR = 365.25
ARMS = ("took part", "did not")


@dataclass
class Table:
    """Columns of equal length, the window in days, who was left out and why, and how far records reach."""

    columns: dict[str, list[Any]]
    window: int
    left_out: Counter[str] = field(default_factory=Counter)
    complete_until: dt.date = dt.date.min

    @property
    def known(self) -> frozenset[str]:
        """The columns that may play a role: those with a value for everybody."""
        optional = {"available", "started", "covered", "under_supervision", "new_crime"}
        return frozenset(
            name
            for name, values in self.columns.items()
            if name not in optional or name == "started" or (values and None not in values)
        )

    def notes(self) -> list[str]:
        """Who was left out, as notes of the report."""
        return [f"{number:,} releases were left out: {why}." for why, number in sorted(self.left_out.items())]


def table_of(definition: rules.Definition, facility_ids: Iterable[int]) -> Table:
    """Build the table of a plan. Raises Refused when the plan names what is not here, or nobody is left."""
    plan = rules.cohort_of(definition)
    facilities = _facilities(plan, frozenset(facility_ids))
    found = live.spells()
    episodes = _episodes(plan)
    table = Table({}, plan.window_days)
    eligible = _eligible(plan, found, facilities, table)
    arms = {} if plan.landmark else _inside_arms(eligible, episodes, table)
    chosen = {spell.release: spell for spell in eligible if plan.landmark or spell.release in arms}
    past = live.history(found=found, eligible=set(chosen), group=arms)
    table.complete_until = past.complete_until
    rows = _follow(past, plan)
    if not rows:
        raise Refused(
            Reason(
                "nobody", _("Nobody was released in this period that the plan could look at."),
                _("Widen the period, or look at the facilities and the shortest stay."),
            )
        )  # fmt: skip
    _fill(table, plan=plan, rows=rows, chosen=chosen, arms=arms, episodes=episodes, found=found)
    return table


def _facilities(plan: rules.CohortPlan, allowed: frozenset[int]) -> frozenset[int]:
    if not plan.facilities:
        return allowed
    found = dict(Facility.objects.filter(code__in=plan.facilities).order_by("id").values_list("code", "id"))
    unknown = [code for code in plan.facilities if found.get(code) not in allowed]
    if unknown:
        raise Refused(
            Reason(
                "facility",
                _("This study may not look at facility %(codes)s.") % {"codes": ", ".join(unknown)},
            )
        )
    return frozenset(found.values())


def _episodes(plan: rules.CohortPlan) -> dict[int, list[Episode]]:
    made: list[Episode]
    if plan.roster:
        roster = Roster.objects.filter(code=plan.roster).first()
        if roster is None:
            raise Refused(Reason("roster", _("There is no roster %(code)s.") % {"code": plan.roster}))
        made = live.roster_episodes(roster)
    else:
        program = Program.objects.filter(code=plan.program).first()
        if program is None:
            raise Refused(Reason("program", _("There is no program %(code)s.") % {"code": plan.program}))
        made = live.episodes(program)
    by_person: dict[int, list[Episode]] = defaultdict(list)
    for each in made:
        by_person[each.person].append(each)
    return by_person


def _eligible(
    plan: rules.CohortPlan, found: list[Spell], facilities: frozenset[int], table: Table
) -> list[Spell]:
    kept = []
    for each in found:
        if each.end is None or not plan.since <= each.end <= plan.until or each.facility not in facilities:
            continue
        if (each.end - each.start).days < plan.least_days_inside:
            table.left_out[_("they were inside for fewer days than the plan asks")] += 1
            continue
        kept.append(each)
    return kept


def _inside_arms(
    eligible: list[Spell], episodes: Mapping[int, list[Episode]], table: Table
) -> dict[str, str]:
    """Who began the program in the stay that the release ends; who did so only in an earlier stay is neither."""
    arms = {}
    for each in eligible:
        own = episodes.get(each.person, ())
        if any(each.start <= one.start < (each.end or one.start) for one in own):
            arms[each.release] = ARMS[0]
        elif any(one.start < each.start for one in own):
            table.left_out[_("the person took part during an earlier stay")] += 1
        else:
            arms[each.release] = ARMS[1]
    return arms


@dataclass(frozen=True)
class Followed:
    """One release as the engine's cohort definition gives it; days counted from release."""

    release: str
    exit: int
    cause: int
    window_end: int
    mature: bool


def _follow(past: Any, plan: rules.CohortPlan) -> list[Followed]:
    from throughgate.engines.impact import cohort  # noqa: PLC0415 - only jobs come here
    from throughgate.engines.impact.counting import collect  # noqa: PLC0415

    tables = cohort.connect(past)
    people = cohort.people(
        tables, plan.measure, since=plan.since, until=plan.until, complete_until=past.complete_until
    )
    got = collect(people.select("release", "exit", "cause", "window_end", "mature"))
    rows = [
        Followed(str(release), int(exit_), int(cause), int(end), bool(mature))
        for release, exit_, cause, end, mature in zip(
            got["release"], got["exit"], got["cause"], got["window_end"], got["mature"], strict=True
        )
    ]
    return sorted(rows, key=lambda row: row.release)


def _fill(
    table: Table,
    *,
    plan: rules.CohortPlan,
    rows: list[Followed],
    chosen: Mapping[str, Spell],
    arms: Mapping[str, str],
    episodes: Mapping[int, list[Episode]],
    found: list[Spell],
) -> None:
    """Write every column. The engine knows one window; months that are shorter are cut to it here ([T-14])."""
    facts = _Facts.about({chosen[row.release].person for row in rows}, found)
    shift = plan.landmark or 0
    table.window = window = max(row.window_end for row in rows) - shift
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        spell = chosen[row.release]
        assert spell.end is not None
        started = _started(spell, episodes.get(spell.person, ()), plan.landmark)
        if shift and row.exit <= shift:
            table.left_out[_("they were not free and observed after the landmark day")] += 1
            continue
        treated = (
            arms[row.release] == ARMS[0]
            if plan.landmark is None
            else started is not None and started <= shift
        )
        inside = row.exit < row.window_end
        time = row.exit - shift if inside else max(row.exit - shift, window)
        columns["person"].append(f"{spell.person}")
        columns["treated"].append(treated)
        columns["time"].append(time)
        columns["event"].append(row.cause == 1 and inside)
        columns["departed"].append(row.cause == 2 and inside)
        reach = (table.complete_until - spell.end).days + 1 - shift
        columns["available"].append(max(reach, window) if row.mature else max(0, min(reach, window - 1)))
        columns["started"].append(started if treated else None)
        columns["covered"].append(spell.person not in facts.uncovered)
        columns["under_supervision"].append(live.is_supervised(spell, facts.supervised))
        columns["new_crime"].append(
            facts.new_crime_on(spell, row, plan) if row.cause == 1 and inside else False
        )
        for name, value in facts.covariates(spell).items():
            columns[name].append(value)
        columns["sex"].append(facts.sex.get(spell.person) or "not recorded")
        columns["age_group"].append(_age_group(columns["age"][-1]))
        columns["release_facility"].append(facts.facilities.get(spell.facility, ""))
    if not facts.says_coverage:
        columns.pop("covered", None)
    columns["person"] = _numbered(columns["person"])
    table.columns = dict(columns)


def _numbered(people: list[str]) -> list[str]:
    order: dict[str, int] = {}
    return [str(order.setdefault(each, len(order) + 1)) for each in people]


def _started(spell: Spell, own: Iterable[Episode], landmark: int | None) -> int | None:
    """Day the program began, counted from release: before it for a program inside, after it for one outside."""
    assert spell.end is not None
    days = [
        (each.start - spell.end).days
        for each in own
        if (each.start >= spell.end if landmark else spell.start <= each.start < spell.end)
    ]
    return min(days, default=None)


def _age_group(age: float | None) -> str:
    if age is None:
        return "not recorded"
    return "under 25" if age < 25 else "25 to 39" if age < 40 else "40 and over"


@dataclass
class _Facts:
    """What is known of people besides their stays, fetched together."""

    born: dict[int, dt.date]
    sex: dict[int, str]
    race: dict[int, str]
    needs: dict[tuple[int, str], list[tuple[dt.date, int]]]
    events: dict[int, list[tuple[dt.date, str, str]]]
    arrivals: dict[int, list[Spell]]
    supervised: live.Times
    uncovered: set[int]
    facilities: dict[int, str]
    says_coverage: bool

    @classmethod
    def about(cls, people: set[int], found: list[Spell]) -> _Facts:
        ids = sorted(people)
        born, sex, race = {}, {}, {}
        rows = live.about(Profile, ids).order_by("participant_id")
        for person, day, of_sex, of_race in rows.values_list(
            "participant_id", "birth_date", "sex", "race_ethnicity"
        ):
            if day is not None:
                born[person] = day
            sex[person], race[person] = of_sex, of_race
        needs: dict[tuple[int, str], list[tuple[dt.date, int]]] = defaultdict(list)
        for person, domain, level, on in (
            live.about(Need, ids).order_by("as_of").values_list("participant_id", "domain", "level", "as_of")
        ):
            needs[person, domain].append((on, level))
        events: dict[int, list[tuple[dt.date, str, str]]] = defaultdict(list)
        for person, on, kind, nature in (
            live.about(JusticeEvent, ids).order_by("on").values_list("participant_id", "on", "kind", "nature")
        ):
            events[person].append((on, kind, nature))
        arrivals: dict[int, list[Spell]] = defaultdict(list)
        for spell in found:
            if spell.person in people:
                arrivals[spell.person].append(spell)
        return cls(
            born, sex, race, needs, events, arrivals, live.supervision(ids), live.uncovered(ids),
            dict(Facility.objects.order_by("id").values_list("id", "short_name")), live.says_coverage(),
        )  # fmt: skip

    def covariates(self, spell: Spell) -> dict[str, float | None]:
        """Facts from before the release; those that the program could have changed, from before the stay."""
        assert spell.end is not None
        person = spell.person
        race = self.race.get(person, "")
        born = self.born.get(person)
        supervised = live.is_supervised(spell, self.supervised)
        made: dict[str, float | None] = {
            "age": None if born is None else (spell.end - born).days / YEAR,
            "female": None if not self.sex.get(person) else float(self.sex[person] == "female"),
            "days_inside": float((spell.end - spell.start).days),
            "earlier_releases": float(sum(1 for each in self.arrivals[person] if each.start < spell.start)),
            "earlier_arrests": self._before(spell, "arrest"),
            "earlier_convictions": self._before(spell, "conviction"),
            "years_since_first_event": self._since_first(spell),
            "supervised": None if supervised is None else float(supervised),
            "release_year": float(spell.end.year),
        }
        for each in ("white", "black", "hispanic"):
            made[f"race_{each}"] = None if not race else float(race == each)
        for each in ("education", "work", "cognition", "peers", "family"):
            made[f"need_{each}"] = self._need(spell, each)
        return made

    def _before(self, spell: Spell, kind: str) -> float:
        own = self.events.get(spell.person, [])
        until = bisect_left(own, (spell.start, "", ""))
        return float(sum(1 for _on, what, _nature in own[:until] if what == kind))

    def _since_first(self, spell: Spell) -> float:
        own = self.events.get(spell.person)
        return max(0.0, (spell.start - own[0][0]).days / YEAR) if own else 0.0

    def _need(self, spell: Spell, domain: str) -> float | None:
        """The first assessment of the stay: a later one may already show what the program did."""
        for on, level in self.needs.get((spell.person, domain), ()):
            if spell.start <= on < (spell.end or on):
                return float(level)
        return None

    def new_crime_on(self, spell: Spell, row: Followed, plan: rules.CohortPlan) -> bool:
        """Whether the event that counted was a new crime; one of several on a day is enough."""
        assert spell.end is not None
        on = spell.end + dt.timedelta(days=row.exit)
        recorded = any(
            day == on and kind in plan.measure.events and nature == Nature.NEW_CRIME
            for day, kind, nature in self.events.get(spell.person, ())
        )
        arrived = "incarceration" in plan.measure.events and any(
            each.start == on and each.reason_in.strip().lower() in live.NEW_COMMITMENTS
            for each in self.arrivals[spell.person]
        )
        return recorded or arrived
